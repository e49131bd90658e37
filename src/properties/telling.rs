//! Telling: the ways in which a user learns that, and why, a job will not be served, and whether there was a cause.
//! docs/verdicts.md, "Told", lists the accepted ways.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Caller, Event, Removal, StageCause, What},
    ids::{EventId, HfJobId, JobId},
};

use super::{
    disturbance::{ByScope, Scope},
    lanes::LaneId,
    ledger::{Ledger, Moment, ends_hf_job, moment},
    right_retry::is_permanent,
    terms::Terms,
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
    pub fn read(ledger: &Ledger<'_>, terms: &Terms) -> Self {
        let causes = Causes::read(ledger, terms);
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

    fn tell(&mut self, ledger: &Ledger<'_>, causes: &Causes<'_>, job: JobId, at: Moment, way: Way) {
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
            (Some(lane), Some(since)) => causes.tell(ledger, lane, since.event, at.event),
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

/// What gives cause to tell.
#[derive(Default)]
struct Causes<'a> {
    /// Permanent refusals of needs.
    refused: ByScope<'a>,
    /// Needs that failed, and HF jobs that were spent unused: by themselves, or given up after they had their chance.
    failed: ByScope<'a>,
    /// Runners that came online: what had failed before is over.
    online: ByScope<'a>,
}

/// So many failures give cause to tell,
const FAILURES: usize = 3;
/// the last so long after the first.
const FAILING_FOR_MS: u64 = 10 * 60_000;

impl<'a> Causes<'a> {
    fn read(ledger: &Ledger<'a>, terms: &Terms) -> Self {
        let mut causes = Self::default();
        for call in ledger.calls.values() {
            let need = call.by == Caller::Dispatcher && provides(call.name) && call.failed();
            let Some(over) = call.over().filter(|_| need) else {
                continue;
            };
            let for_good = call
                .answered
                .is_some_and(|answered| is_permanent(call, &answered));
            for scope in ledger.scopes_of_call(call) {
                let kind = if for_good {
                    &mut causes.refused
                } else {
                    &mut causes.failed
                };
                kind.note(scope, over);
            }
        }
        let mut counted: BTreeSet<&HfJobId> = BTreeSet::new();
        for event in ledger.events {
            if let What::RunnerOnline {
                hf_job: Some(hf_job),
                ..
            } = &event.event
                && let Some(reach) = ledger.lanes.reach(hf_job)
            {
                causes.online.note(Scope::of(reach), moment(event));
            }
            let unused = |hf_job: &&HfJobId| {
                let life = ledger.hf_jobs.get(*hf_job);
                life.is_some_and(|life| life.job.is_none())
            };
            let hf_job = spent(ledger, terms, event).filter(unused);
            let hf_job = hf_job.filter(|hf_job| counted.insert(hf_job));
            if let Some(reach) = hf_job.and_then(|hf_job| ledger.lanes.reach(hf_job)) {
                causes.failed.note(Scope::of(reach), moment(event));
            }
        }
        for kind in [&mut causes.refused, &mut causes.failed, &mut causes.online] {
            kind.sort();
        }
        causes
    }

    /// Whether there is cause to tell of a job of this lane that has been in demand since then.
    fn tell(&self, ledger: &Ledger<'a>, lane: LaneId, since: EventId, at: EventId) -> bool {
        let lanes = &ledger.lanes;
        if self.refused.first(lanes, lane, since, at).is_some() {
            return true;
        }
        let failures = self.failed.all(lanes, lane, since, at);
        let online = self.online.all(lanes, lane, since, at);
        // What lies between two runners that came online counts together.
        let runs = failures.chunk_by(|one, next| {
            let up = online.partition_point(|up| up.event < one.event);
            online.get(up).is_none_or(|up| up.event > next.event)
        });
        runs.into_iter().any(|run| {
            let (first, last) = (run.first(), run.last());
            let long = first.zip(last).is_some_and(|(first, last)| {
                last.at_ms >= first.at_ms.saturating_add(FAILING_FOR_MS)
            });
            run.len() >= FAILURES && long
        })
    }
}

/// The HF job that, by this event, will serve nobody any more, unless the dispatcher gave it up before it had a chance.
fn spent<'a>(ledger: &Ledger<'a>, terms: &Terms, event: &'a Event) -> Option<&'a HfJobId> {
    let (hf_job, given_up) = match &event.event {
        What::RunnerRefused { hf_job, .. } => (hf_job, false),
        What::RunnerRemoved { runner, why } => {
            let hf_job = ledger.runners.get(runner)?.hf_job?;
            (hf_job, *why == Removal::Api)
        }
        other => {
            let (hf_job, _, cause) = ends_hf_job(other)?;
            (hf_job, cause == StageCause::Cancel)
        }
    };
    let life = ledger.hf_jobs.get(hf_job)?;
    (!given_up || life.had_a_chance(terms, moment(event))).then_some(hf_job)
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
