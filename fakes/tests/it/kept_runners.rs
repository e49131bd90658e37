//! Recorded jobs and the runners of this world that work on them: kept, taken up, used up, lost.

use fakes::{
    Effect, FaultRule, Length, RunnerPoint,
    github::{RunConclusion, Status},
    history::{Conclusion, What},
    ids::{JobId, RunId, RunnerId},
};
use serde_json::Value;

use crate::{
    lab::Lab,
    recordings::{drive, launch, payload_of, send, send_of, send_payload},
};
use vocabulary::Outage;

#[tokio::test(start_paused = true)]
async fn a_recorded_start_without_our_runner_happens_outside_the_lab() {
    let lab = Lab::new();
    drive(&lab, &["in_progress", "completed"]);
    send(&lab, "queued", "");
    send(&lab, "in_progress", "somebody-elses");
    lab.sleep(1.0).await;
    assert_eq!(started_on(&lab, 900), Some(None));
    launch(&lab, "mine").await;
    lab.sleep(100.0).await;
    assert!(
        !lab.world.github().runners()[0].busy,
        "it was launched when the job ran already"
    );
}

/// On which of our runners a job started, once it has.
fn started_on(lab: &Lab, id: u64) -> Option<Option<RunnerId>> {
    let started = lab.find(|what| matches!(what, What::JobStarted { job, .. } if job.0 == id))?;
    match started.event {
        What::JobStarted { runner, .. } => Some(runner),
        other => panic!("{other:?}"),
    }
}

fn runner_named(lab: &Lab, wanted: &str) -> Option<(RunnerId, bool)> {
    let created =
        lab.find(|what| matches!(what, What::RunnerCreated { name, .. } if name == wanted))?;
    let What::RunnerCreated { runner, .. } = created.event else {
        panic!("{created:?}");
    };
    let runners = lab.world.github().runners();
    let found = runners.iter().find(|found| found.runner == runner)?;
    Some((runner, found.busy))
}

/// `train` was recorded as queued alone, before `build`, which the recording starts and ends.
fn stuck_beside_a_recorded_one() -> Lab {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress", "completed"]);
    send_of(&lab, 899, "train", "queued", "");
    send(&lab, "queued", "");
    lab
}

fn is_queued(lab: &Lab, name: &str) -> bool {
    let github = lab.world.github();
    let id = github.job_by_name(name);
    let jobs = github.jobs();
    let found = jobs.iter().find(|job| Some(job.job) == id).unwrap();
    found.status == Status::Queued
}

#[tokio::test(start_paused = true)]
async fn a_runner_brought_for_a_recorded_job_is_not_given_to_one_recorded_only_as_queued() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    let (mine, busy) = runner_named(&lab, "mine").unwrap();
    assert!(!busy, "it waits for the recorded start");
    send(&lab, "in_progress", "then");
    lab.sleep(100.0).await;
    assert_eq!(started_on(&lab, 900), Some(Some(mine)));
    assert_eq!(runner_named(&lab, "mine"), Some((mine, true)));
    send(&lab, "completed", "then");
    lab.sleep(10.0).await;
    assert_eq!(runner_named(&lab, "mine"), None, "it ran its one job");
    assert!(is_queued(&lab, "train"), "it is stuck again");
    launch(&lab, "another").await;
    lab.sleep(300.0).await;
    assert!(!is_queued(&lab, "train"), "one of its own serves it");
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_comes_after_the_recorded_start_takes_the_job_up_if_it_was_launched_before() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    send(&lab, "in_progress", "then");
    launch(&lab, "another").await;
    lab.sleep(30.0).await;
    assert_eq!(started_on(&lab, 900), Some(None), "before it came");
    lab.sleep(270.0).await;
    let (mine, busy) = runner_named(&lab, "mine").unwrap();
    assert!(busy, "until the recorded end");
    let assigned = |id: u64| {
        lab.find(|what| matches!(what, What::RunnerAssigned { job, .. } if job.0 == id))
            .map(|event| event.event)
    };
    assert!(
        matches!(assigned(900), Some(What::RunnerAssigned { runner, .. }) if runner == mine),
        "{:?}",
        assigned(900)
    );
    assert!(
        matches!(assigned(899), Some(What::RunnerAssigned { runner, .. }) if runner != mine),
        "the other one is for whoever waits"
    );
    send(&lab, "completed", "then");
    lab.sleep(10.0).await;
    assert_eq!(runner_named(&lab, "mine"), None);
    assert_eq!(
        lab.count(|what| matches!(what, What::JobStarted { job, .. } if job.0 == 900)),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_was_kept_for_a_recorded_job_is_free_again_when_that_ends_without_it() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    assert!(is_queued(&lab, "train"));
    let cancelled = payload_of((900, "build"), "completed", "", Some("cancelled"));
    send_payload(&lab, &cancelled);
    lab.sleep(200.0).await;
    assert_eq!(started_on(&lab, 900), None);
    assert!(!is_queued(&lab, "train"), "nobody ran `build`");
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_end_alone_is_recorded_ran_on_its_runner_if_its_end_says_so() {
    for (conclusion, runner) in [("success", ""), ("cancelled", "then")] {
        let lab = stuck_beside_a_recorded_one();
        launch(&lab, "mine").await;
        lab.sleep(300.0).await;
        let (mine, _) = runner_named(&lab, "mine").unwrap();
        let over = payload_of((900, "build"), "completed", runner, Some(conclusion));
        send_payload(&lab, &over);
        lab.sleep(200.0).await;
        assert_eq!(started_on(&lab, 900), Some(Some(mine)), "{conclusion}");
        assert_eq!(runner_named(&lab, "mine"), None, "{conclusion}");
        assert!(is_queued(&lab, "train"), "{conclusion}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_whose_kept_runner_is_deleted_gets_the_next_one() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    let (mine, _) = runner_named(&lab, "mine").unwrap();
    let token = lab.token_for("recorded/repo").await;
    let path = format!("/repos/recorded/repo/actions/runners/{}", mine.0);
    let answer = lab.github("DELETE", &path, &token, Value::Null).await;
    assert_eq!(answer.status, 204, "an idle one can be deleted");
    launch(&lab, "another").await;
    lab.sleep(300.0).await;
    assert!(is_queued(&lab, "train"));
    send(&lab, "in_progress", "then");
    let (another, busy) = runner_named(&lab, "another").unwrap();
    assert_eq!((started_on(&lab, 900), busy), (Some(Some(another)), true));
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_outlives_the_runner_it_ran_on() {
    let lab = stuck_beside_a_recorded_one();
    let hf_job = launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    send(&lab, "in_progress", "then");
    lab.sleep(10.0).await;
    lab.hf(
        "POST",
        &format!("/api/jobs/lab/{}/cancel", hf_job.0),
        Value::Null,
    )
    .await;
    lab.sleep(900.0).await;
    assert_eq!(runner_named(&lab, "mine"), None);
    let jobs = lab.world.github().jobs();
    let build = jobs.iter().find(|job| job.job == JobId(900)).unwrap();
    assert_eq!(build.status, Status::InProgress, "until the recorded end");
}

#[tokio::test(start_paused = true)]
async fn a_job_of_which_only_the_start_was_recorded_ends_on_its_runner_by_the_ordinary_rules() {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress"]);
    send(&lab, "queued", "");
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    send(&lab, "in_progress", "then");
    lab.sleep(200.0).await;
    assert_eq!(
        lab.received_names(),
        ["build.queued", "build.in_progress", "build.completed"]
    );
    assert!(lab.world.github().runners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_was_launched_for_a_recorded_job_and_comes_after_its_end_is_used_up() {
    let lab = stuck_beside_a_recorded_one();
    let hf_job = launch(&lab, "mine").await;
    send(&lab, "in_progress", "then");
    send(&lab, "completed", "then");
    lab.sleep(300.0).await;
    assert_eq!(started_on(&lab, 900), Some(None));
    assert!(is_queued(&lab, "train"), "its runner ran `build` then");
    assert_eq!(runner_named(&lab, "mine"), None);
    assert_eq!(lab.stage(&hf_job).await, "COMPLETED");
    launch(&lab, "another").await;
    lab.sleep(300.0).await;
    assert!(!is_queued(&lab, "train"));
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_never_took_its_recorded_job_up_is_gone_though_the_recording_ended_it() {
    let refused = Effect::Answer(vocabulary::Answer::of(404, ""));
    let lab = stuck_beside_a_recorded_one();
    lab.world
        .faults()
        .install(vec![FaultRule::always("runner.acquire-job", refused)]);
    launch(&lab, "mine").await;
    lab.sleep(300.0).await;
    send(&lab, "in_progress", "then");
    lab.sleep(20.0).await;
    send(&lab, "completed", "then");
    lab.sleep(100.0).await;
    assert_eq!(
        runner_named(&lab, "mine"),
        None,
        "GitHub takes the job back"
    );
    assert!(is_queued(&lab, "train"));
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_could_not_hear_of_the_recorded_end_reports_it_when_it_can() {
    for (lasts, is_noticed) in [(50, false), (200, true)] {
        let lab = stuck_beside_a_recorded_one();
        let seconds = |count| Length::fixed(std::time::Duration::from_secs(count));
        let outage = Effect::LoseNetwork(Outage {
            at: RunnerPoint::InJob,
            after: seconds(5),
            lasts: seconds(lasts),
        });
        lab.world
            .faults()
            .install(vec![FaultRule::always("runner", outage)]);
        let hf_job = launch(&lab, "mine").await;
        lab.sleep(300.0).await;
        send(&lab, "in_progress", "then");
        lab.sleep(20.0).await;
        if !is_noticed {
            send(&lab, "completed", "then");
        }
        lab.sleep(400.0).await;
        assert_eq!(runner_named(&lab, "mine"), None, "{lasts}");
        assert_eq!(lab.stage(&hf_job).await, "COMPLETED", "{lasts}");
        let back = lab.count(|what| matches!(what, What::JobTakenBack { .. }));
        assert_eq!(back, usize::from(is_noticed), "{lasts}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_under_an_old_name_is_about_the_repository_that_had_it() {
    let lab = stuck_beside_a_recorded_one();
    let github = lab.world.github();
    assert!(github.rename_repo("recorded/repo", "recorded/new", None));
    send(&lab, "in_progress", "then");
    lab.sleep(1.0).await;
    let token = lab.token_for("recorded/new").await;
    let old = lab
        .github("GET", "/repos/recorded/repo", &token, Value::Null)
        .await;
    assert_eq!(old.status, 301, "{old:?}");
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_of_a_run_that_was_completed_over_it_stays_queued() {
    let lab = stuck_beside_a_recorded_one();
    launch(&lab, "mine").await;
    lab.sleep(100.0).await;
    let conclusion = RunConclusion::StartupFailure;
    assert!(
        lab.world
            .github()
            .complete_run_over_jobs(RunId(90), conclusion, None)
    );
    send(&lab, "in_progress", "then");
    lab.sleep(100.0).await;
    send(&lab, "completed", "then");
    lab.sleep(100.0).await;
    assert!(is_queued(&lab, "build"));
    assert_eq!(started_on(&lab, 900), None);
    assert_eq!(
        runner_named(&lab, "mine").map(|(_, busy)| busy),
        Some(false)
    );
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_that_is_cancelled_here_ends_with_a_webhook_of_its_own() {
    let lab = Lab::new();
    drive(&lab, &["queued", "in_progress", "completed"]);
    send(&lab, "queued", "");
    lab.sleep(1.0).await;
    lab.world.github().cancel_run(RunId(90), None);
    lab.sleep(10.0).await;
    assert_eq!(lab.received_names(), ["build.queued", "build.completed"]);
    send(&lab, "completed", "then");
    lab.sleep(10.0).await;
    let jobs = lab.world.github().jobs();
    assert_eq!(jobs[0].conclusion, Some(Conclusion::Cancelled));
}
