//! huggingface_hub, Hugging Face's Python library: HfApi's calls, and how it survives broken streams.

use fakes::{
    faults::Effect,
    history::{Stage, What},
};
use serde_json::{Value, json};

use super::{lab, only_job, paths, start_jobs, strike};
use crate::{client, lab::Lab};

fn huggingface_hub(lab: &Lab, part: &str) -> Value {
    let mut command = client::python(lab, "with_huggingface_hub.py");
    command.arg(part);
    client::run(command)
}

#[test]
fn huggingface_hub_lists_page_after_page() {
    let lab = lab();
    start_jobs(&lab, 205);
    let listed = huggingface_hub(&lab, "pages");
    let newest_first: Vec<String> = (0..205).rev().map(|number| number.to_string()).collect();
    assert_eq!(listed, json!(newest_first));
    let asked = paths(&lab, "hf.list");
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(asked[1].starts_with("/api/jobs/lab?cursor="), "{asked:?}");
    assert_eq!(asked[3], "/api/jobs/lab?label=number%3D7");
}

/// Twice the connection breaks in the middle of the log, which is then told again from its beginning.
#[test]
fn huggingface_hub_gives_every_line_of_a_log_once_though_its_connection_breaks() {
    let lab = lab();
    strike(&lab, "hf.logs", Effect::Truncate, 2);
    let seen = huggingface_hub(&lab, "follow-a-log");
    let lines = json!(["one", "two", "three", "four"]);
    assert_eq!(seen["followed"], lines);
    assert_eq!(seen["replayed"], lines);
    // Two that broke, the third to the end, and the reading afterwards.
    assert_eq!(paths(&lab, "hf.logs").len(), 4);
    let lost = |event: &What| matches!(event, What::CallLost { name, .. } if name == "hf.logs");
    assert_eq!(lab.events().iter().filter(|event| lost(event)).count(), 2);
    assert_eq!(only_job(&lab).stage, Stage::Completed);
}

/// The library asks again without `tail`, and looks for the last line it has seen.
#[test]
fn huggingface_hub_goes_on_behind_the_tail_though_its_connection_breaks() {
    let lab = lab();
    strike(&lab, "hf.logs", Effect::Truncate, 1);
    let seen = huggingface_hub(&lab, "follow-the-tail-of-a-log");
    assert_eq!(seen["followed"], json!(["two", "three", "four"]));
    assert_eq!(seen["last"], json!(["four"]));
    let id = only_job(&lab).hf_job.0;
    let asked = paths(&lab, "hf.logs");
    let logs = format!("/api/jobs/lab/{id}/logs");
    let with_tail = format!("{logs}?tail=1");
    assert_eq!(asked, [with_tail.clone(), logs, with_tail]);
}

#[test]
fn huggingface_hub_starts_a_script_for_uv() {
    let lab = lab();
    let seen = huggingface_hub(&lab, "uv");
    assert_eq!(seen["image"], "ghcr.io/astral-sh/uv:python3.12-bookworm");
    let command = [
        "uv",
        "run",
        "--with",
        "numpy",
        "https://example.org/train.py",
        "--fast",
    ];
    assert_eq!(seen["command"], json!(command));
    // The fake runs no Python.
    assert_eq!(seen["stage"], "ERROR");
    assert_eq!(lab.statuses("hf.create"), [200]);
}

#[test]
fn huggingface_hub_leads_a_job_through_its_life() {
    let lab = lab();
    let seen = huggingface_hub(&lab, "whole-life");
    let id = seen["job"].as_str().unwrap();
    assert_eq!(seen["found"], json!([id]));
    assert_eq!(seen["secrets"], json!(["TOKEN"]));
    assert_eq!(
        (&seen["ports"], &seen["public_ports"]),
        (&json!([8000, 9000]), &json!([9000]))
    );
    let urls = json!([
        format!("https://{id}--8000.hf.jobs"),
        format!("https://{id}--9000.hf.jobs")
    ]);
    assert_eq!(seen["urls"], urls);
    assert_eq!(seen["stage"], "CANCELED");
    assert!(seen["running_secs"].is_u64(), "{seen}");
    assert_eq!(seen["initiator"], json!(["duplicated-job", id]));
    let jobs = lab.world().hf().jobs();
    assert_eq!(jobs[0].hf_job.0, id);
    assert_eq!(jobs[0].stage, Stage::Canceled);
    assert_eq!(seen["again"], jobs[1].hf_job.0);
    // Two readings while it ran, and one after its end.
    assert_eq!(lab.statuses("hf.metrics").last(), Some(&406));
    let history = fakes::history::to_json_lines(&lab.serving.events_so_far()).unwrap();
    assert!(!history.contains("hunter2"));
}

#[test]
fn huggingface_hub_leads_schedules_through_their_life() {
    let lab = lab();
    let seen = huggingface_hub(&lab, "schedules");
    assert_eq!(seen["suspended"], true);
    assert_eq!(seen["moved"], "@hourly");
    assert_eq!(seen["labels"], json!({ "env": "test" }));
    assert_eq!(seen["job"], only_job(&lab).hf_job.0);
    assert_eq!(
        seen["initiator"],
        json!(["scheduled-job", seen["schedule"]])
    );
    assert_eq!(seen["refused"], 409);
}
