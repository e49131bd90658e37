//! Strikes and releases: what the lab itself did to a lane, and which of it moves a beginning.

use fakes::{
    history::{Event, What},
    ids::{CallId, EventId, HfJobId, JobId, RunId},
};

use super::{Lane, Scene, concerns_every_lane, is_need};

/// A strike of a fault, or the begin of an outage.
pub(crate) struct Strike {
    pub(crate) position: usize,
    pub(crate) at: u64,
    pub(crate) call: Option<CallId>,
    /// A fault that has `times`, or of which the history shows that it closed; each outage.
    pub(crate) ends: bool,
    /// A fault that lets some through.
    pub(crate) by_chance: bool,
    /// It moves nothing: the first copy came, or the dispatcher did get it.
    pub(crate) is_harmless: bool,
    /// It struck a need, an HF job or a runner.
    pub(crate) stops_service: bool,
    /// When what it held back went on, and when that counts: where the dispatcher's own act makes it, not for ever.
    pub(crate) releases: Vec<u64>,
    /// The dispatcher is down from here on, until it comes back, if it does.
    pub(crate) outage: Option<Option<u64>>,
    concerned: Concerned,
}

/// Whom a strike concerns.
enum Concerned {
    All,
    /// The lane of this job; nobody's if it is not routed.
    Job(JobId),
    HfJob(HfJobId),
    /// The lanes of the run's jobs.
    Run(RunId),
    Lane(Lane),
    /// Each lane of a place, of a flavor if one is named.
    Place(String, Option<String>),
    Flavor(String),
}

pub(super) fn read(scene: &Scene<'_>) -> Vec<Strike> {
    let mut all = Vec::new();
    for (position, event) in scene.events.iter().enumerate() {
        match &event.event {
            What::FaultApplied { .. } => all.push(of_fault(scene, position, event)),
            What::DispatcherStopped {} | What::DispatcherCrashed {} => {
                all.push(of_outage(scene, position));
            }
            What::CallAnswered { limited: true, .. } => all.extend(of_limit(scene, position)),
            _ => {}
        }
    }
    all
}

fn of_outage(scene: &Scene<'_>, position: usize) -> Strike {
    let later = &scene.events[position..];
    let back = later
        .iter()
        .find(|event| matches!(event.event, What::DispatcherStarted {}));
    Strike {
        position,
        at: scene.at(position),
        call: None,
        ends: true,
        by_chance: false,
        is_harmless: false,
        stops_service: false,
        releases: back.iter().map(|event| event.at_ms).collect(),
        outage: Some(back.map(|event| event.at_ms)),
        concerned: Concerned::All,
    }
}

/// A rate limit that a fault's answer names holds back whoever has the credential until its end.
fn of_limit(scene: &Scene<'_>, position: usize) -> Option<Strike> {
    let answer = &scene.events[position];
    let What::CallAnswered { retry_after_s, .. } = &answer.event else {
        return None;
    };
    let cause = scene
        .events
        .iter()
        .find(|event| Some(event.id) == answer.because)?;
    let What::FaultApplied { fault, .. } = &cause.event else {
        return None;
    };
    let end = answer.at_ms + retry_after_s.unwrap_or(60) * 1_000;
    Some(Strike {
        position,
        at: answer.at_ms,
        call: None,
        ends: ends(scene, *fault),
        by_chance: false,
        is_harmless: false,
        stops_service: false,
        releases: vec![end],
        outage: None,
        concerned: Concerned::All,
    })
}

/// A fault ends if it has `times`, or if the history shows that it closed.
fn ends(scene: &Scene<'_>, fault: usize) -> bool {
    let closed = |event: &Event| matches!(&event.event, What::FaultClosed { fault: closed, .. } if *closed == fault);
    let known = scene.terms.faults.get(fault);
    known.is_some_and(|known| known.times.is_some()) || scene.events.iter().any(closed)
}

fn of_fault(scene: &Scene<'_>, position: usize, event: &Event) -> Strike {
    let What::FaultApplied {
        fault,
        place,
        effect,
        call,
        ..
    } = &event.event
    else {
        unreachable!("asked for strikes only");
    };
    let known = scene.terms.faults.get(*fault);
    Strike {
        position,
        at: event.at_ms,
        call: *call,
        ends: ends(scene, *fault),
        by_chance: known
            .and_then(|known| known.chance)
            .is_some_and(|chance| chance < 1.0),
        is_harmless: effect == "duplicate" || (place == "webhook" && effect == "answer"),
        stops_service: is_need(place)
            || place == "hf.schedule"
            || place == "runner"
            || place.starts_with("runner."),
        releases: releases(scene, event, effect),
        outage: None,
        concerned: concerned(scene, &event.event),
    }
}

/// When what a strike held back went on.
fn releases(scene: &Scene<'_>, strike: &Event, effect: &str) -> Vec<u64> {
    let by_dispatcher = matches!(effect, "stuck" | "limbo" | "no_answer");
    let latest = if by_dispatcher {
        strike.at_ms + scene.terms.bounds.served_within_ms
    } else {
        u64::MAX
    };
    let goes_on = |event: &&Event| matches!(&event.event, What::FaultReleased { strike: of, .. } if is(*of, strike));
    let shown = scene.events.iter().filter(goes_on);
    shown.map(|event| event.at_ms.min(latest)).collect()
}

fn is(id: EventId, event: &Event) -> bool {
    event.id == id
}

/// What is named most specifically decides; a list, or an installation token, concerns all of its place.
fn concerned(scene: &Scene<'_>, strike: &What) -> Concerned {
    let What::FaultApplied {
        place: struck,
        job,
        delivery,
        call,
        hf_job,
        runner,
        run,
        repo,
        flavor,
        ..
    } = strike
    else {
        unreachable!("asked for strikes only");
    };
    let about = call
        .and_then(|call| scene.calls.get(&call))
        .map(|call| &call.about);
    let of_delivery = delivery.and_then(|delivery| {
        scene.events.iter().find_map(|event| match &event.event {
            What::DeliveryCreated {
                delivery: id, job, ..
            } if *id == delivery => *job,
            _ => None,
        })
    });
    let of_runner = runner.and_then(|runner| {
        let mut hf_jobs = scene.hf_jobs.iter();
        let its = hf_jobs.find(|hf_job| scene.is_runner_of(runner, hf_job, scene.events.len()));
        its.map(|hf_job| hf_job.id.clone())
    });
    let is_known = |hf_job: &HfJobId| scene.hf_job(hf_job).is_some();
    let labels = about
        .map(|about| about.labels.as_slice())
        .unwrap_or_default();
    if concerns_every_lane(struck) {
        // Its place is all that counts.
    } else if let Some(job) = job
        .or(of_delivery)
        .filter(|job| scene.jobs.contains_key(job))
    {
        return Concerned::Job(job);
    } else if let Some(hf_job) = hf_job.clone().or(of_runner).filter(is_known) {
        return Concerned::HfJob(hf_job);
    } else if let Some(runner) = runner.filter(|runner| scene.is_registered(*runner)) {
        return Concerned::Lane(scene.runner_lane(runner));
    } else if let Some(run) = run {
        return Concerned::Run(*run);
    } else if let Some(repo) = repo.as_ref().filter(|_| !labels.is_empty()) {
        return Concerned::Lane(scene.lane_of(repo, labels));
    }
    match (repo, flavor) {
        (Some(repo), flavor) => Concerned::Place(repo.clone(), flavor.clone()),
        (None, Some(flavor)) => Concerned::Flavor(flavor.clone()),
        (None, None) => Concerned::All,
    }
}

impl Scene<'_> {
    pub(crate) fn concerns(&self, strike: &Strike, lane: &Lane) -> bool {
        let is_flavor = |flavor: &str| lane.flavor == Some(flavor);
        match &strike.concerned {
            Concerned::All => true,
            Concerned::Job(job) => {
                let of = self.jobs.get(job).and_then(|job| job.lane.as_ref());
                of == Some(lane)
            }
            Concerned::HfJob(id) => self.hf_job(id).is_some_and(|hf_job| hf_job.may_serve(lane)),
            Concerned::Run(run) => self.jobs_of(lane).any(|job| job.run == *run),
            Concerned::Lane(struck) => struck == lane,
            Concerned::Place(name, flavor) => {
                self.covers(name, &lane.place) && flavor.as_deref().is_none_or(is_flavor)
            }
            Concerned::Flavor(flavor) => is_flavor(flavor),
        }
    }
}
