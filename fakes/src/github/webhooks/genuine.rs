//! Events beside `workflow_job` that somebody wants to happen now, as GitHub would send them.

use super::{
    emitting::News,
    other_events::{rename_news, run_news},
};
use crate::{
    github::{
        handle::Github,
        state::{hooks::hook::Hooks, records::State},
    },
    ids::{EventId, RunId},
};

/// An event beside `workflow_job`. It changes nothing: GitHub only tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherEvent {
    /// A ping of the App's hook.
    Ping,
    /// A push to a repository.
    Push {
        /// `owner/name`.
        repo: String,
    },
    /// A repository has another name.
    Renamed {
        /// `owner/name`, by now.
        repo: String,
        /// `owner/name` before.
        from: String,
    },
    /// Something became of an installation.
    Installation {
        /// Whose account it is on.
        owner: String,
        /// `created`, `deleted`, `suspend`, `unsuspend` or `new_permissions_accepted`.
        action: String,
    },
    /// Repositories came to an installation, or left it.
    Repositories {
        /// Whose account it is on.
        owner: String,
        /// `owner/name` of those that came.
        added: Vec<String>,
        /// `owner/name` of those that left.
        removed: Vec<String>,
    },
    /// A run came this far.
    Run {
        /// The run.
        run: RunId,
        /// `requested`, `in_progress` or `completed`.
        action: String,
    },
}

impl Github {
    /// Tells of an event: the App, as if it had subscribed it, and every other hook that has. Gives whether there was
    /// what it tells of.
    pub fn emit_other(&self, event: &OtherEvent, because: Option<EventId>) -> bool {
        let mut state = self.state();
        let Some(news) = self.other_news(&mut state, event) else {
            return false;
        };
        let the_apps = Hooks::of_the_app();
        let (repo, installation) = (news.repo.as_deref(), news.installation);
        let mut hooks = state
            .hooks
            .listeners(&state.apps, news.event, repo, installation);
        if !hooks.contains(&the_apps) {
            hooks.insert(0, the_apps);
        }
        let one_for_all = self.settings().hooks.one_guid_per_event;
        let shared = one_for_all.then(|| self.new_guid(&mut state, &news.key));
        for hook in hooks {
            self.send(&mut state, hook, &news, shared.clone(), because);
        }
        true
    }

    fn other_news(&self, state: &mut State, event: &OtherEvent) -> Option<News> {
        let on =
            |state: &State, owner: &str| state.apps.installation_on(owner).map(|found| found.id);
        match event {
            OtherEvent::Ping => {
                let hook = Hooks::of_the_app();
                let key = state.hooks.delivery_key(&format!("ping@{hook}"));
                self.ping_news(state, hook, key)
            }
            OtherEvent::Push { repo } => {
                let repo = state.accounts.repo_or_moved(repo).cloned()?;
                let key = state.hooks.delivery_key(&format!("{}.push", repo.name));
                let news = self.push_news(&repo, &key);
                let installation = repo.installation;
                Some(News {
                    installation,
                    ..news
                })
            }
            OtherEvent::Renamed { repo, from } => {
                let repo = state.accounts.repo_or_moved(repo)?;
                Some(rename_news(repo, from))
            }
            OtherEvent::Installation { owner, action } => {
                self.installation_event(state, on(state, owner)?, action)
            }
            OtherEvent::Repositories {
                owner,
                added,
                removed,
            } => {
                let installation = on(state, owner)?;
                self.repositories_event(state, installation, &names(added), &names(removed))
            }
            OtherEvent::Run { run, action } => run_news(state, *run, action),
        }
    }
}

fn names(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}
