//! One world: the fakes, the runners, the faults and the history, wired together.

use crate::{
    calls::Calls,
    env::Env,
    faults::Faults,
    github::Github,
    hf::HfJobs,
    history::History,
    http_service::{Answering, HttpService},
    ids::HookId,
    runner::Runners,
    settings::Settings,
};

/// A world. Clones are the same world.
#[derive(Clone, Debug)]
pub struct World {
    github: Github,
    hf: HfJobs,
    runners: Runners,
    faults: Faults,
    history: History,
}

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(env: Env, settings: Settings, history: History) -> Self {
        keep_secrets(&settings, &history);
        let faults = Faults::new(env.clone(), history.clone());
        let calls = Calls::new(env, history.clone(), faults.clone());
        let github = Github::new(settings.github, calls.clone());
        let runners = Runners::new(
            github.clone(),
            calls.clone(),
            settings.hf.containers_are_root,
        );
        let hf = HfJobs::new(settings.hf, calls, runners.clone());
        Self {
            github,
            hf,
            runners,
            faults,
            history,
        }
    }

    /// The fake GitHub.
    #[must_use]
    pub fn github(&self) -> &Github {
        &self.github
    }

    /// The fake Hugging Face Jobs.
    #[must_use]
    pub fn hf(&self) -> &HfJobs {
        &self.hf
    }

    /// The runner processes.
    #[must_use]
    pub fn runners(&self) -> &Runners {
        &self.runners
    }

    /// The faults.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Everything that happened.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// GitHub's API, with and without `/api/v3` in front.
    pub fn github_router(&self) -> axum::Router {
        self.github.router()
    }

    /// Hugging Face's API.
    pub fn hf_router(&self) -> axum::Router {
        self.hf.router()
    }

    /// GitHub's API for callers in this process, who make many calls: it answers as the router does.
    #[must_use]
    pub fn github_service(&self) -> Answering {
        self.github.service()
    }

    /// Hugging Face's API for callers in this process.
    #[must_use]
    pub fn hf_service(&self) -> Answering {
        self.hf.service()
    }

    /// Sends webhooks to this service from now on, each at the path of its hook's URL: `/webhook` for the
    /// App's.
    pub fn deliver_to(&self, target: HttpService) {
        self.github.deliver_to(Some(target));
    }

    /// Sends one hook's webhooks to a service of their own from now on.
    pub fn deliver_hook_to(&self, hook: HookId, target: HttpService) {
        self.github.deliver_hook_to(hook, target);
    }

    /// Lets go of all webhook targets: deliveries are refused until there is another. A target that
    /// holds this world's routers keeps the world alive, so whoever runs many worlds ends each with this.
    pub fn deliver_to_nobody(&self) {
        self.github.deliver_to(None);
    }

    /// How many deliveries are still to come: scheduled, delayed, duplicated or in flight.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.github.pending()
    }
}

/// What the world begins with must not be found in its history, whoever says it.
fn keep_secrets(settings: &Settings, history: &History) {
    history.keep_secret(&String::from_utf8_lossy(&settings.github.webhook_secret));
    for hook in &settings.github.hooks.of_owners {
        history.keep_secret(&String::from_utf8_lossy(&hook.secret));
    }
    history.keep_secret(&settings.hf.token);
    for token in &settings.hf.tokens {
        history.keep_secret(&token.token);
    }
}
