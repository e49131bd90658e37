//! The App's installations, seen by the App and by the installations themselves.

use jiff::Timestamp;

use super::{
    pages::query_value,
    route::{Access, Ask, Route},
    versions::ApiVersion,
};
use crate::{
    calls::Reply,
    github::{
        handle::Github,
        objects::{
            installation::installation_object,
            invalid::Invalid,
            refusal::{Answer, Refusal},
        },
        state::{apps::installation::Installation, records::State},
    },
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::get(
        "/app/installations",
        "github.installations",
        Access::App(Github::installations),
    ),
    Route::get(
        "/app/installations/{installation_id}",
        "github.get-installation",
        Access::App(Github::get_installation),
    ),
    Route::delete(
        "/app/installations/{installation_id}",
        "github.delete-installation",
        Access::App(Github::delete_installation),
    ),
    Route::put(
        "/app/installations/{installation_id}/suspended",
        "github.suspend-installation",
        Access::App(Github::suspend_installation),
    ),
    Route::delete(
        "/app/installations/{installation_id}/suspended",
        "github.unsuspend-installation",
        Access::App(Github::unsuspend_installation),
    ),
    Route::get(
        "/repos/{owner}/{repo}/installation",
        "github.repo-installation",
        Access::App(Github::repo_installation),
    ),
    Route::get(
        "/orgs/{org}/installation",
        "github.org-installation",
        Access::App(Github::org_installation),
    ),
    Route::get(
        "/users/{username}/installation",
        "github.user-installation",
        Access::App(Github::user_installation),
    ),
    Route::get(
        "/installation/repositories",
        "github.installation-repos",
        Access::Installation(Github::installation_repos),
    ),
    Route::delete(
        "/installation/token",
        "github.revoke-token",
        Access::Installation(Github::revoke_token),
    ),
];

impl Github {
    /// `since` leaves out what has not changed since then. `outdated` is taken and changes nothing: GitHub
    /// does not say what it does, and permissions here are never behind the App's.
    fn installations(&self, ask: &Ask<'_>) -> Answer {
        let request = ask.request;
        let since = match query_value(request, "since").map(|text| text.parse::<Timestamp>()) {
            Some(Err(_)) => return Err(Invalid::Since.into()),
            Some(Ok(since)) => Some(since),
            None => None,
        };
        let state = self.state();
        let found: Vec<&Installation> = state
            .apps
            .installations
            .values()
            .filter(|found| since.is_none_or(|since| found.updated_at >= since))
            .collect();
        let (page, total) = (self.page(request), found.len());
        let shown = page.of(found).into_iter();
        let shown: Vec<String> = shown
            .map(|found| installation_object(&state, found, self.settings()))
            .collect();
        let reply = Reply::text(200, format!("[{}]", shown.join(",")));
        Ok(self.with_links(reply, request, &page, total))
    }

    fn show_installation(&self, state: &State, found: Option<&Installation>) -> Answer {
        match found {
            Some(found) => Ok(Reply::text(
                200,
                installation_object(state, found, self.settings()),
            )),
            None => Err(Refusal::NotFound),
        }
    }

    fn get_installation(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        self.show_installation(
            &state,
            state.apps.installations.get(&ask.number("installation_id")),
        )
    }

    fn repo_installation(&self, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let repo = format!("{}/{}", ask.text("owner"), ask.text("repo"));
        let id = state
            .accounts
            .repo(&repo)
            .and_then(|repo| repo.installation);
        self.show_installation(&state, id.and_then(|id| state.apps.installations.get(&id)))
    }

    fn org_installation(&self, ask: &Ask<'_>) -> Answer {
        self.account_installation(ask.text("org"), false)
    }

    fn user_installation(&self, ask: &Ask<'_>) -> Answer {
        self.account_installation(ask.text("username"), true)
    }

    /// The installation of this login, if it is that kind of account.
    fn account_installation(&self, login: &str, of_a_user: bool) -> Answer {
        let state = self.state();
        let fits = self.settings().app.is_user(login) == of_a_user;
        let found = state.apps.installation_on(login).filter(|_| fits);
        self.show_installation(&state, found)
    }

    fn suspend_installation(&self, ask: &Ask<'_>) -> Answer {
        self.set_suspended_by_call(ask, true)
    }

    fn unsuspend_installation(&self, ask: &Ask<'_>) -> Answer {
        self.set_suspended_by_call(ask, false)
    }

    fn set_suspended_by_call(&self, ask: &Ask<'_>, suspended: bool) -> Answer {
        let id = ask.number("installation_id");
        let mut state = self.state();
        let Some(found) = state.apps.installations.get(&id) else {
            return Err(Refusal::NotFound);
        };
        if found.suspended_at.is_some() == suspended {
            return Ok(Reply::empty(204));
        }
        self.set_suspended(&mut state, id, suspended, Some(ask.call.received));
        Ok(Reply::empty(204).with_effect())
    }

    fn delete_installation(&self, ask: &Ask<'_>) -> Answer {
        let id = ask.number("installation_id");
        let mut state = self.state();
        if !state.apps.installations.contains_key(&id) {
            return Err(Refusal::NotFound);
        }
        self.remove_installation(&mut state, id, Some(ask.call.received));
        let reply = match ask.version {
            ApiVersion::V2022_11_28 => Reply::empty(204),
            ApiVersion::V2026_03_10 => Reply::text(202, "{}".to_owned()),
        };
        Ok(reply.with_effect())
    }

    fn installation_repos(&self, token: &str, ask: &Ask<'_>) -> Answer {
        let request = ask.request;
        let state = self.state();
        let Some(token) = state.apps.tokens.get(token) else {
            return Err(Refusal::NotFound);
        };
        let repos: Vec<&str> = state
            .accounts
            .repos
            .values()
            .filter(|repo| token.covers(repo))
            .map(|repo| repo.full.as_str())
            .collect();
        let (page, total) = (self.page(request), repos.len());
        let shown = page.of(repos).join(",");
        let reply = Reply::text(
            200,
            format!(
                "{{\"total_count\":{total},\"repository_selection\":\"selected\",\"repositories\":[{shown}]}}"
            ),
        );
        Ok(self.with_links(reply, request, &page, total))
    }

    fn revoke_token(&self, token: &str, _ask: &Ask<'_>) -> Answer {
        if let Some(token) = self.state().apps.tokens.get_mut(token) {
            token.revoked = true;
        }
        Ok(Reply::empty(204).with_effect())
    }
}
