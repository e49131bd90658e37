//! What HF accepts of a job and what it refuses: one row for each rule, with both sides of it.

use serde_json::{Value, json};

use crate::lab::Lab;

/// A rule: the field, what is accepted there, what is refused.
type Rule = (&'static str, Vec<Value>, Vec<Value>);

/// 2^53 - 1.
const INTEGER_MAX: u64 = 9_007_199_254_740_991;

fn texts(length: usize) -> String {
    "a".repeat(length)
}

fn volume(change: &Value) -> Value {
    let mut volume = json!({"type": "bucket", "source": "a/b", "mountPath": "/mnt"});
    for (name, value) in change.as_object().unwrap() {
        volume[name] = value.clone();
    }
    json!([volume])
}

/// The rules that jobs and scheduled jobs have in common.
fn rules() -> Vec<Rule> {
    let ports: Vec<u32> = (1..=21).collect();
    vec![
        (
            "flavor",
            vec![json!("rtx-pro-6000x8"), json!("inf2x6")],
            vec![json!("h100"), json!(1), Value::Null],
        ),
        (
            "dockerImage",
            // A name that no registry can have is found out later.
            vec![json!("ghcr.io/a/b:c"), json!("-q"), json!(" ")],
            vec![json!(7), Value::Null, json!("")],
        ),
        (
            "command",
            vec![json!(["a"]), json!([" "])],
            vec![
                json!([]),
                json!(["a", ""]),
                json!("a"),
                json!([1]),
                Value::Null,
            ],
        ),
        (
            "arguments",
            vec![json!([]), json!(["", "a"])],
            vec![json!("a"), json!([1])],
        ),
        (
            "environment",
            vec![json!({}), json!({"AB": ""}), json!({"a_1": "x"})],
            vec![
                json!({"A": ""}),
                json!({"_A": ""}),
                json!({"1A": ""}),
                json!({"A-B": ""}),
                json!({"AB": 1}),
                json!([]),
            ],
        ),
        (
            "secrets",
            vec![json!({}), json!({"A": ""}), json!({"a_1": "x"})],
            vec![
                json!({"_A": ""}),
                json!({"1": ""}),
                json!({"A.B": ""}),
                json!({"": ""}),
                json!({"A": 1}),
                json!("x"),
            ],
        ),
        (
            "arch",
            vec![json!("amd64"), json!("arm64")],
            vec![json!("riscv"), json!(64), Value::Null],
        ),
        (
            "timeoutSeconds",
            vec![
                Value::Null,
                json!(1),
                json!(86_400),
                json!(60.0),
                json!(INTEGER_MAX),
            ],
            vec![
                json!(0),
                json!(-1),
                json!(1.5),
                json!("60"),
                json!(INTEGER_MAX + 1),
                json!(u64::MAX),
            ],
        ),
        (
            "attempts",
            vec![json!(1), json!(3), json!(INTEGER_MAX)],
            vec![
                json!(0),
                json!(-1),
                json!(1.5),
                json!("1"),
                Value::Null,
                json!(INTEGER_MAX + 1),
                json!(1e300),
            ],
        ),
        (
            "labels",
            vec![
                json!({}),
                json!({"a.b_C-1": ""}),
                json!({texts(100): texts(100)}),
            ],
            vec![
                json!({"": "v"}),
                json!({"a/b": ""}),
                json!({"a": "b:c"}),
                json!({texts(101): ""}),
                json!({"a": texts(101)}),
                json!({"a": 1}),
                json!([]),
            ],
        ),
        (
            "volumes",
            vec![
                volume(&json!({})),
                volume(&json!({"type": "space", "revision": "r", "readOnly": false, "path": "p"})),
                volume(&json!({"mountPath": "/"})),
            ],
            vec![
                json!([]),
                json!({}),
                json!(["x"]),
                volume(&json!({"type": "disk"})),
                volume(&json!({"type": null})),
                volume(&json!({"source": null})),
                volume(&json!({"mountPath": "mnt"})),
                volume(&json!({"mountPath": null})),
                volume(&json!({"readOnly": "yes"})),
                volume(&json!({"revision": 1})),
                volume(&json!({"path": 1})),
            ],
        ),
        (
            "expose",
            vec![
                json!({"ports": [1, 65_535]}),
                json!({"ports": []}),
                json!({"ports": ports[..20]}),
                json!({"ports": [1, 2], "portsPublic": [2]}),
                json!({"ports": [1], "portsPublic": []}),
            ],
            vec![
                json!({}),
                json!({"ports": [0]}),
                json!({"ports": [65_536]}),
                json!({"ports": ["80"]}),
                json!({"ports": ports}),
                json!({"ports": [1.5]}),
                json!({"ports": [1], "portsPublic": [2]}),
                json!({"ports": 1}),
                json!([]),
            ],
        ),
        (
            "resourceGroupId",
            vec![json!("0123456789abcdef01234567")],
            vec![json!("0123"), json!("0123456789abcdef0123456g"), json!(1)],
        ),
        ("unheardOf", vec![json!(1), Value::Null], vec![]),
    ]
}

/// The rules that only jobs have which run once.
fn rules_of_jobs() -> Vec<Rule> {
    vec![
        (
            "ssh",
            vec![json!({"enabled": true}), json!({"enabled": false})],
            vec![
                json!({}),
                json!({"enabled": "yes"}),
                json!(true),
                Value::Null,
            ],
        ),
        (
            "network",
            vec![
                json!({"group": texts(46)}),
                json!({"group": "a-1", "aliases": [texts(34)]}),
            ],
            vec![
                json!({}),
                json!({"group": texts(47)}),
                json!({"group": "A"}),
                json!({"group": ""}),
                json!({"group": "a", "aliases": [texts(35)]}),
                json!({"group": "a", "aliases": "b"}),
            ],
        ),
    ]
}

fn job_with(field: &str, value: &Value) -> Value {
    let mut job = json!({"flavor": "cpu-basic", "dockerImage": "ubuntu", "command": ["true"]});
    job[field] = value.clone();
    job
}

async fn holds(path: &str, rules: Vec<Rule>, wrap: fn(Value) -> Value, place: &str) {
    let lab = Lab::new();
    for (field, accepted, refused) in rules {
        for value in accepted {
            let answer = lab.hf("POST", path, wrap(job_with(field, &value))).await;
            assert_eq!(answer.status, 200, "{field}: {value}: {}", answer.body);
        }
        for value in refused {
            let answer = lab.hf("POST", path, wrap(job_with(field, &value))).await;
            assert_eq!(answer.status, 400, "{field}: {value}: {}", answer.body);
            let why = answer.body["error"].as_str().unwrap();
            assert!(
                why.starts_with(&format!("{place}{field}")),
                "{field}: {value}: {why}"
            );
            assert_eq!(answer.header("x-error-message"), why);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_field_of_a_job_is_held_to_its_rule() {
    let mut all = rules();
    all.extend(rules_of_jobs());
    holds("/api/jobs/lab", all, |job| job, "").await;
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_job_is_held_to_the_same_rules() {
    let wrap = |job| json!({"jobSpec": job, "schedule": "@daily"});
    holds("/api/scheduled-jobs/lab", rules(), wrap, "jobSpec.").await;
    let lab = Lab::new();
    for (field, accepted, _) in rules_of_jobs() {
        let job = wrap(job_with(field, &accepted[0]));
        let answer = lab.hf("POST", "/api/scheduled-jobs/lab", job).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (
                400,
                &json!(format!("jobSpec.{field}: Not available for scheduled jobs"))
            )
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_is_held_to_its_pattern() {
    let accepted = [
        "@hourly",
        "@yearly",
        "0 9 * * 1",
        "*/20 * * * *",
        "0 9-17 * * 1-5",
        "0,30 0 1 1 *",
        "1-9/2 * * * *",
        "30 0 0 29 2 *",
        "0 0 0 1 1 * 2030",
    ];
    let refused = [
        "@reboot",
        "@every 5m",
        "@midnight",
        "0 9 * *",
        "0 9 * * * * * *",
        "0 9 * * MON",
        "0 9 * JAN *",
        "0 9 L * *",
        "0 9 * * 5L",
        "0 9 15W * *",
        "0 9 * * 1#2",
        "0 9 ? * *",
        "0  9 * * *",
        " 0 9 * * *",
        "0 9 * * * ",
        "0\t9 * * *",
        "60 * * * *",
        "",
    ];
    let lab = Lab::new();
    let job = job_with("arguments", &json!([]));
    let all = accepted.map(|text| (text, 200)).into_iter();
    for (text, status) in all.chain(refused.map(|text| (text, 400))) {
        let body = json!({"jobSpec": job, "schedule": text});
        let answer = lab.hf("POST", "/api/scheduled-jobs/lab", body).await;
        assert_eq!(answer.status, status, "{text}: {}", answer.body);
        if status == 400 {
            assert_eq!(answer.body["error"], "schedule: Invalid schedule", "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_attempts_and_seconds_as_were_asked_for_are_shown() {
    let lab = Lab::new();
    let mut job = job_with("attempts", &json!(INTEGER_MAX));
    job["timeoutSeconds"] = json!(INTEGER_MAX);
    let made = lab.hf("POST", "/api/jobs/lab", job).await.body;
    assert_eq!(
        (&made["retry"], &made["timeout"]),
        (&json!(INTEGER_MAX - 1), &json!(INTEGER_MAX))
    );
    lab.sleep(120.0).await;
    let path = format!("/api/jobs/lab/{}", made["id"].as_str().unwrap());
    let job = lab.hf("GET", &path, Value::Null).await.body;
    assert_eq!(job["status"]["stage"], "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn a_job_has_one_image_and_a_flavor() {
    let lab = Lab::new();
    let cases = [
        (json!({"flavor": "cpu-basic", "dockerImage": "u"}), 200),
        (json!({"flavor": "cpu-basic", "spaceId": "a/b"}), 200),
        (json!({"flavor": "cpu-basic", "spaceId": 1}), 400),
        (json!({"flavor": "cpu-basic"}), 400),
        (
            json!({"flavor": "cpu-basic", "dockerImage": "u", "spaceId": "a/b"}),
            400,
        ),
        (json!({"dockerImage": "u"}), 400),
    ];
    for (body, status) in cases {
        assert_eq!(
            lab.hf("POST", "/api/jobs/lab", body.clone()).await.status,
            status,
            "{body}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_json_object_is_400_and_one_that_is_too_large_413() {
    let lab = Lab::with(|settings| settings.hf.limits.body_bytes_max = 200);
    let path = "/api/jobs/lab";
    for body in [
        "",
        "{",
        "[]",
        "\"text\"",
        "null",
        "{\"flavor\":\"cpu-basic\"} x",
    ] {
        let answer = lab.hf_with(("POST", path), &[], body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    let fitting = json!({"flavor": "cpu-basic", "dockerImage": "u", "labels": {"a": texts(60)}});
    assert_eq!(lab.hf("POST", path, fitting).await.status, 200);
    let large = json!({"flavor": "cpu-basic", "dockerImage": texts(200)});
    assert_eq!(lab.hf("POST", path, large).await.status, 413);
    let announced = lab
        .hf_with(("POST", path), &[("content-length", "201")], "{}")
        .await;
    assert_eq!(announced.status, 413);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_never_quotes_what_may_be_secret() {
    let lab = Lab::new();
    let bodies = [
        r#"{"secrets": {"A": "hunter2"}, "flavor": "hunter2"}"#.to_owned(),
        job_with("secrets", &json!("hunter2")).to_string(),
        job_with("secrets", &json!({"1": "hunter2"})).to_string(),
        job_with("secrets", &json!({"hunter2!": "A"})).to_string(),
        job_with("secrets", &json!({"A": ["hunter2"]})).to_string(),
        job_with("environment", &json!({"hunter2!": "A"})).to_string(),
        job_with("command", &json!(["hunter2", ""])).to_string(),
        job_with("labels", &json!({"a": "hunter2!"})).to_string(),
        "hunter2".to_owned(),
        r#"{"secrets": {"A": "hunter2}"#.to_owned(),
    ];
    for body in bodies {
        let answer = lab.hf_with(("POST", "/api/jobs/lab"), &[], &body).await;
        assert_eq!(answer.status, 400, "{body}");
        let told = format!("{} {:?}", answer.text, answer.headers);
        assert!(!told.contains("hunter2"), "{body}: {told}");
    }
    let history = lab
        .events()
        .iter()
        .any(|event| format!("{event:?}").contains("hunter2"));
    assert!(!history);
}
