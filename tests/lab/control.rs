//! The control API: the released binary serves the fake GitHub alone, and a program drives it over HTTP.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::served::{Lab, NOTHING, check_against_document, receiver};

pub(crate) const JIT: &str = "/repos/octo/app/actions/runners/generate-jitconfig";
pub(crate) const JIT_BODY: &str =
    r#"{"name": "r1", "runner_group_id": 1, "labels": ["hf-jobs-cpu-basic"]}"#;

#[test]
fn a_queued_job_reaches_the_dispatchers_webhook_and_a_fault_strikes_its_call_once() {
    let lab = Lab::github();
    assert!(
        lab.started["hf"].is_null(),
        "GitHub is served alone: {}",
        lab.started
    );
    let (url, received) = receiver();
    assert_eq!(
        lab.ask("PUT", "/_lab/webhook", &json!({ "url": url }))
            .status,
        200
    );

    let job = json!({ "as": "J1", "labels": "hf-jobs-cpu-basic", "runs_for": "5m" });
    let queued = lab.ask("POST", "/_lab/jobs", &job);
    assert_eq!(queued.status, 201);
    assert_eq!(queued.json()["jobs"][0]["name"], "J1");
    let webhook = received.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(
        webhook.contains("x-hub-signature-256: sha256="),
        "{webhook}"
    );
    assert!(webhook.contains(r#""action":"queued""#), "{webhook}");

    let token = lab.token();
    let fault = json!({ "to": "github.jit-config", "times": 1, "answer": { "status": 502 } });
    let injected = lab.ask("POST", "/_lab/faults", &fault);
    assert_eq!(
        (injected.status, &injected.json()["fault"]),
        (201, &json!(0))
    );
    assert_eq!(lab.call("POST", JIT, &token, JIT_BODY).status, 502);
    let nothing = json!({ "to": "webhook", "delay": "0s" });
    assert_eq!(lab.ask("POST", "/_lab/faults", &nothing).status, 400);
    let used_up = &lab.ask("GET", "/_lab/faults", &NOTHING).json()["faults"][0];
    assert_eq!(
        (&used_up["left"], &used_up["open"]),
        (&json!(0), &json!(false))
    );
    let created = lab.call("POST", JIT, &token, JIT_BODY);
    assert_eq!(created.status, 201, "{created:?}");
    assert!(created.json()["encoded_jit_config"].is_string());
    let runners = lab.ask("GET", "/_lab/runners", &NOTHING).json();
    assert_eq!(runners["runners"][0]["name"], "r1");

    let history = lab.history();
    let of = |kind: &str| {
        history
            .iter()
            .filter(|line| line["event"]["kind"] == kind)
            .count()
    };
    assert_eq!((of("fault.applied"), of("delivery.answered")), (1, 1));
    let calls = |line: &&Value| line["event"]["kind"] == "call.received";
    for call in history.iter().filter(calls) {
        let path = call["event"]["path"].as_str().unwrap();
        assert!(
            !path.starts_with("/_lab"),
            "the control is no call of the dispatcher: {call}"
        );
    }
    assert!(
        history
            .iter()
            .any(|line| line["event"]["name"] == "github.jit-config")
    );
}

#[test]
fn a_fault_ends_when_it_is_deleted_alone_or_with_all_others() {
    let lab = Lab::github();
    let token = lab.token();
    let fault = json!({ "to": "github.jit-config", "answer": { "status": 500 } });
    lab.ask("POST", "/_lab/faults", &fault);
    assert_eq!(lab.call("POST", JIT, &token, JIT_BODY).status, 500);
    let ended = lab.ask("DELETE", "/_lab/faults/0", &NOTHING);
    assert_eq!(ended.json()["open"], false);
    assert_eq!(lab.call("POST", JIT, &token, JIT_BODY).status, 201);

    let second = lab.ask("POST", "/_lab/faults", &fault).json();
    assert_eq!(second["fault"], 1);
    assert_eq!(second["rule"]["to"], json!(["github.jit-config"]));
    lab.ask("DELETE", "/_lab/faults", &NOTHING);
    assert_eq!(lab.ask("GET", "/_lab", &NOTHING).json()["faults_active"], 0);
    assert_eq!(lab.ask("DELETE", "/_lab/faults/7", &NOTHING).status, 404);
}

#[test]
fn a_run_waits_for_its_approval_is_cancelled_and_runs_again() {
    let lab = Lab::github();
    let job = json!({ "as": "J1", "labels": ["gpu"], "needs_approval": true });
    let run = lab.ask("POST", "/_lab/jobs", &job).json()["jobs"][0]["run"].clone();
    let of_run = |verb: &str| lab.ask("POST", &format!("/_lab/runs/{run}/{verb}"), &NOTHING);
    let status = || lab.ask("GET", "/_lab/jobs", &NOTHING).json()["jobs"][0]["status"].clone();
    assert_eq!(status(), "waiting");
    assert_eq!(of_run("rerun").status, 409, "it has not ended");
    assert_eq!(of_run("approve").json()["jobs"][0]["status"], "queued");
    assert_eq!(of_run("approve").status, 409, "nothing waits any more");
    assert_eq!(
        of_run("cancel").json()["jobs"][0]["conclusion"],
        "cancelled"
    );
    assert_eq!(of_run("cancel").status, 409, "it has ended");
    assert_eq!(of_run("rerun").json()["jobs"][1]["name"], "J1/2");
    assert_eq!(lab.ask("POST", "/_lab/runs/1/cancel", &NOTHING).status, 404);
    assert_eq!(
        lab.ask("POST", "/_lab/runs/one/cancel", &NOTHING).status,
        400
    );
}

#[test]
fn a_runner_connects_takes_a_job_disconnects_and_ages_away() {
    let lab = Lab::github();
    let token = lab.token();
    let runners = "/repos/octo/app/actions/runners";
    let body = json!({"name": "r1", "runner_group_id": 1, "labels": ["lab-cpu"]}).to_string();
    let made = lab.call(
        "POST",
        &format!("{runners}/generate-jitconfig"),
        &token,
        &body,
    );
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["runner"]["id"].as_u64().unwrap();
    let act =
        |verb: &str, body: Value| lab.ask("POST", &format!("/_lab/runners/{id}/{verb}"), &body);

    let connected = act("connect", Value::Null);
    assert_eq!(
        (connected.status, &connected.json()["online"]),
        (200, &json!(true))
    );
    assert_eq!(act("connect", Value::Null).status, 409);
    assert_eq!(act("age", json!({"offline_for": "1d"})).status, 409);
    let job = json!({"labels": "lab-cpu", "runs_for": "1h"});
    assert_eq!(lab.ask("POST", "/_lab/jobs", &job).status, 201);
    let busy = || {
        let shown = lab.call("GET", &format!("{runners}/{id}"), &token, "");
        shown.json()["busy"] == json!(true)
    };
    for _ in 0..100 {
        if busy() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(busy(), "the job went to the runner");
    assert_eq!(act("disconnect", Value::Null).status, 200);

    let idle = json!({"name": "r2", "runner_group_id": 1, "labels": ["b"]}).to_string();
    let made = lab.call(
        "POST",
        &format!("{runners}/generate-jitconfig"),
        &token,
        &idle,
    );
    let id = made.json()["runner"]["id"].as_u64().unwrap();
    let age = |by: &str| {
        let path = format!("/_lab/runners/{id}/age");
        lab.ask("POST", &path, &json!({"offline_for": by})).json()["registered"].clone()
    };
    assert_eq!((age("23h"), age("1h")), (json!(true), json!(false)));
    let gone = lab.call("GET", &format!("{runners}/{id}"), &token, "");
    assert_eq!(gone.status, 404);
    let unknown = lab.ask("POST", "/_lab/runners/9/connect", &Value::Null);
    assert_eq!(unknown.status, 404);
}

#[test]
fn an_installation_is_suspended_a_repository_renamed_and_the_secret_changed() {
    let lab = Lab::github();
    let token = lab.token();
    let runs = "/repos/octo/app/actions/runs";
    assert_eq!(lab.call("GET", runs, &token, "").status, 200);
    let suspend = lab.ask("POST", "/_lab/installations/octo/suspend", &Value::Null);
    assert_eq!(suspend.json()["suspended"], json!(true));
    assert_eq!(lab.call("GET", runs, &token, "").status, 403);
    lab.ask("POST", "/_lab/installations/octo/unsuspend", &Value::Null);
    assert_eq!(lab.call("GET", runs, &token, "").status, 200);
    let nobody = lab.ask("POST", "/_lab/installations/nobody/suspend", &Value::Null);
    assert_eq!(nobody.status, 404);

    let to = json!({"to": "octo/renamed"});
    let renamed = lab.ask("POST", "/_lab/repos/octo/app/rename", &to);
    assert_eq!(
        (renamed.status, &renamed.json()["to"]),
        (200, &json!("octo/renamed"))
    );
    assert_eq!(lab.call("GET", runs, &token, "").status, 301);

    let changed = lab.ask("POST", "/_lab/secret", &json!({"secret": "another"}));
    assert_eq!(changed.json(), json!({"changed": true}));
    let told = lab
        .history()
        .into_iter()
        .any(|event| event.to_string().contains("hook.secret-rotated"));
    assert!(told, "the history tells that it changed");
}

#[test]
fn deliveries_go_out_as_written_and_again() {
    let lab = Lab::github();
    let (url, received) = receiver();
    lab.ask("PUT", "/_lab/webhook", &json!({ "url": url }));
    let raw = json!({ "event": "ping", "body": "{}", "sign": "none", "headers": { "X-Odd": "1" } });
    assert_eq!(lab.ask("POST", "/_lab/deliveries", &raw).status, 201);
    let webhook = received.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(
        webhook.contains("x-odd: 1") && !webhook.contains("x-hub-signature"),
        "{webhook}"
    );

    lab.ask("DELETE", "/_lab/webhook", &NOTHING);
    lab.ask(
        "POST",
        "/_lab/deliveries",
        &json!({ "body": "{\"lost\":1}" }),
    );
    while lab.ask("GET", "/_lab", &NOTHING).json()["deliveries_pending"] != 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    lab.ask("PUT", "/_lab/webhook", &json!({ "url": url }));
    let again = lab.ask(
        "POST",
        "/_lab/deliveries/redeliver",
        &json!({ "failed": true }),
    );
    assert_eq!(again.json()["deliveries"].as_array().unwrap().len(), 1);
    let webhook = received.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(webhook.ends_with("{\"lost\":1}"), "{webhook}");
    let https = lab.ask(
        "PUT",
        "/_lab/webhook",
        &json!({ "url": "https://example.org/" }),
    );
    assert_eq!(https.status, 400);
}

#[test]
fn what_is_wrong_is_refused_with_its_place_and_how_to_mend_it() {
    let lab = Lab::github();
    let refused = |path: &str, body: &str| {
        let answer = lab.send("POST", path, &[], body);
        check_against_document("POST", path, &answer);
        let problem = answer.json();
        // Lists of what is known grow with the language.
        let help = problem["help"]
            .as_str()
            .unwrap()
            .split(" known: ")
            .next()
            .unwrap()
            .to_owned();
        format!(
            "{} {} | {} | {help}",
            answer.status, problem["where"], problem["error"]
        )
    };
    let all = [
        refused(
            "/_lab/faults",
            "{\"to\": \"webhook\",\n \"dropp\": \"logged\"}",
        ),
        refused("/_lab/faults", "{\"to\": \"webhook\",,}"),
        refused(
            "/_lab/faults",
            r#"{"to": "webhook", "drop": "logged", "from": "5m"}"#,
        ),
        refused("/_lab/jobs", r#"{"labels": "x", "runs_for": "soon"}"#),
        refused("/_lab/jobs", r#"{"labels": "x", "repo": "octo/ap"}"#),
        refused("/_lab/jobs", ""),
        refused("/_lab/jobs?loud=1", "{}"),
        refused("/_lab/deliveries", r#"{"recorded": "/etc/passwd"}"#),
        refused("/_lab/repos", r#"{"name": "octo"}"#),
    ];
    insta::assert_snapshot!(all.join("\n"));
    assert_eq!(
        lab.send("POST", "/_lab/jobs", &[], &"x".repeat(2 << 20))
            .status,
        413
    );
    assert_eq!(lab.send("PATCH", "/_lab/jobs", &[], "").status, 404);
    assert_eq!(lab.send("GET", "/_lab/nothing", &[], "").status, 404);
}

#[test]
fn a_web_page_does_not_reach_it() {
    let lab = Lab::github();
    let (host, own) = (lab.host(), format!("http://{}", lab.host()));
    let status = |headers: &[(&str, &str)]| lab.send("GET", "/_lab", headers, "").status;
    assert_eq!(status(&[("host", "rebound.example:4010")]), 403);
    assert_eq!(
        status(&[("host", &host), ("origin", "https://evil.example")]),
        403
    );
    assert_eq!(status(&[("host", &host), ("origin", &own)]), 200);
    assert_eq!(status(&[("host", "localhost")]), 200);
}

#[test]
fn off_loopback_it_is_there_only_when_exposed() {
    let lab = Lab::serve(&["--github", "0.0.0.0:0"]);
    assert!(lab.started["control"].is_null());
    assert_eq!(lab.send("GET", "/_lab", &[], "").status, 404);
    let lab = Lab::serve(&["--github", "0.0.0.0:0", "--expose-control"]);
    assert_eq!(
        lab.send("GET", "/_lab", &[("host", "lab.example")], "")
            .status,
        200
    );
}

#[test]
fn a_new_repository_takes_jobs_and_both_fakes_share_one_control() {
    let lab = Lab::serve(&["--github", "127.0.0.1:0", "--hf", "127.0.0.1:0"]);
    let repo = json!({ "name": "acme/tool", "visibility": "private" });
    assert_eq!(lab.ask("POST", "/_lab/repos", &repo).status, 201);
    assert_eq!(lab.ask("POST", "/_lab/repos", &repo).status, 409);
    let job = json!({ "repo": "acme/tool", "labels": "gpu", "jobs": 2 });
    assert_eq!(
        lab.ask("POST", "/_lab/jobs", &job).json()["jobs"][1]["name"],
        "Q1-2"
    );
    let repos = lab.ask("GET", "/_lab/repos", &NOTHING).json();
    assert_eq!(
        repos["repos"][0],
        json!({ "name": "acme/tool", "visibility": "private", "installed": true })
    );
    let hf = lab.started["hf"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();
    let mut stream = TcpStream::connect(hf).unwrap();
    stream
        .write_all(format!("GET /_lab HTTP/1.0\r\nhost: {hf}\r\n\r\n").as_bytes())
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains(r#""queued":2"#), "{text}");
}

#[test]
fn both_fakes_served_together_say_how_each_is_reached() {
    let free = ["--github", "127.0.0.1:0", "--hf", "127.0.0.1:0"];
    let lab = Lab::serve(&[&free[..], &["--set", "cold_start=2s"]].concat());
    let told = |name: &str| lab.started[name].as_str().unwrap();
    let environment = fs::read_to_string(lab.folder.path().join("lab.env")).unwrap();
    for (name, value) in [
        ("HF_ENDPOINT", told("hf")),
        ("HF_TOKEN", told("hf_token")),
        ("HF_NAMESPACE", told("hf_namespace")),
        ("GITHUB_API_URL", told("github")),
    ] {
        let line = format!("{name}='{value}'\n");
        assert!(
            environment.contains(&line),
            "{line} is not in {environment}"
        );
    }
    assert!(Lab::github().started["hf_token"].is_null());
}

#[test]
fn a_world_without_a_scenario_has_no_other_parameter_than_its_cold_start() {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_dispatchlab"));
    let ended = serve.args(["serve", "--set", "boot=2s"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("known parameters: cold_start"), "{said}");
}

#[test]
fn hf_jobs_are_bent_by_faults_and_their_cost_is_shown() {
    let lab = Lab::serve(&["--github", "127.0.0.1:0", "--hf", "127.0.0.1:0"]);
    for fault in [
        json!({ "to": "hf.schedule", "for": { "flavor": "h200" }, "hold": true }),
        json!({ "to": "hf.schedule", "for": { "flavor": "t4-small" }, "stuck": { "every": "10m" } }),
        json!({ "to": "hf.schedule", "for": { "flavor": "l4x1" }, "limbo": true }),
        json!({ "to": "hf.schedule", "times": 1, "fail": { "after": "0s", "cancel_reason": "NO_SUBSCRIPTION" } }),
        json!({ "to": ["hf.list", "hf.inspect"], "stale": "1h" }),
    ] {
        let made = lab.ask("POST", "/_lab/faults", &fault);
        assert_eq!(made.status, 201, "{made:?}");
    }
    let hf = lab.started["hf"].as_str().unwrap();
    let hf = hf.strip_prefix("http://").unwrap();
    let body =
        json!({ "flavor": "cpu-basic", "dockerImage": "u", "command": ["true"] }).to_string();
    let mut stream = TcpStream::connect(hf).unwrap();
    let head = format!(
        "POST /api/jobs/lab HTTP/1.0\r\nhost: {hf}\r\nauthorization: Bearer hf_lab_token\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.contains(r#""stage":"SCHEDULING""#), "{text}");
    let mut costs = Value::Null;
    for _ in 0..100 {
        costs = lab.ask("GET", "/_lab/costs", &NOTHING).json();
        if costs["total"]["live"] == 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let nothing = json!({ "jobs": 1, "live": 0, "minutes": 0, "micro_usd": 0 });
    assert_eq!(costs["total"], nothing, "it was cancelled before it ran");
    assert_eq!(
        (
            &costs["by_flavor"]["cpu-basic"],
            &costs["by_namespace"]["lab"]
        ),
        (&nothing, &nothing)
    );
    let canceled = lab
        .history()
        .into_iter()
        .find(|line| line["event"]["kind"] == "hf.stage");
    assert_eq!(
        canceled.unwrap()["event"]["cancel_reason"],
        "NO_SUBSCRIPTION"
    );
}

#[test]
fn a_followed_history_goes_on_with_what_happens() {
    let lab = Lab::github();
    let mut stream = TcpStream::connect(lab.host()).unwrap();
    let request = format!(
        "GET /_lab/history?after=1&follow=true HTTP/1.0\r\nhost: {}\r\n\r\n",
        lab.host()
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    lab.ask(
        "POST",
        "/_lab/jobs",
        &json!({ "as": "J1", "labels": "gpu" }),
    );
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("job.queued")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["id"], 2);
}

#[test]
fn ctrl_c_and_sigterm_end_it_and_keep_the_history() {
    for signal in ["-INT", "-TERM"] {
        ends_and_keeps_the_history(signal);
    }
}

fn ends_and_keeps_the_history(signal: &str) {
    let mut lab = Lab::github();
    lab.ask(
        "POST",
        "/_lab/jobs",
        &json!({ "as": "J1", "labels": "gpu" }),
    );
    let pid = lab.process.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(lab.process.wait().unwrap().code(), Some(130));
    let history = fs::read_to_string(lab.folder.path().join("out/serve/history.jsonl")).unwrap();
    assert!(history.contains("job.queued"), "{history}");
    let environment = fs::read_to_string(lab.folder.path().join("lab.env")).unwrap();
    assert!(environment.contains("GH_APP_ID=") && !environment.contains("HF_TOKEN"));
}
