//! Telling: the ways in which a user learns that, and why, a job will not be served, and whether there was a cause.
//! docs/verdicts.md, "Told", lists the accepted ways.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use fakes::{
    history::{Caller, Event, Removal, StageCause, What},
    ids::{EventId, HfJobId, JobId},
};

use super::{
    disturbance::{ByScope, Scope},
    lanes::LaneId,
    ledger::{Kinds, Ledger, Moment, ends_hf_job, moment},
    right_retry::is_permanent,
    terms::Terms,
    turns::{DAY_MS, owner_of},
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
        let mut demands = Demands::default();
        for event in ledger.only(Kinds::LIVES | Kinds::DELIVERED | Kinds::RARE) {
            demands.enter(ledger, event);
            let at = moment(event);
            let mut tell = |jobs: &[JobId], way| {
                let not_over = jobs
                    .iter()
                    .filter(|job| !demands.is_over(ledger, **job, at));
                let told: Vec<_> = not_over.copied().collect();
                let is_cause = |job: &JobId| demands.is_cause(ledger, &causes, *job, at);
                match way {
                    // A run is one: what is wrong with a job of it is why all of them are cancelled.
                    Way::Cancelled => {
                        let for_cause = told.iter().any(is_cause);
                        tellings.add(&told, Told { at, way, for_cause });
                    }
                    Way::CheckRun | Way::Answer => {
                        for job in told {
                            let for_cause = is_cause(&job);
                            tellings.add(&[job], Told { at, way, for_cause });
                        }
                    }
                }
            };
            match &event.event {
                What::RunCancelRequested { run, call: Some(_) } => {
                    let jobs: Vec<_> = ledger.jobs_of_run(*run, at.event).collect();
                    tell(&jobs, Way::Cancelled);
                }
                What::CheckRunCreated {
                    jobs, conclusion, ..
                }
                | What::CheckRunUpdated {
                    jobs, conclusion, ..
                } if conclusion.as_deref().is_some_and(says_failed) => {
                    tell(jobs, Way::CheckRun);
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
                        tell(&[*job], Way::Answer);
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

    fn add(&mut self, jobs: &[JobId], told: Told) {
        for job in jobs {
            self.by_job.entry(*job).or_default().push(told);
        }
    }
}

/// Since when each job is in demand, as the history goes on.
#[derive(Default)]
struct Demands {
    /// The event of its last demand, and whether that stands.
    since: BTreeMap<JobId, (EventId, bool)>,
    /// Jobs whose run ended over them.
    dead: BTreeSet<JobId>,
}

impl Demands {
    fn enter(&mut self, ledger: &Ledger<'_>, event: &Event) {
        match &event.event {
            What::JobQueued {
                job, held_by: None, ..
            }
            | What::JobDispatchable { job } => {
                let demand = self.since.entry(*job).or_insert((event.id, true));
                if !demand.1 {
                    *demand = (event.id, true);
                }
            }
            What::JobTakenBack { job, .. } => {
                if let Some(demand) = self.since.get_mut(job).filter(|(_, stands)| *stands) {
                    demand.0 = event.id;
                }
            }
            What::JobQueued { job, .. }
            | What::JobWaiting { job, .. }
            | What::JobStarted { job, .. } => {
                if let Some(demand) = self.since.get_mut(job) {
                    demand.1 = false;
                }
            }
            What::InstallationUnsuspended { owner, .. }
            | What::InstallationCreated { owner, .. } => {
                let owner = owner.to_lowercase();
                for (job, demand) in &mut self.since {
                    let life = ledger.jobs.get(job);
                    if demand.1 && life.is_some_and(|life| owner_of(life.repo) == owner) {
                        demand.0 = event.id;
                    }
                }
            }
            What::RunCompleted { run, .. } => {
                let waiting = |job: &JobId| {
                    let started = ledger.jobs.get(job).and_then(|life| life.started);
                    started.is_none_or(|(at, _)| at.event > event.id)
                };
                let jobs = ledger.jobs_of_run(*run, event.id);
                self.dead.extend(jobs.filter(waiting));
            }
            _ => {}
        }
    }

    /// Whether a job is over, or dead, or not there yet: then there is nothing to tell.
    fn is_over(&self, ledger: &Ledger<'_>, job: JobId, at: Moment) -> bool {
        let Some(life) = ledger.jobs.get(&job) else {
            return true;
        };
        let has = |moment: Option<Moment>| moment.is_some_and(|moment| moment.event < at.event);
        let queued = life.queued.filter(|queued| queued.event <= at.event);
        let old = queued.is_some_and(|queued| queued.at_ms.saturating_add(DAY_MS) <= at.at_ms);
        let started = has(life.started.map(|(started, _)| started));
        has(life.completed.map(|(over, _)| over))
            || self.dead.contains(&job)
            || (old && !started)
            || life.announced.event > at.event
    }

    fn is_cause(&self, ledger: &Ledger<'_>, causes: &Causes<'_>, job: JobId, at: Moment) -> bool {
        let Some(lane) = ledger.jobs.get(&job).and_then(|life| life.lane) else {
            return true;
        };
        let since = self.since.get(&job);
        since.is_some_and(|(since, _)| causes.tell(ledger, lane, *since, at.event))
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
    /// What both come to for each lane that was asked about.
    failing: RefCell<BTreeMap<LaneId, Failing>>,
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
        let mut counted = vec![false; ledger.hf_jobs.len()];
        let mut is_first = |hf_job: &HfJobId| {
            let known = ledger.hf_jobs.number(hf_job);
            known.is_none_or(|number| !std::mem::replace(&mut counted[number], true))
        };
        for event in ledger.only(Kinds::LIVES) {
            if let What::RunnerOnline {
                hf_job: Some(hf_job),
                ..
            } = &event.event
                && let Some(reach) = ledger.lanes.reach(hf_job)
            {
                causes.online.note(Scope::of(reach), moment(event));
            }
            // Whoever was given up too early is no failure once he finds that out.
            let spent = spent(ledger, event).filter(|(hf_job, _)| is_first(hf_job));
            if let Some((hf_job, given_up)) = spent
                && let Some(reach) = ledger.lanes.reach(hf_job)
                && is_in_vain(ledger, terms, hf_job, given_up, moment(event))
            {
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
        let mut failing = self.failing.borrow_mut();
        let of_lane = failing.entry(lane).or_insert_with(|| {
            let all = |kind: &ByScope<'a>| kind.all(lanes, lane, EventId(0), EventId(u64::MAX));
            Failing::between(all(&self.failed), &all(&self.online))
        });
        of_lane.gives_cause(since, at)
    }
}

/// How what one lane needs has failed, in order. What lies between two runners that came online is a run, and counts
/// together.
struct Failing {
    failures: Vec<Moment>,
    /// For each failure where its run begins, and where it ends.
    runs: Vec<(usize, usize)>,
    /// How many runs give cause by themselves that begin before each failure, and before the end.
    causes_before: Vec<usize>,
}

impl Failing {
    fn between(failures: Vec<Moment>, online: &[Moment]) -> Self {
        let (mut runs, mut causes_before, mut causes) = (Vec::new(), Vec::new(), 0);
        let together = failures.chunk_by(|one, next| {
            let up = online.partition_point(|up| up.event < one.event);
            online.get(up).is_none_or(|up| up.event > next.event)
        });
        for run in together {
            let begin = runs.len();
            runs.extend(run.iter().map(|_| (begin, begin + run.len())));
            causes_before.push(causes);
            causes += usize::from(is_cause(run));
            causes_before.extend(run.iter().skip(1).map(|_| causes));
        }
        causes_before.push(causes);
        Self {
            failures,
            runs,
            causes_before,
        }
    }

    /// Whether any run of those from `since` on and before `at` gives cause, as far as it lies there.
    fn gives_cause(&self, since: EventId, at: EventId) -> bool {
        let before = |until: EventId| {
            self.failures
                .partition_point(|failure| failure.event < until)
        };
        let (first, end) = (before(since), before(at));
        let part = |from: usize, to: usize| self.failures.get(from..to).is_some_and(is_cause);
        let run_of = |failure: Option<usize>| failure.and_then(|failure| self.runs.get(failure));
        let (Some((_, head_end)), Some((tail_begin, _))) =
            (run_of(Some(first)), run_of(end.checked_sub(1)))
        else {
            return false;
        };
        let whole = |upto: usize| self.causes_before.get(upto).copied().unwrap_or(0);
        part(first, end.min(*head_end))
            || (*head_end < end
                && (part(*tail_begin, end) || whole(*tail_begin) > whole(*head_end)))
    }
}

/// Whether failures that count together give cause to tell.
fn is_cause(run: &[Moment]) -> bool {
    let (first, last) = (run.first(), run.last());
    let long = first
        .zip(last)
        .is_some_and(|(first, last)| last.at_ms >= first.at_ms.saturating_add(FAILING_FOR_MS));
    run.len() >= FAILURES && long
}

/// The HF job that, by this event, will serve nobody any more, and whether the dispatcher gave it up.
fn spent<'a>(ledger: &Ledger<'a>, event: &'a Event) -> Option<(&'a HfJobId, bool)> {
    match &event.event {
        What::RunnerRefused { .. } => Some((ledger.spends(event)?, false)),
        What::RunnerRemoved { why, .. } => Some((ledger.spends(event)?, *why == Removal::Api)),
        What::CallAnswered { .. } => Some((ledger.spends(event)?, true)),
        What::JobTakenBack { runner, .. } => Some((ledger.hf_job_of(*runner, event.id)?, false)),
        What::JobCompleted { job, .. } => {
            let (started, runner) = ledger.jobs.get(job)?.started?;
            Some((ledger.hf_job_of(runner?, started.event)?, false))
        }
        other => {
            let (hf_job, _, cause) = ends_hf_job(other)?;
            Some((hf_job, cause == StageCause::Cancel))
        }
    }
}

/// Whether an HF job that was spent then had no job of its lane, though it had its chance.
fn is_in_vain(
    ledger: &Ledger<'_>,
    terms: &Terms,
    hf_job: &HfJobId,
    given_up: bool,
    at: Moment,
) -> bool {
    let life = ledger.hf_jobs.get(hf_job);
    let had_its_chance = life.is_some_and(|life| !given_up || life.had_a_chance(terms, at));
    had_its_chance && !ledger.was_of_use(hf_job, at.event)
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
