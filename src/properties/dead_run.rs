//! dead-run (I23): no more is spent on a job whose run is over, or that is older than a day.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fakes::{
    history::{Caller, Event, What},
    ids::JobId,
};

use super::{
    Context, Judgement,
    creates::{Create, is_of_pool},
    lanes::LaneId,
    ledger::Moment,
    tally::Tally,
    turns::DAY_MS,
    verdict::time,
};

/// How long after a job's death the dispatcher may still act on it.
const NOTICE_MS: u64 = 10 * 60_000;
/// How many calls about a dead job in ten minutes are no retrying.
const CALLS: usize = 3;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut watch = Watch {
        context,
        judgement: Judgement::new("no routed job died unfinished"),
        unfinished: BTreeMap::new(),
        died: BTreeMap::new(),
        asked: BTreeMap::new(),
        queued: VecDeque::new(),
    };
    let mut tally = Tally::new(context);
    for event in context.ledger.events {
        tally.enter(event);
        watch.enter(event, &tally);
    }
    watch.judgement
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    judgement: Judgement,
    /// Announced jobs of each lane that have not completed.
    unfinished: BTreeMap<LaneId, BTreeSet<JobId>>,
    /// When each dead job died.
    died: BTreeMap<JobId, u64>,
    /// When each dead job was asked about, the last ten minutes.
    asked: BTreeMap<JobId, VecDeque<u64>>,
    /// Queued jobs by when they are a day old.
    queued: VecDeque<(u64, JobId)>,
}

impl Watch<'_, '_, '_> {
    fn enter(&mut self, event: &Event, tally: &Tally<'_, '_>) {
        self.age(event);
        let ledger = self.context.ledger;
        match &event.event {
            What::JobQueued { job, .. } if self.announce(*job) => {
                let old_ms = event.at_ms.saturating_add(DAY_MS);
                self.queued.push_back((old_ms, *job));
            }
            What::JobWaiting { job, .. } => {
                self.announce(*job);
            }
            What::JobCompleted { job, .. } => {
                if let Some(jobs) = ledger
                    .routed(*job)
                    .and_then(|(lane, _)| self.unfinished.get_mut(&lane))
                {
                    jobs.remove(job);
                }
            }
            What::RunCompleted { run, .. } => {
                for job in ledger.jobs_of_run(*run, event.id) {
                    let lane = ledger.routed(job).map(|(lane, _)| lane);
                    let is_left = lane
                        .and_then(|lane| self.unfinished.get(&lane))
                        .is_some_and(|jobs| jobs.contains(&job));
                    if is_left {
                        self.die(job, event.at_ms);
                    }
                }
            }
            What::CallReceived {
                call,
                by: Caller::Dispatcher,
                name,
                ..
            } => {
                let about = ledger.calls.get(call).and_then(super::CallLife::job);
                if let Some(job) = about.filter(|_| name.starts_with("github.")) {
                    self.ask(job, event);
                }
                if let Some(create) = self.context.creates().get(call) {
                    self.create(create, event, tally);
                }
            }
            _ => {}
        }
    }

    /// Lets the jobs die that are a day old and still wait.
    fn age(&mut self, event: &Event) {
        let is_old = |(at, _): &(u64, JobId)| *at <= event.at_ms;
        while let Some((old_ms, job)) = self.queued.front().copied().filter(is_old) {
            self.queued.pop_front();
            let life = self.context.ledger.jobs.get(&job);
            let over = |moment: Option<Moment>| moment.is_some_and(|at| at.event < event.id);
            let waits = life.is_some_and(|life| {
                !over(life.started.map(|(at, _)| at)) && !over(life.completed.map(|(at, _)| at))
            });
            if waits {
                self.die(job, old_ms);
            }
        }
    }

    /// Adds a job to its lane; false if it is not routed.
    fn announce(&mut self, job: JobId) -> bool {
        let Some((lane, _)) = self.context.ledger.routed(job) else {
            return false;
        };
        self.unfinished.entry(lane).or_default().insert(job);
        true
    }

    fn die(&mut self, job: JobId, at_ms: u64) {
        if self.died.insert(job, at_ms).is_none() {
            self.judgement.occasion();
        }
    }

    /// A question about a job: too many about a dead one are retrying.
    fn ask(&mut self, job: JobId, event: &Event) {
        let Some(death) = self.died.get(&job).copied() else {
            return;
        };
        let asked = self.asked.entry(job).or_default();
        while asked
            .front()
            .is_some_and(|at| at.saturating_add(NOTICE_MS) <= event.at_ms)
        {
            asked.pop_front();
        }
        if event.at_ms >= death.saturating_add(NOTICE_MS) {
            asked.push_back(event.at_ms);
        }
        if asked.len() > CALLS {
            let why = format!(
                "the {}. question in ten minutes about {}, which was dead at {}",
                asked.len(),
                self.context.ledger.job_named(job),
                time(death)
            );
            self.judgement.breach(event.id, why);
        }
    }

    /// A create for a lane in which only dead jobs are left.
    fn create(&mut self, create: &Create, event: &Event, tally: &Tally<'_, '_>) {
        let dead = |job: &JobId| {
            let death = self.died.get(job);
            death.is_some_and(|death| event.at_ms > death.saturating_add(NOTICE_MS))
        };
        let jobs = self.unfinished.get(&create.lane);
        let all = jobs.filter(|jobs| jobs.iter().rev().all(dead));
        let last = all.and_then(|jobs| jobs.last());
        if let Some(job) = last.filter(|_| !is_of_pool(self.context, tally, create.lane)) {
            let why = format!(
                "an HF job was created for a lane in which only dead jobs are left, such as {}",
                self.context.ledger.job_named(*job)
            );
            self.judgement.breach(create.created.event, why);
        }
    }
}
