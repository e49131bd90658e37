//! The life of an API call of the dispatcher or of a runner.

use fakes::{
    history::{CallAbout, Caller, CredentialUse, Event, Lost, What},
    ids::{CallId, HfJobId, JobId, RunnerId},
};

use super::{Moment, Numbered, moment};

/// One API call.
#[derive(Clone, Debug)]
pub struct CallLife<'a> {
    /// Who made it.
    pub by: Caller,
    /// Its name (`hf.create`).
    pub name: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// The credential it carried.
    pub credential: Option<CredentialUse>,
    /// What it says it is about.
    pub about: Option<&'a CallAbout>,
    /// When it arrived.
    pub received: Moment,
    /// How it was answered.
    pub answered: Option<Answered>,
    /// When and why its answer was lost.
    pub lost: Option<(Moment, Lost)>,
    /// Faults that struck it, by their places in the plan.
    pub struck_by: Vec<usize>,
    /// What its answer showed otherwise than it was.
    pub false_of: Vec<FalseReading<'a>>,
}

/// The answer to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When it left.
    pub at: Moment,
    /// HTTP status.
    pub status: u16,
    /// After how many seconds the service says to ask again.
    pub retry_after_s: Option<u64>,
    /// Whether it refuses because of a rate limit.
    pub limited: bool,
}

/// Something an answer showed otherwise than it was.
#[derive(Clone, Copy, Debug)]
pub struct FalseReading<'a> {
    /// The event that says so.
    pub at: Moment,
    /// The job, if it is one.
    pub job: Option<JobId>,
    /// The runner, if it is one.
    pub runner: Option<RunnerId>,
    /// The HF job, if it is one.
    pub hf_job: Option<&'a HfJobId>,
    /// How it was shown.
    pub shown: &'a str,
}

impl<'a> CallLife<'a> {
    /// True if it was answered with 2xx.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.answered
            .is_some_and(|answered| (200..300).contains(&answered.status))
    }

    /// True if the dispatcher saw it fail: answered with 400 or more, or not at all.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.lost.is_some() || self.answered.is_some_and(|answered| answered.status >= 400)
    }

    /// When its caller heard of it, or gave up.
    #[must_use]
    pub fn over(&self) -> Option<Moment> {
        self.answered
            .map(|answered| answered.at)
            .or(self.lost.map(|(at, _)| at))
    }

    /// True if it asks GitHub to delete a runner's registration.
    #[must_use]
    pub fn is_deletion(&self) -> bool {
        is_deletion(self.name)
    }

    /// The job it says it is about.
    #[must_use]
    pub fn job(&self) -> Option<JobId> {
        self.about?.job
    }

    /// The repository or owner it says it is about.
    #[must_use]
    pub fn repo(&self) -> Option<&'a str> {
        self.about?.repo.as_deref()
    }
}

/// Calls by id.
pub type Calls<'a> = Numbered<CallId, CallLife<'a>>;

/// Enters an event of a call's life.
pub(super) fn enter<'a>(calls: &mut Calls<'a>, event: &'a Event) {
    match &event.event {
        What::CallReceived {
            call,
            by,
            name,
            path,
            credential,
            about,
            ..
        } => {
            let life = CallLife {
                by: *by,
                name,
                path,
                credential: *credential,
                about: about.as_deref(),
                received: moment(event),
                answered: None,
                lost: None,
                struck_by: Vec::new(),
                false_of: Vec::new(),
            };
            calls.insert(*call, life);
        }
        What::CallAnswered {
            call,
            status,
            retry_after_s,
            limited,
            ..
        } => {
            if let Some(life) = calls.get_mut(call) {
                life.answered = Some(Answered {
                    at: moment(event),
                    status: *status,
                    retry_after_s: *retry_after_s,
                    limited: *limited,
                });
            }
        }
        What::CallLost { call, why, .. } => {
            if let Some(life) = calls.get_mut(call) {
                life.lost = Some((moment(event), *why));
            }
        }
        What::FaultApplied {
            fault,
            call: Some(call),
            ..
        } => {
            if let Some(life) = calls.get_mut(call) {
                life.struck_by.push(*fault);
            }
        }
        What::ReadingFalse {
            call,
            job,
            runner,
            hf_job,
            shown,
            ..
        } => {
            if let Some(life) = calls.get_mut(call) {
                life.false_of.push(FalseReading {
                    at: moment(event),
                    job: *job,
                    runner: *runner,
                    hf_job: hf_job.as_ref(),
                    shown,
                });
            }
        }
        _ => {}
    }
}

/// The same by its name.
pub(super) fn is_deletion(name: &str) -> bool {
    name == "github.delete-runner"
}
