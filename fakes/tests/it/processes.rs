//! HF jobs whose command really runs: what it is given, what is seen of it, and how it ends.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use fakes::{
    Boot, LogSink, ProcessBoot, SeenProcess,
    history::{Stage, What},
    ids::HfJobId,
};
use serde_json::{Value, json};

use crate::lab::Lab;

/// A lab in real time whose HF jobs are processes, and the lines they write.
fn lab(grace: Duration) -> (Lab, Arc<Mutex<Vec<String>>>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let written = lines.clone();
    let lab = Lab::with(|settings| {
        settings.hf.cold_start.clear();
        settings.hf.boot = Boot::Process(ProcessBoot {
            grace,
            log: LogSink::new(move |_, line| written.lock().unwrap().push(line.to_owned())),
            ..ProcessBoot::default()
        });
    });
    (lab, lines)
}

async fn start(lab: &Lab, script: &str) -> HfJobId {
    let body = json!({
        "flavor": "t4-small", "dockerImage": "ubuntu:24.04", "command": ["bash", "-c", script],
        "environment": {"GREETING": "hello"}, "secrets": {"PASSWORD": "hunter2"}, "timeoutSeconds": 60,
    });
    let made = lab.hf("POST", "/api/jobs/lab", body).await;
    assert_eq!(made.status, 200, "{made:?}");
    HfJobId(made.body["id"].as_str().unwrap().to_owned())
}

async fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {what}");
}

/// A process that is gone, or a zombie nobody has buried yet, has no arguments.
fn assert_none_lives(processes: &[SeenProcess]) {
    for SeenProcess { pid, arguments } in processes {
        let left = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(left.is_empty(), "{arguments:?} lives");
    }
}

fn stage(lab: &Lab) -> Stage {
    lab.world.hf().jobs()[0].stage
}

fn exit_code(lab: &Lab) -> Option<i32> {
    let exited = lab.find(|what| matches!(what, What::RunnerExited { .. }))?;
    match exited.event {
        What::RunnerExited { code, .. } => code,
        _ => None,
    }
}

async fn message(lab: &Lab, job: &HfJobId) -> Value {
    let path = format!("/api/jobs/lab/{}", job.0);
    lab.hf("GET", &path, Value::Null).await.body["status"]["message"].clone()
}

#[tokio::test]
async fn a_process_has_the_jobs_environment_and_nothing_of_the_servers() {
    let (lab, lines) = lab(Duration::from_secs(1));
    let job = start(&lab, "env | sort; pwd; echo to stderr >&2").await;
    wait_for("the end", || stage(&lab).is_terminal()).await;
    assert_eq!(stage(&lab), Stage::Completed);
    let lines = lines.lock().unwrap().clone();
    let value = |name: &str| {
        let of = |line: &String| {
            line.strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        };
        lines
            .iter()
            .find_map(of)
            .unwrap_or_else(|| panic!("{name}: {lines:?}"))
    };
    assert_eq!(value("JOB_ID"), job.0);
    assert_eq!(
        (value("GREETING"), value("PASSWORD")),
        ("hello".into(), "hunter2".into())
    );
    let machine = (value("ACCELERATOR"), value("CPU_CORES"), value("MEMORY"));
    assert_eq!(machine, ("T4".into(), "4".into(), "15Gi".into()));
    assert!(
        value("PATH").ends_with(":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    );
    let home = value("HOME");
    assert!(lines.contains(&home), "it works in its home: {lines:?}");
    assert!(lines.iter().any(|line| line == "to stderr"));
    // What a shell adds by itself is all there is besides.
    let known = [
        "ACCELERATOR",
        "CPU_CORES",
        "GREETING",
        "HOME",
        "JOB_ID",
        "MEMORY",
        "PASSWORD",
        "PATH",
        "PWD",
        "SHLVL",
        "TMPDIR",
        "_",
    ];
    let names = lines
        .iter()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name);
    let strange: Vec<&str> = names.filter(|name| !known.contains(name)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(!std::path::Path::new(&home).exists(), "its folder is gone");
}

#[tokio::test]
async fn exit_codes_and_signals_become_the_ends_hf_reports() {
    for (script, code, says) in [
        ("exit 3", 3, "Job failed with exit code: 3. Reason: Error."),
        (
            "kill -KILL $$",
            137,
            "Job failed with exit code: 137. Reason: OOMKilled",
        ),
        (
            "kill -TERM $$",
            143,
            "Job failed with exit code: 143. Reason: Error.",
        ),
        (
            "no-such-program",
            127,
            "Job failed with exit code: 127. Reason: Error.",
        ),
    ] {
        let (lab, _) = lab(Duration::from_secs(1));
        let job = start(&lab, script).await;
        wait_for("the end", || stage(&lab).is_terminal()).await;
        assert_eq!(stage(&lab), Stage::Error, "{script}");
        assert_eq!(exit_code(&lab), Some(code), "{script}");
        assert_eq!(message(&lab, &job).await, says);
    }
}

#[tokio::test]
async fn what_the_first_process_leaves_behind_ends_with_it() {
    let (lab, lines) = lab(Duration::from_secs(1));
    let job = start(
        &lab,
        "sleep 1000 & setsid sleep 1001 & sleep 0.3; echo over",
    )
    .await;
    wait_for("both", || lab.world.runners().processes(&job).len() >= 3).await;
    let seen = lab.world.runners().processes(&job);
    wait_for("the end", || stage(&lab).is_terminal()).await;
    assert_none_lives(&seen);
    assert_eq!(*lines.lock().unwrap(), ["over"]);
}

#[tokio::test]
async fn a_cancelled_job_gets_a_sigterm_and_time_to_end() {
    let (lab, lines) = lab(Duration::from_secs(20));
    let script = "trap 'echo going; sleep 0.1; echo gone; exit 7' TERM; echo ready; while true; do sleep 0.05; done";
    let job = start(&lab, script).await;
    wait_for("the trap", || {
        lines.lock().unwrap().contains(&"ready".to_owned())
    })
    .await;
    let path = format!("/api/jobs/lab/{}/cancel", job.0);
    assert_eq!(lab.hf("POST", &path, Value::Null).await.status, 200);
    assert_eq!(stage(&lab), Stage::Canceled);
    wait_for("the exit", || exit_code(&lab).is_some()).await;
    assert_eq!(exit_code(&lab), Some(7));
    assert_eq!(lines.lock().unwrap()[1..], ["going", "gone"]);
}

#[tokio::test]
async fn a_job_that_takes_no_sigterm_is_killed_with_all_its_processes() {
    let (lab, lines) = lab(Duration::from_millis(300));
    let job = start(
        &lab,
        "trap '' TERM; sleep 1000 & echo ready; wait; sleep 1000",
    )
    .await;
    wait_for("the trap", || {
        lines.lock().unwrap().contains(&"ready".to_owned())
    })
    .await;
    let path = format!("/api/jobs/lab/{}/cancel", job.0);
    let seen = lab.world.runners().processes(&job);
    assert!(seen.len() > 1, "{seen:?}");
    lab.hf("POST", &path, Value::Null).await;
    wait_for("the exit", || exit_code(&lab).is_some()).await;
    assert_eq!(exit_code(&lab), Some(137));
    assert_none_lives(&seen);
}

#[tokio::test]
async fn a_job_killed_by_hand_ends_as_out_of_memory() {
    let (lab, lines) = lab(Duration::from_secs(1));
    let job = start(&lab, "echo ready; sleep 1000").await;
    wait_for("its start", || {
        lines.lock().unwrap().contains(&"ready".to_owned())
    })
    .await;
    lab.world.runners().die(&job);
    wait_for("the end", || stage(&lab).is_terminal()).await;
    assert_eq!((stage(&lab), exit_code(&lab)), (Stage::Error, Some(137)));
}

#[tokio::test]
async fn programs_in_front_lead_github_to_the_fake_and_keep_off_the_machine() {
    let (lab, lines) = lab(Duration::from_secs(1));
    // A curl of the image's own, behind the one in front.
    let script = "mkdir own; printf '#!/bin/sh\\necho \"$@\"\\n' >own/curl; chmod +x own/curl; PATH=${PATH%%:*}:$PWD/own:${PATH#*:}\n\
        curl -f https://github.com/actions/runner/x https://api.github.com/app https://example.com/y\n\
        apt-get install -y git; sudo -E echo as ever";
    start(&lab, script).await;
    wait_for("the end", || stage(&lab).is_terminal()).await;
    let mut lines = lines.lock().unwrap().clone();
    lines.sort();
    assert_eq!(
        lines,
        [
            // The lab's GitHub is https://api.github.com, and its site is where that says.
            "-f https://github.com/actions/runner/x https://github.com/app https://example.com/y",
            "apt-get is not run in the lab: install what the script needs on this machine",
            "as ever",
        ]
    );
}
