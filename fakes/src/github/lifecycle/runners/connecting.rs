//! GitHub's side of the runner: what it proves itself with, its registration and its connection.

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::life::Registration;
use crate::{
    github::{
        handle::Github,
        objects::runner_refusal::RunnerRefusal,
        state::{
            accounts::owner::Owner,
            queue::agenda::Duty,
            runners::{
                credential::Credential,
                groups::{DEFAULT_GROUP, DEFAULT_GROUP_NAME},
                labels::RunnerLabels,
                orders::ToRunner,
                record::Link,
                table::Runners,
                token::TokenPurpose,
            },
        },
    },
    history::{CredentialKind, CredentialState, CredentialUse, Removal, What},
    ids::{EventId, HfJobId, RunnerId},
    settings::RunnerVersion,
};

/// A runner that was registered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registered {
    pub(crate) runner: RunnerId,
    /// Whether another one had to go.
    pub(crate) replaced: bool,
}

impl Github {
    /// How GitHub sees this credential now.
    pub(crate) fn look_at(&self, credential: &Credential) -> CredentialUse {
        let now = self.env().clock.elapsed_ms();
        let state = self.state();
        match credential {
            Credential::Registration { token, repo, .. } => {
                let state = match state.runners.tokens.get(token) {
                    Some(found)
                        if found.purpose != TokenPurpose::Register
                            || !found.owner.name().eq_ignore_ascii_case(repo) =>
                    {
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
                    None if state.runners.has_issued(config.runner) => CredentialState::Revoked,
                    None => CredentialState::Unknown,
                    Some(runner) => match &runner.jit {
                        Some(jit)
                            if jit.client_id == config.client_id
                                && jit.expires_ms <= now
                                && matches!(runner.link, Link::Never) =>
                        {
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
            .map(|runner| runner.labels.names())
            .unwrap_or_default()
    }

    /// The repository a runner serves.
    pub(crate) fn repo_of(&self, runner: RunnerId) -> Option<String> {
        self.state()
            .runners
            .get(&runner)
            .map(|runner| runner.owner.name().to_owned())
    }

    /// What `config.sh` asks for. An expired token is answered 404, not 401.
    pub(crate) fn register(
        &self,
        credential: &Credential,
        version: RunnerVersion,
        because: EventId,
    ) -> Result<Registered, RunnerRefusal> {
        let Credential::Registration {
            token,
            name,
            labels,
            default_labels,
            group,
            ephemeral,
            replace,
            ..
        } = credential
        else {
            return Err(RunnerRefusal::NoRegistration);
        };
        if self.look_at(credential).state != CredentialState::Fresh {
            return Err(RunnerRefusal::NotFound);
        }
        self.must_support(version)?;
        let mut state = self.state();
        let owner = state
            .runners
            .tokens
            .get(token)
            .map(|found| found.owner.clone());
        let owner = owner.ok_or(RunnerRefusal::NotFound)?;
        if !self.may_register(owner.name()) {
            return Err(RunnerRefusal::TooManyRegistrations);
        }
        let group = state.runners.group_named(&owner, group.as_deref())?;
        let old = state.runners.named(owner.scope(), name);
        let old = old.map(|old| (old.id, old.is_busy()));
        if let Some((old, is_busy)) = old {
            if !replace {
                return Err(RunnerRefusal::NameTaken(name.clone()));
            }
            // GitHub says nowhere what becomes of the job; here it keeps its runner, as it does when
            // somebody asks to delete that one.
            if is_busy {
                return Err(RunnerRefusal::Busy(name.clone()));
            }
            self.remove_runner(&mut state, old, Removal::Replaced, because);
        }
        self.group_must_have_room(&state, &owner, group)?;
        self.count_registration(owner.name());
        let registration = Registration {
            owner,
            name: name.clone(),
            labels: RunnerLabels::new(labels.clone(), *default_labels),
            group,
            jit: None,
            ephemeral: *ephemeral,
        };
        Ok(Registered {
            runner: self.add_runner(&mut state, registration, Some(because)),
            replaced: old.is_some(),
        })
    }

    /// The runner opens its session and listens.
    pub(crate) fn connect(
        &self,
        runner: RunnerId,
        credential: CredentialUse,
        hf_job: Option<&HfJobId>,
        because: Option<EventId>,
    ) -> Result<UnboundedReceiver<ToRunner>, RunnerRefusal> {
        let mut state = self.state();
        let now = self.env().clock.elapsed_ms();
        let found = state.runners.get_mut(&runner);
        let Some(found) = found.filter(|found| !found.lingers) else {
            return Err(RunnerRefusal::Deleted);
        };
        match (credential.kind, credential.state, &found.link) {
            (_, _, Link::Connected(_) | Link::Lost(_)) => {
                return Err(RunnerRefusal::SessionExists);
            }
            (CredentialKind::JitConfig, CredentialState::Expired, _) => {
                return Err(RunnerRefusal::ConfigurationExpired);
            }
            (CredentialKind::JitConfig, CredentialState::Fresh, _)
            | (CredentialKind::RegistrationToken, ..) => {}
            _ => return Err(RunnerRefusal::BadCredentials),
        }
        let (sender, receiver) = unbounded_channel();
        let online = What::RunnerOnline {
            runner,
            hf_job: hf_job.cloned(),
            credential,
        };
        found.link = Link::Connected(sender);
        found.hf_job = hf_job.cloned();
        found.online_ms = now;
        let because = because.or(Some(found.online_event));
        found.online_event = self.history().record(because, online);
        let is_idle = found.job.is_none();
        if let Some((at_ms, because)) = found.away.take() {
            state.queue.agenda.strike(at_ms, Duty::Age(runner, because));
        }
        if is_idle {
            state.queue.idle.insert(runner);
        }
        self.settle(&mut state);
        Ok(receiver)
    }
}

impl Runners {
    /// The id of the group with this name; without a name it is the default one.
    pub(in crate::github) fn group_named(
        &self,
        owner: &Owner,
        name: Option<&str>,
    ) -> Result<u64, RunnerRefusal> {
        let Some(name) = name else {
            return Ok(DEFAULT_GROUP);
        };
        let found = match owner {
            Owner::Repository(_) => name
                .eq_ignore_ascii_case(DEFAULT_GROUP_NAME)
                .then_some(DEFAULT_GROUP),
            Owner::Organization(organization) => self
                .groups
                .get(&organization.id)
                .and_then(|groups| groups.named(name))
                .map(|group| group.id),
        };
        found.ok_or_else(|| RunnerRefusal::NoSuchGroup(name.to_owned()))
    }
}
