//! Metrics and stages of an HF job as server-sent events.

use std::time::Duration;

use axum::body::Body;
use fakes::LifeSettings;
use futures_util::StreamExt as _;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::lab::Lab;

async fn start(lab: &Lab, flavor: &str) -> String {
    let body = json!({"flavor": flavor, "dockerImage": "u", "command": ["sleep", "60"]});
    let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
    // So that no two things fall on one moment.
    lab.sleep(0.5).await;
    made["id"].as_str().unwrap().to_owned()
}

/// What arrives of a stream within some seconds, with the second each piece arrived in; and whether the
/// stream ended.
async fn listen(lab: &Lab, path: &str, seconds: f64) -> (Vec<(u64, String)>, bool) {
    let request = Request::get(path)
        .header("authorization", "Bearer hf_lab")
        .body(Body::empty())
        .unwrap();
    let response = lab.world.hf_router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    let (mut pieces, begun) = (Vec::new(), lab.clock.elapsed());
    let all = async {
        while let Some(piece) = stream.next().await {
            let at = (lab.clock.elapsed() - begun).as_secs();
            pieces.push((at, String::from_utf8(piece.unwrap().to_vec()).unwrap()));
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs_f64(seconds), all)
        .await
        .is_ok();
    (pieces, ended)
}

fn data(piece: &str, kind: &str) -> Value {
    let data = piece
        .strip_prefix(&format!("event: {kind}\ndata: "))
        .unwrap();
    serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn metrics_come_every_second_and_are_the_same_for_everybody() {
    let lab = Lab::new();
    let id = start(&lab, "a10g-largex2").await;
    lab.sleep(30.0).await;
    let path = format!("/api/jobs/lab/{id}/metrics");
    let (first, second) = tokio::join!(listen(&lab, &path, 9.5), listen(&lab, &path, 4.5));
    let seconds: Vec<u64> = first.0.iter().map(|(at, _)| *at).collect();
    assert_eq!(seconds, (0..10).collect::<Vec<_>>());
    assert_eq!(first.0[..5], second.0[..]);
    assert_ne!(first.0[0].1, first.0[1].1);
    let mut replicas = Vec::new();
    for (_, piece) in &first.0 {
        let metrics = data(piece, "metric");
        let number = |name: &str| metrics[name].as_u64().unwrap();
        assert!(number("cpu_usage_pct") <= 100);
        assert_eq!(number("cpu_millicores"), 24_000);
        assert_eq!(number("memory_total_bytes"), 92_000_000_000);
        assert!(number("memory_used_bytes") <= number("memory_total_bytes"));
        let gpus = metrics["gpus"].as_object().unwrap();
        assert_eq!(gpus.len(), 2);
        for (id, gpu) in gpus {
            assert!(id.len() == 8 && gpu["utilization"].as_u64().unwrap() <= 100);
            assert_eq!(gpu["memory_total_bytes"], 24_000_000_000_u64);
            assert!(gpu["memory_used_bytes"].as_u64() <= gpu["memory_total_bytes"].as_u64());
        }
        replicas.push(metrics["replica"].clone());
    }
    replicas.dedup();
    assert_eq!(replicas.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_gpus_reports_none() {
    let lab = Lab::new();
    let id = start(&lab, "cpu-upgrade").await;
    lab.sleep(30.0).await;
    let (pieces, _) = listen(&lab, &format!("/api/jobs/lab/{id}/metrics"), 0.5).await;
    assert_eq!(data(&pieces[0].1, "metric")["gpus"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn metrics_begin_with_the_job_and_go_silent_with_it_without_an_end() {
    let lab = Lab::new();
    let id = start(&lab, "cpu-basic").await;
    let path = format!("/api/jobs/lab/{id}/metrics");
    let (pieces, ended) = listen(&lab, &path, 200.0).await;
    let metrics = pieces
        .iter()
        .filter(|(_, piece)| piece.starts_with("event: metric"));
    // 20 s of scheduling, then 20 s of booting and 60 s of running.
    assert_eq!((pieces[0].0, metrics.count()), (20, 80));
    let silent: Vec<u64> = pieces
        .iter()
        .filter(|(_, piece)| piece == ": keep-alive\n\n")
        .map(|(at, _)| *at)
        .collect();
    assert_eq!((silent, ended), (vec![129, 159, 189], false));
    let over = lab.hf("GET", &path, Value::Null).await;
    assert_eq!(
        (over.status, &over.body["error"]),
        (406, &json!("Job is not running"))
    );
}

#[tokio::test(start_paused = true)]
async fn stages_are_told_as_they_come_and_again_to_whoever_asks_later() {
    let lab = Lab::new();
    let id = start(&lab, "cpu-basic").await;
    let path = format!("/api/jobs/lab/{id}/events");
    let (live, ended) = listen(&lab, &path, 1_000.0).await;
    assert!(ended);
    let at = |piece: &(u64, String)| piece.0;
    assert_eq!(
        live.iter().map(at).collect::<Vec<_>>(),
        [0, 20, 49, 79, 100]
    );
    let is_event = |piece: &(u64, String)| piece.1 != ": keep-alive\n\n";
    let live: Vec<_> = live.into_iter().filter(is_event).collect();
    let stages: Vec<Value> = live.iter().map(|(_, piece)| data(piece, "stage")).collect();
    let stage = |stage: &str, message: Value, time: &str| json!({"stage": stage, "message": message, "timestamp": format!("2026-11-03T{time}.000Z")});
    let wanted = [
        stage(
            "SCHEDULING",
            json!(LifeSettings::default().waiting_message),
            "10:00:00",
        ),
        stage("RUNNING", Value::Null, "10:00:20"),
        stage("COMPLETED", Value::Null, "10:01:40"),
    ];
    assert_eq!(stages, wanted);
    let (later, ended) = listen(&lab, &path, 10.0).await;
    assert!(ended && later.iter().all(|(at, _)| *at == 0));
    let texts =
        |pieces: Vec<(u64, String)>| pieces.into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(texts(later), texts(live));
}

#[tokio::test(start_paused = true)]
async fn a_job_cancelled_in_scheduling_never_ran() {
    let lab = Lab::new();
    let id = start(&lab, "cpu-basic").await;
    lab.sleep(5.0).await;
    lab.hf("POST", &format!("/api/jobs/lab/{id}/cancel"), Value::Null)
        .await;
    let (pieces, ended) = listen(&lab, &format!("/api/jobs/lab/{id}/events"), 10.0).await;
    let stages: Vec<Value> = pieces
        .iter()
        .map(|(_, piece)| data(piece, "stage")["stage"].clone())
        .collect();
    assert_eq!(
        (stages, ended),
        (vec![json!("SCHEDULING"), json!("CANCELED")], true)
    );
}
