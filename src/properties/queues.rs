//! Queues: the demands of each lane in the order they came, and when each was due. A start takes out the first, whichever
//! job started; docs/verdicts.md, "served-or-told", has the rules. Shared by the properties that judge how long jobs wait.

use std::collections::{BTreeMap, BTreeSet};

use fakes::ids::{EventId, JobId};

use super::{
    Context,
    lanes::LaneId,
    ledger::{Kinds, Moment},
    line::{Line, Waiting},
    loans::{Lending, Loan},
    tally::Tally,
    turns::{Taken, Turn},
};

/// What became of one demand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    /// The lane.
    pub(super) lane: LaneId,
    /// The job that demanded.
    pub(super) job: JobId,
    /// When it did.
    pub(super) since: Moment,
    /// Since when it counts.
    pub(super) beginning: Moment,
    /// By when it was due; none where it had no slot for long enough.
    pub(super) due_ms: Option<u64>,
    /// Whether it was still there when that had passed.
    pub(super) late: bool,
    /// When, and by which job, it was taken out, and how.
    pub(super) taken: Option<(Moment, JobId, By)>,
    /// Who waits at the end in the stead of the job, which has started: a start takes out the first demand, whosever.
    pub(super) instead: Option<JobId>,
}

/// What takes a demand out of its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A start.
    Start,
    /// An idle HF job, lent to a recorded job.
    Loan,
    /// The job waits no more, or anew.
    Leaving,
}

/// How much of what faults do excuses a delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grace {
    /// What concerns the lane.
    Faults,
    /// Nothing.
    None,
}

/// Every demand of every lane, in the order they were taken out or, if none took them, left at the end.
pub(super) fn waits(context: &Context<'_, '_>, grace: Grace) -> Vec<Wait> {
    let mut by_lane: BTreeMap<LaneId, Vec<Taken>> = BTreeMap::new();
    for taken in context.turns.all() {
        by_lane.entry(taken.lane).or_default().push(*taken);
    }
    let mut loans: BTreeMap<LaneId, Vec<Loan<'_>>> = BTreeMap::new();
    for loan in context.loans() {
        loans.entry(loan.lane).or_default().push(*loan);
    }
    let counts = Counts::read(context);
    let mut found = Vec::new();
    for (lane, turns) in by_lane {
        let mut queue = Queue {
            context,
            lane,
            late: BTreeMap::new(),
            line: Line::default(),
            of_job: BTreeSet::new(),
            entered: 0,
            open: BTreeSet::new(),
            grace,
            counts: (!context.terms.caps.is_none()).then_some(usize::MAX),
            now_ms: 0,
            done: Vec::new(),
        };
        let loans = loans.remove(&lane).unwrap_or_default();
        for step in steps(context, lane, (&turns, &loans), counts.of(lane), grace) {
            queue.step(&step);
        }
        queue.end();
        found.append(&mut queue.done);
    }
    found
}

/// Something that changes what is due in a lane.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A turn of a job.
    Turn(Taken),
    /// A recorded job is lent an HF job.
    Lent(Moment, JobId),
    /// What a recorded job was lent is another's.
    Lost(Moment, JobId),
    /// A strike or release of a fault that ends.
    Moves(Moment),
    /// From now on time counts for so many demands, from the first on.
    Counts(Moment, usize),
}

impl Step {
    const fn at(&self) -> Moment {
        match self {
            Self::Turn(taken) => taken.at,
            Self::Moves(at) | Self::Counts(at, _) | Self::Lent(at, _) | Self::Lost(at, _) => *at,
        }
    }
}

/// The steps of a lane in order: at one moment faults first, then whose loan is lost, then turns, then loans, then
/// what slots came free.
fn steps(
    context: &Context<'_, '_>,
    lane: LaneId,
    (turns, loans): (&[Taken], &[Loan<'_>]),
    counts: &[(Moment, usize)],
    grace: Grace,
) -> Vec<Step> {
    let ledger = context.ledger;
    let moves = match grace {
        Grace::Faults => ledger.disturbances.ending().ends(&ledger.lanes, lane),
        Grace::None => Vec::new(),
    };
    let mut steps: Vec<Step> = moves.into_iter().map(Step::Moves).collect();
    steps.extend(loans.iter().filter_map(|loan| match loan.lending {
        Lending::Lost { job } => Some(Step::Lost(loan.at, job)),
        Lending::Lent { .. } | Lending::Free { .. } => None,
    }));
    steps.extend(turns.iter().copied().map(Step::Turn));
    steps.extend(loans.iter().filter_map(|loan| match loan.lending {
        Lending::Lent { job, .. } => Some(Step::Lent(loan.at, job)),
        Lending::Free { .. } | Lending::Lost { .. } => None,
    }));
    steps.extend(counts.iter().map(|(at, count)| Step::Counts(*at, *count)));
    // What a fault held back may be let go between two events.
    steps.sort_by_key(|step| (step.at().at_ms, step.at().event));
    steps
}

/// The demands of one lane as its history goes on.
///
/// Who came later is due later, and time counts for him only while it counts for those before him. So those who are
/// late already stand at the front, and a step costs what it takes out, not who waits. (Patience with those before him
/// can make him late first: that shows when he leaves.)
struct Queue<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    lane: LaneId,
    /// Those who are late, by their place, with what they were due by and since when that counted.
    late: BTreeMap<u64, (Waiting, Moment, Option<u64>)>,
    line: Line,
    /// The places of each job's demands. Who is late stands before all who are not.
    of_job: BTreeSet<(JobId, u64)>,
    entered: u64,
    /// The jobs that are open: one that is held has no demand to leave with.
    open: BTreeSet<JobId>,
    grace: Grace,
    /// For how many demands time counts; for all, if nothing is capped.
    counts: Option<usize>,
    now_ms: u64,
    done: Vec<Wait>,
}

impl Queue<'_, '_, '_> {
    fn step(&mut self, step: &Step) {
        self.pass(step.at().at_ms);
        match step {
            Step::Moves(_) => self.line.count_anew(self.now_ms),
            Step::Counts(_, counts) => self.counts = Some(*counts),
            Step::Turn(Taken { at, job, turn, .. }) => match turn {
                Turn::Opens => self.enter(*job, *at),
                Turn::Renews => {
                    self.take_own(*job, *at);
                    self.enter(*job, *at);
                }
                Turn::Starts => self.take_first(*job, *at, By::Start),
                Turn::Leaves => self.take_own(*job, *at),
                // An open job that is held back leaves the queue until it is open again.
                Turn::Holds => self.take_own(*job, *at),
            },
            Step::Lent(at, job) => self.take_first(*job, *at, By::Loan),
            Step::Lost(at, job) => self.enter(*job, *at),
        }
    }

    fn enter(&mut self, job: JobId, since: Moment) {
        self.open.insert(job);
        self.of_job.insert((job, self.entered));
        self.line.enter(self.entered, job, since);
        self.entered += 1;
    }

    /// Lets time pass: counts it, and finds out who became late.
    fn pass(&mut self, now_ms: u64) {
        if let Some(counts) = self.counts {
            let left = counts.saturating_sub(self.late.len());
            self.line.count_for(left, self.now_ms);
        }
        self.now_ms = self.now_ms.max(now_ms);
        while let Some((place, first)) = self.line.first() {
            let (beginning, due_ms) = self.due(&first);
            if due_ms.is_none_or(|due_ms| due_ms >= self.now_ms) {
                return;
            }
            self.line.remove(place);
            self.late.insert(place, (first, beginning, due_ms));
        }
    }

    /// Since when a demand counts, and by when it is due as things stand; not known yet where it waits for a slot.
    fn due(&self, waiting: &Waiting) -> (Moment, Option<u64>) {
        let by = |beginning: Moment, within_ms: u64| {
            let due_ms = beginning.at_ms.saturating_add(within_ms);
            match self.counts {
                None => Some(due_ms),
                Some(_) => {
                    let counted_ms = self.line.counted_ms(waiting, self.now_ms);
                    let over = counted_ms.checked_sub(within_ms)?;
                    let counted = (over > 0).then(|| self.now_ms.saturating_sub(over))?;
                    Some(counted.max(due_ms))
                }
            }
        };
        let (since, ever) = (waiting.since, EventId(u64::MAX));
        match self.grace {
            Grace::Faults => self.context.patient(self.lane, since, ever, by),
            Grace::None => {
                let within_ms = self.context.terms.bounds.served_within_ms;
                (since, by(since, within_ms))
            }
        }
    }

    /// A start or a loan takes out the first, whosever it is; none if that job is served already, or lent to.
    fn take_first(&mut self, job: JobId, at: Moment, by: By) {
        if self.open.remove(&job) {
            self.pop(Some((at, job, by)));
        }
    }

    fn pop(&mut self, taken: Option<(Moment, JobId, By)>) {
        let late = self.late.first_key_value().map(|(place, _)| *place);
        let first = late.or_else(|| Some(self.line.first()?.0));
        if let Some(place) = first {
            self.take_out(place, taken);
        }
    }

    fn take_out(&mut self, place: u64, taken: Option<(Moment, JobId, By)>) {
        if let Some((late, beginning, due_ms)) = self.late.remove(&place) {
            self.of_job.remove(&(late.job, place));
            self.done(&late, beginning, due_ms, true, taken);
        } else if let Some(waiting) = self.line.remove(place) {
            self.of_job.remove(&(waiting.job, place));
            self.leave(&waiting, taken);
        }
    }

    /// Takes out one who did not stand in front when he became late, if he did: who comes later is due earlier where
    /// faults without an end ask for patience with those before him.
    fn leave(&mut self, waiting: &Waiting, taken: Option<(Moment, JobId, By)>) {
        let (beginning, due_ms) = self.due(waiting);
        let late = due_ms.is_some_and(|due_ms| due_ms < self.now_ms);
        self.done(waiting, beginning, due_ms, late, taken);
    }

    /// A job that leaves takes out its own demand, or the first if a start of another has taken that.
    fn take_own(&mut self, job: JobId, at: Moment) {
        if !self.open.remove(&job) {
            return;
        }
        let taken = Some((at, job, By::Leaving));
        match self.of_job.range((job, 0)..=(job, u64::MAX)).next() {
            Some((_, own)) => self.take_out(*own, taken),
            None => self.pop(taken),
        }
    }

    fn end(&mut self) {
        self.pass(self.context.ledger.end.at_ms);
        let before = self.done.len();
        while !self.late.is_empty() || self.line.first().is_some() {
            self.pop(None);
        }
        let left = &mut self.done[before..];
        let named: BTreeSet<JobId> = left.iter().map(|wait| wait.job).collect();
        let mut others = self.open.difference(&named).copied();
        for wait in left
            .iter_mut()
            .filter(|wait| !self.open.contains(&wait.job))
        {
            wait.instead = others.next();
        }
    }

    fn done(
        &mut self,
        waiting: &Waiting,
        beginning: Moment,
        due_ms: Option<u64>,
        late: bool,
        taken: Option<(Moment, JobId, By)>,
    ) {
        self.done.push(Wait {
            lane: self.lane,
            job: waiting.job,
            since: waiting.since,
            beginning,
            due_ms,
            late,
            taken,
            instead: None,
        });
    }
}

/// For how many demands of each lane time counts, as it changes; empty where nothing is capped.
struct Counts(BTreeMap<LaneId, Vec<(Moment, usize)>>);

impl Counts {
    fn read(context: &Context<'_, '_>) -> Self {
        let mut found: BTreeMap<LaneId, Vec<(Moment, usize)>> = BTreeMap::new();
        if context.terms.caps.is_none() {
            return Self(found);
        }
        let mut tally = Tally::lending(context);
        for event in context.lent_changes_and(Kinds::CHANGES) {
            // A slot that one lane frees is free for all of its scope.
            if tally.enter(event).is_empty() && !tally.slots_moved() {
                continue;
            }
            for (id, _) in context.ledger.lanes.iter() {
                let Some(count) = tally.counts_for(id, &context.terms.caps) else {
                    continue;
                };
                let steps = found.entry(id).or_default();
                if steps.last().is_none_or(|(_, last)| *last != count) {
                    steps.push((super::ledger::moment(event), count));
                }
            }
        }
        Self(found)
    }

    fn of(&self, lane: LaneId) -> &[(Moment, usize)] {
        self.0.get(&lane).map_or(&[], Vec::as_slice)
    }
}
