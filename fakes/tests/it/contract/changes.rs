//! What can be done to runs and jobs, their logs, their approvals, and the check runs beside them.

use fakes::NewJob;
use serde_json::{Value, json};

use super::{
    lab::job,
    session::{Caller, Session},
};

const RUNS: &str = "/repos/octo/app/actions/runs";
const JOBS: &str = "/repos/octo/app/actions/jobs";
const CHECKS: &str = "/repos/octo/app/check-runs";

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|_| {});
    let installation = session.installation().await;
    let id = session.lab.queue("done", &["done"]);
    session.lab.launch("done", &["done"]).await;
    session.lab.sleep(180.0).await;
    let run = session.lab.world.github().run_of(id).unwrap().0;
    finished(&session, &installation, run, id.0).await;
    approvals(&session, &installation).await;
    ends(&session, &installation, run).await;
    workflows(&installation).await;
    checks(&installation, id.0, run).await;
}

async fn finished(session: &Session, installation: &Caller, run: u64, job: u64) {
    let run = format!("{RUNS}/{run}");
    installation.get(200, &run).await;
    installation.get(200, &format!("{run}/attempts/1")).await;
    installation
        .get(200, &format!("{run}/attempts/1/jobs"))
        .await;
    installation.get(404, &format!("{run}/attempts/9")).await;
    for logs in [
        format!("{run}/logs"),
        format!("{run}/attempts/1/logs"),
        format!("{JOBS}/{job}/logs"),
    ] {
        let link = installation.get(302, &logs).await;
        let place = link.header("location").to_owned();
        let path = place
            .strip_prefix("https://api.github.com")
            .unwrap_or(&place);
        installation.ask_openly("GET", path, &Value::Null).await;
    }
    installation
        .post(
            201,
            &format!("{JOBS}/{job}/rerun"),
            json!({"enable_debug_logging": true}),
        )
        .await;
    session.lab.launch("again", &["done"]).await;
    session.lab.sleep(180.0).await;
    installation
        .post(201, &format!("{run}/rerun"), Value::Null)
        .await;
    installation
        .post(202, &format!("{run}/force-cancel"), Value::Null)
        .await;
    installation
        .post(409, &format!("{run}/force-cancel"), Value::Null)
        .await;
    installation
        .post(201, &format!("{run}/rerun-failed-jobs"), Value::Null)
        .await;
    installation
        .post(202, &format!("{run}/cancel"), Value::Null)
        .await;
    session.lab.sleep(5.0).await;
}

async fn approvals(session: &Session, installation: &Caller) {
    let github = session.lab.world.github();
    let gated = NewJob {
        needs_approval: true,
        ..job("gated", &["x"])
    };
    let gated = github.queue(gated, None).unwrap();
    let path = format!(
        "{RUNS}/{}/pending_deployments",
        github.run_of(gated).unwrap().0
    );
    let pending = installation.get(200, &path).await;
    let environment = pending.body[0]["environment"]["id"].clone();
    let review = json!({"environment_ids": [environment], "state": "approved", "comment": "go"});
    installation.post(200, &path, review).await;
    let forked = NewJob {
        from_fork: true,
        ..job("forked", &["x"])
    };
    github.queue(forked, None).unwrap();
    let held = installation
        .get(200, &format!("{RUNS}?status=action_required"))
        .await;
    let run = held.body["workflow_runs"][0]["id"].clone();
    installation
        .post(201, &format!("{RUNS}/{run}/approve"), Value::Null)
        .await;
    session.lab.sleep(5.0).await;
}

async fn ends(session: &Session, installation: &Caller, run: u64) {
    session.lab.sleep(5.0).await;
    installation
        .delete(204, &format!("{RUNS}/{run}/logs"))
        .await;
    let other = session.lab.queue("other", &["nobody"]);
    let github = session.lab.world.github();
    let other = github.run_of(other).unwrap();
    github.force_cancel_run(other, None);
    installation
        .delete(204, &format!("{RUNS}/{}", other.0))
        .await;
}

async fn workflows(installation: &Caller) {
    let path = "/repos/octo/app/actions/workflows";
    let all = installation.get(200, path).await;
    let id = all.body["workflows"][0]["id"].clone();
    installation.get(200, &format!("{path}/{id}")).await;
    installation.get(404, &format!("{path}/9")).await;
}

async fn checks(installation: &Caller, job: u64, run: u64) {
    let shown = installation.get(200, &format!("{CHECKS}/{job}")).await;
    let sha = shown.body["head_sha"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let made = installation
        .post(
            201,
            CHECKS,
            json!({"name": "dispatcher", "head_sha": sha, "status": "in_progress"}),
        )
        .await;
    let check = format!("{CHECKS}/{}", made.body["id"]);
    let output = json!({
        "title": "No runner", "summary": "Nobody serves this label.",
        "annotations": [{"path": "ci.yml", "start_line": 1, "end_line": 1,
            "annotation_level": "failure", "message": "no such flavor"}],
    });
    installation
        .patch(
            200,
            &check,
            json!({"conclusion": "failure", "output": output}),
        )
        .await;
    installation.get(200, &check).await;
    installation.get(200, &format!("{check}/annotations")).await;
    installation
        .get(200, &format!("/repos/octo/app/commits/{sha}/check-runs"))
        .await;
    installation
        .get(
            200,
            &format!("/repos/octo/app/check-suites/{run}/check-runs"),
        )
        .await;
}
