//! Supply against demand, lane by lane: how many launches are missing, and which are too many.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later, since},
    health::Blocked,
    model::{JobKey, Lane, Launch, LaunchId, Live, RunId, State},
    tables::{Cap, Subject, Waiting},
};

/// More runners busy than before, for this long, show that the block was loosened.
const LOOSENED_FOR: Duration = Duration::from_secs(60);
/// Without an answer from the Hub about what is running, launch all the same after this time.
pub(super) const ADOPTION_LIMIT: Duration = Duration::from_secs(60);

/// A lane that may launch, and how many.
type Room = (Lane, usize);

impl Core {
    /// Marks surplus launches and decides new ones.
    pub(super) fn balance(&mut self, now: Timestamp) {
        let mut lanes = std::mem::take(&mut self.touched.lanes);
        if self.launches.slots() < self.settings.max_total {
            lanes.extend(self.starved.by_total().cloned());
        }
        let (mut rooms, mut given_up) = (Vec::new(), Vec::new());
        for lane in lanes {
            let (room, hopeless) = self.look_at(Subject::Lane(lane.clone()), |core| {
                let room = core.balance_lane(now, &lane);
                (
                    room,
                    core.wanting(&lane) > 0 && core.is_given_up(now, &lane),
                )
            });
            self.starved.remove(&lane);
            if hopeless {
                given_up.push(lane.clone());
            }
            if room > 0 {
                rooms.push((lane, room));
            }
        }
        // All are chosen from what was known before anything of this is done.
        let chosen = self.choose_within_caps(&rooms);
        for lane in given_up {
            self.give_up(now, &lane);
        }
        for (waiting, lane) in chosen {
            self.intend(now, waiting.key, waiting.run, lane);
        }
    }

    /// Compares a lane's demand with its supply; returns how many it may launch, were there no caps.
    fn balance_lane(&mut self, now: Timestamp, lane: &Lane) -> usize {
        self.recheck_if_due(now, lane);
        let wanting = self.wanting(lane);
        let book = self.lanes.book_mut(lane);
        if wanting == 0 && book.alive() == 0 {
            return 0;
        }
        let (stand_ins, one_ends) = book.stand_ins(now);
        if let Some(ends) = one_ends {
            self.due(now, ends);
        }
        let demand = self.effective_demand(now, lane, wanting);
        let book = self.lanes.book_mut(lane);
        let (supply, leaving) = (book.supply(), book.leaving());
        let surplus = (supply + stand_ins).saturating_sub(demand).min(supply);
        self.mark_surplus(now, lane, surplus);
        // What is on its way out may still take a job until GitHub confirms that it is gone: only then it is replaced.
        let missing = demand.saturating_sub(supply + stand_ins + leaving);
        if missing == 0 || !self.may_launch(now, lane) {
            return 0;
        }
        self.probe_room(lane).min(missing)
    }

    /// Jobs of a lane that want a runner of ours now.
    fn wanting(&self, lane: &Lane) -> usize {
        match (self.installation(lane.repo), self.lanes.book(lane)) {
            (Some(_), Some(book)) => book.wanting(),
            (_, _) => 0,
        }
    }

    /// Queued jobs, unless GitHub blocks the queue: then one standing runner, and what was queued since.
    fn effective_demand(&mut self, now: Timestamp, lane: &Lane, wanting: usize) -> usize {
        let before = self.lanes.get(lane).and_then(|state| state.blocked);
        let blocked = self.is_blocked(now, lane, wanting, before);
        if blocked != before {
            self.with_lane(lane, |state| state.blocked = blocked);
        }
        let Some(blocked) = blocked else {
            return wanting;
        };
        self.doubt_runs(now, lane);
        if before.is_none() {
            return 1;
        }
        let fresh_for = self.settings.idle_timeout.saturating_mul(2);
        let book = self.lanes.book_mut(lane);
        let fresh = book.young(|at| at <= blocked.since || since(now, at) >= fresh_for);
        let stale_at = book.oldest_young().map(|at| later(at, fresh_for));
        self.overdue.set(Subject::Lane(lane.clone()), stale_at);
        wanting.min(1 + fresh)
    }

    /// Whether GitHub keeps the lane's jobs from running, given whether it did before.
    fn is_blocked(
        &mut self,
        now: Timestamp,
        lane: &Lane,
        wanting: usize,
        before: Option<Blocked>,
    ) -> Option<Blocked> {
        if wanting == 0 {
            return None;
        }
        let book = self.lanes.book(lane)?;
        let (busy, idle_long) = (book.busy(), book.idle_long());
        let Some(mut blocked) = before else {
            return idle_long.then_some(Blocked {
                since: now,
                peak: busy,
                loosened_at: None,
            });
        };
        if busy > blocked.peak {
            let loosened_at = *blocked.loosened_at.get_or_insert(now);
            if self.due(now, later(loosened_at, LOOSENED_FOR)) {
                return None;
            }
        } else {
            blocked.loosened_at = None;
        }
        Some(blocked)
    }

    fn mark_surplus(&mut self, now: Timestamp, lane: &Lane, surplus: usize) {
        let blocked = self
            .lanes
            .get(lane)
            .is_some_and(|state| state.blocked.is_some());
        while let Some((id, mark)) = self.lanes.book_mut(lane).next_mark(surplus) {
            self.with_launch(&id, |launch| {
                // A runner that has idled beside a blocked queue has used up its grace already.
                let since = match launch.state {
                    State::Idle { since } if blocked => since,
                    _ => now,
                };
                launch.live.surplus_since = mark.then_some(since);
            });
        }
    }

    fn may_launch(&mut self, now: Timestamp, lane: &Lane) -> bool {
        if !self.hf_poll.adopted {
            let limit = later(self.started_at, ADOPTION_LIMIT);
            if !self.due(now, limit) {
                return false;
            }
        }
        let not_before = self.lanes.get(lane).and_then(|state| state.not_before);
        not_before.is_none_or(|at| self.due(now, at))
    }

    /// The oldest jobs of all lanes that caps leave room for. Lanes that get less than they may launch are starved.
    fn choose_within_caps(&mut self, rooms: &[Room]) -> Vec<(Waiting, Lane)> {
        let mut chosen = Vec::new();
        let mut queues: Vec<_> = rooms
            .iter()
            .filter_map(|(lane, room)| Some((lane, self.lanes.book(lane)?.choose(*room))))
            .collect();
        let mut heads: BinaryHeap<_> = queues
            .iter_mut()
            .enumerate()
            .filter_map(|(place, (lane, queue))| Some(Reverse((queue.next()?, *lane, place))))
            .collect();
        let mut total = self.launches.slots();
        let mut in_repo: BTreeMap<_, usize> = BTreeMap::new();
        while let Some(Reverse((waiting, lane, place))) = heads.pop() {
            let in_repo = in_repo
                .entry(lane.repo)
                .or_insert_with(|| self.launches.slots_of_repo(lane.repo));
            let cap = if total >= self.settings.max_total {
                Some(Cap::Total)
            } else {
                (*in_repo >= self.settings.max_per_repo).then_some(Cap::Repo)
            };
            if let Some(cap) = cap {
                // Nor is there room for the rest of this queue.
                self.starved.insert(lane.clone(), cap);
                continue;
            }
            total += 1;
            *in_repo += 1;
            chosen.push((waiting, lane.clone()));
            let next = queues.get_mut(place).and_then(|(_, queue)| queue.next());
            heads.extend(next.map(|next| Reverse((next, lane, place))));
        }
        chosen
    }

    fn intend(&mut self, now: Timestamp, key: JobKey, run: RunId, lane: Lane) {
        let runner = self.unused_name(&base_name(run, key));
        let bits = self.bits(&format!("launch/{runner}"));
        let id = LaunchId(format!("{:012x}", bits & 0xffff_ffff_ffff));
        let credential = self.credential_for(now, &lane);
        let launch = Launch {
            lane,
            runner,
            credential,
            runner_id: None,
            hf_job: None,
            state: State::Intended { unclear: false },
            intended_at: now,
            minted_at: None,
            valid_until: None,
            created_at: None,
            mints: 0,
            creates: 0,
            ran: false,
            vanished_at: None,
            reason: String::new(),
            live: Live::default(),
        };
        self.insert_launch(id.clone(), launch);
        self.dirty.insert(Dirty::Launch(id));
    }

    /// `base`, or `base` with 12 hex digits when it was given out before.
    pub(super) fn unused_name(&self, base: &str) -> String {
        let alive = self.launches.names_from(base);
        let used: BTreeSet<&str> = alive.chain(self.ended.names_from(base)).collect();
        if !used.contains(base) {
            return base.to_owned();
        }
        // One name after the other was given out: as many as there are, the next is the first that can be free.
        let given_out = u32::try_from(used.len()).unwrap_or(u32::MAX);
        let fresh = |n: u32| {
            format!(
                "{base}-{:012x}",
                self.bits(&format!("runner/{base}/{n}")) & 0xffff_ffff_ffff
            )
        };
        (given_out..)
            .map(fresh)
            .find(|name| !used.contains(name.as_str()))
            .unwrap_or_else(|| base.to_owned())
    }
}

/// The name of the first runner launched for a job: at most 48 bytes, so that a suffix stays within GitHub's 64.
fn base_name(run: RunId, key: JobKey) -> String {
    format!("hfjobs-{run}-{}", key.job)
}
