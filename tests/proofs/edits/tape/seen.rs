//! What a history under the scissors tells: its jobs and HF jobs.

use std::collections::BTreeMap;

use fakes::{
    history::What,
    ids::{HfJobId, JobId},
};

use super::{Hf, Job, Tape, flavor_of};

impl Tape<'_> {
    /// The jobs that the dispatcher has to serve.
    pub(in crate::edits) fn jobs(&self) -> Vec<Job> {
        let mut jobs: BTreeMap<JobId, Job> = BTreeMap::new();
        for event in &self.events {
            match &event.event {
                What::JobQueued {
                    job,
                    run,
                    repo,
                    labels,
                    attempt,
                    ..
                }
                | What::JobWaiting {
                    job,
                    run,
                    repo,
                    labels,
                    attempt,
                    ..
                } => {
                    jobs.entry(*job).or_insert_with(|| Job {
                        id: *job,
                        run: *run,
                        repo: repo.clone(),
                        labels: labels.clone(),
                        attempt: *attempt,
                        announced: event.at_ms,
                        started: None,
                        completed: None,
                    });
                }
                What::JobStarted { job, .. } => {
                    if let Some(job) = jobs.get_mut(job) {
                        job.started = Some(event.at_ms);
                    }
                }
                What::JobCompleted { job, .. } => {
                    if let Some(job) = jobs.get_mut(job) {
                        job.completed = Some(event.at_ms);
                    }
                }
                _ => {}
            }
        }
        let routed = |job: &Job| flavor_of(&job.labels).is_some();
        jobs.into_values().filter(routed).collect()
    }

    /// A job that started and ended.
    pub(in crate::edits) fn done(&self) -> Option<Job> {
        let jobs = self.jobs().into_iter();
        self.pick(
            jobs.filter(|job| job.started.is_some() && job.completed.is_some())
                .collect(),
        )
    }

    /// The first of them.
    pub(in crate::edits) fn first_done(&self) -> Option<Job> {
        let mut jobs = self.jobs().into_iter();
        jobs.find(|job| job.started.is_some() && job.completed.is_some())
    }

    /// The HF jobs.
    pub(in crate::edits) fn hf_jobs(&self) -> Vec<Hf> {
        let mut found: Vec<Hf> = Vec::new();
        for event in &self.events {
            let of = |found: &mut Vec<Hf>, id: &HfJobId, change: &dyn Fn(&mut Hf)| {
                found.iter_mut().filter(|hf| hf.id == *id).for_each(change);
            };
            match &event.event {
                What::HfCreated {
                    hf_job,
                    flavor,
                    repo,
                    runner_name,
                    runner_labels,
                    ..
                } => found.push(Hf {
                    id: hf_job.clone(),
                    flavor: flavor.clone(),
                    repo: repo.clone(),
                    name: runner_name.clone(),
                    labels: runner_labels.clone(),
                    created: event.at_ms,
                    runner: None,
                    online: None,
                    assigned: None,
                    ended: None,
                }),
                What::RunnerOnline {
                    runner,
                    hf_job: Some(id),
                    ..
                } => of(&mut found, id, &|hf| {
                    hf.runner = Some(*runner);
                    hf.online.get_or_insert(event.at_ms);
                }),
                What::RunnerAssigned {
                    job,
                    hf_job: Some(id),
                    ..
                } => of(&mut found, id, &|hf| {
                    hf.assigned.get_or_insert((event.at_ms, *job));
                }),
                What::HfStage { hf_job, stage, .. } if stage.is_terminal() => {
                    of(&mut found, hf_job, &|hf| {
                        hf.ended.get_or_insert(event.at_ms);
                    });
                }
                _ => {}
            }
        }
        found
    }

    /// An HF job on which a job ran, and that ended.
    pub(in crate::edits) fn worked(&self) -> Option<Hf> {
        let done: Vec<JobId> = self
            .jobs()
            .iter()
            .filter(|job| job.completed.is_some())
            .map(|job| job.id)
            .collect();
        let is =
            |hf: &Hf| hf.ended.is_some() && hf.assigned.is_some_and(|(_, job)| done.contains(&job));
        self.pick(self.hf_jobs().into_iter().filter(is).collect())
    }

    /// An HF job with a job on it at some moment, which is a while after it was given the job.
    pub(in crate::edits) fn busy(&self) -> Option<(Hf, Job, u64)> {
        let jobs = self.jobs();
        let busy = self.hf_jobs().into_iter().filter_map(|hf| {
            let (at, id) = hf.assigned?;
            let job = jobs.iter().find(|job| job.id == id)?.clone();
            let over = job.completed?;
            let moment = at + over.checked_sub(at)? / 2;
            (moment > at + 5_000 && hf.ended? > moment).then_some((hf, job, moment))
        });
        self.pick(busy.collect())
    }
}
