//! What an organisation has: runners and their labels, runner groups. Labels are asked for in both homes.

use fakes::{NewRunner, RepoSettings};
use serde_json::{Value, json};

use super::session::{Caller, Session};

const ORG: &str = "/orgs/octo/actions/runners";
const REPO: &str = "/repos/octo/app/actions/runners";
const GROUPS: &str = "/orgs/octo/actions/runner-groups";

pub(crate) async fn ask(session: &Session) {
    let session = session.beside(|settings| {
        settings
            .github
            .repos
            .push(RepoSettings::installed("octo/other"));
    });
    let installation = session.installation().await;
    runners(&installation).await;
    for home in [ORG, REPO] {
        labels(&installation, home).await;
    }
    groups(&session, &installation).await;
    default_labels(&session).await;
}

/// A default label cannot be taken away.
async fn default_labels(session: &Session) {
    let session = session.beside(|settings| settings.github.runners.jit_default_labels = true);
    let installation = session.installation().await;
    for home in [ORG, REPO] {
        let jit = format!("{home}/generate-jitconfig");
        let body = json!({"name": "fixed", "runner_group_id": 1, "labels": ["gpu"]});
        let made = installation.post(201, &jit, body).await;
        let path = format!("{home}/{}/labels/Linux", made.body["runner"]["id"]);
        installation.delete(422, &path).await;
    }
}

async fn runners(installation: &Caller) {
    for home in [ORG, REPO] {
        installation.get(200, &format!("{home}/downloads")).await;
        for purpose in ["registration-token", "remove-token"] {
            installation
                .post(201, &format!("{home}/{purpose}"), Value::Null)
                .await;
        }
    }
    let jit = format!("{ORG}/generate-jitconfig");
    let body = json!({"name": "o1", "runner_group_id": 1, "labels": ["gpu"]});
    let made = installation.post(201, &jit, body.clone()).await;
    installation.post(409, &jit, body).await;
    let wrong = json!({"name": "o2", "runner_group_id": 1, "labels": []});
    installation.post(422, &jit, wrong).await;
    let unknown = json!({"name": "o3", "runner_group_id": 99, "labels": ["gpu"]});
    installation.post(404, &jit, unknown).await;
    installation.get(200, &format!("{ORG}?per_page=1")).await;
    let path = format!("{ORG}/{}", made.body["runner"]["id"]);
    installation.get(200, &path).await;
    installation.delete(204, &path).await;
    installation.get(404, &path).await;
}

async fn labels(installation: &Caller, home: &str) {
    let jit = format!("{home}/generate-jitconfig");
    let body = json!({"name": "labelled", "runner_group_id": 1, "labels": ["gpu", "big"]});
    let made = installation.post(201, &jit, body).await;
    let path = format!("{home}/{}/labels", made.body["runner"]["id"]);
    installation.get(200, &path).await;
    installation
        .post(200, &path, json!({"labels": ["more"]}))
        .await;
    installation
        .put(200, &path, json!({"labels": ["only", "these"]}))
        .await;
    installation.delete(200, &format!("{path}/only")).await;
    installation.delete(404, &format!("{path}/only")).await;
    installation.delete(200, &path).await;
    installation.put(422, &path, json!({"labels": 7})).await;
    installation.post(422, &path, json!({})).await;
    let nobody = format!("{home}/9/labels");
    let labels = json!({"labels": ["x"]});
    installation.post(404, &nobody, labels.clone()).await;
    installation.put(404, &nobody, labels).await;
}

async fn groups(session: &Session, installation: &Caller) {
    let wanted =
        json!({"name": "gpus", "visibility": "selected", "allows_public_repositories": true});
    let made = installation.post(201, GROUPS, wanted).await;
    let group = format!("{GROUPS}/{}", made.body["id"]);
    installation.get(200, GROUPS).await;
    installation.get(200, &group).await;
    installation
        .patch(
            200,
            &group,
            json!({"name": "big", "visibility": "selected"}),
        )
        .await;
    let all = installation.get(200, "/installation/repositories").await;
    let repo = all.body["repositories"][0]["id"].as_u64().unwrap();
    let repositories = format!("{group}/repositories");
    installation
        .put(
            204,
            &repositories,
            json!({"selected_repository_ids": [repo]}),
        )
        .await;
    installation.get(200, &repositories).await;
    installation
        .put(204, &format!("{repositories}/{repo}"), Value::Null)
        .await;
    installation
        .delete(204, &format!("{repositories}/{repo}"))
        .await;
    let runner = NewRunner {
        owner: "octo".to_owned(),
        name: "member".to_owned(),
        labels: vec!["gpu".to_owned()],
        group: None,
        ephemeral: false,
    };
    let github = session.lab.world.github();
    let runner = github.register_runner(runner, None).unwrap().0;
    let runners = format!("{group}/runners");
    installation
        .put(204, &format!("{runners}/{runner}"), Value::Null)
        .await;
    installation.get(200, &runners).await;
    installation
        .delete(204, &format!("{runners}/{runner}"))
        .await;
    installation
        .put(204, &runners, json!({"runners": [runner]}))
        .await;
    installation.delete(204, &group).await;
    refused(session, installation).await;
    installation.get(404, &group).await;
}

/// A busy runner cannot be deleted.
async fn refused(session: &Session, installation: &Caller) {
    let lab = &session.lab;
    let github = lab.world.github();
    let runner = NewRunner {
        owner: "octo".to_owned(),
        name: "taken".to_owned(),
        labels: vec!["taken".to_owned()],
        group: None,
        ephemeral: true,
    };
    let id = github.register_runner(runner, None).unwrap();
    github.connect_runner(id, None).unwrap();
    lab.queue("takes it", &["taken"]);
    lab.sleep(5.0).await;
    installation.delete(422, &format!("{ORG}/{}", id.0)).await;
}
