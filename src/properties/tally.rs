//! The running count of a pass over the history: which jobs of each lane are open or held, and how many HF jobs are
//! there for them. What an event costs is what it changes.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::Event,
    ids::{EventId, HfJobId, JobId},
};

use super::{
    Context,
    lanes::{Lane, LaneId, Reach},
    ledger::{Ledger, Numbered},
    loans::{Lending, Loan},
    moves::{Change, Made, Move},
    terms::Caps,
    turns::{Taken, Turn},
};

/// The state of one lane between two events.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// Dispatchable jobs that have not started, each after the event that made it so: one event may open many.
    pub(super) open: BTreeSet<(EventId, JobId)>,
    /// Jobs that GitHub announced and holds back.
    pub(super) held: BTreeSet<JobId>,
    /// HF jobs of this lane alone that boot or idle.
    pub(super) supply: usize,
}

/// Where an HF job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Booting or idle: it may still take a job.
    Supply,
    /// A job runs on it.
    Working,
    /// It takes no job any more.
    Spent,
}

/// The state of all lanes between two events.
pub(super) struct Tally<'c, 'a> {
    ledger: &'c Ledger<'a>,
    made: &'c [Made<'a>],
    /// What is still to come.
    turns: &'c [Taken],
    moves: &'c [Move],
    loans: &'c [Loan<'a>],
    /// The event before which nothing comes.
    next: EventId,
    lanes: Vec<Counts>,
    /// Supply that hides its lane, by flavor.
    hidden: BTreeMap<&'a str, usize>,
    /// Where each HF job that has not ended stands, at its number, and how many those are.
    standings: Vec<Option<Standing>>,
    alive: usize,
    alive_by_repo: BTreeMap<&'a str, usize>,
    alive_by_flavor: BTreeMap<&'a str, usize>,
    /// By which event each job is open, if it is.
    opened: Numbered<JobId, Option<EventId>>,
    touched: Vec<LaneId>,
    slots_moved: bool,
    turned: &'c [Taken],
}

impl<'c, 'a> Tally<'c, 'a> {
    /// Jobs and HF jobs as they are.
    pub(super) fn new(context: &'c Context<'_, 'a>) -> Self {
        Self::with(context, &[])
    }

    /// As they count for waits and supply: a recorded job that is lent an HF job is not open, and the HF job works.
    pub(super) fn lending(context: &'c Context<'_, 'a>) -> Self {
        Self::with(context, context.loans())
    }

    fn with(context: &'c Context<'_, 'a>, loans: &'c [Loan<'a>]) -> Self {
        let ledger = context.ledger;
        let mut tally = Self {
            ledger,
            next: EventId(0),
            made: &context.moves.made,
            turns: context.turns.all(),
            moves: &context.moves.all,
            loans,
            lanes: vec![Counts::default(); ledger.lanes.len()],
            hidden: BTreeMap::new(),
            standings: vec![None; ledger.hf_jobs.len()],
            alive: 0,
            alive_by_repo: BTreeMap::new(),
            alive_by_flavor: BTreeMap::new(),
            opened: Numbered::default(),
            touched: Vec::new(),
            slots_moved: false,
            turned: &[],
        };
        tally.next = tally.next_change();
        tally
    }

    /// The counts of a lane.
    pub(super) fn lane(&self, id: LaneId) -> Option<&Counts> {
        self.lanes.get(id.0)
    }

    /// How many jobs of a lane are open.
    pub(super) fn open(&self, id: LaneId) -> usize {
        self.lane(id).map_or(0, |lane| lane.open.len())
    }

    /// How many HF jobs boot or idle that can serve a lane.
    pub(super) fn supply(&self, id: LaneId) -> usize {
        let own = self.lane(id).map_or(0, |lane| lane.supply);
        if self.hidden.is_empty() {
            return own;
        }
        let lane = self.ledger.lanes.get(id);
        let hidden = lane.and_then(|lane| self.hidden.get(lane.flavor));
        own + hidden.copied().unwrap_or(0)
    }

    /// Where an HF job that has not ended stands.
    pub(super) fn standing(&self, hf_job: &HfJobId) -> Option<Standing> {
        let number = self.ledger.hf_jobs.number(hf_job)?;
        self.standings.get(number).copied().flatten()
    }

    /// Each cap that a lane is under, with how many HF jobs are alive in its scope.
    fn scopes(&self, lane: &Lane<'_>, caps: &Caps) -> [(Option<u32>, usize); 3] {
        let of = |alive: &BTreeMap<&str, usize>, scope| alive.get(scope).copied().unwrap_or(0);
        [
            (caps.total, self.alive),
            (caps.per_repo, of(&self.alive_by_repo, lane.place)),
            (caps.per_flavor, of(&self.alive_by_flavor, lane.flavor)),
        ]
    }

    /// For how many of a lane's demands, from the first of its queue on, time counts under these caps; none where
    /// nothing is capped, for all.
    pub(super) fn counts_for(&self, id: LaneId, caps: &Caps) -> Option<usize> {
        let lane = self.ledger.lanes.get(id).filter(|_| !caps.is_none())?;
        let supply = self.supply(id);
        let scopes = self.scopes(lane, caps).into_iter();
        let free = scopes.filter_map(|(cap, alive)| {
            Some((cap? as usize).saturating_sub(alive.saturating_sub(supply)))
        });
        free.min()
    }

    /// True if a further HF job of this lane would exceed no cap.
    pub(super) fn has_free_slot(&self, id: LaneId, caps: &Caps) -> bool {
        let Some(lane) = self.ledger.lanes.get(id) else {
            return true;
        };
        let mut scopes = self.scopes(lane, caps).into_iter();
        scopes.all(|(cap, alive)| cap.is_none_or(|cap| alive < cap as usize))
    }

    /// How many open jobs of a lane nothing is there for.
    pub(super) fn shortage(&self, id: LaneId) -> usize {
        self.open(id).saturating_sub(self.supply(id))
    }

    /// The turns that the last event made.
    pub(super) const fn turned(&self) -> &'c [Taken] {
        self.turned
    }

    /// Whether the last event took a slot or freed one: that concerns all lanes of its scopes, whosever it was.
    pub(super) const fn slots_moved(&self) -> bool {
        self.slots_moved
    }

    /// Takes an event in, and says whose counts changed (some may stand there twice).
    pub(super) fn enter(&mut self, event: &'a Event) -> &[LaneId] {
        self.touched.clear();
        self.slots_moved = false;
        self.turned = &[];
        // Most events change no count.
        if event.id < self.next {
            return &self.touched;
        }
        // Each passes by once: who comes next stands in front.
        let here = |at: EventId| at <= event.id;
        let turned = self.turns.iter().take_while(|taken| here(taken.at.event));
        (self.turned, self.turns) = self.turns.split_at(turned.count());
        for taken in self.turned {
            self.turn(taken);
        }
        let moved = self.moves.iter().take_while(|moved| here(moved.event));
        let (moved, moves) = self.moves.split_at(moved.count());
        self.moves = moves;
        for moved in moved {
            self.take(*moved);
        }
        let lent = self.loans.iter().take_while(|loan| here(loan.at.event));
        let (lent, loans) = self.loans.split_at(lent.count());
        self.loans = loans;
        for loan in lent {
            self.lend(loan);
        }
        self.next = self.next_change();
        &self.touched
    }

    /// The event that brings the next change.
    fn next_change(&self) -> EventId {
        let turn = self.turns.first().map(|taken| taken.at.event);
        let moved = self.moves.first().map(|moved| moved.event);
        let loan = self.loans.first().map(|loan| loan.at.event);
        let all = [turn, moved, loan].into_iter().flatten();
        all.min().unwrap_or(EventId(u64::MAX))
    }

    fn take(&mut self, moved: Move) {
        match moved.change {
            Change::Created => self.create(moved.hf_job),
            Change::Works => self.stand(moved.hf_job, Standing::Working),
            Change::Spent => self.stand(moved.hf_job, Standing::Spent),
            Change::GivenUp => {
                if self.standings.get(moved.hf_job) == Some(&Some(Standing::Supply)) {
                    self.stand(moved.hf_job, Standing::Spent);
                }
            }
            Change::Ended => self.end(moved.hf_job),
        }
    }

    fn lend(&mut self, loan: &Loan<'a>) {
        let mut opens = None;
        match loan.lending {
            Lending::Lent { job, hf_job } => {
                self.close(loan.lane, job);
                self.stand_of(hf_job, Standing::Working);
            }
            Lending::Free { hf_job } => self.stand_of(hf_job, Standing::Supply),
            Lending::Lost { job } => opens = Some((loan.at.event, job)),
        }
        if let Some((opened, job)) = opens
            && let Some(counts) = self.lanes.get_mut(loan.lane.0)
        {
            counts.open.insert((opened, job));
            self.opened.insert(job, Some(opened));
        }
        self.touched.push(loan.lane);
    }

    fn close(&mut self, lane: LaneId, job: JobId) {
        let opened = self.opened.get_mut(&job).and_then(Option::take);
        if let Some((counts, opened)) = self.lanes.get_mut(lane.0).zip(opened) {
            counts.open.remove(&(opened, job));
        }
    }

    fn turn(&mut self, taken: &Taken) {
        self.close(taken.lane, taken.job);
        let Some(counts) = self.lanes.get_mut(taken.lane.0) else {
            return;
        };
        counts.held.remove(&taken.job);
        match taken.turn {
            Turn::Opens | Turn::Renews => {
                counts.open.insert((taken.at.event, taken.job));
                self.opened.insert(taken.job, Some(taken.at.event));
            }
            Turn::Holds => {
                counts.held.insert(taken.job);
            }
            Turn::Starts | Turn::Leaves => {}
        }
        self.touched.push(taken.lane);
    }

    fn stand_of(&mut self, hf_job: &HfJobId, standing: Standing) {
        if let Some(number) = self.ledger.hf_jobs.number(hf_job) {
            self.stand(number, standing);
        }
    }

    fn stand(&mut self, hf_job: usize, standing: Standing) {
        let Some(stands @ Some(_)) = self.standings.get_mut(hf_job) else {
            return;
        };
        let before = stands.replace(standing);
        self.supplied(hf_job, before, false);
        self.supplied(hf_job, Some(standing), true);
    }

    fn create(&mut self, hf_job: usize) {
        let Some(stands) = self.standings.get_mut(hf_job) else {
            return;
        };
        *stands = Some(Standing::Spent);
        self.alive += 1;
        self.slots_moved = true;
        if let Some(made) = self.made.get(hf_job) {
            *self.alive_by_flavor.entry(made.flavor).or_default() += 1;
            if let Some(place) = made.place {
                *self.alive_by_repo.entry(place).or_default() += 1;
            }
        }
        self.stand(hf_job, Standing::Supply);
    }

    fn end(&mut self, hf_job: usize) {
        let standing = self.standings.get_mut(hf_job).and_then(Option::take);
        if standing.is_none() {
            return;
        }
        self.alive -= 1;
        self.slots_moved = true;
        self.supplied(hf_job, standing, false);
        let Some(made) = self.made.get(hf_job) else {
            return;
        };
        let of_repo = made
            .place
            .and_then(|place| self.alive_by_repo.get_mut(place));
        let of_flavor = self.alive_by_flavor.get_mut(made.flavor);
        for count in of_repo.into_iter().chain(of_flavor) {
            *count = count.saturating_sub(1);
        }
    }

    fn supplied(&mut self, hf_job: usize, standing: Option<Standing>, more: bool) {
        let ledger = self.ledger;
        let made = self.made.get(hf_job);
        let reach = made.and_then(|made| made.reach);
        let Some(reach) = reach.filter(|_| standing == Some(Standing::Supply)) else {
            return;
        };
        let count = match reach {
            Reach::Lane(id) => {
                self.touched.push(id);
                self.lanes.get_mut(id.0).map(|lane| &mut lane.supply)
            }
            Reach::Hidden(flavor) => {
                let served = ledger.lanes.iter().map(|(id, _)| id);
                self.touched
                    .extend(served.filter(|id| ledger.lanes.serves(reach, *id)));
                Some(self.hidden.entry(flavor).or_default())
            }
        };
        if let Some(count) = count {
            *count = if more {
                *count + 1
            } else {
                count.saturating_sub(1)
            };
        }
    }
}
