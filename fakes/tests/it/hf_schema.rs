//! Every job, scheduled job and error that a test of HF's API meets is held against their JSON Schema,
//! `hf-jobs.schema.json`: see [`check`], which `Lab` calls with every answer.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

fn validator(name: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(include_str!("../hf-jobs.schema.json")).unwrap();
    schema["$ref"] = json!(format!("#/$defs/{name}"));
    jsonschema::validator_for(&schema).unwrap()
}

static JOB: LazyLock<Validator> = LazyLock::new(|| validator("job"));
static SCHEDULED_JOB: LazyLock<Validator> = LazyLock::new(|| validator("scheduled-job"));
static ERROR: LazyLock<Validator> = LazyLock::new(|| validator("error"));

fn violations(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|wrong| format!("{}: {wrong}", wrong.instance_path()))
        .collect()
}

/// What is wrong with one object of an answer.
fn wrong_with(value: &Value) -> Vec<String> {
    match value["type"].as_str() {
        Some("job") => violations(&JOB, value),
        Some("scheduled-job") => violations(&SCHEDULED_JOB, value),
        _ => Vec::new(),
    }
}

/// Panics at an answer that HF could not have given.
pub(crate) fn check(answer: &Answer) {
    // A fault's own answer is nobody's promise.
    let wrong = if answer.headers.contains_key("x-error-message") {
        violations(&ERROR, &answer.body)
    } else if let Some(items) = answer.body.as_array() {
        items.iter().flat_map(wrong_with).collect()
    } else {
        wrong_with(&answer.body)
    };
    assert!(wrong.is_empty(), "{wrong:#?}\n{:#}", answer.body);
}

/// A job that asks for everything there is.
pub(crate) fn full_job() -> Value {
    json!({
        "flavor": "t4-small", "dockerImage": "ubuntu", "command": ["sleep"], "arguments": ["60"],
        "environment": {"AB": "c"}, "secrets": {"HF_TOKEN": "hunter2", "B": ""}, "arch": "amd64",
        "timeoutSeconds": 600, "attempts": 3, "labels": {"env": "prod", "empty": ""},
        "volumes": [
            {"type": "bucket", "source": "lab/b", "mountPath": "/b"},
            {"type": "model", "source": "lab/m", "mountPath": "/m", "revision": "main", "readOnly": true, "path": "x"},
        ],
        "expose": {"ports": [8000, 9000], "portsPublic": [9000]}, "ssh": {"enabled": true},
        "resourceGroupId": "0123456789abcdef01234567",
    })
}

#[tokio::test(start_paused = true)]
async fn a_job_that_asks_for_everything_shows_everything() {
    let lab = Lab::with(|settings| {
        let group = ("0123456789abcdef01234567".to_owned(), "builds".to_owned());
        settings.hf.resource_groups.extend([group]);
    });
    let made = lab.hf("POST", "/api/jobs/lab", full_job()).await.body;
    let id = made["id"].as_str().unwrap().to_owned();
    let mut wanted = full_job();
    for (sent, shown) in [("timeoutSeconds", "timeout"), ("attempts", "retry")] {
        wanted[shown] = wanted[sent].take();
        wanted.as_object_mut().unwrap().remove(sent);
    }
    wanted["retry"] = json!(2);
    wanted["secrets"] = json!(["B", "HF_TOKEN"]);
    wanted["resourceGroup"] = json!({"id": "0123456789abcdef01234567", "name": "builds"});
    wanted.as_object_mut().unwrap().remove("ssh");
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    let urls = json!([
        format!("https://{id}--8000.hf.jobs"),
        format!("https://{id}--9000.hf.jobs")
    ]);
    assert_eq!(made["status"]["exposeUrls"], urls);
    assert_eq!(made["status"]["sshUrl"], format!("ssh://{id}@ssh.hf.jobs"));
    assert!(made.get("durations").is_none() && made.get("startedAt").is_none());
    assert!(!made.to_string().contains("hunter2"));
    lab.sleep(25.0).await;
    let running = lab
        .hf("GET", &format!("/api/jobs/lab/{id}"), Value::Null)
        .await
        .body;
    assert_eq!(running["durations"], json!({"schedulingSecs": 20}));
    lab.sleep(600.0).await;
    let ended = lab
        .hf("GET", &format!("/api/jobs/lab/{id}"), Value::Null)
        .await
        .body;
    assert_eq!(
        ended["durations"],
        json!({"schedulingSecs": 20, "runningSecs": 80, "totalSecs": 100})
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_that_asks_for_nothing_shows_no_more_than_it_must() {
    let lab = Lab::with(|settings| settings.hf.namespaces.push("org".to_owned()));
    let body = json!({"flavor": "cpu-basic", "spaceId": "lab/space"});
    let made = lab.hf("POST", "/api/jobs/org", body).await.body;
    let names: Vec<&str> = made
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let wanted = [
        "createdAt",
        "createdBy",
        "environment",
        "flavor",
        "id",
        "initiator",
        "labels",
        "owner",
        "retry",
        "spaceId",
        "status",
        "type",
    ];
    assert_eq!(names, wanted);
    assert_eq!(
        (&made["owner"]["type"], &made["initiator"]["type"]),
        (&json!("org"), &json!("user"))
    );
}

#[test]
fn what_does_not_belong_there_is_a_violation() {
    let job = json!({
        "type": "job", "id": "0123456789abcdef01234567", "createdAt": "2026-11-03T10:00:00.000Z",
        "environment": {}, "flavor": "cpu-basic", "createdBy": {"id": "0123456789abcdef01234567", "name": "lab"},
        "owner": {"id": "0123456789abcdef01234567", "name": "lab", "type": "user", "avatarUrl": ""},
        "status": {"stage": "RUNNING", "message": null},
    });
    assert_eq!(wrong_with(&job), Vec::<String>::new());
    let cases: [(&str, Value); 6] = [
        ("/timeoutSeconds", json!(5)),
        ("/secrets", json!({"A": "b"})),
        ("/status/stage", json!("CANCELLED")),
        ("/createdAt", json!("2026-11-03T10:00:00Z")),
        ("/flavor", json!("h100")),
        ("/owner/type", json!("bot")),
    ];
    for (place, value) in cases {
        let mut job = job.clone();
        match job.pointer_mut(place) {
            Some(old) => *old = value,
            None => job[&place[1..]] = value,
        }
        assert!(!wrong_with(&job).is_empty(), "{place}");
    }
}
