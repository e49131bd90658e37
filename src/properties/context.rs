//! What every property is judged by: the history, indexed, the scenario's terms, and what follows from both once for all.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use fakes::{
    history::Event,
    ids::{CallId, EventId, JobId},
};

use super::{
    creates::{self, Create},
    disturbance::Bound,
    knowledge::Knowledge,
    lanes::LaneId,
    ledger::{Kinds, Ledger, Moment, among},
    loans::{self, Loan},
    moves::Moves,
    no_leak::{self, Idler},
    queues::{self, Grace, Wait},
    shortages::{self, Place},
    telling::Tellings,
    terms::Terms,
    turns::Turns,
};

/// What every property is judged by.
#[derive(Debug)]
pub struct Context<'l, 'a> {
    /// The history, indexed.
    pub ledger: &'l Ledger<'a>,
    /// What the scenario says.
    pub terms: &'l Terms,
    /// Who was told of what.
    pub tellings: Tellings,
    /// What happened to each job's wait.
    pub turns: Turns,
    /// What the dispatcher had heard of each job.
    pub knowledge: Knowledge,
    pub(super) moves: Moves<'a>,
    /// What each event is, its changes among it.
    kinds: Vec<Kinds>,
    loans: OnceCell<Vec<Loan<'a>>>,
    waits: OnceCell<Vec<Wait>>,
    places: OnceCell<Vec<Place>>,
    idlers: OnceCell<Vec<Idler<'a>>>,
    creates: OnceCell<BTreeMap<CallId, Create>>,
    /// Repositories that any job was of, and their owners, in lower case.
    real: OnceCell<BTreeSet<String>>,
}

impl<'l, 'a> Context<'l, 'a> {
    /// Reads off a history what properties share.
    #[must_use]
    pub fn read(ledger: &'l Ledger<'a>, terms: &'l Terms) -> Self {
        let tellings = Tellings::read(ledger, terms);
        let turns = Turns::read(ledger, &tellings);
        let moves = Moves::read(ledger);
        let turned = turns.all().iter().map(|taken| taken.at.event);
        let moved = moves.all.iter().map(|moved| moved.event);
        let mut kinds = ledger.kinds.clone();
        for EventId(id) in turned.chain(moved) {
            let place = id
                .checked_sub(1)
                .and_then(|place| usize::try_from(place).ok());
            if let Some(kinds) = place.and_then(|place| kinds.get_mut(place)) {
                *kinds = *kinds | Kinds::CHANGES;
            }
        }
        Self {
            ledger,
            terms,
            tellings,
            turns,
            knowledge: Knowledge::read(ledger),
            moves,
            kinds,
            loans: OnceCell::new(),
            waits: OnceCell::new(),
            places: OnceCell::new(),
            idlers: OnceCell::new(),
            creates: OnceCell::new(),
            real: OnceCell::new(),
        }
    }

    /// The events of these kinds, and those that change a count of [`Tally::new`](super::tally::Tally::new), in order.
    pub(super) fn changes_and(&self, kinds: Kinds) -> impl Iterator<Item = &'a Event> {
        among(self.ledger.events, &self.kinds, kinds | Kinds::CHANGES)
    }

    /// The same for a tally that is [lending](super::tally::Tally::lending).
    pub(super) fn lent_changes_and(&self, kinds: Kinds) -> impl Iterator<Item = &'a Event> {
        let lends = !self.loans().is_empty();
        self.changes_and(if lends { Kinds::ALL } else { kinds })
    }

    /// Which idle HF job stood for which recorded job, as it changed.
    pub(super) fn loans(&self) -> &[Loan<'a>] {
        self.loans.get_or_init(|| loans::loans(self))
    }

    /// Every demand of every lane, and what became of it.
    pub(super) fn waits(&self) -> &[Wait] {
        self.waits
            .get_or_init(|| queues::waits(self, Grace::Faults))
    }

    /// Every place in which a lane was short of runners.
    pub(super) fn places(&self) -> &[Place] {
        self.places.get_or_init(|| shortages::places(self))
    }

    /// Every stretch in which an HF job was useless.
    pub(super) fn idlers(&self) -> &[Idler<'a>] {
        self.idlers.get_or_init(|| no_leak::idlers(self))
    }

    /// Every effective create, by its call.
    pub(super) fn creates(&self) -> &BTreeMap<CallId, Create> {
        self.creates.get_or_init(|| creates::creates(self.ledger))
    }

    /// When the dispatcher heard that a job is over, if it had, long enough before `by` to act on it.
    #[must_use]
    pub fn knew_over(&self, job: JobId, by: Moment) -> Option<Moment> {
        let heard = self.knowledge.over(job, by.event, self.started_before(by));
        heard.filter(|heard| heard.at_ms.saturating_add(self.hearing_ms()) <= by.at_ms)
    }

    /// The event of the dispatcher's last start before a moment.
    #[must_use]
    pub fn started_before(&self, by: Moment) -> EventId {
        let outages = self.ledger.outages.iter().rev();
        let started = outages.filter_map(|(_, until)| *until);
        started
            .map(|until| until.event)
            .find(|started| *started < by.event)
            .unwrap_or(EventId(0))
    }

    /// The bound of `served_within` for a matter of a lane, with the patience that faults without an end ask for.
    #[must_use]
    pub fn patient_bound(&self, lane: LaneId, from: Moment, until: EventId) -> Bound {
        let all_counts = |since: Moment, within_ms| Some(since.at_ms.saturating_add(within_ms));
        let (beginning, due_ms) = self.patient(lane, from, until, all_counts);
        Bound {
            beginning,
            due_ms: due_ms.unwrap_or(u64::MAX),
        }
    }

    /// Since when a matter of a lane counts and by when it is due, where not all time counts: `by` says when so much has
    /// counted since a beginning, none if it does not know yet. What strikes within the bound as it then stands makes
    /// it longer: a fault that ends moves the beginning; one without an end that lets some tries through asks for
    /// patience, and one that stops them all for time to tell the user.
    #[must_use]
    pub fn patient(
        &self,
        lane: LaneId,
        from: Moment,
        until: EventId,
        by: impl Fn(Moment, u64) -> Option<u64>,
    ) -> (Moment, Option<u64>) {
        let (lanes, faults, bounds) = (
            &self.ledger.lanes,
            &self.ledger.disturbances,
            &self.terms.bounds,
        );
        let ever = EventId(u64::MAX);
        let unlucky = faults.unlucky(lanes, lane, from.event, ever);
        let endless = faults.endless(lanes, lane, from.event, ever);
        let (mut beginning, mut patience, mut told_ms) = (from, 1, 0);
        loop {
            let within_ms = bounds.served_within_ms.saturating_mul(patience);
            let Some(due_ms) = by(beginning, within_ms) else {
                return (beginning, None);
            };
            let due_ms = due_ms.max(told_ms);
            let in_time = |strike: &Moment| strike.at_ms <= due_ms;
            let next = (
                faults.moved(lanes, lane, beginning, until, due_ms),
                unlucky
                    .filter(in_time)
                    .map_or(1, |_| u64::from(bounds.patience)),
                endless.filter(in_time).map_or(0, |strike| {
                    strike.at_ms.saturating_add(bounds.told_within_ms)
                }),
            );
            if next == (beginning, patience, told_ms) {
                return (beginning, Some(due_ms));
            }
            (beginning, patience, told_ms) = next;
        }
    }

    /// How many HF jobs the scenario's declared pool keeps for a lane.
    #[must_use]
    pub fn warm(&self, lane: LaneId) -> usize {
        let lane = self.ledger.lanes.get(lane);
        lane.map_or(0, |lane| self.terms.warm_of(&lane.labels))
    }

    /// Whether a repository, or an owner, is not to be served: the scenario says so, or there is none of this name but in
    /// payloads that GitHub never sent.
    #[must_use]
    pub fn is_unserved(&self, repo: &str) -> bool {
        let is = |name: &str| {
            let owner = name.split('/').next().unwrap_or(name);
            name.eq_ignore_ascii_case(repo) || owner.eq_ignore_ascii_case(repo)
        };
        let unserved = &self.terms.unserved_repos;
        if unserved.iter().any(|name| name.eq_ignore_ascii_case(repo)) {
            return true;
        }
        let first_name = self.ledger.lanes.place(repo);
        let repos = &self.terms.repos;
        let known = |name: &String| is(name) || name.eq_ignore_ascii_case(first_name);
        !repos.is_empty() && !repos.iter().any(known) && !self.is_real(repo)
    }

    /// Whether any job was of this repository, or of one of this owner.
    fn is_real(&self, repo: &str) -> bool {
        let read = || {
            let repos: BTreeSet<&str> = self.ledger.jobs.values().map(|life| life.repo).collect();
            let owners = repos
                .iter()
                .map(|repo| repo.split('/').next().unwrap_or(repo));
            let names = repos.iter().copied().chain(owners);
            names.map(str::to_ascii_lowercase).collect()
        };
        let real = self.real.get_or_init(read);
        real.contains(&repo.to_ascii_lowercase())
    }

    /// What two sides may not have heard of each other yet, milliseconds: `L` of docs/verdicts.md.
    #[must_use]
    pub fn hearing_ms(&self) -> u64 {
        self.terms.delays.latency_ms_max.saturating_mul(2)
    }
}
