//! waiting-is-not-queued (I22): jobs that wait for an approval, their group or their turn burn no runners.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Event, What},
    ids::{EventId, HfJobId, JobId},
};

use super::{
    Context, Judgement,
    creates::{Create, is_of_pool},
    knowledge::News,
    lanes::{LaneId, Reach},
    ledger::{Kinds, Moment, ends_hf_job, moment},
    tally::{Standing, Tally},
    turns::Turn,
    verdict::time,
};

/// How many HF jobs may end unused while only held jobs are left, for each time that a job of the lane started.
const UNUSED: usize = 2;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement =
        Judgement::new("no routed job had to wait for an approval, its group or its turn");
    let held = context
        .turns
        .all()
        .iter()
        .filter(|taken| taken.turn == Turn::Holds);
    judgement.occasions(held.count());
    let creates = context.creates();
    let mut tally = Tally::new(context);
    let mut watch = Watch {
        context,
        lanes: BTreeMap::new(),
        spent: BTreeSet::new(),
        elsewhere: BTreeMap::new(),
    };
    for event in context.changes_and(Kinds::ASKED | Kinds::LIVES) {
        if let What::CallReceived { call, .. } = &event.event
            && let Some(create) = creates.get(call)
        {
            let why = burns(context, &tally, create).filter(|_| !watch.believes_in_another(create));
            judgement.breach_if(create.created.event, why);
        }
        if let What::JobStarted {
            job, runner: None, ..
        } = &event.event
            && let Some((lane, _)) = context.ledger.routed(*job)
        {
            watch.elsewhere.entry(lane).or_default().insert(*job);
        }
        let now = moment(event);
        let touched: BTreeSet<LaneId> = tally.enter(event).iter().copied().collect();
        // The state of before held until this event.
        for lane in &touched {
            judgement.breach_if(event.id, watch.idle_for_long(*lane, now));
        }
        for taken in tally.turned() {
            if matches!(taken.turn, Turn::Opens | Turn::Renews | Turn::Starts) {
                watch.lanes.entry(taken.lane).or_default().unused = 0;
            }
        }
        judgement.breach_if(event.id, watch.spent(event, &tally));
        for lane in touched {
            watch.look(&tally, lane, now);
        }
        watch.idle(event, &tally);
    }
    let end = context.ledger.end;
    let lanes: Vec<LaneId> = watch.lanes.keys().copied().collect();
    for lane in lanes {
        judgement.breach_if(end.event, watch.idle_for_long(lane, end));
    }
    judgement
}

/// Whether a create is for jobs that are known to wait.
fn burns(context: &Context<'_, '_>, tally: &Tally<'_, '_>, create: &Create) -> Option<String> {
    let counts = tally.lane(create.lane)?;
    // Who waits is looked at only where nobody else can be meant.
    if tally.supply(create.lane) < counts.open.len() {
        return None;
    }
    let heard_by = create.received.at_ms.saturating_sub(context.hearing_ms());
    let known = counts.held.iter().all(|job| {
        let last = context.knowledge.last(*job, create.received.event);
        last.is_some_and(|heard| heard.news == News::Waiting && heard.at.at_ms <= heard_by)
    });
    let held = counts.held.first()?;
    (known && !is_of_pool(context, tally, create.lane)).then(|| {
        format!(
            "an HF job was created although only waiting jobs were left without a runner, such as {}",
            context.ledger.job_named(*held)
        )
    })
}

/// A lane in which jobs are held.
#[derive(Debug, Default)]
struct Lane<'a> {
    /// Since when no job is open and some are held.
    quiet: Option<Moment>,
    /// HF jobs that ended unused in that time since a job last started or became open.
    unused: usize,
    /// HF jobs that are online and idle, in the order they came online.
    idle: BTreeMap<EventId, (u64, &'a HfJobId)>,
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    lanes: BTreeMap<LaneId, Lane<'a>>,
    spent: BTreeSet<&'a HfJobId>,
    /// Recorded jobs that started on no runner of this world, of which the dispatcher may not know that yet.
    elsewhere: BTreeMap<LaneId, BTreeSet<JobId>>,
}

impl<'a> Watch<'_, '_, 'a> {
    /// Whether a create may be for a recorded job that has started without any runner, which the dispatcher could not
    /// know yet.
    fn believes_in_another(&mut self, create: &Create) -> bool {
        let Some(jobs) = self.elsewhere.get_mut(&create.lane) else {
            return false;
        };
        let received = create.received;
        let heard_by = received.at_ms.saturating_sub(self.context.hearing_ms());
        jobs.retain(|job| {
            let last = self.context.knowledge.last(*job, received.event);
            !last.is_some_and(|heard| {
                matches!(heard.news, News::Started | News::Over) && heard.at.at_ms <= heard_by
            })
        });
        !jobs.is_empty()
    }

    fn look(&mut self, tally: &Tally<'_, 'a>, lane: LaneId, now: Moment) {
        let Some(counts) = tally.lane(lane) else {
            return;
        };
        let quiet = counts.open.is_empty() && !counts.held.is_empty();
        let state = self.lanes.entry(lane).or_default();
        match (quiet, state.quiet) {
            (true, None) => state.quiet = Some(now),
            (false, Some(_)) => state.quiet = None,
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Keeps who is online and idle.
    fn idle(&mut self, event: &'a Event, tally: &Tally<'_, 'a>) {
        let ledger = self.context.ledger;
        let hf_job = match &event.event {
            What::RunnerOnline {
                hf_job: Some(hf_job),
                ..
            } => Some(hf_job),
            What::RunnerAssigned {
                hf_job: Some(hf_job),
                ..
            } => Some(hf_job),
            What::JobTakenBack { runner, .. } => ledger.hf_job_of(*runner, event.id),
            other => ends_hf_job(other)
                .map(|(hf_job, ..)| hf_job)
                .or_else(|| ledger.spends(event)),
        };
        let Some((hf_job, Reach::Lane(lane))) =
            hf_job.and_then(|hf_job| Some((hf_job, ledger.lanes.reach(hf_job)?)))
        else {
            return;
        };
        let Some((online, _)) = ledger.hf_jobs.get(hf_job).and_then(|life| life.online) else {
            return;
        };
        let assigned = matches!(event.event, What::RunnerAssigned { .. });
        let idles = tally.standing(hf_job) == Some(Standing::Supply)
            && !assigned
            && online.event <= event.id;
        let state = self.lanes.entry(lane).or_default();
        if idles {
            state.idle.insert(online.event, (online.at_ms, hf_job));
        } else {
            state.idle.remove(&online.event);
        }
    }

    /// Counts an HF job that ended unused while only held jobs were left.
    fn spent(&mut self, event: &'a Event, tally: &Tally<'_, 'a>) -> Option<String> {
        let ledger = self.context.ledger;
        let hf_job = ends_hf_job(&event.event)
            .map(|(hf_job, ..)| hf_job)
            .or_else(|| ledger.spends(event))?;
        let unused = ledger.hf_jobs.get(hf_job)?.job.is_none();
        if !unused || !self.spent.insert(hf_job) {
            return None;
        }
        let Some(Reach::Lane(lane)) = ledger.lanes.reach(hf_job) else {
            return None;
        };
        let counts = tally.lane(lane)?;
        if !counts.open.is_empty() || counts.held.is_empty() {
            return None;
        }
        // A pool renews its runners, whoever waits.
        if tally.supply(lane) < self.context.warm(lane) {
            return None;
        }
        let state = self.lanes.entry(lane).or_default();
        state.unused += 1;
        (state.unused > UNUSED).then(|| {
            format!(
                "{hf_job} is the {}. HF job that ended unused while only held jobs waited",
                state.unused
            )
        })
    }

    /// Whether more runners than one have idled for long by now, while only held jobs waited.
    fn idle_for_long(&self, lane: LaneId, now: Moment) -> Option<String> {
        let state = self.lanes.get(&lane)?;
        let quiet = state.quiet?;
        let (online_ms, hf_job) = state.idle.values().nth(self.context.warm(lane) + 1)?;
        let since_ms = quiet.at_ms.max(*online_ms);
        let long =
            now.at_ms > since_ms.saturating_add(self.context.terms.bounds.reclaimed_within_ms);
        long.then(|| {
            format!(
                "{hf_job} idled from {} to {} beside another, while only held jobs waited",
                time(since_ms),
                time(now.at_ms)
            )
        })
    }
}
