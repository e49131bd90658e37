//! Self-hosted runners: tokens, configurations, and runners in every state.

use serde_json::json;

use super::session::{Caller, Session};

const RUNNERS: &str = "/repos/octo/app/actions/runners";
const JIT: &str = "/repos/octo/app/actions/runners/generate-jitconfig";

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|_| {});
    let installation = session.installation().await;
    installation
        .post(201, &format!("{RUNNERS}/registration-token"), json!({}))
        .await;
    configurations(&installation).await;
    listings(&installation).await;
    states(&session, &installation).await;
    installation
        .get(200, "/repos/actions/runner/releases/latest")
        .await;
    installation
        .get(404, "/repos/octo/app/releases/latest")
        .await;
}

async fn configurations(installation: &Caller) {
    let plain = json!({"name": "r1", "runner_group_id": 1, "labels": ["gpu", "Linux"]});
    installation.post(201, JIT, plain.clone()).await;
    installation.post(409, JIT, plain).await;
    let whole = json!({"name": "r2", "runner_group_id": 1, "labels": ["gpu"], "work_folder": "_w"});
    installation.post(201, JIT, whole).await;
    for wrong in [
        json!({"name": "r3", "runner_group_id": 1, "labels": []}),
        json!({"name": "", "runner_group_id": 1, "labels": ["gpu"]}),
        json!({"runner_group_id": 1, "labels": ["gpu"]}),
    ] {
        installation.post(422, JIT, wrong).await;
    }
}

async fn listings(installation: &Caller) {
    for number in 3..8 {
        let body =
            json!({"name": format!("r{number}"), "runner_group_id": 1, "labels": ["listed"]});
        installation.post(201, JIT, body).await;
    }
    for query in [
        "",
        "?per_page=3",
        "?per_page=3&page=2",
        "?per_page=3&page=3",
        "?page=9",
        "?name=r4",
        "?name=nobody",
    ] {
        installation.get(200, &format!("{RUNNERS}{query}")).await;
    }
    let path = format!("/api/v3{RUNNERS}?per_page=2&page=2");
    installation.get(200, &path).await;
}

/// Never seen, online, busy, registered by token, offline, gone.
async fn states(session: &Session, installation: &Caller) {
    let lab = &session.lab;
    lab.launch("idle", &["idle"]).await;
    lab.launch("busy", &["busy"]).await;
    lab.launch_registering("registered", "own").await;
    lab.queue("J1", &["busy"]);
    lab.sleep(50.0).await;
    let listed = installation.get(200, RUNNERS).await;
    for runner in listed.body["runners"].as_array().unwrap() {
        let path = format!("{RUNNERS}/{}", runner["id"]);
        installation.get(200, &path).await;
        if runner["name"] == "busy" {
            assert_eq!(runner["busy"], true);
            installation.delete(422, &path).await;
        } else {
            installation.delete(204, &path).await;
            installation.get(404, &path).await;
        }
    }
}
