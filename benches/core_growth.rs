//! A step of the dispatcher's core among ten thousand live jobs beside the same step among a hundred: what a step
//! costs must follow from what changed, not from what is known. The ratio is printed, and one above 2 fails the run.

#![expect(
    clippy::disallowed_types,
    reason = "a bench measures the machine's own time"
)]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dispatcher::core::{
    Command, Core, Credential, HfJob, HfJobId, Input, InstallationId, JobId, JobSighting,
    JobStatus, LaunchId, Mint, RepoId, RunId, RunnerId, Secret, Settings, Stage,
};
use jiff::Timestamp;

const SIZES: [u64; 2] = [100, 10_000];
/// Steps among ten thousand live jobs may cost so many times those among a hundred.
const RATIO_MAX: f64 = 2.0;
/// Lives of one job that the ratio is taken over, and how often the two sizes take turns.
const LIVES: u64 = 2_000;
const TURNS: usize = 9;

/// A core with so many live jobs, spread over five repositories and four labels.
struct Loaded {
    core: Core,
    now: Timestamp,
    next: u64,
}

impl Loaded {
    fn with(jobs: u64) -> Self {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let draw = |key: &str| benches::hash(key.bytes());
        // Nothing is to come due while it is measured but what the steps themselves ask for.
        let settings = Settings {
            queued_check: Duration::from_secs(86_400),
            running_check: Duration::from_secs(86_400),
            boot_deadline: Duration::from_secs(86_400),
            jit_lifetime: Duration::from_secs(86_400),
            ..Settings::default()
        };
        let mut loaded = Self {
            core: Core::new(now, settings, Arc::new(draw)),
            now,
            next: 0,
        };
        loaded.step(Input::Tick);
        loaded.step(Input::HfListed(now, Ok(Vec::new())));
        for _ in 0..jobs {
            loaded.begin();
        }
        loaded
    }

    fn step(&mut self, input: Input) -> Vec<Command> {
        self.core.step(self.now, input)
    }

    fn event(&mut self, job: u64, status: JobStatus, runner: Option<&str>) -> Vec<Command> {
        let repo = RepoId(1 + job % 5);
        self.step(Input::Event(JobSighting {
            repo,
            repo_name: format!("octo/app-{repo}"),
            claim: Some(InstallationId(42)),
            job: JobId(job),
            run: RunId(job / 10),
            label: format!("hf-jobs-flavor-{}", job / 5 % 4),
            status,
            runner: runner.map(str::to_owned),
            created_at: None,
        }))
    }

    /// A job is queued and its runner boots; every other job starts as well.
    fn begin(&mut self) -> (u64, Mint) {
        let job = self.next;
        self.next += 1;
        self.now += Duration::from_millis(1);
        let mut commands = self.event(job, JobStatus::Queued, None);
        let unknown = |call: &Command| matches!(call, Command::AskInstallation { .. });
        if commands.iter().any(unknown) {
            let repo = RepoId(1 + job % 5);
            commands = self.step(Input::Installation(repo, Ok(InstallationId(42))));
        }
        let mint = commands.into_iter().find_map(|command| match command {
            Command::Mint(mint) => Some(mint),
            _ => None,
        });
        let mint = mint.expect("a queued job is launched for");
        let credential = Credential {
            secret: Secret::new("blob".to_owned()),
            runner_id: Some(RunnerId(job)),
            valid_until: None,
        };
        self.step(Input::Credential(mint.launch.clone(), Ok(credential)));
        let hf_job = hf_job(&mint.launch);
        self.step(Input::Created(mint.launch.clone(), Ok(hf_job)));
        if job.is_multiple_of(2) {
            self.event(job, JobStatus::InProgress, Some(&mint.runner));
        }
        (job, mint)
    }

    /// The whole life of one more job: six or seven steps.
    fn live(&mut self) {
        let (job, mint) = self.begin();
        self.event(job, JobStatus::InProgress, Some(&mint.runner));
        self.event(job, JobStatus::Completed, Some(&mint.runner));
        let over = HfJob {
            id: hf_job(&mint.launch),
            stage: Stage::Over("COMPLETED"),
            message: None,
            launch: Some(mint.launch.clone()),
            repo: None,
            environment: BTreeMap::new(),
        };
        self.step(Input::HfInspected(mint.launch, Ok(over)));
    }

    fn lives(&mut self) -> Duration {
        let started = Instant::now();
        for _ in 0..LIVES {
            self.live();
        }
        started.elapsed()
    }
}

fn hf_job(launch: &LaunchId) -> HfJobId {
    HfJobId(format!("hf-{launch}"))
}

/// The better half decides: the machine may be busy with something else now and then.
fn ratio() -> f64 {
    let mut loaded = SIZES.map(Loaded::with);
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        for (size, times) in loaded.iter_mut().zip(&mut times) {
            times.push(size.lives());
        }
    }
    let [few, many] = times.map(|mut times| {
        times.sort_unstable();
        times[TURNS / 4].as_secs_f64()
    });
    many / few
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core_growth");
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        let mut loaded = Loaded::with(size);
        group.bench_function(format!("the life of a job among {size}"), |bench| {
            bench.iter(|| loaded.live());
        });
    }
    group.finish();
    let ratio = ratio();
    println!(
        "core_growth: a step among {} live jobs costs {ratio:.2} times one among {}",
        SIZES[1], SIZES[0]
    );
    assert!(ratio <= RATIO_MAX, "the ratio may be {RATIO_MAX} at most");
}

criterion_group!(benches, growth);
criterion_main!(benches);
