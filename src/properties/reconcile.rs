//! reconcile (I21): what a lost delivery would have told is found out by other means: a queued job gets its runner, and the HF job
//! of a completed one ends.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Caller, What},
    ids::{EventId, JobId},
};

use super::{
    Context, Judgement,
    ledger::{CallLife, Kinds, Ledger, Moment},
    no_leak::{Cause, judge_idler},
    shortages::Place,
    spans::Spans,
    verdict::time,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement =
        Judgement::new("no delivery was lost whose job still waited, or whose HF job still lived");
    let lost = Losses::read(context.ledger);
    let lists = lists(context.ledger);
    for (job, at) in &lost.queued {
        if was_open(context, *job, *at) {
            judgement.occasion();
        }
    }
    let spans = Spans::of(context.ledger, lost.queued.keys().copied());
    for place in context.places() {
        judge_place(context, (&lost, &spans, &lists), place, &mut judgement);
    }
    for idler in context.idlers() {
        let (Cause::Worked(job) | Cause::Withdrawn(job)) = idler.cause else {
            continue;
        };
        if lost.completed.contains(&job) {
            judgement.occasion();
            judge_idler(context, idler, &mut judgement);
        }
    }
    judgement
}

/// Jobs of which no delivery of an action was ever acknowledged, though there was one.
struct Losses {
    /// `queued`, with the moment of the first loss.
    queued: BTreeMap<JobId, Moment>,
    /// `completed`.
    completed: BTreeSet<JobId>,
    /// Those whose lost `queued` stands in GitHub's log of deliveries.
    logged: BTreeSet<JobId>,
}

impl Losses {
    fn read(ledger: &Ledger<'_>) -> Self {
        let mut heard: BTreeSet<(JobId, &str)> = BTreeSet::new();
        let mut lost: BTreeMap<(JobId, &str), Moment> = BTreeMap::new();
        let mut logged = BTreeSet::new();
        for delivery in ledger
            .deliveries
            .values()
            .filter(|delivery| delivery.genuine())
        {
            let (Some(job), Some(action)) = (delivery.job, delivery.action) else {
                continue;
            };
            if delivery.accepted().is_some() {
                heard.insert((job, action));
                continue;
            }
            let failed = delivery.answered.map(|(at, ..)| at);
            let gone = delivery.lost.map(|(at, _)| at).or(failed);
            if let Some(at) = gone {
                if action == "queued" && delivery.logged {
                    logged.insert(job);
                }
                let first = lost.entry((job, action)).or_insert(at);
                if at.event < first.event {
                    *first = at;
                }
            }
        }
        lost.retain(|key, _| !heard.contains(key));
        let of = |wanted: &'static str| {
            lost.iter()
                .filter(move |((_, action), _)| *action == wanted)
        };
        Self {
            queued: of("queued").map(|((job, _), at)| (*job, *at)).collect(),
            completed: of("completed").map(|((job, _), _)| *job).collect(),
            logged,
        }
    }
}

/// Whether a job still waited when the dispatcher might have missed its delivery.
fn was_open(context: &Context<'_, '_>, job: JobId, lost: Moment) -> bool {
    let Some((_, life)) = context.ledger.routed(job) else {
        return false;
    };
    let by_ms = lost.at_ms.saturating_add(context.hearing_ms());
    life.dispatchable.is_some_and(|since| since.at_ms <= by_ms)
        && life.settled().is_none_or(|settled| settled.at_ms > by_ms)
}

/// Judges a place that stood empty while a job with a lost `queued` was open.
fn judge_place(
    context: &Context<'_, '_>,
    (lost, spans, lists): (&Losses, &Spans, &[&CallLife<'_>]),
    place: &Place,
    judgement: &mut Judgement,
) {
    let ledger = context.ledger;
    let until = place
        .filled
        .map_or(EventId(u64::MAX), |filled| filled.event);
    let missed = spans.covering(place.lane, place.entered.event, until);
    let Some((job, at)) = missed.and_then(|job| Some((job, lost.queued.get(&job)?))) else {
        return;
    };
    let from = if at.event > place.entered.event {
        *at
    } else {
        place.entered
    };
    let bound = context.patient_bound(place.lane, from, until);
    let end = place.filled.unwrap_or(ledger.end);
    let name = ledger.job_named(job);
    let missed = format!("the `queued` of {name} was lost at {}", time(at.at_ms));
    let due = time(bound.due_ms);
    let gone = ledger.is_gone_by(bound.due_ms);
    if end.at_ms > bound.due_ms && !gone {
        let logged = lost.logged.contains(&job);
        if lists_are_stopped(context, lists, (job, logged), from, bound.due_ms) {
            return;
        }
        let outcome = place.filled.map_or_else(
            || "none came".to_owned(),
            |filled| format!("there was none until {}", time(filled.at_ms)),
        );
        let why = format!("{missed}; a runner for it was due by {due}, and {outcome}");
        judgement.breach(at.event, why);
    } else if place.filled.is_none() && gone {
        let why =
            format!("{missed}; a runner for it is due from a dispatcher that never came back");
        judgement.undecided(at.event, why);
    } else if place.filled.is_none() {
        let why = format!(
            "{missed}; a runner for it is due by {due}, and the run ended at {}",
            time(ledger.end.at_ms)
        );
        judgement.undecided(at.event, why);
    }
}

/// What the dispatcher asked for of which any shows jobs, in order.
fn lists<'l, 'a>(ledger: &'l Ledger<'a>) -> Vec<&'l CallLife<'a>> {
    let calls = ledger
        .only(Kinds::ASKED)
        .filter_map(|event| match &event.event {
            What::CallReceived {
                call,
                by: Caller::Dispatcher,
                name,
                ..
            } if LISTS.contains(&name.as_str()) => ledger.calls.get(call),
            _ => None,
        });
    calls.collect()
}

/// The calls of which one may show that a job is queued.
const LISTS: [&str; 4] = [
    "github.list-runs",
    "github.list-run-jobs",
    "github.list-run-attempt-jobs",
    "github.list-deliveries",
];

/// Whether a listing would show a job that is queued: the runs of its repository and their jobs, and the log of deliveries
/// where its lost delivery stands in it.
fn shows(ledger: &Ledger<'_>, call: &CallLife<'_>, job: JobId, logged: bool) -> bool {
    match call.name {
        "github.list-runs" | "github.list-run-jobs" | "github.list-run-attempt-jobs" => {
            let named = call.about.and_then(|about| about.repo.as_deref());
            let own = ledger.jobs.get(&job).map(|life| life.repo);
            let place = |repo| ledger.lanes.first_name(repo);
            named
                .zip(own)
                .is_none_or(|(named, own)| place(named).eq_ignore_ascii_case(place(own)))
        }
        "github.list-deliveries" => logged,
        _ => false,
    }
}

/// Whether the dispatcher asked all the time for listings that would show a job, and a fault without end struck every one.
fn lists_are_stopped(
    context: &Context<'_, '_>,
    lists: &[&CallLife<'_>],
    (job, logged): (JobId, bool),
    from: Moment,
    due_ms: u64,
) -> bool {
    let ledger = context.ledger;
    let within_ms = context.terms.bounds.served_within_ms;
    let mut last_ms = from.at_ms;
    let first = lists.partition_point(|call| call.received.event <= from.event);
    let asked = lists.get(first..).unwrap_or_default().iter();
    let in_time = asked.take_while(|call| call.received.at_ms <= due_ms);
    for call in in_time.filter(|call| shows(ledger, call, job, logged)) {
        if !ledger.is_stopped_for_ever(call) {
            return false;
        }
        if call.received.at_ms > last_ms.saturating_add(within_ms) {
            return false;
        }
        last_ms = call.received.at_ms;
    }
    due_ms <= last_ms.saturating_add(within_ms) && last_ms > from.at_ms
}
