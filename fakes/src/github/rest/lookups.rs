//! Looking up a repository or an organisation by its name.

use super::route::{Access, Ask, Route};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::refusal::{Answer, Refusal},
        state::accounts::account::{account_id, html_base},
    },
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/repos/{owner}/{repo}",
        "github.get-repo",
        Access::Public(Github::get_repo),
    ),
    Route::get(
        "/orgs/{org}",
        "github.get-org",
        Access::Public(Github::get_org),
    ),
];

impl Github {
    /// Everybody sees a public repository; a private one only who has a token that covers it.
    fn get_repo(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let found = state
            .accounts
            .repo(&format!("{}/{}", ask.text("owner"), ask.text("repo")));
        let Some(repo) = found.filter(|repo| state.apps.may_see(ask.caller, repo)) else {
            return Err(Refusal::NotFound);
        };
        let open = repo.full.strip_suffix('}').unwrap_or(&repo.full);
        Ok(Reply::text(
            200,
            format!("{open},\"network_count\":3,\"subscribers_count\":2}}"),
        ))
    }

    fn get_org(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let found = state
            .accounts
            .organizations
            .get(&ask.text("org").to_lowercase());
        let Some(found) = found.filter(|found| !found.is_user) else {
            return Err(Refusal::NotFound);
        };
        let (login, url) = (&found.login, &found.url);
        let html = html_base(&self.settings().base_url);
        let id = account_id(login);
        let public = state
            .accounts
            .repos
            .values()
            .filter(|repo| repo.is_of(login) && !repo.private)
            .count();
        Ok(Reply::text(
            200,
            format!(
                "{{\"login\":\"{login}\",\"id\":{id},\"node_id\":\"O_kgDO{id:08x}\",\"url\":\"{url}\",\"repos_url\":\"{url}/repos\",\
                 \"events_url\":\"{url}/events\",\"hooks_url\":\"{url}/hooks\",\"issues_url\":\"{url}/issues\",\
                 \"members_url\":\"{url}/members{{/member}}\",\"public_members_url\":\"{url}/public_members{{/member}}\",\
                 \"avatar_url\":\"{html}/avatars/u/{id}?v=4\",\"description\":null,\"is_verified\":false,\
                 \"has_organization_projects\":true,\"has_repository_projects\":true,\"public_repos\":{public},\"public_gists\":0,\
                 \"followers\":0,\"following\":0,\"html_url\":\"{html}/{login}\",\"created_at\":\"2024-01-01T00:00:00Z\",\
                 \"updated_at\":\"2026-01-01T00:00:00Z\",\"archived_at\":null,\"type\":\"Organization\"}}"
            ),
        ))
    }
}
