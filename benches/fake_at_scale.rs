//! Listings of a fake GitHub that holds a hundred thousand runners, as many queued jobs and as many deliveries,
//! beside those of one that holds a hundred. Criterion measures time only: the memory of the process is
//! printed, and too much of it fails the run.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body, http::StatusCode, routing};
use benches::{Hashed, memory_bytes_peak};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use dispatchlab::transport::TaskGroup;
use fakes::{
    Clock, Env, History, LAB_APP_PRIVATE_KEY_PEM, NewJob, NewRunner, Settings, Spawner, World,
};
use http::Request;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::{BoxError, ServiceExt as _, util::BoxCloneSyncService};

const START: &str = "2026-11-03T10:00:00Z";
const REPO: &str = "octo/app";
const SIZES: [usize; 2] = [100, 100_000];
/// All that the process may hold: one GB.
const MEMORY_BYTES_MAX: u64 = 1_000_000_000;

/// A world of so many offline runners and queued jobs, each job with a run of its own and its webhook
/// delivered.
struct Full {
    runtime: Runtime,
    router: Router,
    app: String,
    token: String,
    _world: World,
}

impl Full {
    fn of(size: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime can be built");
        let world = runtime.block_on(world(size));
        let router = world.github_router();
        let app = bearer();
        let token = runtime.block_on(token(&router, &app));
        Self {
            runtime,
            router,
            app,
            token,
            _world: world,
        }
    }

    fn get(&self, path: &str) -> Value {
        let authorization = if path.starts_with("/app/") {
            self.app.clone()
        } else {
            format!("token {}", self.token)
        };
        self.runtime
            .block_on(call(&self.router, "GET", path, &authorization))
    }
}

async fn world(size: usize) -> World {
    let clock = Clock::starting_at(START.parse().expect("this is a time"));
    let tasks = TaskGroup::default();
    let env = Env {
        clock,
        draw: Arc::new(Hashed),
        spawner: Spawner::new(move |task| tasks.spawn(task)),
    };
    let mut settings = Settings::default();
    // One runner group holds ten thousand; the limits of the API would only measure themselves.
    settings.github.runners.group_runners_max = usize::MAX;
    settings.github.limits.enforced = false;
    let world = World::new(env, settings, History::new(clock));
    let dispatcher = Router::new().route("/webhook", routing::post(async || StatusCode::ACCEPTED));
    let dispatcher = dispatcher.into_service::<Body>().map_err(BoxError::from);
    world.deliver_to(BoxCloneSyncService::new(dispatcher));
    for number in 0..size {
        let runner = NewRunner {
            owner: REPO.to_owned(),
            name: format!("runner-{number}"),
            labels: vec!["lab-gpu".to_owned()],
            group: None,
            ephemeral: true,
        };
        let made = world.github().register_runner(runner, None);
        assert!(made.is_ok(), "runner {number}: {made:?}");
        let job = NewJob::new(&format!("J{number}"), REPO, vec!["lab-cpu".to_owned()]);
        let queued = world.github().queue(job, None);
        assert!(queued.is_ok(), "job {number}: {queued:?}");
    }
    // All of them are on their way at once, which is the most that a world can hold.
    while world.pending() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    world
}

/// The App's credential.
fn bearer() -> String {
    let now = START
        .parse::<jiff::Timestamp>()
        .expect("this is a time")
        .as_second();
    let claims = json!({ "iat": now - 30, "exp": now + 300, "iss": 1234 });
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(LAB_APP_PRIVATE_KEY_PEM.as_bytes())
        .expect("the lab's key is valid");
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    let jwt = jsonwebtoken::encode(&header, &claims, &key).expect("the claims can be signed");
    format!("Bearer {jwt}")
}

/// An installation token, as any client gets one.
async fn token(router: &Router, bearer: &str) -> String {
    let path = format!("/repos/{REPO}/installation");
    let installation = call(router, "GET", &path, bearer).await["id"].clone();
    let path = format!("/app/installations/{installation}/access_tokens");
    let token = call(router, "POST", &path, bearer).await["token"].clone();
    token.as_str().unwrap_or_default().to_owned()
}

async fn call(router: &Router, method: &str, path: &str, authorization: &str) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", authorization)
        .header("user-agent", "bench")
        .body(Body::empty())
        .expect("the request is well formed");
    let answer = router.clone().oneshot(request).await;
    let answer = answer.expect("a router answers");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    serde_json::from_slice(&body.expect("a body of the fake is whole")).unwrap_or_default()
}

fn listings(criterion: &mut Criterion) {
    for size in SIZES {
        let full = Full::of(size);
        pages(criterion, &full, size);
        deliveries(criterion, &full, size);
        if let Some(peak) = memory_bytes_peak() {
            let mib = peak / (1024 * 1024);
            println!("{size} runners, queued jobs and deliveries: at most {mib} MiB");
            assert!(
                peak <= MEMORY_BYTES_MAX,
                "{peak} bytes are more than {MEMORY_BYTES_MAX}"
            );
        }
    }
}

fn pages(criterion: &mut Criterion, full: &Full, size: usize) {
    let last = size.div_ceil(100);
    for (what, path, list) in [
        ("runners", "actions/runners?", "runners"),
        (
            "queued runs",
            "actions/runs?status=queued&",
            "workflow_runs",
        ),
    ] {
        let mut group = criterion.benchmark_group(format!("a page of {what}"));
        for (place, page) in [("first", 1), ("middle", last.div_ceil(2)), ("last", last)] {
            let path = format!("/repos/{REPO}/{path}per_page=100&page={page}");
            let shown = full.get(&path);
            // A filtered listing of GitHub ends after a thousand.
            let within = list == "runners" || page <= 10;
            let expected = if within { 100 } else { 0 };
            let items = shown[list].as_array().map_or(0, Vec::len);
            assert_eq!((items, &shown["total_count"]), (expected, &json!(size)));
            group.bench_function(BenchmarkId::new(place, size), |bench| {
                bench.iter(|| full.get(&path));
            });
        }
        group.finish();
    }
}

fn deliveries(criterion: &mut Criterion, full: &Full, size: usize) {
    let path = "/app/hook/deliveries?per_page=100";
    let shown = full.get(path);
    let accepted = |item: &Value| item["status"] == "OK" && item["status_code"] == 202;
    let items = shown.as_array().map_or(&[][..], Vec::as_slice);
    assert!(items.len() == 100 && items.iter().all(accepted), "{shown}");
    let mut group = criterion.benchmark_group("a page of deliveries");
    group.bench_function(BenchmarkId::new("first", size), |bench| {
        bench.iter(|| full.get(path));
    });
    group.finish();
}

criterion_group!(benches, listings);
criterion_main!(benches);
