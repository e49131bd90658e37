//! The HTTP side: takes webhooks, makes them durable and answers. It asks nobody anything while GitHub waits.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    config::{Config, StatusAccess},
    core::{InstallationId, JobId, JobSighting, JobStatus, RepoId, RunId, Secret},
    health::Health,
    intake::Intake,
    labels::{Labels, Unrouted},
    payload::{self, Payload, WorkflowJob, beginning},
    reconciler::Inbox,
    refusals::{Refusal, Sparing},
    signature::{is_same, is_well_formed},
};

const SIGNATURE: &str = "x-hub-signature-256";
const EVENT: &str = "x-github-event";
const DELIVERY: &str = "x-github-delivery";
/// GitHub gives up after 10 s; an honest failure before that shows in its log.
pub(crate) const DURABLE_WITHIN: Duration = Duration::from_secs(8);

/// Set in a request's extensions once its signature is verified: its connection is then cut for nobody's sake.
#[derive(Clone, Debug, Default)]
pub(crate) struct Genuine(pub(crate) Arc<AtomicBool>);

/// Whom a request came from, in its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) std::net::SocketAddr);

/// So many labels of a job are repeated to its user.
const LABELS_TOLD: usize = 8;

/// Why a delivery leads to nothing.
#[derive(Debug)]
struct Skipped {
    reason: String,
    told: Option<Told>,
}

impl<T: Into<String>> From<T> for Skipped {
    fn from(reason: T) -> Self {
        Self {
            reason: reason.into(),
            told: None,
        }
    }
}

/// A job that looks meant for us and cannot be served.
#[derive(Debug)]
struct Told {
    job: Option<u64>,
    repository: String,
    labels: String,
    advice: String,
}

struct Shared {
    config: Arc<Config>,
    labels: Arc<Labels>,
    inbox: Inbox,
    health: Arc<Health>,
    intake: Intake,
    sparing: Sparing,
}

pub(crate) fn router(
    config: Arc<Config>,
    labels: Arc<Labels>,
    inbox: Inbox,
    health: Arc<Health>,
) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .route("/webhook", post(webhook))
        .with_state(Arc::new(Shared {
            config,
            labels,
            inbox,
            health,
            intake: Intake::default(),
            sparing: Sparing::default(),
        }))
}

async fn about(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let plain = shared
        .labels
        .routes()
        .filter(|route| !route.label.contains(':'));
    Json(json!({
        "service": "jobs-dispatcher",
        "version": env!("CARGO_PKG_VERSION"),
        "configured": true,
        "supported_labels": plain.map(|route| route.label.as_str()).collect::<Vec<_>>(),
        "supported_image_labels": shared.labels.image_keys().collect::<Vec<_>>(),
        "docs": "POST /webhook, GET /status, GET /healthz",
    }))
}

/// 200 while the dispatcher can do its work; otherwise 503 with the reason.
async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    match shared.health.journal().await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(reason) => unwell(
            "journal",
            &format!("the journal cannot be written: {reason}"),
        ),
    }
}

/// The same, and 503 once the dispatcher is about to end.
async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    if shared.health.is_stopping() {
        return unwell("stopping", "the dispatcher is about to end");
    }
    healthz(State(shared)).await
}

fn unwell(status: &str, reason: &str) -> Response {
    let body = json!({ "status": status, "reason": reason });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

/// The state, for whoever may read it.
async fn status(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if let Some(refused) = shared.refuses_to_tell(&headers) {
        return refused;
    }
    match shared.inbox.status().await {
        Some(status) => Json(status).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn webhook(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let taken = shared.take(headers, parts.extensions.get(), body).await;
    taken.unwrap_or_else(|refusal| {
        if let Some(left_out) = shared.sparing.may_say(refusal.kind()) {
            let from = parts.extensions.get::<Peer>().map(|peer| peer.0);
            let (event, delivery) = (short(headers, EVENT), short(headers, DELIVERY));
            let status = refusal.status().as_u16();
            tracing::warn!(
                status, reason = %refusal, ?event, ?delivery, ?from, left_out,
                "delivery refused"
            );
        }
        refusal.into_response()
    })
}

impl Shared {
    /// The answer to whoever may not read the state: it names repositories and reasons.
    fn refuses_to_tell(&self, headers: &HeaderMap) -> Option<Response> {
        let (status, reason) = match &self.config.status {
            StatusAccess::Public => return None,
            StatusAccess::Token(token) if is_token(headers, token) => return None,
            StatusAccess::Token(_) => (
                StatusCode::UNAUTHORIZED,
                "send STATUS_TOKEN as a bearer token, or as the password",
            ),
            StatusAccess::Closed => (
                StatusCode::FORBIDDEN,
                "nobody may read this yet: set STATUS_TOKEN, or STATUS_PUBLIC to true",
            ),
        };
        let how = [(
            header::WWW_AUTHENTICATE,
            "Bearer, Basic realm=\"jobs-dispatcher\"",
        )];
        let body = Json(json!({ "ok": false, "error": reason }));
        Some((status, how, body).into_response())
    }

    /// Refuses what can be refused before the body is read; then reads, verifies and takes it.
    async fn take(
        &self,
        headers: &HeaderMap,
        genuine: Option<&Genuine>,
        body: Body,
    ) -> Result<Response, Refusal> {
        if Intake::is_too_large(&body) {
            return Err(Refusal::TooLarge);
        }
        let mut signatures = headers.get_all(SIGNATURE).iter();
        let signature = match (signatures.next(), signatures.next()) {
            (None, _) => return Err(Refusal::NoSignature),
            (Some(one), None) if is_well_formed(one.as_bytes()) => one.as_bytes(),
            (Some(_), _) => return Err(Refusal::MalformedSignature),
        };
        let body = self.intake.read(body).await?;
        if !self.config.webhook_secrets.accept(signature, &body) {
            return Err(Refusal::WrongSignature);
        }
        if let Some(genuine) = genuine {
            genuine.0.store(true, Ordering::Relaxed);
        }
        let text = unwrap_form(headers, body).ok_or(Refusal::NoPayload)?;
        let payload = payload::read(&text).map_err(Refusal::Unreadable)?;
        drop(text);
        match text_header(headers, EVENT) {
            "ping" => return Ok(answer(json!({ "ok": true, "pong": true }))),
            "workflow_job" => {}
            _ => return Ok(skip(&format!("event={}", short(headers, EVENT)))),
        }
        match self.sighting(payload) {
            Err(skipped) => Ok(self.skip(&skipped)),
            Ok(sighting) => self.accept(sighting, delivery_id(headers)).await,
        }
    }

    /// The job a payload is about, or why it is none of ours.
    fn sighting(&self, payload: Payload) -> Result<JobSighting, Skipped> {
        let action = payload.action.unwrap_or_default();
        let status = match action.as_str() {
            "waiting" => JobStatus::Waiting,
            "queued" => JobStatus::Queued,
            "in_progress" => JobStatus::InProgress,
            "completed" => JobStatus::Completed,
            _ => return Err(format!("action={}", beginning(&action, 80)).into()),
        };
        let job = payload.workflow_job.ok_or("no workflow_job")?;
        let repository = payload.repository.ok_or("no repository")?;
        let label = self.route(&job, repository.full_name.as_deref())?;
        let repo_name = repository
            .full_name
            .filter(|name| plausible(name))
            .ok_or("no repository name")?;
        if !self.config.allows(&repo_name) {
            return Err("repository not allowed".into());
        }
        let claim = payload
            .installation
            .and_then(|installation| installation.id);
        Ok(JobSighting {
            repo: RepoId(repository.id.ok_or("no repository id")?),
            repo_name,
            claim: Some(InstallationId(claim.ok_or("missing installation id")?)),
            job: JobId(job.id.ok_or("no job id")?),
            run: RunId(job.run_id.ok_or("no run id")?),
            label,
            status,
            runner: job.runner_name,
            created_at: job.created_at.and_then(|at| at.parse().ok()),
        })
    }

    /// The label of our runner for a job, or what its user should know.
    fn route(&self, job: &WorkflowJob, repository: Option<&str>) -> Result<String, Skipped> {
        let labels = || job.labels.kept.iter().map(String::as_str);
        let reason = match self.labels.route(labels()) {
            Ok(_) if job.labels.more > 0 => Unrouted::OtherLabels,
            Ok(route) => return Ok(route.label.clone()),
            Err(reason) => reason,
        };
        let advice = self.labels.advice(labels());
        Err(Skipped {
            reason: reason.to_string(),
            told: advice.map(|advice| Told {
                job: job.id,
                repository: repository.unwrap_or_default().to_owned(),
                labels: labels().take(LABELS_TOLD).collect::<Vec<_>>().join(", "),
                advice,
            }),
        })
    }

    /// What is skipped for its labels although it looks meant for us is said where its user may look.
    fn skip(&self, skipped: &Skipped) -> Response {
        let Some(told) = &skipped.told else {
            return skip(&skipped.reason);
        };
        if let Some(left_out) = self.sparing.may_say("not routed") {
            let Told {
                job,
                repository,
                labels,
                advice,
            } = told;
            tracing::warn!(
                repository,
                job,
                labels,
                reason = skipped.reason,
                advice,
                left_out,
                "job not served: its labels fit no runner"
            );
        }
        answer(json!({ "ok": true, "skipped": skipped.reason, "advice": told.advice }))
    }

    async fn accept(&self, sighting: JobSighting, guid: String) -> Result<Response, Refusal> {
        let told = json!({ "ok": true, "accepted": sighting.status, "label": sighting.label, "job": sighting.job });
        let durable =
            tokio::time::timeout(DURABLE_WITHIN, self.inbox.deliver(sighting, guid)).await;
        match durable {
            Ok(Ok(())) => Ok(answer(told)),
            Ok(Err(reason)) => Err(Refusal::Journal(reason)),
            Err(_) => Err(Refusal::Behind),
        }
    }
}

/// `owner/name` in GitHub's alphabet: it becomes part of paths.
fn plausible(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let good =
        |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(allowed);
    name.split_once('/')
        .is_some_and(|(owner, name)| good(owner) && good(name))
}

/// The JSON text of a body: itself, or the `payload` of a form.
fn unwrap_form(headers: &HeaderMap, body: Bytes) -> Option<Bytes> {
    let kind = text_header(headers, header::CONTENT_TYPE.as_str());
    if !kind
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("application/x-www-form-urlencoded")
    {
        return Some(body);
    }
    let field = body
        .split(|byte| *byte == b'&')
        .find_map(|field| field.strip_prefix(b"payload="))?;
    Some(decode_form(field).into())
}

/// Undoes percent encoding; a `%` that begins no code stands for itself.
fn decode_form(field: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let code = match (first, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match (code, first) {
            (Some((high, low)), _) => {
                decoded.push(high << 4 | low);
                rest = &tail[2..];
            }
            (None, b'+') => decoded.push(b' '),
            (None, other) => decoded.push(*other),
        }
    }
    decoded
}

/// Whether the token was sent: as itself, or as a browser sends a password.
fn is_token(headers: &HeaderMap, token: &Secret) -> bool {
    let sent = text_header(headers, header::AUTHORIZATION.as_str());
    let Some((scheme, sent)) = sent.split_once(' ') else {
        return false;
    };
    let decoded = || {
        let pair = STANDARD.decode(sent.trim()).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        Some(pair[colon + 1..].to_vec())
    };
    let claimed = if scheme.eq_ignore_ascii_case("bearer") {
        Some(sent.trim().as_bytes().to_vec())
    } else if scheme.eq_ignore_ascii_case("basic") {
        decoded()
    } else {
        None
    };
    // Of equal length or not, it takes the same time.
    claimed.is_some_and(|claimed| is_same(&claimed, token.expose().as_bytes()))
}

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// A header for people: what may be of any length and anything is cut short.
fn short<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    beginning(text_header(headers, name), 80)
}

/// The GUID of a delivery; nothing where GitHub's place holds something else.
fn delivery_id(headers: &HeaderMap) -> String {
    let guid = text_header(headers, DELIVERY);
    let plausible = guid.len() <= 64 && guid.bytes().all(|byte| byte.is_ascii_graphic());
    if plausible { guid } else { "" }.to_owned()
}

fn answer(body: Value) -> Response {
    Json(body).into_response()
}

fn skip(reason: &str) -> Response {
    answer(json!({ "ok": true, "skipped": reason }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_forms() {
        assert_eq!(decode_form(b"%7B%22a%22%3A+1%7D"), br#"{"a": 1}"#);
        assert_eq!(decode_form(b"100%"), b"100%");
        assert_eq!(decode_form(b"%zz%4"), b"%zz%4");
    }

    #[test]
    fn repository_names_cannot_leave_their_path() {
        assert!(plausible("octo/app.rs_x-1"));
        for bad in ["octo", "a/b/c", "../x", "a/..", "a/b?c", "a /b", "/b", "a/"] {
            assert!(!plausible(bad), "{bad}");
        }
    }
}
