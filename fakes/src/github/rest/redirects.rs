//! Paths that name a renamed repository by its old name, or any repository by its id.

use http::Method;
use serde::Serialize;

use super::route::Ask;
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        state::{
            accounts::repository::Repository,
            apps::{caller::Caller, table::Apps},
        },
    },
};

#[derive(Serialize)]
struct Moved<'a> {
    message: &'a str,
    url: &'a str,
    documentation_url: &'a str,
}

impl Github {
    /// The redirect of a path that names a renamed repository by its old name: 301 to where it is read, 307
    /// to where it is written. Who may not see the repository gets none.
    pub(in crate::github) fn redirect(&self, repo: &str, ask: &Ask<'_>) -> Option<Reply> {
        let state = self.state();
        let found = state.accounts.moved(repo)?;
        if !state.apps.may_see(ask.caller, found) {
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
    pub(in crate::github) fn path_by_name(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix("/api/v3").unwrap_or(path);
        let rest = path.strip_prefix("/repositories/")?;
        let (id, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let id: u64 = id.parse().ok()?;
        let state = self.state();
        let found = state.accounts.repos.values().find(|repo| repo.id == id)?;
        Some(format!("/repos/{}{rest}", found.name))
    }
}

impl Apps {
    /// Whether this caller sees the repository at all.
    pub(in crate::github) fn may_see(&self, caller: &Caller, repo: &Repository) -> bool {
        let covered = || {
            let token = caller.installation_token();
            token
                .and_then(|token| self.tokens.get(token))
                .is_some_and(|token| token.covers(repo))
        };
        !repo.private || matches!(caller, Caller::App) || covered()
    }
}
