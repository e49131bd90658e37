//! Calls that the runner makes to GitHub. They never leave the process, but they are recorded and bent
//! like all others.

use std::time::Duration;

use super::{
    CallContext, Calls, Reply,
    bending::{Bent, Ending, Instead},
    open_call::OpenCall,
    serving::numbered,
};
use crate::{
    faults::Subject,
    history::{CallAbout, Caller, CredentialUse, Lost, What},
    ids::{CallId, EventId, HfJobId, JobId, RunnerId},
};

/// How long a runner waits for an answer before it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);

/// A call by a runner.
#[derive(Debug)]
pub(crate) struct RunnerCall<'a> {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) credential: Option<CredentialUse>,
    pub(crate) repo: Option<&'a str>,
    pub(crate) job: Option<(JobId, &'a str)>,
    /// The HF job it is made from.
    pub(crate) hf_job: &'a HfJobId,
    /// The runner, once GitHub knows it.
    pub(crate) runner: Option<RunnerId>,
    pub(crate) because: Option<EventId>,
    /// Status of the answer when all goes well.
    pub(crate) status: u16,
}

/// A refusal in a fake's words, as far as a caller in this process needs to know it.
pub(crate) trait Refusal: std::error::Error {
    /// Its HTTP status.
    fn status(&self) -> u16;
}

/// Why a runner's call did not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// HTTP status, when there was an answer.
    pub(crate) status: Option<u16>,
    /// In a few words.
    pub(crate) why: String,
    /// The event that says so.
    pub(crate) event: EventId,
}

impl RunnerCall<'_> {
    fn about(&self) -> CallAbout {
        CallAbout {
            repo: self.repo.map(str::to_owned),
            job: self.job.map(|(job, _)| job),
            runner: self.runner,
            hf_job: Some(self.hf_job.clone()),
            ..CallAbout::default()
        }
    }
}

impl Calls {
    /// Makes the call: `effect` runs at the instant it arrives, unless a fault prevents it.
    pub(crate) async fn by_runner<T, R: Refusal>(
        &self,
        what: RunnerCall<'_>,
        effect: impl FnOnce(CallContext) -> Result<T, R>,
    ) -> Result<T, Failure> {
        let (call, ordinal) = self.begin(what.name);
        let received = self.history.record(
            what.because,
            What::CallReceived {
                call,
                by: Caller::Runner,
                name: what.name.to_owned(),
                method: what.method.to_owned(),
                path: what.path.clone(),
                credential: what.credential,
                about: what.about().said(),
            },
        );
        let context = CallContext {
            call,
            ordinal,
            received,
            as_of_ms: None,
        };
        let mut open = OpenCall::new(self.history.clone(), context, what.name);
        let entity = numbered(what.name, ordinal);
        let subject = Subject {
            place: what.name,
            entity: &entity,
            job: what.job,
            repo: what.repo,
            call: Some(call),
            hf_job: Some(what.hf_job),
            runner: what.runner,
            ..Subject::default()
        };
        let Bent {
            delay,
            ending,
            held,
            last_event,
            ..
        } = self.bend(&subject, received);
        open.because = last_event;
        let (outcome, ending) = match ending {
            Ending::Honest => (Some(self.take_effect(what.name, context, effect)), None),
            Ending::Instead(ending) => (None, Some(ending)),
            Ending::Afterwards(ending) => {
                let _lost = self.take_effect(what.name, context, effect);
                (None, Some(ending))
            }
        };
        self.wait(delay, &held, &subject).await;
        self.close(open, &what, outcome, ending).await
    }

    fn take_effect<T, R: Refusal>(
        &self,
        name: &'static str,
        context: CallContext,
        effect: impl FnOnce(CallContext) -> Result<T, R>,
    ) -> Result<T, R> {
        let outcome = effect(context);
        if outcome.is_ok() {
            let (call, name): (CallId, String) = (context.call, name.to_owned());
            self.history
                .record(Some(context.received), What::CallEffect { call, name });
        }
        outcome
    }

    async fn close<T, R: Refusal>(
        &self,
        mut open: OpenCall,
        what: &RunnerCall<'_>,
        outcome: Option<Result<T, R>>,
        ending: Option<Instead>,
    ) -> Result<T, Failure> {
        let now = self.env.clock.now();
        let failure = match (outcome, ending) {
            (Some(Ok(value)), _) => {
                open.answered_with(what.status, &[], "", now);
                return Ok(value);
            }
            (Some(Err(refusal)), _) => {
                let status = refusal.status();
                let event = open.answered_with(status, &[], "", now);
                (Some(status), refusal.to_string(), event)
            }
            (None, Some(Instead::Answer(answer))) => {
                let reply = Reply::scripted(answer);
                let (status, refusal) = (reply.status, reply.refusal_text());
                let event = open.answered_with(status, &reply.headers, &refusal, now);
                (Some(status), format!("answered {status}"), event)
            }
            (None, Some(Instead::Nothing)) => {
                tokio::time::sleep(PATIENCE).await;
                (None, "timed out".to_owned(), open.lost(Lost::TimedOut))
            }
            (None, Some(Instead::Reset) | None) => {
                (None, "connection reset".to_owned(), open.lost(Lost::Reset))
            }
        };
        let (status, why, event) = failure;
        Err(Failure { status, why, event })
    }
}
