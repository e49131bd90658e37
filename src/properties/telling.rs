//! Telling: the ways in which a user learns that, and why, a job will not be served, and whether there was a cause.
//! docs/verdicts.md, "Told", lists the accepted ways.

use std::collections::BTreeMap;

use fakes::{
    history::{Caller, StageCause, What},
    ids::JobId,
};

use super::{
    disturbance::{ByScope, Scope},
    ledger::{Ledger, Moment, ends_hf_job, moment},
};

/// How a user was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The dispatcher cancelled the run.
    Cancelled,
    /// It put a failed check run on the commit.
    CheckRun,
    /// It answered the job's delivery with a reason, so that GitHub shows the delivery as failed.
    Answer,
}

/// A user was told of a job.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// When.
    pub at: Moment,
    /// How.
    pub way: Way,
    /// Whether something of the job's lane had failed since it was in demand, or nothing routes it.
    pub for_cause: bool,
}

/// Who was told of what.
#[derive(Clone, Debug, Default)]
pub struct Tellings {
    by_job: BTreeMap<JobId, Vec<Told>>,
}

impl Tellings {
    /// Reads every telling of a history.
    #[must_use]
    pub fn read(ledger: &Ledger<'_>) -> Self {
        let causes = causes(ledger);
        let mut tellings = Self::default();
        for event in ledger.events {
            let at = moment(event);
            match &event.event {
                What::RunCancelRequested { run, call: Some(_) } => {
                    for job in ledger.jobs_of_run(*run, at.event) {
                        tellings.tell(ledger, &causes, job, at, Way::Cancelled);
                    }
                }
                What::CheckRunCreated {
                    jobs, conclusion, ..
                }
                | What::CheckRunUpdated {
                    jobs, conclusion, ..
                } if conclusion.as_deref().is_some_and(says_failed) => {
                    for job in jobs {
                        tellings.tell(ledger, &causes, *job, at, Way::CheckRun);
                    }
                }
                What::DeliveryAnswered {
                    job: Some(job),
                    delivery,
                    status,
                    body,
                    ..
                } if refuses_with_reason(*status, body.as_deref()) => {
                    let genuine = ledger
                        .deliveries
                        .get(delivery)
                        .is_some_and(super::Delivery::genuine);
                    if genuine {
                        tellings.tell(ledger, &causes, *job, at, Way::Answer);
                    }
                }
                _ => {}
            }
        }
        tellings
    }

    /// What was told of a job, in order.
    #[must_use]
    pub fn of(&self, job: JobId) -> &[Told] {
        self.by_job.get(&job).map_or(&[], Vec::as_slice)
    }

    /// When a user first learnt, with cause, that this job will not be served.
    #[must_use]
    pub fn for_cause(&self, job: JobId) -> Option<Told> {
        self.of(job).iter().find(|told| told.for_cause).copied()
    }

    /// Every telling with its job.
    pub fn iter(&self) -> impl Iterator<Item = (JobId, &Told)> {
        self.by_job
            .iter()
            .flat_map(|(job, told)| told.iter().map(|told| (*job, told)))
    }

    fn tell(
        &mut self,
        ledger: &Ledger<'_>,
        causes: &ByScope<'_>,
        job: JobId,
        at: Moment,
        way: Way,
    ) {
        let Some(life) = ledger.jobs.get(&job) else {
            return;
        };
        let over = life
            .completed
            .is_some_and(|(over, _)| over.event < at.event);
        if over {
            return;
        }
        let for_cause = match (life.lane, life.dispatchable.or(life.queued)) {
            (Some(lane), Some(since)) => causes
                .first(&ledger.lanes, lane, since.event, at.event)
                .is_some(),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let told = Told { at, way, for_cause };
        self.by_job.entry(job).or_default().push(told);
    }
}

/// Whether an answer to a delivery is a refusal that says why.
pub(crate) fn refuses_with_reason(status: u16, body: Option<&str>) -> bool {
    [400, 409, 410, 422].contains(&status) && body.is_some_and(|body| !body.trim().is_empty())
}

/// Whether a check run with this conclusion tells its reader that something went wrong.
pub(crate) fn says_failed(conclusion: &str) -> bool {
    ["failure", "cancelled", "timed_out", "action_required"].contains(&conclusion)
}

/// What gives cause to tell: a credential or an HF job that was refused or lost, a runner that was refused, an HF job that
/// ended without a job and not by the dispatcher's wish.
fn causes<'a>(ledger: &Ledger<'a>) -> ByScope<'a> {
    let mut causes = ByScope::default();
    let mut note = |scopes: Vec<Scope<'a>>, at: Moment| {
        for scope in scopes {
            causes.note(scope, at);
        }
    };
    for call in ledger.calls.values() {
        let provides = call.by == Caller::Dispatcher && provides(call.name);
        if let (true, Some(over)) = (provides && call.failed(), call.over()) {
            note(ledger.scopes_of_call(call), over);
        }
    }
    for event in ledger.events {
        let hf_job = match &event.event {
            What::RunnerRefused { hf_job, .. } => Some(hf_job),
            other => match ends_hf_job(other) {
                Some((_, _, StageCause::Cancel)) | None => None,
                Some((hf_job, ..)) => {
                    let unused = ledger
                        .hf_jobs
                        .get(hf_job)
                        .is_some_and(|life| life.job.is_none());
                    unused.then_some(hf_job)
                }
            },
        };
        if let Some(reach) = hf_job.and_then(|hf_job| ledger.lanes.reach(hf_job)) {
            note(vec![Scope::of(reach)], moment(event));
        }
    }
    causes.sort();
    causes
}

/// Whether a call of this name provides what a job needs.
fn provides(name: &str) -> bool {
    [
        "github.create-token",
        "github.jit-config",
        "github.registration-token",
        "hf.create",
    ]
    .contains(&name)
}
