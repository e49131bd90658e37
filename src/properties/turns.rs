//! Turns: what happens to the wait of each routed job, in the order of the history. A job's wait opens, is held back, is
//! settled by a start, or ends because the job leaves: it is over, dead, told of with cause, or its installation is gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use fakes::{
    history::{Event, What},
    ids::{EventId, JobId},
};

use super::{
    lanes::LaneId,
    ledger::{Ledger, Moment, moment},
    telling::Tellings,
};

/// GitHub gives a job up when it has been queued for so long.
pub(super) const DAY_MS: u64 = 24 * 3_600_000;

/// What happened to the wait of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// GitHub would give it to a runner from now on: a demand.
    Opens,
    /// GitHub took it back from a runner that had not started it: the demand counts anew.
    Renews,
    /// GitHub holds it back.
    Holds,
    /// It started.
    Starts,
    /// It waits no more, without having started.
    Leaves,
}

/// A turn with its moment, lane and job.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// When.
    pub at: Moment,
    /// The lane.
    pub lane: LaneId,
    /// The job.
    pub job: JobId,
    /// What happened.
    pub turn: Turn,
}

/// Every turn of a history, in order.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    all: Vec<Taken>,
    /// While a job of a lane waits for its installation to be back: from, until; in order, and apart from one another.
    away: BTreeMap<LaneId, Vec<(EventId, EventId)>>,
}

impl Turns {
    /// Reads them off a history.
    #[must_use]
    pub fn read(ledger: &Ledger<'_>, tellings: &Tellings) -> Self {
        let mut told: BTreeMap<EventId, Vec<JobId>> = BTreeMap::new();
        for (job, telling) in tellings.iter().filter(|(_, told)| told.for_cause) {
            told.entry(telling.at.event).or_default().push(job);
        }
        let mut reader = Reader {
            ledger,
            waits: BTreeMap::new(),
            of_owner: BTreeMap::new(),
            suspended: BTreeSet::new(),
            old: VecDeque::new(),
            turns: Vec::new(),
            away: BTreeMap::new(),
            spells: BTreeMap::new(),
        };
        for event in ledger.events {
            reader.enter(event);
            for job in told.get(&event.id).into_iter().flatten() {
                reader.leave(*job, moment(event));
            }
        }
        for job in reader.away.keys().copied().collect::<Vec<_>>() {
            reader.is_back(job, EventId(u64::MAX));
        }
        Self {
            all: reader.turns,
            away: reader
                .spells
                .into_iter()
                .map(|(lane, spells)| (lane, united(spells)))
                .collect(),
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Taken] {
        &self.all
    }

    /// Whether a job of this lane that will be open or held again waits for its installation at this event.
    #[must_use]
    pub fn is_away(&self, lane: LaneId, at: EventId) -> bool {
        let spells = self.away.get(&lane).map_or(&[][..], Vec::as_slice);
        let begun = spells.partition_point(|(from, _)| *from <= at);
        let last = begun.checked_sub(1).and_then(|last| spells.get(last));
        last.is_some_and(|(_, until)| at < *until)
    }
}

/// How a job waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Held,
    Open,
    /// Neither while its installation is gone: open or held again afterwards.
    Suspended {
        open: bool,
    },
    Gone,
}

impl Wait {
    const fn of(open: bool) -> Self {
        if open { Self::Open } else { Self::Held }
    }
}

struct Reader<'l, 'a> {
    ledger: &'l Ledger<'a>,
    waits: BTreeMap<JobId, Wait>,
    of_owner: BTreeMap<String, Vec<JobId>>,
    suspended: BTreeSet<String>,
    /// Queued jobs by when they are a day old.
    old: VecDeque<(u64, JobId)>,
    turns: Vec<Taken>,
    /// Since when each job waits for its installation.
    away: BTreeMap<JobId, EventId>,
    spells: BTreeMap<LaneId, Vec<(EventId, EventId)>>,
}

impl Reader<'_, '_> {
    fn enter(&mut self, event: &Event) {
        let at = moment(event);
        let is_old = |(due_ms, _): &(u64, JobId)| *due_ms <= at.at_ms;
        while let Some((_, job)) = self.old.front().copied().filter(is_old) {
            self.old.pop_front();
            self.leave(job, at);
        }
        match &event.event {
            What::JobQueued { job, held_by, .. } => {
                self.old.push_back((at.at_ms.saturating_add(DAY_MS), *job));
                match held_by {
                    None => self.open(*job, at),
                    Some(_) => self.hold(*job, at),
                }
            }
            What::JobWaiting { job, .. } => self.hold(*job, at),
            What::JobDispatchable { job } => self.open(*job, at),
            What::JobTakenBack { job, .. } if self.waits.get(job) == Some(&Wait::Open) => {
                self.take(*job, at, Turn::Renews);
            }
            What::JobStarted { job, .. } => match self.waits.insert(*job, Wait::Gone) {
                Some(Wait::Open) => self.take(*job, at, Turn::Starts),
                Some(Wait::Held) => self.take(*job, at, Turn::Leaves),
                Some(Wait::Suspended { .. }) => self.is_back(*job, at.event),
                Some(Wait::Gone) | None => {}
            },
            What::JobCompleted { job, .. } => self.leave(*job, at),
            What::RunCompleted { run, .. } => {
                for job in self.ledger.jobs_of_run(*run, at.event) {
                    self.leave(job, at);
                }
            }
            What::InstallationSuspended { owner, .. } | What::InstallationDeleted { owner, .. } => {
                self.suspend(&owner.to_lowercase(), at);
            }
            What::InstallationUnsuspended { owner, .. }
            | What::InstallationCreated { owner, .. } => {
                self.resume(&owner.to_lowercase(), at);
            }
            _ => {}
        }
    }

    fn open(&mut self, job: JobId, at: Moment) {
        self.want(job, at, true);
    }

    fn hold(&mut self, job: JobId, at: Moment) {
        self.want(job, at, false);
    }

    /// A job is open or held from now on, unless it has started or left, or its installation is gone.
    fn want(&mut self, job: JobId, at: Moment, open: bool) {
        let Some((_, life)) = self.ledger.routed(job) else {
            return;
        };
        let owner = owner_of(life.repo);
        let now = if self.suspended.contains(&owner) {
            Wait::Suspended { open }
        } else {
            Wait::of(open)
        };
        match self.waits.get(&job).copied() {
            Some(Wait::Gone) => return,
            Some(before) if before == now => return,
            Some(_) => {}
            None => self.of_owner.entry(owner).or_default().push(job),
        }
        self.waits.insert(job, now);
        match now {
            Wait::Open => self.take(job, at, Turn::Opens),
            Wait::Held => self.take(job, at, Turn::Holds),
            Wait::Suspended { .. } => {
                self.away.entry(job).or_insert(at.event);
            }
            Wait::Gone => {}
        }
    }

    /// It waits for its installation no more: that is back, or the job has left or started.
    fn is_back(&mut self, job: JobId, at: EventId) {
        let since = self.away.remove(&job);
        if let Some((since, (lane, _))) = since.zip(self.ledger.routed(job)) {
            self.spells.entry(lane).or_default().push((since, at));
        }
    }

    fn leave(&mut self, job: JobId, at: Moment) {
        match self.waits.insert(job, Wait::Gone) {
            Some(Wait::Open | Wait::Held) => self.take(job, at, Turn::Leaves),
            Some(Wait::Suspended { .. }) => self.is_back(job, at.event),
            Some(Wait::Gone) | None => {}
        }
    }

    fn suspend(&mut self, owner: &str, at: Moment) {
        self.suspended.insert(owner.to_owned());
        for job in self.of_owner.get(owner).cloned().unwrap_or_default() {
            let open = match self.waits.get(&job) {
                Some(Wait::Open) => true,
                Some(Wait::Held) => false,
                Some(Wait::Suspended { .. } | Wait::Gone) | None => continue,
            };
            self.waits.insert(job, Wait::Suspended { open });
            self.away.insert(job, at.event);
            self.take(job, at, Turn::Leaves);
        }
    }

    fn resume(&mut self, owner: &str, at: Moment) {
        self.suspended.remove(owner);
        for job in self.of_owner.get(owner).cloned().unwrap_or_default() {
            if let Some(Wait::Suspended { open }) = self.waits.get(&job).copied() {
                self.waits.insert(job, Wait::of(open));
                self.is_back(job, at.event);
                let turn = if open { Turn::Opens } else { Turn::Holds };
                self.take(job, at, turn);
            }
        }
    }

    fn take(&mut self, job: JobId, at: Moment, turn: Turn) {
        if let Some((lane, _)) = self.ledger.routed(job) {
            let taken = Taken {
                at,
                lane,
                job,
                turn,
            };
            self.turns.push(taken);
        }
    }
}

/// What these spells cover together: many jobs of a lane are away at the same time.
fn united(mut spells: Vec<(EventId, EventId)>) -> Vec<(EventId, EventId)> {
    spells.sort_unstable();
    let mut united: Vec<(EventId, EventId)> = Vec::new();
    for (from, until) in spells {
        match united.last_mut() {
            Some((_, last)) if from <= *last => *last = until.max(*last),
            Some(_) | None => united.push((from, until)),
        }
    }
    united
}

/// The owner of a repository, in lower case.
pub(super) fn owner_of(repo: &str) -> String {
    repo.split_once('/')
        .map_or(repo, |(owner, _)| owner)
        .to_lowercase()
}
