//! What the fake GitHub remembers. One lock guards all of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    accounts::{organization::Organization, owner::Owner, repository::Repository, table::Accounts},
    apps::table::Apps,
    hooks::hook::{Home, HookConfig, HookParts, Hooks, NewHook},
    queue::table::Queue,
    runners::{groups::RunnerGroups, table::Runners},
    runs::table::Runs,
};
use crate::{
    env::Env,
    ids::HookId,
    settings::{GithubSettings, RepoSettings},
};

/// Ids of a repository that are known from elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::github) struct KnownIds {
    pub(in crate::github) repository: Option<u64>,
    pub(in crate::github) installation: Option<u64>,
}

/// All of it, by subject.
pub(in crate::github) struct State {
    /// Repositories and their owners.
    pub(in crate::github) accounts: Accounts,
    /// The App, its installations and its tokens.
    pub(in crate::github) apps: Apps,
    /// Runs, their jobs, and what hangs on them.
    pub(in crate::github) runs: Runs,
    /// Runners, their groups, and their tokens.
    pub(in crate::github) runners: Runners,
    /// Which jobs and runners wait, and what is due when.
    pub(in crate::github) queue: Queue,
    /// Webhooks, and the log of their deliveries.
    pub(in crate::github) hooks: Hooks,
}

impl State {
    /// The repositories and hooks of these settings.
    pub(in crate::github) fn new(settings: &GithubSettings, env: &Env) -> Self {
        let recorded = Arc::new(settings.recorded.clone());
        let mut state = Self {
            accounts: Accounts::new(&recorded),
            apps: Apps::new(settings, &recorded),
            runs: Runs::new(&recorded),
            runners: Runners::new(&recorded),
            queue: Queue::default(),
            hooks: Hooks::new(settings, env.clock.now()),
        };
        for repo in &settings.repos {
            state.add_repo(repo, settings, env, KnownIds::default());
        }
        state.add_recorded_repos(settings, env);
        for hook in &settings.hooks.of_owners {
            let added = state.add_hook(hook, env.clock.now());
            debug_assert!(added.is_some(), "{hook:?} has no owner or no URL");
        }
        state
    }

    /// Makes a repository known, with the installation of its owner if the App is installed on it.
    /// `ids` are the repository's and the installation's, where a recording tells them; else they are drawn.
    pub(in crate::github) fn add_repo(
        &mut self,
        repo: &RepoSettings,
        settings: &GithubSettings,
        env: &Env,
        ids: KnownIds,
    ) -> Arc<Repository> {
        let folded = repo.name.to_lowercase();
        let owner = repo.name.split('/').next().unwrap_or_default().to_owned();
        self.know_owner(&owner, settings);
        let installation = repo
            .installed
            .then(|| self.apps.installation_of(&owner, env, ids.installation));
        let drawn = || 600_000_000 + env.draw.bits(&folded, "repository-id") % 300_000_000;
        let recorded = self.accounts.recorded.clone();
        let known = ids.repository.or_else(|| recorded.repository(&repo.name));
        let mut id = known.unwrap_or_else(drawn);
        while known.is_none() && recorded.is_another_repository(id, &repo.name) {
            id += 1;
        }
        // An id is drawn from the name, and a renamed repository keeps the one of its first name.
        while !self.accounts.old_names.is_empty()
            && self.accounts.repos.values().any(|known| known.id == id)
        {
            id += 1;
        }
        let made = Arc::new(Repository::new(repo, id, installation, settings));
        self.accounts.old_names.remove(&folded);
        self.accounts.repos.insert(folded, made.clone());
        made
    }

    /// What was recorded was there before its first delivery: who lists repositories from the start finds it.
    fn add_recorded_repos(&mut self, settings: &GithubSettings, env: &Env) {
        for (name, told) in &settings.recorded.repos {
            if self.accounts.repo(name).is_some() {
                continue;
            }
            let repo = RepoSettings {
                private: told.private,
                ..RepoSettings::installed(name)
            };
            let ids = KnownIds {
                repository: told.id,
                installation: told.installation,
            };
            self.add_repo(&repo, settings, env, ids);
        }
    }

    pub(in crate::github) fn know_owner(&mut self, owner: &str, settings: &GithubSettings) {
        let organization = self
            .accounts
            .organizations
            .entry(owner.to_lowercase())
            .or_insert_with(|| Arc::new(Organization::new(owner, settings)));
        let allows_public = settings.runners.default_group_allows_public;
        self.runners
            .groups
            .entry(organization.id)
            .or_insert_with(|| RunnerGroups::new(allows_public));
    }

    /// Adds a hook. None if its URL is not one of HTTP or nobody is known by the name of its owner.
    pub(in crate::github) fn add_hook(&mut self, hook: &NewHook, now: Timestamp) -> Option<HookId> {
        let parts = HookParts {
            home: Home::Owner(self.accounts.owner_named(&hook.on)?),
            active: true,
            events: hook.events.iter().cloned().collect(),
            config: HookConfig::new(&hook.url, hook.content_type)?,
            secret: Some(hook.secret.to_vec()),
            set_by_call: false,
        };
        Some(self.hooks.add(parts, now))
    }

    /// Gives a repository another name or another installation, everywhere it is mentioned.
    pub(in crate::github) fn remake(
        &mut self,
        old: &Repository,
        name: &str,
        installation: Option<u64>,
        settings: &GithubSettings,
    ) {
        let (owner, folded) = (
            name.split('/').next().unwrap_or_default(),
            name.to_lowercase(),
        );
        self.know_owner(owner, settings);
        let described = RepoSettings {
            private: old.private,
            installed: installation.is_some(),
            ..RepoSettings::installed(name)
        };
        let made = Arc::new(Repository::new(&described, old.id, installation, settings));
        let old_name = old.name.to_lowercase();
        self.accounts.repos.remove(&old_name);
        self.accounts.old_names.insert(old_name, old.id);
        self.accounts.old_names.remove(&folded);
        self.accounts.repos.insert(folded, made.clone());
        self.hooks.follow(&made);
        let is_it = |repo: &Arc<Repository>| repo.id == made.id;
        for job in self.runs.jobs.values_mut().filter(|job| is_it(&job.repo)) {
            job.repo = made.clone();
        }
        for run in self.runs.by_id.values_mut().filter(|run| is_it(&run.repo)) {
            run.repo = made.clone();
        }
        for owner in self.runners.owners_mut() {
            if matches!(owner, Owner::Repository(repo) if is_it(repo)) {
                *owner = Owner::Repository(made.clone());
            }
        }
    }
}
