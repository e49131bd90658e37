//! Jobs: held, open, started, over, dead, told and withdrawn; and the tellings that the dispatcher made.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Event, What},
    ids::{JobId, RunId},
};

use super::{Lane, Scene, causes, lanes::owner};

const DAY_MS: u64 = 24 * 3_600_000;

/// A job, its moments by position.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) run: RunId,
    /// Its repository, by the name it had first.
    repo: String,
    /// None if it is not routed.
    pub(crate) lane: Option<Lane>,
    /// It looks meant for the dispatcher, in a repository that is served, and no rule routes it.
    pub(crate) looks_meant: bool,
    /// Each `job.queued`.
    pub(crate) queued: Vec<usize>,
    pub(crate) started: Option<usize>,
    pub(crate) completed: Option<usize>,
    /// When it died: by its run's end, or of age, which need not be the time of an event.
    pub(crate) died: Option<(usize, u64)>,
    /// The first position after its announcement at which its installation was gone.
    pub(crate) suspended: Option<usize>,
    pub(crate) demands: Vec<Demand>,
    /// While it waits, or is queued and held by something.
    pub(crate) held: Vec<(usize, Option<usize>)>,
    /// While it would be open or held if its installation were there.
    away: Vec<(usize, Option<usize>)>,
    phase: Phase,
    is_told: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Not announced yet.
    Unknown,
    Held,
    Dispatchable,
    Started,
    Completed,
}

/// While GitHub would give the job to a runner.
#[derive(Clone)]
pub(crate) struct Demand {
    pub(crate) position: usize,
    pub(crate) at: u64,
    pub(crate) gone: Option<Gone>,
}

/// The end of a demand: by the job's start, or it was withdrawn.
#[derive(Clone, Copy)]
pub(crate) struct Gone {
    pub(crate) position: usize,
    /// Not always the time of an event: a job dies of age between two.
    pub(crate) at: u64,
    pub(crate) by_start: bool,
}

/// Something by which the user could see that a job will not be served.
pub(crate) struct Telling {
    pub(crate) position: usize,
    pub(crate) job: JobId,
    pub(crate) for_cause: bool,
}

impl Demand {
    fn covers(&self, position: usize) -> bool {
        self.position <= position && self.gone.is_none_or(|gone| position < gone.position)
    }
}

impl Job {
    pub(crate) fn is_open(&self, position: usize) -> bool {
        self.demands.iter().any(|demand| demand.covers(position))
    }

    pub(crate) fn is_held(&self, position: usize) -> bool {
        let mut held = self.held.iter();
        held.any(|(from, to)| *from <= position && to.is_none_or(|to| position < to))
    }

    pub(crate) fn is_away(&self, position: usize) -> bool {
        let mut away = self.away.iter();
        away.any(|(from, to)| *from <= position && to.is_none_or(|to| position < to))
    }

    /// The demand for which it is open.
    pub(crate) fn demand(&self, position: usize) -> Option<&Demand> {
        self.demands.iter().find(|demand| demand.covers(position))
    }

    /// What follows from its phase: a demand from here, or none any more; held, or not.
    fn wants(&mut self, is_suspended: bool, position: usize, at: u64) {
        let is_withdrawn = self.died.is_some() || self.is_told || is_suspended;
        let is_open = self.phase == Phase::Dispatchable && !is_withdrawn;
        let is_held = self.phase == Phase::Held && !is_withdrawn;
        let was_open = self
            .demands
            .last()
            .is_some_and(|demand| demand.gone.is_none());
        let was_held = self.held.last().is_some_and(|(_, to)| to.is_none());
        if was_open && !is_open {
            let by_start = self.phase == Phase::Started;
            self.demand_goes(Gone {
                position,
                at,
                by_start,
            });
        }
        if !was_open && is_open {
            self.demands.push(Demand {
                position,
                at,
                gone: None,
            });
        }
        if was_held && !is_held {
            self.held.last_mut().expect("it was held").1 = Some(position);
        }
        if !was_held && is_held {
            self.held.push((position, None));
        }
        let waits = matches!(self.phase, Phase::Held | Phase::Dispatchable);
        let is_away = waits && is_suspended && self.died.is_none() && !self.is_told;
        let was_away = self.away.last().is_some_and(|(_, to)| to.is_none());
        if was_away && !is_away {
            self.away.last_mut().expect("it was away").1 = Some(position);
        }
        if !was_away && is_away {
            self.away.push((position, None));
        }
    }

    /// Splits the demand for which it is open in two: the first goes here, and the second comes.
    pub(super) fn counts_anew(&mut self, position: usize, at: u64) {
        let mut demands = self.demands.iter();
        let Some(own) = demands.position(|demand| demand.covers(position)) else {
            return;
        };
        let goes = Gone {
            position,
            at,
            by_start: false,
        };
        let gone = self.demands[own].gone.replace(goes);
        let anew = Demand { position, at, gone };
        self.demands.insert(own + 1, anew);
    }

    fn demand_goes(&mut self, gone: Gone) {
        if let Some(demand) = self.demands.last_mut() {
            demand.gone.get_or_insert(gone);
        }
    }
}

/// Every job that the history announces, without what becomes of it.
pub(super) fn announced(scene: &Scene<'_>) -> BTreeMap<JobId, Job> {
    let mut jobs = BTreeMap::new();
    for event in scene.events {
        let (What::JobQueued {
            job,
            run,
            repo,
            labels,
            ..
        }
        | What::JobWaiting {
            job,
            run,
            repo,
            labels,
            ..
        }) = &event.event
        else {
            continue;
        };
        jobs.entry(*job).or_insert_with(|| Job {
            id: *job,
            run: *run,
            repo: scene.first_name(repo),
            lane: scene.routed(repo, labels),
            looks_meant: scene.is_served(repo) && scene.terms.looks_meant(labels),
            queued: Vec::new(),
            started: None,
            completed: None,
            died: None,
            suspended: None,
            demands: Vec::new(),
            held: Vec::new(),
            away: Vec::new(),
            phase: Phase::Unknown,
            is_told: false,
        });
    }
    jobs
}

/// Lives through the history: what becomes of each job, and who was told.
pub(super) fn live(scene: &mut Scene<'_>) {
    let mut jobs = scene.jobs.clone();
    let mut suspended = BTreeSet::new();
    let mut tellings = Vec::new();
    for position in 0..scene.events.len() {
        let event = &scene.events[position];
        die_of_age(scene, &mut jobs, event.at_ms, position);
        happen(&mut jobs, event, position);
        match &event.event {
            What::InstallationSuspended { owner, .. } | What::InstallationDeleted { owner, .. } => {
                suspended.insert(owner.to_ascii_lowercase());
            }
            What::InstallationUnsuspended { owner, .. }
            | What::InstallationCreated { owner, .. } => {
                suspended.remove(&owner.to_ascii_lowercase());
            }
            _ => {}
        }
        let told = tell(scene, &jobs, position);
        for telling in told.iter().filter(|telling| telling.for_cause) {
            jobs.get_mut(&telling.job)
                .expect("a job that is told of")
                .is_told = true;
        }
        tellings.extend(told);
        for job in jobs.values_mut() {
            let name = scene.name_at(&job.repo, position);
            let is_suspended = suspended.contains(owner(&name));
            if is_suspended && job.phase != Phase::Unknown {
                job.suspended.get_or_insert(position);
            }
            job.wants(is_suspended, position, event.at_ms);
        }
    }
    scene.jobs = jobs;
    scene.tellings = tellings;
}

/// `job.queued` is 24 h ago and it has not started.
fn die_of_age(scene: &Scene<'_>, jobs: &mut BTreeMap<JobId, Job>, now: u64, position: usize) {
    for job in jobs.values_mut() {
        let waits = matches!(job.phase, Phase::Held | Phase::Dispatchable) && job.died.is_none();
        let Some(queued) = job.queued.last().filter(|_| waits) else {
            continue;
        };
        let dies = scene.at(*queued) + DAY_MS;
        if dies <= now {
            job.died = Some((position, dies));
            job.wants(false, position, dies);
        }
    }
}

fn happen(jobs: &mut BTreeMap<JobId, Job>, event: &Event, position: usize) {
    match &event.event {
        What::RunCompleted { run, .. } => {
            for job in jobs.values_mut().filter(|job| job.run == *run) {
                if job.phase != Phase::Unknown && job.started.is_none() {
                    job.died.get_or_insert((position, event.at_ms));
                }
            }
        }
        What::JobQueued { job, .. }
        | What::JobWaiting { job, .. }
        | What::JobDispatchable { job }
        | What::JobTakenBack { job, .. }
        | What::JobStarted { job, .. }
        | What::JobCompleted { job, .. } => {
            if let Some(job) = jobs.get_mut(job) {
                job.happens(event, position);
            }
        }
        _ => {}
    }
}

impl Job {
    fn happens(&mut self, event: &Event, position: usize) {
        match &event.event {
            What::JobQueued { held_by, .. } => {
                self.queued.push(position);
                self.is_now(if held_by.is_some() {
                    Phase::Held
                } else {
                    Phase::Dispatchable
                });
            }
            What::JobWaiting { .. } => self.is_now(Phase::Held),
            What::JobDispatchable { .. } => self.is_now(Phase::Dispatchable),
            // As if it came now: `wants` begins a new demand.
            What::JobTakenBack { .. } if self.phase == Phase::Dispatchable => {
                self.demand_goes(Gone {
                    position,
                    at: event.at_ms,
                    by_start: false,
                });
            }
            What::JobStarted { .. } => {
                self.started.get_or_insert(position);
                self.is_now(Phase::Started);
            }
            What::JobCompleted { .. } => {
                self.completed.get_or_insert(position);
                self.phase = Phase::Completed;
            }
            _ => {}
        }
    }

    /// A job that started or ended does not go back.
    fn is_now(&mut self, phase: Phase) {
        match self.phase {
            Phase::Completed => {}
            Phase::Started if phase != Phase::Started => {}
            Phase::Unknown | Phase::Held | Phase::Dispatchable | Phase::Started => {
                self.phase = phase;
            }
        }
    }

    fn is_over(&self) -> bool {
        self.phase == Phase::Completed || self.died.is_some()
    }
}

/// The tellings that this event is: of each job that is not over, each for cause or not.
fn tell(scene: &Scene<'_>, jobs: &BTreeMap<JobId, Job>, position: usize) -> Vec<Telling> {
    let is_cause = |job: &Job| {
        let since = job.demands.last().map(|demand| demand.position);
        causes::has_cause(scene, job.lane.as_ref(), since, position)
    };
    let not_over = |job: &&Job| job.phase != Phase::Unknown && !job.is_over();
    let telling = |job: &Job, for_cause: bool| Telling {
        position,
        job: job.id,
        for_cause,
    };
    match &scene.events[position].event {
        What::RunCancelRequested {
            run,
            call: Some(call),
        } if scene.is_dispatchers(*call) => {
            let of_run = jobs.values().filter(|job| job.run == *run);
            let told: Vec<_> = of_run.filter(not_over).collect();
            let for_cause = told.iter().any(|job| is_cause(job));
            told.iter().map(|job| telling(job, for_cause)).collect()
        }
        What::CheckRunCreated {
            jobs: about,
            status,
            conclusion: Some(conclusion),
            ..
        }
        | What::CheckRunUpdated {
            jobs: about,
            status,
            conclusion: Some(conclusion),
            ..
        } => {
            let bad = ["failure", "cancelled", "timed_out", "action_required"];
            if status != "completed" || !bad.contains(&conclusion.as_str()) {
                return Vec::new();
            }
            let told = about
                .iter()
                .filter_map(|job| jobs.get(job))
                .filter(not_over);
            told.map(|job| telling(job, is_cause(job))).collect()
        }
        What::DeliveryAnswered {
            delivery,
            job: Some(job),
            status: 400 | 409 | 410 | 422,
            body: Some(body),
            ..
        } if !body.trim().is_empty() && scene.is_genuine(*delivery) => {
            let told = jobs.get(job).into_iter().filter(not_over);
            told.map(|job| telling(job, is_cause(job))).collect()
        }
        _ => Vec::new(),
    }
}
