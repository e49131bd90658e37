//! The dispatcher's accept path (signature, parse, routing, journal, answer) against a bare axum handler that
//! does HMAC and a JSON parse.

use std::sync::Arc;

use axum::{Router, body::Body, routing::post};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dispatcher::{Clock, Config, Dispatcher, Host, MemoryStore, Spawner};
use dispatchlab::{target, transport::HttpService};
use http::{HeaderMap, Request, Response, StatusCode};
use serde::Deserialize;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

/// The least anybody must read: what happened to which job, and the labels it asks for.
#[derive(Deserialize)]
struct Payload {
    action: String,
    workflow_job: WorkflowJob,
}

#[derive(Deserialize)]
struct WorkflowJob {
    id: u64,
    labels: Vec<String>,
}

impl Payload {
    fn is_whole(&self) -> bool {
        !self.action.is_empty() && self.workflow_job.id > 0 && !self.workflow_job.labels.is_empty()
    }
}

fn floor() -> Router {
    Router::new().route(
        "/webhook",
        post(|headers: HeaderMap, body: Bytes| async move {
            let genuine = headers["x-hub-signature-256"] == benches::sign(&body);
            let parsed = serde_json::from_slice::<Payload>(&body);
            if genuine && parsed.is_ok_and(|payload| payload.is_whole()) {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            }
        }),
    )
}

/// Somebody who answers nothing: accepting a webhook must not need them.
fn nobody() -> HttpService {
    BoxCloneSyncService::new(service_fn(|_: Request<Body>| async {
        std::future::pending::<()>().await;
        Ok(Response::new(Body::empty()))
    }))
}

async fn dispatcher() -> Router {
    let plan = benches::an_hour_of(1, 1);
    let mut lookup = target::environment(&plan, "http://github.lab", "http://hf.lab");
    lookup.insert(
        "GH_WEBHOOK_SECRET".to_owned(),
        String::from_utf8_lossy(benches::SECRET).into_owned(),
    );
    let config = Config::from_lookup(|name| lookup.get(name).cloned())
        .expect("the lab's environment is complete");
    let tasks = dispatchlab::transport::TaskGroup::default();
    let host = Host {
        clock: Clock::system(),
        spawner: Spawner::new(move |task| tasks.spawn(task)),
        draw: Arc::new(|_: &str| 7),
    };
    let store = Arc::new(MemoryStore::default());
    let started = Dispatcher::start(config, host, store, nobody(), nobody()).await;
    started.expect("the dispatcher starts").router()
}

fn webhook(body: &Bytes) -> Request<Body> {
    Request::post("/webhook")
        .header("content-type", "application/json")
        .header("x-github-event", "workflow_job")
        .header("x-github-delivery", "0b989ba4-242f-11e5-81e1-c7b6966d2516")
        .header("x-hub-signature-256", benches::sign(body))
        .body(Body::from(body.clone()))
        .expect("the request is well-formed")
}

fn accept(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let dispatcher = runtime.block_on(dispatcher());
    let (ours, foreign) = (
        benches::webhook("hf-jobs-cpu-basic"),
        benches::foreign_webhook(),
    );
    let cases = [
        ("floor: HMAC and parse", floor(), &ours),
        ("a job that is ours", dispatcher.clone(), &ours),
        ("a job that is not", dispatcher, &foreign),
    ];
    let mut group = criterion.benchmark_group("accept");
    group.throughput(Throughput::Elements(1));
    for (name, router, body) in cases {
        let answer = runtime
            .block_on(router.clone().oneshot(webhook(body)))
            .expect("routers do not fail");
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        group.bench_function(name, |bench| {
            bench.iter_batched(
                || webhook(body),
                |request| runtime.block_on(router.clone().oneshot(request)),
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, accept);
criterion_main!(benches);
