//! HF's API: who may call it, what it accepts, how it lists.

use fakes::{
    history::{CredentialState, What},
    ids::HfJobId,
};
use serde_json::{Value, json};

use crate::lab::Lab;

fn body(labels: &Value) -> Value {
    json!({"flavor": "cpu-basic", "dockerImage": "ubuntu", "command": ["true"], "labels": labels})
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_is_401_and_a_foreign_namespace_403() {
    let lab = Lab::with(|settings| settings.hf.namespaces.push("org".to_owned()));
    for auth in ["Bearer hf_wrong", "token hf_lab", "Bearer"] {
        let answer = lab
            .hf_as(auth, "POST", "/api/jobs/lab", body(&json!({})))
            .await;
        assert_eq!(answer.status, 401, "{auth}");
        assert_eq!(
            answer.header("x-error-message"),
            "Invalid credentials in Authorization header"
        );
        assert_eq!(
            answer.body["error"],
            "Invalid credentials in Authorization header"
        );
    }
    let received = lab
        .find(|what| matches!(what, What::CallReceived { .. }))
        .unwrap();
    let What::CallReceived {
        credential: Some(credential),
        ..
    } = received.event
    else {
        panic!()
    };
    assert_eq!(credential.state, CredentialState::Unknown);
    let foreign = lab.hf("POST", "/api/jobs/somebody", body(&json!({}))).await;
    let text = "You don't have the required permissions to complete this action on namespace somebody, missing permissions: job.write";
    assert_eq!(
        (foreign.status, foreign.header("x-error-message")),
        (403, text)
    );
    assert_eq!(
        lab.hf("POST", "/api/jobs/org", body(&json!({})))
            .await
            .status,
        200
    );
    assert!(!foreign.header("x-request-id").is_empty());
    assert_eq!(foreign.header("date"), "Tue, 03 Nov 2026 10:00:00 GMT");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_job_is_400_with_its_reason_in_body_and_header() {
    let lab = Lab::new();
    let answer = lab
        .hf(
            "POST",
            "/api/jobs/lab",
            json!({"flavor": "h100", "dockerImage": "u", "command": ["x"]}),
        )
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["error"], answer.header("x-error-message"));
    assert_eq!(
        lab.hf("POST", "/api/jobs/lab", json!("text")).await.status,
        400
    );
    assert!(lab.world.hf().jobs().is_empty());
    assert_eq!(lab.count(|what| matches!(what, What::CallEffect { .. })), 0);
}

#[tokio::test(start_paused = true)]
async fn a_job_answers_with_its_secrets_as_names_only() {
    let lab = Lab::new();
    let mut wanted = body(&json!({"env": "prod"}));
    wanted["secrets"] = json!({"RUNNER_TOKEN": "hunter2"});
    wanted["environment"] = json!({"RUNNER_NAME": "r"});
    wanted["timeoutSeconds"] = json!(5400);
    wanted["attempts"] = json!(2);
    let made = lab.hf("POST", "/api/jobs/lab", wanted).await.body;
    let id = made["id"].as_str().unwrap();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(made["secrets"], json!(["RUNNER_TOKEN"]));
    assert!(!made.to_string().contains("hunter2"));
    assert_eq!(
        (&made["timeout"], &made["retry"], &made["type"]),
        (&json!(5400), &json!(1), &json!("job"))
    );
    assert_eq!(
        (&made["status"]["stage"], &made["status"]["message"]),
        (&json!("SCHEDULING"), &json!("Job is waiting for hardware"))
    );
    assert_eq!(
        (&made["owner"]["name"], &made["owner"]["type"]),
        (&json!("lab"), &json!("user"))
    );
    // Python's client demands the initiator's type.
    let initiator = &made["initiator"];
    assert_eq!(
        (&initiator["name"], &initiator["type"], &initiator["id"]),
        (&json!("lab"), &json!("user"), &made["owner"]["id"])
    );
    assert_eq!(
        (&made["createdAt"], &made["createdBy"]["name"]),
        (&json!("2026-11-03T10:00:00.000Z"), &json!("lab"))
    );
    assert_eq!(
        lab.hf("GET", &format!("/api/jobs/lab/{id}"), Value::Null)
            .await
            .body,
        made
    );
    assert_eq!(
        lab.hf("GET", "/api/jobs/lab/000000000000000000000000", Value::Null)
            .await
            .status,
        404
    );
    assert_eq!(
        lab.hf(
            "POST",
            "/api/jobs/lab/000000000000000000000000/cancel",
            Value::Null
        )
        .await
        .status,
        404
    );
    let created = lab
        .find(|what| matches!(what, What::HfCreated { .. }))
        .unwrap();
    assert!(matches!(
        created.event,
        What::HfCreated {
            timeout_s: 5400,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_timeout_gets_30_minutes() {
    let lab = Lab::new();
    let made = lab.hf("POST", "/api/jobs/lab", body(&json!({}))).await.body;
    assert!(made.get("timeout").is_none());
    let created = lab
        .find(|what| matches!(what, What::HfCreated { .. }))
        .unwrap();
    assert!(matches!(
        created.event,
        What::HfCreated {
            timeout_s: 1800,
            ..
        }
    ));
}

#[tokio::test(start_paused = true)]
async fn the_list_is_newest_first_filtered_and_paged() {
    let lab = Lab::with(|settings| settings.hf.page_size = 2);
    let mut ids = Vec::new();
    for number in 0..5 {
        let labels = json!({"run": "a", "odd": (number % 2).to_string()});
        let made = lab.hf("POST", "/api/jobs/lab", body(&labels)).await.body;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let all = async |query: &str| {
        let mut found = Vec::new();
        let mut next = Some(format!("/api/jobs/lab{query}"));
        while let Some(path) = next {
            let page = lab.hf("GET", &path, Value::Null).await;
            assert!(page.body.as_array().unwrap().len() <= 2);
            found.extend(
                page.body
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|job| job["id"].as_str().unwrap().to_owned()),
            );
            next = page.next();
        }
        found
    };
    let pick = |numbers: &[usize]| {
        numbers
            .iter()
            .map(|&number| ids[number].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(all("").await, pick(&[4, 3, 2, 1, 0]));
    assert_eq!(all("?label=odd%3D1&label=run%3Da").await, pick(&[3, 1]));
    assert!(all("?label=odd%3D1&label=run%3Db").await.is_empty());
    let cancel = format!("/api/jobs/lab/{}/cancel", ids[2]);
    assert_eq!(lab.hf("POST", &cancel, Value::Null).await.status, 200);
    assert_eq!(all("?stage=CANCELED").await, pick(&[2]));
    assert_eq!(all("?stage=CANCELED&stage=SCHEDULING").await.len(), 5);
    for bad in [
        "?stage=CANCELLED",
        "?label=novalue",
        "?label=a/b%3Dc",
        "?cursor=x",
    ] {
        assert_eq!(
            lab.hf("GET", &format!("/api/jobs/lab{bad}"), Value::Null)
                .await
                .status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn hardware_is_public_and_priced() {
    let lab = Lab::new();
    let hardware = lab
        .hf_as("", "GET", "/api/jobs/hardware", Value::Null)
        .await
        .body;
    let flavors = hardware.as_array().unwrap();
    assert_eq!(flavors.len(), 26);
    let basic = flavors
        .iter()
        .find(|flavor| flavor["name"] == "cpu-basic")
        .unwrap();
    assert_eq!(
        basic,
        &json!({"name": "cpu-basic", "prettyName": "CPU Basic", "cpu": "2 vCPU", "ram": "16 GB",
            "ephemeralStorage": "50 GB", "accelerator": null, "unitCostMicroUSD": 167, "unitCostUSD": 0.000_167,
            "unitLabel": "minute"})
    );
}

#[tokio::test(start_paused = true)]
async fn whoami_names_the_user_and_the_organisations() {
    let lab =
        Lab::with(|settings| settings.hf.namespaces = vec!["alice".to_owned(), "acme".to_owned()]);
    let who = lab.hf("GET", "/api/whoami-v2", Value::Null).await.body;
    assert_eq!(
        (&who["name"], &who["type"], &who["orgs"][0]["name"]),
        (&json!("alice"), &json!("user"), &json!("acme"))
    );
    assert_eq!(
        lab.hf_as("Bearer x", "GET", "/api/whoami-v2", Value::Null)
            .await
            .status,
        401
    );
    let unknown = lab.hf("GET", "/api/datasets", Value::Null).await;
    assert_eq!(unknown.status, 404);
    assert!(
        lab.find(|what| matches!(what, What::CallReceived { name, .. } if name == "hf.unknown"))
            .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn cancelling_twice_changes_nothing_the_second_time() {
    let lab = Lab::new();
    let made = lab.hf("POST", "/api/jobs/lab", body(&json!({}))).await.body;
    let id = HfJobId(made["id"].as_str().unwrap().to_owned());
    let path = format!("/api/jobs/lab/{}/cancel", id.0);
    for _ in 0..2 {
        let answer = lab.hf("POST", &path, Value::Null).await;
        assert_eq!(
            (answer.status, &answer.body["status"]["stage"]),
            (200, &json!("CANCELED"))
        );
    }
    assert_eq!(lab.count(|what| matches!(what, What::HfStage { .. })), 1);
    let effects =
        lab.count(|what| matches!(what, What::CallEffect { name, .. } if name == "hf.cancel"));
    assert_eq!(effects, 1);
}
