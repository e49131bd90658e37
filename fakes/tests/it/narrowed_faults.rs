//! Faults that are meant for one job, one repository or one flavor, and leave the others alone.

use std::{collections::BTreeSet, time::Duration};

use fakes::{
    Effect, FaultRule, Only, RunnerPoint, Span,
    history::{Conclusion, What},
};
use serde_json::{Value, json};

use crate::lab::Lab;

fn only_job(name: &str) -> Only {
    Only {
        jobs: Some(BTreeSet::from([name.to_owned()])),
        ..Only::default()
    }
}

fn lab_with(place: &str, only: Only, effect: Effect) -> Lab {
    let lab = Lab::new();
    lab.world.faults().install(vec![FaultRule {
        only,
        ..FaultRule::always(place, effect)
    }]);
    lab
}

fn now(at: RunnerPoint) -> (RunnerPoint, Span) {
    (at, Span::fixed(Duration::ZERO))
}

/// Two jobs of one kind and a runner for each; the conclusions in the end.
async fn two_jobs(lab: &Lab) -> [Option<Conclusion>; 2] {
    for (job, runner) in [("J1", "r1"), ("J2", "r2")] {
        lab.queue(job, &["a"]);
        lab.launch(runner, &["a"]).await;
    }
    lab.sleep(400.0).await;
    let jobs = lab.world.github().jobs();
    ["J1", "J2"].map(|name| jobs.iter().find(|job| job.name == name).unwrap().conclusion)
}

fn applied(lab: &Lab) -> usize {
    lab.count(|what| matches!(what, What::FaultApplied { .. }))
}

#[tokio::test(start_paused = true)]
async fn a_runner_dies_of_the_job_that_the_fault_names() {
    let (at, after) = now(RunnerPoint::InJob);
    for (name, lost) in [("J1", 0), ("J2", 1)] {
        let lab = lab_with("runner", only_job(name), Effect::Die { at, after });
        let conclusions = two_jobs(&lab).await;
        assert_eq!(conclusions[lost], Some(Conclusion::Failure), "{name}");
        assert_eq!(conclusions[1 - lost], Some(Conclusion::Success), "{name}");
        assert_eq!(applied(&lab), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_hangs_restarts_or_loses_its_network_because_of_its_job() {
    let (at, after) = now(RunnerPoint::InJob);
    let (at_end, _) = now(RunnerPoint::AfterJob);
    let lasts = Span::fixed(Duration::from_secs(3600));
    for (effect, first) in [
        (Effect::Hang, Some(Conclusion::Success)),
        (Effect::Freeze { at, after }, Some(Conclusion::Failure)),
        (Effect::Restart { at, after }, Some(Conclusion::Failure)),
        (Effect::Die { at: at_end, after }, Some(Conclusion::Success)),
        (
            Effect::LoseNetwork { at, after, lasts },
            Some(Conclusion::Failure),
        ),
    ] {
        let lab = lab_with("runner", only_job("J1"), effect.clone());
        let conclusions = two_jobs(&lab).await;
        assert_eq!(
            conclusions,
            [first, Some(Conclusion::Success)],
            "{effect:?}"
        );
        assert_eq!(applied(&lab), 1, "{effect:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_stays_is_struck_by_its_second_job() {
    for at in [RunnerPoint::InJob, RunnerPoint::AfterJob] {
        let (at, after) = now(at);
        let lab = lab_with("runner", only_job("J2"), Effect::Die { at, after });
        lab.queue("J1", &["a"]);
        let token = lab.registration_token("repos/octo/app").await;
        let environment = json!({
            "RUNNER_NAME": "stays", "RUNNER_LABELS": "a", "GH_REPO": "octo/app", "RUNNER_EPHEMERAL": "false",
        });
        lab.create(&json!({ "RUNNER_TOKEN": token }), &environment)
            .await;
        lab.sleep(150.0).await;
        assert_eq!(applied(&lab), 0);
        lab.queue("J2", &["a"]);
        lab.sleep(300.0).await;
        let exited = lab
            .find(|what| matches!(what, What::RunnerExited { .. }))
            .unwrap();
        assert!(matches!(
            exited.event,
            What::RunnerExited {
                code: Some(137),
                ..
            }
        ));
        let ended = lab
            .world
            .github()
            .jobs()
            .iter()
            .filter(|job| job.conclusion.is_some())
            .count();
        assert_eq!(ended, 2, "{at:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_runner_are_struck_by_job() {
    let lab = lab_with("runner.*", only_job("J2"), Effect::NoAnswer);
    let conclusions = two_jobs(&lab).await;
    assert_eq!(conclusions, [Some(Conclusion::Success), None]);
    let struck = |what: &What| matches!(what, What::FaultApplied { place, .. } if place == "runner.acquire-job");
    assert_eq!(lab.count(struck), applied(&lab));
    assert!(applied(&lab) >= 1);
}

#[tokio::test(start_paused = true)]
async fn calls_of_hf_are_struck_by_flavor() {
    let only = Only {
        flavor: Some("h200".to_owned()),
        ..Only::default()
    };
    let refusal = Effect::Answer {
        status: 503,
        headers: Vec::new(),
        body: "{}".into(),
    };
    let lab = lab_with("hf.*", only, refusal);
    let body =
        |flavor: &str| json!({"flavor": flavor, "dockerImage": "u", "command": ["sleep", "60"]});
    let create = async |flavor: &str| lab.hf("POST", "/api/jobs/lab", body(flavor)).await;
    assert_eq!(create("h200").await.status, 503);
    let other = create("cpu-basic").await;
    assert_eq!(other.status, 200);
    let path = |id: &Value| format!("/api/jobs/lab/{}", id.as_str().unwrap());
    assert_eq!(
        lab.hf("GET", &path(&other.body["id"]), Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(
        lab.hf("GET", "/api/jobs/lab", Value::Null).await.status,
        200,
        "a list is of no flavor"
    );
    lab.world.faults().heal();
    let made = create("h200").await;
    assert_eq!(made.status, 200);
    let rule = |place: &str| FaultRule {
        only: Only {
            flavor: Some("h200".to_owned()),
            ..Only::default()
        },
        ..FaultRule::always(place, Effect::Reset)
    };
    lab.world
        .faults()
        .install(vec![rule("hf.inspect"), rule("hf.cancel")]);
    assert!(
        lab.hf("GET", &path(&made.body["id"]), Value::Null)
            .await
            .reset
    );
    let cancel = format!("{}/cancel", path(&made.body["id"]));
    assert!(lab.hf("POST", &cancel, Value::Null).await.reset);
    assert!(
        !lab.hf("GET", &path(&other.body["id"]), Value::Null)
            .await
            .reset
    );
}
