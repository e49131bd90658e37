//! The self-hosted runner endpoints.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;

use super::{
    Github,
    links::query_value,
    objects::RunnerObject,
    reply::{error, invalid_request, not_found, parse},
    route::{Access, Ask, Owner, Permission, Route},
    state::{Jit, RegistrationToken},
};
use crate::{
    calls::Reply,
    drawn_text::{UPPER, drawn, guid},
    history::Removal,
    ids::RunnerId,
};

const READ: Permission = Permission::read("administration");
const WRITE: Permission = Permission::write("administration");

pub(super) const ROUTES: &[Route] = &[
    Route::post(
        "/repos/{owner}/{repo}/actions/runners/registration-token",
        "github.registration-token",
        Access::Owner(WRITE, Github::registration_token),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runners/generate-jitconfig",
        "github.jit-config",
        Access::Owner(WRITE, Github::jit_config),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runners",
        "github.list-runners",
        Access::Owner(READ, Github::list_runners),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}",
        "github.get-runner",
        Access::Owner(READ, Github::get_runner),
    ),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}",
        "github.delete-runner",
        Access::Owner(WRITE, Github::delete_runner),
    ),
];

/// GitHub's own limit on labels per configuration.
const LABELS_MAX: usize = 100;
/// GitHub's limit on a runner's name.
const NAME_CHARACTERS_MAX: usize = 64;

#[derive(Deserialize)]
struct JitRequest {
    name: String,
    runner_group_id: u64,
    labels: Vec<String>,
    #[serde(default)]
    work_folder: Option<String>,
}

impl JitRequest {
    fn check(&self) -> Result<(), &'static str> {
        if self.name.is_empty() || self.name.chars().count() > NAME_CHARACTERS_MAX {
            return Err("The name must have 1 to 64 characters.");
        }
        if self.labels.is_empty() || self.labels.len() > LABELS_MAX {
            return Err("The labels must be an array of 1 to 100 strings.");
        }
        if self.labels.iter().any(|label| label.trim().is_empty()) {
            return Err("A label must not be empty.");
        }
        if self.runner_group_id != 1 {
            return Err("A repository has runner group 1 only.");
        }
        Ok(())
    }
}

impl Github {
    fn registration_token(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        let entity = format!("github.registration-token#{}", ask.call.ordinal);
        let text = drawn(self.env(), &entity, "token", UPPER, 29);
        let life = self.settings().registration_token;
        let expires_at = self.now() + life;
        let body = format!("{{\"token\":\"{text}\",\"expires_at\":\"{expires_at:.3}\"}}");
        let token = RegistrationToken {
            owner: owner.clone(),
            expires_ms: self.ends_ms(life),
        };
        self.state().registration_tokens.insert(text, token);
        Reply::text(201, body).with_effect()
    }

    fn jit_config(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        let wanted: JitRequest = match parse(&ask.request.body) {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal,
        };
        if let Err(why) = wanted.check() {
            return invalid_request(why);
        }
        let mut state = self.state();
        if state.runner_named(owner, &wanted.name).is_some() {
            let message = format!(
                "Already exists - A runner with the name {} already exists.",
                wanted.name
            );
            return error(409, &message);
        }
        let client_id = guid(
            self.env(),
            &format!("github.jit-config#{}", ask.call.ordinal),
            "client-id",
        );
        let jit = Jit {
            client_id: client_id.clone(),
            expires_ms: self.ends_ms(self.settings().jit_config),
        };
        let id = self.add_runner(
            &mut state,
            owner,
            &wanted.name,
            wanted.labels,
            Some(jit),
            ask.call.received,
        );
        let Some(runner) = state.runners.get(&id) else {
            return not_found();
        };
        let object = serde_json::to_string(&RunnerObject::of(runner)).unwrap_or_default();
        let folder = wanted.work_folder.as_deref().unwrap_or("_work");
        let config = self.encoded_jit_config(id, &wanted.name, &client_id, folder);
        Reply::text(
            201,
            format!("{{\"runner\":{object},\"encoded_jit_config\":\"{config}\"}}"),
        )
        .with_effect()
    }

    /// What the runner unpacks: base64 of `{file name: base64 of its content}`.
    fn encoded_jit_config(
        &self,
        id: RunnerId,
        name: &str,
        client_id: &str,
        folder: &str,
    ) -> String {
        let base = &self.settings().base_url;
        let runner = serde_json::json!({
            "AgentId": id.0.to_string(), "AgentName": name, "DisableUpdate": "True", "Ephemeral": "True",
            "PoolId": "1", "PoolName": "Default", "ServerUrl": base, "ServerUrlV2": base, "UseV2Flow": "True",
            "GitHubUrl": "", "WorkFolder": folder,
        });
        let credentials = serde_json::json!({
            "Scheme": "OAuth",
            "Data": { "ClientId": client_id, "AuthorizationUrl": format!("{base}/_oauth/token"), "RequireFipsCryptography": "True" },
        });
        let files = BTreeMap::from([
            (".credentials", BASE64.encode(credentials.to_string())),
            (".credentials_rsaparams", BASE64.encode("{}")),
            (".runner", BASE64.encode(runner.to_string())),
        ]);
        BASE64.encode(serde_json::to_string(&files).unwrap_or_default())
    }

    fn list_runners(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        let request = ask.request;
        let name = query_value(request, "name");
        let state = self.seen_by(ask.call);
        let found: Vec<String> = state
            .runners
            .values()
            .filter(|runner| {
                runner.owner.is(owner) && name.as_ref().is_none_or(|name| runner.name == *name)
            })
            .map(|runner| serde_json::to_string(&RunnerObject::of(runner)).unwrap_or_default())
            .collect();
        let (page, total) = (self.page(request), found.len());
        let shown = page.of(found).join(",");
        let reply = Reply::text(
            200,
            format!("{{\"total_count\":{total},\"runners\":[{shown}]}}"),
        );
        self.with_links(reply, request, &page, total)
    }

    fn get_runner(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        match self
            .seen_by(ask.call)
            .runners
            .get(&RunnerId(ask.number("runner_id")))
            .filter(|runner| runner.owner.is(owner))
        {
            Some(found) => Reply::json(200, &RunnerObject::of(found)),
            None => not_found(),
        }
    }

    fn delete_runner(&self, owner: &Owner, ask: &Ask<'_>) -> Reply {
        let runner = RunnerId(ask.number("runner_id"));
        let mut state = self.state();
        let Some(found) = state
            .runners
            .get(&runner)
            .filter(|runner| runner.owner.is(owner))
        else {
            return not_found();
        };
        if found.job.is_some() {
            let message = format!(
                "Runner \"{}\" is currently running a job and cannot be deleted.",
                found.name
            );
            return error(422, &message);
        }
        self.remove_runner(&mut state, runner, Removal::Api, ask.call.received);
        Reply::empty(204).with_effect()
    }
}
