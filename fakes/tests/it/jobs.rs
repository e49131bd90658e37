//! Approvals, cancellations, re-runs and forged events.

use std::time::Duration;

use bytes::Bytes;
use fakes::{
    NewJob, RawDelivery, RepoSettings,
    history::{Conclusion, Origin, Removal, Signed, What},
    ids::JobId,
};
use serde_json::{Value, json};

use crate::lab::{Lab, job};

fn view(lab: &Lab, id: JobId) -> fakes::JobView {
    lab.world
        .github()
        .jobs()
        .into_iter()
        .find(|job| job.job == id)
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_gated_job_waits_gets_no_runner_and_is_queued_by_its_approval() {
    let lab = Lab::new();
    let github = lab.world.github();
    let id = github
        .queue(
            NewJob {
                needs_approval: true,
                ..job("J1", &["a"])
            },
            None,
        )
        .unwrap();
    lab.launch("r", &["a"]).await;
    lab.sleep(100.0).await;
    assert_eq!(lab.received_names(), ["J1.waiting"]);
    assert_eq!(lab.received()[0].body["workflow_job"]["status"], "waiting");
    let runs = lab
        .github(
            "GET",
            "/repos/octo/app/actions/runs?status=waiting",
            &lab.token().await,
            Value::Null,
        )
        .await;
    assert_eq!(runs.body["total_count"], 1);
    github.approve(github.run_of(id).unwrap(), None);
    lab.sleep(100.0).await;
    assert_eq!(
        lab.received_names(),
        ["J1.waiting", "J1.queued", "J1.in_progress", "J1.completed"]
    );
}

#[tokio::test(start_paused = true)]
async fn cancelling_a_running_job_stops_its_runner() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let hf_job = lab.launch("r", &["a"]).await;
    lab.sleep(50.0).await;
    let github = lab.world.github();
    github.cancel_run(github.run_of(id).unwrap(), None);
    lab.sleep(1.0).await;
    assert_eq!(view(&lab, id).conclusion, Some(Conclusion::Cancelled));
    assert_eq!(lab.stage(&hf_job).await, "COMPLETED");
    assert!(github.runners().is_empty());
    let completed = lab
        .find(|what| matches!(what, What::JobCompleted { .. }))
        .unwrap();
    assert!(lab.is_caused_by(&completed, |what| matches!(
        what,
        What::RunCancelRequested { call: None, .. }
    )));
}

#[tokio::test(start_paused = true)]
async fn rerunning_failed_jobs_gives_new_ids_and_sends_the_others_completed_again() {
    let lab = Lab::new();
    let github = lab.world.github();
    let in_run = |name: &str, conclusion| NewJob {
        run: Some("R".to_owned()),
        conclusion,
        runs_for: Duration::from_secs(1),
        ..job(name, &["a"])
    };
    let good = github
        .queue(in_run("good", Conclusion::Success), None)
        .unwrap();
    let bad = github
        .queue(in_run("bad", Conclusion::Failure), None)
        .unwrap();
    let run = github.run_of(bad).unwrap();
    lab.launch("r1", &["a"]).await;
    lab.sleep(10.0).await;
    assert!(
        github.rerun(run, true, None).is_empty(),
        "the run is not completed yet"
    );
    lab.launch("r2", &["a"]).await;
    lab.sleep(100.0).await;
    let before = lab.received().len();
    let again = github.rerun(run, true, None);
    lab.sleep(1.0).await;
    let [again] = again[..] else {
        panic!("only the failed job runs again")
    };
    assert!(again != bad && again != good);
    assert_eq!(
        (view(&lab, again).attempt, view(&lab, again).name.as_str()),
        (2, "bad/2")
    );
    assert_eq!(
        lab.received_names()[before..],
        ["bad/2.queued", "good.completed"]
    );
    let resent = &lab.received()[before + 1];
    assert_eq!(resent.body["workflow_job"]["id"], good.0);
    assert_eq!(
        lab.count(|what| matches!(what, What::JobCompleted { job, .. } if *job == good)),
        1
    );
    let latest = format!("/repos/octo/app/actions/runs/{}/jobs", run.0);
    let token = lab.token().await;
    let names = async |path: &str| {
        let jobs = lab.github("GET", path, &token, Value::Null).await.body;
        jobs["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["name"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&latest).await, ["\"good\"", "\"bad/2\""]);
    assert_eq!(names(&format!("{latest}?filter=all")).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_full_rerun_runs_everything_again() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let github = lab.world.github();
    lab.launch("r1", &["a"]).await;
    lab.sleep(150.0).await;
    assert!(!view(&lab, id).in_live_run);
    assert_eq!(
        github.rerun(github.run_of(id).unwrap(), true, None),
        [],
        "nothing failed"
    );
    assert_eq!(
        github.rerun(github.run_of(id).unwrap(), false, None).len(),
        1
    );
    assert!(view(&lab, id).in_live_run);
}

#[tokio::test(start_paused = true)]
async fn a_repository_without_the_app_sends_nothing() {
    let lab = Lab::with(|settings| {
        let without = RepoSettings {
            installed: false,
            ..RepoSettings::installed("octo/without")
        };
        settings.github.repos.push(without);
    });
    lab.world
        .github()
        .queue(
            NewJob {
                repo: "octo/without".to_owned(),
                ..job("J1", &["a"])
            },
            None,
        )
        .unwrap();
    lab.sleep(10.0).await;
    assert!(lab.received().is_empty());
    assert_eq!(lab.count(|what| matches!(what, What::JobQueued { .. })), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_job_can_be_sent_whatever_the_fake_believes() {
    let lab = Lab::new();
    let id = lab.queue("J1", &["a"]);
    let github = lab.world.github();
    deliver_job_event(github, id, "completed");
    lab.sleep(1.0).await;
    github.cancel_run(github.run_of(id).unwrap(), None);
    deliver_job_event(github, id, "queued");
    lab.sleep(1.0).await;
    let received = lab.received();
    let statuses: Vec<_> = received
        .iter()
        .map(|one| {
            one.body["workflow_job"]["status"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(statuses, ["queued", "completed", "completed", "queued"]);
    let guids: std::collections::BTreeSet<_> = received
        .iter()
        .map(|one| one.header("x-github-delivery").to_owned())
        .collect();
    assert_eq!(guids.len(), 4, "each has a GUID of its own");
    assert_eq!(view(&lab, id).conclusion, Some(Conclusion::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_raw_delivery_goes_out_byte_for_byte_signed_as_asked() {
    let lab = Lab::new();
    let send = |signed| {
        let body =
            json!({"action": "queued", "installation": {"id": 0}, "workflow_job": {"id": 5}})
                .to_string();
        lab.world.github().deliver(
            RawDelivery {
                event: "workflow_job".to_owned(),
                guid: Some("my-guid".to_owned()),
                headers: vec![
                    ("x-extra".to_owned(), "1".to_owned()),
                    ("user-agent".to_owned(), "me".to_owned()),
                ],
                body: Bytes::from(body),
                signed,
                origin: Origin::Forged,
                learn: None,
                late: Duration::ZERO,
                failed: None,
                redelivery: false,
            },
            None,
        )
    };
    for signed in [Signed::Lab, Signed::None, Signed::Wrong, Signed::Tampered] {
        send(signed);
    }
    lab.sleep(1.0).await;
    let received = lab.received();
    let signatures: std::collections::BTreeSet<_> = received
        .iter()
        .map(|one| one.header("x-hub-signature-256").to_owned())
        .collect();
    assert_eq!(signatures.len(), 4);
    assert_eq!(received[1].header("x-hub-signature-256"), "");
    assert_eq!(received[0].header("x-github-delivery"), "my-guid");
    assert_eq!(
        (
            received[0].header("x-extra"),
            received[0].header("user-agent")
        ),
        ("1", "me")
    );
    assert!(lab.world.github().jobs().is_empty(), "nothing was learned");
    let created = lab
        .find(|what| matches!(what, What::DeliveryCreated { .. }))
        .unwrap();
    assert!(matches!(
        created.event,
        What::DeliveryCreated {
            job: Some(JobId(5)),
            origin: Origin::Forged,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_never_connects_is_removed_after_a_day() {
    let lab = Lab::new();
    lab.jit("r", &["a"]).await;
    lab.sleep(86_399.0).await;
    assert_eq!(lab.world.github().runners().len(), 1);
    lab.sleep(2.0).await;
    assert!(lab.world.github().runners().is_empty());
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::RunnerRemoved {
                why: Removal::Aged,
                ..
            }
        )),
        1
    );
}

/// Sends the event GitHub would send of this job for this action, whatever the fake believes.
fn deliver_job_event(github: &fakes::Github, job: JobId, action: &str) {
    let raw = RawDelivery {
        event: "workflow_job".to_owned(),
        guid: None,
        headers: Vec::new(),
        body: github.job_event_body(job, action).unwrap(),
        signed: Signed::Lab,
        origin: Origin::Forged,
        learn: None,
        late: Duration::ZERO,
        failed: None,
        redelivery: false,
    };
    github.deliver(raw, None);
}
