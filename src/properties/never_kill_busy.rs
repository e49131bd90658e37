//! never-kill-busy (I6): nothing is taken away from under a running job: not its runner's registration, not its HF job, not its
//! run. One reading that says idle, or one listing without it, proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Caller, Event, Removal, StageCause, What},
    ids::{CallId, HfJobId, JobId, RunnerId},
};

use super::{
    Context, Judgement,
    ledger::{CallLife, Kinds, Moment, RunnerLife, call_of, ends_hf_job, moment},
    verdict::time,
};

/// How long a job may run at least where the scenario sets no job timeout: jobs-actions' own.
const JOB_TIMEOUT_MS: u64 = 3_600_000;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut watch = Watch {
        context,
        judgement: Judgement::new(
            "nothing was asked to end while it was online, and no busy runner was shown as idle or absent",
        ),
        busy: BTreeMap::new(),
        on_runner: BTreeMap::new(),
        on_hf_job: BTreeMap::new(),
        kept: BTreeMap::new(),
    };
    for event in context.ledger.only(Kinds::ASKED | Kinds::LIVES) {
        watch.enter(event);
    }
    watch.judgement
}

/// A job that is on a runner.
#[derive(Clone, Copy, Debug)]
struct Busy<'a> {
    runner: RunnerId,
    hf_job: Option<&'a HfJobId>,
    assigned: Moment,
    started: Option<Moment>,
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    judgement: Judgement,
    busy: BTreeMap<JobId, Busy<'a>>,
    on_runner: BTreeMap<RunnerId, BTreeSet<JobId>>,
    on_hf_job: BTreeMap<&'a HfJobId, BTreeSet<JobId>>,
    /// Since when each runner was kept for a job.
    kept: BTreeMap<(RunnerId, JobId), Moment>,
}

impl<'a> Watch<'_, '_, 'a> {
    fn enter(&mut self, event: &'a Event) {
        let now = moment(event);
        match &event.event {
            What::RunnerKept { runner, job, .. } => {
                self.kept.entry((*runner, *job)).or_insert(now);
            }
            What::RunnerAssigned {
                runner,
                job,
                hf_job,
            } => self.assign(*job, *runner, hf_job.as_ref(), now),
            What::JobStarted { job, .. } => {
                if let Some(busy) = self.busy.get_mut(job) {
                    busy.started = Some(now);
                }
            }
            What::JobCompleted { job, .. } | What::JobTakenBack { job, .. } => self.free(*job),
            What::RunnerExited { hf_job, .. } => self.free_hf_job(hf_job),
            What::RunnerRemoved {
                runner,
                why: Removal::Api,
            } => {
                let job = self.on_runner.get(runner).and_then(BTreeSet::first);
                let why = job.map(|job| {
                    format!("a runner was deleted while {} was on it", self.named(*job))
                });
                self.judgement.breach_if(event.id, why);
            }
            What::RunCancelRequested {
                run,
                call: Some(call),
            } => {
                for job in self.context.ledger.runs.get(run).into_iter().flatten() {
                    let why = self.cancelled_run(*job, *call);
                    self.judgement.breach_if(event.id, why);
                }
            }
            What::CallReceived { call, .. } => {
                let asked = self.context.ledger.calls.get(call);
                if asked.is_some_and(|call| self.asks_for_an_end(call, now)) {
                    self.judgement.occasion();
                }
            }
            What::ReadingFalse {
                runner: Some(runner),
                shown,
                ..
            } => {
                if self.tempts(*runner, shown, now) {
                    self.judgement.occasion();
                }
            }
            other => {
                if let Some((hf_job, _, cause)) = ends_hf_job(other) {
                    self.end(hf_job, cause, event);
                    self.free_hf_job(hf_job);
                }
            }
        }
    }

    fn assign(
        &mut self,
        job: JobId,
        runner: RunnerId,
        hf_job: Option<&'a HfJobId>,
        assigned: Moment,
    ) {
        self.free(job);
        let busy = Busy {
            runner,
            hf_job,
            assigned,
            started: self.context.ledger.had_started(job, assigned.event),
        };
        self.busy.insert(job, busy);
        self.on_runner.entry(runner).or_default().insert(job);
        if let Some(hf_job) = hf_job {
            self.on_hf_job.entry(hf_job).or_default().insert(job);
        }
    }

    fn free(&mut self, job: JobId) {
        let Some(busy) = self.busy.remove(&job) else {
            return;
        };
        if let Some(jobs) = self.on_runner.get_mut(&busy.runner) {
            jobs.remove(&job);
        }
        if let Some(jobs) = busy
            .hf_job
            .and_then(|hf_job| self.on_hf_job.get_mut(hf_job))
        {
            jobs.remove(&job);
        }
    }

    fn free_hf_job(&mut self, hf_job: &HfJobId) {
        for job in self.on_hf_job.remove(hf_job).unwrap_or_default() {
            self.free(job);
        }
    }

    fn named(&self, job: JobId) -> String {
        self.context.ledger.job_named(job)
    }

    fn end(&mut self, hf_job: &'a HfJobId, cause: StageCause, event: &Event) {
        let on_it = self.on_hf_job.get(hf_job).into_iter().flatten();
        let on_it = on_it.filter_map(|job| Some((*job, *self.busy.get(job)?)));
        for (job, busy) in on_it.collect::<Vec<_>>() {
            let why = match cause {
                StageCause::Cancel => self.cancelled(hf_job, job, event),
                StageCause::Timeout => {
                    self.judgement.occasion();
                    self.timed_out(job, busy, moment(event))
                }
                StageCause::Exit | StageCause::Platform | StageCause::Scenario => None,
            };
            self.judgement.breach_if(event.id, why);
        }
    }

    fn cancelled(&self, hf_job: &HfJobId, job: JobId, event: &Event) -> Option<String> {
        let ledger = self.context.ledger;
        let online = ledger.hf_jobs.get(hf_job).and_then(|life| life.online);
        let cause = event.because.and_then(|cause| ledger.event(cause));
        let asked = cause.and_then(|cause| ledger.calls.get(&call_of(&cause.event)?));
        let asked_ms = asked.map_or(event.at_ms, |call| call.received.at_ms);
        // Who had asked before he could know that its runner was up has taken nothing away from a job.
        let unknowing = online.is_some_and(|(online, _)| {
            asked_ms <= online.at_ms.saturating_add(self.context.hearing_ms())
        });
        (!unknowing).then(|| {
            format!(
                "an HF job was cancelled while {} was on it",
                self.named(job)
            )
        })
    }

    fn timed_out(&self, job: JobId, busy: Busy<'_>, now: Moment) -> Option<String> {
        let allowed_ms = self
            .context
            .terms
            .told
            .job_timeout_ms
            .unwrap_or(JOB_TIMEOUT_MS);
        let kept = self.kept.get(&(busy.runner, job)).copied();
        let began = busy.started.into_iter().chain(kept);
        let started = began.map(|moment| moment.at_ms).min();
        let ran_ms = started.map_or(0, |started| now.at_ms.saturating_sub(started));
        (ran_ms < allowed_ms).then(|| {
            format!(
                "an HF job ran into its timeout when {} had run for {} of the {} it may run",
                self.named(job),
                time(ran_ms),
                time(allowed_ms)
            )
        })
    }

    fn cancelled_run(&self, job: JobId, call: CallId) -> Option<String> {
        let busy = self.busy.get(&job)?;
        let received = self.context.ledger.calls.get(&call)?.received;
        let heard_ms = busy
            .assigned
            .at_ms
            .saturating_add(self.context.hearing_ms());
        (received.at_ms > heard_ms).then(|| {
            format!(
                "a run was cancelled while {} of it was on a runner",
                self.named(job)
            )
        })
    }

    /// Whether the dispatcher asks for the end of something that is online now, or of a run.
    fn asks_for_an_end(&self, call: &CallLife<'_>, now: Moment) -> bool {
        let ledger = self.context.ledger;
        if ["github.cancel-run", "github.force-cancel-run"].contains(&call.name) {
            return call.by == Caller::Dispatcher;
        }
        let runner = call.about.and_then(|about| about.runner);
        let hf_job = call.about.and_then(|about| about.hf_job.as_ref());
        let is_up = |life: &&RunnerLife<'_>| life.online.is_some_and(|at| at.event < now.event);
        let hf_job = match call.name {
            "github.delete-runner" => runner
                .and_then(|runner| ledger.runners.get(&runner))
                .filter(is_up)
                .and_then(|life| life.hf_job_at(now.event)),
            "hf.cancel" => hf_job,
            _ => None,
        };
        let Some(life) = hf_job.and_then(|hf_job| ledger.hf_jobs.get(hf_job)) else {
            return false;
        };
        let online = life
            .online
            .is_some_and(|(online, _)| online.event < now.event);
        let over = |moment: Option<Moment>| moment.is_some_and(|over| over.event < now.event);
        online && !over(life.ended.map(|(at, _)| at)) && !over(life.exited)
    }

    /// Whether a false reading of a runner invites to end it: it is busy, was shown as anything else, and has been up for
    /// longer than an idle one may be.
    fn tempts(&self, runner: RunnerId, shown: &str, now: Moment) -> bool {
        let online = self
            .context
            .ledger
            .runners
            .get(&runner)
            .and_then(|life| life.online);
        let idle_ms = self.context.terms.told.idle_timeout_ms.unwrap_or(0);
        let long = online.is_some_and(|online| now.at_ms > online.at_ms.saturating_add(idle_ms));
        let is_busy = self
            .on_runner
            .get(&runner)
            .is_some_and(|jobs| !jobs.is_empty());
        is_busy && shown != "online busy" && long
    }
}
