//! The labels of a runner can be read and changed; those GitHub gave it stay.

use fakes::github::Status;
use serde_json::{Value, json};

use crate::{lab::Lab, org_runners::register};

async fn labelled(lab: &Lab) -> String {
    let made = lab.jit("r", &["a", "b"]).await;
    format!(
        "/repos/octo/app/actions/runners/{}/labels",
        made.body["runner"]["id"]
    )
}

fn names(body: &Value) -> Vec<&str> {
    let labels = body["labels"].as_array().unwrap();
    assert_eq!(body["total_count"], labels.len());
    labels
        .iter()
        .map(|label| label["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn labels_can_be_added_replaced_and_taken_off() {
    let lab = Lab::new();
    let (path, token) = (labelled(&lab).await, lab.token().await);
    let call =
        async |method: &str, path: &str, body: Value| lab.github(method, path, &token, body).await;
    let listed = call("GET", &path, Value::Null).await;
    assert_eq!(
        listed.body["labels"][1],
        json!({"id": 2, "name": "b", "type": "custom"})
    );
    let added = call("POST", &path, json!({"labels": ["B", "c"]})).await;
    assert_eq!(
        names(&added.body),
        ["a", "b", "c"],
        "b was there, whatever its case"
    );
    let one_less = call("DELETE", &format!("{path}/A"), Value::Null).await;
    assert_eq!(names(&one_less.body), ["b", "c"]);
    assert_eq!(one_less.body["labels"][0]["id"], 2, "a label keeps its id");
    let set = call("PUT", &path, json!({"labels": ["c", "d"]})).await;
    assert_eq!(names(&set.body), ["c", "d"]);
    let none = call("DELETE", &path, Value::Null).await;
    assert_eq!((none.status, names(&none.body).len()), (200, 0));
}

#[tokio::test(start_paused = true)]
async fn read_only_labels_stay() {
    let lab = Lab::with(|settings| settings.github.runners.jit_default_labels = true);
    let (path, token) = (labelled(&lab).await, lab.token().await);
    let all_off = lab.github("DELETE", &path, &token, Value::Null).await;
    assert_eq!(names(&all_off.body), ["self-hosted", "Linux", "X64"]);
    assert_eq!(all_off.body["labels"][0]["type"], "read-only");
    let refused = lab
        .github("DELETE", &format!("{path}/linux"), &token, Value::Null)
        .await;
    assert_eq!(refused.status, 422);
    let unknown = lab
        .github("DELETE", &format!("{path}/nobody"), &token, Value::Null)
        .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test(start_paused = true)]
async fn refuses_no_labels_empty_labels_and_too_many() {
    let lab = Lab::new();
    let (path, token) = (labelled(&lab).await, lab.token().await);
    let many: Vec<String> = (0..101).map(|number| format!("l{number}")).collect();
    for (method, labels) in [
        ("POST", json!([])),
        ("POST", json!([" "])),
        ("POST", json!(many[..99])),
        ("PUT", json!(many)),
        ("PUT", json!("a")),
    ] {
        let refused = lab
            .github(method, &path, &token, json!({"labels": labels}))
            .await;
        assert_eq!(refused.status, 422, "{method} {labels}");
    }
    let elsewhere = path.replace("/repos/octo/app", "/orgs/octo");
    let unknown = lab.github("GET", &elsewhere, &token, Value::Null).await;
    assert_eq!(unknown.status, 404, "the organisation has no such runner");
}

#[tokio::test(start_paused = true)]
async fn an_idle_runner_gets_the_job_that_its_new_label_suits() {
    let lab = Lab::new();
    let runner = register(&lab, "octo/app", "r", true);
    lab.world.github().connect_runner(runner, None).unwrap();
    lab.queue("J1", &["a", "gpu"]);
    lab.sleep(5.0).await;
    assert_eq!(lab.world.github().jobs()[0].status, Status::Queued);
    let path = format!("/repos/octo/app/actions/runners/{}/labels", runner.0);
    let body = json!({"labels": ["GPU"]});
    assert_eq!(
        lab.github("POST", &path, &lab.token().await, body)
            .await
            .status,
        200
    );
    lab.sleep(1.0).await;
    assert_eq!(lab.world.github().jobs()[0].status, Status::InProgress);
}
