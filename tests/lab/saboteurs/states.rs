//! Saboteurs that misread where a job stands: over, cancelled, waiting, dead.

use std::time::Duration;

use dispatchlab::target::Seams;
use http::Response;

use super::{Count, Kept, Sent, Trial, answer, bend, create_anew, seam, told};

/// Believes whatever it hears last: a `queued` after `completed` makes an HF job.
#[test]
fn monotone_state_catches_a_dispatcher_that_believes_the_last_delivery() {
    let trial = Trial::of(
        "monotone-state",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - when: { job: J1, is: completed, plus: 5m }
    deliver: { job: J1, action: queued }
",
    );
    let (created, way, over) = (Kept::default(), Kept::default(), Count::default());
    let hf = created.seam(Sent::is_create);
    let github = way.seam(Sent::is_in_repo);
    let webhooks = bend(move |sent| {
        let last = created
            .get()
            .filter(|_| sent.says("queued") && over.get() > 0);
        if sent.says("completed") {
            over.add();
        }
        let way = way.get();
        async move {
            if let Some(last) = last {
                create_anew(&way.unwrap(), &last).await;
            }
            sent.on().await
        }
    });
    trial.catches(
        Seams {
            webhooks,
            github,
            hf,
        },
        "though every job of its lane was over and known to be, the last of them J1",
    );
}

const CANCELLED: &str = "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 5s
    cancel: { job: J1 }
  - at: 1h
    queue: { as: G1, labels: hf-jobs-t4-small }
";

/// Replaces the HF job that it has just cancelled with its job.
#[test]
fn cancel_before_start_catches_a_dispatcher_that_starts_anew_what_it_cancelled() {
    let (created, way) = (Kept::default(), Kept::default());
    let github = way.seam(Sent::is_in_repo);
    let hf = bend(move |sent| {
        if sent.is_create() {
            created.keep(&sent);
        }
        let last = created.get().filter(|_| sent.is_cancel());
        let way = way.get();
        async move {
            let answered = sent.on().await;
            if let Some(last) = last {
                tokio::time::sleep(Duration::from_secs(1)).await;
                create_anew(&way.unwrap(), &last).await;
            }
            answered
        }
    });
    Trial::of("cancel-before-start", CANCELLED).catches(
        Seams {
            hf,
            github,
            webhooks: None,
        },
        "had been cancelled before it started",
    );
}

/// Lets an HF job boot and idle whose job is gone.
#[test]
fn cancel_before_start_catches_a_dispatcher_that_lets_the_hf_job_live() {
    let hf = bend(|sent| async move {
        if sent.is_cancel() {
            return answer(200, "{}");
        }
        sent.on().await
    });
    let github = bend(|sent| async move {
        if sent.deletes_runner() {
            return answer(204, "");
        }
        sent.on().await
    });
    Trial::of("cancel-before-start", CANCELLED).catches(
        Seams {
            hf,
            github,
            webhooks: None,
        },
        "J1 waited no more); it was to end by",
    );
}

/// Gives up the HF job of a re-run when it hears again that the attempt before is over.
#[test]
fn attempts_catches_a_dispatcher_that_lets_an_old_completion_cancel_a_rerun_out() {
    let created = Kept::default();
    let hf = created.seam_of_created();
    let reruns = Count::default();
    let webhooks = bend(move |sent| {
        let attempt = sent.json()["workflow_job"]["run_attempt"].as_u64();
        if sent.says("queued") && attempt > Some(1) {
            reruns.add();
        }
        let old = sent.says("completed") && attempt == Some(1) && reruns.get() > 0;
        let last = created.get().filter(|_| old);
        async move {
            if let Some(last) = last {
                let id = last.json()["id"].as_str().unwrap().to_owned();
                let path = format!("{}/{id}/cancel", last.path());
                last.ask(http::Method::POST, &path, "").await?;
            }
            sent.on().await
        }
    });
    Trial::built_in("attempts", "b22-resent-completions").catches(
        Seams {
            webhooks,
            hf,
            github: None,
        },
        "was given up at",
    );
}

/// Takes `waiting` for another word for `queued`.
#[test]
fn waiting_is_not_queued_catches_a_dispatcher_that_starts_a_runner_for_a_job_that_waits() {
    let trial = Trial::of(
        "waiting-is-not-queued",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic, needs_approval: true }
  - at: 1h
    approve: { job: J1 }
",
    );
    let webhooks = bend(|sent| async move {
        if !sent.says("waiting") {
            return sent.on().await;
        }
        let mut payload = sent.json();
        payload["action"] = "queued".into();
        payload["workflow_job"]["status"] = "queued".into();
        sent.with_payload(&payload).await
    });
    let hf = seam(|request, inner| async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        tower::ServiceExt::oneshot(inner, request).await
    });
    trial.catches(
        Seams {
            webhooks,
            hf,
            github: None,
        },
        "although only waiting jobs were left without a runner, such as J1",
    );
}

/// Believes of every run that it goes on, and starts one HF job after another for a job that GitHub still calls queued.
#[test]
fn dead_run_catches_a_dispatcher_that_goes_on_for_a_run_that_is_over() {
    let trial = Trial::of(
        "dead-run",
        "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 8s, complete_run: { job: J1 } }
",
    );
    let github = bend(|sent| async move {
        let answered = sent.on().await;
        if !sent.reads_run() {
            return answered;
        }
        let (_, mut run) = told(answered).await;
        run["status"] = "queued".into();
        Ok(Response::new(run.to_string().into()))
    });
    trial.catches(
        Seams {
            github,
            ..Seams::default()
        },
        "only dead jobs are left, such as J1",
    );
}
