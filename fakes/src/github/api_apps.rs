//! The App's own endpoints: itself, its installations, their tokens and repositories.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;

use super::{
    Github,
    auth::{app_permissions, grants_text},
    links::Page,
    reply::{error, not_found, parse},
    repository_text::{Repository, account, html_base},
    route::{Access, Ask, Route},
    state::{Installation, InstallationToken},
};
use crate::{
    calls::Reply,
    drawn_text::{BASE_62, drawn},
    json_text::{push_display, seconds},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/app", "github.app", Access::App(Github::app)),
    Route::get(
        "/app/installations",
        "github.installations",
        Access::App(Github::installations),
    ),
    Route::get(
        "/repos/{owner}/{repo}/installation",
        "github.repo-installation",
        Access::App(Github::repo_installation),
    ),
    Route::post(
        "/app/installations/{installation_id}/access_tokens",
        "github.create-token",
        Access::App(Github::create_token),
    ),
    Route::get(
        "/installation/repositories",
        "github.installation-repos",
        Access::Installation(Github::installation_repos),
    ),
];

#[derive(Default, Deserialize)]
struct TokenRequest {
    repositories: Option<Vec<String>>,
    repository_ids: Option<Vec<u64>>,
    #[serde(default)]
    permissions: Option<BTreeMap<String, String>>,
}

impl Github {
    fn app(&self, _ask: &Ask<'_>) -> Reply {
        let settings = self.settings();
        let html = html_base(&settings.base_url);
        let owner = account("octo-lab", &settings.base_url, &html, "Organization");
        let count = self.state().installations.len();
        let id = settings.app_id;
        Reply::text(
            200,
            format!(
                "{{\"id\":{id},\"slug\":\"lab-dispatcher\",\"node_id\":\"A_kwDO{id:x}\",\"client_id\":\"Iv23li{id:014}\",\
                 \"owner\":{owner},\"name\":\"Lab dispatcher\",\"description\":null,\"external_url\":\"{html}/apps/lab-dispatcher\",\
                 \"html_url\":\"{html}/apps/lab-dispatcher\",\"created_at\":\"2026-01-01T00:00:00Z\",\
                 \"updated_at\":\"2026-01-01T00:00:00Z\",\"permissions\":{},\"events\":[\"workflow_job\"],\
                 \"installations_count\":{count}}}",
                permissions_json(&app_permissions()),
            ),
        )
    }

    fn installations(&self, ask: &Ask<'_>) -> Reply {
        let request = ask.request;
        let objects: Vec<String> = self
            .state()
            .installations
            .values()
            .map(|found| self.installation_json(found))
            .collect();
        let (page, total) = (self.page(request), objects.len());
        let reply = Reply::text(200, format!("[{}]", page.of(objects).join(",")));
        self.with_links(reply, request, &page, total)
    }

    fn repo_installation(&self, ask: &Ask<'_>) -> Reply {
        let state = self.state();
        let repo = format!("{}/{}", ask.text("owner"), ask.text("repo"));
        let installation = state.repo(&repo).and_then(|repo| repo.installation);
        match installation.and_then(|id| state.installations.get(&id)) {
            Some(found) => Reply::text(200, self.installation_json(found)),
            None => not_found(),
        }
    }

    pub(super) fn installation_json(&self, installation: &Installation) -> String {
        let Installation { id, owner } = installation;
        let settings = self.settings();
        let base = &settings.base_url;
        let html = html_base(base);
        let account = account(owner, base, &html, "Organization");
        let app_id = settings.app_id;
        format!(
            "{{\"id\":{id},\"account\":{account},\"repository_selection\":\"selected\",\
             \"access_tokens_url\":\"{base}/app/installations/{id}/access_tokens\",\
             \"repositories_url\":\"{base}/installation/repositories\",\"html_url\":\"{html}/settings/installations/{id}\",\
             \"app_id\":{app_id},\"app_slug\":\"lab-dispatcher\",\"target_id\":{id},\"target_type\":\"Organization\",\
             \"permissions\":{},\"events\":[\"workflow_job\"],\"created_at\":\"2026-01-01T00:00:00Z\",\
             \"updated_at\":\"2026-01-01T00:00:00Z\",\"single_file_name\":null,\"has_multiple_single_files\":false,\
             \"single_file_paths\":[],\"suspended_by\":null,\"suspended_at\":null}}",
            permissions_json(&app_permissions()),
        )
    }

    fn create_token(&self, ask: &Ask<'_>) -> Reply {
        let (installation, request) = (ask.number("installation_id"), ask.request);
        let wanted = if request.body.is_empty() {
            Ok(TokenRequest::default())
        } else {
            parse(&request.body)
        };
        let wanted: TokenRequest = match wanted {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal,
        };
        let permissions = match granted(wanted.permissions.as_ref()) {
            Ok(permissions) => permissions,
            Err(refusal) => return refusal,
        };
        let mut state = self.state();
        if !state.installations.contains_key(&installation) {
            return not_found();
        }
        let covered: Vec<Arc<Repository>> = state.repos_of(installation).cloned().collect();
        let repositories = match restriction(&wanted, &covered) {
            Ok(restricted) => restricted,
            Err(refusal) => return refusal,
        };
        let entity = format!("github.create-token#{}", ask.call.ordinal);
        let text = format!("ghs_{}", drawn(self.env(), &entity, "token", BASE_62, 36));
        let life = self.settings().installation_token;
        let token = InstallationToken {
            installation,
            expires_ms: self.ends_ms(life),
            repositories,
            permissions,
        };
        let body = token_json(&text, &seconds(self.now() + life), &token, &covered);
        state.installation_tokens.insert(text, token);
        Reply::text(201, body).with_effect()
    }

    fn installation_repos(&self, token: &str, ask: &Ask<'_>) -> Reply {
        let request = ask.request;
        let state = self.state();
        let Some(token) = state.installation_tokens.get(token) else {
            return not_found();
        };
        let repos: Vec<&str> = state
            .repos
            .values()
            .filter(|repo| token.covers(repo))
            .map(|repo| repo.full.as_str())
            .collect();
        let total = repos.len();
        let page: Page = self.page(request);
        let shown = page.of(repos).join(",");
        let reply = Reply::text(
            200,
            format!(
                "{{\"total_count\":{total},\"repository_selection\":\"selected\",\"repositories\":[{shown}]}}"
            ),
        );
        self.with_links(reply, request, &page, total)
    }

    /// When something that lives so long from now ends, in milliseconds of the world.
    pub(super) fn ends_ms(&self, life: Duration) -> u64 {
        self.env()
            .clock
            .elapsed_ms()
            .saturating_add(u64::try_from(life.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The permissions a token gets: those asked for, or all the App has. More than that is refused.
fn granted(wanted: Option<&BTreeMap<String, String>>) -> Result<BTreeMap<String, String>, Reply> {
    let all = app_permissions();
    match wanted.filter(|wanted| !wanted.is_empty()) {
        None => Ok(all),
        Some(wanted)
            if wanted
                .iter()
                .all(|(name, level)| grants_text(&all, name, level)) =>
        {
            Ok(wanted.clone())
        }
        Some(_) => Err(error(
            422,
            "The permissions requested are not granted to this installation.",
        )),
    }
}

/// The repositories a token is restricted to; a repository outside the installation is refused.
fn restriction(
    wanted: &TokenRequest,
    covered: &[Arc<Repository>],
) -> Result<Option<BTreeSet<u64>>, Reply> {
    if wanted.repositories.is_none() && wanted.repository_ids.is_none() {
        return Ok(None);
    }
    let unknown = || {
        error(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    };
    let mut only = BTreeSet::new();
    for name in wanted.repositories.iter().flatten() {
        let named = |repo: &&Arc<Repository>| {
            repo.name
                .split_once('/')
                .is_some_and(|(_, short)| short.eq_ignore_ascii_case(name))
        };
        only.insert(covered.iter().find(named).ok_or_else(unknown)?.id);
    }
    for id in wanted.repository_ids.iter().flatten() {
        only.insert(
            covered
                .iter()
                .find(|repo| repo.id == *id)
                .ok_or_else(unknown)?
                .id,
        );
    }
    Ok(Some(only))
}

fn token_json(
    text: &str,
    expires_at: &str,
    token: &InstallationToken,
    covered: &[Arc<Repository>],
) -> String {
    let permissions = permissions_json(&token.permissions);
    let mut body = format!(
        "{{\"token\":\"{text}\",\"expires_at\":\"{expires_at}\",\"permissions\":{permissions},\
         \"repository_selection\":\"selected\""
    );
    if token.repositories.is_some() {
        let chosen = covered.iter().filter(|repo| token.covers(repo));
        let chosen: Vec<&str> = chosen.map(|repo| repo.minimal.as_str()).collect();
        push_display(
            &mut body,
            format_args!(",\"repositories\":[{}]", chosen.join(",")),
        );
    }
    body.push('}');
    body
}

fn permissions_json(permissions: &BTreeMap<String, String>) -> String {
    serde_json::to_string(permissions).unwrap_or_default()
}
