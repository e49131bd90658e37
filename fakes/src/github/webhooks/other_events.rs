//! The events beside `workflow_job`: pings and tests of a hook, installations, renames, runs.

use std::sync::Arc;

use super::emitting::News;
use crate::{
    drawn_text::{HEX, drawn},
    github::{
        handle::Github,
        objects::{
            hook::hook_object,
            installation::installation_object,
            run::{RunLook, push_run},
        },
        state::{
            accounts::{owner::Owner, repository::Repository},
            hooks::hook::Home,
            records::State,
            runs::{run::Run, standing::RunStatus},
        },
    },
    ids::{EventId, HookId, JobId, RunId},
    json_text::{push_display, push_string, seconds},
};

/// What GitHub's pings say.
const ZEN: [&str; 5] = [
    "Keep it logically awesome.",
    "Design for failure.",
    "Practicality beats purity.",
    "Anything added dilutes everything else.",
    "It's not fully shipped until it's fast.",
];

impl Github {
    /// Sends a hook its `ping`, subscribed or not.
    pub(in crate::github) fn ping(&self, state: &mut State, id: HookId, because: Option<EventId>) {
        let key = state.hooks.delivery_key(&format!("ping@{id}"));
        let Some(news) = self.ping_news(state, id, key) else {
            return;
        };
        self.send(state, id, &news, None, because);
    }

    /// A `ping` of this hook.
    pub(in crate::github) fn ping_news(
        &self,
        state: &State,
        id: HookId,
        key: String,
    ) -> Option<News> {
        let hook = state.hooks.get(id)?;
        let word = self.env().draw.bits(&key, "zen") % ZEN.len() as u64;
        let object = serde_json::to_string(&hook_object(hook, self.settings())).unwrap_or_default();
        let head = format!(
            "{{\"zen\":\"{}\",\"hook_id\":{},\"hook\":{object}",
            ZEN[word as usize], id.0
        );
        let repo = match &hook.home {
            Home::Owner(Owner::Repository(repo)) => Some(repo.clone()),
            _ => None,
        };
        Some(News {
            event: "ping",
            action: None,
            head,
            key,
            job: None,
            repo,
            installation: None,
        })
    }

    /// Sends a repository's hook a `push`, if it subscribes that.
    pub(in crate::github) fn test_push(
        &self,
        state: &mut State,
        id: HookId,
        repo: &Arc<Repository>,
        because: Option<EventId>,
    ) {
        let listens = state.hooks.get(id).is_some_and(|it| it.subscribes("push"));
        if !listens {
            return;
        }
        let key = state.hooks.delivery_key(&format!("push@{id}"));
        let news = self.push_news(repo, &key);
        self.send(state, id, &news, None, because);
    }

    /// A `push` to a repository.
    pub(in crate::github) fn push_news(&self, repo: &Arc<Repository>, key: &str) -> News {
        let sha = |purpose| drawn(self.env(), key, purpose, HEX, 40);
        News {
            event: "push",
            action: None,
            head: push_head(repo, &sha("before"), &sha("after"), &seconds(self.now())),
            key: key.to_owned(),
            job: None,
            repo: Some(repo.clone()),
            installation: None,
        }
    }

    /// Emits `installation` for an installation that is still known: `created`, `deleted`, `suspend` or
    /// `unsuspend`.
    pub(in crate::github) fn emit_installation(
        &self,
        state: &mut State,
        installation: u64,
        action: &str,
        because: EventId,
    ) {
        if let Some(news) = self.installation_event(state, installation, action) {
            self.broadcast(state, &news, Some(because));
        }
    }

    /// The event `installation` of an installation that is still known.
    pub(in crate::github) fn installation_event(
        &self,
        state: &State,
        installation: u64,
        action: &str,
    ) -> Option<News> {
        let found = state.apps.installations.get(&installation)?;
        let head = format!(
            "{{\"action\":\"{action}\",\"installation\":{},\"repositories\":{},\"requester\":null",
            installation_object(state, found, self.settings()),
            briefly(state.accounts.repos_of(installation)),
        );
        Some(installation_news(
            "installation",
            action,
            head,
            installation,
        ))
    }

    /// Tells the App that repositories came to its installation or left it. Names are `owner/name`; names
    /// nobody knows are left out.
    pub fn announce_repositories(
        &self,
        installation: u64,
        added: &[&str],
        removed: &[&str],
        because: EventId,
    ) {
        let mut state = self.state();
        if let Some(news) = self.repositories_event(&state, installation, added, removed) {
            self.broadcast(&mut state, &news, Some(because));
        }
    }

    /// The event `installation_repositories`.
    pub(in crate::github) fn repositories_event(
        &self,
        state: &State,
        installation: u64,
        added: &[&str],
        removed: &[&str],
    ) -> Option<News> {
        let found = state.apps.installations.get(&installation)?;
        let of =
            |names: &[&str]| briefly(names.iter().filter_map(|name| state.accounts.repo(name)));
        let action = if removed.is_empty() {
            "added"
        } else {
            "removed"
        };
        let head = format!(
            "{{\"action\":\"{action}\",\"installation\":{},\"repository_selection\":\"selected\",\
             \"repositories_added\":{},\"repositories_removed\":{},\"requester\":null",
            installation_object(state, found, self.settings()),
            of(added),
            of(removed),
        );
        let event = "installation_repositories";
        Some(installation_news(event, action, head, installation))
    }

    /// Emits `repository` for a new name; `from` is the old one.
    pub(in crate::github) fn emit_rename(
        &self,
        state: &mut State,
        repo: &Arc<Repository>,
        from: &str,
        because: EventId,
    ) {
        self.broadcast(state, &rename_news(repo, from), Some(because));
    }

    /// Emits what an event of a job means for its run: the attempt's first job requests it, the first job
    /// that starts puts it in progress, the last that ends completes it.
    pub(in crate::github) fn emit_run_of(
        &self,
        state: &mut State,
        job: JobId,
        action: &str,
        because: EventId,
    ) {
        let Some((run, attempt)) = self.run_that_is_listened_to(state, job) else {
            return;
        };
        let status = state
            .runs
            .by_id
            .get(&run)
            .map(|run| state.runs.run_status(run))
            .unwrap_or(RunStatus::Queued);
        let (reached, told_as) = match action {
            "queued" | "waiting" => (RunStatus::Queued, "requested"),
            "in_progress" => (RunStatus::InProgress, "in_progress"),
            "completed" if status == RunStatus::Completed => (RunStatus::Completed, "completed"),
            _ => return,
        };
        let told = &mut state.hooks.told_of_runs;
        if told
            .get(&(run, attempt))
            .is_some_and(|told| *told >= reached)
        {
            return;
        }
        told.insert((run, attempt), reached);
        self.emit_run(state, run, told_as, because);
    }

    /// The run and its attempt, if the job is of that attempt and anybody hears of runs there.
    fn run_that_is_listened_to(&self, state: &State, job: JobId) -> Option<(RunId, u32)> {
        let job = state.runs.jobs.get(&job)?;
        let (repo, installation) = (&job.repo, job.repo.installation);
        let listeners =
            state
                .hooks
                .listeners(&state.apps, "workflow_run", Some(repo), installation);
        let attempt = state.runs.by_id.get(&job.run)?.attempt;
        (!listeners.is_empty() && attempt == job.attempt).then_some((job.run, attempt))
    }

    /// Emits `workflow_run`: `requested`, `in_progress` or `completed`.
    pub(in crate::github) fn emit_run(
        &self,
        state: &mut State,
        run: RunId,
        action: &str,
        because: EventId,
    ) {
        if let Some(news) = run_news(state, run, action) {
            self.broadcast(state, &news, Some(because));
        }
    }
}

/// The event `repository` of a repository that was called `from`.
pub(in crate::github) fn rename_news(repo: &Arc<Repository>, from: &str) -> News {
    let (_, from) = from.split_once('/').unwrap_or(("", from));
    let mut head =
        String::from("{\"action\":\"renamed\",\"changes\":{\"repository\":{\"name\":{\"from\":");
    push_string(&mut head, from);
    head.push_str("}}}");
    News {
        event: "repository",
        action: Some("renamed".to_owned()),
        head,
        key: format!("{}.renamed", repo.name),
        job: None,
        installation: repo.installation,
        repo: Some(repo.clone()),
    }
}

/// The event `workflow_run` of a run as it stands.
pub(in crate::github) fn run_news(state: &State, run: RunId, action: &str) -> Option<News> {
    let found = state.runs.by_id.get(&run)?;
    Some(News {
        event: "workflow_run",
        action: Some(action.to_owned()),
        head: run_head(action, found),
        key: format!("{run}.{}.{action}", found.attempt),
        job: None,
        repo: Some(found.repo.clone()),
        installation: found.repo.installation,
    })
}

fn installation_news(event: &'static str, action: &str, head: String, id: u64) -> News {
    News {
        event,
        action: Some(action.to_owned()),
        head,
        key: format!("installation:{id}.{action}"),
        job: None,
        repo: None,
        installation: Some(id),
    }
}

/// Repositories as events of installations show them.
fn briefly<'a>(repos: impl Iterator<Item = &'a Arc<Repository>>) -> String {
    let mut out = String::from("[");
    for repo in repos {
        if out.len() > 1 {
            out.push(',');
        }
        let id = repo.id;
        push_display(
            &mut out,
            format_args!("{{\"id\":{id},\"node_id\":\"R_kgDO{id:08x}\",\"name\":"),
        );
        let (_, short) = repo.name.split_once('/').unwrap_or(("", &repo.name));
        push_string(&mut out, short);
        out.push_str(",\"full_name\":");
        push_string(&mut out, &repo.name);
        push_display(&mut out, format_args!(",\"private\":{}}}", repo.private));
    }
    out.push(']');
    out
}

fn run_head(action: &str, run: &Run) -> String {
    let mut out = format!("{{\"action\":\"{action}\",\"workflow_run\":");
    push_run(&mut out, run, &RunLook::of(run));
    let (url, html) = (&run.repo.url, &run.repo.html_url);
    push_display(
        &mut out,
        format_args!(
            ",\"workflow\":{{\"id\":161335,\"node_id\":\"W_kwDO00027637\",\"name\":\"CI\",\
             \"path\":\".github/workflows/ci.yml\",\"state\":\"active\",\"created_at\":\"2024-02-01T09:30:00Z\",\
             \"updated_at\":\"2024-02-01T09:30:00Z\",\"url\":\"{url}/actions/workflows/161335\",\
             \"html_url\":\"{html}/blob/main/.github/workflows/ci.yml\",\
             \"badge_url\":\"{html}/workflows/CI/badge.svg\"}}"
        ),
    );
    out
}

fn push_head(repo: &Repository, before: &str, after: &str, at: &str) -> String {
    let html = &repo.html_url;
    let person =
        "{\"name\":\"octocat\",\"email\":\"octocat@example.com\",\"username\":\"octocat\"}";
    let commit = format!(
        "{{\"id\":\"{after}\",\"tree_id\":\"{after}\",\"distinct\":true,\"message\":\"Lab push\",\
         \"timestamp\":\"{at}\",\"url\":\"{html}/commit/{after}\",\"author\":{person},\
         \"committer\":{person},\"added\":[],\"removed\":[],\"modified\":[\"README.md\"]}}"
    );
    format!(
        "{{\"ref\":\"refs/heads/main\",\"before\":\"{before}\",\"after\":\"{after}\",\"base_ref\":null,\
         \"created\":false,\"deleted\":false,\"forced\":false,\
         \"compare\":\"{html}/compare/{before}...{after}\",\"commits\":[{commit}],\
         \"head_commit\":{commit},\
         \"pusher\":{{\"name\":\"octocat\",\"email\":\"octocat@example.com\"}}"
    )
}
