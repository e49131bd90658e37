//! attempts (I17): a re-run is fresh demand, and events of other attempts do not cancel it out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fakes::{
    history::{Caller, Event, What},
    ids::{HfJobId, JobId, RunId},
};

use super::{
    Context, Judgement,
    lanes::{LaneId, Reach},
    ledger::Kinds,
    served_or_told::judge_wait,
    spans::Spans,
    tally::{Standing, Tally},
    turns::Turn,
    verdict::time,
};

/// How soon after an event of another attempt an end of supply is taken for its answer.
const AFTER_MS: u64 = 60_000;
/// How young supply is that nobody has a reason to give up.
const YOUNG_MS: u64 = 5 * 60_000;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new("no job of a later attempt was in demand");
    let later = |job: JobId| {
        context
            .ledger
            .jobs
            .get(&job)
            .is_some_and(|life| life.attempt > 1)
    };
    let demands = context
        .turns
        .all()
        .iter()
        .filter(|taken| taken.turn == Turn::Opens);
    judgement.occasions(demands.filter(|taken| later(taken.job)).count());
    let jobs = context.ledger.jobs.keys().copied();
    let spans = Spans::of(context.ledger, jobs.filter(|job| later(*job)));
    for wait in context.waits() {
        let until = wait
            .taken
            .map_or(context.ledger.end.event, |(at, ..)| at.event);
        // A job of a later attempt was open all the time.
        if spans
            .covering(wait.lane, wait.beginning.event, until)
            .is_some()
        {
            judge_wait(context, wait, &mut judgement);
        }
    }
    cancelled_out(context, &mut judgement);
    judgement
}

/// Supply that was ended in answer to an event of an earlier attempt, while a later one waits.
fn cancelled_out(context: &Context<'_, '_>, judgement: &mut Judgement) {
    let ledger = context.ledger;
    let mut tally = Tally::new(context);
    let mut heard: BTreeMap<LaneId, VecDeque<(u64, JobId)>> = BTreeMap::new();
    let lives = ledger.jobs.values().filter(|life| life.attempt > 1);
    let run_again: BTreeSet<RunId> = lives.map(|life| life.run).collect();
    for event in context.changes_and(Kinds::ASKED | Kinds::DELIVERED) {
        match &event.event {
            What::DeliveryAnswered { job: Some(job), .. } => {
                let routed = ledger.routed(*job);
                if let Some((lane, _)) = routed.filter(|(_, life)| run_again.contains(&life.run)) {
                    let heard = heard.entry(lane).or_default();
                    while heard
                        .front()
                        .is_some_and(|(at_ms, _)| event.at_ms - at_ms > AFTER_MS)
                    {
                        heard.pop_front();
                    }
                    heard.push_back((event.at_ms, *job));
                }
            }
            What::CallReceived {
                call,
                by: Caller::Dispatcher,
                ..
            } => {
                let Some((hf_job, lane)) = ledger
                    .calls
                    .get(call)
                    .and_then(|call| ledger.supply_ended_by(call))
                else {
                    tally.enter(event);
                    continue;
                };
                if is_given_up(context, &tally, event, hf_job, lane) {
                    let mut heard = heard.get(&lane).into_iter().flatten();
                    let why = heard.find_map(|(at, job)| {
                        ended(context, &tally, event, hf_job, lane, (*at, *job))
                    });
                    judgement.breach_if(event.id, why);
                }
            }
            _ => {}
        }
        tally.enter(event);
    }
}

/// Whether this ends supply that nobody has a reason to give up.
fn is_given_up(
    context: &Context<'_, '_>,
    tally: &Tally<'_, '_>,
    event: &Event,
    hf_job: &HfJobId,
    lane: LaneId,
) -> bool {
    let ledger = context.ledger;
    let Some(life) = ledger.hf_jobs.get(hf_job) else {
        return false;
    };
    let Some(Reach::Lane(_)) = ledger.lanes.reach(hf_job) else {
        return false;
    };
    let is_supply = tally.standing(hf_job) == Some(Standing::Supply);
    let online = life
        .online
        .is_some_and(|(online, _)| online.event < event.id);
    let young = event.at_ms.saturating_sub(life.created.at_ms) < YOUNG_MS;
    let short = tally.supply(lane) <= tally.open(lane);
    is_supply && (online || young) && short
}

/// Why it was ended in answer to an event of this job, if it can be.
fn ended(
    context: &Context<'_, '_>,
    tally: &Tally<'_, '_>,
    event: &Event,
    hf_job: &HfJobId,
    lane: LaneId,
    (heard_ms, of): (u64, JobId),
) -> Option<String> {
    let ledger = context.ledger;
    if event.at_ms.saturating_sub(heard_ms) > AFTER_MS {
        return None;
    }
    let earlier = |job: &JobId| {
        let (Some(open), Some(heard)) = (ledger.jobs.get(job), ledger.jobs.get(&of)) else {
            return false;
        };
        open.run == heard.run && heard.attempt < open.attempt
    };
    let waits = tally
        .lane(lane)?
        .open
        .iter()
        .map(|(_, job)| *job)
        .find(earlier)?;
    Some(format!(
        "{hf_job} was given up at {} after an event of an earlier attempt ({}), while {} of a later one waits",
        time(event.at_ms),
        ledger.job_named(of),
        ledger.job_named(waits)
    ))
}
