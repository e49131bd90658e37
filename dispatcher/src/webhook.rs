//! The HTTP side: takes webhooks, makes them durable and answers. It asks nobody anything while GitHub waits.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Value, json};

use crate::{
    config::Config,
    core::{InstallationId, JobId, JobSighting, JobStatus, RepoId, RunId},
    http::read_json,
    labels::Labels,
    payload::Payload,
    reconciler::Inbox,
};

/// GitHub caps a payload at 25 MB; the rest is for the form encoding's overhead.
const BODY_MAX_BYTES: usize = 28 * 1024 * 1024;
/// GitHub gives up after 10 s; an honest failure before that shows in its log.
const STORE_LIMIT: Duration = Duration::from_secs(8);

struct Shared {
    config: Arc<Config>,
    labels: Arc<Labels>,
    inbox: Inbox,
}

pub(crate) fn router(config: Arc<Config>, labels: Arc<Labels>, inbox: Inbox) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
        .route("/status", get(status))
        .route("/webhook", post(webhook))
        .with_state(Arc::new(Shared {
            config,
            labels,
            inbox,
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

async fn status(State(shared): State<Arc<Shared>>) -> Response {
    match shared.inbox.status().await {
        Some(status) => Json(status).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn webhook(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    let body = match Limited::new(body, BODY_MAX_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
        }
        Err(_) => return refuse(StatusCode::BAD_REQUEST, "the body broke off"),
    };
    let signature = headers
        .get("x-hub-signature-256")
        .map(http::HeaderValue::as_bytes)
        .unwrap_or_default();
    if !shared.config.webhook_secrets.accept(signature, &body) {
        return refuse(
            StatusCode::UNAUTHORIZED,
            "the signature is missing or wrong",
        );
    }
    match text_header(&headers, "x-github-event") {
        "ping" => return answer(json!({ "ok": true, "pong": true })),
        "workflow_job" => {}
        other => return skip(&format!("event={other}")),
    }
    let Some(text) = unwrap_form(&headers, &body) else {
        return refuse(StatusCode::BAD_REQUEST, "the form has no payload");
    };
    let Ok(payload) = read_json::<Payload>(&text) else {
        return refuse(StatusCode::BAD_REQUEST, "the payload is not JSON");
    };
    match shared.sighting(payload) {
        Err(reason) => skip(&reason),
        Ok(sighting) => {
            let guid = text_header(&headers, "x-github-delivery").to_owned();
            shared.accept(sighting, guid).await
        }
    }
}

impl Shared {
    /// The job a payload is about, or why it is none of ours.
    fn sighting(&self, payload: Payload) -> Result<JobSighting, String> {
        let action = payload.action.unwrap_or_default();
        let status = match action.as_str() {
            "waiting" => JobStatus::Waiting,
            "queued" => JobStatus::Queued,
            "in_progress" => JobStatus::InProgress,
            "completed" => JobStatus::Completed,
            _ => return Err(format!("action={action}")),
        };
        let job = payload.workflow_job.ok_or("no workflow_job")?;
        let repository = payload.repository.ok_or("no repository")?;
        let label = self
            .labels
            .route(job.labels.iter().map(String::as_str))
            .map_err(|reason| reason.to_string())?;
        let repo_name = repository
            .full_name
            .filter(|name| plausible(name))
            .ok_or("no repository name")?;
        if !self.config.allows(&repo_name) {
            return Err("repository not allowed".to_owned());
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
            label: label.label.clone(),
            status,
            runner: job.runner_name,
            created_at: job.created_at.and_then(|at| at.parse().ok()),
        })
    }

    async fn accept(&self, sighting: JobSighting, guid: String) -> Response {
        let told = json!({ "ok": true, "accepted": sighting.status, "label": sighting.label, "job": sighting.job });
        let durable = tokio::time::timeout(STORE_LIMIT, self.inbox.deliver(sighting, guid)).await;
        if durable == Ok(true) {
            answer(told)
        } else {
            refuse(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the journal could not be written",
            )
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
fn unwrap_form(headers: &HeaderMap, body: &Bytes) -> Option<Bytes> {
    let kind = text_header(headers, header::CONTENT_TYPE.as_str());
    if !kind
        .trim_start()
        .to_ascii_lowercase()
        .starts_with("application/x-www-form-urlencoded")
    {
        return Some(body.clone());
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

fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn answer(body: Value) -> Response {
    Json(body).into_response()
}

fn skip(reason: &str) -> Response {
    answer(json!({ "ok": true, "skipped": reason }))
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "ok": false, "error": reason }))).into_response()
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
