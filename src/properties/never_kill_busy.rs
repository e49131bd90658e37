//! never-kill-busy (I6): nothing is taken away from under a running job: not its runner's registration, not its HF job, not its
//! run. One reading that says idle, or one listing without it, proves nothing.

use std::collections::BTreeMap;

use fakes::{
    history::{Event, Removal, StageCause, What},
    ids::{CallId, HfJobId, JobId, RunnerId},
};

use super::{
    Context, Judgement,
    ledger::{CallLife, Moment, ends_hf_job, moment},
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
        of_hf_job: BTreeMap::new(),
        of_job: BTreeMap::new(),
    };
    for event in context.ledger.events {
        watch.enter(event);
    }
    watch.judgement
}

/// A runner that a job is on.
#[derive(Clone, Copy, Debug)]
struct Busy {
    job: JobId,
    assigned: Moment,
    started: Option<Moment>,
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    judgement: Judgement,
    busy: BTreeMap<RunnerId, Busy>,
    of_hf_job: BTreeMap<&'a HfJobId, RunnerId>,
    of_job: BTreeMap<JobId, RunnerId>,
}

impl<'a> Watch<'_, '_, 'a> {
    fn enter(&mut self, event: &'a Event) {
        let now = moment(event);
        match &event.event {
            What::RunnerAssigned {
                runner,
                job,
                hf_job,
            } => {
                let busy = Busy {
                    job: *job,
                    assigned: now,
                    started: None,
                };
                self.busy.insert(*runner, busy);
                self.of_job.insert(*job, *runner);
                if let Some(hf_job) = hf_job {
                    self.of_hf_job.insert(hf_job, *runner);
                }
            }
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => self.start(*job, *runner, now),
            What::JobCompleted { job, .. } | What::JobTakenBack { job, .. } => self.free_job(*job),
            What::RunnerExited { hf_job, .. } => self.free_hf_job(hf_job),
            What::RunnerRemoved {
                runner,
                why: Removal::Api,
            } => {
                let job = self.busy.get(runner).map(|busy| busy.job);
                let why = job
                    .map(|job| format!("a runner was deleted while {} was on it", self.named(job)));
                self.judgement.breach_if(event.id, why);
            }
            What::RunCancelRequested {
                run,
                call: Some(call),
            } => {
                self.judgement.occasion();
                for job in self.context.ledger.runs.get(run).into_iter().flatten() {
                    let why = self.cancelled_run(*job, *call);
                    self.judgement.breach_if(event.id, why);
                }
            }
            What::CallReceived { call, .. } => {
                let asked = self.context.ledger.calls.get(call);
                if asked.is_some_and(|call| self.ends_what_is_online(call, now)) {
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
                    self.end(hf_job, cause, now);
                    self.free_hf_job(hf_job);
                }
            }
        }
    }

    fn named(&self, job: JobId) -> String {
        self.context.ledger.job_named(job)
    }

    fn start(&mut self, job: JobId, runner: RunnerId, now: Moment) {
        let busy = self.busy.entry(runner).or_insert(Busy {
            job,
            assigned: now,
            started: None,
        });
        busy.started = Some(now);
        self.of_job.insert(job, runner);
        let hf_job = self
            .context
            .ledger
            .runners
            .get(&runner)
            .and_then(|life| life.hf_job);
        if let Some(hf_job) = hf_job {
            self.of_hf_job.insert(hf_job, runner);
        }
    }

    fn free_job(&mut self, job: JobId) {
        if let Some(runner) = self.of_job.remove(&job) {
            self.busy.remove(&runner);
        }
    }

    fn free_hf_job(&mut self, hf_job: &HfJobId) {
        let busy = self
            .of_hf_job
            .remove(hf_job)
            .and_then(|runner| self.busy.remove(&runner));
        if let Some(busy) = busy {
            self.of_job.remove(&busy.job);
        }
    }

    fn end(&mut self, hf_job: &'a HfJobId, cause: StageCause, now: Moment) {
        let busy = self
            .of_hf_job
            .get(hf_job)
            .and_then(|runner| self.busy.get(runner))
            .copied();
        let Some(busy) = busy else { return };
        let why = match cause {
            StageCause::Cancel => self.cancelled(hf_job, busy),
            StageCause::Timeout => {
                self.judgement.occasion();
                self.timed_out(busy, now)
            }
            StageCause::Exit | StageCause::Platform | StageCause::Scenario => None,
        };
        self.judgement.breach_if(now.event, why);
    }

    fn cancelled(&self, hf_job: &HfJobId, busy: Busy) -> Option<String> {
        let ledger = self.context.ledger;
        let online = ledger.hf_jobs.get(hf_job).and_then(|life| life.online);
        let asked = ledger.cancels_of(hf_job).next();
        // Who had asked before he could know that its runner was up has taken nothing away from a job.
        let unknowing = asked.zip(online).is_some_and(|(call, (online, _))| {
            call.received.at_ms <= online.at_ms.saturating_add(self.context.hearing_ms())
        });
        (!unknowing).then(|| {
            format!(
                "an HF job was cancelled while {} was on it",
                self.named(busy.job)
            )
        })
    }

    fn timed_out(&self, busy: Busy, now: Moment) -> Option<String> {
        let allowed_ms = self
            .context
            .terms
            .told
            .job_timeout_ms
            .unwrap_or(JOB_TIMEOUT_MS);
        let since = busy.started.unwrap_or(busy.assigned);
        let ran_ms = now.at_ms.saturating_sub(since.at_ms);
        (ran_ms < allowed_ms).then(|| {
            format!(
                "an HF job ran into its timeout when {} had run for {} of the {} it may run",
                self.named(busy.job),
                time(ran_ms),
                time(allowed_ms)
            )
        })
    }

    fn cancelled_run(&self, job: JobId, call: CallId) -> Option<String> {
        let busy = self
            .of_job
            .get(&job)
            .and_then(|runner| self.busy.get(runner))?;
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

    /// Whether a call asks for the end of something that is online now.
    fn ends_what_is_online(&self, call: &CallLife<'_>, now: Moment) -> bool {
        let ledger = self.context.ledger;
        let runner = call.about.and_then(|about| about.runner);
        let hf_job = call.about.and_then(|about| about.hf_job.as_ref());
        let hf_job = match call.name {
            "github.delete-runner" => runner
                .and_then(|runner| ledger.runners.get(&runner))
                .and_then(|life| life.hf_job),
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
        self.busy.contains_key(&runner) && shown != "online busy" && long
    }
}
