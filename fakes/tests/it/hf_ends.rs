//! How HF jobs begin and end where HF leaves it open: the settings that say it, and what can be seen of them.

use std::time::Duration;

use fakes::{
    CancelOfEnded, ColdStart, HfSettings, Length, Spread, Tail,
    history::{Stage, StageCause, What},
    ids::HfJobId,
};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

fn lab(change: impl FnOnce(&mut HfSettings)) -> Lab {
    Lab::with(|settings| change(&mut settings.hf))
}

async fn start(lab: &Lab, command: &[&str]) -> HfJobId {
    let body = json!({"flavor": "cpu-basic", "dockerImage": "u", "command": command});
    let made = lab.hf("POST", "/api/jobs/lab", body).await;
    assert_eq!(made.status, 200, "{made:?}");
    HfJobId(made.body["id"].as_str().unwrap().to_owned())
}

async fn inspect(lab: &Lab, id: &HfJobId) -> Answer {
    lab.hf("GET", &format!("/api/jobs/lab/{}", id.0), Value::Null)
        .await
}

async fn cancel(lab: &Lab, id: &HfJobId) -> Answer {
    let path = format!("/api/jobs/lab/{}/cancel", id.0);
    lab.hf("POST", &path, Value::Null).await
}

/// When each stage was reached, milliseconds.
fn stages(lab: &Lab) -> Vec<(Stage, u64)> {
    lab.events()
        .into_iter()
        .filter_map(|event| match event.event {
            What::HfStage { stage, .. } => Some((stage, event.at_ms)),
            _ => None,
        })
        .collect()
}

fn exits(lab: &Lab) -> Vec<u64> {
    lab.events()
        .into_iter()
        .filter(|event| matches!(event.event, What::RunnerExited { .. }))
        .map(|event| event.at_ms)
        .collect()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_has_three_parts_and_says_which_it_is_in() {
    let lab = lab(|hf| {
        let cold_start = ColdStart {
            schedule: Spread::fixed(secs(10)),
            pull: Spread::fixed(secs(30)),
            boot: Spread::fixed(secs(5)),
        };
        hf.cold_start.insert("cpu-basic".to_owned(), cold_start);
    });
    let id = start(&lab, &["true"]).await;
    let message = || async { inspect(&lab, &id).await.body["status"]["message"].clone() };
    lab.sleep(9.0).await;
    assert_eq!(message().await, "Job is waiting for hardware");
    lab.sleep(2.0).await;
    assert_eq!(message().await, "Job is pulling its image");
    lab.sleep(30.0).await;
    assert_eq!(message().await, Value::Null);
    lab.sleep(10.0).await;
    assert_eq!(
        stages(&lab),
        [(Stage::Running, 40_000), (Stage::Completed, 45_000)]
    );
}

#[tokio::test(start_paused = true)]
async fn cold_starts_follow_their_quantiles() {
    let tail = Tail {
        min: secs(2),
        p50: secs(6),
        p90: None,
        p95: Some(secs(60)),
        p99: None,
        max: secs(600),
    };
    let lab = lab(|hf| {
        let start = hf.cold_start.get_mut("default").unwrap();
        (start.schedule, start.boot) = (Spread::Tail(tail), Spread::fixed(Duration::ZERO));
    });
    for _ in 0..400 {
        start(&lab, &["true"]).await;
    }
    lab.sleep(700.0).await;
    let mut waits: Vec<u64> = stages(&lab)
        .into_iter()
        .filter(|(stage, _)| *stage == Stage::Running)
        .map(|(_, at_ms)| at_ms)
        .collect();
    waits.sort_unstable();
    assert_eq!(waits.len(), 400);
    assert!((5_000..7_500).contains(&waits[200]), "{}", waits[200]);
    let long = waits.iter().filter(|wait| **wait > 60_000).count();
    assert!((8..=36).contains(&long), "one of 20, and {long} of 400");
    assert!(waits[0] >= 2_000 && waits[399] <= 600_000);
}

#[tokio::test(start_paused = true)]
async fn the_stage_can_lag_behind_the_end_of_the_log() {
    let lab = lab(|hf| hf.life.stage_lag = Length::fixed(Duration::from_millis(1_300)));
    let id = start(&lab, &["true"]).await;
    let path = format!("/api/jobs/lab/{}/logs", id.0);
    let log = lab.hf("GET", &path, Value::Null).await;
    assert!(log.text.contains("Job started"));
    assert_eq!(lab.clock.elapsed_ms(), 40_000, "the stream has ended");
    assert_eq!(lab.stage(&id).await, "RUNNING");
    lab.sleep(1.4).await;
    assert_eq!(lab.stage(&id).await, "COMPLETED");
    assert_eq!(stages(&lab)[1].1, 41_300);
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_can_take_its_time() {
    let lab = lab(|hf| hf.life.cancel_latency = Length::fixed(secs(3)));
    let id = start(&lab, &["sleep", "900"]).await;
    lab.sleep(50.0).await;
    let answer = cancel(&lab, &id).await;
    assert_eq!(
        (answer.status, &answer.body["status"]["stage"]),
        (200, &json!("RUNNING"))
    );
    lab.sleep(3.1).await;
    assert_eq!(stages(&lab)[1], (Stage::Canceled, 53_000));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ends_before_its_cancellation_does_stays_ended() {
    let lab = lab(|hf| hf.life.cancel_latency = Length::fixed(secs(30)));
    let id = start(&lab, &["sleep", "10"]).await;
    lab.sleep(45.0).await;
    cancel(&lab, &id).await;
    lab.sleep(60.0).await;
    assert_eq!(lab.stage(&id).await, "COMPLETED");
    assert_eq!(stages(&lab).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_runner_lives_on_for_the_grace_period() {
    let lab = lab(|hf| hf.life.grace = secs(30));
    let id = lab.launch("r", &["a"]).await;
    lab.sleep(60.0).await;
    cancel(&lab, &id).await;
    assert_eq!(lab.stage(&id).await, "CANCELED");
    lab.sleep(29.9).await;
    assert_eq!(exits(&lab), [0; 0]);
    lab.sleep(0.2).await;
    assert_eq!(exits(&lab), [90_000]);
}

#[tokio::test(start_paused = true)]
async fn a_job_can_be_cancelled_while_it_waits_pulls_and_runs() {
    for (after, event) in [(5.0, 0), (15.0, 0), (25.0, 1)] {
        let lab = lab(|hf| {
            let start = hf.cold_start.get_mut("default").unwrap();
            (start.schedule, start.pull) = (Spread::fixed(secs(10)), Spread::fixed(secs(10)));
        });
        let id = start(&lab, &["sleep", "900"]).await;
        lab.sleep(after).await;
        assert_eq!(cancel(&lab, &id).await.body["status"]["stage"], "CANCELED");
        lab.sleep(1_000.0).await;
        let at_ms = (after * 1_000.0) as u64;
        assert_eq!(stages(&lab)[event], (Stage::Canceled, at_ms));
        assert_eq!(stages(&lab).len(), event + 1, "nothing happens afterwards");
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_cancelling_an_ended_job_is_a_setting() {
    let refused = CancelOfEnded::Refused {
        status: 409,
        message: "Job has ended".to_owned(),
    };
    for (setting, status, error) in [
        (CancelOfEnded::Ignored, 200, Value::Null),
        (refused, 409, json!("Job has ended")),
    ] {
        let lab = lab(|hf| hf.life.cancel_of_ended = setting);
        let id = start(&lab, &["true"]).await;
        lab.sleep(60.0).await;
        let answer = cancel(&lab, &id).await;
        assert_eq!((answer.status, &answer.body["error"]), (status, &error));
        let effects =
            lab.count(|what| matches!(what, What::CallEffect { name, .. } if name == "hf.cancel"));
        assert_eq!(effects, 0);
        assert_eq!(lab.stage(&id).await, "COMPLETED");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_timeout_gets_thirty_minutes_and_the_stage_of_the_setting() {
    let lab = lab(|hf| hf.life.timed_out_stage = Stage::Canceled);
    let id = start(&lab, &["sleep", "9000"]).await;
    lab.sleep(1_830.0).await;
    let status = inspect(&lab, &id).await.body["status"].clone();
    assert_eq!(
        (&status["stage"], &status["message"]),
        (&json!("CANCELED"), &json!("Job timeout"))
    );
    assert_eq!(stages(&lab)[1].1, 20_000 + 1_800_000);
    let cause = lab.find(|what| {
        matches!(
            what,
            What::HfStage {
                cause: StageCause::Timeout,
                ..
            }
        )
    });
    assert!(cause.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_old_job_is_forgotten_but_not_its_cost() {
    let lab = lab(|hf| hf.life.retention = Some(secs(3_600)));
    let id = start(&lab, &["true"]).await;
    lab.sleep(3_630.0).await;
    assert_eq!(inspect(&lab, &id).await.status, 200);
    lab.sleep(30.0).await;
    assert_eq!(inspect(&lab, &id).await.status, 404);
    assert_eq!(
        lab.hf("GET", "/api/jobs/lab", Value::Null).await.body,
        json!([])
    );
    assert_eq!(lab.world.hf().costs().total.micro_usd, 167);
}

#[tokio::test(start_paused = true)]
async fn a_job_is_not_found_in_another_namespace_than_its_own() {
    let lab = lab(|hf| hf.namespaces.push("acme".to_owned()));
    let id = start(&lab, &["sleep", "60"]).await;
    for (method, rest) in [("GET", ""), ("GET", "/logs"), ("POST", "/cancel")] {
        let path = format!("/api/jobs/acme/{}{rest}", id.0);
        assert_eq!(
            lab.hf(method, &path, Value::Null).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(
        lab.hf("GET", "/api/jobs/acme", Value::Null).await.body,
        json!([])
    );
    lab.sleep(30.0).await;
    assert_eq!(lab.stage(&id).await, "RUNNING", "nobody has cancelled it");
}

#[tokio::test(start_paused = true)]
async fn an_image_whose_name_no_registry_can_have_ends_in_an_error_that_names_it() {
    let cases = [
        ("-q", "docker.io/-q"),
        ("a b", "docker.io/a b"),
        ("  ", "docker.io/  "),
        ("ubuntu:", "docker.io/ubuntu:"),
        ("Ubuntu", "docker.io/Ubuntu"),
        ("ghcr.io/Octo/app:1", "ghcr.io/Octo/app:1"),
    ];
    for (image, shown) in cases {
        let lab = lab(|hf| {
            let cold_start = hf.cold_start.get_mut("default").unwrap();
            cold_start.pull = Spread::fixed(secs(100));
        });
        let body = json!({"flavor": "cpu-basic", "dockerImage": image, "command": ["echo", "hi"]});
        let made = lab.hf("POST", "/api/jobs/lab", body).await;
        assert_eq!(made.status, 200, "{image}: {made:?}");
        let id = HfJobId(made.body["id"].as_str().unwrap().to_owned());
        lab.sleep(60.0).await;
        let status = inspect(&lab, &id).await.body["status"].clone();
        assert_eq!(status["stage"], "ERROR", "{image}");
        assert_eq!(status["message"], format!("Invalid image name: {shown}"));
        assert_eq!(
            stages(&lab),
            [(Stage::Error, 20_000)],
            "it never runs and pulls nothing"
        );
        assert!(lab.log(&id).await.is_empty(), "{image}");
        assert_eq!(
            lab.world.hf().costs().total.micro_usd,
            0,
            "and costs nothing"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_without_a_name_is_refused_at_once() {
    let lab = Lab::new();
    let body = json!({"flavor": "cpu-basic", "dockerImage": "", "command": ["echo", "hi"]});
    let refused = lab.hf("POST", "/api/jobs/lab", body).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.body["error"],
        "dockerImage: Too small: expected at least 1 character"
    );
    assert!(lab.world.hf().jobs().is_empty());
}
