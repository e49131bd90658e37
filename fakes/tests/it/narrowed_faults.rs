//! Faults that are meant for one job, one repository, one flavor, one HF job or one runner, and leave the others alone.

use std::{collections::BTreeSet, time::Duration};

use fakes::{
    Effect, FaultRule, Length, Only, RunnerPoint,
    history::{Conclusion, What},
    ids::HfJobId,
};
use serde_json::{Value, json};

use crate::lab::Lab;
use vocabulary::{Moment, Outage, Which};

fn only_job(name: &str) -> Only {
    Only {
        job: Some(vec![name.to_owned()]),
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

fn now(at: RunnerPoint) -> (RunnerPoint, Length) {
    (at, Length::fixed(Duration::ZERO))
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
        let lab = lab_with("runner", only_job(name), Effect::Die(Moment { at, after }));
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
    let lasts = Length::fixed(Duration::from_secs(3600));
    for (effect, first) in [
        (Effect::Hang, Some(Conclusion::Success)),
        (
            Effect::Freeze(Moment { at, after }),
            Some(Conclusion::Failure),
        ),
        (
            Effect::Restart(Moment { at, after }),
            Some(Conclusion::Failure),
        ),
        (
            Effect::Die(Moment { at: at_end, after }),
            Some(Conclusion::Success),
        ),
        (
            Effect::LoseNetwork(Outage { at, after, lasts }),
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
        let lab = lab_with("runner", only_job("J2"), Effect::Die(Moment { at, after }));
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
    let refusal = Effect::Answer(vocabulary::Answer::of(503, "{}"));
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

fn nth(nth: u32) -> Option<Vec<Which>> {
    Some(vec![Which::Nth(nth.try_into().unwrap())])
}

#[tokio::test(start_paused = true)]
async fn the_second_hf_job_gets_no_hardware_and_the_first_does() {
    let only = Only {
        hf_job: nth(2),
        ..Only::default()
    };
    let lab = lab_with("hf.schedule", only, Effect::Hold);
    let first = lab.launch("r1", &["a"]).await;
    let second = lab.launch("r2", &["a"]).await;
    lab.sleep(120.0).await;
    assert_eq!(lab.stage(&first).await, "RUNNING");
    assert_eq!(lab.stage(&second).await, "SCHEDULING");
}

#[tokio::test(start_paused = true)]
async fn the_runner_in_the_second_hf_job_dies_of_its_job_and_the_first_does_not() {
    let (at, after) = now(RunnerPoint::InJob);
    let only = Only {
        hf_job: nth(2),
        ..Only::default()
    };
    let lab = lab_with("runner", only, Effect::Die(Moment { at, after }));
    let conclusions = two_jobs(&lab).await;
    let (well, badly) = (Some(Conclusion::Success), Some(Conclusion::Failure));
    assert_eq!(conclusions, [well, badly]);
    assert_eq!(applied(&lab), 1);
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_one_runner_are_struck_by_its_hf_job_or_by_itself() {
    let by_name = Some(vec![Which::Named("r2".to_owned())]);
    for (hf_job, runner) in [(nth(2), None), (None, nth(2)), (None, by_name)] {
        let only = Only {
            hf_job,
            runner,
            ..Only::default()
        };
        let lab = lab_with("runner.*", only.clone(), Effect::NoAnswer);
        for (job, runner) in [("J1", "r1"), ("J2", "r2")] {
            lab.queue(job, &["a"]);
            lab.launch(runner, &["a"]).await;
        }
        lab.sleep(400.0).await;
        let made = lab.world.hf().jobs();
        let struck = lab.events();
        let struck: BTreeSet<HfJobId> = struck
            .iter()
            .filter_map(|event| match &event.event {
                What::FaultApplied { hf_job, .. } => hf_job.clone(),
                _ => None,
            })
            .collect();
        assert_eq!(struck, [made[1].hf_job.clone()].into(), "{only:?}");
    }
}
