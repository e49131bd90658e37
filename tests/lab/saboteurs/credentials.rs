//! Saboteurs that use credentials they should not have, for what is not theirs, or after access is gone.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use dispatchlab::{
    run::Run,
    target::{Seam, Seams},
    transport::HttpService,
};
use fakes::history::{CredentialState, What};
use http::{Method, Request, header};
use tower::ServiceExt;

use super::{Count, Kept, Sent, Trial, bend, run, seam, told};

/// Keeps its first installation token for ever.
#[test]
fn fresh_credentials_catches_a_dispatcher_that_never_renews_its_token() {
    let first = Arc::new(Mutex::new(None));
    let github = seam(move |mut request: Request<Body>, inner| {
        let is_app_call = request.uri().path().starts_with("/app")
            || request.uri().path().ends_with("/installation");
        if let (false, Some(token)) = (
            is_app_call,
            request.headers().get(header::AUTHORIZATION).cloned(),
        ) {
            let kept = first.lock().unwrap().get_or_insert(token).clone();
            request.headers_mut().insert(header::AUTHORIZATION, kept);
        }
        async move { inner.oneshot(request).await }
    });
    let trial = Trial::of(
        "fresh-credentials",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 2h
    queue: { as: J2, labels: hf-jobs-cpu-basic }
",
    );
    trial.catches(
        Seams {
            github,
            ..Seams::default()
        },
        "an installation token that had expired",
    );
}

/// Its clock is two minutes ahead, and it is never told: no answer that reaches it has a date.
#[test]
fn fresh_credentials_catches_a_dispatcher_that_trusts_its_own_wrong_clock() {
    let github = seam(
        move |request: Request<Body>, inner: HttpService| async move {
            let mut answered = inner.oneshot(request).await?;
            answered.headers_mut().remove(header::DATE);
            Ok(answered)
        },
    );
    let trial = Trial::of(
        "fresh-credentials",
        "world:
  dispatcher: { clock_skew: 2m }
timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 50m
    queue: { as: J2, labels: hf-jobs-cpu-basic }
  - at: 75m
    queue: { as: J3, labels: hf-jobs-cpu-basic }
",
    );
    // The calls that it sent before an answer told it the time are no breach, and there are some.
    let sound = run(&trial.plan, Seams::default());
    let outside_their_life = |run: &Run| {
        let received = run.events.iter().filter(|event| {
            let What::CallReceived { credential, .. } = &event.event else {
                return false;
            };
            credential
                .as_ref()
                .is_some_and(|it| it.state == CredentialState::TooLong)
        });
        received.count()
    };
    assert!(outside_their_life(&sound) > 0);
    let bug = Seams {
        github,
        ..Seams::default()
    };
    trial.catches(bug, "a JWT that ends more than 600 s ahead");
}

/// Registers its runners with a label too many, so that any plain self-hosted job can take them.
#[test]
fn routing_catches_a_dispatcher_that_adds_a_label() {
    let github = bend(|sent| async move {
        if !sent.is_jit_config() {
            return sent.on().await;
        }
        let mut asked = sent.json();
        asked["labels"]
            .as_array_mut()
            .unwrap()
            .push("self-hosted".into());
        sent.with(asked.to_string()).await
    });
    Trial::built_in("routing", "happy-path").catches(
        Seams {
            github,
            ..Seams::default()
        },
        "a runner on cpu-basic with labels",
    );
}

/// Mints a token for whatever installation an event names.
#[test]
fn trust_catches_a_dispatcher_that_believes_the_payloads_installation() {
    let way = Kept::default();
    let github = way.seam(|sent| sent.path() == "/app/installations");
    let webhooks = bend(move |sent| {
        let way = way.get();
        async move {
            let id = sent.json()["installation"]["id"].as_u64();
            if let (Some(id), Some(way)) = (id, way) {
                let path = format!("/app/installations/{id}/access_tokens");
                way.ask(Method::POST, &path, "").await?;
            }
            sent.on().await
        }
    });
    Trial::built_in("trust", "b88-foreign-installation").catches(
        Seams {
            webhooks,
            github,
            hf: None,
        },
        "a token was asked of installation",
    );
}

/// At each event of a repository, starts the HF job it started last once more, with a runner that registers for `runner_of`.
fn starts_for(event_of: &'static str, runner_of: &'static str) -> Seams {
    let created = Kept::default();
    let hf = created.seam(Sent::is_create);
    let webhooks = bend(move |sent| {
        let created = created.get();
        async move {
            let repo = sent.json()["repository"]["full_name"].clone();
            if let (true, Some(created)) = (repo == event_of, created) {
                let mut asked = created.json();
                asked["environment"]["GH_REPO"] = runner_of.into();
                asked["secrets"] =
                    serde_json::json!({ "RUNNER_TOKEN": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
                created.with(asked.to_string()).await?;
            }
            sent.on().await
        }
    });
    Seams {
        webhooks,
        hf,
        github: None,
    }
}

/// Starts an HF job for whatever repository an event names.
#[test]
fn trust_catches_a_foreign_claim_that_reaches_hf() {
    let trial = Trial::of(
        "trust",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 5m
    deliver:
      payload:
        action: queued
        workflow_job: { id: 9003, run_id: 8003, run_attempt: 1, name: foreign, status: queued, labels: [hf-jobs-cpu-basic] }
        repository: { id: 7001, name: app, full_name: stranger/app, owner: { login: stranger, id: 6001 } }
        installation: { id: 66001122 }
",
    );
    trial.catches(
        starts_for("stranger/app", "stranger/app"),
        "an HF job was asked for a runner of stranger/app, which is not served",
    );
}

/// Goes on under the old name of a repository that is not to be served under its new one.
#[test]
fn trust_catches_a_dispatcher_that_serves_a_renamed_repository_under_its_old_name() {
    let trial = Trial::of(
        "trust",
        "world:
  github: { repos: [ { name: octo/app }, { name: octo/keep } ] }
  dispatcher: { allow_repos: [octo/app, octo/keep] }
timeline:
  - at: 0s
    queue: { as: J1, repo: octo/app, labels: hf-jobs-cpu-basic }
  - at: 10m
    rename_repo: { from: octo/app, to: octo/new }
  - at: 11m
    queue: { as: J2, repo: octo/new, labels: hf-jobs-cpu-basic, runs_for: 1m }
  - at: 30m
    queue: { as: J3, repo: octo/new, labels: hf-jobs-cpu-basic, runs_for: 1m }
faults:
  # GitHub leads who looks for jobs under the old name to the new one.
  - { to: github.list-runs, answer: { status: 500 } }
",
    );
    trial.catches(
        starts_for("octo/new", "octo/app"),
        "an HF job was asked for a runner of octo/app, which is octo/new now and is not served",
    );
}

/// The owner suspends the App when the first job is done: the world does so by GitHub's own API.
fn suspends(way: &Kept) -> Option<Seam> {
    let (way, once) = (way.clone(), Count::default());
    bend(move |sent| {
        let way = way
            .get()
            .filter(|_| sent.says("completed") && once.add() == 0);
        async move {
            if let Some(way) = way {
                let (_, installations) = told(way.on().await).await;
                let id = installations[0]["id"].as_u64().unwrap();
                let path = format!("/app/installations/{id}/suspended");
                let (status, _) = told(way.ask(Method::PUT, &path, "").await).await;
                assert_eq!(status, 204);
            }
            sent.on().await
        }
    })
}

/// Asks again and again where access is gone.
#[test]
fn revoked_access_catches_a_dispatcher_that_loops_after_a_suspension() {
    let trial = Trial::of(
        "revoked-access",
        "timeline:
  - at: 0s
    queue: { as: J1, labels: hf-jobs-cpu-basic }
  - at: 2h
    queue: { as: J2, labels: hf-jobs-t4-small }
  - at: 3h
    cancel: { job: J2 }
",
    );
    let way = Kept::default();
    let sound = Seams {
        github: way.seam(|sent| sent.path() == "/app/installations"),
        webhooks: suspends(&way),
        hf: None,
    };
    let (way, refused) = (Kept::default(), Kept::default());
    let (kept, webhooks) = (way.clone(), suspends(&way));
    let github = bend(move |sent| {
        let asks = sent.path() == "/app/installations";
        if asks {
            kept.keep(&sent);
        }
        let refused = refused.clone();
        async move {
            for again in refused.get().filter(|_| asks).iter().cycle().take(20) {
                again.on().await?;
            }
            let answered = sent.on().await?;
            if sent.is_in_repo() && answered.status() == 403 {
                refused.keep(&sent);
            }
            Ok(answered)
        }
    });
    trial.beside(sound).catches(
        Seams {
            webhooks,
            github,
            hf: None,
        },
        "call in ten minutes for installation",
    );
}
