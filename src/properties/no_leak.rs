//! no-leak (I7): an HF job without work and without a reason to live ends within the bound, and so do registrations of runners
//! that nothing stands behind any more.

use std::collections::BTreeMap;

use fakes::{
    history::{Event, What},
    ids::{EventId, HfJobId, JobId},
};

use super::{
    Context, Judgement,
    disturbance::{Bound, Scope},
    lanes::{LaneId, Reach},
    ledger::{Kinds, Moment, ends_hf_job, moment},
    registrations,
    tally::{Standing, Tally},
    turns::Turn,
    verdict::time,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement =
        Judgement::new("no HF job became useless, and no registration outlived its HF job");
    for idler in context.idlers() {
        judgement.occasion();
        judge_idler(context, idler, &mut judgement);
    }
    registrations::judge(context, &mut judgement);
    judgement
}

/// What took an HF job's reason to live away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// This job completed on it.
    Worked(JobId),
    /// This job left without having started.
    Withdrawn(JobId),
    /// Anything else: another runner served the job, it was spent, one too many was created.
    Other,
}

/// An HF job while it was useless.
#[derive(Clone, Copy, Debug)]
pub(super) struct Idler<'a> {
    /// The HF job.
    pub(super) hf_job: &'a HfJobId,
    /// When it became useless.
    pub(super) since: Moment,
    /// Why.
    pub(super) cause: Cause,
    /// When it was useful again or ended; none if neither.
    pub(super) until: Option<Moment>,
}

/// Every stretch in which an HF job was useless.
pub(super) fn idlers<'a>(context: &Context<'_, 'a>) -> Vec<Idler<'a>> {
    let mut watch = Watch {
        context,
        supply: BTreeMap::new(),
        hidden: BTreeMap::new(),
        idle: BTreeMap::new(),
        on: BTreeMap::new(),
        done: Vec::new(),
    };
    let mut tally = Tally::new(context);
    for event in context.changes_and(Kinds::LIVES) {
        let touched = tally.enter(event).to_vec();
        watch.enter(event, &tally, &touched);
    }
    // Those that are left come in the order of their ids.
    let mut left: Vec<_> = std::mem::take(&mut watch.idle).into_values().collect();
    left.sort_unstable_by_key(|idler| idler.hf_job);
    watch.done.append(&mut left);
    watch.done
}

/// The supply of one lane, by age. Those with a reason are the oldest, so only the border between them and the rest
/// moves: an event costs what it changes.
#[derive(Debug, Default)]
struct Supply<'a> {
    useful: BTreeMap<EventId, &'a HfJobId>,
    useless: BTreeMap<EventId, &'a HfJobId>,
}

impl<'a> Supply<'a> {
    fn remove(&mut self, created: EventId) {
        self.useful.remove(&created);
        self.useless.remove(&created);
    }
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    supply: BTreeMap<LaneId, Supply<'a>>,
    /// Supply that hides its lane, by flavor.
    hidden: BTreeMap<&'a str, Supply<'a>>,
    /// Those without a reason, by the events that created them.
    idle: BTreeMap<EventId, Idler<'a>>,
    /// On which HF job each job started.
    on: BTreeMap<JobId, &'a HfJobId>,
    done: Vec<Idler<'a>>,
}

impl<'a> Watch<'_, '_, 'a> {
    fn enter(&mut self, event: &'a Event, tally: &Tally<'_, 'a>, touched: &[LaneId]) {
        let ledger = self.context.ledger;
        let now = moment(event);
        if let Some((job, runner)) = ledger.works_on(event)
            && let Some(hf_job) = ledger.hf_job_of(runner, event.id)
        {
            self.on.insert(job, hf_job);
            self.supplied(hf_job, false);
            self.useful_again(hf_job, now);
        }
        match &event.event {
            What::HfCreated { hf_job, .. } => self.supplied(hf_job, true),
            What::JobCompleted { job, .. } => {
                let hf_job = self.on.remove(job);
                let spent = |hf_job: &&HfJobId| tally.standing(hf_job) == Some(Standing::Spent);
                if let Some(hf_job) = hf_job.filter(spent) {
                    self.supplied(hf_job, false);
                    self.useless_now(hf_job, now, Cause::Worked(*job));
                }
            }
            other => {
                let ended = ends_hf_job(other).map(|(hf_job, ..)| hf_job);
                if let Some(hf_job) = ended {
                    self.supplied(hf_job, false);
                    self.useful_again(hf_job, now);
                } else if let Some(hf_job) = self.spent_by(event)
                    && tally.standing(hf_job) == Some(Standing::Spent)
                {
                    self.supplied(hf_job, false);
                    self.useless_now(hf_job, now, Cause::Other);
                }
            }
        }
        let left = tally
            .turned()
            .iter()
            .find(|taken| taken.turn == Turn::Leaves);
        let cause = left.map_or(Cause::Other, |taken| Cause::Withdrawn(taken.job));
        for lane in touched {
            self.settle(tally, *lane, now, cause);
        }
    }

    /// An HF job that an event spends, whatever way.
    fn spent_by(&self, event: &'a Event) -> Option<&'a HfJobId> {
        let ledger = self.context.ledger;
        match &event.event {
            What::JobTakenBack { runner, .. } => ledger.hf_job_of(*runner, event.id),
            _ => ledger.spends(event),
        }
    }

    /// Puts an HF job among its lane's supply, or takes it out.
    fn supplied(&mut self, hf_job: &'a HfJobId, there: bool) {
        let ledger = self.context.ledger;
        let (Some(reach), Some(life)) = (ledger.lanes.reach(hf_job), ledger.hf_jobs.get(hf_job))
        else {
            return;
        };
        let supply = match reach {
            Reach::Lane(lane) => self.supply.entry(lane).or_default(),
            Reach::Hidden(flavor) => self.hidden.entry(flavor).or_default(),
        };
        supply.remove(life.created.event);
        if there {
            supply.useful.insert(life.created.event, hf_job);
        }
    }

    /// Draws the border anew between the HF jobs of a lane that have a reason and those that have none.
    fn settle(&mut self, tally: &Tally<'_, 'a>, lane: LaneId, now: Moment, cause: Cause) {
        let ledger = self.context.ledger;
        let wanted = |id: LaneId| {
            let counts = tally.lane(id);
            counts.map_or(0, |counts| counts.open.len() + counts.held.len()) + self.context.warm(id)
        };
        let own = wanted(lane);
        let moved = self
            .supply
            .get_mut(&lane)
            .map(|supply| border(supply, own))
            .unwrap_or_default();
        self.apply(moved, now, cause);
        let Some(flavor) = ledger.lanes.get(lane).map(|lane| lane.flavor) else {
            return;
        };
        if !self.hidden.contains_key(flavor) {
            return;
        }
        // What visible HF jobs leave of the flavor's jobs is a reason for hidden ones.
        let of_flavor = ledger
            .lanes
            .iter()
            .filter(|(_, lane)| lane.flavor == flavor);
        let left = of_flavor.map(|(id, _)| {
            let covered = self.supply.get(&id).map_or(0, |supply| supply.useful.len());
            wanted(id).saturating_sub(covered)
        });
        let left: usize = left.sum();
        let moved = self
            .hidden
            .get_mut(flavor)
            .map(|supply| border(supply, left))
            .unwrap_or_default();
        self.apply(moved, now, cause);
    }

    fn apply(&mut self, moved: Moved<'a>, now: Moment, cause: Cause) {
        for hf_job in moved.useless {
            self.useless_now(hf_job, now, cause);
        }
        for hf_job in moved.useful {
            self.useful_again(hf_job, now);
        }
    }

    fn useless_now(&mut self, hf_job: &'a HfJobId, since: Moment, cause: Cause) {
        let idler = Idler {
            hf_job,
            since,
            cause,
            until: None,
        };
        if let Some(life) = self.context.ledger.hf_jobs.get(hf_job) {
            self.idle.entry(life.created.event).or_insert(idler);
        }
    }

    fn useful_again(&mut self, hf_job: &HfJobId, until: Moment) {
        let life = self.context.ledger.hf_jobs.get(hf_job);
        if let Some(idler) = life.and_then(|life| self.idle.remove(&life.created.event)) {
            self.done.push(Idler {
                until: Some(until),
                ..idler
            });
        }
    }
}

/// Who crossed the border.
#[derive(Debug, Default)]
struct Moved<'a> {
    useful: Vec<&'a HfJobId>,
    useless: Vec<&'a HfJobId>,
}

/// Makes the oldest HF jobs useful, as many as are wanted.
fn border<'a>(supply: &mut Supply<'a>, wanted: usize) -> Moved<'a> {
    let mut moved = Moved::default();
    // One that came in may be younger than one that stands outside.
    while let (Some((oldest_out, _)), Some((youngest_in, _))) = (
        supply.useless.first_key_value(),
        supply.useful.last_key_value(),
    ) {
        if oldest_out > youngest_in {
            break;
        }
        if let (Some((out, entering)), Some((inner, leaving))) =
            (supply.useless.pop_first(), supply.useful.pop_last())
        {
            supply.useful.insert(out, entering);
            supply.useless.insert(inner, leaving);
            moved.useful.push(entering);
            moved.useless.push(leaving);
        }
    }
    while supply.useful.len() > wanted {
        if let Some((created, hf_job)) = supply.useful.pop_last() {
            supply.useless.insert(created, hf_job);
            moved.useless.push(hf_job);
        }
    }
    while supply.useful.len() < wanted {
        let Some((created, hf_job)) = supply.useless.pop_first() else {
            break;
        };
        supply.useful.insert(created, hf_job);
        moved.useful.push(hf_job);
    }
    // Who crossed it twice stands where it stood.
    let again: Vec<_> = moved
        .useful
        .iter()
        .copied()
        .filter(|hf_job| moved.useless.contains(hf_job))
        .collect();
    moved.useful.retain(|hf_job| !again.contains(hf_job));
    moved.useless.retain(|hf_job| !again.contains(hf_job));
    moved
}

/// Adds what an HF job's uselessness came to.
pub(super) fn judge_idler(context: &Context<'_, '_>, idler: &Idler<'_>, judgement: &mut Judgement) {
    let ledger = context.ledger;
    let end = ledger.after_end();
    let until = idler.until.unwrap_or(end);
    let bound = bound_of(context, idler.hf_job, idler.since, until.event);
    let is_late = until.at_ms > bound.due_ms;
    if !is_late && idler.until.is_some() {
        return;
    }
    let since = time(idler.since.at_ms);
    let reason = match idler.cause {
        Cause::Worked(job) => format!("{} was over", ledger.job_named(job)),
        Cause::Withdrawn(job) => format!("{} waited no more", ledger.job_named(job)),
        Cause::Other => "no job needed it".to_owned(),
    };
    let due = time(bound.due_ms);
    if is_late && ledger.is_gone_by(bound.due_ms) {
        if idler.until.is_none() {
            let why = format!(
                "{} has had neither work nor a reason since {since} ({reason}), and the dispatcher never came back",
                idler.hf_job
            );
            judgement.undecided(idler.since.event, why);
        }
    } else if is_late {
        if cancel_is_stopped(context, idler.hf_job, bound.due_ms) {
            return;
        }
        let outcome = match idler.until {
            Some(until) => format!("it lived until {}", time(until.at_ms)),
            None => "it still lives at the end".to_owned(),
        };
        let why = format!(
            "{} had neither work nor a reason from {since} on ({reason}); it was to end by {due}, and {outcome}",
            idler.hf_job
        );
        judgement.breach(idler.since.event, why);
    } else if idler.until.is_none() {
        let why = format!(
            "{} has had neither work nor a reason since {since} ({reason}); it is to end by {due}, and the run ended at {}",
            idler.hf_job,
            time(ledger.end.at_ms)
        );
        judgement.undecided(idler.since.event, why);
    }
}

/// The bound of an HF job or a registration: moved by what struck its lane.
fn bound_of(context: &Context<'_, '_>, hf_job: &HfJobId, from: Moment, until: EventId) -> Bound {
    let ledger = context.ledger;
    let within_ms = context.terms.bounds.reclaimed_within_ms;
    let lane = match ledger.lanes.reach(hf_job) {
        Some(Reach::Lane(lane)) => Some(lane),
        Some(reach @ Reach::Hidden(_)) => ledger.lanes.within(Scope::of(reach)).first().copied(),
        None => None,
    };
    match lane {
        Some(lane) => ledger
            .disturbances
            .bound(&ledger.lanes, lane, from, until, within_ms),
        None => ledger
            .disturbances
            .bound_outside(None, from, until, within_ms),
    }
}

/// Whether the dispatcher asked in time for an HF job's end, and a fault without end struck every cancel.
fn cancel_is_stopped(context: &Context<'_, '_>, hf_job: &HfJobId, due_ms: u64) -> bool {
    let cancels: Vec<_> = context.ledger.cancels_of(hf_job).collect();
    let in_time = cancels.iter().any(|call| call.received.at_ms <= due_ms);
    in_time
        && cancels
            .iter()
            .all(|call| context.ledger.is_stopped_for_ever(call))
}
