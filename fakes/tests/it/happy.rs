//! One job from its push to the end of its HF job.

use fakes::history::{CredentialState, Removal, Stage, What};
use serde_json::Value;

use crate::lab::Lab;

async fn one_job() -> Lab {
    let lab = Lab::new();
    lab.queue("J1", &["hf-jobs-cpu-basic"]);
    lab.sleep(1.0).await;
    assert_eq!(lab.received_names(), ["J1.queued"]);
    let hf_job = lab.launch("r1", &["hf-jobs-cpu-basic"]).await;
    lab.sleep(39.0).await;
    assert_eq!(lab.stage(&hf_job).await, "RUNNING");
    lab.sleep(120.0).await;
    assert_eq!(lab.stage(&hf_job).await, "COMPLETED");
    lab
}

#[tokio::test(start_paused = true)]
async fn a_job_is_announced_served_and_ended() {
    let lab = one_job().await;
    assert_eq!(
        lab.received_names(),
        ["J1.queued", "J1.in_progress", "J1.completed"]
    );
    let [queued, started, completed] = &lab.received()[..] else {
        panic!()
    };
    assert_eq!(queued.body["workflow_job"]["runner_id"], Value::Null);
    assert_eq!(
        queued.body["workflow_job"]["started_at"],
        queued.body["workflow_job"]["created_at"]
    );
    assert_eq!(started.body["workflow_job"]["runner_name"], "r1");
    assert_eq!(started.body["workflow_job"]["runner_group_name"], "Default");
    assert_eq!(completed.body["workflow_job"]["conclusion"], "success");
    assert_eq!(
        completed.body["workflow_job"]["completed_at"],
        "2026-11-03T10:01:41Z"
    );
    assert_eq!(lab.world.pending(), 0);
    assert!(
        lab.world.github().runners().is_empty(),
        "the ephemeral runner is gone"
    );
}

#[tokio::test(start_paused = true)]
async fn every_step_names_its_cause() {
    let lab = one_job().await;
    let find = |fits: fn(&What) -> bool| lab.find(fits).expect("the event exists");
    let direct = |event: &fakes::history::Event| {
        lab.world
            .history()
            .get(event.because.unwrap())
            .unwrap()
            .event
    };

    let created = find(|what| matches!(what, What::DeliveryCreated { .. }));
    assert!(matches!(direct(&created), What::JobQueued { .. }));
    let sent = find(|what| matches!(what, What::DeliverySent { .. }));
    assert!(matches!(direct(&sent), What::DeliveryCreated { .. }));
    let answered = find(|what| matches!(what, What::DeliveryAnswered { .. }));
    assert!(matches!(direct(&answered), What::DeliverySent { .. }));
    let hf_created = find(|what| matches!(what, What::HfCreated { .. }));
    assert!(matches!(direct(&hf_created), What::CallReceived { .. }));
    let running = find(|what| {
        matches!(
            what,
            What::HfStage {
                stage: Stage::Running,
                ..
            }
        )
    });
    assert!(matches!(direct(&running), What::HfCreated { .. }));
    let runner = find(|what| matches!(what, What::RunnerCreated { .. }));
    assert!(matches!(direct(&runner), What::CallReceived { .. }));
    let online = find(|what| matches!(what, What::RunnerOnline { .. }));
    assert!(matches!(
        direct(&online),
        What::HfStage {
            stage: Stage::Running,
            ..
        }
    ));
    let assigned = find(|what| matches!(what, What::RunnerAssigned { .. }));
    assert!(matches!(direct(&assigned), What::RunnerOnline { .. }));
    let started = find(|what| matches!(what, What::JobStarted { .. }));
    // The runner asks for the job that it was assigned.
    assert!(
        matches!(direct(&started), What::CallReceived { name, .. } if name == "runner.acquire-job")
    );
    let completed = find(|what| matches!(what, What::JobCompleted { .. }));
    assert!(lab.is_caused_by(&completed, |what| matches!(
        what,
        What::RunnerAssigned { .. }
    )));
    let removed = find(|what| {
        matches!(
            what,
            What::RunnerRemoved {
                why: Removal::Ephemeral,
                ..
            }
        )
    });
    assert!(matches!(direct(&removed), What::JobCompleted { .. }));
    let ended = find(|what| {
        matches!(
            what,
            What::HfStage {
                stage: Stage::Completed,
                ..
            }
        )
    });
    assert!(matches!(
        direct(&ended),
        What::RunnerExited { code: Some(0), .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn the_registration_flow_serves_a_job_too() {
    let lab = Lab::new();
    lab.queue("J1", &["hf-jobs-cpu-basic"]);
    let hf_job = lab.launch_registering("r1", "hf-jobs-cpu-basic").await;
    lab.sleep(200.0).await;
    assert_eq!(lab.stage(&hf_job).await, "COMPLETED");
    let online = lab
        .find(|what| matches!(what, What::RunnerOnline { .. }))
        .unwrap();
    let What::RunnerOnline { credential, .. } = online.event else {
        panic!()
    };
    assert_eq!(credential.state, CredentialState::Fresh);
    let created = lab
        .find(|what| matches!(what, What::HfCreated { .. }))
        .unwrap();
    let What::HfCreated {
        runner_name,
        runner_labels,
        ..
    } = created.event
    else {
        panic!()
    };
    assert_eq!(
        (runner_name.as_deref(), runner_labels),
        (Some("r1"), vec!["hf-jobs-cpu-basic".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn the_history_holds_no_secret() {
    let lab = one_job().await;
    let text = fakes::history::to_json_lines(&lab.events()).unwrap();
    for secret in ["ghs_", "hf_lab", "lab-webhook-secret", "eyJ"] {
        assert!(!text.contains(secret), "{secret} is in the history");
    }
}
