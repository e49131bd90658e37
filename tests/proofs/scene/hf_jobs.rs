//! HF jobs: alive, working, spent, spent unused; and the lane each belongs to, if that can be seen at all.

use std::collections::BTreeSet;

use fakes::{
    history::{Caller, Event, Removal, Stage, StageCause, What},
    ids::{CallId, HfJobId, JobId, RunnerId},
};

use super::{Scene, lanes::Lane};

const CHANCE_MS: u64 = 5 * 60_000;

/// An HF job, its moments by position.
#[derive(Clone)]
pub(crate) struct HfJob {
    pub(crate) id: HfJobId,
    pub(crate) created: usize,
    /// The call that created it; none if a schedule did.
    pub(crate) call: Option<CallId>,
    pub(crate) flavor: String,
    pub(crate) place: Option<String>,
    pub(crate) runner_name: Option<String>,
    /// None if it hides its lane.
    pub(crate) lane: Option<Lane>,
    /// Its first terminal stage.
    pub(crate) ended: Option<(usize, StageCause)>,
    /// Jobs that started on its runner, each with its completion.
    pub(crate) worked: Vec<(JobId, usize, Option<usize>)>,
    pub(crate) spent: Option<Spent>,
}

/// The moment from which an HF job serves nobody any more.
#[derive(Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) position: usize,
    /// By the dispatcher's cancel, or its delete of the registration.
    pub(crate) by_dispatcher: bool,
    /// Without a job of its lane having started on it, or after a job of another lane had.
    pub(crate) unused: bool,
    /// Its runner had been refused before.
    pub(crate) refused_before: bool,
}

impl HfJob {
    pub(crate) fn is_alive(&self, position: usize) -> bool {
        self.created <= position && self.ended.is_none_or(|(ended, _)| position < ended)
    }

    pub(crate) fn is_working(&self, position: usize) -> bool {
        self.worked.iter().any(|(_, started, completed)| {
            *started <= position && completed.is_none_or(|completed| position < completed)
        })
    }

    pub(crate) fn is_spent(&self, position: usize) -> bool {
        self.spent.is_some_and(|spent| spent.position <= position)
    }

    /// Booting or idle.
    pub(crate) fn is_supply(&self, position: usize) -> bool {
        self.is_alive(position) && !self.is_working(position) && !self.is_spent(position)
    }

    /// Whether it is supply for a lane, as far as can be seen.
    pub(crate) fn may_serve(&self, lane: &Lane) -> bool {
        match &self.lane {
            Some(own) => own == lane,
            None => lane.flavor == Some(self.flavor.as_str()),
        }
    }
}

/// The places that HF jobs name: in `hf.created`, or by the runner whose `runner.online` names the HF job.
pub(super) fn named_places(scene: &Scene<'_>) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for event in scene.events {
        match &event.event {
            What::HfCreated {
                repo: Some(repo), ..
            } => {
                named.insert(repo.to_ascii_lowercase());
            }
            What::RunnerOnline {
                runner,
                hf_job: Some(_),
                ..
            } => {
                let runner = scene.runners.get(runner);
                named.extend(runner.map(|runner| runner.repo.to_ascii_lowercase()));
            }
            _ => {}
        }
    }
    named
}

/// What becomes of each HF job.
pub(super) fn live(scene: &Scene<'_>) -> Vec<HfJob> {
    let live = |created: &HfJob| {
        let mut hf_job = created.clone();
        hf_job.worked = worked(scene, &hf_job);
        hf_job.spent = spent(scene, &hf_job);
        hf_job
    };
    scene.hf_jobs.iter().map(live).collect()
}

/// Every HF job, without what becomes of it.
pub(super) fn created(scene: &Scene<'_>) -> Vec<HfJob> {
    let mut all = Vec::new();
    for (position, event) in scene.events.iter().enumerate() {
        let What::HfCreated {
            hf_job,
            call,
            flavor,
            repo,
            runner_name,
            runner_labels,
            ..
        } = &event.event
        else {
            continue;
        };
        if all.iter().any(|known: &HfJob| known.id == *hf_job) {
            continue;
        }
        let mut found = HfJob {
            id: hf_job.clone(),
            created: position,
            call: *call,
            flavor: flavor.clone(),
            place: repo.as_ref().map(|repo| scene.place(repo)),
            runner_name: runner_name.clone(),
            lane: lane(scene, hf_job, repo.as_deref(), runner_labels),
            ended: ended(scene, hf_job),
            worked: Vec::new(),
            spent: None,
        };
        if found.place.is_none() {
            found.place = found.lane.as_ref().map(|lane| lane.place.clone());
        }
        all.push(found);
    }
    all
}

/// `hf.created` names place and labels, or the runner does whose `runner.online` names the HF job.
fn lane(scene: &Scene<'_>, id: &HfJobId, repo: Option<&str>, labels: &[String]) -> Option<Lane> {
    if let Some(repo) = repo.filter(|_| !labels.is_empty()) {
        return Some(scene.lane_of(repo, labels));
    }
    let is_its = |(_, whose): &(usize, Option<HfJobId>)| whose.as_ref() == Some(id);
    let mut runners = scene.runners.values();
    let runner =
        runners.find(|runner| runner.created.is_some() && runner.online.iter().any(is_its))?;
    Some(scene.lane_of(&runner.repo, &runner.labels))
}

fn ended(scene: &Scene<'_>, id: &HfJobId) -> Option<(usize, StageCause)> {
    let terminal = |event: &Event| match &event.event {
        What::HfStage {
            hf_job,
            stage,
            cause,
            ..
        } if hf_job == id && Stage::is_terminal(*stage) => Some(*cause),
        _ => None,
    };
    let mut all = scene.events.iter().enumerate();
    all.find_map(|(position, event)| Some((position, terminal(event)?)))
}

fn worked(scene: &Scene<'_>, hf_job: &HfJob) -> Vec<(JobId, usize, Option<usize>)> {
    let mut worked = Vec::new();
    for (position, event) in scene.events.iter().enumerate() {
        let (job, runner) = match &event.event {
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => (*job, *runner),
            What::RunnerAssigned { job, runner, .. } if scene.is_taken_up(*job, position) => {
                (*job, *runner)
            }
            _ => continue,
        };
        if scene.is_runner_of(runner, hf_job, position) {
            worked.push((job, position, scene.work_ends((job, runner), position)));
        }
    }
    worked
}

/// The first of: its runner was refused and not online later, its registration is gone, its job completed or was taken
/// back, HF ended it.
fn spent(scene: &Scene<'_>, hf_job: &HfJob) -> Option<Spent> {
    let is_its = |runner: RunnerId, position| scene.is_runner_of(runner, hf_job, position);
    let mut refused = None;
    for (position, event) in scene.events.iter().enumerate() {
        let by_dispatcher = match &event.event {
            What::RunnerRefused { hf_job: whose, .. } if *whose == hf_job.id => {
                refused.get_or_insert(position);
                if online_later(scene, hf_job, position) {
                    continue;
                }
                false
            }
            What::RunnerRemoved { runner, why } if is_its(*runner, position) => {
                *why == Removal::Api
            }
            What::CallAnswered { call, status, .. }
                if matches!(status, 200..300 | 404) && deletes(scene, *call, &is_its, position) =>
            {
                true
            }
            What::JobCompleted { job, .. } if hf_job.is_at(*job, position) => false,
            What::JobTakenBack { runner, .. } if is_its(*runner, position) => false,
            What::HfStage { .. } if hf_job.ended.is_some_and(|(ended, _)| ended == position) => {
                hf_job
                    .ended
                    .is_some_and(|(_, cause)| cause == StageCause::Cancel)
            }
            _ => continue,
        };
        let position = position.max(hf_job.created);
        return Some(Spent {
            position,
            by_dispatcher,
            unused: is_unused(scene, hf_job, position),
            refused_before: refused.is_some_and(|refused| refused < position),
        });
    }
    None
}

fn online_later(scene: &Scene<'_>, hf_job: &HfJob, position: usize) -> bool {
    let later = &scene.events[position..];
    later.iter().any(|event| match &event.event {
        What::RunnerOnline { hf_job: whose, .. } => whose.as_ref() == Some(&hf_job.id),
        _ => false,
    })
}

/// Whether this call is the dispatcher's delete of a runner that is its.
fn deletes(
    scene: &Scene<'_>,
    call: CallId,
    is_its: &impl Fn(RunnerId, usize) -> bool,
    position: usize,
) -> bool {
    let Some(call) = scene.calls.get(&call) else {
        return false;
    };
    let is_delete = call.name == "github.delete-runner" && call.by == Caller::Dispatcher;
    let mut runner = call.about.runner.into_iter();
    is_delete && runner.any(|runner| is_its(runner, position))
}

fn is_unused(scene: &Scene<'_>, hf_job: &HfJob, position: usize) -> bool {
    let started = hf_job
        .worked
        .iter()
        .filter(|(_, started, _)| *started <= position);
    let of_its_lane = |job: &JobId| {
        let lane = scene.jobs.get(job).and_then(|job| job.lane.as_ref());
        lane.is_some_and(|lane| hf_job.may_serve(lane))
    };
    let own: Vec<bool> = started.map(|(job, ..)| of_its_lane(job)).collect();
    own.is_empty() || own.contains(&false)
}

impl HfJob {
    /// Whether it had been refused before the dispatcher ended it, or had lived for 5 min, or for the longest cold start of
    /// its flavor if that is longer.
    pub(crate) fn had_its_chance(&self, scene: &Scene<'_>, spent: Spent) -> bool {
        let lived = scene.at(spent.position) - scene.at(self.created);
        let cold_start = scene.terms.delays.cold_start_of(&self.flavor);
        spent.refused_before || lived >= cold_start.max(CHANCE_MS)
    }

    /// Whether this job had started on it by then.
    fn is_at(&self, job: JobId, position: usize) -> bool {
        let mut worked = self.worked.iter();
        worked.any(|(known, started, _)| *known == job && *started <= position)
    }
}

impl Scene<'_> {
    /// Whether a job that is given to a runner here had started before.
    pub(crate) fn is_taken_up(&self, job: JobId, position: usize) -> bool {
        let started = |event: &Event| matches!(&event.event, What::JobStarted { job: whose, .. } if *whose == job);
        self.events[..position].iter().any(started)
    }

    /// Where the work on a job that a runner began at a position ends: the job completes, or is taken back.
    fn work_ends(&self, (job, runner): (JobId, RunnerId), began: usize) -> Option<usize> {
        let mut later = self.events.iter().enumerate().skip(began);
        let ends = |event: &Event| match &event.event {
            What::JobCompleted { job: ended, .. } => *ended == job,
            What::JobTakenBack {
                job: back,
                runner: of,
            } => *back == job && *of == runner,
            _ => false,
        };
        later
            .find(|(_, event)| ends(event))
            .map(|(position, _)| position)
    }
}
