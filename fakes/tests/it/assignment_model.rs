//! The policy decides who, the delay decides when: what the fake did is compared with a naive statement
//! that looks at every waiting job and every idle runner at each event of the history.

use std::{collections::BTreeMap, time::Duration};

use fakes::{
    AssignmentPolicy, Draw as _, Length, NewJob, NewRunner, NotQueued,
    history::{Event, What},
    ids::{EventId, JobId, RunId, RunnerId},
};
use proptest::prelude::*;

use crate::lab::{Lab, SeededDraw, job};

const SETS: [&[&str]; 4] = [&["a"], &["b"], &["a", "b"], &["a", "b", "c"]];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    Oldest,
    Newest,
    Random,
}

impl Order {
    fn policy(self) -> AssignmentPolicy {
        match self {
            Self::Oldest => AssignmentPolicy::Oldest,
            Self::Newest => AssignmentPolicy::Newest,
            Self::Random => AssignmentPolicy::Random,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Queue {
        labels: usize,
        run: u8,
        runs_for_ms: u64,
    },
    Connect {
        labels: usize,
        ephemeral: bool,
    },
    Disconnect {
        which: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        4 => (0..4_usize, 0..6_u8, 1..4_000_u64).prop_map(|(labels, run, runs_for_ms)| Step::Queue {
            labels,
            run,
            runs_for_ms,
        }),
        3 => (0..4_usize, any::<bool>())
            .prop_map(|(labels, ephemeral)| Step::Connect { labels, ephemeral }),
        1 => (0..8_usize).prop_map(|which| Step::Disconnect { which }),
    ];
    prop::collection::vec((prop_oneof![Just(0), 1..1_200_u64], step), 1..40)
}

/// The job's run: of these, the first may have one job at a time and the second two.
fn limit_of(run: &str) -> Option<u32> {
    match run {
        "R0" => Some(1),
        "R1" => Some(2),
        _ => None,
    }
}

/// What a history does not show.
#[derive(Default)]
struct Played {
    /// After how many events which idle runner went away.
    gone: Vec<(usize, RunnerId)>,
    limits: BTreeMap<JobId, u32>,
}

async fn play(lab: &Lab, steps: &[(u64, Step)]) -> Played {
    let github = lab.world.github();
    let (mut runners, mut played) = (Vec::new(), Played::default());
    for (number, (gap_ms, step)) in steps.iter().enumerate() {
        lab.sleep(*gap_ms as f64 / 1e3).await;
        match step {
            Step::Queue {
                labels,
                run,
                runs_for_ms,
            } => {
                let run = format!("R{run}");
                let name = format!("J{number}");
                let limit = limit_of(&run);
                let queued = NewJob {
                    max_parallel: limit,
                    run: (run != "R5").then_some(run),
                    runs_for: Duration::from_millis(*runs_for_ms),
                    ..job(&name, SETS[*labels])
                };
                match github.queue(queued.clone(), None) {
                    Ok(id) => played.limits.extend(limit.map(|limit| (id, limit))),
                    Err(NotQueued::RunIsOver { .. }) => {
                        let alone = NewJob {
                            run: None,
                            max_parallel: None,
                            ..queued
                        };
                        github.queue(alone, None).unwrap();
                    }
                    Err(full @ NotQueued::RunIsFull { .. }) => panic!("{full}"),
                }
            }
            Step::Connect { labels, ephemeral } => {
                let runner = NewRunner {
                    owner: "octo/app".to_owned(),
                    name: format!("r{number}"),
                    labels: SETS[*labels]
                        .iter()
                        .map(|&label| label.to_owned())
                        .collect(),
                    group: None,
                    ephemeral: *ephemeral,
                };
                let id = github.register_runner(runner, None).unwrap();
                github.connect_runner(id, None).unwrap();
                runners.push(id);
            }
            Step::Disconnect { which } => {
                let Some(id) = runners.get(*which) else {
                    continue;
                };
                let is_idle = github
                    .runners()
                    .iter()
                    .any(|runner| runner.runner == *id && !runner.busy && runner.online);
                if is_idle && github.disconnect_runner(*id, None) {
                    played.gone.push((lab.events().len(), *id));
                }
            }
        }
    }
    lab.sleep(30.0).await;
    played
}

#[derive(Debug)]
struct Waiting {
    job: JobId,
    name: String,
    queued: EventId,
    since_ms: u64,
    run: RunId,
    labels: Vec<String>,
    /// As many jobs of its run as may go at once are ahead of it.
    held: bool,
    /// They were once.
    was_held: bool,
}

/// What is known of the world by its history alone.
#[derive(Default)]
struct Model {
    waiting: Vec<Waiting>,
    idle: Vec<(u64, RunnerId)>,
    labels: BTreeMap<RunnerId, Vec<String>>,
    limits: BTreeMap<RunId, u32>,
    taken: BTreeMap<JobId, (RunId, RunnerId)>,
}

impl Model {
    /// How many jobs of a run go, or may go as soon as there is a runner.
    fn let_go(&self, run: RunId) -> usize {
        let waiting = self
            .waiting
            .iter()
            .filter(|one| one.run == run && !one.held);
        let taken = self.taken.values().filter(|(of, _)| *of == run);
        waiting.count() + taken.count()
    }

    fn suits(&self, waiting: &Waiting, runner: RunnerId) -> bool {
        let has = &self.labels[&runner];
        waiting.labels.iter().all(|label| has.contains(label))
    }

    /// All that may be joined now, and since when both were there.
    fn pairs(&self) -> impl Iterator<Item = (&Waiting, RunnerId, u64)> {
        let waiting = self.waiting.iter().filter(|waiting| !waiting.held);
        waiting.flat_map(move |waiting| {
            let idle = self.idle.iter();
            idle.filter(|(_, runner)| self.suits(waiting, *runner))
                .map(move |(idle_ms, runner)| (waiting, *runner, waiting.since_ms.max(*idle_ms)))
        })
    }

    fn follow(&mut self, event: &Event) {
        match &event.event {
            What::JobQueued {
                job,
                name,
                run,
                labels,
                held_by,
                ..
            } => self.waiting.push(Waiting {
                held: held_by.is_some(),
                was_held: held_by.is_some(),
                job: *job,
                name: name.clone(),
                queued: event.id,
                since_ms: event.at_ms,
                run: *run,
                labels: labels.clone(),
            }),
            What::JobDispatchable { job } => {
                let one = self.waiting.iter_mut().find(|one| one.job == *job).unwrap();
                (one.held, one.since_ms) = (false, event.at_ms);
            }
            What::RunnerCreated { runner, labels, .. } => {
                self.labels.insert(*runner, labels.clone());
            }
            What::RunnerOnline { runner, .. } => self.idle.push((event.at_ms, *runner)),
            What::RunnerAssigned { runner, job, .. } => {
                let at = self.waiting.iter().position(|one| one.job == *job).unwrap();
                let taken = self.waiting.remove(at);
                self.taken.insert(*job, (taken.run, *runner));
                self.idle.retain(|(_, id)| id != runner);
            }
            What::JobCompleted { job, .. } => {
                let (_, runner) = self.taken.remove(job).unwrap();
                self.idle.push((event.at_ms, runner));
            }
            What::RunnerRemoved { runner, .. } => self.idle.retain(|(_, id)| id != runner),
            _ => {}
        }
    }
}

/// Holds the history against the naive statement; gives how many jobs were given away.
fn judge(
    lab: &Lab,
    order: Order,
    delay: Length,
    played: &Played,
    seed: u64,
) -> Result<usize, TestCaseError> {
    let draw = SeededDraw(seed);
    let (min, max) = (delay.min.as_millis() as u64, delay.max.as_millis() as u64);
    let mut model = Model::default();
    for job in lab.world.github().jobs() {
        let limit = played.limits.get(&job.job);
        model.limits.extend(limit.map(|limit| (job.run, *limit)));
    }
    let mut given = 0;
    for (number, event) in lab.events().iter().enumerate() {
        for (_, runner) in played.gone.iter().filter(|(after, _)| *after == number) {
            model.idle.retain(|(_, id)| id != runner);
        }
        for (waiting, runner, both_ms) in model.pairs() {
            prop_assert!(
                event.at_ms <= both_ms + max,
                "{} and {runner:?} were both there since {both_ms}, and are not joined at {}",
                waiting.name,
                event.at_ms
            );
        }
        if let What::RunnerAssigned { runner, job, .. } = &event.event {
            given += 1;
            let place = |one: &Waiting| match order {
                Order::Oldest => one.queued.0,
                Order::Newest => u64::MAX - one.queued.0,
                Order::Random => draw.bits(&one.name, "assignment.order"),
            };
            let may_have = model.pairs().filter(|(_, id, _)| id == runner);
            let first = may_have.min_by_key(|(one, ..)| place(one)).unwrap();
            prop_assert_eq!(
                first.0.job,
                *job,
                "the first of all that {:?} may run",
                runner
            );
            let may_run = model.pairs().filter(|(one, ..)| one.job == *job);
            let longest_idle = may_run
                .map(|(_, id, _)| id)
                .min_by_key(|id| model.idle.iter().find(|(_, idle)| idle == id).unwrap());
            prop_assert_eq!(longest_idle, Some(*runner), "the one that was idle longest");
            let idle_ms = model.idle.iter().find(|(_, id)| id == runner).unwrap().0;
            prop_assert!(event.at_ms >= idle_ms + min, "too early for the runner");
            // Who was let go by its run late, or comes first though it came last, is taken at a moment set for another.
            if order == Order::Oldest && !first.0.was_held {
                prop_assert!(
                    event.at_ms >= first.0.since_ms + min,
                    "too early for the job"
                );
            }
        }
        model.follow(event);
        for (run, limit) in &model.limits {
            prop_assert!(
                model.let_go(*run) <= *limit as usize,
                "{run:?} may have {limit} at once"
            );
        }
    }
    Ok(given)
}

fn world(seed: u64, order: Order, delay: Length) -> Lab {
    Lab::seeded(seed, |settings| {
        settings.github.assignment.policy = order.policy();
        settings.github.assignment.delay = delay;
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_job_is_joined_past_one_that_comes_before_it(
        steps in steps(),
        order in prop_oneof![Just(Order::Oldest), Just(Order::Newest), Just(Order::Random)],
        (min_ms, width_ms) in (prop_oneof![Just(0), 1..900_u64], prop_oneof![Just(0), 1..2_000_u64]),
        seed in any::<u64>(),
    ) {
        let delay = Length {
            min: Duration::from_millis(min_ms),
            max: Duration::from_millis(min_ms + width_ms),
        };
        let queues = steps.iter().any(|(_, step)| matches!(step, Step::Queue { .. }));
        runtime().block_on(async {
            let lab = world(seed, order, delay);
            let played = play(&lab, &steps).await;
            let given = judge(&lab, order, delay, &played, seed)?;
            prop_assert!(queues || given == 0);
            Ok(())
        })?;
    }
}

/// One slot and two jobs ten seconds apart; a new runner each time one is free.
async fn first_of_two(seed: u64, order: Order) -> String {
    let delay = Length {
        min: Duration::from_millis(100),
        max: Duration::from_secs(1),
    };
    let lab = world(seed, order, delay);
    lab.queue("A", &["a"]);
    lab.sleep(10.0).await;
    lab.queue("B", &["a"]);
    lab.sleep(50.0).await;
    let runner = crate::org_runners::register(&lab, "octo/app", "r", true);
    lab.world.github().connect_runner(runner, None).unwrap();
    lab.sleep(5.0).await;
    let started = lab
        .find(|what| matches!(what, What::JobStarted { .. }))
        .unwrap();
    let What::JobStarted { job, .. } = started.event else {
        unreachable!()
    };
    let jobs = lab.world.github().jobs();
    jobs.iter().find(|one| one.job == job).unwrap().name.clone()
}

#[tokio::test(start_paused = true)]
async fn the_older_of_two_goes_first_in_every_seed_and_with_newest_the_younger() {
    for seed in 0..40 {
        assert_eq!(first_of_two(seed, Order::Oldest).await, "A", "seed {seed}");
        assert_eq!(first_of_two(seed, Order::Newest).await, "B", "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn young_jobs_without_end_do_not_put_off_the_moment_of_a_runner() {
    let delay = Length::fixed(Duration::from_millis(500));
    let lab = world(1, Order::Newest, delay);
    let runner = crate::org_runners::register(&lab, "octo/app", "r", true);
    lab.world.github().connect_runner(runner, None).unwrap();
    for number in 0..10 {
        lab.queue(&format!("J{number}"), &["a"]);
        lab.sleep(0.2).await;
    }
    let assigned = lab
        .find(|what| matches!(what, What::RunnerAssigned { .. }))
        .unwrap();
    assert_eq!(assigned.at_ms, 500, "counted from the first of them");
}
