//! Loans: which HF job stands for which recorded job. GitHub keeps a runner for a job that its recording starts or ends,
//! and until that start the job runs nowhere, whatever a dispatcher brings it; docs/verdicts.md, "Recorded job", has the
//! rules.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Event, What},
    ids::{HfJobId, JobId},
};

use super::{
    Context,
    lanes::LaneId,
    ledger::{Kinds, Moment, moment},
    tally::{Standing, Tally},
    turns::Turn,
};

/// What happened to a loan.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lending<'a> {
    /// The job is lent the HF job: as if it had started on it.
    Lent { job: JobId, hf_job: &'a HfJobId },
    /// The HF job works for nobody any more, though it could.
    Free { hf_job: &'a HfJobId },
    /// The last that it was lent is another's: the recorded job demands anew.
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
        open: BTreeSet::new(),
        lent: BTreeMap::new(),
        has: BTreeMap::new(),
        loans: Vec::new(),
    };
    for event in context.changes_and(Kinds::LIVES) {
        tally.enter(event);
        lender.enter(&tally, event);
    }
    lender.loans
}

struct Lender<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    /// The recorded jobs that are open.
    open: BTreeSet<JobId>,
    /// Who has each HF job that is lent, and the other way round.
    lent: BTreeMap<&'a HfJobId, JobId>,
    has: BTreeMap<JobId, Vec<&'a HfJobId>>,
    loans: Vec<Loan<'a>>,
}

impl<'a> Lender<'_, '_, 'a> {
    fn enter(&mut self, tally: &Tally<'_, 'a>, event: &'a Event) {
        let at = moment(event);
        for taken in tally.turned() {
            if !self.context.terms.recorded_jobs.contains(&taken.job) {
                continue;
            }
            self.gives_back(tally, taken.job, at);
            match taken.turn {
                Turn::Opens | Turn::Renews => self.open.insert(taken.job),
                Turn::Holds | Turn::Starts | Turn::Leaves => self.open.remove(&taken.job),
            };
        }
        match &event.event {
            What::RunnerKept {
                job,
                hf_job: Some(hf_job),
                ..
            } => {
                self.takes(tally, *job, hf_job, at);
                self.lends(*job, hf_job, at);
            }
            What::RunnerAssigned {
                job,
                hf_job: Some(hf_job),
                ..
            } => self.takes(tally, *job, hf_job, at),
            _ => {}
        }
    }

    fn lends(&mut self, job: JobId, hf_job: &'a HfJobId, at: Moment) {
        let Some((lane, _)) = self.context.ledger.routed(job) else {
            return;
        };
        if self.open.contains(&job) {
            self.lent.insert(hf_job, job);
            self.has.entry(job).or_default().push(hf_job);
            let lending = Lending::Lent { job, hf_job };
            self.loans.push(Loan { at, lane, lending });
        }
    }

    /// A runner is kept for a job, or given it. If its HF job was lent to another, that one has it no more.
    fn takes(&mut self, tally: &Tally<'_, 'a>, to: JobId, hf_job: &'a HfJobId, at: Moment) {
        let Some(job) = self.lent.get(hf_job).copied().filter(|job| *job != to) else {
            return;
        };
        self.frees(tally, job, hf_job, at);
        let Some(left) = self.has.get_mut(&job) else {
            return;
        };
        left.retain(|had| *had != hf_job);
        if left.is_empty()
            && let Some((lane, _)) = self.context.ledger.routed(job)
        {
            self.has.remove(&job);
            let lending = Lending::Lost { job };
            self.loans.push(Loan { at, lane, lending });
        }
    }

    /// A job that is open no longer, or anew, has no use for what it was lent.
    fn gives_back(&mut self, tally: &Tally<'_, 'a>, job: JobId, at: Moment) {
        for hf_job in self.has.remove(&job).into_iter().flatten() {
            self.frees(tally, job, hf_job, at);
        }
    }

    fn frees(&mut self, tally: &Tally<'_, 'a>, job: JobId, hf_job: &'a HfJobId, at: Moment) {
        self.lent.remove(hf_job);
        let is_supply = tally.standing(hf_job) == Some(Standing::Supply);
        if let Some((lane, _)) = self.context.ledger.routed(job).filter(|_| is_supply) {
            let lending = Lending::Free { hf_job };
            self.loans.push(Loan { at, lane, lending });
        }
    }
}
