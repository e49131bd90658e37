//! Supply against demand, lane by lane: how many launches are missing, and which are too many.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later, since},
    health::Blocked,
    model::{JobKey, JobStatus, Lane, Launch, LaunchId, Live, RunId, State},
};

/// How long a runner that turned out busy stands in for the job it must have taken, until we learn which.
const UNKNOWN_JOB_GRACE: Duration = Duration::from_secs(60);
/// More runners busy than before, for this long, show that the block was loosened.
const LOOSENED_FOR: Duration = Duration::from_secs(60);
/// Without an answer from the Hub about what is running, launch all the same after this time.
pub(super) const ADOPTION_LIMIT: Duration = Duration::from_secs(60);

/// One lane counted.
#[derive(Debug, Default)]
struct Tally {
    queued: Vec<(Timestamp, JobKey, RunId)>,
    /// Launches that can still take a job, in the order in which they should go when there are too many.
    supply: Vec<LaunchId>,
    busy: usize,
    /// Asked for, not booting yet.
    starting: usize,
    /// Booting.
    booting: usize,
    /// Idle for longer than the timeout, and still online.
    idle_long: bool,
    stand_ins: usize,
}

impl Core {
    /// Marks surplus launches and decides new ones.
    pub(super) fn balance(&mut self, now: Timestamp) {
        let tallies = self.tally(now);
        let mut wanted = Vec::new();
        for (lane, tally) in &tallies {
            let demand = self.effective_demand(now, lane, tally);
            let supply = tally.supply.len() + tally.stand_ins;
            self.mark_surplus(now, lane, tally, supply.saturating_sub(demand));
            let missing = demand.saturating_sub(supply);
            if missing > 0 && self.may_launch(now, lane) {
                let room = self
                    .probe_room(lane, tally.starting, tally.booting)
                    .min(missing);
                wanted.extend(self.choose_jobs(lane, tally, room));
            }
            if !tally.queued.is_empty() {
                self.consider_giving_up(now, lane);
            }
        }
        wanted.sort_unstable();
        self.launch_within_caps(now, wanted);
    }

    fn tally(&mut self, now: Timestamp) -> BTreeMap<Lane, Tally> {
        let mut tallies: BTreeMap<Lane, Tally> = BTreeMap::new();
        for (key, job) in &self.jobs {
            if self.is_demand(*key, job) {
                tallies.entry(job.lane.clone()).or_default().queued.push((
                    job.first_seen,
                    *key,
                    job.run,
                ));
            }
        }
        let mut stand_in_ends = Vec::new();
        let mut order: BTreeMap<&LaunchId, (u8, Timestamp)> = BTreeMap::new();
        for (id, launch) in &self.launches {
            let tally = tallies.entry(launch.lane.clone()).or_default();
            let rank = match &launch.state {
                State::Intended { .. } => 0,
                State::Credentialed => 1,
                State::Creating { .. } => 2,
                State::Booting { .. } => 3,
                State::Idle { since: idle_since } => {
                    let shown = launch.live.online_at.unwrap_or(*idle_since);
                    tally.idle_long |= since(shown, *idle_since) >= self.settings.idle_timeout;
                    4
                }
                State::Busy {
                    job,
                    since: busy_since,
                    done_at,
                } => {
                    tally.busy += usize::from(done_at.is_none());
                    if job.is_none() && done_at.is_none() {
                        let ends = later(*busy_since, UNKNOWN_JOB_GRACE);
                        tally.stand_ins += usize::from(ends > now);
                        stand_in_ends.push(ends);
                    }
                    continue;
                }
                State::Retiring { .. } => continue,
            };
            tally.starting += usize::from(rank <= 2);
            tally.booting += usize::from(rank == 3);
            tally.supply.push(id.clone());
            order.insert(id, (rank, launch.intended_at));
        }
        for tally in tallies.values_mut() {
            tally.queued.sort_unstable();
            // Youngest first within a rank: what has booted longest is the most use.
            tally.supply.sort_by_key(|id| {
                order
                    .get(id)
                    .map(|(rank, at)| (*rank, std::cmp::Reverse(*at)))
            });
        }
        for ends in stand_in_ends {
            if ends > now {
                self.due(now, ends);
            }
        }
        tallies
    }

    /// Queued jobs, unless GitHub blocks the queue: then one standing runner, and what was queued since.
    fn effective_demand(&mut self, now: Timestamp, lane: &Lane, tally: &Tally) -> usize {
        let queued = tally.queued.len();
        let idle_timeout = self.settings.idle_timeout;
        let state = self.lanes.entry(lane.clone()).or_default();
        if queued == 0 {
            state.blocked = None;
            return 0;
        }
        let Some(mut blocked) = state.blocked else {
            if tally.idle_long {
                state.blocked = Some(Blocked {
                    since: now,
                    peak: tally.busy,
                    loosened_at: None,
                });
                return 1;
            }
            return queued;
        };
        if tally.busy > blocked.peak {
            let loosened_at = *blocked.loosened_at.get_or_insert(now);
            state.blocked = Some(blocked);
            let loose = self.due(now, later(loosened_at, LOOSENED_FOR));
            if loose {
                self.lanes.entry(lane.clone()).or_default().blocked = None;
                return queued;
            }
        } else if blocked.loosened_at.take().is_some() {
            state.blocked = Some(blocked);
        }
        let fresh_for = idle_timeout.saturating_mul(2);
        let fresh = |at: Timestamp| at > blocked.since && since(now, at) < fresh_for;
        queued.min(1 + tally.queued.iter().filter(|(at, ..)| fresh(*at)).count())
    }

    fn mark_surplus(&mut self, now: Timestamp, lane: &Lane, tally: &Tally, surplus: usize) {
        let blocked = self
            .lanes
            .get(lane)
            .is_some_and(|state| state.blocked.is_some());
        for (place, id) in tally.supply.iter().enumerate() {
            let Some(launch) = self.launches.get_mut(id) else {
                continue;
            };
            if place >= surplus {
                launch.live.surplus_since = None;
                continue;
            }
            // A runner that has idled beside a blocked queue has used up its grace already.
            let since = match launch.state {
                State::Idle { since } if blocked => since,
                _ => now,
            };
            launch.live.surplus_since.get_or_insert(since);
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

    /// The oldest jobs that no live launch is named after, then any: the name is for people, the count is what matters.
    fn choose_jobs(
        &self,
        lane: &Lane,
        tally: &Tally,
        room: usize,
    ) -> Vec<(Timestamp, JobKey, RunId, String)> {
        let named: BTreeSet<&str> = self
            .launches
            .values()
            .filter(|l| l.lane == *lane)
            .map(|l| l.runner.as_str())
            .collect();
        let has_launch = |run: RunId, key: &JobKey| {
            let name = base_name(run, *key);
            // The name itself, or the name with a suffix: '-' sorts before any digit, so one look is enough.
            let first = named.range(name.as_str()..).next();
            first
                .and_then(|first| first.strip_prefix(&name))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let (later, first): (Vec<_>, Vec<_>) = tally
            .queued
            .iter()
            .partition(|(_, key, run)| has_launch(*run, key));
        first
            .into_iter()
            .chain(later)
            .take(room)
            .map(|(at, key, run)| (at, key, run, lane.label.clone()))
            .collect()
    }

    fn launch_within_caps(
        &mut self,
        now: Timestamp,
        wanted: Vec<(Timestamp, JobKey, RunId, String)>,
    ) {
        if wanted.is_empty() {
            self.hf_poll.starved = false;
            return;
        }
        let mut alive: BTreeMap<_, usize> = BTreeMap::new();
        for launch in self.launches.values() {
            *alive.entry(launch.lane.repo).or_default() += 1;
        }
        let mut total = self.launches.len();
        let mut starved = false;
        for (_, key, run, label) in wanted {
            let in_repo = alive.entry(key.repo).or_default();
            if total >= self.settings.max_total || *in_repo >= self.settings.max_per_repo {
                starved = true;
                continue;
            }
            total += 1;
            *in_repo += 1;
            self.intend(
                now,
                key,
                run,
                Lane {
                    repo: key.repo,
                    label,
                },
            );
        }
        self.hf_poll.starved = starved;
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
            reason: String::new(),
            live: Live::default(),
        };
        self.launches.insert(id.clone(), launch);
        self.dirty.insert(Dirty::Launch(id));
    }

    /// `base`, or `base` with 12 hex digits when it was given out before.
    pub(super) fn unused_name(&self, base: &str) -> String {
        let alive = self.launches.values().map(|launch| &launch.runner);
        let known = alive.chain(self.ended.values().map(|ended| &ended.runner));
        let used: BTreeSet<&str> = known
            .map(String::as_str)
            .filter(|name| name.starts_with(base))
            .collect();
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

    /// Runs of a lane's queued jobs, for the survey.
    pub(super) fn open_runs(&self) -> BTreeSet<RunId> {
        self.jobs
            .values()
            .filter(|job| job.status == JobStatus::Queued)
            .map(|job| job.run)
            .collect()
    }
}

/// The name of the first runner launched for a job: at most 48 bytes, so that a suffix stays within GitHub's 64.
fn base_name(run: RunId, key: JobKey) -> String {
    format!("hfjobs-{run}-{}", key.job)
}
