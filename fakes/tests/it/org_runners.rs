//! Runners of an organisation, by the same endpoints as a repository's.

use std::time::Duration;

use fakes::{NewJob, NewRunner, RepoSettings, github::Status, history::What, ids::RunnerId};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, job};

const ORG: &str = "/orgs/octo/actions/runners";

async fn org_jit(lab: &Lab, name: &str, group: u64) -> Answer {
    let body = json!({"name": name, "runner_group_id": group, "labels": ["a"]});
    let path = format!("{ORG}/generate-jitconfig");
    lab.github("POST", &path, &lab.token().await, body).await
}

/// A registered runner of this owner, without a process.
pub(crate) fn register(lab: &Lab, owner: &str, name: &str, ephemeral: bool) -> RunnerId {
    let runner = NewRunner {
        owner: owner.to_owned(),
        name: name.to_owned(),
        labels: vec!["a".to_owned()],
        group: None,
        ephemeral,
    };
    lab.world.github().register_runner(runner, None).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_organisations_runner_serves_every_repository_of_it() {
    let lab = Lab::with(|settings| {
        settings.github.repos.extend([
            RepoSettings::installed("octo/lib"),
            RepoSettings::installed("other/x"),
        ]);
    });
    let made = org_jit(&lab, "r", 1).await;
    assert_eq!(made.status, 201, "{made:?}");
    let config = made.body["encoded_jit_config"].as_str().unwrap();
    for repo in ["other/x", "octo/lib"] {
        let wanted = NewJob {
            repo: repo.to_owned(),
            ..job(repo, &["a"])
        };
        lab.world.github().queue(wanted, None).unwrap();
    }
    lab.create(
        &json!({"ACTIONS_RUNNER_INPUT_JITCONFIG": config}),
        &json!({}),
    )
    .await;
    lab.sleep(60.0).await;
    let jobs = lab.world.github().jobs();
    let of = |name: &str| jobs.iter().find(|job| job.name == name).unwrap().status;
    assert_eq!(
        (of("octo/lib"), of("other/x")),
        (Status::InProgress, Status::Queued)
    );
}

#[tokio::test(start_paused = true)]
async fn an_organisations_runners_are_not_its_repositorys() {
    let lab = Lab::new();
    let id = org_jit(&lab, "r", 1).await.body["runner"]["id"].clone();
    let token = lab.token().await;
    let get = async |path: String| lab.github("GET", &path, &token, Value::Null).await;
    let of_repo = "/repos/octo/app/actions/runners";
    assert_eq!(get(ORG.to_owned()).await.body["total_count"], 1);
    assert_eq!(get(of_repo.to_owned()).await.body["total_count"], 0);
    assert_eq!(get(format!("{ORG}/{id}")).await.status, 200);
    assert_eq!(get(format!("{of_repo}/{id}")).await.status, 404);
    assert_eq!(get(format!("{ORG}?name=R")).await.body["total_count"], 0);
    assert_eq!(get(format!("{ORG}?name=r")).await.body["total_count"], 1);
    let deleted = lab
        .github("DELETE", &format!("{ORG}/{id}"), &token, Value::Null)
        .await;
    assert_eq!(deleted.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_within_its_owner_only() {
    let lab = Lab::new();
    assert_eq!(lab.jit("r", &["a"]).await.status, 201);
    assert_eq!(org_jit(&lab, "r", 1).await.status, 201);
    let again = org_jit(&lab, "R", 1).await;
    assert_eq!(
        (again.status, again.message()),
        (
            409,
            "Already exists - A runner with the name R already exists."
        )
    );
}

#[tokio::test(start_paused = true)]
async fn an_unknown_group_is_not_found_for_an_organisation_and_invalid_for_a_repository() {
    let lab = Lab::new();
    assert_eq!(org_jit(&lab, "r", 9).await.status, 404);
    let body = json!({"name": "r", "runner_group_id": 9, "labels": ["a"]});
    let path = "/repos/octo/app/actions/runners/generate-jitconfig";
    let refused = lab.github("POST", path, &lab.token().await, body).await;
    assert_eq!(refused.status, 422);
}

#[tokio::test(start_paused = true)]
async fn a_runner_registers_with_its_organisations_token_but_not_with_a_remove_token() {
    let lab = Lab::new();
    let token = lab.token().await;
    let environment = json!({"RUNNER_NAME": "r", "RUNNER_LABELS": "a", "GH_REPO": "octo", "RUNNER_DEFAULT_LABELS": "true"});
    for (kind, expected) in [("remove-token", 0), ("registration-token", 1)] {
        let path = format!("{ORG}/{kind}");
        let made = lab.github("POST", &path, &token, Value::Null).await;
        assert_eq!(made.status, 201);
        assert_eq!(made.body["token"].as_str().unwrap().len(), 29);
        lab.create(&json!({"RUNNER_TOKEN": made.body["token"]}), &environment)
            .await;
        lab.sleep(60.0).await;
        let online = lab.count(|what| matches!(what, What::RunnerOnline { .. }));
        assert_eq!(online, expected, "{kind}");
    }
    let listed = lab.github("GET", ORG, &token, Value::Null).await;
    let labels = &listed.body["runners"][0]["labels"];
    assert_eq!(
        labels[0],
        json!({"id": 1, "name": "self-hosted", "type": "read-only"})
    );
    assert_eq!(labels[3], json!({"id": 4, "name": "a", "type": "custom"}));
}

#[tokio::test(start_paused = true)]
async fn the_downloads_lie_on_the_fakes_own_host() {
    let lab =
        Lab::with(|settings| settings.github.base_url = "http://127.0.0.1:1/api/v3".to_owned());
    for owner in ["/orgs/octo", "/repos/octo/app"] {
        let path = format!("{owner}/actions/runners/downloads");
        let found = lab
            .github("GET", &path, &lab.token().await, Value::Null)
            .await;
        let linux = found
            .body
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["os"] == "linux" && one["architecture"] == "x64");
        let url = linux.unwrap()["download_url"].as_str().unwrap();
        assert!(
            url.starts_with("http://127.0.0.1:1/actions/runner/releases/"),
            "{url}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_is_not_ephemeral_takes_one_job_after_the_other() {
    let lab = Lab::new();
    let path = "/repos/octo/app/actions/runners/registration-token";
    let made = lab
        .github("POST", path, &lab.token().await, Value::Null)
        .await;
    let environment = json!({"RUNNER_NAME": "r", "RUNNER_LABELS": "a", "GH_REPO": "octo/app", "RUNNER_EPHEMERAL": "false"});
    lab.queue("J1", &["a"]);
    lab.queue("J2", &["a"]);
    lab.create(&json!({"RUNNER_TOKEN": made.body["token"]}), &environment)
        .await;
    lab.sleep(200.0).await;
    let jobs = lab.world.github().jobs();
    assert!(jobs.iter().all(|job| job.status == Status::Completed));
    assert_eq!(jobs[0].runner, jobs[1].runner);
    let runner = lab.world.github().runners()[0].clone();
    assert!(runner.online && !runner.busy);
    let path = format!("/repos/octo/app/actions/runners/{}", runner.runner.0);
    let shown = lab
        .github("GET", &path, &lab.token().await, Value::Null)
        .await;
    assert_eq!(shown.body["ephemeral"], false);
}

#[tokio::test(start_paused = true)]
async fn a_stand_in_runs_what_it_is_given() {
    let lab = Lab::new();
    let github = lab.world.github();
    let (one, more) = (
        register(&lab, "octo/app", "one", true),
        register(&lab, "octo", "more", false),
    );
    for name in ["J1", "J2", "J3"] {
        lab.queue(name, &["a"]);
    }
    github.connect_runner(one, None).unwrap();
    github.connect_runner(more, None).unwrap();
    let busy = github.connect_runner(more, None).unwrap_err();
    assert_eq!(busy.status(), 409);
    lab.sleep(200.0).await;
    assert!(
        github
            .jobs()
            .iter()
            .all(|job| job.status == Status::Completed)
    );
    let left: Vec<String> = github.runners().into_iter().map(|one| one.name).collect();
    assert_eq!(left, ["more"]);
    let online = lab
        .find(|what| matches!(what, What::RunnerOnline { .. }))
        .unwrap();
    let text = serde_json::to_string(&online).unwrap();
    assert!(!text.contains("hf_job"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_stand_in_that_is_cut_off_loses_its_job_when_github_notices() {
    let lab = Lab::new();
    let github = lab.world.github();
    let runner = register(&lab, "octo/app", "r", false);
    github.connect_runner(runner, None).unwrap();
    let long = NewJob {
        runs_for: Duration::from_secs(600),
        ..job("J1", &["a"])
    };
    github.queue(long, None).unwrap();
    lab.sleep(1.0).await;
    assert!(github.disconnect_runner(runner, None));
    assert!(
        !github.disconnect_runner(runner, None),
        "it is cut off already"
    );
    assert!(github.runners()[0].online, "GitHub has not noticed");
    lab.sleep(61.0).await;
    assert!(!github.runners()[0].online && !github.runners()[0].busy);
    assert_eq!(
        github.jobs()[0].conclusion,
        Some(fakes::history::Conclusion::Failure)
    );
    github.connect_runner(runner, None).unwrap();
    lab.queue("J2", &["a"]);
    lab.sleep(61.0).await;
    assert_eq!(github.jobs()[1].status, Status::Completed);
}

#[tokio::test(start_paused = true)]
async fn github_can_take_a_runner_for_busy_after_its_job() {
    let lab = Lab::with(|settings| {
        settings.github.runners.busy_after_job = Duration::from_secs(30);
    });
    let runner = register(&lab, "octo/app", "r", true);
    lab.world.github().connect_runner(runner, None).unwrap();
    lab.queue("J1", &["a"]);
    lab.sleep(61.0).await;
    let path = format!("/repos/octo/app/actions/runners/{}", runner.0);
    let token = lab.token().await;
    let shown = lab.github("GET", &path, &token, Value::Null).await;
    assert_eq!(
        (&shown.body["status"], &shown.body["busy"]),
        (&json!("offline"), &json!(true))
    );
    let refused = lab.github("DELETE", &path, &token, Value::Null).await;
    assert_eq!(
        (refused.status, refused.message()),
        (
            422,
            "Runner \"r\" is currently running a job and cannot be deleted."
        )
    );
    lab.sleep(30.0).await;
    assert!(lab.world.github().runners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_takes_so_many_runners_and_no_more() {
    let lab = Lab::with(|settings| settings.github.runners.group_runners_max = 1);
    assert_eq!(org_jit(&lab, "r1", 1).await.status, 201);
    assert_eq!(org_jit(&lab, "r2", 1).await.status, 422);
    assert_eq!(
        lab.jit("r1", &["a"]).await.status,
        201,
        "another owner's group"
    );
}
