//! Each error of HF's API, with its body and its headers.

use std::collections::BTreeMap;

use fakes::{
    HfToken,
    faults::{Effect, FaultRule},
};
use serde_json::{Value, json};

use crate::lab::Lab;

const GONE: &str = "0123456789abcdef01234567";

/// One error: what is called, with which token, and what is answered.
struct Row {
    token: &'static str,
    call: (&'static str, String),
    body: Value,
    status: u16,
    error: &'static str,
    code: &'static str,
}

fn row(call: (&'static str, String), status: u16, error: &'static str) -> Row {
    let (token, body, code) = ("hf_lab", Value::Null, "");
    Row {
        token,
        call,
        body,
        status,
        error,
        code,
    }
}

#[tokio::test(start_paused = true)]
async fn each_error_has_its_words_in_body_and_header() {
    let lab = Lab::with(|settings| {
        settings.hf.namespaces.push("org".to_owned());
        settings.hf.tokens.push(HfToken::write("hf_bob", "bob"));
    });
    let job = json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["sleep", "60"]});
    let made = lab.hf("POST", "/api/jobs/lab", job.clone()).await.body;
    let id = made["id"].as_str().unwrap();
    let scheduled = json!({"jobSpec": job, "schedule": "@daily"});
    let scheduled = lab
        .hf("POST", "/api/scheduled-jobs/lab", scheduled)
        .await
        .body;
    let scheduled = scheduled["id"].as_str().unwrap();
    let run = format!("/api/scheduled-jobs/lab/{scheduled}/run");
    assert_eq!(lab.hf("POST", &run, Value::Null).await.status, 200);
    lab.hf("POST", &format!("/api/jobs/lab/{id}/cancel"), Value::Null)
        .await;

    let jobs = || "/api/jobs/lab".to_owned();
    let no_token = "Invalid credentials in Authorization header";
    let write_in_lab = "You don't have the required permissions to complete this action on namespace lab, missing permissions: job.write";
    let read_in_lab = "You don't have the required permissions to complete this action on namespace lab, missing permissions: job.read";
    let not_found = |call| Row {
        code: "JobNotFound",
        ..row(call, 404, "Job not found")
    };
    let no_schedule = |call| Row {
        code: "ScheduledJobNotFound",
        ..row(call, 404, "Scheduled job not found")
    };
    let rows = [
        row(("POST", jobs()), 400, "Invalid JSON at line 1, column 0"),
        Row {
            body: json!({}),
            ..row(("POST", jobs()), 400, "flavor: Required")
        },
        row(
            ("GET", "/api/jobs/lab?stage=DONE".to_owned()),
            400,
            "stage: Invalid option: expected a stage",
        ),
        row(
            ("GET", format!("/api/jobs/lab/{id}/logs?tail=x")),
            400,
            "tail: Invalid input: expected a whole number",
        ),
        Row {
            token: "hf_wrong",
            ..row(("POST", jobs()), 401, no_token)
        },
        Row {
            token: "",
            ..row(("GET", jobs()), 401, no_token)
        },
        Row {
            token: "hf_wrong",
            ..row(("GET", "/api/whoami-v2".to_owned()), 401, no_token)
        },
        Row {
            token: "hf_bob",
            ..row(("POST", jobs()), 403, write_in_lab)
        },
        Row {
            token: "hf_bob",
            ..row(("GET", jobs()), 403, read_in_lab)
        },
        Row {
            token: "hf_bob",
            ..row(
                ("PUT", format!("/api/jobs/lab/{id}/labels")),
                403,
                write_in_lab,
            )
        },
        not_found(("GET", format!("/api/jobs/lab/{GONE}"))),
        not_found(("GET", format!("/api/jobs/org/{id}"))),
        not_found(("GET", format!("/api/jobs/lab/{GONE}/logs"))),
        not_found(("GET", format!("/api/jobs/lab/{GONE}/metrics"))),
        not_found(("GET", format!("/api/jobs/lab/{GONE}/events"))),
        not_found(("POST", format!("/api/jobs/org/{id}/cancel"))),
        not_found(("POST", format!("/api/jobs/org/{id}/duplicate"))),
        Row {
            body: json!({"labels": {}}),
            ..not_found(("PUT", format!("/api/jobs/org/{id}/labels")))
        },
        Row {
            body: json!({"ports": []}),
            ..not_found(("PUT", format!("/api/jobs/org/{id}/expose")))
        },
        no_schedule(("GET", format!("/api/scheduled-jobs/org/{scheduled}"))),
        no_schedule(("DELETE", format!("/api/scheduled-jobs/lab/{GONE}"))),
        no_schedule(("POST", format!("/api/scheduled-jobs/lab/{GONE}/run"))),
        no_schedule(("POST", format!("/api/scheduled-jobs/lab/{GONE}/suspend"))),
        row(
            ("GET", "/api/spaces".to_owned()),
            404,
            "Sorry, we can't find the page you are looking for.",
        ),
        row(
            ("GET", format!("/api/jobs/lab/{id}/metrics")),
            406,
            "Job is not running",
        ),
        row(
            ("POST", run.clone()),
            409,
            "An instance of this scheduled job is already running and concurrency is disabled",
        ),
    ];
    for Row {
        token,
        call: (method, path),
        body,
        status,
        error,
        code,
    } in rows
    {
        let answer = lab
            .hf_as(&format!("Bearer {token}"), method, &path, body)
            .await;
        let what = format!("{method} {path}");
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(answer.body, json!({"error": error}), "{what}");
        assert_eq!(answer.header("x-error-message"), error, "{what}");
        assert_eq!(answer.header("x-error-code"), code, "{what}");
        assert!(
            answer.header("x-request-id").starts_with("Root=1-"),
            "{what}"
        );
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
        assert!(
            answer.header("ratelimit").starts_with("\"api\";r="),
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn servers_fail_by_a_fault_and_then_carry_the_common_headers_too() {
    for status in [500_u16, 503] {
        let lab = Lab::new();
        let answer = Effect::Answer(vocabulary::Answer {
            status,
            headers: BTreeMap::from([("x-hf-warning".to_owned(), "jobs; Degraded".to_owned())]),
            body: "{\"error\":\"Internal Error\"}".to_owned(),
        });
        lab.world
            .faults()
            .install(vec![FaultRule::always("hf.create", answer)]);
        let body = json!({"flavor": "cpu-basic", "dockerImage": "u"});
        let answer = lab.hf("POST", "/api/jobs/lab", body).await;
        assert_eq!(
            (answer.status, &answer.body["error"]),
            (status, &json!("Internal Error"))
        );
        assert_eq!(answer.header("x-hf-warning"), "jobs; Degraded");
        assert!(!answer.header("x-request-id").is_empty());
        assert!(lab.world.hf().jobs().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_callers_own_name_for_a_call_comes_back() {
    let lab = Lab::new();
    let headers = [("x-amzn-trace-id", "c0ffee00-0000-4000-8000-000000000000")];
    for path in ["/api/jobs/lab", "/api/jobs/lab/nothing", "/nowhere"] {
        let answer = lab.hf_with(("GET", path), &headers, "").await;
        assert_eq!(answer.header("x-request-id"), headers[0].1, "{path}");
    }
    let unnamed = lab.hf("GET", "/api/jobs/lab", Value::Null).await;
    assert_eq!(unnamed.header("x-request-id"), "Root=1-00000004-lab");
}

#[tokio::test(start_paused = true)]
async fn a_warning_is_on_every_answer_of_a_world_that_has_one() {
    let lab = Lab::with(|settings| settings.hf.warning = Some("jobs; Price change".to_owned()));
    for path in ["/api/jobs/hardware", "/api/jobs/somebody"] {
        let answer = lab.hf("GET", path, Value::Null).await;
        assert_eq!(answer.header("x-hf-warning"), "jobs; Price change");
    }
}
