//! When a run ends: held against a dispatcher that looks at its jobs every half minute and acts long after it
//! looked.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, routing::post};
use fakes::{Boot, env::Clock, github::LAB_APP_PRIVATE_KEY_PEM, history::What};
use futures_util::future::BoxFuture;
use http::Request;
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use jiff::Timestamp;
use scenarios::{Choices, Document, plan::Plan};
use serde_json::{Value, json};
use tower::{ServiceExt as _, service_fn, util::BoxCloneSyncService};

use super::{
    Listen, Outcome, Run, Tested,
    build::{Built, build},
    driver::Pace,
    real_tier, serve,
    virtual_tier::{self, drive},
};
use crate::{
    target::{LAB_APP_ID, LAB_HF_TOKEN, Target, TargetError, Url},
    transport::{BoxError, Connections, HttpService, Listener, Served, TaskGroup, Transport},
};

/// A workflow job, as the dispatcher knows it.
#[derive(Clone, Debug, Default)]
struct Known {
    hf_job: Option<String>,
    is_over: bool,
    acts: bool,
}

/// A dispatcher that starts an HF job for a queued webhook, and again, late, for a job that it found queued
/// though its HF job has ended.
#[derive(Clone)]
struct Late {
    github: HttpService,
    hf: HttpService,
    clock: Clock,
    looks_every: Duration,
    acts_after: Duration,
    tasks: TaskGroup,
    /// Where a process of its own would listen.
    listener: Listener,
    known: Arc<Mutex<BTreeMap<u64, Known>>>,
    started: Arc<Mutex<usize>>,
}

impl Late {
    /// `second` is how long a second of the scenario takes.
    fn new((github, hf): (HttpService, HttpService), clock: Clock, second: Duration) -> Self {
        Self {
            github,
            hf,
            clock,
            looks_every: second * 30,
            acts_after: second * 45,
            tasks: TaskGroup::default(),
            listener: Listener::default(),
            known: Arc::default(),
            started: Arc::default(),
        }
    }

    fn router(&self) -> Router {
        let late = self.clone();
        let hear = move |body: axum::Json<Value>| {
            late.hear(&body);
            std::future::ready(())
        };
        Router::new()
            .route("/webhook", post(hear.clone()))
            .fallback(post(hear))
    }

    fn hear(&self, body: &Value) {
        let job = &body["workflow_job"];
        let Some(id) = job["id"].as_u64() else { return };
        if body["action"] != "queued" || job["labels"][0] != "hf-jobs-cpu-basic" {
            return;
        }
        self.known.lock().unwrap().insert(id, Known::default());
        let late = self.clone();
        self.tasks.spawn(async move {
            late.start_for(id).await;
            loop {
                tokio::time::sleep(late.looks_every).await;
                late.look_at(id).await;
            }
        });
    }

    async fn look_at(&self, id: u64) {
        let known = self.known.lock().unwrap()[&id].clone();
        let Some(hf_job) = known.hf_job.filter(|_| !known.is_over) else {
            return;
        };
        let path = format!("/repos/octo/app/actions/jobs/{id}");
        let job = self.ask_github("GET", &path, Value::Null).await;
        let path = format!("/api/jobs/lab/{hf_job}");
        let stage = self.ask_hf("GET", &path, Value::Null).await["status"]["stage"].clone();
        let is_alive = stage == "RUNNING" || stage == "SCHEDULING";
        if job["status"] == "completed" {
            self.known.lock().unwrap().entry(id).or_default().is_over = true;
            if is_alive {
                self.ask_hf("POST", &format!("{path}/cancel"), Value::Null)
                    .await;
            }
        } else if !is_alive && !known.acts {
            self.known.lock().unwrap().entry(id).or_default().acts = true;
            let late = self.clone();
            self.tasks.spawn(async move {
                tokio::time::sleep(late.acts_after).await;
                late.start_for(id).await;
            });
        }
    }

    async fn start_for(&self, id: u64) {
        let name = {
            let mut started = self.started.lock().unwrap();
            *started += 1;
            format!("late-{started}")
        };
        let path = "/repos/octo/app/actions/runners/generate-jitconfig";
        let wanted = json!({"name": name, "runner_group_id": 1, "labels": ["hf-jobs-cpu-basic"]});
        let config = self.ask_github("POST", path, wanted).await["encoded_jit_config"].clone();
        let job = json!({
            "flavor": "cpu-basic", "dockerImage": "ghcr.io/actions/actions-runner", "command": ["./run.sh"],
            "secrets": {"ACTIONS_RUNNER_INPUT_JITCONFIG": config}, "timeoutSeconds": 3600,
        });
        let made = self.ask_hf("POST", "/api/jobs/lab", job).await;
        let hf_job = made["id"].as_str().map(str::to_owned);
        self.known.lock().unwrap().entry(id).or_default().hf_job = hf_job;
    }

    async fn ask_github(&self, method: &str, path: &str, body: Value) -> Value {
        let jwt = format!("Bearer {}", jwt(self.clock.now()));
        let found = ask(
            &self.github,
            &jwt,
            "GET",
            "/repos/octo/app/installation",
            Value::Null,
        )
        .await;
        let mint = format!("/app/installations/{}/access_tokens", found["id"]);
        let minted = ask(&self.github, &jwt, "POST", &mint, Value::Null).await;
        let token = format!("token {}", minted["token"].as_str().unwrap());
        ask(&self.github, &token, method, path, body).await
    }

    async fn ask_hf(&self, method: &str, path: &str, body: Value) -> Value {
        ask(
            &self.hf,
            &format!("Bearer {LAB_HF_TOKEN}"),
            method,
            path,
            body,
        )
        .await
    }
}

async fn ask(
    to: &HttpService,
    authorization: &str,
    method: &str,
    path: &str,
    body: Value,
) -> Value {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", authorization)
        .header("user-agent", "late/1")
        .body(Body::from(body))
        .unwrap();
    let answer = to.clone().oneshot(request).await.unwrap();
    let (status, body) = (answer.status(), answer.into_body());
    let text = body.collect().await.unwrap().to_bytes();
    assert!(status.is_success(), "{method} {path}: {status} {text:?}");
    serde_json::from_slice(&text).unwrap()
}

fn jwt(now: Timestamp) -> String {
    use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
    let key = EncodingKey::from_rsa_pem(LAB_APP_PRIVATE_KEY_PEM.as_bytes()).unwrap();
    let now = now.as_second();
    let claims = json!({"iat": now - 30, "exp": now + 500, "iss": LAB_APP_ID});
    encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

impl Target for Late {
    fn start(&mut self) -> BoxFuture<'_, Result<(), TargetError>> {
        self.listener
            .open(Served::new(self.router()), self.tasks.clone());
        Box::pin(std::future::ready(Ok(())))
    }

    fn crash(&mut self) -> Result<(), TargetError> {
        self.listener.close();
        self.tasks.abort_all();
        Ok(())
    }

    fn stop(&mut self) -> Result<(), TargetError> {
        self.listener.close();
        self.tasks.wind_down();
        Ok(())
    }

    fn tell_secret(&mut self, _: &str) {}

    fn cannot_be_given(&self, _: &Plan) -> Vec<String> {
        Vec::new()
    }

    fn webhooks(&self) -> HttpService {
        Transport::Direct.connect(
            self.listener.clone(),
            self.tasks.clone(),
            Connections::default(),
        )
    }
}

/// A job is over, its webhooks were lost and the API still calls it queued; `kept_open` is a job of nobody that comes
/// when that ends. `second` is how many milliseconds a second takes, `more` what else is expected.
fn scenario(kept_open: bool, second: u64, more: &str) -> Plan {
    let ms = |seconds: u64| format!("{}ms", seconds * second);
    let other = match kept_open {
        true => format!(
            "  - at: {}\n    queue: {{ as: U1, labels: ubuntu-latest }}\n",
            ms(70)
        ),
        false => String::new(),
    };
    let text = format!(
        "title: A job that is over and called queued\nabout: [at-most-one]\n\
         world:\n  hf: {{ cold_start: {start} }}\n\
         timeline:\n  - at: 0s\n    queue: {{ as: J1, labels: hf-jobs-cpu-basic, runs_for: {start} }}\n{other}\
         faults:\n  - {{ to: webhook, for: {{ job: J1, action: in_progress }}, drop: unlogged }}\n  \
         - {{ to: webhook, for: {{ job: J1, action: completed }}, drop: unlogged }}\n  \
         - {{ to: github.get-job, from: {from}, until: {until}, pretend: {{ status: queued }} }}\n\
         expect: {{ reclaimed_within: {within}, bound: {bound}{more} }}\n",
        start = ms(4),
        from = ms(6),
        until = ms(70),
        within = ms(60),
        bound = ms(150),
    );
    let choices = Choices {
        seed: 1,
        ..Choices::default()
    };
    let document = Document::parse("late.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    document
        .plan(&choices)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn hf_jobs(run: &Run) -> usize {
    let created = |what: &What| matches!(what, What::HfCreated { .. });
    run.events
        .iter()
        .filter(|event| created(&event.event))
        .count()
}

/// Plays a plan in virtual time at the pace of either tier.
fn play(plan: &Plan, pace: Pace) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
        let Built { world, tasks, .. } = build(
            plan,
            clock,
            "http://github.lab",
            "http://hf.lab",
            Boot::Model,
        );
        let reach = |router: Router| {
            let listener = Listener::default();
            listener.open(Served::new(router), tasks.clone());
            Transport::Direct.connect(listener, tasks.clone(), Connections::default())
        };
        let fakes = (reach(world.github_router()), reach(world.hf_router()));
        let mut late = Late::new(fakes, clock, Duration::from_secs(1));
        let end = drive(plan, &world, &mut late, pace).await.unwrap();
        late.crash().unwrap();
        world.deliver_to_nobody();
        let events = world.history().take();
        let outcome = Outcome::judge(plan, &events, &end, Tested::Other, None);
        tasks.abort_all();
        Run { events, outcome }
    })
}

#[test]
fn whoever_looks_every_half_minute_and_acts_late_is_seen_in_both_tiers_whatever_else_comes() {
    for pace in [virtual_tier::PACE, real_tier::PACE] {
        let (missed, kept_open) = (
            play(&scenario(false, 1_000, ""), pace),
            play(&scenario(true, 1_000, ""), pace),
        );
        assert_eq!((hf_jobs(&missed), hf_jobs(&kept_open)), (2, 2), "{pace:?}");
        let violated = |run: &Run| -> Vec<String> {
            let violated = run.outcome.verdicts.violated();
            violated
                .iter()
                .map(|(name, ..)| (*name).to_owned())
                .collect()
        };
        assert_eq!(violated(&missed), violated(&kept_open), "{pace:?}");
    }
}

#[test]
fn a_run_that_waits_for_no_news_misses_it_and_says_how_long_it_waited() {
    let run = play(&scenario(false, 1_000, ", settle: 2s"), real_tier::PACE);
    assert_eq!(hf_jobs(&run), 1);
    assert!(run.outcome.settled);
    assert_eq!(run.outcome.settle_ms, 2_000);
    assert!(
        (2_000..2_500).contains(&run.outcome.quiet_ms),
        "{}",
        run.outcome.quiet_ms
    );
}

#[test]
fn without_waiting_a_run_ends_when_nothing_is_owed() {
    let run = play(&scenario(false, 1_000, ", settle: 0s"), real_tier::PACE);
    assert!(run.outcome.settled);
    assert_eq!(run.outcome.quiet_ms, 0);
}

/// The same on sockets, ten times as fast.
#[test]
fn on_sockets_it_is_seen_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let run = runtime.unwrap().block_on(async {
        let plan = scenario(false, 100, ", settle: 7s");
        let free = || Some(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
        let listen = Listen {
            github: free(),
            hf: free(),
            expose_control: false,
        };
        let serving = serve(&plan, listen).await.unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the real tier runs on the real clock"
        )]
        let clock = Clock::starting_at(Timestamp::now());
        let fakes = (
            over_tcp(serving.github_url.as_deref()),
            over_tcp(serving.hf_url.as_deref()),
        );
        let late = Late::new(fakes, clock, Duration::from_millis(100));
        let listener = tokio::net::TcpListener::bind(free().unwrap())
            .await
            .unwrap();
        let webhook = format!("http://{}/webhook", listener.local_addr().unwrap());
        let router = late.router();
        late.tasks
            .spawn(async move { axum::serve(listener, router).await.unwrap() });
        let run = serving
            .play(&plan, Url::parse(&webhook).unwrap())
            .await
            .unwrap();
        late.tasks.abort_all();
        serving.stop();
        run
    });
    assert_eq!(hf_jobs(&run), 2);
}

/// Reaches a fake at its base URL.
fn over_tcp(base: Option<&str>) -> HttpService {
    let base = base.unwrap().to_owned();
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    BoxCloneSyncService::new(service_fn(move |mut request: Request<Body>| {
        *request.uri_mut() = format!("{base}{}", request.uri()).parse().unwrap();
        let sent = client.request(request);
        async move { Ok::<_, BoxError>(sent.await?.map(Body::new)) }
    }))
}
