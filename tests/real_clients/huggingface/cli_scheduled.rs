//! `hf jobs scheduled`: make, look at, change, trigger and delete a schedule.

use fakes::history::Stage;
use serde_json::json;

use super::{
    hf::{hf, hf_json},
    lab, only_job,
};

#[test]
fn hf_leads_a_schedule_through_its_life() {
    let lab = lab();
    let made = hf_json(
        &lab,
        "jobs scheduled run",
        &[
            "@daily", "--name", "nightly", "-l", "env=prod", "ubuntu", "sleep", "600",
        ],
    );
    let id = made["id"].as_str().unwrap();
    let command = |name: &str, arguments: &[&str]| {
        let arguments = [&[id], arguments].concat();
        hf(&lab, &format!("jobs scheduled {name}"), &arguments)
    };
    let inspected = || hf_json(&lab, "jobs scheduled inspect", &[id])[0].clone();
    let listed = |options: &str| hf_json(&lab, &format!("jobs scheduled ps{options}"), &[]);

    let new = inspected();
    assert_eq!(
        (&new["name"], &new["schedule"]),
        (&json!("nightly"), &json!("@daily"))
    );
    assert_eq!(new["job_spec"]["command"], json!(["sleep", "600"]));
    assert_eq!(listed("")[0]["id"], id);

    command("suspend", &[]).succeeded();
    assert_eq!(listed(""), json!([]));
    assert_eq!(listed(" --status suspended --label env=prod")[0]["id"], id);
    command("resume", &[]).succeeded();
    assert_eq!(inspected()["suspend"], false);

    let moved = command("reschedule", &["0 9 * * 1"]).succeeded();
    assert!(moved.stdout.contains("schedule: 0 9 * * 1\n"), "{moved:?}");
    let next = inspected()["status"]["next_job_run_at"].clone();
    assert!(next.as_str().unwrap().contains("T09:00:00"), "{next}");
    command("labels", &["--label", "env=test"]).succeeded();
    assert_eq!(inspected()["job_spec"]["labels"], json!({ "env": "test" }));

    command("trigger", &[]).succeeded();
    let job = only_job(&lab);
    let started = &hf_json(&lab, "jobs inspect", &[&job.hf_job.0])[0];
    assert_eq!(started["initiator"]["type"], "scheduled-job");
    assert_eq!(started["initiator"]["id"], id);
    assert_eq!(inspected()["status"]["last_job"]["id"], job.hf_job.0);
    command("trigger", &[]).failed_with("409");
    assert!(!only_job(&lab).stage.is_terminal() && job.stage != Stage::Error);

    command("delete", &[]).succeeded();
    assert_eq!(listed(" -a"), json!([]));
    command("inspect", &[]).failed_with("404 Client Error");
}
