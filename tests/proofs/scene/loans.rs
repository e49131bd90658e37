//! Loans: an HF job that idles for a job which only its recording starts. The positions are replayed in order, and after
//! each event the rule is applied as the page has it.

use std::collections::BTreeMap;

use fakes::{
    history::What,
    ids::{HfJobId, JobId, RunnerId},
};

use super::{Demand, HfJob, Job, Lane, Scene};

/// A recorded job that is lent an HF job.
pub(crate) struct Loan {
    pub(crate) job: JobId,
    pub(crate) lane: Lane,
    pub(crate) hf_job: HfJobId,
    /// The demand for which it is lent.
    demand: usize,
    pub(crate) from: usize,
    /// The first position at which the HF job is lent no longer.
    pub(crate) until: Option<usize>,
    /// Another job started on the HF job: the recorded one counts as lent none.
    pub(crate) undone: bool,
}

impl Loan {
    /// Whether the HF job is lent.
    fn is_on(&self, position: usize) -> bool {
        self.from <= position && self.until.is_none_or(|until| position < until)
    }

    /// Whether it counts as the start of its job: also once it is over, unless it was undone.
    fn counts(&self, position: usize) -> bool {
        self.from <= position && (!self.undone || self.is_on(position))
    }
}

/// Where each runner that is online came online, and in which HF job.
type Online<'e> = BTreeMap<RunnerId, (&'e HfJobId, usize)>;

pub(super) fn made(scene: &Scene<'_>) -> Vec<Loan> {
    let mut loans = Vec::new();
    let mut online = Online::new();
    for (position, event) in scene.events.iter().enumerate() {
        follow(&mut online, &event.event, position);
        end(scene, &mut loans, position);
        for lane in &scene.lanes {
            while let Some(loan) = next(scene, &loans, &online, lane, position) {
                loans.push(loan);
            }
        }
    }
    loans
}

/// A runner is online from `runner.online` until `runner.exited`; that its HF job has ended is asked for elsewhere.
fn follow<'e>(online: &mut Online<'e>, event: &'e What, position: usize) {
    match event {
        What::RunnerOnline { runner, hf_job, .. } => {
            let before = online.remove(runner);
            if let Some(hf_job) = hf_job {
                let stays = before.filter(|(whose, _)| *whose == hf_job);
                online.insert(*runner, stays.unwrap_or((hf_job, position)));
            }
        }
        What::RunnerExited { hf_job, .. } => online.retain(|_, (whose, _)| *whose != hf_job),
        _ => {}
    }
}

/// Ends the loans whose job is open no longer, or counts anew, and those on whose HF job one starts.
fn end(scene: &Scene<'_>, loans: &mut [Loan], position: usize) {
    for loan in loans.iter_mut().filter(|loan| loan.until.is_none()) {
        let demand = scene.jobs[&loan.job].demand(position);
        let is_over = demand.is_none_or(|demand| demand.position != loan.demand);
        let hf_job = scene.hf_job(&loan.hf_job).expect("an HF job that is lent");
        let mut starts = hf_job.worked.iter();
        let starter = starts.find(|(_, started, _)| *started == position);
        if is_over || starter.is_some() {
            loan.until = Some(position);
            loan.undone = starter.is_some_and(|(job, ..)| *job != loan.job);
        }
    }
}

/// What is lent next in a lane: to the job with the oldest demand, the HF job whose runner came online first.
fn next(
    scene: &Scene<'_>,
    loans: &[Loan],
    online: &Online<'_>,
    lane: &Lane,
    position: usize,
) -> Option<Loan> {
    let lent_none = |(job, demand): &(&Job, &Demand)| {
        !loans.iter().any(|loan| {
            loan.job == job.id && loan.demand == demand.position && loan.counts(position)
        })
    };
    let recorded = scene.jobs_of(lane).filter(|job| scene.is_recorded(job));
    let open = recorded.filter_map(|job| Some((job, job.demand(position)?)));
    let waits = open.filter(lent_none);
    let (job, demand) = waits.min_by_key(|(_, demand)| demand.position)?;
    let is_free = |hf_job: &&HfJob| {
        let is_lent = |loan: &Loan| loan.hf_job == hf_job.id && loan.is_on(position);
        hf_job.is_supply(position) && !loans.iter().any(is_lent)
    };
    let own = scene
        .hf_jobs
        .iter()
        .filter(|hf_job| hf_job.lane.as_ref() == Some(lane));
    let idle = own
        .filter(is_free)
        .filter_map(|hf_job| Some((since(online, hf_job)?, hf_job)));
    let (_, hf_job) = idle.min_by_key(|(since, _)| *since)?;
    Some(Loan {
        job: job.id,
        lane: lane.clone(),
        hf_job: hf_job.id.clone(),
        demand: demand.position,
        from: position,
        until: None,
        undone: false,
    })
}

/// Where a runner of it came online, of those that are.
fn since(online: &Online<'_>, hf_job: &HfJob) -> Option<usize> {
    let own = online.values().filter(|(whose, _)| **whose == hf_job.id);
    own.map(|(_, since)| *since).min()
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
        let mut own = self.loans.iter().filter(|loan| loan.hf_job == hf_job.id);
        own.any(|loan| loan.is_on(position))
    }

    /// Whether a job started here on an HF job that was lent until then, to a job of the same lane.
    pub(crate) fn starts_on_a_lent_one(&self, job: &Job, position: usize) -> bool {
        position > 0
            && self.hf_jobs.iter().any(|hf_job| {
                let is_start =
                    |(id, started, _): &(JobId, usize, _)| *id == job.id && *started == position;
                let starts = hf_job.worked.iter().any(is_start);
                let same_lane = hf_job.lane == job.lane;
                starts && same_lane && self.is_lent(hf_job, position - 1)
            })
    }
}
