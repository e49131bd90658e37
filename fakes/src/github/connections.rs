//! GitHub's side of the runner: registration, connection, the end of a job, and the loss of a process.

use std::{collections::BTreeMap, fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    Github,
    limits::SECONDARY,
    route::Owner,
    state::{Jit, Link, Runner, State, Status},
};
use crate::{
    history::{Conclusion, CredentialKind, CredentialState, CredentialUse, Removal, What},
    ids::{EventId, HfJobId, JobId, RunnerId},
};

/// How long GitHub takes a runner for online after its process is gone.
const LOSS_NOTICED_AFTER: Duration = Duration::from_secs(60);
/// How long GitHub keeps an ephemeral runner that is not connected.
const AGED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What GitHub tells a listening runner.
#[derive(Debug)]
pub(crate) enum ToRunner {
    /// Run this job; without a duration until [`ToRunner::Finish`].
    Run {
        job: JobId,
        runs_for: Option<Duration>,
        conclusion: Conclusion,
        because: EventId,
    },
    /// The job is over, says a recording.
    Finish { because: EventId },
    /// Stop the job.
    Cancel(EventId),
    /// The registration is gone.
    Deleted(EventId),
}

/// What a runner unpacks from its just-in-time configuration.
#[derive(Clone)]
pub(crate) struct JitConfig {
    pub(crate) runner: RunnerId,
    pub(crate) name: String,
    client_id: String,
}

/// What a runner process proves itself with.
#[derive(Clone)]
pub(crate) enum Credential {
    Registration {
        token: String,
        name: String,
        labels: Vec<String>,
        repo: String,
    },
    Jit(JitConfig),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registration { .. } => "Registration",
            Self::Jit(_) => "Jit",
        })
    }
}

#[derive(Deserialize)]
struct RunnerFile {
    #[serde(rename = "AgentId")]
    agent_id: String,
    #[serde(rename = "AgentName")]
    agent_name: String,
}

#[derive(Deserialize)]
struct CredentialsFile {
    #[serde(rename = "Data")]
    data: CredentialsData,
}

#[derive(Deserialize)]
struct CredentialsData {
    #[serde(rename = "ClientId")]
    client_id: String,
}

impl JitConfig {
    /// Unpacks `encoded_jit_config`.
    pub(crate) fn decode(encoded: &str) -> Option<Self> {
        let files: BTreeMap<String, String> =
            serde_json::from_slice(&BASE64.decode(encoded.trim()).ok()?).ok()?;
        let file = |name: &str| BASE64.decode(files.get(name)?).ok();
        let runner: RunnerFile = serde_json::from_slice(&file(".runner")?).ok()?;
        let credentials: CredentialsFile = serde_json::from_slice(&file(".credentials")?).ok()?;
        let id = runner.agent_id.parse().ok()?;
        let client_id = credentials.data.client_id;
        Some(Self {
            runner: RunnerId(id),
            name: runner.agent_name,
            client_id,
        })
    }
}

/// A refusal: HTTP status and a few words.
type Refusal = (u16, String);

impl Github {
    /// How GitHub sees this credential now.
    pub(crate) fn look_at(&self, credential: &Credential) -> CredentialUse {
        let now = self.env().clock.elapsed_ms();
        let state = self.state();
        match credential {
            Credential::Registration { token, repo, .. } => {
                let state = match state.registration_tokens.get(token) {
                    Some(found) if !found.owner.name().eq_ignore_ascii_case(repo) => {
                        CredentialState::Unknown
                    }
                    Some(found) if found.expires_ms <= now => CredentialState::Expired,
                    Some(_) => CredentialState::Fresh,
                    None => CredentialState::Unknown,
                };
                CredentialUse {
                    kind: CredentialKind::RegistrationToken,
                    state,
                }
            }
            Credential::Jit(config) => {
                let state = match state.runners.get(&config.runner) {
                    None if state.counters.has_issued(config.runner) => CredentialState::Revoked,
                    None => CredentialState::Unknown,
                    Some(runner) => match &runner.jit {
                        Some(jit) if jit.client_id == config.client_id && jit.expires_ms <= now => {
                            CredentialState::Expired
                        }
                        Some(jit) if jit.client_id == config.client_id => CredentialState::Fresh,
                        _ => CredentialState::Unknown,
                    },
                };
                CredentialUse {
                    kind: CredentialKind::JitConfig,
                    state,
                }
            }
        }
    }

    /// The labels a JIT runner was given.
    pub(crate) fn labels_of(&self, runner: RunnerId) -> Vec<String> {
        self.state()
            .runners
            .get(&runner)
            .map(|runner| runner.labels.clone())
            .unwrap_or_default()
    }

    /// The repository a runner serves.
    pub(crate) fn repo_of(&self, runner: RunnerId) -> Option<String> {
        self.state()
            .runners
            .get(&runner)
            .map(|runner| runner.owner.name().to_owned())
    }

    /// `config.sh --ephemeral --replace --no-default-labels`. An expired token is answered 404, not 401.
    pub(crate) fn register(
        &self,
        credential: &Credential,
        because: EventId,
    ) -> Result<RunnerId, Refusal> {
        let Credential::Registration {
            token,
            name,
            labels,
            ..
        } = credential
        else {
            return Err((400, "not a registration".to_owned()));
        };
        if self.look_at(credential).state != CredentialState::Fresh {
            return Err((404, "Not Found".to_owned()));
        }
        let mut state = self.state();
        let owner = state
            .registration_tokens
            .get(token)
            .map(|found| found.owner.clone());
        let owner = owner.ok_or_else(|| (404, "Not Found".to_owned()))?;
        if !self.may_register(owner.name()) {
            return Err((403, SECONDARY.to_owned()));
        }
        if let Some(old) = state.runner_named(&owner, name) {
            if state.runners.get(&old).is_some_and(|old| old.job.is_some()) {
                return Err((422, format!("A runner exists with the same name {name}.")));
            }
            self.remove_runner(&mut state, old, Removal::Replaced, because);
        }
        let id = self.add_runner(&mut state, &owner, name, labels.clone(), None, because);
        self.count_registration(owner.name());
        Ok(id)
    }

    /// The runner opens its session and listens.
    pub(crate) fn connect(
        &self,
        runner: RunnerId,
        credential: CredentialUse,
        hf_job: &HfJobId,
        because: EventId,
    ) -> Result<UnboundedReceiver<ToRunner>, Refusal> {
        let mut state = self.state();
        let now = self.env().clock.elapsed_ms();
        let Some(found) = state.runners.get_mut(&runner) else {
            return Err((
                404,
                "The runner registration has been deleted from the server".to_owned(),
            ));
        };
        match (credential.kind, credential.state, &found.link) {
            (_, _, Link::Connected(_) | Link::Lost) => {
                return Err((409, "A session for this runner already exists".to_owned()));
            }
            (CredentialKind::JitConfig, CredentialState::Expired, _) => {
                return Err((401, "The just-in-time configuration has expired".to_owned()));
            }
            (CredentialKind::JitConfig, CredentialState::Fresh, _)
            | (CredentialKind::RegistrationToken, ..) => {}
            _ => return Err((401, "The credentials are not valid".to_owned())),
        }
        let (sender, receiver) = unbounded_channel();
        let online = What::RunnerOnline {
            runner,
            hf_job: hf_job.clone(),
            credential,
        };
        found.link = Link::Connected(sender);
        found.hf_job = Some(hf_job.clone());
        found.online_ms = now;
        found.online_event = self.history().record(Some(because), online);
        state.idle.insert(runner);
        self.assign(&mut state);
        Ok(receiver)
    }

    /// The runner reports the end of its one job, and its record goes.
    pub(crate) fn finish(
        &self,
        runner: RunnerId,
        job: JobId,
        conclusion: Conclusion,
        because: EventId,
    ) -> Result<EventId, Refusal> {
        let mut state = self.state();
        if state
            .runners
            .get(&runner)
            .is_none_or(|runner| runner.job != Some(job))
        {
            return Err((404, "Not Found".to_owned()));
        }
        self.conclude(&mut state, job, conclusion, because);
        let ended = state.jobs.get(&job).map_or(because, |job| job.last_event);
        self.remove_runner(&mut state, runner, Removal::Ephemeral, ended);
        self.assign(&mut state);
        Ok(ended)
    }

    /// The process in this HF job is gone. GitHub notices a minute later.
    pub(crate) fn process_gone(&self, hf_job: &HfJobId, because: EventId) {
        let mut state = self.state();
        let connected = |runner: &&mut Runner| {
            runner.hf_job.as_ref() == Some(hf_job) && matches!(runner.link, Link::Connected(_))
        };
        let Some(runner) = state.runners.values_mut().find(connected) else {
            return;
        };
        runner.link = Link::Lost;
        let id = runner.id;
        self.after(LOSS_NOTICED_AFTER, move |github| {
            github.notice_loss(id, because);
        });
    }

    fn notice_loss(&self, id: RunnerId, because: EventId) {
        let mut state = self.state();
        let Some(runner) = state
            .runners
            .get_mut(&id)
            .filter(|runner| matches!(runner.link, Link::Lost))
        else {
            return;
        };
        runner.link = Link::Offline;
        let job = runner.job;
        state.idle.remove(&id);
        let status = job
            .and_then(|job| state.jobs.get(&job))
            .map(|job| job.status);
        match (job, status) {
            (Some(job), Some(Status::InProgress)) => {
                self.conclude(&mut state, job, Conclusion::Failure, because);
                let ended = state.jobs.get(&job).map_or(because, |job| job.last_event);
                self.remove_runner(&mut state, id, Removal::Ephemeral, ended);
            }
            (Some(job), Some(Status::Queued)) => {
                // It was handed to the dead runner and never picked up: it waits for another one.
                if let Some(runner) = state.runners.get_mut(&id) {
                    runner.job = None;
                }
                state.queued.insert(job);
                self.age(id, because);
            }
            (Some(_), _) => self.remove_runner(&mut state, id, Removal::Ephemeral, because),
            (None, _) => self.age(id, because),
        }
        self.assign(&mut state);
    }

    /// Removes the runner in a day, unless it is connected then.
    fn age(&self, id: RunnerId, because: EventId) {
        self.after(AGED_AFTER, move |github| {
            let mut state = github.state();
            if state
                .runners
                .get(&id)
                .is_some_and(|runner| !runner.is_online())
            {
                github.remove_runner(&mut state, id, Removal::Aged, because);
            }
        });
    }

    /// A new runner record.
    pub(super) fn add_runner(
        &self,
        state: &mut State,
        owner: &Owner,
        name: &str,
        labels: Vec<String>,
        jit: Option<Jit>,
        because: EventId,
    ) -> RunnerId {
        let id = state.counters.runner();
        let created = What::RunnerCreated {
            runner: id,
            name: name.to_owned(),
            repo: owner.name().to_owned(),
            labels: labels.clone(),
        };
        let created = self.history().record(Some(because), created);
        let runner = Runner {
            id,
            name: name.to_owned(),
            owner: owner.clone(),
            folded_labels: labels.iter().map(|label| label.to_lowercase()).collect(),
            labels,
            jit,
            link: Link::Never,
            job: None,
            hf_job: None,
            online_ms: 0,
            online_event: created,
        };
        state.runners.insert(id, runner);
        self.age(id, created);
        id
    }

    /// Takes a runner off the list, and tells its process if it still listens.
    pub(super) fn remove_runner(
        &self,
        state: &mut State,
        id: RunnerId,
        why: Removal,
        because: EventId,
    ) {
        let Some(runner) = state.runners.remove(&id) else {
            return;
        };
        state.idle.remove(&id);
        let removed = self
            .history()
            .record(Some(because), What::RunnerRemoved { runner: id, why });
        if let Link::Connected(process) = runner.link {
            // A process that is ending by itself no longer listens.
            let _ended = process.send(ToRunner::Deleted(removed));
        }
    }
}

impl State {
    /// The runner of this owner with this name; names do not differ by case.
    pub(super) fn runner_named(&self, owner: &Owner, name: &str) -> Option<RunnerId> {
        self.runners
            .values()
            .find(|runner| runner.owner.is(owner) && runner.name.eq_ignore_ascii_case(name))
            .map(|runner| runner.id)
    }
}
