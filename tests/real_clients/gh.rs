//! GitHub's command line over `http_unix_socket`: no TLS, no name to resolve, no certificate.
//!
//! gh has no notion of an App, so App calls carry a JWT of ours and all others a token it minted.

use std::{fs, path::Path, process::Command};

use dispatchlab::target::LAB_APP_ID;
use serde_json::{Value, json};

use crate::{
    app, client,
    lab::{LABEL, Lab, REPOSITORY},
    round,
};

struct Gh<'a> {
    lab: &'a Lab,
    configuration: &'a Path,
}

impl<'a> Gh<'a> {
    /// Puts the fake on a socket in `folder`, and has gh use it there.
    fn configured(lab: &'a mut Lab, folder: &'a Path) -> Self {
        let socket = folder.join("github.sock");
        let (runtime, serving) = lab.serving();
        let _tasks = runtime.enter();
        serving.github_on_socket(&socket).unwrap();
        let configuration = format!("http_unix_socket: {}\n", socket.display());
        fs::write(folder.join("config.yml"), configuration).unwrap();
        Self {
            lab,
            configuration: folder,
        }
    }

    /// `gh api` with a token. A page's link names the lab's own host, for which gh has another variable.
    fn api(&self, token: &str, arguments: &[&str]) -> Value {
        let mut command = self.command(arguments);
        let tokens = [("GH_TOKEN", token), ("GH_ENTERPRISE_TOKEN", token)];
        command.envs(tokens);
        client::run(self.lab, command)
    }

    /// `gh api` as the App.
    fn app(&self, arguments: &[&str]) -> Value {
        let bearer = format!("Authorization: Bearer {}", app::jwt());
        let mut command = self.command(arguments);
        command.args(["-H", &bearer]);
        // gh refuses to begin without a token, though the header is the one that goes out.
        command.env("GH_TOKEN", "unused");
        client::run(self.lab, command)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = client::program("gh");
        command.arg("api").args(arguments);
        command.env("GH_CONFIG_DIR", self.configuration);
        command
    }
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
    let gh = Gh::configured(&mut lab, folder.path());
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
    let gh = Gh::configured(&mut lab, folder.path());
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
