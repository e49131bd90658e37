//! What GitHub shows of runners: settles doubts about launches, two agreeing readings at a time.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    engine::{Core, later, since as time_since},
    health::Fault,
    message::{Command, Failure, Runner},
    model::{Doubt, JobId, LaunchId, RepoId, State, Suspicion},
    tables::STALE_READS,
};

/// After a list of runners failed.
const LIST_AGAIN: Duration = Duration::from_secs(30);
/// Between two looks at an HF job whose job is over and whose slot is awaited, and for how long.
const AWAITED_LOOK: Duration = Duration::from_secs(1);
const AWAITED_FOR: Duration = Duration::from_secs(10);
/// Between two looks at a runner that is busy with a job we have not learned.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A launch whose HF job runs for so long without having a job is looked at before its deadline.
const FIRST_LOOK: Duration = Duration::from_secs(120);

impl Core {
    pub(super) fn launch_of_runner(&self, repo: RepoId, name: &str) -> Option<LaunchId> {
        let here = |id: &&LaunchId| self.launches.get(id).is_some_and(|l| l.lane.repo == repo);
        self.launches.of_runner(name).find(here).cloned()
    }

    /// The launch's runner has a job.
    pub(super) fn runner_took(&mut self, now: Timestamp, id: &LaunchId, job: Option<JobId>) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let lane = launch.lane.clone();
        if let State::Busy {
            job: known,
            done_at,
            ..
        } = launch.state
            && (job.is_none() || known == job || done_at.is_some())
        {
            return;
        }
        let still_there = !matches!(launch.state, State::Retiring { removed: true, .. });
        self.change(id, |launch| {
            launch.state = State::Busy {
                job,
                since: now,
                done_at: None,
            };
            launch.ran = true;
            launch.live.suspicion = None;
            launch.live.surplus_since = None;
            launch.live.not_before = None;
            launch.live.looked_at = Some(now);
        });
        self.lane_works(&lane);
        if job.is_none() {
            self.recheck_lane(&lane);
        }
        if !still_there {
            tracing::warn!(launch = %id, "a runner took a job although its record was removed");
        }
    }

    /// The launch's job is over; the runner should go away by itself.
    pub(super) fn runner_finished(&mut self, now: Timestamp, id: &LaunchId, job: JobId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let lane = launch.lane.clone();
        let since = match launch.state {
            State::Busy {
                since,
                done_at: None,
                ..
            } => since,
            State::Busy {
                done_at: Some(_), ..
            }
            | State::Retiring { .. } => return,
            _ => now,
        };
        let awaited = !self.starved.is_empty();
        self.change(id, |launch| {
            launch.state = State::Busy {
                job: Some(job),
                since,
                done_at: Some(now),
            };
            launch.live.awaited = awaited;
            launch.ran = true;
            launch.live.suspicion = None;
            launch.live.surplus_since = None;
        });
        self.lane_works(&lane);
    }

    /// Starts to doubt a launch when its time is up.
    pub(super) fn doubt_if_due(&mut self, now: Timestamp, id: &LaunchId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let repo = launch.lane.repo;
        if let Some(suspicion) = launch.live.suspicion {
            let dropped = suspicion.why == Doubt::Surplus && launch.live.surplus_since.is_none();
            if dropped {
                return self.set_suspicion(id, None);
            }
            if self.due(now, suspicion.next_at) {
                self.wanted_readings.insert(repo);
            }
            return;
        }
        let surplus_at = launch
            .live
            .surplus_since
            .map(|at| later(at, self.settings.idle_timeout));
        let online_at = launch.live.online_at;
        let (state, looked_at) = (launch.state.clone(), launch.live.looked_at);
        let first_look = launch.live.running && looked_at.is_none();
        let created_at = launch.created_at.unwrap_or(launch.intended_at);
        if surplus_at.is_some_and(|at| self.due(now, at)) {
            return self.doubt(now, id, Doubt::Surplus);
        }
        match state {
            State::Booting { deadline } => {
                if self.due(now, deadline) {
                    self.doubt(now, id, Doubt::BootDeadline);
                } else if first_look && self.due(now, later(created_at, FIRST_LOOK)) {
                    self.look(now, id, repo);
                }
            }
            // An idle runner is looked at again now and then: it may have lost its network.
            State::Idle { since } => {
                let seen = online_at.unwrap_or(since).max(looked_at.unwrap_or(since));
                if self.due(now, later(seen, self.settings.idle_timeout)) {
                    self.look(now, id, repo);
                }
            }
            _ => {}
        }
    }

    fn doubt(&mut self, now: Timestamp, id: &LaunchId, why: Doubt) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let lane = launch.lane.clone();
        self.set_suspicion(
            id,
            Some(Suspicion {
                why,
                readings: 0,
                next_at: now,
            }),
        );
        self.wanted_readings.insert(lane.repo);
        // GitHub's busy flag may lag: what we can know about the jobs counts as well.
        self.recheck_lane(&lane);
    }

    fn set_suspicion(&mut self, id: &LaunchId, suspicion: Option<Suspicion>) {
        self.with_launch(id, |launch| launch.live.suspicion = suspicion);
    }

    fn look(&mut self, now: Timestamp, id: &LaunchId, repo: RepoId) {
        let known = self.with_launch(id, |launch| launch.live.looked_at = Some(now));
        if known.is_some() {
            self.wanted_readings.insert(repo);
        }
    }

    /// A busy launch: when its job is over it must end; when its job is unknown it must be looked at.
    pub(super) fn watch_busy(&mut self, now: Timestamp, id: &LaunchId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let State::Busy {
            job,
            since,
            done_at,
        } = launch.state.clone()
        else {
            return;
        };
        let (repo, looked_at, inspecting) = (
            launch.lane.repo,
            launch.live.looked_at,
            launch.live.inspecting,
        );
        if let Some(done_at) = done_at {
            let soon = later(looked_at.unwrap_or(done_at).max(done_at), AWAITED_LOOK);
            let awaited = launch.live.awaited && soon < later(done_at, AWAITED_FOR);
            let look_at = if awaited {
                soon
            } else {
                later(done_at, self.settings.finish_grace)
            };
            if !inspecting && self.due(now, look_at) {
                self.with_launch(id, |launch| launch.live.looked_at = Some(now));
                self.inspect(id);
            }
        } else if job.is_none() {
            // While it stands in for a job, an answer that names that or takes the word back is worth asking for.
            let stands_in = time_since(now, since) < STALE_READS;
            let every = if stands_in {
                LOOK_AGAIN
            } else {
                self.settings.running_check
            };
            if self.due(now, later(looked_at.unwrap_or(since), every)) {
                self.look(now, id, repo);
            }
        }
    }

    /// Lists the runners of every repository in which something is to be settled.
    pub(super) fn read_runners(&mut self) {
        for repo in std::mem::take(&mut self.wanted_readings) {
            let Some(access) = self.access(repo) else {
                continue;
            };
            if self.repos.get(&repo).is_some_and(|known| !known.listing) {
                self.with_repo(repo, |known| known.listing = true);
                self.calls.push(Command::ListRunners(access));
            }
        }
    }

    pub(super) fn runners_listed(
        &mut self,
        now: Timestamp,
        repo: RepoId,
        answer: Result<Vec<Runner>, Failure>,
    ) {
        self.with_repo(repo, |known| known.listing = false);
        let ours: Vec<LaunchId> = self.launches.of_repo(repo).cloned().collect();
        match answer {
            Ok(list) => {
                let mut by_name: BTreeMap<&str, &Runner> = BTreeMap::new();
                for runner in &list {
                    by_name.entry(&runner.name).or_insert(runner);
                }
                for id in ours {
                    let Some(launch) = self.launches.get(&id) else {
                        continue;
                    };
                    let reading = by_name.get(launch.runner.as_str()).copied();
                    self.read(now, &id, reading);
                }
            }
            Err(failure) => {
                if matches!(failure.refused(), Some(401 | 403 | 404)) {
                    self.doubt_access(now, repo);
                }
                let again = failure
                    .limited_until()
                    .unwrap_or_else(|| later(now, LIST_AGAIN));
                for id in ours {
                    self.with_launch(&id, |launch| {
                        if let Some(suspicion) = &mut launch.live.suspicion {
                            suspicion.next_at = suspicion.next_at.max(again);
                        }
                    });
                }
            }
        }
    }

    /// Takes in one reading of one launch's runner; `None` is a list without it.
    fn read(&mut self, now: Timestamp, id: &LaunchId, reading: Option<&Runner>) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let settled = matches!(
            launch.state,
            State::Booting { .. }
                | State::Idle { .. }
                | State::Busy {
                    job: None,
                    done_at: None,
                    ..
                }
        );
        if !settled || launch.live.calling {
            return;
        }
        if let Some(runner) = reading
            && launch.runner_id != Some(runner.id)
        {
            self.change(id, |launch| launch.runner_id = Some(runner.id));
        }
        match reading {
            Some(runner) if runner.busy => self.runner_took(now, id, None),
            Some(runner) if runner.online => self.read_online(now, id),
            _ => self.read_offline(now, id),
        }
    }

    fn read_online(&mut self, now: Timestamp, id: &LaunchId) {
        let online = self.with_launch(id, |launch| {
            launch.live.online_at = Some(now);
            let surplus = launch
                .live
                .suspicion
                .filter(|doubt| doubt.why == Doubt::Surplus);
            launch.live.suspicion = surplus;
            let idle = matches!(launch.state, State::Idle { .. });
            (launch.lane.clone(), surplus, idle)
        });
        let Some((lane, surplus, idle)) = online else {
            return;
        };
        if !idle {
            self.change(id, |launch| launch.state = State::Idle { since: now });
            self.lane_works(&lane);
        }
        if surplus.is_some() {
            self.count_reading(now, id);
        }
    }

    fn read_offline(&mut self, now: Timestamp, id: &LaunchId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        if launch.live.suspicion.is_some() {
            return self.count_reading(now, id);
        }
        // Booting and offline is as it should be until the deadline.
        if !matches!(launch.state, State::Booting { .. }) {
            if matches!(launch.state, State::Busy { .. }) {
                self.change(id, |launch| launch.state = State::Idle { since: now });
            }
            let gap = self.settings.reading_gap;
            self.set_suspicion(
                id,
                Some(Suspicion {
                    why: Doubt::Offline,
                    readings: 1,
                    next_at: later(now, gap),
                }),
            );
        }
    }

    /// One more reading showed the runner free. Two of them, apart, are enough to take it away.
    fn count_reading(&mut self, now: Timestamp, id: &LaunchId) {
        let gap = self.settings.reading_gap;
        let counted = self.with_launch(id, |launch| {
            let suspicion = launch.live.suspicion.as_mut()?;
            if suspicion.next_at > now {
                return None;
            }
            suspicion.readings += 1;
            suspicion.next_at = later(now, gap);
            (suspicion.readings >= 2).then_some(suspicion.why)
        });
        let (Some(Some(why)), Some(launch)) = (counted, self.launches.get(id)) else {
            return;
        };
        let surplus = launch.live.surplus_since.is_some();
        let (lane, intended_at) = (launch.lane.clone(), launch.intended_at);
        let waited = time_since(now, launch.created_at.unwrap_or(intended_at)).as_secs();
        let reason = match why {
            Doubt::Surplus => "more runners than queued jobs".to_owned(),
            Doubt::BootDeadline => {
                format!("no runner online {waited} s after the HF job was created")
            }
            Doubt::Offline => "the runner went offline without a job".to_owned(),
        };
        if !surplus {
            match why {
                Doubt::BootDeadline => {
                    self.lane_failed(now, &lane, intended_at, Fault::Boot, &reason);
                }
                Doubt::Offline => self.lane_failed(now, &lane, intended_at, Fault::Dud, &reason),
                Doubt::Surplus => {}
            }
        }
        self.retire(id, &reason);
    }
}
