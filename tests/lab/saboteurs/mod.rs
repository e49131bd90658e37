//! Saboteurs: the reference dispatcher with exactly one bug, put in at one of its seams. Each property must
//! catch its own, and say at which event, and in words that name the mistake.

mod compute;
mod credentials;
mod demand;
mod limits;
mod recovery;
mod states;
mod supply;
mod telling;
mod webhooks;

use std::{
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
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
use http::{Method, Request, Response, header, request::Parts};
use http_body_util::BodyExt;
use scenarios::plan::Plan;
use serde_json::Value;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::plans::{built_in, of_text, run, violations};

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

/// The same for what has been read whole.
fn bend<F, Fut>(bend: F) -> Option<Seam>
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

async fn whole(request: Request<Body>) -> (Parts, Bytes) {
    let (parts, body) = request.into_parts();
    (parts, body.collect().await.unwrap().to_bytes())
}

/// The status and the body of an answer.
async fn told(answered: Answer) -> (u16, Value) {
    let (head, body) = answered.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status.as_u16(), json(&body))
}

fn answer(status: u16, body: &'static str) -> Answer {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status.try_into().unwrap();
    Ok(answer)
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// Signs a delivery as GitHub would.
fn sign(parts: &mut Parts, body: &[u8]) {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(LAB_WEBHOOK_SECRET.as_bytes()).unwrap();
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let signature = format!("sha256={digest}").parse().unwrap();
    parts.headers.insert("x-hub-signature-256", signature);
}

/// A request at a seam, and the service behind it.
#[derive(Clone)]
struct Sent {
    inner: HttpService,
    parts: Parts,
    body: Bytes,
}

impl Sent {
    fn path(&self) -> &str {
        self.parts.uri.path()
    }

    fn json(&self) -> Value {
        json(&self.body)
    }

    /// Lets it through as it is; more than once sends it more than once.
    async fn on(&self) -> Answer {
        self.with(self.body.clone()).await
    }

    /// Lets it through with another body.
    async fn with(&self, body: impl Into<Body>) -> Answer {
        let mut parts = self.parts.clone();
        parts.headers.remove(header::CONTENT_LENGTH);
        let request = Request::from_parts(parts, body.into());
        self.inner.clone().oneshot(request).await
    }

    /// Lets a delivery through with another payload, signed anew.
    async fn with_payload(&self, payload: &Value) -> Answer {
        let mut sent = self.clone();
        sent.body = payload.to_string().into();
        sign(&mut sent.parts, &sent.body);
        sent.on().await
    }

    /// Asks the same service for something else with the same credential.
    async fn ask(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let mut sent = self.clone();
        sent.parts.method = method;
        let own = self.parts.uri.path_and_query().unwrap().as_str();
        let whole = self.parts.uri.to_string();
        let base = whole.strip_suffix(own).unwrap();
        sent.parts.uri = format!("{base}{path}").parse().unwrap();
        sent.with(body).await
    }

    fn is_create(&self) -> bool {
        let segments = self.path().trim_matches('/').split('/').count();
        self.parts.method == Method::POST && self.path().starts_with("/api/jobs/") && segments == 3
    }

    fn is_cancel(&self) -> bool {
        self.parts.method == Method::POST && self.path().ends_with("/cancel")
    }

    fn is_jit_config(&self) -> bool {
        self.path().ends_with("/generate-jitconfig")
    }

    fn deletes_runner(&self) -> bool {
        self.parts.method == Method::DELETE && self.path().contains("/actions/runners/")
    }

    /// Whether it acts in a repository, so with an installation's token.
    fn is_in_repo(&self) -> bool {
        self.path().starts_with("/repos/") && !self.path().ends_with("/installation")
    }

    fn lists_runs(&self) -> bool {
        self.parts.method == Method::GET && self.path().ends_with("/actions/runs")
    }

    /// Whether it is a delivery of a job with this action.
    fn says(&self, action: &str) -> bool {
        self.json()["action"] == action
    }
}

/// Creates an HF job like one before, with a runner configuration of its own, minted with the credential of `way`.
async fn create_anew(way: &Sent, create: &Sent) {
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
struct Kept(Arc<Mutex<Option<Sent>>>);

impl Kept {
    fn get(&self) -> Option<Sent> {
        self.0.lock().unwrap().clone()
    }

    fn keep(&self, sent: &Sent) {
        *self.0.lock().unwrap() = Some(sent.clone());
    }

    /// A seam that changes nothing and keeps what is wanted.
    fn seam(&self, wanted: impl Fn(&Sent) -> bool + Clone + Send + Sync + 'static) -> Option<Seam> {
        let kept = self.clone();
        bend(move |sent| {
            if wanted(&sent) {
                kept.keep(&sent);
            }
            async move { sent.on().await }
        })
    }

    /// A seam that changes nothing and keeps each create, with what HF answered as its body.
    fn seam_of_created(&self) -> Option<Seam> {
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

    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A listing of runs that shows none.
const NO_RUNS: &str = r#"{"total_count":0,"workflow_runs":[]}"#;

/// Finds no job by looking for it.
fn looks_nowhere() -> Option<Seam> {
    bend(|sent| async move {
        if sent.lists_runs() {
            return answer(200, NO_RUNS);
        }
        sent.on().await
    })
}

/// A property, and a scenario in which it is put to the test and held without the bug.
struct Trial {
    property: &'static str,
    scenario: String,
    plan: Plan,
    sound: Seams,
}

impl Trial {
    fn built_in(property: &'static str, scenario: &str) -> Self {
        Self {
            property,
            scenario: scenario.to_owned(),
            plan: built_in(scenario, 1, false),
            sound: Seams::default(),
        }
    }

    /// In a scenario of its own; `text` is what follows its title.
    fn of(property: &'static str, text: &str) -> Self {
        let text = format!("title: The trial of {property}\n{text}");
        let scenario = format!("{property}.yaml");
        Self {
            property,
            plan: of_text(&scenario, &text, 1, false),
            scenario,
            sound: Seams::default(),
        }
    }

    /// The seams of a dispatcher without the bug, where the reference never comes to where it lies.
    fn beside(self, sound: Seams) -> Self {
        Self { sound, ..self }
    }

    /// The property holds of the sound dispatcher, and catches the one with the bug, at an event and in these words.
    fn catches(self, bug: Seams, words: &str) -> Run {
        self.holds_without();
        let run = run(&self.plan, bug);
        self.caught(run, words)
    }

    fn holds_without(&self) {
        let sound = run(&self.plan, self.sound.clone());
        let none: Vec<String> = Vec::new();
        assert_eq!(violations(&sound), none, "without the bug");
        assert!(
            sound.outcome.verdicts.exercised(self.property),
            "{} is not even put to the test: {:?}",
            self.property,
            sound.outcome.verdicts.0[self.property]
        );
        assert!(
            !sound.outcome.verdicts.0[self.property].is_undecided(),
            "{:?}",
            sound.outcome.verdicts.0[self.property]
        );
    }

    fn caught(&self, run: Run, words: &str) -> Run {
        let violated = run.outcome.verdicts.violated();
        let found = violated.iter().find(|(name, _)| *name == self.property);
        let (_, found) = found.unwrap_or_else(|| {
            panic!(
                "{} did not catch its saboteur: {:?}, but {:?}",
                self.property,
                run.outcome.verdicts.0[self.property],
                violations(&run)
            )
        });
        let (event, why) = (found.event, &found.why);
        assert!(why.contains(words), "{words} is not in: {why}");
        assert!(
            event.0 >= 1 && event.0 <= run.events.len() as u64,
            "event {event} is not in the history"
        );
        let failure = Failure {
            run: &run,
            name: &self.scenario,
            steps: self.plan.timeline.len(),
            plan: "out/plan.json".as_ref(),
        };
        let text = describe(&failure);
        assert!(
            text.contains(&format!("event {}", event.0)) && text.contains(why),
            "{text}"
        );
        let replay = "replay: dispatchlab run out/plan.json";
        assert!(text.contains(replay), "{text}");
        run
    }
}

/// The seams must not hide a bug of their own: one that does nothing changes nothing.
#[test]
fn a_seam_that_does_nothing_changes_nothing() {
    let pass = || seam(|request, inner: HttpService| inner.oneshot(request));
    let read = || bend(|sent| async move { sent.on().await });
    let plan = built_in("happy-path", 1, false);
    let reference = run(&plan, Seams::default());
    for bent in [(pass(), pass(), pass()), (read(), read(), read())] {
        let (webhooks, github, hf) = bent;
        let seams = Seams {
            webhooks,
            github,
            hf,
        };
        assert_eq!(run(&plan, seams).events, reference.events);
    }
    assert!(reference.events.len() > 20);
}
