//! Loans: an HF job whose runner is kept for a job which only its recording starts. The positions are replayed in order,
//! and after each event the rule is applied as the page has it.

use fakes::{
    history::What,
    ids::{HfJobId, JobId},
};

use super::{Demand, HfJob, Job, Lane, Scene};

/// A recorded job that is lent an HF job.
pub(crate) struct Loan {
    pub(crate) job: JobId,
    pub(crate) lane: Lane,
    /// The demand for which it is lent.
    demand: usize,
    pub(crate) hf_job: HfJobId,
    pub(crate) from: usize,
    /// The first position at which it is lent no more.
    pub(crate) until: Option<usize>,
    /// The job was lent another one for the same demand before.
    pub(crate) further: bool,
}

impl Loan {
    fn is_on(&self, position: usize) -> bool {
        self.from <= position && self.until.is_none_or(|until| position < until)
    }

    /// Whether it counts as the start of its job: also once it is over.
    const fn counts(&self, position: usize) -> bool {
        self.from <= position
    }
}

pub(super) fn made(scene: &mut Scene<'_>) -> Vec<Loan> {
    let mut loans = Vec::new();
    let events = scene.events;
    for (position, event) in events.iter().enumerate() {
        end(scene, &mut loans, position);
        if let What::RunnerKept {
            job,
            hf_job: Some(hf_job),
            ..
        }
        | What::RunnerAssigned {
            job,
            hf_job: Some(hf_job),
            ..
        } = &event.event
            && let Some(loser) = lose(&mut loans, *job, hf_job, position)
        {
            let job = scene.jobs.get_mut(&loser);
            job.expect("a recorded job")
                .counts_anew(position, event.at_ms);
        }
        if let What::RunnerKept {
            job,
            hf_job: Some(hf_job),
            ..
        } = &event.event
            && let Some(loan) = lend(scene, &loans, *job, hf_job, position)
        {
            loans.push(loan);
        }
    }
    loans
}

/// A runner is kept for a job, or given it: its HF job is lent to no other any more. Gives whoever has none left.
fn lose(loans: &mut [Loan], to: JobId, given: &HfJobId, position: usize) -> Option<JobId> {
    let is_it = |loan: &&mut Loan| loan.job != to && loan.hf_job == *given && loan.until.is_none();
    let taken = loans.iter_mut().find(is_it)?;
    taken.until = Some(position);
    let loser = taken.job;
    let has_more = loans
        .iter()
        .any(|loan| loan.job == loser && loan.until.is_none());
    (!has_more).then_some(loser)
}

/// Ends the loans whose job is open no longer, or counts anew.
fn end(scene: &Scene<'_>, loans: &mut [Loan], position: usize) {
    for loan in loans.iter_mut().filter(|loan| loan.until.is_none()) {
        let demand = scene.jobs[&loan.job].demand(position);
        if demand.is_none_or(|demand| demand.position != loan.demand) {
            loan.until = Some(position);
        }
    }
}

fn lend(
    scene: &Scene<'_>,
    loans: &[Loan],
    job: JobId,
    hf_job: &HfJobId,
    position: usize,
) -> Option<Loan> {
    let job = scene.jobs.get(&job).filter(|job| scene.is_recorded(job))?;
    let (lane, demand) = job.lane.clone().zip(job.demand(position))?;
    let is_before = |loan: &Loan| loan.job == job.id && loan.demand == demand.position;
    Some(Loan {
        job: job.id,
        lane,
        demand: demand.position,
        hf_job: hf_job.clone(),
        from: position,
        until: None,
        further: loans.iter().any(is_before),
    })
}

impl Scene<'_> {
    /// The recording alone starts and ends it.
    pub(crate) fn is_recorded(&self, job: &Job) -> bool {
        self.terms.recorded_jobs.contains(&job.id)
    }

    /// Whether a job counts as started by a loan, for one of its demands.
    pub(crate) fn is_lent_one(&self, job: &Job, demand: &Demand, position: usize) -> bool {
        let mut own = self.loans.iter().filter(|loan| loan.job == job.id);
        own.any(|loan| loan.demand == demand.position && loan.counts(position))
    }

    /// The demand for which a job waits: it is open, and no loan counts as its start.
    pub(crate) fn waits<'s>(&self, job: &'s Job, position: usize) -> Option<&'s Demand> {
        let open = job.demand(position);
        open.filter(|demand| !self.is_lent_one(job, demand, position))
    }

    /// Whether an HF job works for a recorded job, as far as waits and supply go.
    pub(crate) fn is_lent(&self, hf_job: &HfJob, position: usize) -> bool {
        let mut loans = self.loans.iter();
        loans.any(|loan| loan.hf_job == hf_job.id && loan.is_on(position))
    }
}
