//! Streams of HF Jobs that fall silent or end before all was said.

use std::time::Duration;

use axum::body::Body;
use fakes::{Effect, FaultRule, Length, history::What};
use futures_util::StreamExt as _;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::lab::Lab;
use vocabulary::After;

/// A job that runs by now, and does so for two minutes.
async fn start(lab: &Lab) -> String {
    let command = ["sleep", "120"];
    let body = json!({"flavor": "cpu-basic", "dockerImage": "u", "command": command});
    let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
    lab.sleep(45.5).await;
    made["id"].as_str().unwrap().to_owned()
}

/// How many events of a stream come within so many seconds, the second of the last of them, and whether it ended in
/// order.
async fn listen(lab: &Lab, path: &str, seconds: f64) -> (usize, u64, bool) {
    let request = Request::get(path)
        .header("authorization", "Bearer hf_lab")
        .body(Body::empty())
        .unwrap();
    let response = lab.world.hf_router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut stream = response.into_body().into_data_stream();
    let (begun, mut seen) = (lab.clock.elapsed(), (0, 0));
    let all = async {
        while let Some(piece) = stream.next().await {
            assert!(!piece.unwrap().is_empty());
            seen = (seen.0 + 1, (lab.clock.elapsed() - begun).as_secs());
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs_f64(seconds), all).await;
    (seen.0, seen.1, ended.is_ok())
}

fn strike(lab: &Lab, place: &str, effect: Effect) {
    lab.world.faults().install(vec![FaultRule {
        times: Some(1),
        ..FaultRule::always(place, effect)
    }]);
}

fn after(seconds: f64) -> Length {
    Length::fixed(Duration::from_secs_f64(seconds))
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stalls_says_nothing_more_and_stays_open() {
    for (place, name) in [
        ("hf.metrics", "metrics"),
        ("hf.logs", "logs"),
        ("hf.events", "events"),
    ] {
        let lab = Lab::new();
        let id = start(&lab).await;
        let path = format!("/api/jobs/lab/{id}/{name}");
        strike(&lab, place, Effect::Stall(After { after: after(4.9) }));
        let (_, last, ended) = listen(&lab, &path, 40.0).await;
        assert!(last < 5 && !ended, "{name}: {last}");
        let (_, later, _) = listen(&lab, &path, 100.0).await;
        assert!(later > 5, "{name} is honest again: {later}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_early_ends_in_order_while_its_job_runs() {
    for (place, name) in [
        ("hf.metrics", "metrics"),
        ("hf.logs", "logs"),
        ("hf.events", "events"),
    ] {
        let lab = Lab::new();
        let id = start(&lab).await;
        strike(&lab, place, Effect::EndEarly(After { after: after(4.9) }));
        let path = format!("/api/jobs/lab/{id}/{name}");
        let begun = lab.clock.elapsed();
        let (_, last, ended) = listen(&lab, &path, 1000.0).await;
        assert!(last < 5 && ended, "{name}: {last}");
        assert_eq!((lab.clock.elapsed() - begun).as_millis(), 4900, "{name}");
        let job = lab
            .hf("GET", &format!("/api/jobs/lab/{id}"), Value::Null)
            .await;
        assert_eq!(job.body["status"]["stage"], "RUNNING");
    }
}

#[tokio::test(start_paused = true)]
async fn metrics_come_every_second_until_they_stall() {
    let lab = Lab::new();
    let id = start(&lab).await;
    strike(
        &lab,
        "hf.metrics",
        Effect::Stall(After { after: after(9.5) }),
    );
    let seen = listen(&lab, &format!("/api/jobs/lab/{id}/metrics"), 500.0).await;
    assert_eq!(seen, (10, 9, false));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_stream_is_not_struck() {
    let lab = Lab::new();
    strike(&lab, "hf.logs", Effect::Stall(After { after: after(0.0) }));
    let missing = lab
        .hf("GET", "/api/jobs/lab/nobody/logs", Value::Null)
        .await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        lab.count(|what| matches!(what, What::FaultApplied { .. })),
        0
    );
    let id = start(&lab).await;
    let (events, _, ended) = listen(&lab, &format!("/api/jobs/lab/{id}/logs"), 500.0).await;
    assert_eq!((events, ended), (0, false), "it still had its one strike");
    assert_eq!(
        lab.count(|what| matches!(what, What::FaultApplied { .. })),
        1
    );
}
