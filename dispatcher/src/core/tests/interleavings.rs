//! Random interleavings of events, answers, failures and time, against invariants that hold in every one of them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::core::model::{Lane, State};

/// So many sequences, or as many as `PROPTEST_CASES` asks for if these are more.
pub(super) fn at_least(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: asked.cases.max(cases),
        ..asked
    }
}

/// One move of the outside world.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Event(u64, JobStatus, bool),
    /// Answers one of the open calls, well or badly.
    Answer(prop::sample::Index, u8),
    Pass(u64),
    Restart,
}

pub(super) fn some_move() -> impl Strategy<Value = Move> {
    let status = prop::sample::select(vec![
        JobStatus::Waiting,
        JobStatus::Queued,
        JobStatus::Queued,
        JobStatus::InProgress,
        JobStatus::Completed,
    ]);
    prop_oneof![
        3 => (1_u64..6, status, any::<bool>()).prop_map(|(job, status, ours)| Move::Event(job, status, ours)),
        6 => (any::<prop::sample::Index>(), 0_u8..8).prop_map(|(which, how)| Move::Answer(which, how)),
        2 => (1_u64..400).prop_map(Move::Pass),
        1 => Just(Move::Restart),
    ]
}

/// The world around the core, and what it has promised.
pub(super) struct World {
    bench: Bench,
    open: Vec<Command>,
    /// Launches whose record GitHub confirmed gone, or never there.
    confirmed: BTreeSet<LaunchId>,
    completed: BTreeSet<JobKey>,
}

impl World {
    pub(super) fn new(bench: Bench) -> Self {
        Self {
            bench,
            open: Vec::new(),
            confirmed: BTreeSet::new(),
            completed: BTreeSet::new(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.bench.now
    }

    /// The names of the live launches' runners.
    pub(super) fn runners(&self) -> Vec<String> {
        let launches = self.bench.core.launches.values();
        launches.map(|launch| launch.runner.clone()).collect()
    }

    /// The HF jobs of the live launches, as the Hub lists them while they run.
    pub(super) fn running(&self) -> Vec<HfJob> {
        let launches = self.bench.core.launches.iter();
        launches
            .filter_map(|(id, launch)| Some((id, launch.hf_job.clone()?)))
            .map(|(id, hf_job)| hf_job_of(id, hf_job, Stage::Running))
            .collect()
    }

    /// Completed jobs may come back: the dispatcher has forgotten them by then.
    pub(super) fn forgets(&mut self) {
        self.completed.clear();
    }

    /// The dispatcher's clock is set back.
    pub(super) fn set_back(&mut self, seconds: u64) {
        self.bench.now -= Duration::from_secs(seconds);
        self.give(Input::Tick);
    }

    fn take(&mut self, calls: Vec<Command>) {
        for call in &calls {
            if let Command::CancelHfJob(launch, _) = call {
                assert!(
                    self.confirmed.contains(launch),
                    "cancelled {launch} without GitHub's confirmation"
                );
            }
            if let Command::CreateHfJob(order) = call {
                let written = &self.bench.journal[&format!("launch/{}", order.launch)];
                assert!(
                    written.contains("creating"),
                    "created without the intent written down: {written}"
                );
            }
        }
        self.open.extend(calls);
        self.check();
    }

    pub(super) fn give(&mut self, input: Input) {
        let before: BTreeSet<LaunchId> = self.bench.core.launches.keys().cloned().collect();
        let calls = self.bench.give(input);
        let lane = Lane {
            repo: REPO,
            label: LABEL.to_owned(),
        };
        if self
            .bench
            .core
            .launches
            .iter()
            .any(|(id, launch)| launch.lane == lane && !before.contains(id))
        {
            let supply =
                |state: &State| !matches!(state, State::Busy { .. } | State::Retiring { .. });
            let supply = self
                .bench
                .core
                .launches
                .values()
                .filter(|l| l.lane == lane && supply(&l.state))
                .count();
            let queued = self
                .bench
                .core
                .jobs
                .values()
                .filter(|job| job.lane == lane && job.status == JobStatus::Queued)
                .count();
            assert!(
                supply <= queued,
                "{supply} launches for {queued} queued jobs"
            );
        }
        self.take(calls);
    }

    fn check(&self) {
        for key in &self.completed {
            assert!(!self.bench.core.jobs.contains_key(key), "{key:?} came back");
        }
        let names: BTreeSet<&str> = self
            .bench
            .core
            .launches
            .values()
            .map(|l| l.runner.as_str())
            .collect();
        assert_eq!(
            names.len(),
            self.bench.core.launches.len(),
            "runner names are unique"
        );
    }

    fn answer(&mut self, call: Command, how: u8) {
        let input = match self.hub_answer(&call, how) {
            Some(input) => Some(input),
            None => self.github_answer(call, how),
        };
        let Some(input) = input else { return };
        // A launch that is busy again needs a new confirmation.
        let busy = matches!(&input, Input::RunnerDeleted(_, Err(_)));
        if let (true, Input::RunnerDeleted(launch, _)) = (busy, &input) {
            self.confirmed.remove(launch);
        }
        self.give(input);
    }

    fn hub_answer(&self, call: &Command, how: u8) -> Option<Input> {
        let lost = || Failure::NoAnswer("lost".to_owned());
        let now = self.bench.now;
        Some(match call.clone() {
            Command::CreateHfJob(order) => {
                let answer = match how {
                    0 => Err(lost()),
                    1 => Err(refused(400)),
                    2 => Err(Failure::Limited {
                        until: now + Duration::from_secs(60),
                        message: String::new(),
                    }),
                    _ => Ok(hf_id(&order.launch)),
                };
                Input::Created(order.launch, answer)
            }
            Command::LookUpTag(launch) => {
                let found = hf_job_of(&launch, hf_id(&launch), Stage::Running);
                Input::TagLookedUp(
                    launch,
                    match how {
                        0 => Err(lost()),
                        1..=3 => Ok(Vec::new()),
                        _ => Ok(vec![found]),
                    },
                )
            }
            Command::ListHfJobs => {
                let alive = self
                    .bench
                    .core
                    .launches
                    .iter()
                    .filter_map(|(id, l)| Some((id, l.hf_job.clone()?)));
                let list = alive
                    .filter(|_| how > 2)
                    .map(|(id, hf)| hf_job_of(id, hf, Stage::Running))
                    .collect();
                Input::HfListed(now, if how == 0 { Err(lost()) } else { Ok(list) })
            }
            Command::InspectHfJob(launch, id) => {
                let stage = if how < 4 {
                    Stage::Over("ERROR")
                } else {
                    Stage::Running
                };
                let job = hf_job_of(&launch, id, stage);
                Input::HfInspected(launch, if how == 7 { Err(lost()) } else { Ok(job) })
            }
            Command::CancelHfJob(launch, _) => {
                Input::HfCanceled(launch, if how == 0 { Err(lost()) } else { Ok(()) })
            }
            _ => return None,
        })
    }

    fn github_answer(&mut self, call: Command, how: u8) -> Option<Input> {
        let lost = || Failure::NoAnswer("lost".to_owned());
        Some(match call {
            Command::AskInstallation { repo, .. } => Input::Installation(
                repo,
                if how == 0 {
                    Err(lost())
                } else {
                    Ok(INSTALLATION)
                },
            ),
            Command::Mint(mint) => {
                let answer = match how {
                    0 => Err(lost()),
                    1 => Err(refused(409)),
                    2 => Err(refused(422)),
                    _ => Ok(credential(&mint)),
                };
                Input::Credential(mint.launch, answer)
            }
            Command::ReadJob(access, job) => {
                let key = JobKey {
                    repo: access.repo,
                    job,
                };
                Input::JobRead(key, self.job_answer(key, how))
            }
            Command::ReadJobs(access, _, jobs) => {
                let repo = access.repo;
                let mut found = BTreeMap::new();
                for job in &jobs {
                    match self.job_answer(JobKey { repo, job: *job }, how) {
                        Ok(reading) => drop(found.insert(*job, reading)),
                        Err(failure) if failure.refused().is_none() => {
                            return Some(Input::JobsRead(repo, jobs, Err(failure)));
                        }
                        Err(_) => {}
                    }
                }
                Input::JobsRead(repo, jobs, Ok(found))
            }
            Command::ReadRun(access, run) => Input::RunRead(
                access.repo,
                run,
                match how {
                    0 => Err(lost()),
                    1 => Ok(Some(self.bench.now)),
                    _ => Ok(None),
                },
            ),
            Command::CancelRun(access, job, _) => Input::RunCancelled(
                JobKey {
                    repo: access.repo,
                    job,
                },
                Ok(()),
            ),
            Command::Survey { .. } => Input::Surveyed(Survey {
                complete: how > 2,
                ..Survey::default()
            }),
            Command::ListDeliveries(_) => Input::DeliveriesListed(Ok(Vec::new())),
            runners => return self.runner_answer(runners, how),
        })
    }

    fn job_answer(&mut self, key: JobKey, how: u8) -> Result<JobReading, Failure> {
        let status = [
            JobStatus::Queued,
            JobStatus::InProgress,
            JobStatus::Queued,
            JobStatus::Waiting,
        ];
        match how {
            0 => Err(Failure::NoAnswer("lost".to_owned())),
            1 => Err(refused(404)),
            2 if self.bench.core.jobs.contains_key(&key) => {
                self.completed.insert(key);
                read(JobStatus::Completed, None)
            }
            _ => read(status[usize::from(how) % 4], None),
        }
    }

    fn runner_answer(&mut self, call: Command, how: u8) -> Option<Input> {
        let lost = || Failure::NoAnswer("lost".to_owned());
        let runner = |launch: &LaunchId, bench: &Bench| {
            bench
                .core
                .launches
                .get(launch)
                .map(|l| (l.runner.clone(), RunnerId(draw(&l.runner) % 1_000_000)))
        };
        Some(match call {
            Command::ListRunners(access) => {
                let list = self
                    .bench
                    .core
                    .launches
                    .values()
                    .filter(|_| how != 1)
                    .map(|l| Runner {
                        id: RunnerId(draw(&l.runner) % 1_000_000),
                        name: l.runner.clone(),
                        online: how != 2,
                        busy: how == 3,
                    });
                Input::RunnersListed(
                    access.repo,
                    if how == 0 {
                        Err(lost())
                    } else {
                        Ok(list.collect())
                    },
                )
            }
            Command::FindRunner(_, launch, _) => {
                let known = runner(&launch, &self.bench);
                let found = known.map(|(name, id)| Runner {
                    id,
                    name,
                    online: how == 3,
                    busy: how == 3,
                });
                let answer = match how {
                    0 => Err(lost()),
                    1 | 2 => Ok(None),
                    _ => Ok(found),
                };
                if answer == Ok(None) {
                    self.confirmed.insert(launch.clone());
                }
                Input::RunnerFound(launch, answer)
            }
            Command::DeleteRunner(_, launch, _) => {
                let answer = match how {
                    0 => Err(lost()),
                    1 => Err(refused(422)),
                    2 => Ok(Removed::Before),
                    _ => Ok(Removed::Now),
                };
                if answer.is_ok() {
                    self.confirmed.insert(launch.clone());
                }
                Input::RunnerDeleted(launch, answer)
            }
            _ => return None,
        })
    }

    pub(super) fn make(&mut self, next: Move) {
        match next {
            Move::Event(job, status, ours) => {
                if status == JobStatus::Completed {
                    self.completed.insert(key(job));
                }
                let launch = self
                    .bench
                    .core
                    .launches
                    .iter()
                    .nth(usize::try_from(job).unwrap_or(0) % 3);
                let runner = launch
                    .filter(|_| ours)
                    .map(|(id, l)| (id.clone(), l.runner.clone()));
                self.give(Input::Event(sighting(
                    job,
                    status,
                    runner.as_ref().map(|(_, name)| name.as_str()),
                )));
            }
            Move::Answer(which, how) => {
                if !self.open.is_empty() {
                    let call = self.open.remove(which.index(self.open.len()));
                    self.answer(call, how);
                }
            }
            Move::Pass(seconds) => {
                let end = self.bench.now + Duration::from_secs(seconds);
                for _ in 0..200 {
                    let Some(at) = self.bench.core.wake_at().filter(|at| *at <= end) else {
                        break;
                    };
                    self.bench.now = self.bench.now.max(at);
                    self.give(Input::Tick);
                }
                self.bench.now = end;
            }
            Move::Restart => {
                self.bench.restart();
                self.open.clear();
                self.give(Input::Tick);
            }
        }
    }
}

proptest! {
    #![proptest_config(at_least(400))]

    #[test]
    fn never_too_many_launches_never_an_unconfirmed_cancel_never_a_completed_job_again(
        moves in prop::collection::vec(some_move(), 1..120),
    ) {
        let bench = Bench::new();
        let mut world = World::new(bench);
        world.bench.trust();
        for next in moves {
            world.make(next);
        }
    }

    #[test]
    fn equal_inputs_give_equal_commands(moves in prop::collection::vec(some_move(), 1..60)) {
        let run = |moves: &[Move]| {
            let bench = Bench::new();
            let mut world = World::new(bench);
            let mut log = String::new();
            for next in moves {
                world.make(*next);
                log.push_str(&format!("{:?}", world.open));
            }
            (log, world.bench.journal)
        };
        prop_assert_eq!(run(&moves), run(&moves));
    }

    /// Once the world answers well and in time, everything settles: no call is asked for without end.
    #[test]
    fn a_well_behaved_world_comes_to_rest(moves in prop::collection::vec(some_move(), 1..60)) {
        let bench = Bench::new();
        let mut world = World::new(bench);
        for next in moves {
            world.make(next);
        }
        let mut answers = 0;
        for _ in 0..40 {
            while let Some(call) = world.open.pop() {
                let how = if matches!(call, Command::InspectHfJob(..)) { 5 } else { 6 };
                world.answer(call, how);
                answers += 1;
                prop_assert!(answers < 5_000, "calls without end");
            }
            world.make(Move::Pass(60));
        }
    }
}
