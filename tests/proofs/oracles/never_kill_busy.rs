//! Nothing is taken away from under a running job.

use fakes::{
    history::{Event, Removal, StageCause, What},
    ids::{HfJobId, JobId, RunnerId},
};

use super::Found;
use crate::scene::{Call, HfJob, Scene};

const HOUR_MS: u64 = 3_600_000;

/// A runner is busy from its assignment on, up to and with the event that ends it.
struct Busy<'s> {
    runner: RunnerId,
    job: JobId,
    hf_job: Option<&'s HfJob>,
    assigned: usize,
    over: Option<usize>,
}

impl Busy<'_> {
    fn covers(&self, position: usize) -> bool {
        self.assigned < position && self.over.is_none_or(|over| position <= over)
    }
}

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    let all = busy(scene);
    for (position, event) in scene.events.iter().enumerate() {
        let mut now = all.iter().filter(|busy| busy.covers(position));
        let is_breach = match &event.event {
            What::RunnerRemoved {
                runner,
                why: Removal::Api,
            } => now.any(|busy| busy.runner == *runner),
            What::HfStage {
                hf_job,
                stage,
                cause,
                ..
            } if stage.is_terminal() => now
                .filter(|busy| busy.hf_job.is_some_and(|own| own.id == *hf_job))
                .any(|busy| match cause {
                    StageCause::Cancel => !is_early_cancel(scene, busy, position),
                    StageCause::Timeout => !has_had_its_time(scene, busy, position),
                    StageCause::Platform | StageCause::Exit | StageCause::Scenario => false,
                }),
            What::RunCancelRequested {
                run,
                call: Some(call),
            } => {
                let received = scene.calls.get(call).map_or(position, |call| call.received);
                now.filter(|busy| scene.jobs.get(&busy.job).is_some_and(|job| job.run == *run))
                    .any(|busy| !is_within(scene, busy.assigned, received))
            }
            _ => false,
        };
        if is_breach {
            found.breach(event.id);
        }
    }
    occasions(scene, &all, &mut found);
    found
}

/// From `runner.assigned` to `job.completed`, `job.taken-back`, the job's next `runner.assigned`, `runner.exited` or the end of
/// its HF job.
fn busy<'s>(scene: &'s Scene<'_>) -> Vec<Busy<'s>> {
    let mut all = Vec::new();
    for (assigned, event) in scene.events.iter().enumerate() {
        let What::RunnerAssigned {
            runner,
            job,
            hf_job,
        } = &event.event
        else {
            continue;
        };
        let ends = |what: &What| match what {
            What::JobCompleted { job: ended, .. } | What::JobTakenBack { job: ended, .. } => {
                ended == job
            }
            What::RunnerAssigned { job: again, .. } => again == job,
            What::RunnerExited { hf_job: exited, .. } => hf_job.as_ref() == Some(exited),
            What::HfStage {
                hf_job: ended,
                stage,
                ..
            } => stage.is_terminal() && hf_job.as_ref() == Some(ended),
            _ => false,
        };
        let mut later = scene.events.iter().enumerate().skip(assigned + 1);
        all.push(Busy {
            runner: *runner,
            job: *job,
            hf_job: hf_job.as_ref().and_then(|id| scene.hf_job(id)),
            assigned,
            over: later
                .find(|(_, event)| ends(&event.event))
                .map(|(over, _)| over),
        });
    }
    all
}

/// Whether something was received when the dispatcher could not have heard of a moment yet.
fn is_within(scene: &Scene<'_>, moment: usize, received: usize) -> bool {
    scene.at(received) <= scene.at(moment) + scene.latency_twice()
}

/// The cancel was received within `L` after the runner came online.
fn is_early_cancel(scene: &Scene<'_>, busy: &Busy<'_>, ended: usize) -> bool {
    let because = scene.events[ended].because;
    let is_cause = |call: &&Call<'_>| because == Some(scene.id(call.received));
    let cancel = scene.dispatcher_calls().find(is_cause);
    let received = cancel.map_or(ended, |call| call.received);
    let came_online = scene.online(busy.runner).iter().rev();
    let online = came_online
        .map(|(online, _)| *online)
        .find(|online| *online <= ended);
    online.is_some_and(|online| is_within(scene, online, received))
}

/// The job has run for the configured `job_timeout`, 1 h if none is set, since it started, or its runner was kept for it.
fn has_had_its_time(scene: &Scene<'_>, busy: &Busy<'_>, ended: usize) -> bool {
    let started = scene.jobs.get(&busy.job).and_then(|job| job.started);
    let allowed = scene.terms.told.job_timeout_ms.unwrap_or(HOUR_MS);
    let mut so_far = scene.events[..ended].iter().enumerate();
    let kept = so_far.find(|(_, event)| {
        matches!(&event.event, What::RunnerKept { runner, job, .. } if *runner == busy.runner && *job == busy.job)
    });
    let had = |since: usize| scene.at(ended) >= scene.at(since) + allowed;
    started.is_some_and(had) || kept.is_some_and(|(kept, _)| had(kept))
}

fn occasions(scene: &Scene<'_>, all: &[Busy<'_>], found: &mut Found) {
    for call in scene.dispatcher_calls() {
        let came = match call.name {
            "github.delete-runner" => {
                let mut runner = call.about.runner.into_iter();
                runner.any(|runner| is_online(scene, runner, call.received))
            }
            "hf.cancel" => {
                let hf_job = call.about.hf_job.as_ref();
                hf_job.is_some_and(|hf_job| is_hf_job_online(scene, hf_job, call.received))
            }
            "github.cancel-run" | "github.force-cancel-run" => true,
            _ => false,
        };
        found.occasion_if(came);
    }
    for (position, event) in scene.events.iter().enumerate() {
        let mut now = all.iter().filter(|busy| busy.covers(position));
        let came = match &event.event {
            What::ReadingFalse {
                runner: Some(runner),
                shown,
                ..
            } if shown != "online busy" => now
                .filter(|busy| busy.runner == *runner)
                .any(|_| is_idle_time_over(scene, *runner, position)),
            What::HfStage {
                hf_job,
                cause: StageCause::Timeout,
                stage,
                ..
            } if stage.is_terminal() => {
                now.any(|busy| busy.hf_job.is_some_and(|own| own.id == *hf_job))
            }
            _ => false,
        };
        found.occasion_if(came);
    }
}

fn is_idle_time_over(scene: &Scene<'_>, runner: RunnerId, position: usize) -> bool {
    let online = scene.online(runner).iter().rev();
    let online = online
        .map(|(online, _)| *online)
        .find(|online| *online <= position);
    let idle = scene.terms.told.idle_timeout_ms.unwrap_or(0);
    online.is_some_and(|online| scene.at(position) > scene.at(online) + idle)
}

/// A runner is online until its process exits, as long as its HF job has not ended.
fn is_online(scene: &Scene<'_>, runner: RunnerId, position: usize) -> bool {
    let came_online = scene.online(runner).iter().rev();
    let mut until_now = came_online.filter(|(online, _)| *online <= position);
    let Some((online, Some(hf_job))) = until_now.next() else {
        return false;
    };
    let exits = |event: &Event| matches!(&event.event, What::RunnerExited { hf_job: exited, .. } if exited == hf_job);
    let is_alive = scene
        .hf_job(hf_job)
        .is_some_and(|hf_job| hf_job.is_alive(position));
    is_alive && !scene.events[*online..=position].iter().any(exits)
}

fn is_hf_job_online(scene: &Scene<'_>, hf_job: &HfJobId, position: usize) -> bool {
    let runners = scene.registrations().map(|(runner, ..)| runner);
    let mut its = runners.filter(|runner| {
        let mut online = scene.online(*runner).iter();
        online.any(|(online, whose)| *online <= position && whose.as_ref() == Some(hf_job))
    });
    its.any(|runner| is_online(scene, runner, position))
}
