//! Runner groups: which repositories of an organisation a runner may serve.

use fakes::{NewJob, NewRunner, RepoSettings, github::Status, ids::RunnerId};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, job};

const GROUPS: &str = "/orgs/octo/actions/runner-groups";

/// `octo/app` is public, `octo/secret` private.
fn lab() -> Lab {
    Lab::with(|settings| {
        settings.github.repos.push(RepoSettings {
            private: true,
            ..RepoSettings::installed("octo/secret")
        });
    })
}

async fn call(lab: &Lab, method: &str, path: &str, body: Value) -> Answer {
    let path = format!("{GROUPS}{path}");
    lab.github(method, &path, &lab.token().await, body).await
}

async fn repo_id(lab: &Lab, name: &str) -> u64 {
    let all = lab
        .github(
            "GET",
            "/installation/repositories",
            &lab.token().await,
            Value::Null,
        )
        .await;
    let all = all.body["repositories"].as_array().unwrap().clone();
    let found = all.iter().find(|repo| repo["full_name"] == name).unwrap();
    found["id"].as_u64().unwrap()
}

fn online(lab: &Lab, name: &str, group: &str) -> RunnerId {
    let runner = NewRunner {
        owner: "octo".to_owned(),
        name: name.to_owned(),
        labels: vec!["a".to_owned()],
        group: Some(group.to_owned()),
        ephemeral: false,
    };
    let id = lab.world.github().register_runner(runner, None).unwrap();
    lab.world.github().connect_runner(id, None).unwrap();
    id
}

fn queue(lab: &Lab, name: &str, repo: &str, group: Option<&str>) {
    let wanted = NewJob {
        repo: repo.to_owned(),
        group: group.map(str::to_owned),
        ..job(name, &["a"])
    };
    lab.world.github().queue(wanted, None).unwrap();
}

fn status(lab: &Lab, name: &str) -> Status {
    let jobs = lab.world.github().jobs();
    jobs.iter().find(|job| job.name == name).unwrap().status
}

#[tokio::test(start_paused = true)]
async fn every_organisation_has_the_default_group_which_stays() {
    let lab = lab();
    let listed = call(&lab, "GET", "", Value::Null).await;
    assert_eq!(listed.body["total_count"], 1);
    let default = &listed.body["runner_groups"][0];
    assert_eq!(
        (&default["id"], &default["name"], &default["default"]),
        (&json!(1), &json!("Default"), &json!(true))
    );
    assert!(
        default["runners_url"]
            .as_str()
            .unwrap()
            .ends_with("/orgs/octo/actions/runner-groups/1/runners")
    );
    assert_eq!(call(&lab, "DELETE", "/1", Value::Null).await.status, 422);
    assert_eq!(call(&lab, "GET", "/2", Value::Null).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_made_changed_and_deleted_and_its_runners_go_back() {
    let lab = lab();
    let made = call(&lab, "POST", "", json!({"name": "gpu"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(
        (
            &made.body["id"],
            &made.body["visibility"],
            &made.body["allows_public_repositories"]
        ),
        (&json!(2), &json!("all"), &json!(false))
    );
    let again = call(&lab, "POST", "", json!({"name": "GPU"})).await;
    assert_eq!(again.status, 409);
    let change = json!({"name": "gpus", "restricted_to_workflows": true, "selected_workflows": ["octo/app/.github/workflows/ci.yml@main"]});
    let changed = call(&lab, "PATCH", "/2", change).await;
    assert_eq!(
        (
            &changed.body["name"],
            &changed.body["restricted_to_workflows"]
        ),
        (&json!("gpus"), &json!(true))
    );
    online(&lab, "r", "gpus");
    let runners = call(&lab, "GET", "/2/runners", Value::Null).await;
    assert_eq!(runners.body["runners"][0]["runner_group_id"], 2);
    assert_eq!(call(&lab, "DELETE", "/2", Value::Null).await.status, 204);
    let runners = call(&lab, "GET", "/1/runners", Value::Null).await;
    assert_eq!(runners.body["runners"][0]["runner_group_id"], 1);
}

#[tokio::test(start_paused = true)]
async fn only_an_enterprises_organisation_makes_groups() {
    let lab = Lab::with(|settings| settings.github.runners.groups_can_be_created = false);
    assert_eq!(
        call(&lab, "POST", "", json!({"name": "gpu"})).await.status,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_group_serves_public_repositories_only_once_it_is_allowed_to() {
    let lab = lab();
    call(&lab, "POST", "", json!({"name": "gpu"})).await;
    online(&lab, "r", "gpu");
    queue(&lab, "public", "octo/app", None);
    queue(&lab, "private", "octo/secret", None);
    lab.sleep(100.0).await;
    assert_eq!(status(&lab, "public"), Status::Queued);
    assert_eq!(status(&lab, "private"), Status::Completed);
    let allow = json!({"name": "gpu", "allows_public_repositories": true});
    assert_eq!(call(&lab, "PATCH", "/2", allow).await.status, 200);
    lab.sleep(1.0).await;
    assert_eq!(status(&lab, "public"), Status::InProgress);
}

#[tokio::test(start_paused = true)]
async fn a_selected_group_serves_the_repositories_on_its_list() {
    let lab = lab();
    let (app, secret) = (
        repo_id(&lab, "octo/app").await,
        repo_id(&lab, "octo/secret").await,
    );
    let group = json!({"name": "gpu", "visibility": "selected", "allows_public_repositories": true, "selected_repository_ids": [app]});
    let made = call(&lab, "POST", "", group).await;
    assert!(made.body["selected_repositories_url"].is_string());
    online(&lab, "r", "gpu");
    queue(&lab, "J1", "octo/secret", None);
    lab.sleep(1.0).await;
    assert_eq!(status(&lab, "J1"), Status::Queued);
    let visible = call(&lab, "GET", "?visible_to_repository=secret", Value::Null).await;
    assert_eq!(visible.body["total_count"], 1, "the default group only");

    let one = format!("/2/repositories/{secret}");
    assert_eq!(call(&lab, "PUT", &one, Value::Null).await.status, 204);
    lab.sleep(1.0).await;
    assert_eq!(status(&lab, "J1"), Status::InProgress);
    let listed = call(&lab, "GET", "/2/repositories", Value::Null).await;
    assert_eq!(listed.body["total_count"], 2);
    assert_eq!(call(&lab, "DELETE", &one, Value::Null).await.status, 204);
    assert_eq!(call(&lab, "DELETE", &one, Value::Null).await.status, 404);
    let list = json!({"selected_repository_ids": [secret]});
    assert_eq!(call(&lab, "PUT", "/2/repositories", list).await.status, 204);
    let listed = call(&lab, "GET", "/2/repositories", Value::Null).await;
    assert_eq!(listed.body["repositories"][0]["full_name"], "octo/secret");
    let strange = json!({"selected_repository_ids": [1]});
    assert_eq!(
        call(&lab, "PUT", "/2/repositories", strange).await.status,
        422
    );
    let not_by_list = call(
        &lab,
        "PUT",
        &format!("/1/repositories/{secret}"),
        Value::Null,
    )
    .await;
    assert_eq!(not_by_list.status, 422);
}

#[tokio::test(start_paused = true)]
async fn runners_move_between_groups() {
    let lab = lab();
    call(&lab, "POST", "", json!({"name": "gpu"})).await;
    let (one, two) = (
        online(&lab, "one", "Default"),
        online(&lab, "two", "Default"),
    );
    let add = format!("/2/runners/{}", one.0);
    assert_eq!(call(&lab, "PUT", &add, Value::Null).await.status, 204);
    let set = json!({"runners": [two.0]});
    assert_eq!(call(&lab, "PUT", "/2/runners", set).await.status, 204);
    let listed = call(&lab, "GET", "/2/runners", Value::Null).await;
    assert_eq!(
        (
            &listed.body["total_count"],
            &listed.body["runners"][0]["name"]
        ),
        (&json!(1), &json!("two"))
    );
    let off = format!("/2/runners/{}", two.0);
    assert_eq!(call(&lab, "DELETE", &off, Value::Null).await.status, 204);
    assert_eq!(call(&lab, "DELETE", &off, Value::Null).await.status, 404);
    assert_eq!(
        call(&lab, "PUT", "/2/runners/7", Value::Null).await.status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_names_a_group_gets_a_runner_of_that_group() {
    let lab = lab();
    call(&lab, "POST", "", json!({"name": "gpu"})).await;
    online(&lab, "plain", "Default");
    queue(&lab, "J1", "octo/secret", Some("GPU"));
    lab.sleep(1.0).await;
    assert_eq!(status(&lab, "J1"), Status::Queued);
    assert_eq!(
        lab.received()[0].body["workflow_job"]["runner_group_name"],
        Value::Null
    );
    online(&lab, "special", "gpu");
    lab.sleep(1.0).await;
    let started = &lab.received()[1].body["workflow_job"];
    assert_eq!(
        (
            &started["runner_name"],
            &started["runner_group_id"],
            &started["runner_group_name"]
        ),
        (&json!("special"), &json!(2), &json!("gpu"))
    );
}
