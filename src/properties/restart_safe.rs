//! restart-safe (I12): a crash or a restart costs nobody a job and leaves nothing behind. Judged against a twin: the same plan, run
//! again without its crashes, stops and restarts.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Judgement, lanes::LaneId, ledger::Ledger};

/// What a run came to, as far as it can be compared with its twin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Twin {
    /// Jobs by name and attempt: whether each was served or told of, or withdrawn by somebody else.
    jobs: BTreeMap<(String, u32), Fate>,
    created: usize,
    alive: usize,
    registrations: usize,
    settled: bool,
    /// Lines of steps that were not taken.
    not_taken: Vec<usize>,
}

/// What became of a routed job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It started, or its user was told.
    Cared,
    /// Somebody else withdrew it.
    Withdrawn,
    /// Neither.
    Left,
}

impl Twin {
    /// What a history came to; `not_taken` are the lines of steps whose trigger never came.
    #[must_use]
    pub fn of(context: &Context<'_, '_>, not_taken: &[usize]) -> Self {
        let ledger = context.ledger;
        let routed = ledger.jobs.iter().filter(|(_, life)| life.lane.is_some());
        let jobs = routed.map(|(job, life)| {
            let told = context.tellings.for_cause(*job).is_some();
            let fate = match (life.started.is_some() || told, life.withdrawn()) {
                (true, _) => Fate::Cared,
                (false, true) => Fate::Withdrawn,
                (false, false) => Fate::Left,
            };
            ((life.name.to_owned(), life.attempt), fate)
        });
        let lives = ledger.hf_jobs.values();
        // A recorded job runs whether anybody brings it a runner or not: who does has wasted nothing.
        let recorded = &context.terms.recorded_jobs;
        let ran_recorded = lives
            .clone()
            .filter(|life| life.job.is_some_and(|(_, job)| recorded.contains(&job)));
        Self {
            jobs: jobs.collect(),
            created: ledger.hf_jobs.len() - ran_recorded.count(),
            alive: lives.filter(|life| life.ended.is_none()).count(),
            registrations: registrations(ledger),
            settled: ledger.settled,
            not_taken: not_taken.to_vec(),
        }
    }
}

/// Runner records that are left at the end.
fn registrations(ledger: &Ledger<'_>) -> usize {
    ledger
        .runners
        .values()
        .filter(|life| life.removed.is_none())
        .count()
}

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let ledger = context.ledger;
    let restarts: Vec<_> = ledger.outages.iter().filter_map(|(_, up)| *up).collect();
    let Some(last) = restarts.last() else {
        return Judgement::new("the dispatcher was never restarted");
    };
    let Some(twin) = &context.terms.twin else {
        return Judgement::new("no twin without the crashes could be run beside it");
    };
    let mut judgement = Judgement::new("the dispatcher was never restarted");
    judgement.occasions(restarts.len());
    let own = Twin::of(context, &context.terms.steps_not_taken);
    if !twin.settled || own.not_taken != twin.not_taken {
        let why = "the run and its twin without the crashes cannot be compared: the twin did not settle, or one took other steps";
        judgement.undecided(last.event, why);
        return judgement;
    }
    for (lane, (cared, by_twin)) in by_lane(context, &own, twin) {
        let Some(lane) = ledger.lanes.get(lane).filter(|_| cared < by_twin) else {
            continue;
        };
        let why = format!(
            "{} jobs of {} were served or told of; without the crashes {by_twin} were",
            cared, lane.place
        );
        judgement.breach(last.event, why);
    }
    if !own.settled {
        let why = "the run did not settle, as its twin without the crashes did";
        judgement.undecided(last.event, why);
        return judgement;
    }
    let cut_off = ledger
        .calls
        .values()
        .filter(|call| call.name == "hf.create" && call.failed())
        .count();
    let allowed = twin.created + unused(ledger) + cut_off;
    let compared = [
        ("HF jobs were alive at the end", own.alive, twin.alive),
        (
            "registrations were left at the end",
            own.registrations,
            twin.registrations,
        ),
        ("HF jobs were created", own.created, allowed),
    ];
    for (what, count, most) in compared {
        let why = format!("{count} {what}; without the crashes at most {most}");
        judgement.breach_if(last.event, (count > most).then_some(why));
    }
    judgement
}

fn unused(ledger: &Ledger<'_>) -> usize {
    let lives = ledger.hf_jobs.values();
    lives
        .filter(|life| life.job.is_none() && life.ended.is_some())
        .count()
}

/// How many jobs of each lane were cared for here and in the twin, of those that exist in both and that nobody else withdrew.
/// Of a run that did not settle, one that came so late that it may yet be served in time does not count.
fn by_lane(context: &Context<'_, '_>, own: &Twin, twin: &Twin) -> BTreeMap<LaneId, (usize, usize)> {
    let mut found: BTreeMap<LaneId, (usize, usize)> = BTreeMap::new();
    let comparable: BTreeSet<_> = own
        .jobs
        .iter()
        .filter(|(key, fate)| {
            **fate != Fate::Withdrawn
                && twin
                    .jobs
                    .get(*key)
                    .is_some_and(|fate| *fate != Fate::Withdrawn)
        })
        .map(|(key, _)| key)
        .collect();
    for life in context.ledger.jobs.values() {
        let key = (life.name.to_owned(), life.attempt);
        let Some(lane) = life.lane.filter(|_| comparable.contains(&key)) else {
            continue;
        };
        let since = life.dispatchable.unwrap_or(life.announced);
        let within_ms = context.terms.bounds.served_within_ms;
        let may_come =
            !own.settled && since.at_ms.saturating_add(within_ms) >= context.ledger.end.at_ms;
        if may_come {
            continue;
        }
        let counts = found.entry(lane).or_default();
        counts.0 += usize::from(own.jobs.get(&key) == Some(&Fate::Cared));
        counts.1 += usize::from(twin.jobs.get(&key) == Some(&Fate::Cared));
    }
    found
}
