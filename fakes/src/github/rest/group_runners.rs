//! The endpoints of the runners in an organisation's runner group.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    route::{Access, Ask, Route},
    runners::{ORG_READ as READ, ORG_WRITE as WRITE},
};
use crate::{
    github::{
        handle::Github,
        objects::{
            body::read,
            refusal::{Answer, Refusal},
        },
        state::{
            accounts::{organization::Organization, owner::Owner},
            runners::groups::DEFAULT_GROUP,
        },
    },
    ids::RunnerId,
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/runners",
        "github.list-runner-group-runners",
        Access::Organization(READ, Github::list_group_runners),
    ),
    Route::put(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/runners",
        "github.set-runner-group-runners",
        Access::Organization(WRITE, Github::set_group_runners),
    ),
    Route::put(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/runners/{runner_id}",
        "github.add-runner-group-runner",
        Access::Organization(WRITE, Github::add_group_runner),
    ),
    Route::delete(
        "/orgs/{org}/actions/runner-groups/{runner_group_id}/runners/{runner_id}",
        "github.remove-runner-group-runner",
        Access::Organization(WRITE, Github::remove_group_runner),
    ),
];

#[derive(Deserialize)]
struct GroupRunners {
    runners: Vec<u64>,
}

impl Github {
    fn list_group_runners(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let group = state.runners.group(organization, ask)?.id;
        let scope = Owner::Organization(organization.clone()).scope();
        Ok(self.runners_page(&state, state.runners.in_group(scope, group), ask.request))
    }

    /// Those that are not on the new list go back to the default group.
    fn set_group_runners(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let wanted: GroupRunners = read(&ask.request.body)?;
        self.change_group(organization, ask, 204, |state, group| {
            let wanted = state.runners.own_runners(organization, &wanted.runners)?;
            if wanted.len() > self.settings().runners.group_runners_max {
                return Err(self.group_is_full().into());
            }
            for runner in state.runners.runners_in(organization, group) {
                if !wanted.contains(&runner) {
                    state.move_runner(runner, DEFAULT_GROUP);
                }
            }
            for runner in wanted {
                state.move_runner(runner, group);
            }
            Ok(())
        })
    }

    fn add_group_runner(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let runner = ask.number("runner_id");
        self.change_group(organization, ask, 204, |state, group| {
            let found = state.runners.own_runners(organization, &[runner]);
            found.map_err(|_| Refusal::NotFound)?;
            let members = state.runners.runners_in(organization, group);
            let limit = self.settings().runners.group_runners_max;
            if !members.contains(&RunnerId(runner)) && members.len() >= limit {
                return Err(self.group_is_full().into());
            }
            state.move_runner(RunnerId(runner), group);
            Ok(())
        })
    }

    fn remove_group_runner(&self, organization: &Arc<Organization>, ask: &Ask<'_>) -> Answer {
        let runner = RunnerId(ask.number("runner_id"));
        self.change_group(organization, ask, 204, |state, group| {
            if !state
                .runners
                .runners_in(organization, group)
                .contains(&runner)
            {
                return Err(Refusal::NotFound);
            }
            state.move_runner(runner, DEFAULT_GROUP);
            Ok(())
        })
    }
}
