//! Three thousand jobs in ten seconds of real time, against the released binary of the dispatcher in a process of its own, on
//! loopback: how soon each webhook is answered, and what the dispatcher's CPU comes to until the last HF job is created.
//!
//! Without limits that takes seconds. `STORM_LIMITS=github` lets GitHub limit as it does (180 mints a minute), which takes
//! about seventeen minutes, and shows whether a minute then costs the same from the first to the last.
//! `JOBS_DISPATCHER=PATH` measures another binary than the one of this source.

#![expect(
    clippy::disallowed_types,
    reason = "a bench measures the machine's own time"
)]

use std::{
    env, fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use benches::{Hashed, cpu_of};
use dispatchlab::{
    target::{self, LAB_APP_ID, LAB_HF_TOKEN, LAB_NAMESPACE, LAB_WEBHOOK_SECRET, Target as _, Url},
    transport::TaskGroup,
};
use fakes::{
    Clock, Env, History, NewJob, Settings, Spawner, World,
    history::{Event, What},
};
use tokio::net::TcpListener;

const JOBS: u64 = 3_000;
const WITHIN: Duration = Duration::from_secs(10);
/// Of a thousand webhooks all but one are answered in so many milliseconds.
const ANSWERED_MS_MAX: u64 = 250;
/// The CPU of the dispatcher until the last create, where nothing is limited.
const CPU_MAX: Duration = Duration::from_secs(2);
/// Where GitHub limits, no minute may cost so many times what the usual one does.
const MINUTE_RATIO_MAX: f64 = 2.0;
const PATIENCE: Duration = Duration::from_secs(40 * 60);

/// The dispatcher's process; it does not outlive this value.
struct Dispatcher {
    process: Child,
    folder: PathBuf,
}

impl Dispatcher {
    fn start(github: &str, hf: &str, port: u16) -> Self {
        let folder = env::temp_dir().join(format!("webhook-storm-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for the journal can be made");
        let environment = target::environment(&benches::an_hour_of(1, 1), github, hf);
        let process = Command::new(binary())
            .envs(environment)
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("DATABASE", folder.join("journal.db"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the dispatcher can be started");
        Self { process, folder }
    }

    fn cpu(&self) -> Duration {
        cpu_of(self.process.id()).expect("the dispatcher runs, and this is Linux")
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
        let _left = fs::remove_dir_all(&self.folder);
    }
}

/// The binary as it is published, built from this source.
fn binary() -> PathBuf {
    if let Some(path) = env::var_os("JOBS_DISPATCHER") {
        return path.into();
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = [
        "build",
        "--profile",
        "dist",
        "-p",
        "dispatcher",
        "--bin",
        "jobs-dispatcher",
    ];
    let built = Command::new(cargo).args(build).status();
    assert!(
        built.is_ok_and(|built| built.success()),
        "the dispatcher does not build"
    );
    let this = env::current_exe().expect("this program has a path");
    // target/PROFILE/deps/webhook_storm-…
    let target = this.ancestors().nth(3).expect("cargo puts it below target");
    target.join("dist/jobs-dispatcher")
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address");
    (listener, format!("http://{address}"))
}

/// The world of the storm, on loopback.
async fn world(limited: bool, tasks: &TaskGroup) -> (World, String, String) {
    let ((github, github_url), (hf, hf_url)) = (listen().await, listen().await);
    let mut settings = Settings::default();
    settings.github.app_id = LAB_APP_ID;
    settings.github.base_url.clone_from(&github_url);
    settings.github.webhook_secret = LAB_WEBHOOK_SECRET.into();
    settings.github.limits.enforced = limited;
    settings.hf.base_url.clone_from(&hf_url);
    settings.hf.token = LAB_HF_TOKEN.to_owned();
    settings.hf.namespaces = vec![LAB_NAMESPACE.to_owned()];
    settings.hf.limits.enforced = false;
    #[expect(clippy::disallowed_methods, reason = "real time starts now")]
    let clock = Clock::starting_at(jiff::Timestamp::now());
    let spawner = tasks.clone();
    let env = Env {
        clock,
        draw: Arc::new(Hashed),
        spawner: Spawner::new(move |task| spawner.spawn(task)),
    };
    let world = World::new(env, settings, History::new(clock));
    for (listener, router) in [(github, world.github_router()), (hf, world.hf_router())] {
        tasks.spawn(async move {
            axum::serve(listener, router).await.expect("a fake serves");
        });
    }
    (world, github_url, hf_url)
}

/// Queues the jobs, evenly.
async fn storm(world: &World) {
    let began = Instant::now();
    for number in 0..JOBS {
        let due = WITHIN.mul_f64(number as f64 / JOBS as f64);
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        let labels = vec!["hf-jobs-cpu-basic".to_owned()];
        let job = NewJob::new(&format!("J{number}"), "octo/app", labels);
        world
            .github()
            .queue(job, None)
            .expect("a job can be queued");
    }
}

fn created(event: &Event) -> bool {
    matches!(event.event, What::HfCreated { .. })
}

/// What was seen of one storm.
struct Seen {
    /// The dispatcher's CPU until the last create, and how long that took.
    cpu: Duration,
    took: Duration,
    /// Its CPU in each whole minute of it.
    minutes: Vec<Duration>,
    /// Milliseconds until each answer, in their order, and how many webhooks got none with 2xx.
    answers: Vec<u64>,
    unanswered: usize,
}

async fn see(limited: bool) -> Seen {
    let tasks = TaskGroup::default();
    let (world, github_url, hf_url) = world(limited, &tasks).await;
    let port = {
        let (free, _) = listen().await;
        free.local_addr()
            .expect("a bound listener has an address")
            .port()
    };
    let dispatcher = Dispatcher::start(&github_url, &hf_url, port);
    let webhook = format!("http://127.0.0.1:{port}/webhook");
    world.deliver_to(Url::parse(&webhook).expect("this is a URL").webhooks());
    // It has its start-up behind it once it has listed what runs at HF, and a little.
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (began, before) = (Instant::now(), dispatcher.cpu());
    let storming = world.clone();
    tasks.spawn(async move { storm(&storming).await });
    let (mut minutes, mut last, mut known, mut hf_jobs) =
        (Vec::new(), before, fakes::ids::EventId(0), 0);
    while hf_jobs < JOBS {
        assert!(
            began.elapsed() < PATIENCE,
            "{hf_jobs} HF jobs were created in time"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
        known = world
            .history()
            .read_after(known, |event| hf_jobs += u64::from(created(event)));
        if began.elapsed() >= Duration::from_secs(60) * (minutes.len() as u32 + 1) {
            let now = dispatcher.cpu();
            minutes.push(now - last);
            last = now;
        }
    }
    let (cpu, took) = (dispatcher.cpu() - before, began.elapsed());
    // Webhooks that are under way get their answers.
    tokio::time::sleep(Duration::from_secs(11)).await;
    drop(dispatcher);
    let events = world.history().take();
    world.deliver_to_nobody();
    tasks.abort_all();
    let (mut answers, mut unanswered) = (Vec::new(), 0);
    for event in &events {
        match &event.event {
            What::DeliveryAnswered {
                status: 200..300,
                took_ms,
                ..
            } => answers.push(*took_ms),
            What::DeliveryAnswered { .. } | What::DeliveryLost { .. } => unanswered += 1,
            _ => {}
        }
    }
    answers.sort_unstable();
    Seen {
        cpu,
        took,
        minutes,
        answers,
        unanswered,
    }
}

fn main() {
    let limited = env::var("STORM_LIMITS").is_ok_and(|who| who == "github");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let seen = runtime
        .expect("a runtime can be built")
        .block_on(see(limited));
    let part = |permille: usize| {
        let at = (seen.answers.len() * permille).div_ceil(1_000).max(1) - 1;
        seen.answers.get(at).copied().unwrap_or(u64::MAX)
    };
    println!(
        "{JOBS} jobs in {} s, GitHub's limits {}: the last HF job was created after {:.1} s, for {:.2} s of the dispatcher's CPU",
        WITHIN.as_secs(),
        if limited { "on" } else { "off" },
        seen.took.as_secs_f64(),
        seen.cpu.as_secs_f64()
    );
    println!(
        "{} webhooks: half are answered in {} ms, 99 % in {} ms, 99.9 % in {} ms, all in {} ms; {} were not",
        seen.answers.len() + seen.unanswered,
        part(500),
        part(990),
        part(999),
        part(1_000),
        seen.unanswered
    );
    let minutes: Vec<String> = seen
        .minutes
        .iter()
        .map(|cpu| format!("{:.2}", cpu.as_secs_f64()))
        .collect();
    if limited {
        println!("CPU of each minute, in seconds: {}", minutes.join(" "));
    }
    assert_eq!(
        seen.unanswered, 0,
        "each webhook is to be answered with 2xx"
    );
    assert!(part(999) < ANSWERED_MS_MAX, "{} ms are too long", part(999));
    if limited {
        // The storm itself is in the first.
        let mut later: Vec<f64> = seen
            .minutes
            .iter()
            .skip(1)
            .map(Duration::as_secs_f64)
            .collect();
        later.sort_by(f64::total_cmp);
        let (usual, most) = (later[later.len() / 2], later[later.len() - 1]);
        let ratio = most / usual;
        assert!(
            ratio <= MINUTE_RATIO_MAX,
            "the dearest minute costs {ratio:.2} times the usual one"
        );
    } else {
        assert!(seen.cpu <= CPU_MAX, "{:?} of CPU are too much", seen.cpu);
    }
}
