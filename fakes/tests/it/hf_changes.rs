//! Counting, copying and changing HF jobs.

use serde_json::{Value, json};

use crate::{hf_schema::full_job, lab::Lab};

async fn make(lab: &Lab, labels: Value) -> String {
    let body = json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["sleep", "60"], "labels": labels});
    let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn jobs_are_counted_by_stage() {
    let lab = Lab::new();
    for _ in 0..3 {
        make(&lab, json!({})).await;
    }
    let id = make(&lab, json!({})).await;
    lab.hf("POST", &format!("/api/jobs/lab/{id}/cancel"), Value::Null)
        .await;
    let cases = [
        ("", 4),
        ("?stage=CANCELED", 1),
        ("?stage=CANCELED&stage=SCHEDULING", 4),
        ("?stage=ERROR", 0),
    ];
    for (query, count) in cases {
        let answer = lab
            .hf("GET", &format!("/api/jobs/lab/count{query}"), Value::Null)
            .await;
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({"count": count})),
            "{query}"
        );
    }
    let bad = lab
        .hf("GET", "/api/jobs/lab/count?stage=X", Value::Null)
        .await;
    assert_eq!(bad.status, 400);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_a_new_job_with_all_of_the_old_one() {
    let lab = Lab::new();
    let old = lab.hf("POST", "/api/jobs/lab", full_job()).await.body;
    let id = old["id"].as_str().unwrap();
    lab.sleep(300.0).await;
    let new = lab
        .hf(
            "POST",
            &format!("/api/jobs/lab/{id}/duplicate"),
            Value::Null,
        )
        .await;
    assert_eq!(new.status, 200);
    assert_eq!(
        new.body["initiator"],
        json!({"type": "duplicated-job", "id": id})
    );
    assert_ne!(new.body["id"], old["id"]);
    assert_eq!(new.body["status"]["stage"], "SCHEDULING");
    for (name, value) in old.as_object().unwrap() {
        if !["id", "createdAt", "initiator", "status"].contains(&name.as_str()) {
            assert_eq!(&new.body[name], value, "{name}");
        }
    }
    assert_eq!(lab.world.hf().jobs().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn labels_are_replaced_as_a_whole() {
    let lab = Lab::new();
    let id = make(&lab, json!({"a": "1", "b": "2"})).await;
    let path = format!("/api/jobs/lab/{id}/labels");
    let changed = lab.hf("PUT", &path, json!({"labels": {"c": "3"}})).await;
    assert_eq!(
        (changed.status, &changed.body["labels"]),
        (200, &json!({"c": "3"}))
    );
    for bad in [
        json!({}),
        json!({"labels": null}),
        json!({"labels": {"a/b": ""}}),
        json!([]),
    ] {
        assert_eq!(lab.hf("PUT", &path, bad.clone()).await.status, 400, "{bad}");
    }
    let found = |query: &'static str| {
        let lab = lab.clone();
        async move {
            let list = lab
                .hf("GET", &format!("/api/jobs/lab?label={query}"), Value::Null)
                .await;
            list.body.as_array().unwrap().len()
        }
    };
    assert_eq!((found("c%3D3").await, found("a%3D1").await), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn ports_are_replaced_as_a_whole_and_have_their_addresses() {
    let lab = Lab::new();
    let id = make(&lab, json!({})).await;
    let path = format!("/api/jobs/lab/{id}/expose");
    let expose = json!({"ports": [80, 81], "portsPublic": [81]});
    let changed = lab.hf("PUT", &path, expose.clone()).await;
    assert_eq!((changed.status, &changed.body["expose"]), (200, &expose));
    let url = |port: u16| format!("https://{id}--{port}.hf.jobs");
    assert_eq!(
        changed.body["status"]["exposeUrls"],
        json!([url(80), url(81)])
    );
    for bad in [
        json!({}),
        json!({"ports": [80], "portsPublic": [81]}),
        json!({"ports": [0]}),
    ] {
        assert_eq!(lab.hf("PUT", &path, bad.clone()).await.status, 400, "{bad}");
    }
    let closed = lab.hf("PUT", &path, json!({"ports": []})).await.body;
    assert_eq!(closed["expose"], json!({"ports": []}));
    assert!(closed["status"].get("exposeUrls").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_cursor_has_2048_characters_at_most() {
    let lab = Lab::new();
    let page = async |digits: usize| {
        let path = format!("/api/jobs/lab?cursor={}1", "0".repeat(digits));
        lab.hf("GET", &path, Value::Null).await.status
    };
    assert_eq!((page(2047).await, page(2048).await), (200, 400));
}
