//! The endpoints of an organisation's runner groups, and of the repositories they are for.

use std::{collections::BTreeSet, sync::Arc};

use serde::Deserialize;

use super::{
    pages::query_value,
    route::{Access, Ask, Route},
    runners::{ORG_READ as READ, ORG_WRITE as WRITE},
};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::{
            body::read,
            invalid::Invalid,
            refusal::{Answer, Refusal},
            runner::GroupObject,
        },
        state::{
            accounts::{organization::Organization, owner::Owner, repository::Repository},
            records::State,
            runners::{
                groups::{DEFAULT_GROUP, RunnerGroup, RunnerGroups, Visibility},
                table::Runners,
            },
        },
    },
    ids::RunnerId,
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/orgs/{org}/actions/runner-groups",
        "github.list-runner-groups",
        Access::Organization(READ, Github::list_groups),
    ),
    Route::post(
        "/orgs/{org}/actions/runner-groups",
        "github.create-runner-group",
        Access::Organization(WRITE, Github::create_group),
    ),
    Route::get(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}",
        "github.get-runner-group",
        Access::Organization(READ, Github::get_group),
    ),
    Route::patch(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}",
        "github.update-runner-group",
        Access::Organization(WRITE, Github::update_group),
    ),
    Route::delete(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}",
        "github.delete-runner-group",
        Access::Organization(WRITE, Github::delete_group),
    ),
    Route::get(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories",
        "github.list-runner-group-repos",
        Access::Organization(READ, Github::list_group_repos),
    ),
    Route::put(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories",
        "github.set-runner-group-repos",
        Access::Organization(WRITE, Github::set_group_repos),
    ),
    Route::put(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories/{repository_id}",
        "github.add-runner-group-repo",
        Access::Organization(WRITE, Github::add_group_repo),
    ),
    Route::delete(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories/{repository_id}",
        "github.remove-runner-group-repo",
        Access::Organization(WRITE, Github::remove_group_repo),
    ),
];

#[derive(Deserialize)]
struct NewGroup {
    name: String,
    #[serde(default)]
    visibility: Visibility,
    #[serde(default)]
    selected_repository_ids: Vec<u64>,
    #[serde(default)]
    runners: Vec<u64>,
    #[serde(default)]
    allows_public_repositories: bool,
    #[serde(default)]
    restricted_to_workflows: bool,
    #[serde(default)]
    selected_workflows: Vec<String>,
}

#[derive(Deserialize)]
struct GroupChange {
    name: String,
    visibility: Option<Visibility>,
    allows_public_repositories: Option<bool>,
    restricted_to_workflows: Option<bool>,
    selected_workflows: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct SelectedRepositories {
    selected_repository_ids: Vec<u64>,
}

impl Github {
    fn list_groups(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let visible_to = match query_value(ask.request, "visible_to_repository") {
            None => None,
            Some(name) => match state
                .accounts
                .repo(&format!("{}/{name}", organization.login))
            {
                Some(repo) => Some(repo),
                None => return Err(Refusal::NotFound),
            },
        };
        let groups = state.runners.groups.get(&organization.id);
        let groups: Vec<GroupObject<'_>> = groups
            .into_iter()
            .flat_map(RunnerGroups::values)
            .filter(|group| visible_to.is_none_or(|repo| group.allows(repo)))
            .map(|group| GroupObject::of(group, organization))
            .collect();
        let (page, total) = (self.page(ask.request), groups.len());
        let body = serde_json::json!({"total_count": total, "runner_groups": page.of(groups)});
        Ok(self.with_links(Reply::json(200, &body), ask.request, &page, total))
    }

    fn create_group(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let wanted: NewGroup = read(&ask.request.body)?;
        if !self.settings().runners.groups_can_be_created {
            return Err(Refusal::GroupsOfEnterprisesOnly);
        }
        let mut state = self.state();
        let made = self.make_group(&mut state, organization, wanted)?;
        let found = state.runners.groups.get(&organization.id);
        let object = found
            .and_then(|groups| groups.get(made))
            .map(|group| GroupObject::of(group, organization));
        let reply = object.map(|object| Reply::json(201, &object).with_effect());
        self.groups_changed(&mut state);
        reply.ok_or(Refusal::NotFound)
    }

    fn make_group(
        &self,
        state: &mut State,
        organization: &Arc<Organization>,
        wanted: NewGroup,
    ) -> Result<u64, Refusal> {
        state
            .runners
            .check_group_name(organization, &wanted.name, None)?;
        let selected = state.own_repos(organization, &wanted.selected_repository_ids)?;
        let runners = state.runners.own_runners(organization, &wanted.runners)?;
        if runners.len() > self.settings().runners.group_runners_max {
            return Err(self.group_is_full().into());
        }
        let groups = state.runners.groups.get_mut(&organization.id);
        let id = groups.ok_or(Refusal::NotFound)?.add(RunnerGroup {
            id: DEFAULT_GROUP,
            name: wanted.name,
            visibility: wanted.visibility,
            selected,
            allows_public_repositories: wanted.allows_public_repositories,
            restricted_to_workflows: wanted.restricted_to_workflows,
            selected_workflows: wanted.selected_workflows,
        });
        for runner in runners {
            state.move_runner(runner, id);
        }
        Ok(id)
    }

    fn get_group(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let group = state.runners.group(organization, ask)?;
        Ok(Reply::json(200, &GroupObject::of(group, organization)))
    }

    fn update_group(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let change: GroupChange = read(&ask.request.body)?;
        self.change_group(organization, ask, 200, |state, id| {
            state
                .runners
                .check_group_name(organization, &change.name, Some(id))?;
            let groups = state.runners.groups.get_mut(&organization.id);
            let group = groups.and_then(|groups| groups.get_mut(id));
            let group = group.ok_or(Refusal::NotFound)?;
            group.name = change.name;
            group.visibility = change.visibility.unwrap_or(group.visibility);
            group.allows_public_repositories = change
                .allows_public_repositories
                .unwrap_or(group.allows_public_repositories);
            group.restricted_to_workflows = change
                .restricted_to_workflows
                .unwrap_or(group.restricted_to_workflows);
            if let Some(workflows) = change.selected_workflows {
                group.selected_workflows = workflows;
            }
            Ok(())
        })
    }

    /// Its runners go back to the default group.
    fn delete_group(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        self.change_group(organization, ask, 204, |state, id| {
            if id == DEFAULT_GROUP {
                return Err(Refusal::DefaultGroup);
            }
            for runner in state.runners.runners_in(organization, id) {
                state.move_runner(runner, DEFAULT_GROUP);
            }
            if let Some(groups) = state.runners.groups.get_mut(&organization.id) {
                groups.remove(id);
            }
            Ok(())
        })
    }

    fn list_group_repos(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let group = state.runners.group(organization, ask)?;
        let owner = Owner::Organization(organization.clone());
        let repos: Vec<&str> = state
            .accounts
            .repos
            .values()
            .filter(|repo| owner.serves(repo))
            .filter(|repo| match group.visibility {
                Visibility::Selected => group.selected.contains(&repo.id),
                Visibility::All | Visibility::Private => group.allows(repo),
            })
            .map(|repo| repo.minimal.as_str())
            .collect();
        let (page, total) = (self.page(ask.request), repos.len());
        let shown = page.of(repos).join(",");
        let body = format!("{{\"total_count\":{total},\"repositories\":[{shown}]}}");
        Ok(self.with_links(Reply::text(200, body), ask.request, &page, total))
    }

    fn set_group_repos(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let wanted: SelectedRepositories = read(&ask.request.body)?;
        self.change_group(organization, ask, 204, |state, id| {
            let repos = state.own_repos(organization, &wanted.selected_repository_ids)?;
            state
                .runners
                .selected_of(organization, id)?
                .clone_from(&repos);
            Ok(())
        })
    }

    fn add_group_repo(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let repo = ask.number("repository_id");
        self.change_group(organization, ask, 204, |state, id| {
            state
                .own_repos(organization, &[repo])
                .map_err(|_| Refusal::NotFound)?;
            state.runners.selected_of(organization, id)?.insert(repo);
            Ok(())
        })
    }

    fn remove_group_repo(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let repo = ask.number("repository_id");
        self.change_group(organization, ask, 204, |state, id| {
            if state.runners.selected_of(organization, id)?.remove(&repo) {
                Ok(())
            } else {
                Err(Refusal::NotFound)
            }
        })
    }

    /// Changes the group of the path, and sees who suits whom now. It answers with the group if the status is
    /// 200, and with nothing otherwise.
    pub(in crate::github) fn change_group(
        &self,
        organization: &Arc<Organization>,
        ask: &Ask<'_>,
        status: u16,
        change: impl FnOnce(&mut State, u64) -> Result<(), Refusal>,
    ) -> Answer {
        let mut state = self.state();
        let id = state.runners.group(organization, ask)?.id;
        change(&mut state, id)?;
        let reply = match state.runners.group(organization, ask) {
            Ok(group) if status == 200 => {
                Reply::json(status, &GroupObject::of(group, organization))
            }
            _ => Reply::empty(status),
        };
        self.groups_changed(&mut state);
        Ok(reply.with_effect())
    }

    fn groups_changed(&self, state: &mut State) {
        state.queue.matching.decide_anew(&state.runners.groups);
        self.settle(state);
    }
}

impl State {
    /// These repositories, all of which must be the organisation's.
    fn own_repos(
        &self,
        organization: &Arc<Organization>,
        ids: &[u64],
    ) -> Result<BTreeSet<u64>, Invalid> {
        let owner = Owner::Organization(organization.clone());
        let is_own = |repo: &&Arc<Repository>| owner.serves(repo);
        let own: BTreeSet<u64> = self
            .accounts
            .repos
            .values()
            .filter(is_own)
            .map(|repo| repo.id)
            .collect();
        let wanted: BTreeSet<u64> = ids.iter().copied().collect();
        if wanted.is_subset(&own) {
            Ok(wanted)
        } else {
            Err(Invalid::ForeignRepository)
        }
    }

    /// Moves a runner to another group of its organisation.
    pub(in crate::github) fn move_runner(&mut self, runner: RunnerId, group: u64) {
        self.runners.move_to_group(runner, group);
        self.queue.look_again(runner);
    }
}

impl Runners {
    /// The group of the path.
    pub(in crate::github) fn group(
        &self,
        organization: &Organization,
        ask: &Ask<'_>,
    ) -> Result<&RunnerGroup, Refusal> {
        self.runner_group(organization.id, ask.number("runner_group_id"))
            .ok_or(Refusal::NotFound)
    }

    /// Refuses a name that is empty or that another group has.
    fn check_group_name(
        &self,
        organization: &Organization,
        name: &str,
        own: Option<u64>,
    ) -> Result<(), Refusal> {
        if name.trim().is_empty() {
            return Err(Invalid::EmptyGroupName.into());
        }
        let groups = self.groups.get(&organization.id);
        let taken = groups.and_then(|groups| groups.named(name));
        if taken.is_some_and(|taken| Some(taken.id) != own) {
            return Err(Refusal::GroupExists(name.to_owned()));
        }
        Ok(())
    }

    /// These runners, all of which must be the organisation's.
    pub(in crate::github) fn own_runners(
        &self,
        organization: &Arc<Organization>,
        ids: &[u64],
    ) -> Result<BTreeSet<RunnerId>, Invalid> {
        let owner = Owner::Organization(organization.clone());
        let own = self.of(owner.scope());
        let wanted: BTreeSet<RunnerId> = ids.iter().copied().map(RunnerId).collect();
        if wanted
            .iter()
            .all(|id| own.is_some_and(|own| own.contains(id)))
        {
            Ok(wanted)
        } else {
            Err(Invalid::ForeignRunner)
        }
    }

    /// The runners of a group, at this moment.
    pub(in crate::github) fn runners_in(
        &self,
        organization: &Arc<Organization>,
        group: u64,
    ) -> BTreeSet<RunnerId> {
        let scope = Owner::Organization(organization.clone()).scope();
        let members = self.in_group(scope, group);
        members.cloned().unwrap_or_default()
    }

    /// The list of repositories of a group that goes by such a list.
    fn selected_of(
        &mut self,
        organization: &Organization,
        group: u64,
    ) -> Result<&mut BTreeSet<u64>, Refusal> {
        let groups = self.groups.get_mut(&organization.id);
        let group = groups.and_then(|groups| groups.get_mut(group));
        let group = group.ok_or(Refusal::NotFound)?;
        if group.visibility != Visibility::Selected {
            return Err(Refusal::GroupNotSelected);
        }
        Ok(&mut group.selected)
    }
}
