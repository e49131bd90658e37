//! Repositories that get another name: the old one redirects until another repository takes it.

use std::sync::Arc;

use http::Method;
use serde::Serialize;

use super::{
    Github,
    auth::Caller,
    repository_text::Repository,
    route::{Ask, Owner},
    state::{KnownIds, State},
};
use crate::{
    calls::Reply,
    history::What,
    ids::EventId,
    settings::{GithubSettings, RepoSettings},
};

#[derive(Serialize)]
struct Moved<'a> {
    message: &'a str,
    url: &'a str,
    documentation_url: &'a str,
}

impl Github {
    /// Renames a repository, or moves it to another owner. Its id, its jobs and its runners stay. The
    /// installation is that of the new owner, if the App is installed there. Nothing happens if there is no
    /// repository of the old name or already one of the new name; gives whether it was renamed.
    pub fn rename_repo(&self, from: &str, to: &str, because: Option<EventId>) -> bool {
        let mut state = self.state();
        let Some(repo) = state.repo(from).cloned() else {
            return false;
        };
        if state.repo(to).is_some_and(|other| other.id != repo.id) {
            return false;
        }
        let owner = to.split('/').next().unwrap_or_default();
        let installation = if repo.is_of(owner) {
            repo.installation
        } else {
            state.installation_on(owner).map(|found| found.id)
        };
        let renamed = What::RepoRenamed {
            repository: repo.id,
            from: repo.name.clone(),
            to: to.to_owned(),
        };
        let event = self.history().record(because, renamed);
        state.remake(&repo, to, installation, self.settings());
        if let Some(made) = state.repo(to).cloned() {
            self.emit_rename(&mut state, &made, &repo.name, event);
        }
        true
    }

    /// Makes a repository. A name that redirected to a renamed one is its own from now on; the name of one
    /// that is there makes nothing.
    pub fn create_repo(&self, repo: &RepoSettings) {
        let mut state = self.state();
        if state.repo(&repo.name).is_none() {
            state.add_repo(repo, self.settings(), self.env(), KnownIds::default());
        }
    }

    /// The redirect of a path that names a renamed repository by its old name: 301 to where it is read, 307
    /// to where it is written. Who may not see the repository gets none.
    pub(super) fn redirect(&self, repo: &str, ask: &Ask<'_>) -> Option<Reply> {
        let state = self.state();
        let found = state.moved(repo)?;
        if !state.may_see(ask.caller, found) {
            return None;
        }
        let request = ask.request;
        let path = request
            .path
            .strip_prefix("/api/v3")
            .unwrap_or(&request.path);
        let rest = path.splitn(5, '/').nth(4);
        let mut url = format!("{}/repositories/{}", self.settings().base_url, found.id);
        if let Some(rest) = rest {
            url.push('/');
            url.push_str(rest);
        }
        if !request.query.is_empty() {
            url.push('?');
            url.push_str(&request.query);
        }
        let reads = matches!(request.method, Method::GET | Method::HEAD);
        let body = Moved {
            message: "Moved Permanently",
            url: &url,
            documentation_url: "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
        };
        Some(Reply::json(if reads { 301 } else { 307 }, &body).with_header("location", url))
    }

    /// The path below `/repos/{owner}/{repo}` that `/repositories/{id}/…` stands for.
    pub(super) fn path_by_name(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix("/api/v3").unwrap_or(path);
        let rest = path.strip_prefix("/repositories/")?;
        let (id, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let id: u64 = id.parse().ok()?;
        let state = self.state();
        let found = state.repos.values().find(|repo| repo.id == id)?;
        Some(format!("/repos/{}{rest}", found.name))
    }
}

impl State {
    /// The repository that once had this name, if no other has it now.
    pub(super) fn moved(&self, name: &str) -> Option<&Arc<Repository>> {
        if self.old_names.is_empty() {
            return None;
        }
        let id = self.old_names.get(&name.to_lowercase())?;
        self.repos.values().find(|repo| repo.id == *id)
    }

    /// Whether this caller sees the repository at all.
    pub(super) fn may_see(&self, caller: &Caller, repo: &Repository) -> bool {
        let covered = || {
            let token = caller.installation_token();
            token
                .and_then(|token| self.installation_tokens.get(token))
                .is_some_and(|token| token.covers(repo))
        };
        !repo.private || matches!(caller, Caller::App) || covered()
    }

    /// Gives a repository another name or another installation, everywhere it is mentioned.
    pub(super) fn remake(
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
        self.repos.remove(&old_name);
        self.old_names.insert(old_name, old.id);
        self.old_names.remove(&folded);
        self.repos.insert(folded, made.clone());
        self.hooks.follow(&made);
        let is_it = |repo: &Arc<Repository>| repo.id == made.id;
        for job in self.jobs.values_mut().filter(|job| is_it(&job.repo)) {
            job.repo = made.clone();
        }
        for run in self.runs.values_mut().filter(|run| is_it(&run.repo)) {
            run.repo = made.clone();
        }
        let owners = self.runners.values_mut().map(|runner| &mut runner.owner);
        let tokens = self.registration_tokens.values_mut();
        for owner in owners.chain(tokens.map(|token| &mut token.owner)) {
            if matches!(owner, Owner::Repository(repo) if is_it(repo)) {
                *owner = Owner::Repository(made.clone());
            }
        }
    }
}
