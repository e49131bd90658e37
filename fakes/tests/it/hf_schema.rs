//! HF jobs against their JSON Schema: what the most and the least a job can ask for look like, and that a
//! violation is found.

use serde_json::{Value, json};

use crate::lab::{Lab, hf_shape::wrong_with};

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
