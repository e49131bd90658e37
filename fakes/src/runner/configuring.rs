//! `config.sh`: the runner registers with GitHub.
//!
//! (<https://github.com/actions/runner>, `src/Runner.Listener/Configuration/ConfigurationManager.cs`,
//! `src/Runner.Common/RunnerDotcomServer.cs`)

use std::time::Duration;

use super::{
    life::{Agent, Life},
    registration::{BadArguments, Registration},
    session::CLOCK_REFUSED,
};
use crate::{
    calls::{Failure, RunnerCall},
    env::Length,
    faults::RunnerPoint,
    github::{Credential, Registered},
    history::CredentialUse,
    ids::EventId,
};

/// How often it tries to register.
const TRIES: u32 = 3;
/// From one try to the next.
const BACKOFF: Length = Length {
    min: Duration::from_secs(1),
    max: Duration::from_secs(5),
};

impl Life<'_> {
    /// The runner it became and the event that says so, or the event that is to blame.
    pub(super) async fn configure(
        &self,
        registration: Result<Registration, BadArguments>,
    ) -> Result<(Agent, EventId), EventId> {
        let log = &self.start.log;
        if self.is_forbidden_root() {
            log.line("Must not run with sudo");
            return Err(self.running());
        }
        let registration = match registration {
            Ok(registration) => registration,
            Err(BadArguments(why)) => {
                log.line(&why);
                return Err(self.running());
            }
        };
        let credential = registration.credential(&self.start.hf_job.0);
        let stays = !credential.is_ephemeral();
        let (registered, seen) = self.register(&credential).await?;
        log.success("Connected to GitHub");
        if registered.replaced {
            log.line("A runner exists with the same name");
            log.success("Successfully replaced the runner");
        } else {
            log.success("Runner successfully added");
        }
        if self.clock_is_wrong() {
            log.line(CLOCK_REFUSED);
            return Err(self.refused(CLOCK_REFUSED, seen, self.running()));
        }
        log.success("Runner connection is good");
        log.success("Settings Saved.");
        self.reach(RunnerPoint::Registered).await;
        let agent = Agent {
            runner: registered.runner,
            credential: seen,
            stays,
        };
        Ok((agent, self.running()))
    }

    /// Tries three times; what GitHub does not know will not become known.
    async fn register(
        &self,
        credential: &Credential,
    ) -> Result<(Registered, CredentialUse), EventId> {
        let mut tries = 1;
        loop {
            let seen = self.runners.github.look_at(credential);
            let failure = match self.try_to_register(credential, seen).await {
                Ok(registered) => return Ok((registered, seen)),
                Err(failure) => failure,
            };
            self.tell(&failure);
            if tries == TRIES || matches!(failure.status, Some(404 | 409)) {
                return Err(self.refused(&failure.why, seen, failure.event));
            }
            let pause = self.drawn(BACKOFF, &format!("runner.register.backoff{tries}"));
            tokio::time::sleep(pause).await;
            tries += 1;
        }
    }

    async fn try_to_register(
        &self,
        credential: &Credential,
        seen: CredentialUse,
    ) -> Result<Registered, Failure> {
        let repo = match credential {
            Credential::Registration { repo, .. } => Some(repo.as_str()),
            Credential::Jit(_) => None,
        };
        let call = RunnerCall {
            name: "runner.register",
            method: "POST",
            path: "/actions/runner-registration".to_owned(),
            credential: Some(seen),
            repo,
            job: None,
            hf_job: self.start.hf_job,
            runner: None,
            because: Some(self.running()),
            status: 201,
        };
        let version = self.start.container.version();
        let github = &self.runners.github;
        self.call(call, |context| {
            github.register(credential, version, context.received)
        })
        .await
    }

    fn tell(&self, failure: &Failure) {
        let log = &self.start.log;
        match failure.status {
            Some(409) => {
                log.line("A runner exists with the same name");
                log.line(&failure.why);
            }
            Some(status) => {
                let reason = http::StatusCode::from_u16(status).ok();
                let reason = reason.and_then(|status| status.canonical_reason());
                let reason = reason.unwrap_or_default().replace(' ', "");
                log.line(&format!(
                    "Http response code: {reason} from 'POST https://api.github.com/actions/runner-registration'"
                ));
                log.line(&failure.why);
            }
            None => log.line(&format!("An error occurred: {}", failure.why)),
        }
    }
}
