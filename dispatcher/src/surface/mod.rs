//! What the dispatcher shows of itself over HTTP, beside taking webhooks: what it is, how it is, what it does.

mod access;
mod misrouted;
mod pages;

use std::{fmt::Write, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

pub(crate) use self::misrouted::{Misrouted, Told};

use crate::{
    config::Config, health::Health, http::text_header, intake::Intake, labels::Labels,
    metrics::Metrics, recipient::Recipient, refusals::Sparing,
};

/// All that answers requests.
pub(crate) struct Surface {
    pub(crate) config: Arc<Config>,
    pub(crate) labels: Arc<Labels>,
    pub(crate) recipient: Recipient,
    pub(crate) health: Arc<Health>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) misrouted: Misrouted,
    pub(crate) intake: Intake,
    pub(crate) sparing: Sparing,
}

/// All but the webhook's.
pub(crate) fn routes() -> Router<Arc<Surface>> {
    Router::new()
        .route("/", get(about))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
}

/// What it is: for programs, or for people.
async fn about(State(surface): State<Arc<Surface>>, headers: HeaderMap) -> Response {
    let plain: Vec<&str> = surface
        .labels
        .routes()
        .map(|route| route.label.as_str())
        .filter(|label| !label.contains(':'))
        .collect();
    let keys: Vec<&str> = surface.labels.image_keys().collect();
    if wants_a_page(&headers) {
        return pages::landing(&headers, &plain, &keys).into_response();
    }
    Json(json!({
        "service": "jobs-dispatcher",
        "version": env!("CARGO_PKG_VERSION"),
        "configured": true,
        "supported_labels": plain,
        "supported_image_labels": keys,
        "docs": "POST /webhook, GET /status, GET /healthz, GET /readyz, GET /metrics",
    }))
    .into_response()
}

/// 200 while the dispatcher can do its work; otherwise 503 with the reason.
async fn healthz(State(surface): State<Arc<Surface>>) -> Response {
    match surface.health.journal().await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(reason) => unwell(
            "journal",
            &format!("the journal cannot be written: {reason}"),
        ),
    }
}

/// The same, and 503 once the dispatcher is about to end.
async fn readyz(State(surface): State<Arc<Surface>>) -> Response {
    if surface.health.is_stopping() {
        return unwell("stopping", "the dispatcher is about to end");
    }
    healthz(State(surface)).await
}

fn unwell(status: &str, reason: &str) -> Response {
    let body = json!({ "status": status, "reason": reason });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

/// In the text form that Prometheus reads. It names labels and no repository, so that it needs no token.
async fn metrics(State(surface): State<Arc<Surface>>) -> Response {
    let Some(status) = surface.recipient.status().await else {
        return unwell("stopping", "the dispatcher has stopped");
    };
    let mut text = surface.metrics.text(&status);
    let healthy = u8::from(surface.health.journal().await.is_ok());
    let _infallible = write!(
        text,
        "# HELP jobs_dispatcher_journal_writable Whether the journal can be written.\n\
         # TYPE jobs_dispatcher_journal_writable gauge\njobs_dispatcher_journal_writable {healthy}\n"
    );
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (kind, text).into_response()
}

/// The state, for whoever may read it.
async fn status(State(surface): State<Arc<Surface>>, headers: HeaderMap) -> Response {
    if let Some(refused) = access::refusal(&surface.config.status, &headers) {
        return refused;
    }
    let Some(status) = surface.recipient.status().await else {
        return unwell("stopping", "the dispatcher has stopped");
    };
    let misrouted = surface.misrouted.list();
    if wants_a_page(&headers) {
        return pages::status(&status, &misrouted).into_response();
    }
    let mut shown = json!(status);
    shown["misrouted"] = json!(misrouted);
    Json(shown).into_response()
}

/// Browsers ask for HTML first.
fn wants_a_page(headers: &HeaderMap) -> bool {
    text_header(headers, header::ACCEPT).contains("text/html")
}
