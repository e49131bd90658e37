//! Saboteurs: the reference dispatcher with exactly one bug, put in at one of its seams. Each property must
//! catch its own, and say at which event.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use dispatchlab::{
    report::{Failure, describe},
    run::Run,
    target::{LAB_WEBHOOK_SECRET, Seam, Seams},
    transport::{BoxError, HttpService},
};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, Response, Uri};
use http_body_util::BodyExt;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::plans::{built_in, run};

type Answer = Result<Response<Body>, BoxError>;

/// A seam at which every request passes through `bend`, which may change it, answer it or send it twice.
fn seam<F, Fut>(bend: F) -> Option<Seam>
where
    F: Fn(Request<Body>, HttpService) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    Some(Arc::new(move |inner: HttpService| {
        let bend = bend.clone();
        BoxCloneSyncService::new(service_fn(move |request| bend(request, inner.clone())))
    }))
}

async fn whole(request: Request<Body>) -> (http::request::Parts, Bytes) {
    let (parts, body) = request.into_parts();
    (parts, body.collect().await.unwrap().to_bytes())
}

fn again(parts: &http::request::Parts, body: impl Into<Body>) -> Request<Body> {
    Request::from_parts(parts.clone(), body.into())
}

fn answer(body: &'static str) -> Answer {
    Ok(Response::new(Body::from(body)))
}

fn json(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// Runs the scenario with the bug and asserts that the property catches it, at an event, with a replay line.
fn caught(property: &str, scenario: &str, seams: Seams) -> Run {
    let plan = built_in(scenario, 1, false);
    let sound = run(&plan, Seams::default());
    assert!(
        sound.outcome.verdicts.violated().is_empty(),
        "without the bug: {:?}",
        sound.outcome.verdicts.violated()
    );
    assert!(
        sound.outcome.verdicts.exercised(property),
        "{property} is not even put to the test by {scenario}"
    );
    let run = run(&plan, seams);
    let violated = run.outcome.verdicts.violated();
    let (_, found) = violated
        .iter()
        .find(|(name, _)| *name == property)
        .unwrap_or_else(|| panic!("{property} did not catch its saboteur: {violated:?}"));
    let (event, why) = (found.event, &found.why);
    assert!(
        event.0 >= 1 && event.0 <= run.events.len() as u64,
        "event {event} is not in the history"
    );
    let failure = Failure {
        run: &run,
        name: scenario,
        steps: plan.timeline.len(),
        plan: "out/plan.json".as_ref(),
    };
    let text = describe(&failure);
    assert!(
        text.contains(&format!("event {}", event.0)) && text.contains(why),
        "{text}"
    );
    assert!(
        text.contains("replay: dispatchlab run out/plan.json"),
        "{text}"
    );
    run
}

/// Answers `queued` webhooks and forgets them; looks nowhere else.
#[test]
fn served_or_told_catches_a_dispatcher_that_forgets_what_it_acknowledged() {
    let webhooks = seam(|request, inner| async move {
        let (parts, body) = whole(request).await;
        if json(&body)["action"] == "queued" {
            return answer(r#"{"ok":true}"#);
        }
        inner.oneshot(again(&parts, body)).await
    });
    let github = seam(|request, inner| async move {
        if request.method() == Method::GET && request.uri().path().ends_with("/actions/runs") {
            return answer(r#"{"total_count":0,"workflow_runs":[]}"#);
        }
        inner.oneshot(request).await
    });
    caught(
        "served-or-told",
        "happy-path",
        Seams {
            webhooks,
            github,
            hf: None,
        },
    );
}

/// Retries every create, whatever came of the first.
#[test]
fn at_most_one_catches_a_dispatcher_that_creates_twice() {
    let hf = seam(|request, inner| async move {
        let is_create =
            request.method() == Method::POST && !request.uri().path().contains("cancel");
        if !is_create {
            return inner.oneshot(request).await;
        }
        let (parts, body) = whole(request).await;
        inner.clone().oneshot(again(&parts, body.clone())).await?;
        inner.oneshot(again(&parts, body)).await
    });
    caught(
        "at-most-one",
        "happy-path",
        Seams {
            hf,
            ..Seams::default()
        },
    );
}

/// Cancels the HF job as soon as it hears that a job started.
#[test]
fn never_kill_busy_catches_a_dispatcher_that_cancels_on_in_progress() {
    type Created = Arc<Mutex<Option<(HttpService, http::request::Parts, String)>>>;
    let created = Created::default();
    let seen = created.clone();
    let hf = seam(move |request, inner: HttpService| {
        let seen = seen.clone();
        async move {
            let (parts, body) = whole(request).await;
            let answered = inner.clone().oneshot(again(&parts, body)).await?;
            if parts.method != Method::POST || parts.uri.path().ends_with("/cancel") {
                return Ok(answered);
            }
            let (head, body) = answered.into_parts();
            let body = body.collect().await?.to_bytes();
            let id = json(&body)["id"].as_str().unwrap_or_default().to_owned();
            *seen.lock().unwrap() = Some((inner, parts, id));
            Ok(Response::from_parts(head, body.into()))
        }
    });
    let webhooks = seam(move |request, inner| {
        let created = created.clone();
        async move {
            let (parts, body) = whole(request).await;
            let last = created.lock().unwrap().clone();
            if let (true, Some((hf, mut create, id))) =
                (json(&body)["action"] == "in_progress", last)
            {
                create.uri = format!("{}/{id}/cancel", create.uri)
                    .parse::<Uri>()
                    .unwrap();
                create.headers.remove(http::header::CONTENT_LENGTH);
                hf.oneshot(again(&create, Body::empty())).await?;
            }
            inner.oneshot(again(&parts, body)).await
        }
    });
    caught(
        "never-kill-busy",
        "b42-lying-busy-flag",
        Seams {
            webhooks,
            hf,
            github: None,
        },
    );
}

/// Believes it cancelled.
#[test]
fn no_leak_catches_a_dispatcher_whose_cancels_go_nowhere() {
    let hf = seam(|request, inner| async move {
        if request.uri().path().ends_with("/cancel") {
            return answer("{}");
        }
        inner.oneshot(request).await
    });
    caught(
        "no-leak",
        "b54-orphan-after-lost-completion",
        Seams {
            hf,
            ..Seams::default()
        },
    );
}

/// Keeps its first installation token for ever.
#[test]
fn fresh_credentials_catches_a_dispatcher_that_never_renews_its_token() {
    let first = Arc::new(Mutex::new(None));
    let github = seam(move |mut request: Request<Body>, inner| {
        let is_app_call = request.uri().path().starts_with("/app")
            || request.uri().path().ends_with("/installation");
        if let (false, Some(token)) = (
            is_app_call,
            request.headers().get(http::header::AUTHORIZATION).cloned(),
        ) {
            let kept = first.lock().unwrap().get_or_insert(token).clone();
            request
                .headers_mut()
                .insert(http::header::AUTHORIZATION, kept);
        }
        async move { inner.oneshot(request).await }
    });
    caught(
        "fresh-credentials",
        "b42-lying-busy-flag",
        Seams {
            github,
            ..Seams::default()
        },
    );
}

/// Takes every webhook for genuine.
#[test]
fn signature_catches_a_dispatcher_that_checks_nothing() {
    let webhooks = seam(|request, inner| async move {
        let (mut parts, body) = whole(request).await;
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(LAB_WEBHOOK_SECRET.as_bytes()).unwrap();
        mac.update(&body);
        let digest: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        parts.headers.insert(
            "x-hub-signature-256",
            format!("sha256={digest}").parse().unwrap(),
        );
        inner.oneshot(again(&parts, body)).await
    });
    caught(
        "signature",
        "b88-foreign-installation",
        Seams {
            webhooks,
            ..Seams::default()
        },
    );
}

/// Registers its runners with a label too many, so that any plain self-hosted job can take them.
#[test]
fn routing_catches_a_dispatcher_that_adds_a_label() {
    let github = seam(|request, inner| async move {
        if !request.uri().path().ends_with("/generate-jitconfig") {
            return inner.oneshot(request).await;
        }
        let (mut parts, body) = whole(request).await;
        let mut asked = json(&body);
        asked["labels"]
            .as_array_mut()
            .unwrap()
            .push("self-hosted".into());
        parts.headers.remove(http::header::CONTENT_LENGTH);
        inner.oneshot(again(&parts, asked.to_string())).await
    });
    caught(
        "routing",
        "happy-path",
        Seams {
            github,
            ..Seams::default()
        },
    );
}

/// Does its work before it answers.
#[test]
fn fast_ack_catches_a_dispatcher_that_answers_after_twelve_seconds() {
    let webhooks = seam(|request, inner| async move {
        tokio::time::sleep(Duration::from_secs(12)).await;
        inner.oneshot(request).await
    });
    caught(
        "fast-ack",
        "happy-path",
        Seams {
            webhooks,
            ..Seams::default()
        },
    );
}

/// Mints a token for whatever installation an event names.
#[test]
fn trust_catches_a_dispatcher_that_believes_the_payloads_installation() {
    type Way = Arc<Mutex<Option<(HttpService, http::request::Parts)>>>;
    let way = Way::default();
    let seen = way.clone();
    let github = seam(move |request: Request<Body>, inner: HttpService| {
        let seen = seen.clone();
        async move {
            let (parts, body) = whole(request).await;
            if parts.uri.path() == "/app/installations" {
                *seen.lock().unwrap() = Some((inner.clone(), parts.clone()));
            }
            inner.oneshot(again(&parts, body)).await
        }
    });
    let webhooks = seam(move |request, inner| {
        let way = way.clone();
        async move {
            let (parts, body) = whole(request).await;
            let known = way.lock().unwrap().clone();
            if let (Some(id), Some((github, mut mint))) =
                (json(&body)["installation"]["id"].as_u64(), known)
            {
                mint.method = Method::POST;
                let path = format!("/app/installations/{id}/access_tokens");
                mint.uri = mint
                    .uri
                    .to_string()
                    .replace("/app/installations", &path)
                    .parse()
                    .unwrap();
                github.oneshot(again(&mint, Body::empty())).await?;
            }
            inner.oneshot(again(&parts, body)).await
        }
    });
    caught(
        "trust",
        "b88-foreign-installation",
        Seams {
            webhooks,
            github,
            hf: None,
        },
    );
}

/// The helpers above must not hide a bug of their own: a seam that does nothing changes nothing.
#[test]
fn a_seam_that_does_nothing_changes_nothing() {
    let pass = || seam(|request, inner: HttpService| inner.oneshot(request));
    let plan = built_in("happy-path", 1, false);
    let bent = run(
        &plan,
        Seams {
            webhooks: pass(),
            github: pass(),
            hf: pass(),
        },
    );
    assert_eq!(bent.events, run(&plan, Seams::default()).events);
    assert!(bent.events.len() > 20);
}
