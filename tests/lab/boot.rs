//! Boot scripts run for real: the reference dispatcher's own works, and each planted mistake gives its finding.
//!
//! Needs bash, curl and setsid. The planted scripts are the reference dispatcher's with one edit.

use std::{process::Command, time::Duration};

use dispatcher::hf::bootstrap;
use dispatchlab::boot::{Check, Flaw, Mode, Report, Trial, Tried};
use fakes::history::Stage;

fn run(script: &str, modes: &[Mode]) -> Report {
    let check = Check {
        modes: modes.to_vec(),
        linger: Duration::from_secs(4),
        grace: Duration::from_secs(5),
        ..Check::of(script)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(check.run()).unwrap()
}

/// The reference dispatcher's script with one edit.
fn edited(old: &str, new: &str) -> String {
    assert!(bootstrap().contains(old), "the script has no {old:?}");
    bootstrap().replace(old, new)
}

/// What is found, in one mode.
fn found(script: &str, mode: Mode) -> Vec<Flaw> {
    let report = run(script, &[mode]);
    let names = report.findings.iter().map(|finding| finding.name);
    names.collect()
}

fn trial(report: &Report, mode: Mode, trial: Trial) -> &Tried {
    let wanted = |tried: &&Tried| (tried.mode, tried.trial) == (mode, trial);
    report.tried.iter().find(wanted).unwrap()
}

#[test]
fn the_reference_dispatchers_script_serves_one_job_and_leaves_in_order_in_both_modes() {
    let report = run(bootstrap(), &Mode::ALL);
    assert!(report.findings.is_empty(), "{report:#?}");
    for mode in Mode::ALL {
        let served = trial(&report, mode, Trial::Serve);
        let end = (
            served.stage,
            served.exit_code,
            served.jobs_taken,
            served.runners_left,
        );
        assert_eq!(end, (Some(Stage::Completed), Some(0), 1, 0), "{served:#?}");
        let listened = |line: &String| line.ends_with(": Listening for Jobs");
        assert!(served.log.iter().any(listened), "{served:#?}");
        let cancelled = trial(&report, mode, Trial::Cancel);
        let end = (
            cancelled.stage,
            cancelled.jobs_taken,
            cancelled.runners_left,
        );
        assert_eq!(end, (Some(Stage::Canceled), 1, 0), "{cancelled:#?}");
    }
    let refused = trial(&report, Mode::Token, Trial::Refuse);
    assert_eq!((refused.stage, refused.online), (Some(Stage::Error), false));
    let said = |line: &String| {
        line.contains("Http response code: NotFound from 'POST https://api.github.com/actions/runner-registration'")
    };
    assert!(refused.log.iter().any(said), "{refused:#?}");
}

#[test]
fn an_option_the_runner_does_not_know_is_found() {
    let script = edited("--unattended", "--unattended --ephemerally");
    assert_eq!(found(&script, Mode::Token), [Flaw::UnknownFlag]);
}

#[test]
fn a_runner_without_the_jobs_label_is_found() {
    let script = edited(" --labels \"$RUNNER_LABELS\"", " --labels gpu");
    assert_eq!(found(&script, Mode::Token), [Flaw::LabelMissing]);
}

#[test]
fn a_configuration_on_the_command_line_is_found() {
    let script = edited(
        "exec ./run.sh",
        "exec ./run.sh --jitconfig \"$ACTIONS_RUNNER_INPUT_JITCONFIG\"",
    );
    assert_eq!(found(&script, Mode::Jit), [Flaw::TokenOnCommandLine]);
}

#[test]
fn a_sigterm_that_does_not_reach_the_runner_is_found() {
    let script = edited("export RUNNER_MANUALLY_TRAP_SIG=1", "");
    assert_eq!(found(&script, Mode::Jit), [Flaw::TrapNeverRuns]);
}

#[test]
fn a_runner_that_takes_a_second_job_is_found() {
    let script = edited("--ephemeral ", "");
    assert_eq!(found(&script, Mode::Token), [Flaw::NotEphemeral]);
}

#[test]
fn a_refusal_that_looks_like_success_is_found() {
    let script = edited(
        "--disableupdate --unattended",
        "--disableupdate --unattended || true",
    );
    assert_eq!(found(&script, Mode::Token), [Flaw::FailureHidden]);
}

#[test]
fn a_secret_in_the_log_is_found_and_not_shown() {
    let script = edited("set -eu", "set -eux");
    let report = run(&script, &[Mode::Token]);
    let names: Vec<Flaw> = report.findings.iter().map(|finding| finding.name).collect();
    assert_eq!(names, [Flaw::SecretInLog]);
    let seen = &report.findings[0].seen;
    assert!(
        seen.contains("--token '***'") || seen.contains("--token ***"),
        "{seen}"
    );
}

#[test]
fn a_script_that_starts_no_runner_or_goes_on_after_it_is_found() {
    assert_eq!(
        found("echo ready", Mode::Jit),
        [Flaw::RunnerNeverRegistered]
    );
    let script = edited("exec ./run.sh", "./run.sh; sleep 1000");
    assert!(found(&script, Mode::Jit).contains(&Flaw::KeepsRunning));
    let script = edited("exec ./run.sh", "./run.sh; exit 3");
    assert!(found(&script, Mode::Jit).contains(&Flaw::SuccessHidden));
}

#[test]
fn the_command_line_tells_findings_by_its_exit_code() {
    let program = env!("CARGO_BIN_EXE_dispatchlab");
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("boot.sh");
    std::fs::write(&script, "echo ready").unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(program)
            .arg("boot")
            .args(arguments)
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (code, text) = run(&[script.to_str().unwrap(), "--mode", "jit", "--json"]);
    assert_eq!(code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["findings"][0]["name"], "runner-never-registered");
    assert_eq!(report["tried"][0]["log"][0], "ready");
    let (code, text) = run(&[script.to_str().unwrap(), "--mode", "jit"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("mend: see the log"), "{text}");
    assert_eq!(run(&["no-such-file.sh"]).0, Some(2));
}

#[test]
fn every_flaw_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> =
        Flaw::ALL.iter().map(|flaw| flaw.name()).collect();
    assert_eq!(names.len(), Flaw::ALL.len());
}

#[test]
fn processes_are_not_served_to_strangers_by_accident() {
    let program = env!("CARGO_BIN_EXE_dispatchlab");
    let output = Command::new(program)
        .args(["serve", "--boot", "process", "--hf", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("executes the commands of whoever reaches"),
        "{said}"
    );
}
