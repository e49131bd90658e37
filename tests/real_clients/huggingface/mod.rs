//! Hugging Face's clients: its command line `hf`, its Python library, its JavaScript library.

mod cli_jobs;
mod cli_refusals;
mod cli_scheduled;
mod hf;
mod javascript;
mod library;

use axum::body::Body;
use dispatchlab::target::{LAB_HF_TOKEN, LAB_NAMESPACE};
use fakes::{
    HfJobView,
    faults::{Effect, FaultRule},
    history::{Stage, What},
};
use http::{Request, request};
use serde_json::json;
use tower::ServiceExt as _;

use crate::lab::Lab;

/// HF jobs run at once.
const QUICK: &str = "cold_start: { default: { schedule: 100ms, boot: 0s } }";

/// A world of these.
fn lab() -> Lab {
    Lab::with_world(&format!("hf: {{ {QUICK} }}"))
}

/// The one HF job there is.
fn only_job(lab: &Lab) -> HfJobView {
    let mut jobs = lab.world().hf().jobs();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

/// The names of all calls so far, in the order of their arrival, but for the one that every first command of
/// `hf` makes: is it an agent that calls?
fn calls(lab: &Lab) -> Vec<String> {
    let received = |event| match event {
        What::CallReceived { name, path, .. } => (path != "/api/agent-harnesses").then_some(name),
        _ => None,
    };
    lab.events().into_iter().filter_map(received).collect()
}

/// The paths, with their queries, of the calls of this name.
fn paths(lab: &Lab, call: &str) -> Vec<String> {
    let received = |event| match event {
        What::CallReceived { name, path, .. } if name == call => Some(path),
        _ => None,
    };
    lab.events().into_iter().filter_map(received).collect()
}

/// A fault that strikes a call so many times.
fn strike(lab: &Lab, call: &str, effect: Effect, times: u32) {
    let rule = FaultRule {
        times: Some(times),
        ..FaultRule::always(call, effect)
    };
    lab.world().faults().add(rule);
}

/// Waits until a job is in its container.
fn wait_until_running(lab: &Lab) {
    lab.wait_for("a job to run", |event| {
        matches!(
            event,
            What::HfStage {
                stage: Stage::Running,
                ..
            }
        )
    });
}

/// Starts jobs that no client made, so that the list has pages.
fn start_jobs(lab: &Lab, count: usize) {
    lab.runtime.block_on(async {
        for number in 0..count {
            let body = json!({
                "flavor": "cpu-basic", "dockerImage": "ubuntu", "command": ["sleep", "600"],
                "labels": { "number": number.to_string() },
            });
            let request = Request::post(format!("/api/jobs/{LAB_NAMESPACE}"));
            ask(lab, request, Body::from(body.to_string())).await;
        }
    });
}

/// A call that no client makes. It must succeed.
async fn ask(lab: &Lab, request: request::Builder, body: Body) {
    let request = request
        .header("authorization", format!("Bearer {LAB_HF_TOKEN}"))
        .body(body)
        .unwrap();
    let answer = lab.world().hf_router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
}
