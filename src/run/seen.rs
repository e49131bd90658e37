//! What a driver with cues has seen: the names of jobs, who has whom, and with that what a step means by `it`.

use std::collections::BTreeMap;

use fakes::{
    history::{CallAbout, Event, What},
    ids::{CallId, HfJobId, JobId, RunId, RunnerId},
};

/// What a trigger matched: `it`. Nothing of it, for a step at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct It {
    /// The job, or the one that the runner has.
    pub(super) job: Option<JobId>,
    /// The run.
    pub(super) run: Option<RunId>,
    /// The HF job, or the one that holds the runner or works on the job.
    pub(super) hf_job: Option<HfJobId>,
    runner: Option<RunnerId>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The names jobs have in the scenario.
    names: BTreeMap<JobId, String>,
    /// The HF job each runner connected from.
    homes: BTreeMap<RunnerId, HfJobId>,
    /// The runner that was last given each job.
    holders: BTreeMap<JobId, RunnerId>,
    /// What each call is about.
    calls: BTreeMap<CallId, It>,
}

impl Seen {
    /// The name a job has in the scenario.
    pub(super) fn name(&self, job: JobId) -> Option<&String> {
        self.names.get(&job)
    }

    /// Takes an event in.
    pub(super) fn enter(&mut self, event: &What) {
        match event {
            What::JobQueued { job, name, .. } | What::JobWaiting { job, name, .. } => {
                self.names.insert(*job, name.clone());
            }
            What::RunnerOnline {
                runner,
                hf_job: Some(hf_job),
                ..
            } => {
                self.homes.insert(*runner, hf_job.clone());
            }
            What::RunnerAssigned { runner, job, .. } => {
                self.holders.insert(*job, *runner);
            }
            What::CallReceived { call, about, .. } => {
                let named = about.as_deref().map(named_by);
                self.calls.insert(*call, named.unwrap_or_default());
            }
            What::HfCreated {
                hf_job,
                call: Some(call),
                ..
            } => {
                self.calls.entry(*call).or_default().hf_job = Some(hf_job.clone());
            }
            _ => {}
        }
    }

    /// What a step means by `it` whose cue this event was.
    pub(super) fn it(&self, event: &Event) -> It {
        let it = match &event.event {
            What::HfCreated { hf_job, .. }
            | What::HfStage { hf_job, .. }
            | What::RunnerRefused { hf_job, .. }
            | What::RunnerExited { hf_job, .. } => It {
                hf_job: Some(hf_job.clone()),
                ..It::default()
            },
            What::RunnerOnline { runner, .. } | What::RunnerRemoved { runner, .. } => It {
                runner: Some(*runner),
                ..It::default()
            },
            What::RunnerAssigned { runner, job, .. } => It {
                runner: Some(*runner),
                job: Some(*job),
                ..It::default()
            },
            What::JobQueued { job, run, .. } | What::JobWaiting { job, run, .. } => It {
                job: Some(*job),
                run: Some(*run),
                ..It::default()
            },
            What::JobStarted { job, .. } | What::JobCompleted { job, .. } => It {
                job: Some(*job),
                ..It::default()
            },
            What::CallReceived { call, .. }
            | What::CallEffect { call, .. }
            | What::CallAnswered { call, .. } => self.calls.get(call).cloned().unwrap_or_default(),
            _ => It::default(),
        };
        self.completed(it)
    }

    /// Adds what follows: a job's runner, a runner's HF job.
    fn completed(&self, mut it: It) -> It {
        let holder = it.job.and_then(|job| self.holders.get(&job)).copied();
        it.runner = it.runner.or(holder);
        if it.hf_job.is_none() {
            it.hf_job = it.runner.and_then(|it| self.homes.get(&it)).cloned();
        }
        it
    }
}

/// What a call says it is about.
fn named_by(about: &CallAbout) -> It {
    It {
        job: about.job,
        run: about.run,
        runner: about.runner,
        hf_job: about.hf_job.clone(),
    }
}
