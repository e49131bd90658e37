//! `@huggingface/hub`, Hugging Face's JavaScript library.

use fakes::history::Stage;
use serde_json::{Value, json};

use super::{calls, lab, only_job};
use crate::{client, lab::Lab};

fn javascript(lab: &Lab, part: &str) -> Value {
    let mut command = client::node(lab, "huggingface.mjs");
    command.arg(part);
    client::run(command)
}

#[test]
fn javascript_starts_a_job_and_reads_its_log() {
    let lab = lab();
    let seen = javascript(&lab, "whole-life");
    let job = only_job(&lab);
    assert_eq!(seen["job"], job.hf_job.0);
    assert_eq!(job.stage, Stage::Completed);
    // Unlike Python's library this one shows the platform's line.
    let marker = seen["log"][0].as_str().unwrap();
    assert!(marker.starts_with("===== Job started at "), "{marker}");
    assert_eq!(
        seen["log"].as_array().unwrap()[1..],
        [json!("one"), json!("two")]
    );
    assert_eq!(seen["labels"], json!({ "env": "prod" }));
    assert_eq!(seen["secrets"], json!(["TOKEN"]));
    assert_eq!(seen["listed"], json!([job.hf_job.0]));
    assert_eq!(seen["hardware"], 26);
    assert_eq!(calls(&lab)[..2], ["hf.create", "hf.logs"]);
}

#[test]
fn javascript_is_told_why_it_is_refused() {
    let lab = lab();
    let seen = javascript(&lab, "refusals");
    let told = |number: usize| {
        let refused = &seen[number];
        (
            refused["statusCode"].clone(),
            refused["message"].as_str().unwrap().to_owned(),
        )
    };
    let (status, why) = told(0);
    assert_eq!(status, 403);
    assert!(
        why.contains("on namespace somebody, missing permissions: job.read"),
        "{why}"
    );
    let (status, why) = told(1);
    assert_eq!(status, 404);
    assert!(why.contains("Job not found"), "{why}");
    let (status, why) = told(2);
    assert_eq!(status, 401);
    assert!(
        why.contains("Invalid credentials in Authorization header"),
        "{why}"
    );
}

#[test]
fn javascript_watches_a_job_and_runs_it_again() {
    let lab = lab();
    let seen = javascript(&lab, "watching");
    let jobs = lab.world().hf().jobs();
    assert_eq!(
        (&seen["job"], &seen["again"]),
        (&json!(jobs[0].hf_job.0), &json!(jobs[1].hf_job.0))
    );
    assert_eq!(seen["stage"], "CANCELED");
    let samples = seen["cpus"].as_array().unwrap();
    assert!(
        samples.len() == 2 && samples.iter().all(Value::is_u64),
        "{seen}"
    );
    let stage = |event: &Value| {
        let event: Value = serde_json::from_str(event.as_str().unwrap()).unwrap();
        event["stage"].as_str().unwrap().to_owned()
    };
    let stages: Vec<String> = seen["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(stage)
        .collect();
    assert_eq!(stages, ["SCHEDULING", "RUNNING", "CANCELED"]);
    let initiator = json!({ "type": "duplicated-job", "id": jobs[0].hf_job.0 });
    assert_eq!(seen["initiator"], initiator);
}

#[test]
fn javascript_leads_a_schedule_through_its_life() {
    let lab = lab();
    let seen = javascript(&lab, "schedules");
    assert_eq!(seen["suspended"], true);
    assert_eq!(seen["listed"], json!([[seen["schedule"], false, "@daily"]]));
    assert_eq!(seen["job"], only_job(&lab).hf_job.0);
    // This client takes the refusal of a second instance for an answer.
    assert_eq!(seen["busy"], Value::Null);
    assert_eq!(lab.statuses("hf.run-scheduled"), [200, 409]);
    assert_eq!(seen["gone"], 404);
}
