//! GitHub's command line over `http_unix_socket`: no TLS, no name to resolve, no certificate.
//!
//! gh has no notion of an App, so App calls carry a JWT of ours and all others a token it minted.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use dispatchlab::target::LAB_APP_ID;
use serde_json::{Value, json};

use crate::{
    app, client,
    lab::{LABEL, Lab, REPOSITORY},
    round,
};

/// gh with a configuration of its own.
struct Gh<'a> {
    configuration: &'a Path,
}

impl<'a> Gh<'a> {
    /// gh that finds GitHub on a socket in `folder`, whatever the host.
    fn configured(folder: &'a Path) -> Self {
        let configuration = format!("http_unix_socket: {}\n", socket(folder).display());
        fs::write(folder.join("config.yml"), configuration).unwrap();
        Self {
            configuration: folder,
        }
    }

    /// `gh api` with a token. A page's link names the lab's own host, for which gh has another variable.
    fn api(&self, token: &str, arguments: &[&str]) -> Value {
        let mut command = self.command(arguments);
        let tokens = [("GH_TOKEN", token), ("GH_ENTERPRISE_TOKEN", token)];
        command.envs(tokens);
        client::run(command)
    }

    /// `gh api` as the App.
    fn app(&self, arguments: &[&str]) -> Value {
        let bearer = format!("Authorization: Bearer {}", app::jwt());
        let mut command = self.command(arguments);
        command.args(["-H", &bearer]);
        // gh refuses to begin without a token, though the header is the one that goes out.
        command.env("GH_TOKEN", "unused");
        client::run(command)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = client::program("gh");
        command.arg("api").args(arguments);
        command.env("GH_CONFIG_DIR", self.configuration);
        command
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("github.sock")
}

/// Puts the fake GitHub of this lab on the socket in `folder`.
fn listen_in(folder: &Path, lab: &mut Lab) {
    let _tasks = lab.runtime.enter();
    lab.serving.github_on_socket(&socket(folder)).unwrap();
}

fn names(listed: &Value) -> Vec<&str> {
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

/// The delivery whose webhook was lost, sent again until GitHub lists that attempt as delivered.
fn redeliver(gh: &Gh<'_>) -> Value {
    let listed = gh.app(&["app/hook/deliveries?status=failure"]);
    let [failed] = &listed.as_array().unwrap()[..] else {
        panic!("{listed}");
    };
    let attempts = format!("app/hook/deliveries/{}/attempts", failed["id"]);
    gh.app(&["--method", "POST", &attempts]);
    loop {
        let delivered = gh.app(&["app/hook/deliveries?status=success"]);
        if let Some(again) = delivered.as_array().unwrap().first() {
            return json!({
                "guid": again["guid"],
                "failed": failed["id"].to_string(),
                "redelivered": again["id"].to_string(),
                "redelivery": again["redelivery"],
            });
        }
    }
}

#[test]
fn gh_makes_the_round_over_a_unix_socket() {
    let mut lab = Lab::new();
    lab.queue_with_a_lost_webhook(round::JOB);
    let folder = tempfile::tempdir().unwrap();
    listen_in(folder.path(), &mut lab);
    let gh = Gh::configured(folder.path());
    assert_eq!(gh.app(&["app"])["id"], LAB_APP_ID);
    let installation = &gh.app(&["app/installations"])[0]["id"];
    let tokens = format!("app/installations/{installation}/access_tokens");
    let minted = gh.app(&["--method", "POST", &tokens]);
    let token = minted["token"].as_str().unwrap();

    let runners = format!("repos/{REPOSITORY}/actions/runners");
    let jit = format!("{runners}/generate-jitconfig");
    let label = format!("labels[]={LABEL}");
    let made = [
        "-f",
        "name=gh-1",
        "-F",
        "runner_group_id=1",
        "-f",
        &label,
        &jit,
    ];
    let made = gh.api(token, &made);
    assert!(made["encoded_jit_config"].is_string());
    let listed = gh.api(token, &[&runners]);
    assert_eq!(names(&listed["runners"]), ["gh-1"]);
    let one = format!("{runners}/{}", made["runner"]["id"]);
    gh.api(token, &["--method", "DELETE", &one]);

    let runs = format!("repos/{REPOSITORY}/actions/runs");
    let queued = gh.api(token, &[&format!("{runs}?status=queued")]);
    let jobs = format!("{runs}/{}/jobs", queued["workflow_runs"][0]["id"]);
    let jobs = gh.api(token, &[&jobs]);
    let seen = json!({
        "runner": { "id": made["runner"]["id"], "name": made["runner"]["name"] },
        "queued": names(&jobs["jobs"]),
        "delivery": redeliver(&gh),
    });
    round::assert_made(&lab, &seen);
}

#[test]
fn gh_follows_the_pages_of_a_listing() {
    let mut lab = Lab::new();
    app::register_runners(&lab, 3);
    let folder = tempfile::tempdir().unwrap();
    listen_in(folder.path(), &mut lab);
    let gh = Gh::configured(folder.path());
    let installation = &gh.app(&["app/installations"])[0]["id"];
    let tokens = format!("app/installations/{installation}/access_tokens");
    let minted = gh.app(&["--method", "POST", &tokens]);
    let runners = format!("repos/{REPOSITORY}/actions/runners?per_page=2");
    // Each page is a document of its own: the last line is the last page.
    let last = gh.api(
        minted["token"].as_str().unwrap(),
        &["--paginate", &runners, "--jq", ".runners|tojson"],
    );
    assert_eq!(names(&last), ["other-2"]);
    assert_eq!(lab.statuses("github.list-runners"), [200, 200]);
}

#[test]
fn the_binary_answers_gh_on_its_socket_and_removes_it_when_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let socket = socket(folder.path());
    let mut serve = Command::new(env!("CARGO_BIN_EXE_dispatchlab"));
    let free = "127.0.0.1:0";
    serve.args(["serve", "--github", free, "--hf", free, "--github-socket"]);
    let serve = serve.arg(&socket).stderr(Stdio::null()).spawn();
    let mut serve = client::Process(serve.unwrap());
    while !socket.exists() {
        assert!(serve.0.try_wait().unwrap().is_none(), "serve ended early");
        std::thread::sleep(Duration::from_millis(20));
    }
    let gh = Gh::configured(folder.path());
    assert_eq!(gh.app(&["app"])["id"], LAB_APP_ID);

    let pid = serve.0.id().to_string();
    let interrupted = Command::new("kill").args(["-INT", &pid]).status();
    assert!(interrupted.unwrap().success());
    assert_eq!(serve.0.wait().unwrap().code(), Some(130));
    assert!(!socket.exists());
}
