//! dead-run (I23): no more is spent on a job whose run is over, or that is older than a day.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fakes::{
    history::{Caller, What},
    ids::JobId,
};

use super::{
    Context, Judgement,
    creates::{creates, is_of_pool},
    lanes::LaneId,
    ledger::Moment,
    served_or_told::time,
    tally::Tally,
    turns::DAY_MS,
};

/// How long after a job's death the dispatcher may still act on it.
const NOTICE_MS: u64 = 10 * 60_000;
/// How many calls about a dead job in ten minutes are no retrying.
const CALLS: usize = 3;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let ledger = context.ledger;
    let mut judgement = Judgement::new("no routed job died unfinished");
    let creates = creates(ledger);
    let mut tally = Tally::new(context);
    let mut unfinished: BTreeMap<LaneId, BTreeSet<JobId>> = BTreeMap::new();
    let mut died: BTreeMap<JobId, u64> = BTreeMap::new();
    let mut asked: BTreeMap<JobId, VecDeque<u64>> = BTreeMap::new();
    let mut queued: VecDeque<(u64, JobId)> = VecDeque::new();
    for event in ledger.events {
        tally.enter(event);
        let is_old = |(at, _): &(u64, JobId)| *at <= event.at_ms;
        while let Some((old_ms, job)) = queued.front().copied().filter(is_old) {
            queued.pop_front();
            let life = ledger.jobs.get(&job);
            let over = |moment: Option<Moment>| moment.is_some_and(|at| at.event < event.id);
            let waits = life.is_some_and(|life| {
                !over(life.started.map(|(at, _)| at)) && !over(life.completed.map(|(at, _)| at))
            });
            if waits && died.insert(job, old_ms).is_none() {
                judgement.occasion();
            }
        }
        match &event.event {
            What::JobQueued { job, .. } | What::JobWaiting { job, .. } => {
                if let Some((lane, _)) = ledger.routed(*job) {
                    unfinished.entry(lane).or_default().insert(*job);
                    if matches!(event.event, What::JobQueued { .. }) {
                        queued.push_back((event.at_ms.saturating_add(DAY_MS), *job));
                    }
                }
            }
            What::JobCompleted { job, .. } => {
                if let Some(jobs) = ledger
                    .routed(*job)
                    .and_then(|(lane, _)| unfinished.get_mut(&lane))
                {
                    jobs.remove(job);
                }
            }
            What::RunCompleted { run, .. } => {
                for job in ledger.jobs_of_run(*run, event.id) {
                    let lane = ledger.routed(job).map(|(lane, _)| lane);
                    let is_left = lane
                        .and_then(|lane| unfinished.get(&lane))
                        .is_some_and(|jobs| jobs.contains(&job));
                    if is_left && died.insert(job, event.at_ms).is_none() {
                        judgement.occasion();
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
                let dead = about.and_then(|job| Some((job, *died.get(&job)?)));
                if let Some((job, death)) = dead.filter(|_| name.starts_with("github.")) {
                    let asked = asked.entry(job).or_default();
                    while asked
                        .front()
                        .is_some_and(|at| at.saturating_add(NOTICE_MS) <= event.at_ms)
                    {
                        asked.pop_front();
                    }
                    if event.at_ms >= death.saturating_add(NOTICE_MS) {
                        asked.push_back(event.at_ms);
                    }
                    let why = (asked.len() > CALLS).then(|| {
                        let name = ledger.job_named(job);
                        format!(
                            "the {}. question in ten minutes about {name}, which was dead at {}",
                            asked.len(),
                            time(death)
                        )
                    });
                    judgement.breach_if(event.id, why);
                }
                let Some(create) = creates.get(call) else {
                    continue;
                };
                let jobs = unfinished.get(&create.lane).filter(|jobs| !jobs.is_empty());
                let dead = |job: &JobId| {
                    let death = died.get(job);
                    death.is_some_and(|death| event.at_ms > death.saturating_add(NOTICE_MS))
                };
                let all = jobs.filter(|jobs| jobs.iter().rev().all(dead));
                if let Some(job) = all
                    .and_then(|jobs| jobs.last())
                    .filter(|_| !is_of_pool(context, &tally, create.lane))
                {
                    let why = format!(
                        "an HF job was created for a lane in which only dead jobs are left, such as {}",
                        ledger.job_named(*job)
                    );
                    judgement.breach(create.created.event, why);
                }
            }
            _ => {}
        }
    }
    judgement
}
