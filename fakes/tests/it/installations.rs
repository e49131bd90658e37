//! Installations: looked up, suspended, removed and made anew, and who sees which repository.

use fakes::{
    RepoSettings,
    history::{CredentialState, What},
};
use serde_json::{Value, json};

use crate::lab::{Lab, job};

const SUSPENDED: &str = "This installation has been suspended";

fn with_a_user() -> Lab {
    Lab::with(|settings| {
        let repos = &mut settings.github.repos;
        repos.push(RepoSettings::installed("Mona/tools"));
        settings.github.app.user_owners.insert("mona".to_owned());
    })
}

async fn by_jwt(lab: &Lab, method: &str, path: &str) -> crate::lab::Answer {
    lab.github(method, path, &lab.jwt(), Value::Null).await
}

#[tokio::test(start_paused = true)]
async fn an_installation_is_found_by_its_id_its_account_and_its_repository() {
    let lab = with_a_user();
    let octo = by_jwt(&lab, "GET", "/orgs/OCTO/installation").await;
    let mona = by_jwt(&lab, "GET", "/users/mona/installation").await;
    assert_eq!(octo.body["target_type"], "Organization");
    assert_eq!(
        (&mona.body["target_type"], &mona.body["account"]["type"]),
        (&json!("User"), &json!("User"))
    );
    assert_eq!(mona.body["target_id"], mona.body["account"]["id"]);
    let id = octo.body["id"].as_u64().unwrap();
    let by_id = by_jwt(&lab, "GET", &format!("/app/installations/{id}")).await;
    let by_repo = by_jwt(&lab, "GET", "/repos/octo/app/installation").await;
    assert_eq!((&by_id.body, &by_repo.body), (&octo.body, &octo.body));
    for path in [
        "/users/octo/installation",
        "/orgs/mona/installation",
        "/orgs/nobody/installation",
        "/app/installations/1",
    ] {
        assert_eq!(by_jwt(&lab, "GET", path).await.status, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn installations_are_listed_in_pages_and_since_a_time() {
    let lab = with_a_user();
    let first = by_jwt(&lab, "GET", "/app/installations?per_page=1&outdated=true").await;
    assert_eq!(first.body.as_array().unwrap().len(), 1);
    let next = first.next().unwrap();
    let second = by_jwt(&lab, "GET", &next).await;
    assert_ne!(first.body[0]["id"], second.body[0]["id"]);
    assert_eq!(second.next(), None);
    lab.world.github().suspend("Mona", None);
    let path = "/app/installations?since=2026-11-03T10:00:00Z";
    let since = by_jwt(&lab, "GET", path).await;
    assert_eq!(since.body.as_array().unwrap().len(), 1);
    assert_eq!(since.body[0]["account"]["login"], "Mona");
    let wrong = by_jwt(&lab, "GET", "/app/installations?since=yesterday").await;
    assert_eq!(wrong.status, 422);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_installation_mints_nothing_opens_nothing_and_hears_nothing() {
    let lab = Lab::new();
    let (token, id) = (lab.token().await, lab.installation("octo/app").await);
    lab.world.github().suspend("octo", None);
    let path = format!("/app/installations/{id}/access_tokens");
    let minted = by_jwt(&lab, "POST", &path).await;
    assert_eq!((minted.status, minted.message()), (403, SUSPENDED));
    let path = "/repos/octo/app/actions/runners";
    let used = lab.github("GET", path, &token, Value::Null).await;
    assert_eq!((used.status, used.message()), (403, SUSPENDED));
    lab.queue("J1", &["x"]);
    lab.sleep(5.0).await;
    assert_eq!(jobs_told(&lab), Vec::<String>::new());
    let shown = by_jwt(&lab, "GET", &format!("/app/installations/{id}")).await;
    assert_eq!(shown.body["suspended_at"], "2026-11-03T10:00:00Z");
    assert_eq!(shown.body["suspended_by"]["login"], "octocat");

    lab.world.github().unsuspend("octo", None);
    let used = lab.github("GET", path, &token, Value::Null).await;
    assert_eq!(used.status, 200);
    lab.queue("J2", &["x"]);
    lab.sleep(5.0).await;
    assert_eq!(jobs_told(&lab), ["J2.queued"]);
    let count = lab.count(|what| {
        matches!(what, What::InstallationSuspended { installation, owner } if *installation == id && owner == "octo")
            || matches!(what, What::InstallationUnsuspended { installation, .. } if *installation == id)
    });
    assert_eq!(count, 2);
}

#[tokio::test(start_paused = true)]
async fn the_app_can_suspend_itself_and_the_history_says_by_which_call() {
    let lab = Lab::new();
    let id = lab.installation("octo/app").await;
    let path = format!("/app/installations/{id}/suspended");
    for (method, effects) in [("PUT", 1), ("PUT", 1), ("DELETE", 2), ("DELETE", 2)] {
        assert_eq!(by_jwt(&lab, method, &path).await.status, 204);
        let count = lab.count(|what| matches!(what, What::CallEffect { .. }));
        assert_eq!(count, effects, "{method}");
    }
    let suspended = lab
        .find(|what| matches!(what, What::InstallationSuspended { .. }))
        .unwrap();
    assert!(lab.is_caused_by(
        &suspended,
        |what| matches!(what, What::CallReceived { name, .. } if name == "github.suspend-installation")
    ));
    let none = by_jwt(&lab, "PUT", "/app/installations/1/suspended").await;
    assert_eq!(none.status, 404);
}

#[tokio::test(start_paused = true)]
async fn an_uninstalled_app_has_no_tokens_no_webhooks_and_a_new_id_when_it_returns() {
    let lab = Lab::new();
    let (token, id) = (lab.token().await, lab.installation("octo/app").await);
    lab.world.github().uninstall("Octo", None);
    let path = "/repos/octo/app/actions/runners";
    let used = lab.github("GET", path, &token, Value::Null).await;
    assert_eq!((used.status, used.message()), (401, "Bad credentials"));
    let last = lab
        .events()
        .into_iter()
        .rev()
        .find_map(|event| match event.event {
            What::CallReceived { credential, .. } => credential,
            _ => None,
        });
    assert_eq!(last.unwrap().state, CredentialState::Revoked);
    let mint = format!("/app/installations/{id}/access_tokens");
    assert_eq!(by_jwt(&lab, "POST", &mint).await.status, 404);
    let of_repo = by_jwt(&lab, "GET", "/repos/octo/app/installation").await;
    assert_eq!(of_repo.status, 404);
    lab.queue("J1", &["x"]);
    lab.sleep(5.0).await;
    assert_eq!(jobs_told(&lab), Vec::<String>::new());

    lab.world.github().install("octo", None);
    let anew = lab.installation("octo/app").await;
    assert_ne!(anew, id);
    lab.queue("J2", &["x"]);
    lab.sleep(5.0).await;
    assert_eq!(jobs_told(&lab), ["J2.queued"]);
    assert_eq!(
        lab.received_of("workflow_job")[0].body["installation"]["id"],
        anew
    );
    assert_eq!(lab.jit("r1", &["x"]).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn deleting_an_installation_is_answered_by_version() {
    for (version, status) in [("2022-11-28", 204), ("2026-03-10", 202)] {
        let lab = Lab::new();
        let path = format!("/app/installations/{}", lab.installation("octo/app").await);
        let jwt = lab.jwt();
        let headers = [
            ("authorization", jwt.as_str()),
            ("x-github-api-version", version),
        ];
        let deleted = lab.github_with(("DELETE", &path), &headers, "").await;
        assert_eq!(deleted.status, status);
        let again = lab.github_with(("DELETE", &path), &headers, "").await;
        assert_eq!(again.status, 404);
        assert_eq!(
            lab.count(|what| matches!(what, What::InstallationDeleted { .. })),
            1
        );
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_of_a_suspended_time_are_not_told_later() {
    let lab = Lab::new();
    lab.world.github().suspend("octo", None);
    lab.world.github().queue(job("J1", &["x"]), None).unwrap();
    lab.world.github().unsuspend("octo", None);
    lab.sleep(60.0).await;
    assert_eq!(jobs_told(&lab), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_private_repository_is_seen_only_by_its_own_token() {
    let lab = Lab::with(|settings| {
        settings.github.repos.extend([
            RepoSettings {
                private: true,
                ..RepoSettings::installed("octo/secret")
            },
            RepoSettings {
                private: true,
                ..RepoSettings::installed("other/secret")
            },
            RepoSettings::installed("other/open"),
        ]);
    });
    let token = lab.token().await;
    let look = async |path: &str, auth: Option<&str>| {
        let headers: Vec<(&str, &str)> = auth
            .map(|auth| ("authorization", auth))
            .into_iter()
            .collect();
        lab.github_with(("GET", path), &headers, "").await.status
    };
    assert_eq!(look("/repos/octo/secret", Some(&token)).await, 200);
    assert_eq!(look("/repos/other/secret", Some(&token)).await, 404);
    assert_eq!(look("/repos/other/open", Some(&token)).await, 200);
    assert_eq!(look("/repos/octo/app", None).await, 200);
    assert_eq!(look("/repos/octo/secret", None).await, 404);
    assert_eq!(look("/repos/octo/app", Some("token ghs_wrong")).await, 401);
    assert_eq!(look("/orgs/octo", None).await, 200);
    assert_eq!(look("/orgs/nobody", None).await, 404);
    let org = lab.github_with(("GET", "/orgs/other"), &[], "").await;
    assert_eq!(
        (&org.body["login"], &org.body["public_repos"]),
        (&json!("other"), &json!(1))
    );
}

/// The webhooks about jobs. What became of the installation is told too.
fn jobs_told(lab: &Lab) -> Vec<String> {
    let told = lab.received().into_iter();
    told.filter(|webhook| webhook.header("x-github-event") == "workflow_job")
        .map(|webhook| format!("{}.{}", webhook.job_name(), webhook.action()))
        .collect()
}
