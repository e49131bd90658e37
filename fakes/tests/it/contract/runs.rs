//! Workflow runs and jobs, in every state and with every end.

use std::time::Duration;

use fakes::{NewJob, history::Conclusion};
use serde_json::{Value, json};

use super::{
    lab::job,
    session::{Caller, Session},
};

const RUNS: &str = "/repos/octo/app/actions/runs";
const JOBS: &str = "/repos/octo/app/actions/jobs";
const CONCLUSIONS: [Conclusion; 7] = [
    Conclusion::Success,
    Conclusion::Failure,
    Conclusion::Cancelled,
    Conclusion::Skipped,
    Conclusion::TimedOut,
    Conclusion::Neutral,
    Conclusion::ActionRequired,
];

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|_| {});
    let github = session.lab.world.github();
    let waiting = NewJob {
        needs_approval: true,
        ..job("waiting", &["a"])
    };
    let waiting = github.queue(waiting, None).unwrap();
    let queued = session.lab.queue("queued", &["nobody has this"]);
    for (number, conclusion) in CONCLUSIONS.into_iter().enumerate() {
        let ending = NewJob {
            conclusion,
            run: Some("R".to_owned()),
            ..job(&format!("ending {number}"), &[&format!("e{number}")])
        };
        github.queue(ending, None).unwrap();
        let label = format!("e{number}");
        session
            .lab
            .launch(&format!("r{number}"), &[label.as_str()])
            .await;
    }
    session.lab.sleep(70.0).await;
    look(&session.installation().await).await;
    session.lab.sleep(60.0).await;
    let installation = session.installation().await;
    look(&installation).await;
    cancellations(&session, &installation, queued).await;
    let run = github.run_of(waiting).unwrap();
    github.approve(run, None);
    look(&installation).await;
    reruns(&session, &installation).await;
}

/// Every run and every job, by every way that leads to them.
async fn look(installation: &Caller) {
    for query in ["", "?per_page=1", "?per_page=1&page=2", "?page=9"] {
        installation.get(200, &format!("{RUNS}{query}")).await;
    }
    for status in [
        "completed",
        "failure",
        "in_progress",
        "queued",
        "success",
        "waiting",
    ] {
        let path = format!("{RUNS}?status={status}");
        installation.get(200, &path).await;
    }
    installation
        .get(422, &format!("{RUNS}?status=finished"))
        .await;
    let runs = installation.get(200, RUNS).await;
    for run in runs.body["workflow_runs"].as_array().unwrap() {
        let path = format!("{RUNS}/{}/jobs", run["id"]);
        for query in ["", "?filter=latest&per_page=2", "?filter=all"] {
            installation.get(200, &format!("{path}{query}")).await;
        }
        installation.get(422, &format!("{path}?filter=odd")).await;
        let jobs = installation.get(200, &path).await;
        for job in jobs.body["jobs"].as_array().unwrap() {
            installation
                .get(200, &format!("{JOBS}/{}", job["id"]))
                .await;
        }
    }
}

async fn cancellations(session: &Session, installation: &Caller, job: fakes::ids::JobId) {
    let run = session.lab.world.github().run_of(job).unwrap();
    let path = format!("{RUNS}/{}/cancel", run.0);
    installation.post(202, &path, Value::Null).await;
    installation.post(409, &path, json!({})).await;
    installation.get(200, &format!("{JOBS}/{}", job.0)).await;
}

/// A second attempt of the failed jobs, and one that ends while the runner is at work.
async fn reruns(session: &Session, installation: &Caller) {
    let (lab, github) = (&session.lab, session.lab.world.github());
    let first = github.job_by_name("ending 0").unwrap();
    let run = github.run_of(first).unwrap();
    assert!(!github.rerun(run, true, None).is_empty());
    lab.sleep(1.0).await;
    look(installation).await;
    let long = NewJob {
        runs_for: Duration::from_secs(3600),
        ..job("stopped", &["long"])
    };
    let long = github.queue(long, None).unwrap();
    lab.launch("stopped", &["long"]).await;
    lab.sleep(60.0).await;
    let path = format!("{RUNS}/{}/cancel", github.run_of(long).unwrap().0);
    installation.post(202, &path, Value::Null).await;
    lab.sleep(60.0).await;
    look(installation).await;
}
