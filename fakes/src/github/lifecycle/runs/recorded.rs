//! Recordings: what the fake learns from a recorded `workflow_job` payload before it is sent.
//!
//! A job's status only moves forward. A job whose recording also holds its start or its end is driven by the recording,
//! which had a runner for it: the next one with its labels that idles here is kept for it, and works on it from its
//! recorded start, or from when it comes if it was launched before that, to its recorded end. One that comes after that end
//! has nothing to do any more, and is gone as if it had. A job that was recorded only as queued lives by the fake's ordinary
//! rules, and so does the end of one of which only the start was recorded.

use std::{collections::BTreeSet, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    github::{
        handle::Github,
        state::{
            accounts::repository::Repository,
            hooks::message::payload_of,
            records::{KnownIds, State},
            runners::{
                orders::ToRunner,
                record::{Link, Runner},
            },
            runs::job::{Birth, Job, Status},
        },
    },
    history::Conclusion,
    ids::{EventId, JobId, RunId, RunnerId},
    settings::RepoSettings,
};

#[derive(Deserialize)]
struct Payload {
    action: String,
    workflow_job: RecordedJob,
    repository: RecordedRepository,
    installation: Option<RecordedInstallation>,
}

#[derive(Deserialize)]
struct RecordedJob {
    id: u64,
    run_id: u64,
    #[serde(default)]
    run_attempt: Option<u32>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    labels: Option<Vec<String>>,
    #[serde(default)]
    conclusion: Option<Value>,
    #[serde(default)]
    runner_name: Option<String>,
}

#[derive(Deserialize)]
struct RecordedRepository {
    #[serde(default)]
    id: Option<u64>,
    full_name: String,
    #[serde(default)]
    private: Option<bool>,
}

#[derive(Deserialize)]
struct RecordedInstallation {
    #[serde(default)]
    id: Option<u64>,
}

impl RecordedJob {
    /// Whether a job that ended had started before.
    fn ran(&self) -> bool {
        let has_a_runner = self
            .runner_name
            .as_ref()
            .is_some_and(|name| !name.is_empty());
        has_a_runner
            || match conclusion_of(self.conclusion.clone()) {
                Conclusion::Success
                | Conclusion::Failure
                | Conclusion::TimedOut
                | Conclusion::Neutral => true,
                Conclusion::Cancelled | Conclusion::Skipped | Conclusion::ActionRequired => false,
            }
    }
}

impl Github {
    /// Tells which actions of a job the recording holds, before the first of them is delivered.
    pub fn expect_recorded(&self, job: u64, actions: BTreeSet<String>) {
        self.state().runs.recorded.insert(job, actions);
    }

    /// Moves the fake's belief forward to what the payload says. Anything else than a job's event
    /// teaches nothing.
    pub(in crate::github) fn learn(&self, body: &[u8], because: Option<EventId>) {
        let Ok(payload) = serde_json::from_slice::<Payload>(&payload_of(body)) else {
            return;
        };
        let mut state = self.state();
        let id = JobId(payload.workflow_job.id);
        let repo = self.recorded_repo(&mut state, &payload);
        let waits = payload.action == "waiting";
        if !state.runs.jobs.contains_key(&id) {
            let job = self.recorded_job(&mut state, &payload, repo, waits);
            self.begin_job(&mut state, job, because, false);
        }
        let is_forgotten = state.runs.has_forgotten(id);
        match payload.action.as_str() {
            "in_progress" | "completed" if is_forgotten => {}
            "queued" => self.queue_waiting(&mut state, id, because, false),
            "in_progress" => self.recorded_start(&mut state, id, &payload, because),
            "completed" => self.recorded_end(&mut state, id, &payload, because),
            _ => {}
        }
        self.settle(&mut state);
    }

    fn recorded_repo(&self, state: &mut State, payload: &Payload) -> Arc<Repository> {
        let name = &payload.repository.full_name;
        let known = state.accounts.repo_or_moved(name);
        let known = known.filter(|repo| repo.installation.is_some()).cloned();
        known.unwrap_or_else(|| {
            let private = payload.repository.private.unwrap_or(false);
            let settings = RepoSettings {
                name: name.clone(),
                private,
                installed: true,
                listed: true,
            };
            let installation = payload
                .installation
                .as_ref()
                .and_then(|found| found.id)
                .filter(|id| *id != 0);
            let ids = KnownIds {
                repository: payload.repository.id,
                installation,
            };
            state.add_repo(&settings, self.settings(), self.env(), ids)
        })
    }

    fn recorded_job(
        &self,
        state: &mut State,
        payload: &Payload,
        repo: Arc<Repository>,
        waits: bool,
    ) -> Job {
        let recorded = &payload.workflow_job;
        let (id, run, attempt) = (
            JobId(recorded.id),
            RunId(recorded.run_id),
            recorded.run_attempt.unwrap_or(1),
        );
        match state.runs.by_id.get(&run).map(|run| run.attempt) {
            Some(known) if known < attempt => {
                state.runs.raise_attempt(run, attempt, false, self.now());
            }
            Some(_) => {}
            None => self.add_run(state, run, &format!("recorded run {run}"), &repo, attempt),
        }
        let wanted = recorded.name.clone().unwrap_or_else(|| id.to_string());
        let name = if state.runs.names.contains_key(&wanted) {
            format!("{wanted} #{}", id.0)
        } else {
            wanted.clone()
        };
        let driven = state.runs.recorded.get(&id.0).is_some_and(|actions| {
            actions.contains("in_progress") || actions.contains("completed")
        });
        let born = Job::born(Birth {
            id,
            name,
            run,
            attempt,
            repo,
            labels: trimmed(recorded.labels.as_deref()),
            created_at: self.now(),
        });
        let status = if waits {
            Status::Waiting
        } else {
            Status::Queued
        };
        Job {
            base_name: wanted,
            status,
            driven,
            ..born
        }
    }

    /// The recorded runner's namesake takes the job, or the runner that is kept for it; else somebody outside the lab
    /// does, and it waits for one that takes it up.
    fn recorded_start(
        &self,
        state: &mut State,
        id: JobId,
        payload: &Payload,
        because: Option<EventId>,
    ) {
        let Some(job) = state
            .runs
            .jobs
            .get(&id)
            .filter(|job| job.driven && job.status < Status::InProgress)
        else {
            return;
        };
        let cause = because.unwrap_or(job.last_event);
        let recorded = payload.workflow_job.runner_name.clone().unwrap_or_default();
        let kept = || {
            state
                .queue
                .kept
                .of_job(id)
                .filter(|id| state.runners.get(id).is_some_and(Runner::is_connected))
        };
        let runner = namesake(state, &recorded).or_else(kept);
        let given =
            runner.and_then(|runner| Some((runner, self.give_recorded(state, id, runner, cause)?)));
        let name = given
            .and_then(|(runner, _)| state.runners.get(&runner))
            .map_or(recorded, |runner| runner.name.clone());
        let (runner, event) = given.map_or((None, cause), |(runner, event)| (Some(runner), event));
        self.start(state, id, runner, &name, event);
        if runner.is_none() {
            state.queue.jobs.insert(id);
        }
    }

    /// A runner comes to a recorded job that has begun without one of this world.
    pub(in crate::github) fn take_up(
        &self,
        state: &mut State,
        id: JobId,
        runner: RunnerId,
        cause: EventId,
    ) {
        let Some(event) = self.give_recorded(state, id, runner, cause) else {
            return;
        };
        let name = state.runners.get(&runner).map(|runner| runner.name.clone());
        let group = state.runners.group_of(runner);
        if let Some((job, name)) = state.runs.jobs.get_mut(&id).zip(name) {
            job.runner = Some(runner);
            job.runner_name = name;
            job.runner_group = group;
            job.last_event = event;
        }
    }

    /// Gives the job to the runner until the recording ends it, if the recording does. Gives the event if the runner
    /// lives.
    fn give_recorded(
        &self,
        state: &mut State,
        id: JobId,
        runner: RunnerId,
        cause: EventId,
    ) -> Option<EventId> {
        let job = state.runs.jobs.get(&id)?;
        let (runs_for, conclusion) = if state.runs.ends_recorded(id) {
            (None, Conclusion::Success)
        } else {
            let (runs_for, conclusion) = self.course_of(job);
            (Some(runs_for), conclusion)
        };
        self.give(state, id, runner, cause, runs_for, conclusion)
    }

    fn recorded_end(
        &self,
        state: &mut State,
        id: JobId,
        payload: &Payload,
        because: Option<EventId>,
    ) {
        if payload.workflow_job.ran() {
            self.recorded_start(state, id, payload, because);
        }
        let lives = |job: &&mut Job| job.driven && job.status != Status::Completed;
        let Some(job) = state.runs.jobs.get_mut(&id).filter(lives) else {
            return;
        };
        job.end_is_told = true;
        let cause = because.unwrap_or(job.last_event);
        let ran_here = state.runs.jobs.get(&id).and_then(|job| job.runner);
        let conclusion = conclusion_of(payload.workflow_job.conclusion.clone());
        self.conclude(state, id, conclusion, cause);
        let Some(job) = state.runs.jobs.get(&id) else {
            return;
        };
        let (because, begun) = (job.last_event, job.started_at.is_some());
        if let Some(Link::Connected(process)) = state.runners.link_of(ran_here) {
            // A process that is ending by itself no longer listens.
            let _ended = process.send(ToRunner::Finish { because });
        }
        if begun && ran_here.is_none() {
            // A runner that was launched for it may still be on its way.
            state.queue.jobs.insert(id);
        }
    }
}

/// Labels as GitHub compares them: without the blanks around them.
fn trimmed(labels: Option<&[String]>) -> Vec<String> {
    let labels = labels.unwrap_or_default().iter();
    labels.map(|label| label.trim().to_owned()).collect()
}

/// A recorded conclusion. One that nobody knows yet is no success.
fn conclusion_of(recorded: Option<Value>) -> Conclusion {
    match recorded {
        None | Some(Value::Null) => Conclusion::Success,
        Some(word) => serde_json::from_value(word).unwrap_or(Conclusion::Failure),
    }
}

fn namesake(state: &State, name: &str) -> Option<RunnerId> {
    let idle = state.queue.idle.iter();
    let its = |id: &RunnerId| {
        let runner = state.runners.get(id);
        runner.is_some_and(|runner| runner.name == name && runner.is_connected())
    };
    idle.copied().find(its)
}
