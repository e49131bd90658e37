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
    /// The demand for which it is lent.
    demand: usize,
    pub(crate) from: usize,
    /// The first position at which it is lent none any more.
    pub(crate) until: Option<usize>,
    /// Another job started on the HF job: the recorded one counts as lent none.
    pub(crate) undone: bool,
    /// A job of another lane started on it: the demand of the recorded one counts anew.
    pub(crate) lost: bool,
    /// Which HF job, from which position on: it changes when another job that is lent one starts on it.
    pub(crate) hf_jobs: Vec<(usize, HfJobId)>,
}

impl Loan {
    /// Whether the job is lent an HF job.
    fn is_on(&self, position: usize) -> bool {
        self.from <= position && self.until.is_none_or(|until| position < until)
    }

    /// Whether that is this one.
    fn is_of(&self, hf_job: &HfJobId, position: usize) -> bool {
        let mut until_here = self.hf_jobs.iter().rev();
        let now = until_here.find(|(from, _)| *from <= position);
        self.is_on(position) && now.is_some_and(|(_, now)| now == hf_job)
    }

    /// Whether it counts as the start of its job: also once it is over, unless it was undone.
    fn counts(&self, position: usize) -> bool {
        self.from <= position && (!self.undone || self.is_on(position))
    }
}

/// Where each runner that is online came online, and in which HF job.
type Online<'e> = BTreeMap<RunnerId, (&'e HfJobId, usize)>;

pub(super) fn made(scene: &mut Scene<'_>) -> Vec<Loan> {
    let mut loans = Vec::new();
    let mut online = Online::new();
    let events = scene.events;
    for (position, event) in events.iter().enumerate() {
        follow(&mut online, &event.event, position);
        for anew in starts(scene, &mut loans, position) {
            let job = scene.jobs.get_mut(&anew);
            job.expect("a recorded job")
                .counts_anew(position, event.at_ms);
        }
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

/// What comes of it for loans that jobs start here, on HF jobs that are lent to others; gives the recorded jobs whose
/// demand counts anew.
fn starts(scene: &Scene<'_>, loans: &mut [Loan], position: usize) -> Vec<JobId> {
    let mut anew = Vec::new();
    for (starter, hf_job) in scene.starts(position) {
        let is_other = |loan: &Loan| loan.job != starter && loan.is_of(&hf_job.id, position);
        let Some(lent) = loans.iter().position(is_other) else {
            continue;
        };
        let lane = scene.jobs.get(&starter).and_then(|job| job.lane.as_ref());
        let of_the_lane = lane == Some(&loans[lent].lane);
        let is_starters = |loan: &Loan| loan.job == starter && loan.is_on(position);
        let own = loans.iter().position(is_starters).filter(|_| of_the_lane);
        if let Some(own) = own {
            let (_, other) = loans[own].hf_jobs.last().expect("it is lent one").clone();
            loans[lent].hf_jobs.push((position, other));
            loans[own].hf_jobs.push((position, hf_job.id.clone()));
            continue;
        }
        loans[lent].until = Some(position);
        loans[lent].undone = of_the_lane;
        loans[lent].lost = !of_the_lane;
        if !of_the_lane {
            anew.push(loans[lent].job);
        }
    }
    anew
}

/// Ends the loans whose job is open no longer, or counts anew, or starts on what it is lent.
fn end(scene: &Scene<'_>, loans: &mut [Loan], position: usize) {
    for loan in loans.iter_mut().filter(|loan| loan.until.is_none()) {
        let demand = scene.jobs[&loan.job].demand(position);
        let is_over = demand.is_none_or(|demand| demand.position != loan.demand);
        let mut starts = scene.starts(position).into_iter();
        let is_own =
            |(job, hf_job): (JobId, &HfJob)| job == loan.job && loan.is_of(&hf_job.id, position);
        if is_over || starts.any(is_own) {
            loan.until = Some(position);
        }
    }
}

/// What is lent next in a lane: to the job with the oldest demand, the HF job that has been online longest.
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
    let (job, demand) = waits.min_by_key(|(job, demand)| (demand.position, job.id))?;
    let is_free = |hf_job: &&HfJob| {
        let is_lent = |loan: &Loan| loan.is_of(&hf_job.id, position);
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
        demand: demand.position,
        from: position,
        until: None,
        undone: false,
        lost: false,
        hf_jobs: vec![(position, hf_job.id.clone())],
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
        let mut loans = self.loans.iter();
        loans.any(|loan| loan.is_of(&hf_job.id, position))
    }

    /// Whether a job started here on an HF job that was lent until then, to a job of the same lane.
    pub(crate) fn starts_on_a_lent_one(&self, job: &Job, position: usize) -> bool {
        let mut starts = self.starts(position).into_iter();
        position > 0
            && starts.any(|(starter, hf_job)| {
                starter == job.id && hf_job.lane == job.lane && self.is_lent(hf_job, position - 1)
            })
    }

    /// The jobs that start here on an HF job.
    fn starts(&self, position: usize) -> Vec<(JobId, &HfJob)> {
        let on = |hf_job: &'_ HfJob| {
            let starts = hf_job.worked.iter();
            starts
                .filter(|(_, started, _)| *started == position)
                .map(|(job, ..)| *job)
                .collect::<Vec<_>>()
        };
        let all = self.hf_jobs.iter();
        all.flat_map(|hf_job| on(hf_job).into_iter().map(move |job| (job, hf_job)))
            .collect()
    }
}
