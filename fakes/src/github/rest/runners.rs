//! The self-hosted runner endpoints of repositories and organisations: the same handlers for both.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jiff::tz::{self, Offset};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    pages::query_value,
    releases::ARCHITECTURES,
    route::{Access, Ask, Permission, Route},
};
use crate::{
    calls::{Incoming, Reply},
    drawn_text::{UPPER, drawn, guid},
    github::{
        handle::Github,
        lifecycle::runners::life::Registration,
        objects::{
            body::read,
            invalid::Invalid,
            refusal::{Answer, Refusal},
            runner::{DownloadObject, RUNNER_VERSION, RunnerObject},
            runner_refusal::RunnerRefusal,
        },
        state::{
            accounts::{account::html_base, owner::Owner},
            records::State,
            runners::{
                credential::JitConfig,
                groups::{DEFAULT_GROUP, DEFAULT_GROUP_NAME},
                labels::{LABELS_MAX, RunnerLabels},
                record::{Jit, Runner},
                token::{RegistrationToken, TokenPurpose},
            },
        },
    },
    history::Removal,
    ids::{EventId, RunnerId},
    json_text::{push_all, push_display, push_string},
};

pub(in crate::github) const READ: Permission = Permission::read("administration");
pub(in crate::github) const WRITE: Permission = Permission::write("administration");
pub(in crate::github) const ORG_READ: Permission =
    Permission::read("organization_self_hosted_runners");
pub(in crate::github) const ORG_WRITE: Permission =
    Permission::write("organization_self_hosted_runners");

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::post(
        "/repos/{owner}/{repo}/actions/runners/registration-token",
        "github.registration-token",
        Access::Owner(WRITE, Github::registration_token),
    ),
    Route::post(
        "/orgs/{org}/actions/runners/registration-token",
        "github.registration-token",
        Access::Owner(ORG_WRITE, Github::registration_token),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runners/remove-token",
        "github.remove-token",
        Access::Owner(WRITE, Github::remove_token),
    ),
    Route::post(
        "/orgs/{org}/actions/runners/remove-token",
        "github.remove-token",
        Access::Owner(ORG_WRITE, Github::remove_token),
    ),
    Route::post(
        "/repos/{owner}/{repo}/actions/runners/generate-jitconfig",
        "github.jit-config",
        Access::Owner(WRITE, Github::jit_config),
    ),
    Route::post(
        "/orgs/{org}/actions/runners/generate-jitconfig",
        "github.jit-config",
        Access::Owner(ORG_WRITE, Github::jit_config),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runners/downloads",
        "github.list-runner-downloads",
        Access::Owner(READ, Github::list_runner_downloads),
    ),
    Route::get(
        "/orgs/{org}/actions/runners/downloads",
        "github.list-runner-downloads",
        Access::Owner(ORG_READ, Github::list_runner_downloads),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runners",
        "github.list-runners",
        Access::Owner(READ, Github::list_runners),
    ),
    Route::get(
        "/orgs/{org}/actions/runners",
        "github.list-runners",
        Access::Owner(ORG_READ, Github::list_runners),
    ),
    Route::get(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}",
        "github.get-runner",
        Access::Owner(READ, Github::get_runner),
    ),
    Route::get(
        "/orgs/{org}/actions/runners/{runner_id}",
        "github.get-runner",
        Access::Owner(ORG_READ, Github::get_runner),
    ),
    Route::delete(
        "/repos/{owner}/{repo}/actions/runners/{runner_id}",
        "github.delete-runner",
        Access::Owner(WRITE, Github::delete_runner),
    ),
    Route::delete(
        "/orgs/{org}/actions/runners/{runner_id}",
        "github.delete-runner",
        Access::Owner(ORG_WRITE, Github::delete_runner),
    ),
];

/// The runner's packages: GitHub's word for the system, for the architecture, and the file's ending.
const DOWNLOADS: [(&str, &str, &str); 6] = [
    ("osx", "x64", "tar.gz"),
    ("osx", "arm64", "tar.gz"),
    ("linux", "x64", "tar.gz"),
    ("linux", "arm", "tar.gz"),
    ("linux", "arm64", "tar.gz"),
    ("win", "x64", "zip"),
];

/// The offset from UTC that the expiry of a token for runners is written with: the one of GitHub's description.
const EXPIRY_OFFSET: Offset = tz::offset(-8);

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
    fn check(&self) -> Result<(), Invalid> {
        if self.name.is_empty() || self.name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(Invalid::RunnerName);
        }
        if self.labels.is_empty() || self.labels.len() > LABELS_MAX {
            return Err(Invalid::LabelCount);
        }
        if self.labels.iter().any(|label| label.trim().is_empty()) {
            return Err(Invalid::EmptyLabel);
        }
        Ok(())
    }
}

impl Github {
    fn registration_token(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        self.runner_token(owner, ask, "registration-token", TokenPurpose::Register)
    }

    fn remove_token(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        self.runner_token(owner, ask, "remove-token", TokenPurpose::Remove)
    }

    fn runner_token(
        &self,
        owner: &Owner,
        ask: &Ask<'_>,
        kind: &str,
        purpose: TokenPurpose,
    ) -> Answer {
        let entity = format!("github.{kind}#{}", ask.call.ordinal);
        let text = drawn(self.env(), &entity, "token", UPPER, 29);
        let life = self.settings().registration_token;
        let expires_at = self.now() + life;
        let expires_at = expires_at.display_with_offset(EXPIRY_OFFSET);
        let body = format!("{{\"token\":\"{text}\",\"expires_at\":\"{expires_at:.3}\"}}");
        let token = RegistrationToken {
            owner: owner.clone(),
            purpose,
            expires_ms: self.ends_ms(life),
        };
        self.history().keep_secret(&text);
        self.state().runners.tokens.insert(text, token);
        Ok(Reply::text(201, body).with_effect())
    }

    fn jit_config(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let wanted: JitRequest = read(&ask.request.body)?;
        let mut state = self.state();
        let group = self.jit_group(&state, owner, &wanted)?;
        let client_id = guid(
            self.env(),
            &format!("github.jit-config#{}", ask.call.ordinal),
            "client-id",
        );
        let config = JitContents {
            name: &wanted.name,
            client_id: &client_id,
            folder: wanted.work_folder.as_deref().unwrap_or("_work"),
            group: (wanted.runner_group_id, &group),
        };
        let with_default = self.settings().runners.jit_default_labels;
        let registration = Registration {
            owner: owner.clone(),
            name: wanted.name.clone(),
            labels: RunnerLabels::new(wanted.labels, with_default),
            group: wanted.runner_group_id,
            jit: Some(Jit {
                client_id: client_id.clone(),
                expires_ms: self.ends_ms(self.settings().jit_config),
            }),
            ephemeral: true,
        };
        let id = self.add_runner(&mut state, registration, Some(ask.call.received));
        let Some(runner) = state.runners.get(&id) else {
            return Err(Refusal::NotFound);
        };
        let object = runner_json(runner);
        let config = self.encoded_jit_config(id, &config);
        let contents = JitConfig {
            runner: id,
            name: wanted.name,
            client_id,
        };
        contents.packed(&config);
        Ok(Reply::text(
            201,
            format!("{{\"runner\":{object},\"encoded_jit_config\":\"{config}\"}}"),
        )
        .with_effect())
    }

    /// The name of the group the runner will be in, or why there will be no runner.
    fn jit_group(
        &self,
        state: &State,
        owner: &Owner,
        wanted: &JitRequest,
    ) -> Result<String, Refusal> {
        wanted.check()?;
        let group = match owner {
            Owner::Repository(_) if wanted.runner_group_id == DEFAULT_GROUP => DEFAULT_GROUP_NAME,
            Owner::Repository(_) => {
                return Err(Invalid::GroupOfRepository.into());
            }
            Owner::Organization(organization) => state
                .runners
                .runner_group(organization.id, wanted.runner_group_id)
                .map(|group| group.name.as_str())
                .ok_or(Refusal::NotFound)?,
        };
        if state.runners.named(owner.scope(), &wanted.name).is_some() {
            return Err(Refusal::RunnerExists(wanted.name.clone()));
        }
        self.group_must_have_room(state, owner, wanted.runner_group_id)?;
        Ok(group.to_owned())
    }

    /// What the runner unpacks: base64 of `{file name: base64 of its content}`.
    fn encoded_jit_config(&self, id: RunnerId, contents: &JitContents<'_>) -> String {
        let JitContents {
            name,
            client_id,
            folder,
            group: (pool, pool_name),
        } = contents;
        let base = &self.settings().base_url;
        let mut runner = String::with_capacity(512);
        push_display(
            &mut runner,
            format_args!("{{\"AgentId\":\"{id}\",\"AgentName\":", id = id.0),
        );
        push_string(&mut runner, name);
        push_display(
            &mut runner,
            format_args!(
                ",\"DisableUpdate\":\"True\",\"Ephemeral\":\"True\",\"GitHubUrl\":\"\",\"PoolId\":\"{pool}\",\"PoolName\":"
            ),
        );
        push_string(&mut runner, pool_name);
        for field in ["ServerUrl", "ServerUrlV2"] {
            push_all(&mut runner, &[",\"", field, "\":"]);
            push_string(&mut runner, base);
        }
        runner.push_str(",\"UseV2Flow\":\"True\",\"WorkFolder\":");
        push_string(&mut runner, folder);
        runner.push('}');
        let mut credentials = String::with_capacity(256);
        credentials.push_str("{\"Data\":{\"AuthorizationUrl\":");
        push_string(&mut credentials, &format!("{base}/_oauth/token"));
        credentials.push_str(",\"ClientId\":");
        push_string(&mut credentials, client_id);
        credentials.push_str(",\"RequireFipsCryptography\":\"True\"},\"Scheme\":\"OAuth\"}");
        let mut files = String::with_capacity(2048);
        files.push_str("{\".credentials\":\"");
        BASE64.encode_string(credentials, &mut files);
        files.push_str("\",\".credentials_rsaparams\":\"");
        BASE64.encode_string("{}", &mut files);
        files.push_str("\",\".runner\":\"");
        BASE64.encode_string(runner, &mut files);
        files.push_str("\"}");
        BASE64.encode(files)
    }

    fn list_runner_downloads(&self, _owner: &Owner, _ask: &Ask<'_>) -> Answer {
        let base = html_base(&self.settings().base_url);
        let archive = self.runner_archive(RUNNER_VERSION);
        let checksum: String = Sha256::digest(&archive)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let all = DOWNLOADS.map(|(os, architecture, ending)| {
            let filename = format!("actions-runner-{os}-{architecture}-{RUNNER_VERSION}.{ending}");
            DownloadObject {
                os,
                architecture,
                download_url: format!(
                    "{base}/actions/runner/releases/download/v{RUNNER_VERSION}/{filename}"
                ),
                filename,
                sha256_checksum: (os == "linux" && ARCHITECTURES.contains(&architecture))
                    .then(|| checksum.clone()),
            }
        });
        Ok(Reply::json(200, &all))
    }

    fn list_runners(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let state = self.seen_by(ask.call);
        Ok(match query_value(ask.request, "name") {
            None => self.runners_page(&state, state.runners.of(owner.scope()), ask.request),
            Some(name) => {
                let found = state.runners.named(owner.scope(), &name);
                let found = found.filter(|runner| runner.name == name);
                let found = found.map(|runner| runner.id).into_iter().collect();
                self.runners_page(&state, Some(&found), ask.request)
            }
        })
    }

    /// One page of these runners. Only its own are looked at.
    pub(in crate::github) fn runners_page(
        &self,
        state: &State,
        ids: Option<&BTreeSet<RunnerId>>,
        request: &Incoming,
    ) -> Reply {
        let (page, total) = (self.page(request), ids.map_or(0, BTreeSet::len));
        let shown: Vec<String> = ids
            .into_iter()
            .flatten()
            .skip(page.first())
            .take(page.per_page)
            .filter_map(|id| state.runners.get(id))
            .map(runner_json)
            .collect();
        let shown = shown.join(",");
        let reply = Reply::text(
            200,
            format!("{{\"total_count\":{total},\"runners\":[{shown}]}}"),
        );
        self.with_links(reply, request, &page, total)
    }

    fn get_runner(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let state = self.seen_by(ask.call);
        let found = state.runners.get(&RunnerId(ask.number("runner_id")));
        found
            .filter(|runner| runner.owner.is(owner))
            .map(|runner| Reply::json(200, &RunnerObject::of(runner)))
            .ok_or(Refusal::NotFound)
    }

    fn delete_runner(&self, owner: &Owner, ask: &Ask<'_>) -> Answer {
        let runner = RunnerId(ask.number("runner_id"));
        self.delete_idle_runner(owner, runner, ask.call.received)
    }

    /// Removes a runner of this owner, unless it has a job.
    pub(in crate::github) fn delete_idle_runner(
        &self,
        owner: &Owner,
        runner: RunnerId,
        because: EventId,
    ) -> Answer {
        let mut state = self.state();
        let Some(found) = state
            .runners
            .get(&runner)
            .filter(|runner| runner.owner.is(owner))
        else {
            return Err(Refusal::NotFound);
        };
        if found.is_busy() {
            return Err(RunnerRefusal::Busy(found.name.clone()).into());
        }
        self.remove_runner(&mut state, runner, Removal::Api, because);
        Ok(Reply::empty(204).with_effect())
    }
}

/// What goes into a just-in-time configuration.
struct JitContents<'a> {
    name: &'a str,
    client_id: &'a str,
    folder: &'a str,
    /// Id and name.
    group: (u64, &'a str),
}

fn runner_json(runner: &Runner) -> String {
    serde_json::to_string(&RunnerObject::of(runner)).unwrap_or_default()
}
