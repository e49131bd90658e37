//! `hf jobs`: run, look at, follow, wait for and cancel jobs.

use fakes::history::{Stage, What};
use serde_json::{Value, json};

use super::{
    calls,
    hf::{hf, hf_json},
    lab, only_job, paths, start_jobs, wait_until_running,
};
use crate::lab::Lab;

/// Starts a job in the background, and gives its id.
fn start(lab: &Lab, options: &[&str], script: &str) -> String {
    let arguments = [options, &["ubuntu", "sh", "-c", script]].concat();
    let started = hf_json(lab, "jobs run --detach", &arguments);
    started["id"].as_str().unwrap().to_owned()
}

fn stage(lab: &Lab, id: &str) -> Stage {
    let jobs = lab.world().hf().jobs();
    jobs.iter().find(|job| job.hf_job.0 == id).unwrap().stage
}

/// One field of every item of a list.
fn each<'a>(listed: &'a Value, field: &str) -> Vec<&'a str> {
    let items = listed.as_array().unwrap().iter();
    items.map(|item| item[field].as_str().unwrap()).collect()
}

#[test]
fn hf_shows_a_job_from_its_start_to_its_end() {
    let lab = lab();
    let script = "echo one; sleep 1; echo two";
    let said = hf(&lab, "jobs run --name hello ubuntu sh -c", &[script]).succeeded();
    let job = only_job(&lab);
    let (id, hub) = (job.hf_job.0, lab.serving.hf_url.as_deref().unwrap());
    let shown = format!(
        "✓ Job started\n  id: {id}\n  name: hello\n  url: {hub}/jobs/lab/{id}\n\
         one\ntwo\nJob {id} completed\n"
    );
    assert_eq!(said.stdout, shown);
    assert_eq!(
        (job.stage, job.flavor.as_str()),
        (Stage::Completed, "cpu-basic")
    );
    assert_eq!(calls(&lab)[..3], ["hf.whoami", "hf.create", "hf.inspect"]);
    assert_eq!(lab.statuses("hf.create"), [200]);
    assert_eq!(lab.statuses("hf.logs"), [200]);
}

#[test]
fn hf_fails_with_its_job() {
    let lab = lab();
    let script = "echo working; exit 3";
    let said = hf(&lab, "jobs run ubuntu sh -c", &[script]);
    let id = only_job(&lab).hf_job.0;
    said.failed_with(&format!(
        "Error: Job {id} finished with stage 'ERROR': Job failed with exit code: 3. Reason: Error."
    ));
    assert!(said.stdout.ends_with("\nworking\n"), "{said:?}");
    assert_eq!(stage(&lab, &id), Stage::Error);
}

#[test]
fn hf_starts_a_job_with_everything_it_can_be_given_and_inspects_it() {
    let lab = lab();
    let options = [
        "--name",
        "everything",
        "-l",
        "env=prod",
        "-l",
        "flag",
        "-e",
        "GREETING=hello",
        "--secrets",
        "TOKEN=hunter2",
        "--timeout",
        "1.5h",
        "--attempts",
        "2",
        "--flavor",
        "t4-small",
        "--ssh",
        "--expose",
        "8000",
        "-v",
        "hf://buckets/lab/data:/data",
    ];
    let id = start(&lab, &options, "echo $GREETING");
    // It asked who it is, started the job, and that was all.
    assert_eq!(calls(&lab), ["hf.whoami", "hf.create"]);
    let created = lab.wait_for("the job", |event| matches!(event, What::HfCreated { .. }));
    let What::HfCreated {
        hf_job,
        namespace,
        flavor,
        timeout_s,
        ..
    } = created
    else {
        unreachable!("that is what was waited for")
    };
    assert_eq!((hf_job.0.as_str(), timeout_s), (id.as_str(), 5400));
    assert_eq!((namespace.as_str(), flavor.as_str()), ("lab", "t4-small"));

    let waited = hf_json(&lab, "jobs wait", &[&id]);
    assert_eq!(
        waited,
        json!([{ "id": id, "stage": "COMPLETED", "message": null }])
    );
    let inspected = &hf_json(&lab, "jobs inspect", &[&id])[0];
    assert_eq!(inspected["name"], "everything");
    let labels = json!({ "env": "prod", "flag": "", "name": "everything" });
    assert_eq!(inspected["labels"], labels);
    assert_eq!(inspected["environment"], json!({ "GREETING": "hello" }));
    assert_eq!(inspected["secrets"], json!(["TOKEN"]));
    assert_eq!(inspected["command"], json!(["sh", "-c", "echo $GREETING"]));
    assert_eq!(inspected["retry"], 1);
    assert_eq!(inspected["owner"]["type"], "user");
    assert_eq!(inspected["expose"], json!([8000]));
    assert_eq!(inspected["volumes"][0]["source"], "lab/data");
    let url = format!("https://{id}--8000.hf.jobs");
    assert_eq!(inspected["status"]["expose_urls"], json!([url]));
    assert_eq!(
        inspected["status"]["ssh_url"],
        format!("ssh://{id}@ssh.hf.jobs")
    );
    assert_eq!(hf(&lab, "jobs logs", &[&id]).succeeded().stdout, "hello\n");
    let history = fakes::history::to_json_lines(&lab.serving.events_so_far()).unwrap();
    assert!(history.contains(&id) && !history.contains("hunter2"));
}

#[test]
fn hf_lists_by_stage_label_and_name() {
    let lab = lab();
    let short = start(&lab, &["--name", "short", "-l", "env=prod"], "true");
    let long = start(&lab, &["--name", "long", "-l", "env=prod"], "sleep 600");
    let other = start(&lab, &["--name", "other"], "sleep 600");
    hf(&lab, "jobs wait", &[&short]).succeeded();

    let listed = |options: &[&str]| {
        let listed = hf_json(&lab, "jobs ps", options);
        each(&listed, "id").join(" ")
    };
    assert_eq!(listed(&[]), format!("{other} {long}"));
    assert_eq!(listed(&["-a"]), format!("{other} {long} {short}"));
    assert_eq!(listed(&["--status", "completed,error"]), short);
    assert_eq!(
        listed(&["-a", "--label", "env=prod"]),
        format!("{long} {short}")
    );
    assert_eq!(listed(&["--name", "long", "-l", "env=prod"]), long);
    let asked = paths(&lab, "hf.list");
    assert_eq!(
        asked,
        [
            "/api/jobs/lab?stage=RUNNING&stage=SCHEDULING",
            "/api/jobs/lab",
            "/api/jobs/lab?stage=COMPLETED&stage=ERROR",
            "/api/jobs/lab?label=env%3Dprod",
            "/api/jobs/lab?stage=RUNNING&stage=SCHEDULING&label=env%3Dprod&label=name%3Dlong",
        ]
    );
    let none = hf(&lab, "jobs ps", &["--label", "env=test"]).succeeded();
    assert!(
        none.stdout
            .contains("No jobs matched filters: label=env=test"),
        "{none:?}"
    );
}

#[test]
fn hf_pages_through_more_jobs_than_fit_on_one_page() {
    let lab = lab();
    start_jobs(&lab, 105);
    let listed = hf_json(&lab, "jobs ps", &["--limit", "0"]);
    assert_eq!(listed.as_array().unwrap().len(), 105);
    assert_eq!(listed[104]["labels"]["number"], "0");
    assert_eq!(lab.statuses("hf.list"), [200, 200]);
}

#[test]
fn hf_reads_the_log_of_a_job_that_runs_and_of_one_that_ended() {
    let lab = lab();
    let id = start(&lab, &[], "echo one; echo two; echo three; sleep 600");
    wait_until_running(&lab);
    // It waits five seconds for more before it believes that this is all there is.
    let so_far = hf(&lab, "jobs logs --tail 2", &[&id]).succeeded();
    assert_eq!(so_far.stdout, "two\nthree\n");
    hf(&lab, "jobs cancel", &[&id]).succeeded();
    let whole = hf(&lab, "jobs logs -f", &[&id]).succeeded();
    assert_eq!(whole.stdout, "one\ntwo\nthree\n");
    let last = hf(&lab, "jobs logs -f --tail 1", &[&id]).succeeded();
    assert_eq!(last.stdout, "three\n");
    let logs = format!("/api/jobs/lab/{id}/logs");
    let asked = [
        format!("{logs}?tail=2"),
        logs.clone(),
        format!("{logs}?tail=1"),
    ];
    assert_eq!(paths(&lab, "hf.logs"), asked);
}

#[test]
fn hf_cancels_a_job_and_wait_says_so_by_its_exit_code() {
    let lab = lab();
    let (done, long) = (start(&lab, &[], "true"), start(&lab, &[], "sleep 600"));
    let waited = hf(&lab, "jobs wait", &["--timeout", "1s", &long]);
    waited.failed_with("Timed out after 1s waiting for Job(s) to finish.");
    let said = hf(&lab, "jobs cancel", &[&format!("lab/{long}")]).succeeded();
    assert_eq!(said.stdout, format!("✓ Job cancelled\n  id: {long}\n"));
    assert_eq!(stage(&lab, &long), Stage::Canceled);
    let waited = hf(&lab, "jobs wait", &[&done, &long]);
    waited.failed_with(&format!(
        "Error: 1 of 2 Job(s) did not complete successfully: {long} (CANCELED)"
    ));
    hf(&lab, "jobs wait", &[&done]).succeeded();
}

#[test]
fn hf_shows_the_hardware_and_what_it_costs() {
    let lab = lab();
    let hardware = hf_json(&lab, "jobs hardware", &[]);
    assert_eq!(hardware.as_array().unwrap().len(), 26);
    let basic = &hardware[0];
    assert_eq!(
        (&basic["name"], &basic["cost/hour"]),
        (&json!("cpu-basic"), &json!("$0.01"))
    );
    let gpu = hardware
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "a100x4")
        .unwrap();
    assert_eq!(gpu["accelerator"], "4x A100 (320 GB)");
    assert_eq!(calls(&lab), ["hf.hardware"]);
}

#[test]
fn hf_shows_what_a_running_job_uses() {
    let lab = lab();
    let id = start(&lab, &[], "sleep 600");
    wait_until_running(&lab);
    // Without an id it looks for the jobs that run.
    let stats = hf_json(&lab, "jobs stats", &[]);
    assert_eq!(each(&stats, "job_id"), [id.as_str()]);
    let used = &stats[0]["memory_used_bytes"];
    let total = &stats[0]["memory_total_bytes"];
    assert!(used.as_u64() <= total.as_u64() && used.is_u64(), "{stats}");
    hf(&lab, "jobs cancel", &[&id]).succeeded();
    let none = hf(&lab, "jobs stats", &[&id]).succeeded();
    let warning = format!("No stats available for Job {id}. Is it running?");
    assert!(none.stderr.contains(&warning), "{none:?}");
    assert_eq!(lab.statuses("hf.metrics"), [200, 406]);
}

#[test]
fn hf_changes_labels_and_ports_and_runs_a_job_again() {
    let lab = lab();
    let id = start(&lab, &["--name", "first", "-l", "env=test"], "echo again");
    let ports =
        |arguments: &[&str]| hf_json(&lab, "jobs expose", &[&[id.as_str()], arguments].concat());
    let exposed = ports(&["8000", "--public", "9000"]);
    assert_eq!(
        (&exposed["ports"], &exposed["public_ports"]),
        (&json!([8000, 9000]), &json!([9000]))
    );
    assert_eq!(ports(&["--clear"])["ports"], json!([]));
    // A name alone keeps the other labels; labels replace them all.
    hf(&lab, "jobs labels --name second", &[&id]).succeeded();
    let labels = |id: &str| hf_json(&lab, "jobs inspect", &[id])[0]["labels"].clone();
    assert_eq!(labels(&id), json!({ "env": "test", "name": "second" }));
    hf(&lab, "jobs labels --label env=prod", &[&id]).succeeded();
    assert_eq!(labels(&id), json!({ "env": "prod" }));

    let said = hf(&lab, "jobs rerun", &[&id]).succeeded();
    let again = lab.world().hf().jobs()[1].hf_job.0.clone();
    assert!(
        said.stdout
            .ends_with(&format!("\nagain\nJob {again} completed\n")),
        "{said:?}"
    );
    assert_eq!(labels(&again), json!({ "env": "prod" }));
    let inspected = hf_json(&lab, "jobs inspect", &[&again]);
    assert_eq!(inspected[0]["initiator"]["type"], "duplicated-job");
}
