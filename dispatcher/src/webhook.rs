//! The HTTP side: takes webhooks, makes them durable and answers. It asks nobody anything while GitHub waits.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;

use crate::{
    core::{InstallationId, JobId, JobSighting, JobStatus, RepoId, RunId},
    http::text_header,
    intake::Intake,
    labels::Unrouted,
    payload::{self, Payload, WorkflowJob, beginning},
    refusals::{DURABLE_WITHIN, Refusal},
    signature::is_well_formed,
    surface::{Surface, Told},
};

const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature-256");
const EVENT: HeaderName = HeaderName::from_static("x-github-event");
const DELIVERY: HeaderName = HeaderName::from_static("x-github-delivery");

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

pub(crate) async fn webhook(State(surface): State<Arc<Surface>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let taken = surface.take(headers, parts.extensions.get(), body).await;
    taken.unwrap_or_else(|refusal| {
        if let Some(left_out) = surface.sparing.may_say(refusal.kind()) {
            let from = parts.extensions.get::<Peer>().map(|peer| peer.0);
            let (event, delivery) = (short(headers, EVENT), short(headers, DELIVERY));
            let status = refusal.status().as_u16();
            tracing::warn!(
                status, reason = %refusal, ?event, ?delivery, ?from, left_out,
                "delivery refused"
            );
        }
        surface.metrics.answered(refusal.kind());
        refusal.into_response()
    })
}

impl Surface {
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
            "ping" => {
                self.metrics.answered("ping");
                return Ok(answer(&Pong {
                    ok: true,
                    pong: true,
                }));
            }
            "workflow_job" => {}
            _ => return Ok(self.skip(&format!("event={}", short(headers, EVENT)).into())),
        }
        match self.sighting(payload) {
            Err(skipped) => Ok(self.skip(&skipped)),
            Ok(sighting) => self.accept(sighting, delivery_id(headers)).await,
        }
    }

    /// The job a payload is about, or why it is none of ours.
    fn sighting(&self, payload: Payload) -> Result<JobSighting, Skipped> {
        let action = payload.action.unwrap_or_default();
        let status = JobStatus::of_word(&action)
            .ok_or_else(|| format!("action={}", beginning(&action, 80)))?;
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
            self.metrics.answered("skipped");
            return answer(&Passed::of(&skipped.reason, None));
        };
        self.metrics.answered("misrouted");
        self.misrouted.add(told);
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
        answer(&Passed::of(&skipped.reason, Some(&told.advice)))
    }

    async fn accept(&self, sighting: JobSighting, guid: String) -> Result<Response, Refusal> {
        let told = answer(&Accepted {
            accepted: sighting.status,
            job: sighting.job,
            label: &sighting.label,
            ok: true,
        });
        let heard = self.metrics.hears(&sighting);
        let durable =
            tokio::time::timeout(DURABLE_WITHIN, self.recipient.deliver(sighting, guid)).await;
        match durable {
            Ok(Ok(())) => {
                self.metrics.accepted(heard);
                Ok(told)
            }
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
    let kind = text_header(headers, header::CONTENT_TYPE);
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

/// A header for people: what may be of any length and anything is cut short.
fn short(headers: &HeaderMap, name: HeaderName) -> &str {
    beginning(text_header(headers, name), 80)
}

/// The GUID of a delivery; nothing where GitHub's place holds something else.
fn delivery_id(headers: &HeaderMap) -> String {
    let guid = text_header(headers, DELIVERY);
    let plausible = guid.len() <= 64 && guid.bytes().all(|byte| byte.is_ascii_graphic());
    if plausible { guid } else { "" }.to_owned()
}

/// What a ping is answered with. Fields are written in the order of their names, here as below.
#[derive(Serialize)]
struct Pong {
    ok: bool,
    pong: bool,
}

/// What a webhook that is none of ours is answered with.
#[derive(Serialize)]
struct Passed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
    ok: bool,
    skipped: &'a str,
}

impl<'a> Passed<'a> {
    const fn of(skipped: &'a str, advice: Option<&'a str>) -> Self {
        Self {
            advice,
            ok: true,
            skipped,
        }
    }
}

/// What a webhook for a job of ours is answered with.
#[derive(Serialize)]
struct Accepted<'a> {
    accepted: JobStatus,
    job: JobId,
    label: &'a str,
    ok: bool,
}

fn answer(body: &impl Serialize) -> Response {
    Json(body).into_response()
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
