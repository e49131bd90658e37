//! A dispatcher's seams, bent: what stands between the reference dispatcher and the fakes can change, answer or repeat
//! each request, which makes a wrong dispatcher of it (or a right one of another kind). Shared by the test crates.

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use dispatchlab::{
    target::{LAB_WEBHOOK_SECRET, Seam},
    transport::{BoxError, HttpService},
};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, Response, header, request::Parts};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

pub(crate) type Answer = Result<Response<Body>, BoxError>;

/// A seam at which every request passes through `bend`, which may change it, answer it or send it twice.
pub(crate) fn seam<F, Fut>(bend: F) -> Option<Seam>
where
    F: Fn(Request<Body>, HttpService) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    Some(Arc::new(move |inner: HttpService| {
        let bend = bend.clone();
        BoxCloneSyncService::new(service_fn(move |request| bend(request, inner.clone())))
    }))
}

/// The same for what has been read whole.
pub(crate) fn bend<F, Fut>(bend: F) -> Option<Seam>
where
    F: Fn(Sent) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    seam(move |request, inner| {
        let bend = bend.clone();
        async move {
            let (parts, body) = whole(request).await;
            bend(Sent { inner, parts, body }).await
        }
    })
}

pub(crate) async fn whole(request: Request<Body>) -> (Parts, Bytes) {
    let (parts, body) = request.into_parts();
    (parts, body.collect().await.unwrap().to_bytes())
}

/// The status and the body of an answer.
pub(crate) async fn told(answered: Answer) -> (u16, Value) {
    let (head, body) = answered.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), json(&body))
}

pub(crate) fn answer(status: u16, body: &'static str) -> Answer {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status.try_into().unwrap();
    Ok(answer)
}

pub(crate) fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// Signs a delivery as GitHub would.
pub(crate) fn sign(parts: &mut Parts, body: &[u8]) {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(LAB_WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let signature = format!("sha256={digest}").parse().unwrap();
    parts.headers.insert("x-hub-signature-256", signature);
}

/// A request at a seam, and the service behind it.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) inner: HttpService,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

impl Sent {
    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }

    pub(crate) fn json(&self) -> Value {
        json(&self.body)
    }

    /// Lets it through as it is; more than once sends it more than once.
    pub(crate) async fn on(&self) -> Answer {
        self.with(self.body.clone()).await
    }

    /// Lets it through with another body.
    pub(crate) async fn with(&self, body: impl Into<Body>) -> Answer {
        let mut parts = self.parts.clone();
        parts.headers.remove(header::CONTENT_LENGTH);
        let request = Request::from_parts(parts, body.into());
        self.inner.clone().oneshot(request).await
    }

    /// Lets a delivery through with another payload, signed anew.
    pub(crate) async fn with_payload(&self, payload: &Value) -> Answer {
        let mut sent = self.clone();
        sent.body = payload.to_string().into();
        sign(&mut sent.parts, &sent.body);
        sent.on().await
    }

    /// Asks the same service for something else with the same credential.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let mut sent = self.clone();
        sent.parts.method = method;
        let own = self.parts.uri.path_and_query().unwrap().as_str();
        let whole = self.parts.uri.to_string();
        let base = whole.strip_suffix(own).unwrap();
        sent.parts.uri = format!("{base}{path}").parse().unwrap();
        sent.with(body).await
    }

    pub(crate) fn is_create(&self) -> bool {
        let segments = self.path().trim_matches('/').split('/').count();
        self.parts.method == Method::POST && self.path().starts_with("/api/jobs/") && segments == 3
    }

    pub(crate) fn is_cancel(&self) -> bool {
        self.parts.method == Method::POST && self.path().ends_with("/cancel")
    }

    pub(crate) fn is_jit_config(&self) -> bool {
        self.path().ends_with("/generate-jitconfig")
    }

    pub(crate) fn deletes_runner(&self) -> bool {
        self.parts.method == Method::DELETE && self.path().contains("/actions/runners/")
    }

    /// Whether it acts in a repository, so with an installation's token.
    pub(crate) fn is_in_repo(&self) -> bool {
        self.path().starts_with("/repos/") && !self.path().ends_with("/installation")
    }

    pub(crate) fn lists_runs(&self) -> bool {
        self.parts.method == Method::GET && self.path().ends_with("/actions/runs")
    }

    pub(crate) fn cancels_run(&self) -> bool {
        self.is_cancel() && self.path().contains("/actions/runs/")
    }

    /// Whether it reads one run.
    pub(crate) fn reads_run(&self) -> bool {
        let before = self.path().rsplit_once('/').map(|(before, _)| before);
        self.parts.method == Method::GET
            && before.is_some_and(|path| path.ends_with("/actions/runs"))
    }

    /// Whether it is a delivery of a job with this action.
    pub(crate) fn says(&self, action: &str) -> bool {
        self.json()["action"] == action
    }
}

/// Creates an HF job like one before, with a runner configuration of its own, minted with the credential of `way`.
pub(crate) async fn create_anew(way: &Sent, create: &Sent) {
    let mut asked = create.json();
    let name = format!(
        "{}-again",
        asked["environment"]["RUNNER_NAME"].as_str().unwrap()
    );
    let labels = [asked["environment"]["RUNNER_LABELS"].clone()];
    let repo = asked["environment"]["GH_REPO"].as_str().unwrap();
    let path = format!("/repos/{repo}/actions/runners/generate-jitconfig");
    let mint = serde_json::json!({ "name": name, "runner_group_id": 1, "labels": labels });
    let (status, minted) = told(way.ask(Method::POST, &path, mint.to_string()).await).await;
    assert_eq!(status, 201, "{minted}");
    asked["environment"]["RUNNER_NAME"] = name.into();
    asked["secrets"]["ACTIONS_RUNNER_INPUT_JITCONFIG"] = minted["encoded_jit_config"].clone();
    let (status, created) = told(create.with(asked.to_string()).await).await;
    assert_eq!(status, 200, "{created}");
}

/// The last request of some kind, kept so that a saboteur can ask for more in the dispatcher's name.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Option<Sent>>>);

impl Kept {
    pub(crate) fn get(&self) -> Option<Sent> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn keep(&self, sent: &Sent) {
        *self.0.lock().unwrap() = Some(sent.clone());
    }

    /// A seam that changes nothing and keeps what is wanted.
    pub(crate) fn seam(
        &self,
        wanted: impl Fn(&Sent) -> bool + Clone + Send + Sync + 'static,
    ) -> Option<Seam> {
        let kept = self.clone();
        bend(move |sent| {
            if wanted(&sent) {
                kept.keep(&sent);
            }
            async move { sent.on().await }
        })
    }

    /// A seam that changes nothing and keeps each create, with what HF answered as its body.
    pub(crate) fn seam_of_created(&self) -> Option<Seam> {
        let kept = self.clone();
        bend(move |sent| {
            let kept = kept.clone();
            async move {
                let (head, body) = sent.on().await?.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await?;
                if sent.is_create() {
                    kept.keep(&Sent {
                        body: body.clone(),
                        ..sent.clone()
                    });
                }
                Ok(Response::from_parts(head, body.into()))
            }
        })
    }
}

/// Counts, shared by the seams of one saboteur.
#[derive(Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    /// One more; how many there were before.
    pub(crate) fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Starts something that goes on beside the dispatcher, whatever becomes of the request it began with.
pub(crate) fn begin(act: impl Future<Output = ()> + Send + 'static) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a dispatcher may do what ours must not"
    )]
    tokio::spawn(act);
}

/// Whoever's create is answered by a 5xx asks again by itself, so often and as long as it is answered so.
pub(crate) fn each_asks_again(every: Duration, times: usize) -> Option<Seam> {
    bend(move |sent| async move {
        let answered = sent.on().await?;
        if sent.is_create() && answered.status().is_server_error() {
            begin(async move {
                for _ in 0..times {
                    tokio::time::sleep(every).await;
                    let again = sent.on().await;
                    if again.is_ok_and(|answered| !answered.status().is_server_error()) {
                        return;
                    }
                }
            });
        }
        Ok(answered)
    })
}

/// Tells nobody: the cancel of a run is taken for done.
pub(crate) fn tells_nobody() -> Option<Seam> {
    bend(|sent| async move {
        if sent.cancels_run() {
            return answer(202, "{}");
        }
        sent.on().await
    })
}

/// A listing of runs that shows none.
pub(crate) const NO_RUNS: &str = r#"{"total_count":0,"workflow_runs":[]}"#;

/// Finds no job by looking for it.
pub(crate) fn looks_nowhere() -> Option<Seam> {
    bend(|sent| async move {
        if sent.lists_runs() {
            return answer(200, NO_RUNS);
        }
        sent.on().await
    })
}
