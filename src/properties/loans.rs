//! Loans: which idle HF job stands for which recorded job. GitHub gives a job that its recording starts or ends to no
//! runner, so an idle one is all that a dispatcher can bring it; docs/verdicts.md, "Recorded job", has the rules.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Event, What},
    ids::{EventId, HfJobId, JobId},
};

use super::{
    Context,
    lanes::{LaneId, Reach},
    ledger::{Moment, ends_hf_job, moment},
    tally::{Standing, Tally},
    turns::Turn,
};

/// What happened to a loan.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lending<'a> {
    /// The job is lent the HF job: as if it had started on it.
    Lent { job: JobId, hf_job: &'a HfJobId },
    /// The HF job idles for nobody again.
    Free { hf_job: &'a HfJobId },
    /// Another job of its lane, `by`, started on the HF job: the recorded one counts as lent none, with the demand it had.
    Passed {
        job: JobId,
        by: JobId,
        opened: EventId,
    },
    /// A job of another lane started on it: the recorded one demands anew.
    Lost { job: JobId },
}

/// What happened to a loan, with its moment and lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loan<'a> {
    /// When: right after the event.
    pub(super) at: Moment,
    /// The recorded job's lane.
    pub(super) lane: LaneId,
    /// What happened.
    pub(super) lending: Lending<'a>,
}

/// Every loan of a history, in order; none where no job is recorded.
pub(super) fn loans<'a>(context: &Context<'_, 'a>) -> Vec<Loan<'a>> {
    if context.terms.recorded_jobs.is_empty() {
        return Vec::new();
    }
    let mut tally = Tally::new(context);
    let mut lender = Lender {
        context,
        lanes: vec![Line::default(); context.ledger.lanes.len()],
        online: BTreeMap::new(),
        opened: BTreeMap::new(),
        lent: BTreeMap::new(),
        has: BTreeMap::new(),
        loans: Vec::new(),
    };
    for event in context.ledger.events {
        tally.enter(event);
        lender.enter(&tally, event);
    }
    lender.loans
}

/// Who could be lent what, in one lane.
#[derive(Clone, Debug, Default)]
struct Line<'a> {
    /// Open recorded jobs that are lent nothing, the oldest demand first.
    waiting: BTreeSet<(EventId, JobId)>,
    /// Idle HF jobs that are lent to nobody, the first online first.
    idle: BTreeSet<(EventId, &'a HfJobId)>,
}

struct Lender<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    lanes: Vec<Line<'a>>,
    /// Since which event the runner of each HF job has been online.
    online: BTreeMap<&'a HfJobId, EventId>,
    /// Which event opened each recorded job that is open.
    opened: BTreeMap<JobId, EventId>,
    /// Who has each HF job that is lent, and the other way round.
    lent: BTreeMap<&'a HfJobId, JobId>,
    has: BTreeMap<JobId, &'a HfJobId>,
    loans: Vec<Loan<'a>>,
}

impl<'a> Lender<'_, '_, 'a> {
    fn enter(&mut self, tally: &Tally<'_, 'a>, event: &'a Event) {
        let at = moment(event);
        let mut touched = Vec::new();
        match &event.event {
            What::RunnerOnline {
                hf_job: Some(hf_job),
                ..
            } => {
                self.online.entry(hf_job).or_insert(event.id);
            }
            What::RunnerExited { hf_job, .. } => {
                self.is_idle(hf_job, false);
                self.online.remove(hf_job);
            }
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => {
                let hf_job = self.context.ledger.hf_job_of(*runner, event.id);
                if let Some(hf_job) = hf_job {
                    touched.extend(self.starts_on(hf_job, *job, at));
                }
            }
            other => {
                if let Some((hf_job, ..)) = ends_hf_job(other) {
                    self.is_idle(hf_job, false);
                    self.online.remove(hf_job);
                }
            }
        }
        for taken in tally.turned() {
            if !self.context.terms.recorded_jobs.contains(&taken.job) {
                continue;
            }
            let Some(line) = self.lanes.get_mut(taken.lane.0) else {
                continue;
            };
            if let Some(opened) = self.opened.remove(&taken.job) {
                line.waiting.remove(&(opened, taken.job));
            }
            touched.push(taken.lane);
            match taken.turn {
                Turn::Opens | Turn::Renews => {
                    line.waiting.insert((event.id, taken.job));
                    self.opened.insert(taken.job, event.id);
                }
                Turn::Holds | Turn::Starts | Turn::Leaves => {}
            }
            touched.extend(self.gives_back(tally, taken.job, at));
        }
        touched.extend(self.moved(tally, event));
        for lane in touched {
            self.lend(lane, at);
        }
    }

    /// A job starts on an HF job that may be lent. If it was lent another itself, the two jobs change places.
    fn starts_on(&mut self, hf_job: &'a HfJobId, by: JobId, at: Moment) -> Option<LaneId> {
        let job = self.lent.get(hf_job).copied().filter(|job| *job != by)?;
        let ledger = self.context.ledger;
        let (lane, _) = ledger.routed(job)?;
        let is_of_lane = ledger.routed(by).is_some_and(|(its, _)| its == lane);
        self.lent.remove(hf_job);
        self.has.remove(&job);
        if let Some(other) = self.has.get(&by).copied().filter(|_| is_of_lane) {
            self.has.remove(&by);
            self.has.insert(job, other);
            self.lent.insert(other, job);
            return None;
        }
        let opened = self.opened.get_mut(&job)?;
        let lending = if is_of_lane {
            let opened = *opened;
            Lending::Passed { job, by, opened }
        } else {
            *opened = at.event;
            Lending::Lost { job }
        };
        let waits_since = *opened;
        self.loans.push(Loan { at, lane, lending });
        let line = self.lanes.get_mut(lane.0)?;
        line.waiting.insert((waits_since, job));
        Some(lane)
    }

    /// A job that is open no longer, or anew, has no use for what it was lent.
    fn gives_back(&mut self, tally: &Tally<'_, 'a>, job: JobId, at: Moment) -> Option<LaneId> {
        let hf_job = self.has.remove(&job)?;
        self.lent.remove(hf_job);
        let (lane, _) = self.context.ledger.routed(job)?;
        if tally.standing(hf_job) == Some(Standing::Supply) {
            let lending = Lending::Free { hf_job };
            self.loans.push(Loan { at, lane, lending });
        }
        self.look(tally, hf_job)
    }

    /// The HF job that the event moved may idle from now on, or no longer.
    fn moved(&mut self, tally: &Tally<'_, 'a>, event: &'a Event) -> Option<LaneId> {
        let online = match &event.event {
            What::RunnerOnline { hf_job, .. } => hf_job.as_ref(),
            _ => None,
        };
        let moved = tally.moved().or(online)?;
        self.look(tally, moved)
    }

    /// Sees whether an HF job idles for nobody.
    fn look(&mut self, tally: &Tally<'_, 'a>, hf_job: &'a HfJobId) -> Option<LaneId> {
        let is_supply = tally.standing(hf_job) == Some(Standing::Supply);
        self.is_idle(hf_job, is_supply && !self.lent.contains_key(hf_job))
    }

    fn is_idle(&mut self, hf_job: &'a HfJobId, is_idle: bool) -> Option<LaneId> {
        let Some(Reach::Lane(lane)) = self.context.ledger.lanes.reach(hf_job) else {
            return None;
        };
        let since = *self.online.get(hf_job)?;
        let idle = &mut self.lanes.get_mut(lane.0)?.idle;
        if is_idle {
            idle.insert((since, hf_job));
        } else {
            idle.remove(&(since, hf_job));
        }
        is_idle.then_some(lane)
    }

    fn lend(&mut self, lane: LaneId, at: Moment) {
        let Some(line) = self.lanes.get_mut(lane.0) else {
            return;
        };
        while !line.waiting.is_empty() && !line.idle.is_empty() {
            let pair = line.waiting.pop_first().zip(line.idle.pop_first());
            if let Some(((_, job), (_, hf_job))) = pair {
                self.lent.insert(hf_job, job);
                self.has.insert(job, hf_job);
                let lending = Lending::Lent { job, hf_job };
                self.loans.push(Loan { at, lane, lending });
            }
        }
    }
}
