//! Renamed repositories: redirects by the old name, the address by id, and what does not work any more.

use fakes::{ContentType, Redeliver, RepoSettings, history::What};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab, sha256_signature};

const RUNNERS: &str = "/repos/octo/app/actions/runners";

async fn call(lab: &Lab, method: &str, path: &str) -> Answer {
    let token = lab.token_for("octo/new").await;
    lab.github(method, path, &token, Value::Null).await
}

async fn renamed() -> (Lab, u64) {
    let lab = Lab::new();
    let found = lab
        .github("GET", "/repos/octo/app", &lab.token().await, Value::Null)
        .await;
    lab.world.github().rename_repo("octo/app", "octo/new", None);
    (lab, found.body["id"].as_u64().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_old_name_redirects_reads_with_301_and_writes_with_307() {
    let (lab, id) = renamed().await;
    let token = "/registration-token";
    for (method, rest, status) in [
        ("GET", "?per_page=5", 301),
        ("HEAD", "?per_page=5", 301),
        ("POST", token, 307),
        ("DELETE", "/7", 307),
    ] {
        let answer = call(&lab, method, &format!("{RUNNERS}{rest}")).await;
        assert_eq!(answer.status, status, "{method}");
        let to = format!("https://api.github.com/repositories/{id}/actions/runners{rest}");
        assert_eq!(answer.header("location"), to);
        if method != "HEAD" {
            assert_eq!(
                (answer.message(), &answer.body["url"]),
                ("Moved Permanently", &json!(to))
            );
            assert!(answer.body["documentation_url"].is_string());
        }
    }
    let repo = call(&lab, "GET", "/repos/octo/app").await;
    let to = format!("https://api.github.com/repositories/{id}");
    assert_eq!((repo.status, repo.header("location")), (301, to.as_str()));
    assert_eq!(
        lab.count(
            |what| matches!(what, What::CallEffect { name, .. } if name != "github.create-token")
        ),
        0
    );
    let jwt = lab.jwt();
    let installation = lab
        .github("GET", "/repos/octo/app/installation", &jwt, Value::Null)
        .await;
    assert_eq!(installation.status, 301);
}

#[tokio::test(start_paused = true)]
async fn a_repository_is_served_by_its_id_as_by_its_name() {
    let (lab, id) = renamed().await;
    for prefix in ["", "/api/v3"] {
        let made = call(
            &lab,
            "POST",
            &format!("{prefix}/repositories/{id}/actions/runners/registration-token"),
        )
        .await;
        assert_eq!(made.status, 201, "{prefix}");
    }
    let repo = call(&lab, "GET", &format!("/repositories/{id}")).await;
    assert_eq!(repo.body["full_name"], "octo/new");
    let named = lab.find(|what| {
        matches!(what, What::CallReceived { name, path, .. }
            if name == "github.registration-token" && path.starts_with("/repositories/"))
    });
    assert!(named.is_some());
    for path in ["/repositories/1/actions/runners", "/repositories/x"] {
        assert_eq!(call(&lab, "GET", path).await.status, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_for_the_old_name_is_refused() {
    let (lab, _) = renamed().await;
    let path = format!(
        "/app/installations/{}/access_tokens",
        lab.installation("octo/new").await
    );
    let ask = async |name: &str| {
        let body = json!({"repositories": [name]});
        lab.github("POST", &path, &lab.jwt(), body).await.status
    };
    assert_eq!((ask("app").await, ask("new").await), (422, 201));
}

#[tokio::test(start_paused = true)]
async fn jobs_runners_and_webhooks_follow_the_new_name() {
    let lab = Lab::new();
    let first = lab.queue("J1", &["x"]);
    assert_eq!(lab.jit("r1", &["y"]).await.status, 201);
    lab.world.github().rename_repo("octo/app", "octo/new", None);
    lab.queue("J2", &["x"]);
    lab.sleep(1.0).await;
    let names: Vec<String> = lab
        .world
        .github()
        .jobs()
        .into_iter()
        .map(|job| job.repo)
        .collect();
    assert_eq!(names, ["octo/new", "octo/new"]);
    assert_eq!(
        lab.received()[1].body["repository"]["full_name"],
        "octo/new"
    );
    let job = call(
        &lab,
        "GET",
        &format!("/repos/octo/new/actions/jobs/{}", first.0),
    )
    .await;
    assert!(
        job.body["url"]
            .as_str()
            .unwrap()
            .contains("/repos/octo/new/")
    );
    let runners = call(&lab, "GET", "/repos/octo/new/actions/runners").await;
    assert_eq!(runners.body["runners"][0]["name"], "r1");
    let event = lab
        .find(|what| matches!(what, What::RepoRenamed { .. }))
        .unwrap();
    let What::RepoRenamed { from, to, .. } = event.event else {
        unreachable!("it was found as one");
    };
    assert_eq!((from.as_str(), to.as_str()), ("octo/app", "octo/new"));
}

#[tokio::test(start_paused = true)]
async fn a_later_repository_takes_the_old_name_over() {
    let (lab, id) = renamed().await;
    lab.world
        .github()
        .rename_repo("octo/new", "octo/newer", None);
    let first = lab
        .github(
            "GET",
            "/repos/octo/app",
            &lab.token_for("octo/newer").await,
            Value::Null,
        )
        .await;
    assert_eq!(first.status, 301);
    lab.world
        .github()
        .create_repo(&RepoSettings::installed("octo/app"));
    let taken = lab
        .github("GET", "/repos/octo/app", &lab.token().await, Value::Null)
        .await;
    assert_eq!(taken.status, 200);
    assert_ne!(taken.body["id"], id);
    let still = lab
        .github("GET", "/repos/octo/new", &lab.token().await, Value::Null)
        .await;
    assert_eq!(still.status, 301);
    // A name that is taken is not given away.
    lab.world
        .github()
        .rename_repo("octo/newer", "octo/app", None);
    assert_eq!(
        lab.count(|what| matches!(what, What::RepoRenamed { .. })),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn a_private_repository_does_not_tell_strangers_where_it_went() {
    let lab = Lab::with(|settings| {
        settings.github.repos.push(RepoSettings {
            private: true,
            ..RepoSettings::installed("other/secret")
        });
    });
    lab.world
        .github()
        .rename_repo("other/secret", "other/hidden", None);
    let path = "/repos/other/secret/actions/runners";
    let stranger = lab
        .github("GET", path, &lab.token().await, Value::Null)
        .await;
    assert_eq!(stranger.status, 404);
    let own = lab.token_for("other/hidden").await;
    assert_eq!(lab.github("GET", path, &own, Value::Null).await.status, 301);
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_moves_to_another_owner_belongs_to_the_installation_there() {
    let lab = Lab::with(|settings| {
        settings
            .github
            .repos
            .push(RepoSettings::installed("other/lib"));
    });
    let before = lab.token().await;
    lab.world
        .github()
        .rename_repo("octo/app", "other/app", None);
    assert_eq!(
        lab.installation("other/app").await,
        lab.installation("other/lib").await
    );
    let path = "/repos/other/app/actions/runners";
    assert_eq!(
        lab.github("GET", path, &before, Value::Null).await.status,
        403
    );
    lab.world
        .github()
        .rename_repo("other/app", "third/app", None);
    lab.queue("J1", &["x"]);
    lab.sleep(5.0).await;
    assert_eq!(lab.received().len(), 0, "the App is not installed there");
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_says_what_was_said_under_the_old_name() {
    for content_type in [ContentType::Json, ContentType::Form] {
        let lab = Lab::with(|settings| settings.github.hooks.app_content_type = content_type);
        lab.queue("J1", &["a"]);
        lab.sleep(1.0).await;
        lab.world.github().rename_repo("octo/app", "acme/new", None);
        lab.world.github().redeliver(&Redeliver::default(), None);
        lab.sleep(1.0).await;
        let received = lab.received();
        assert_eq!(received.len(), 2);
        assert_eq!(received[0].raw, received[1].raw);
        assert_eq!(
            received[1].header("x-hub-signature-256"),
            sha256_signature("lab-webhook-secret", &received[0].raw)
        );
    }
}
