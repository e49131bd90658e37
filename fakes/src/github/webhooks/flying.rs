//! One attempt to deliver a webhook: departure, signature, outcome, log.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use tower::ServiceExt as _;
use vocabulary::{Answer, DropMode};

use crate::{
    calls::ConnectionReset,
    faults::Held,
    github::{
        handle::Github,
        state::hooks::{
            hook::LastResponse,
            log::Entry,
            message::Message,
            signing::{Keys, Signatures},
        },
    },
    history::{Lost, Signed, What},
    http_service::BoxError,
    ids::{DeliveryId, EventId, HookId},
    settings::{HookSettings, LogStatus},
};

/// What became of an attempt.
#[derive(Clone)]
pub(in crate::github) enum Outcome {
    Answered {
        status: u16,
        headers: HeaderMap,
        body: String,
    },
    Lost(Lost),
    /// The host's certificate was refused. For the history that is a broken connection.
    Untrusted,
}

/// How a fault ends an attempt.
pub(in crate::github) enum Ending {
    /// It never leaves.
    Unsent(DropMode),
    /// The dispatcher never hears of it, and GitHub sees this.
    Unheard(Outcome),
    /// GitHub sees this, whatever the dispatcher does.
    Seen(Outcome),
}

/// What leaves, and what the log keeps of it.
struct Envelope {
    request: Request<Body>,
    sealed: Sealed,
}

/// How and where to a message left: its hook as it was at that moment.
struct Sealed {
    url: Arc<str>,
    signatures: Option<Signatures>,
}

/// An attempt on its way.
pub(in crate::github) struct Flight {
    pub(in crate::github) message: Arc<Message>,
    /// What goes over the wire in place of the message's own body: somebody changes it on the way.
    pub(in crate::github) tampered: Option<Bytes>,
    /// The strikes of rules that hold it back until they are closed.
    pub(in crate::github) held_by: Vec<Held>,
    /// The strikes whose delays make up its delay.
    pub(in crate::github) delayed_by: Vec<Held>,
    pub(in crate::github) id: DeliveryId,
    pub(in crate::github) redelivery: bool,
    /// What the log shows instead of an outcome, and why nothing is sent.
    pub(in crate::github) failed: Option<LogStatus>,
    /// GitHub does not send payloads of this size; anybody else may.
    pub(in crate::github) too_large: bool,
    pub(in crate::github) delay: Duration,
    /// How a fault ends it.
    pub(in crate::github) ending: Option<Ending>,
    /// How its hook means to sign it.
    pub(in crate::github) intended: Signed,
    /// How that looks to the dispatcher, as the secrets were when it was made.
    pub(in crate::github) shown: Signed,
    pub(in crate::github) because: EventId,
    pub(in crate::github) pending: Pending,
}

impl Github {
    /// Waits until none of these rules holds deliveries back any more.
    pub(in crate::github) async fn all_released(&self, held_by: &[Held]) {
        for held in held_by {
            self.inner.calls.faults.released(held.fault).await;
        }
    }

    /// Waits for its time, and leaves.
    pub(in crate::github) async fn fly(&self, flight: Flight) {
        self.all_released(&flight.held_by).await;
        self.let_on(&flight, &flight.held_by);
        tokio::time::sleep(flight.delay).await;
        self.let_on(&flight, &flight.delayed_by);
        let throttled_at = self.hold_back(flight.message.hook()).await;
        // Boxed: a hundred thousand can wait at once, and what only those need that leave is the larger part.
        Box::pin(self.leave(flight, throttled_at)).await;
    }

    /// Records that these strikes hold it back no longer.
    fn let_on(&self, flight: &Flight, held_by: &[Held]) {
        for held in held_by {
            let subject = flight.message.subject("", flight.id);
            self.inner.calls.faults.let_on(*held, &subject);
        }
    }

    /// From departure to the entry in the log.
    async fn leave(&self, flight: Flight, throttled_at: Option<Timestamp>) {
        let (delivery, job) = (flight.id, flight.message.job_id());
        let unsent = |why, logged| What::DeliveryLost {
            delivery,
            job,
            why,
            logged,
            seen: None,
        };
        let signed = self
            .state()
            .hooks
            .shown(flight.message.hook(), flight.intended);
        let sealed = self.seal(&flight);
        let envelope = match sealed {
            Some(envelope) if !flight.too_large => envelope,
            other => {
                let why = other.map_or(Lost::Dropped, |_| Lost::TooLarge);
                self.history()
                    .record(Some(flight.because), unsent(why, false));
                return;
            }
        };
        let unsent_as = match (&flight.failed, &flight.ending) {
            (Some(_), _) => Some((Lost::FailedThen, true)),
            (None, Some(Ending::Unsent(how))) => Some((Lost::Dropped, *how == DropMode::Logged)),
            (None, Some(Ending::Unheard(_) | Ending::Seen(_)) | None) => None,
        };
        if let Some((why, logged)) = unsent_as {
            self.history()
                .record(Some(flight.because), unsent(why, logged));
            if logged {
                let place = self.state().hooks.log.place();
                let outcome = Outcome::Lost(why);
                let sealed = envelope.sealed;
                let entry = self.entry(&flight, sealed, throttled_at, Duration::ZERO, outcome);
                self.log(place, entry);
            }
            return;
        }
        let sent = What::DeliverySent {
            delivery,
            job,
            signed: Some(signed).filter(|signed| *signed != flight.shown),
        };
        let sent = self.history().record(Some(flight.because), sent);
        let place = self.state().hooks.log.place();
        let departure = tokio::time::Instant::now();
        let Envelope { request, sealed } = envelope;
        let outcome = self.outcome(&flight, request, sent).await;
        let took = departure.elapsed();
        let entry = self.entry(&flight, sealed, throttled_at, took, outcome);
        self.log(place, entry);
        drop(flight.pending);
    }

    /// Waits while a surge is throttled, and tells since when it did.
    async fn hold_back(&self, hook: HookId) -> Option<Timestamp> {
        let share = self.settings().hooks.throttle_per_minute?;
        let now_ms = self.env().clock.elapsed_ms();
        let wait = self
            .state()
            .hooks
            .get_mut(hook)
            .and_then(|hook| hook.throttle.book(now_ms, share))?;
        let since = self.now();
        tokio::time::sleep(wait).await;
        Some(since)
    }

    /// Signs a message with its hook's secret of now. None if the hook is gone.
    fn seal(&self, flight: &Flight) -> Option<Envelope> {
        let message = &flight.message;
        let (keys, old_keys, url, target) = {
            let state = self.state();
            let hook = state.hooks.get(message.hook())?;
            let config = &hook.config;
            let (url, target) = (config.url.clone(), config.target.clone());
            (hook.keys.clone(), hook.old_keys.clone(), url, target)
        };
        let body = message.body();
        let legacy = self.settings().hooks.legacy_signature;
        let signatures = signatures(message.signed, &body, keys, old_keys, legacy);
        let sent = flight.tampered.clone().unwrap_or(body);
        let mut request = Request::new(Body::from(sent));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target;
        *request.headers_mut() = message.headers(signatures.as_ref());
        let sealed = Sealed { url, signatures };
        Some(Envelope { request, sealed })
    }

    /// What becomes of it in GitHub's eyes. The history tells what the dispatcher did.
    async fn outcome(&self, flight: &Flight, request: Request<Body>, sent: EventId) -> Outcome {
        let departure = tokio::time::Instant::now();
        let gives_up = departure + self.settings().webhook_timeout;
        let dictated = match &flight.ending {
            Some(Ending::Unheard(outcome)) => {
                // The loss is the fault's.
                if outcome.is_timeout() {
                    tokio::time::sleep_until(gives_up).await;
                }
                self.tell(flight, outcome, Duration::ZERO, None, flight.because);
                return outcome.clone();
            }
            Some(Ending::Seen(outcome)) => Some(outcome.clone()),
            Some(Ending::Unsent(_)) | None => None,
        };
        let own = self.post(flight, request).await;
        let seen = dictated
            .as_ref()
            .map(|outcome| status_of(outcome, &self.settings().hooks).1);
        self.tell(flight, &own, departure.elapsed(), seen, sent);
        if dictated.as_ref().is_some_and(Outcome::is_timeout) {
            tokio::time::sleep_until(gives_up).await;
        }
        dictated.unwrap_or(own)
    }

    /// Records what the dispatcher did with it.
    fn tell(
        &self,
        flight: &Flight,
        own: &Outcome,
        took: Duration,
        seen: Option<u16>,
        because: EventId,
    ) {
        let (delivery, job) = (flight.id, flight.message.job_id());
        let lost = |why| What::DeliveryLost {
            delivery,
            job,
            why,
            logged: true,
            seen,
        };
        let event = match own {
            Outcome::Answered { status, body, .. } => What::DeliveryAnswered {
                delivery,
                job,
                status: *status,
                took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                body: self.history().shown(body),
                seen,
            },
            Outcome::Lost(why) => lost(*why),
            Outcome::Untrusted => lost(Lost::Reset),
        };
        self.history().record(Some(because), event);
    }

    /// Sends it and waits for the answer, as long as GitHub does.
    async fn post(&self, flight: &Flight, request: Request<Body>) -> Outcome {
        let Some(target) = self.target_of(flight.message.hook()) else {
            return Outcome::Lost(Lost::Refused);
        };
        let exchange = async {
            let response = target.oneshot(request).await?;
            if response.extensions().get::<ConnectionReset>().is_some() {
                return Err(BoxError::from("connection reset"));
            }
            let (parts, body) = response.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok((parts, body))
        };
        match tokio::time::timeout(self.settings().webhook_timeout, exchange).await {
            Err(_) => Outcome::Lost(Lost::TimedOut),
            Ok(Ok((parts, body))) => Outcome::Answered {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: String::from_utf8_lossy(&body).into_owned(),
            },
            Ok(Err(broken)) => match broken.to_string() {
                text if text.starts_with("connection refused") => Outcome::Lost(Lost::Refused),
                text if text.starts_with("certificate") => Outcome::Untrusted,
                _ => Outcome::Lost(Lost::Reset),
            },
        }
    }

    fn entry(
        &self,
        flight: &Flight,
        sealed: Sealed,
        throttled_at: Option<Timestamp>,
        took: Duration,
        outcome: Outcome,
    ) -> Entry {
        let (status, status_code) = match &flight.failed {
            Some(failed) => (failed.text.clone(), failed.code),
            None => status_of(&outcome, &self.settings().hooks),
        };
        let (response_headers, response_body) = match outcome {
            Outcome::Answered { headers, body, .. } => (headers, body),
            Outcome::Lost(_) | Outcome::Untrusted => (HeaderMap::new(), String::new()),
        };
        Entry {
            id: flight.id,
            message: flight.message.clone(),
            url: sealed.url,
            signatures: sealed.signatures,
            delivered_at: self.now() - took,
            throttled_at,
            redelivery: flight.redelivery,
            took,
            status,
            status_code,
            response_headers,
            response_body,
        }
    }

    fn log(&self, place: u64, entry: Entry) {
        let mut state = self.state();
        if let Some(hook) = state.hooks.get_mut(entry.message.hook()) {
            hook.last_response = Some(LastResponse {
                succeeded: entry.succeeded(),
                code: entry.status_code,
                text: entry.status.clone(),
            });
        }
        state.hooks.log.add(place, entry);
        state.hooks.log.forget(self.now());
    }
}

impl Outcome {
    /// What GitHub sees where a fault gives the answer.
    pub(in crate::github) fn of(answer: &Answer) -> Self {
        Self::Answered {
            status: answer.status,
            headers: HeaderMap::new(),
            body: answer.body.clone(),
        }
    }

    fn is_timeout(&self) -> bool {
        matches!(self, Self::Lost(Lost::TimedOut))
    }
}

/// How a body is signed, given its hook's secrets of now and of before. Without one it is not.
fn signatures(
    signed: Signed,
    body: &[u8],
    keys: Option<Keys>,
    old_keys: Option<Keys>,
    legacy: bool,
) -> Option<Signatures> {
    let (keys, parts): (_, &[&[u8]]) = match signed {
        Signed::None => return None,
        Signed::Lab => (keys, &[body]),
        Signed::Tampered => (keys, &[body, b" "]),
        Signed::Wrong => (Keys::of(b"not the webhook's secret"), &[body]),
        Signed::OldSecret => (old_keys, &[body]),
    };
    keys.map(|keys| keys.sign(parts, legacy))
}

/// The words and the code of the delivery log.
fn status_of(outcome: &Outcome, words: &HookSettings) -> (String, u16) {
    let LogStatus { text, code } = match outcome {
        Outcome::Answered { status, .. } if (200..300).contains(status) => {
            return ("OK".to_owned(), *status);
        }
        Outcome::Answered { status, .. } => {
            return (format!("{}{status}", words.status_answer_prefix), *status);
        }
        Outcome::Lost(Lost::Refused) => &words.status_refused,
        Outcome::Lost(Lost::TimedOut) => &words.status_timed_out,
        Outcome::Lost(Lost::Reset | Lost::Dropped | Lost::TooLarge | Lost::FailedThen) => {
            &words.status_unreachable
        }
        Outcome::Untrusted => &words.status_untrusted,
    };
    (text.clone(), *code)
}

/// Counts a delivery as pending for as long as it lives.
pub(in crate::github) struct Pending(Github);

impl Pending {
    pub(in crate::github) fn new(github: &Github) -> Self {
        github.inner.pending.fetch_add(1, Ordering::Relaxed);
        Self(github.clone())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.inner.pending.fetch_sub(1, Ordering::Relaxed);
    }
}
