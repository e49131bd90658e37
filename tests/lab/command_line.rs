//! Whatever the command line is given: a result, or an error that says what to do; never silence, a panic or a lost result.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::cli::dispatchlab;

const ONE_JOB: &str =
    "title: One job\ntimeline:\n  - at: 0s\n    queue: { as: J1, labels: hf-jobs-cpu-basic }\n";

/// It breaks a property in every seed.
const FAILS: &str = "title: Nobody\ntimeline:
  - { at: 0s, queue: { as: J, labels: hf-jobs-cpu-basic } }
faults:
  - { to: webhook, drop: unlogged }
  - { to: [github.list-runs, github.list-deliveries], answer: { status: 502 } }
";

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// What a command ends with that must fail like this and say all of that.
fn refused(folder: &Path, args: &[&str], code: i32, says: &[&str]) {
    let (found, stdout, stderr) = dispatchlab(folder, args);
    assert_eq!(found, code, "{args:?}: {stdout}{stderr}");
    for said in says {
        assert!(stderr.contains(said), "{args:?}: {said} is not in {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_seed_stands_in_plans_only() {
    let folder = folder_with(&[("seeded.yaml", &format!("{ONE_JOB}seed: 7\n"))]);
    let says = [
        "seeded.yaml:5:7",
        "a scenario has no `seed`",
        "run `--seed 7`",
    ];
    for command in ["run", "check", "plan"] {
        refused(folder.path(), &[command, "seeded.yaml"], 2, &says);
    }
}

#[test]
fn what_changes_nothing_in_a_plan_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["run", "happy-path", "--seed", "7", "--keep"];
    assert_eq!(dispatchlab(folder.path(), &args).0, 0);
    let plan = "out/happy-path/seed-7/plan.json";
    let says = ["is a plan, with the seed 7", "run it without that"];
    for given in [["--seeds", "50"], ["--seed", "99"], ["--set", "boot=3s"]] {
        let args = ["run", plan, given[0], given[1]];
        refused(folder.path(), &args, 2, &says);
    }
    refused(folder.path(), &["plan", plan, "--seed", "9"], 2, &says);
    for args in [["run", plan, "--seed", "7"], ["run", plan, "--seeds", "1"]] {
        assert_eq!(dispatchlab(folder.path(), &args).0, 0, "{args:?}");
    }
}

#[test]
fn an_out_that_cannot_be_written_is_told_before_the_run() {
    let folder = folder_with(&[("fails.yaml", FAILS), ("afile", "")]);
    let says = ["nothing can be written to afile", "--out DIR"];
    refused(
        folder.path(),
        &["run", "fails.yaml", "--out", "afile"],
        2,
        &says,
    );
    let below = ["run", "fails.yaml", "--out", "afile/below"];
    refused(
        folder.path(),
        &below,
        2,
        &["nothing can be written to afile/below"],
    );
}

#[test]
fn a_result_that_cannot_be_kept_is_printed_all_the_same() {
    // The folder can be made, and the bundle's own place is taken by a file.
    let folder = folder_with(&[("fails.yaml", FAILS), ("out/fails", "")]);
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["run", "fails.yaml", "--seeds", "2"]);
    assert_eq!(code, 70, "{stderr}");
    assert!(stdout.contains("VIOLATED in 2 of 2"), "{stdout}");
    assert!(stderr.contains("served-or-told is violated"), "{stderr}");
    assert!(
        stderr.contains("failed to write") && stderr.contains("--out DIR"),
        "{stderr}"
    );
    let (code, stdout, _) = dispatchlab(folder.path(), &["run", "fails.yaml", "--json"]);
    assert_eq!((code, &json(&stdout)["exit"]), (70, &70.into()));
}

#[test]
fn files_of_one_name_have_bundles_of_their_own() {
    let folder = folder_with(&[
        ("d1/x.yaml", FAILS),
        ("d2/x.yaml", &FAILS.replace("J,", "K,")),
    ]);
    let (code, _, stderr) = dispatchlab(folder.path(), &["run", "d1/x.yaml", "d2/x.yaml"]);
    assert_eq!(code, 1, "{stderr}");
    for (name, job) in [("d1-x", "\"J\""), ("d2-x", "\"K\"")] {
        let plan = format!("out/{name}/seed-1/plan.json");
        assert!(
            stderr.contains(&format!("replay: dispatchlab run {plan}")),
            "{stderr}"
        );
        let text = fs::read_to_string(folder.path().join(plan)).unwrap();
        assert!(text.contains(job), "{text}");
    }
}

#[test]
fn a_closed_or_full_stdout_is_no_panic() {
    let run = |script: &str| {
        let binary = env!("CARGO_BIN_EXE_dispatchlab");
        let output = Command::new("bash")
            .args(["-c", &format!("set -o pipefail; {binary} {script}")])
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!stderr.contains("panicked"), "{script}: {stderr}");
        (output.status.code(), stderr)
    };
    assert_eq!(run("completions bash | head -1").0, Some(0));
    let (code, stderr) = run("completions bash > /dev/full");
    assert_eq!(code, Some(70), "{stderr}");
    assert!(stderr.contains("failed to write to stdout"), "{stderr}");
}

#[test]
fn seeds_and_threads_have_their_limits() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str], says: &[&str]| {
        let args: Vec<&str> = ["run", "happy-path"].iter().chain(args).copied().collect();
        refused(folder.path(), &args, 2, says);
    };
    let last = u64::MAX.to_string();
    run(
        &["--seeds", "2", "--seed", &last],
        &["leaves no room for so many seeds"],
    );
    run(&["--seeds", "0"], &["'0'", "1..=1000000"]);
    run(&["--seeds", "9999999"], &["1..=1000000"]);
    run(&["--jobs", "0"], &["'0'", "1.."]);
    let args = ["run", "happy-path", "--seed", &last];
    assert_eq!(
        dispatchlab(folder.path(), &args).0,
        0,
        "the last seed is one"
    );
}

#[test]
fn an_error_far_to_the_right_of_its_line_is_no_panic() {
    let name = "J".repeat(65_600);
    let text = format!(
        "title: x\ntimeline: [{{ at: 0s, queue: {{ as: {name}, labels: x, wrong: 1 }} }}]\n"
    );
    let folder = folder_with(&[("column.yaml", &text)]);
    for command in ["check", "run", "plan"] {
        refused(
            folder.path(),
            &[command, "column.yaml"],
            2,
            &["column.yaml:2:65"],
        );
    }
}

#[test]
fn a_mistake_that_every_seed_has_is_shown_a_few_times_and_counted() {
    let folder = folder_with(&[("fails.yaml", FAILS)]);
    let args = ["run", "fails.yaml", "--seeds", "30", "--json"];
    let (code, stdout, stderr) = dispatchlab(folder.path(), &args);
    assert_eq!(code, 1, "{stderr}");
    assert_eq!(
        stderr.matches("served-or-told is violated").count(),
        3,
        "{stderr}"
    );
    assert!(
        stderr.contains("fails: and 27 more runs like these"),
        "{stderr}"
    );
    assert!(stderr.contains("seeds 4..30"), "{stderr}");
    assert!(
        stderr.contains("the bundles of the first 20 are kept"),
        "{stderr}"
    );
    let kept = fs::read_dir(folder.path().join("out/fails"))
        .unwrap()
        .count();
    assert_eq!(kept, 20);
    let report = &json(&stdout)["scenarios"][0];
    assert_eq!(report["violated_seeds"].as_array().unwrap().len(), 30);
    let args = [
        "run",
        "fails.yaml",
        "--seeds",
        "30",
        "--keep",
        "--out",
        "all",
    ];
    dispatchlab(folder.path(), &args);
    assert_eq!(
        fs::read_dir(folder.path().join("all/fails"))
            .unwrap()
            .count(),
        30
    );
}

#[test]
fn a_folder_of_bundles_is_run_again() {
    let folder = folder_with(&[("fails.yaml", FAILS)]);
    dispatchlab(folder.path(), &["run", "fails.yaml", "--seeds", "2"]);
    for place in ["out", "out/fails", "out/fails/seed-1"] {
        let args = ["run", place, "--json", "--out", "again"];
        let (code, stdout, stderr) = dispatchlab(folder.path(), &args);
        assert_eq!(code, 1, "{place}: {stderr}");
        let runs = json(&stdout)["scenarios"].as_array().unwrap().len();
        assert_eq!(
            runs,
            if place == "out/fails/seed-1" { 1 } else { 2 },
            "{place}"
        );
    }
}

#[test]
fn a_folder_with_nothing_in_it_is_told() {
    let folder = folder_with(&[("empty/readme.md", ""), ("empty/data.json", "[]")]);
    for command in ["run", "check"] {
        let says = ["no scenario and no plan in empty", ".yaml"];
        refused(folder.path(), &[command, "empty"], 4, &says);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_one_error_among_the_others() {
    let folder = folder_with(&[("all/a.yaml", ONE_JOB), ("all/z.yaml", "title: [")]);
    fs::write(folder.path().join("all/b.yaml"), b"title: x\nname: \xff\n").unwrap();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["check", "all"]);
    assert_eq!(code, 2);
    assert!(stdout.contains("a: well-formed, 1 step\n"), "{stdout}");
    assert!(
        stderr.contains("all/b.yaml:2:7: the byte 0xFF is not UTF-8"),
        "{stderr}"
    );
    assert!(
        stderr.contains("save the file as UTF-8") && stderr.contains("all/z.yaml:"),
        "{stderr}"
    );
    let (code, stdout, _) = dispatchlab(folder.path(), &["check", "all", "--json"]);
    let lines: Vec<_> = stdout.lines().map(json).collect();
    assert_eq!((code, lines.len()), (2, 3), "{stdout}");
    assert_eq!(lines[0]["ok"], true);
    assert_eq!(
        (&lines[1]["line"], &lines[1]["column"]),
        (&2.into(), &7.into())
    );
    for wrong in &lines[1..] {
        assert_eq!(wrong["ok"], false);
        assert!(!wrong["help"].as_str().unwrap().is_empty(), "{wrong}");
    }
}

#[test]
fn a_slip_in_a_label_is_warned_of_at_its_place_and_shown_beside_the_verdict() {
    let text = ONE_JOB.replace("cpu-basic", "cpu-basik");
    let folder = folder_with(&[("typo.yaml", &text)]);
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["check", "typo.yaml"]);
    assert_eq!((code, stdout.as_str()), (0, "typo: well-formed, 1 step\n"));
    let warning = "warning: typo.yaml:4:30: no flavor `cpu-basik`, so nobody serves this job\n  did you mean `hf-jobs-cpu-basic`?";
    assert!(stderr.contains(warning), "{stderr}");
    let (_, stdout, _) = dispatchlab(folder.path(), &["check", "typo.yaml", "--json"]);
    assert_eq!(json(&stdout)["warnings"][0]["column"], 30);
    let (code, stdout, _) = dispatchlab(folder.path(), &["run", "typo.yaml"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("held (1 job unserved)"), "{stdout}");
    assert!(
        stdout.contains("1 job that looks meant for the dispatcher is served by nobody"),
        "{stdout}"
    );
    let (_, stdout, _) = dispatchlab(folder.path(), &["run", "typo.yaml", "--json"]);
    assert_eq!(json(&stdout)["scenarios"][0]["unrouted"][0]["job"], "J1");
}

#[test]
fn a_label_that_somebody_else_serves_is_not_warned_of() {
    for label in ["ubuntu-latest", "other", "hf-jobs-cpu-basic"] {
        let folder = folder_with(&[("fine.yaml", &ONE_JOB.replace("hf-jobs-cpu-basic", label))]);
        let (code, _, stderr) = dispatchlab(folder.path(), &["check", "fine.yaml"]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{label}");
    }
}

/// A built-in scenario with an entry in the list of known faults, which breaks with seed 1.
fn known() -> &'static scenarios::Entry {
    let known = scenarios::known::known();
    let name = &known
        .iter()
        .find(|entry| entry.is_about(&entry.scenario, 1))
        .unwrap()
        .scenario;
    scenarios::corpus()
        .iter()
        .find(|entry| entry.name == name)
        .unwrap()
}

#[test]
fn what_is_known_of_a_built_in_scenario_is_known_of_it_alone() {
    let entry = known();
    let edited = format!("{}\n# edited\n", entry.text);
    let own_name = format!("mine/{}.yaml", entry.name);
    let folder = folder_with(&[("renamed.yaml", entry.text), (&own_name, &edited)]);
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["run", "renamed.yaml"]);
    assert_eq!(code, 0, "word for word, under another name: {stderr}");
    assert!(stdout.contains(" known "), "{stdout}");
    let (code, _, stderr) = dispatchlab(folder.path(), &["run", &own_name]);
    assert_eq!(code, 1, "an edited copy is judged on its own: {stderr}");
    let hint = format!("the built-in scenario {} is known to break", entry.name);
    assert!(stderr.contains(&hint), "{stderr}");
}

#[test]
fn a_bundle_of_what_is_known_replays_it_as_known() {
    let entry = known();
    let folder = tempfile::tempdir().unwrap();
    dispatchlab(folder.path(), &["run", entry.name, "--keep"]);
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["run", "out"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains(" known "), "{stdout}");
}

#[test]
fn a_run_with_a_stale_waiver_is_not_counted_as_held() {
    let waiver =
        "expect: { waive: { property: no-leak, reason: x, link: y, expires: 2026-12-31 } }\n";
    let folder = folder_with(&[("stale.yaml", &format!("{ONE_JOB}{waiver}"))]);
    let args = ["run", "stale.yaml", "--today", "2026-12-01"];
    let (code, stdout, _) = dispatchlab(folder.path(), &args);
    assert_eq!(code, 1);
    assert!(
        stdout.contains("0 of 1 runs held, 1 with a waiver"),
        "{stdout}"
    );
}

#[test]
fn a_fault_that_may_miss_may_miss_in_part() {
    let fault = |may: &str| {
        format!(
            "{ONE_JOB}faults:\n  - {{ to: hf.create, times: 3, answer: {{ status: 500 }}, from: 0s, until: 9s{may} }}\n  - {{ to: webhook, for: {{ action: completed }}, times: 3, delay: 1s{may} }}\n"
        )
    };
    let part = "struck 1 of 3 times";
    let folder = folder_with(&[
        ("told.yaml", &fault("")),
        ("may.yaml", &fault(", may_miss: true")),
    ]);
    let said = |file: &str| dispatchlab(folder.path(), &["run", file]).2;
    assert!(said("told.yaml").contains(part));
    assert!(!said("may.yaml").contains(part));
}

#[test]
fn what_is_wrong_with_a_set_is_told_of_the_set() {
    let text = format!(
        "params: {{ boot: {{ chosen: 10s, vary: 5s..20s }} }}\nworld: {{ hf: {{ cold_start: $boot }} }}\n{ONE_JOB}"
    );
    let folder = folder_with(&[("set.yaml", &text)]);
    let args = ["run", "set.yaml", "--set", "boot=10"];
    refused(folder.path(), &args, 2, &["--set boot=10: "]);
    let (_, _, stderr) = dispatchlab(folder.path(), &args);
    assert!(!stderr.contains("set.yaml:"), "{stderr}");
}

#[test]
fn options_without_a_command_are_those_of_run() {
    let folder = tempfile::tempdir().unwrap();
    let (code, stdout, stderr) = dispatchlab(folder.path(), &["--transport", "direct", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(json(&stdout)["scenarios"].as_array().unwrap().len() > 10);
    let (_, stdout, _) = dispatchlab(folder.path(), &["--help"]);
    assert!(
        stdout.contains("dispatchlab [OPTIONS] [COMMAND]"),
        "{stdout}"
    );
}

#[test]
fn a_served_scenario_that_is_interrupted_is_judged_as_far_as_it_came() {
    let folder = folder_with(&[("one.yaml", ONE_JOB)]);
    // A dispatcher that takes every webhook and does nothing.
    let receiver = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let webhook = format!("http://{}/webhook", receiver.local_addr().unwrap());
    let mut served = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .args([
            "serve",
            "one.yaml",
            "--json",
            "--github",
            "127.0.0.1:0",
            "--hf",
            "127.0.0.1:0",
        ])
        .args(["--webhook", &webhook])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The timeline begins ten seconds after the world.
    std::thread::sleep(std::time::Duration::from_secs(13));
    let kill = Command::new("kill")
        .args(["-INT", &served.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    let code = served.wait().unwrap().code();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    std::io::Read::read_to_string(served.stdout.as_mut().unwrap(), &mut stdout).unwrap();
    std::io::Read::read_to_string(served.stderr.as_mut().unwrap(), &mut stderr).unwrap();
    assert_eq!(code, Some(130), "{stdout}{stderr}");
    let (_, result) = stdout.split_once('\n').unwrap();
    let result = json(result);
    assert_eq!(result["exit"], 130);
    let outcome = &result["scenarios"][0]["outcomes"][0];
    assert_eq!(outcome["interrupted"], true);
    assert_eq!(
        outcome["verdicts"]["served-or-told"]["verdict"], "undecided",
        "{outcome}"
    );
    for file in ["plan.json", "history.jsonl", "verdict.json"] {
        assert!(
            folder.path().join("out/one/seed-1").join(file).exists(),
            "{file}"
        );
    }
    assert!(stderr.contains("the run was interrupted"), "{stderr}");
}

#[test]
fn a_mistyped_name_is_told_with_the_one_that_was_probably_meant() {
    let folder = folder_with(&[("lost-batch.yaml", ONE_JOB), ("log.jsonl", "")]);
    for (given, meant) in [
        ("hapy-path", "did you mean `happy-path`?"),
        ("lost-bath.yaml", "did you mean `lost-batch.yaml`?"),
        ("zzz", "`dispatchlab list` shows the built-in scenarios"),
    ] {
        refused(
            folder.path(),
            &["run", given],
            2,
            &["is neither a file nor", meant],
        );
    }
    let delivery = r#"{"headers":{"x-github-event":"workflow_job","x-github-delivery":"1"},"payload":{"action":"queued","workflow_job":{"id":1,"run_id":1,"labels":["a"]},"repository":{"full_name":"a/b"}}}"#;
    std::fs::write(folder.path().join("log.jsonl"), delivery).unwrap();
    refused(
        folder.path(),
        &["import", "log.jsonl", "--event", "workflow_jobs"],
        2,
        &[
            "no delivery is of the event",
            "did you mean `workflow_job`?",
        ],
    );
    assert!(!folder.path().join("imported.yaml").exists());
}
