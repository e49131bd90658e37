//! What actions/runner itself asks GitHub: to be registered, to have a session, to report a job, to be removed.
//!
//! The first two calls of `config.sh` are the real ones (actions/runner, `src/Runner.Common/RunnerDotcomServer.cs` and
//! `ConfigurationManager.cs`), with a group by its name instead of its id and `replace` without the old runner's id.
//! All others are the lab's own, spoken by its stand-in. They share the records of the runner model.

use serde::{Deserialize, Serialize};

use super::route::{Access, Ask, Route};
use crate::{
    calls::{Incoming, Reply},
    drawn_text::{HEX, drawn, guid},
    github::{
        handle::Github,
        objects::{
            body::read,
            refusal::{Answer, Refusal},
            reply::file,
            runner_refusal::RunnerRefusal,
        },
        state::runners::{
            credential::{Credential, JitConfig},
            token::TokenPurpose,
        },
    },
    history::{Conclusion, CredentialKind, CredentialState, CredentialUse, What},
    ids::{HfJobId, JobId, RunnerId},
    settings::RunnerVersion,
};

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::post(
        "/actions/runner-registration",
        "runner.tenant-credential",
        Access::Runner(Github::runner_registration),
    ),
    Route::post(
        "/actions/runners/register",
        "runner.register",
        Access::Runner(Github::register_by_runner),
    ),
    Route::delete(
        "/actions/runners/{runner_id}",
        "runner.remove",
        Access::Runner(Github::remove_by_runner),
    ),
    Route::post(
        "/_runner/sessions",
        "runner.open-session",
        Access::Runner(Github::begin_session),
    ),
    Route::delete(
        "/_runner/sessions/{session}",
        "runner.end-session",
        Access::Runner(Github::end_session),
    ),
    Route::post(
        "/_runner/jobs/{job_id}/acquire",
        "runner.acquire-job",
        Access::Runner(Github::acquire_by_runner),
    ),
    Route::post(
        "/_runner/jobs/{job_id}/finish",
        "runner.finish-job",
        Access::Runner(Github::finish_by_runner),
    ),
];

/// In which HF job the caller runs, if it says so.
const HF_JOB: &str = "x-lab-hf-job";

#[derive(Deserialize)]
struct Event {
    url: String,
    runner_event: String,
}

#[derive(Deserialize)]
struct Registration {
    url: String,
    name: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    ephemeral: bool,
    #[serde(default)]
    replace: bool,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Serialize)]
struct Registered<'a> {
    id: u64,
    name: &'a str,
    replaced: bool,
    authorization: Authorization,
}

#[derive(Serialize)]
struct Authorization {
    client_id: String,
    authorization_url: String,
}

#[derive(Serialize)]
struct Tenant<'a> {
    url: &'a str,
    token: &'a str,
    token_schema: &'a str,
    use_runner_admin_flow: bool,
}

#[derive(Deserialize)]
struct NewSession {
    runner_id: u64,
    client_id: String,
}

#[derive(Deserialize)]
struct Wish {
    session: String,
}

#[derive(Deserialize)]
struct Report {
    session: String,
    conclusion: Conclusion,
}

impl Github {
    /// What a runner proves itself with, as the history shows it: the registration token in its header, or the client
    /// id it opens a session with.
    pub(in crate::github) fn credential_of_runner(
        &self,
        request: &Incoming,
    ) -> Option<CredentialUse> {
        if let Some(token) = token_of(request) {
            return Some(self.token_use(token, TokenPurpose::Register));
        }
        let wanted: NewSession = serde_json::from_slice(&request.body).ok()?;
        Some(self.client_use(&wanted))
    }

    fn token_use(&self, token: &str, purpose: TokenPurpose) -> CredentialUse {
        let now = self.env().clock.elapsed_ms();
        let state = match self.state().runners.tokens.get(token) {
            Some(found) if found.purpose != purpose => CredentialState::Unknown,
            Some(found) if found.expires_ms <= now => CredentialState::Expired,
            Some(_) => CredentialState::Fresh,
            None => CredentialState::Unknown,
        };
        let kind = CredentialKind::RegistrationToken;
        CredentialUse { kind, state }
    }

    fn client_use(&self, wanted: &NewSession) -> CredentialUse {
        let runner = RunnerId(wanted.runner_id);
        if self.inner.sessions.is_client(&wanted.client_id, runner) {
            let (kind, state) = (CredentialKind::RegistrationToken, CredentialState::Fresh);
            return CredentialUse { kind, state };
        }
        let client_id = wanted.client_id.clone();
        self.look_at(&Credential::Jit(JitConfig {
            runner,
            name: String::new(),
            client_id,
        }))
    }

    /// The first call of `config.sh` and of `config.sh remove`. A token that is not good is a 404.
    fn runner_registration(&self, ask: &Ask<'_>) -> Answer {
        let event: Event = read(&ask.request.body)?;
        let purpose = match event.runner_event.as_str() {
            "register" => TokenPurpose::Register,
            "remove" => TokenPurpose::Remove,
            _ => return Err(Refusal::NotFound),
        };
        let token = token_of(ask.request).unwrap_or_default();
        let credential = self.token_use(token, purpose);
        let owner = owner_in(&event.url).unwrap_or_default();
        let state = self.state();
        let is_theirs = state
            .runners
            .tokens
            .get(token)
            .is_some_and(|found| found.owner.name().eq_ignore_ascii_case(owner));
        drop(state);
        if credential.state != CredentialState::Fresh || !is_theirs {
            return Err(self.refuse(ask, RunnerRefusal::NotFound, credential));
        }
        Ok(Reply::json(
            200,
            &Tenant {
                url: &self.settings().base_url,
                token: "not-used-in-the-lab",
                token_schema: "OAuthAccessToken",
                use_runner_admin_flow: true,
            },
        ))
    }

    fn register_by_runner(&self, ask: &Ask<'_>) -> Answer {
        let wanted: Registration = read(&ask.request.body)?;
        let token = token_of(ask.request).unwrap_or_default();
        let credential = self.token_use(token, TokenPurpose::Register);
        let owner = owner_in(&wanted.url).unwrap_or_default();
        let version = wanted.version.parse().unwrap_or(RunnerVersion::CURRENT);
        let (own, given): (Vec<Label>, Vec<Label>) = wanted
            .labels
            .into_iter()
            .partition(|label| label.kind != "system");
        let registration = Credential::Registration {
            token: token.to_owned(),
            name: wanted.name.clone(),
            labels: own.into_iter().map(|label| label.name).collect(),
            default_labels: !given.is_empty(),
            repo: owner.to_owned(),
            group: (!wanted.group.is_empty()).then_some(wanted.group),
            ephemeral: wanted.ephemeral,
            replace: wanted.replace,
        };
        let made = self
            .register(&registration, version, ask.call.received)
            .map_err(|refusal| self.refuse(ask, refusal, credential))?;
        let entity = format!("runner.register#{}", ask.call.ordinal);
        let client_id = guid(self.env(), &entity, "client-id");
        self.inner.sessions.register(client_id.clone(), made.runner);
        let authorization_url = format!("{}/_oauth/token", self.settings().base_url);
        let registered = Registered {
            id: made.runner.0,
            name: &wanted.name,
            replaced: made.replaced,
            authorization: Authorization {
                client_id,
                authorization_url,
            },
        };
        Ok(Reply::json(201, &registered).with_effect())
    }

    fn remove_by_runner(&self, ask: &Ask<'_>) -> Answer {
        let token = token_of(ask.request).unwrap_or_default();
        let is_good = self.token_use(token, TokenPurpose::Remove).state == CredentialState::Fresh;
        let owner = {
            let state = self.state();
            let found = state.runners.tokens.get(token);
            found.filter(|_| is_good).map(|found| found.owner.clone())
        };
        let runner = RunnerId(ask.number("runner_id"));
        match owner {
            Some(owner) => self.delete_idle_runner(&owner, runner, ask.call.received),
            None => Err(Refusal::NotFound),
        }
    }

    fn begin_session(&self, ask: &Ask<'_>) -> Answer {
        let wanted: NewSession = read(&ask.request.body)?;
        let runner = RunnerId(wanted.runner_id);
        let credential = self.client_use(&wanted);
        let hf_job = hf_job_of(ask.request);
        let connected = self.connect(runner, credential, hf_job.as_ref(), Some(ask.call.received));
        let orders = connected.map_err(|refusal| self.refuse(ask, refusal, credential))?;
        let entity = format!("runner.open-session#{}", ask.call.ordinal);
        let id = drawn(self.env(), &entity, "session", HEX, 40);
        self.open_session(&id, runner, orders);
        Ok(file("text/plain", id.into()).with_effect())
    }

    /// The runner leaves in order: it is offline at once.
    fn end_session(&self, ask: &Ask<'_>) -> Answer {
        let Some(runner) = self.inner.sessions.close(ask.text("session")) else {
            return Err(Refusal::NotFound);
        };
        self.disconnect_runner(runner, Some(ask.call.received));
        Ok(Reply::empty(204).with_effect())
    }

    fn acquire_by_runner(&self, ask: &Ask<'_>) -> Answer {
        let wish: Wish = read(&ask.request.body)?;
        let job = JobId(ask.number("job_id"));
        let Some(runner) = self.inner.sessions.runner_of(&wish.session) else {
            return Err(Refusal::NotFound);
        };
        if let Err(refusal) = self.acquire(runner, job, ask.call.received) {
            self.inner.sessions.lost_job(&wish.session);
            return Err(refusal.into());
        }
        self.inner.sessions.acquired(&wish.session);
        Ok(Reply::json(200, &serde_json::json!({})).with_effect())
    }

    fn finish_by_runner(&self, ask: &Ask<'_>) -> Answer {
        let report: Report = read(&ask.request.body)?;
        let job = JobId(ask.number("job_id"));
        let Some(runner) = self.inner.sessions.runner_of(&report.session) else {
            return Err(Refusal::NotFound);
        };
        let finished = self.finish(runner, job, report.conclusion, ask.call.received);
        self.inner.sessions.reported(&report.session);
        finished?;
        Ok(Reply::json(200, &serde_json::json!({})).with_effect())
    }

    /// Refuses a runner, and says so in the history if it runs in a job of the lab.
    fn refuse(&self, ask: &Ask<'_>, refusal: RunnerRefusal, credential: CredentialUse) -> Refusal {
        if let Some(hf_job) = hf_job_of(ask.request) {
            let refused = What::RunnerRefused {
                hf_job,
                why: refusal.to_string(),
                credential,
            };
            self.history().record(Some(ask.call.received), refused);
        }
        refusal.into()
    }
}

/// The token in `Authorization: RemoteAuth`.
fn token_of(request: &Incoming) -> Option<&str> {
    let (scheme, token) = request.authorization()?;
    scheme.eq_ignore_ascii_case("RemoteAuth").then_some(token)
}

fn hf_job_of(request: &Incoming) -> Option<HfJobId> {
    let id = request.header(HF_JOB).filter(|id| !id.is_empty())?;
    Some(HfJobId(id.to_owned()))
}

/// `owner/name` or the organisation, from the address `config.sh` was given.
fn owner_in(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    Some(path.trim_end_matches('/')).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use super::owner_in;

    #[test]
    fn the_owner_is_what_follows_the_host() {
        assert_eq!(
            owner_in("http://127.0.0.1:4010/octo/app/"),
            Some("octo/app")
        );
        assert_eq!(owner_in("https://github.com/octo"), Some("octo"));
        assert_eq!(owner_in("https://github.com/"), None);
        assert_eq!(owner_in("octo/app"), None);
    }
}
