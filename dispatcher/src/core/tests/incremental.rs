//! A step that looks at what changed decides as one that looks at everything: in every test here a twin looks at
//! everything and every table is held to the naive model (see `Bench::give`); these sequences reach for all of it.

use proptest::prelude::*;

use super::{
    interleavings::{Move, World, at_least, some_move},
    *,
};
use crate::core::{model::Job, tables::Subject};

const LABELS: [&str; 2] = [LABEL, "hf-jobs-t4-small"];

#[derive(Clone, Debug)]
enum Anywhere {
    Move(Move),
    /// A job of one of two repositories, for one of two labels, told by a webhook or by GitHub's list.
    Event {
        job: u64,
        place: usize,
        status: JobStatus,
        /// The runner of this launch has it.
        by: Option<prop::sample::Index>,
        told: u8,
    },
    /// The Hub lists an HF job of ours that no launch may know, beside those that are known or without them.
    Stray {
        number: u64,
        place: usize,
        stage: Stage,
        beside: bool,
    },
    /// The clock is set back.
    Back(u64),
}

fn anything() -> impl Strategy<Value = Anywhere> {
    let status = prop::sample::select(vec![
        JobStatus::Waiting,
        JobStatus::Queued,
        JobStatus::Queued,
        JobStatus::Queued,
        JobStatus::InProgress,
        JobStatus::Completed,
    ]);
    let event = (
        1_u64..30,
        0_usize..4,
        status,
        prop::option::of(any::<prop::sample::Index>()),
        0_u8..8,
    );
    let stage = prop::sample::select(vec![
        Stage::Scheduling,
        Stage::Running,
        Stage::Over("ERROR"),
    ]);
    let stray = (1_u64..4, 1_usize..4, stage, any::<bool>());
    prop_oneof![
        8 => some_move().prop_map(Anywhere::Move),
        8 => event.prop_map(|(job, place, status, by, told)| Anywhere::Event { job, place, status, by, told }),
        1 => stray.prop_map(|(number, place, stage, beside)| Anywhere::Stray { number, place, stage, beside }),
        1 => (1_u64..100).prop_map(Anywhere::Back),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let cap = || prop::sample::select(vec![1, 2, 4, usize::MAX]);
    let tries = prop::sample::select(vec![1, 2, 6]);
    (cap(), cap(), tries, any::<bool>()).prop_map(|(max_total, max_per_repo, tries, short)| {
        Settings {
            max_total,
            max_per_repo,
            unservable_tries: tries,
            unservable_after: Duration::from_secs(if short { 100 } else { 3_600 }),
            idle_timeout: Duration::from_secs(if short { 60 } else { 300 }),
            queue_limit: Duration::from_secs(if short { 900 } else { 86_400 }),
            memory: Duration::from_secs(if short { 600 } else { 86_400 }),
            ..Settings::default()
        }
    })
}

fn make(world: &mut World, next: &Anywhere) {
    match *next {
        Anywhere::Move(one) => world.make(one),
        Anywhere::Event {
            job,
            place,
            status,
            by,
            told,
        } => {
            let repo = RepoId(1 + place as u64 / 2);
            let runners = world.runners();
            let runner = by
                .filter(|_| !runners.is_empty())
                .map(|by| by.get(&runners));
            let sighting = JobSighting {
                repo,
                repo_name: format!("octo/app-{repo}"),
                claim: match told {
                    0 => None,
                    1 => Some(InstallationId(43)),
                    _ => Some(INSTALLATION),
                },
                label: LABELS[place % 2].to_owned(),
                runner: runner.cloned(),
                created_at: (told == 2).then(|| world.now() - Duration::from_secs(90)),
                ..super::sighting(job, status, None)
            };
            world.give(Input::Event(sighting));
        }
        Anywhere::Stray {
            number,
            place,
            stage,
            beside,
        } => {
            let mut list = if beside { world.running() } else { Vec::new() };
            list.push(stray(number, place, stage));
            world.give(Input::HfListed(world.now(), Ok(list)));
        }
        Anywhere::Back(seconds) => world.set_back(seconds),
    }
}

fn stray(number: u64, place: usize, stage: Stage) -> HfJob {
    let repo = RepoId(1 + place as u64 / 2);
    let launch = LaunchId(format!("stray-{number}"));
    HfJob {
        repo: Some(repo),
        environment: environment(
            &format!("octo/app-{repo}"),
            LABELS[place % 2],
            &format!("hfjobs-900-{number}"),
        ),
        ..hf_job_of(&launch, hf_id(&launch), stage)
    }
}

/// Whatever else the rules do with it.
#[test]
fn what_is_taken_in_is_looked_at_and_what_is_let_go_is_not_due() {
    let mut core = {
        let mut bench = Bench::new();
        bench.queue_and_boot(1, 1);
        bench.core
    };
    let is_due = |core: &Core, subject: Subject| core.due.subjects().any(|due| *due == subject);
    let launch = core.launches.keys().next().unwrap().clone();
    let subjects = || [Subject::Job(key(1)), Subject::Launch(launch.clone())];
    assert!(subjects().into_iter().all(|subject| is_due(&core, subject)));
    let lane = core.jobs[&key(1)].lane.clone();
    core.remove_job(key(1));
    core.remove_launch(&launch);
    assert!(!subjects().into_iter().any(|subject| is_due(&core, subject)));
    let job = Job::waiting(core.started_at, RunId(7), lane, None, core.started_at);
    core.insert_job(key(2), job);
    assert!(core.touched.jobs.contains(&key(2)));
}

/// What had come due may lie ahead again.
#[test]
fn a_clock_that_was_set_back_has_everything_looked_at() {
    let mut bench = Bench::new();
    bench.queue_and_boot(1, 3);
    bench.event(4, JobStatus::Waiting, None);
    look_at_everything(&mut bench.twin);
    bench.core.touch_everything();
    let (touched, all) = (&bench.core.touched, &bench.twin.touched);
    assert_eq!((all.jobs.len(), all.launches.len()), (4, 3));
    assert_eq!(format!("{touched:?}"), format!("{all:?}"));
}

proptest! {
    #![proptest_config(at_least(600))]

    #[test]
    fn what_changed_is_all_that_matters(
        settings in settings(),
        moves in prop::collection::vec(anything(), 1..150),
    ) {
        let mut world = World::new(Bench::with(settings));
        for next in moves {
            make(&mut world, &next);
            world.forgets();
        }
    }
}
