//! One attempt to deliver a webhook: faults, departure, signature, outcome, log.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use tower::ServiceExt as _;

use super::{
    Github,
    delivering::{Dispatch, Message},
    delivery_log::Entry,
    hooks::{LastResponse, unless_the_apps},
    signing::{Keys, Signatures},
    state::State,
};
use crate::{
    calls::ConnectionReset,
    env::Span,
    faults::{Effect, Strike, Subject},
    history::{Lost, Origin, Signed, What},
    http_service::BoxError,
    ids::{DeliveryId, EventId, HookId},
    settings::{HookSettings, LogStatus},
    tamper::Tamper,
};

/// What became of an attempt.
enum Outcome {
    Answered {
        status: u16,
        headers: HeaderMap,
        body: String,
    },
    Lost(Lost),
    /// The host's certificate was refused. For the history that is a broken connection.
    Untrusted,
}

/// What a message leaves in: its hook as it is at that moment.
struct Envelope {
    headers: HeaderMap,
    url: Arc<str>,
    target: Uri,
}

/// An attempt on its way.
struct Flight {
    message: Arc<Message>,
    /// What goes over the wire: the message's own body, unless somebody changes it on the way.
    body: Bytes,
    /// The rules that hold it back until they are closed.
    held_by: Vec<usize>,
    id: DeliveryId,
    redelivery: bool,
    /// GitHub does not send payloads of this size; anybody else may.
    too_large: bool,
    delay: Duration,
    /// How a fault ends it.
    ending: Option<Effect>,
    because: EventId,
    pending: Pending,
}

impl Github {
    /// Records a delivery and sends it off.
    pub(super) fn dispatch(&self, state: &mut State, dispatch: Dispatch) -> DeliveryId {
        let Dispatch {
            message,
            origin,
            redelivery,
            delay,
            bend,
            because,
        } = dispatch;
        let id = state.counters.delivery();
        let key = state.delivery_key(&message.key);
        let (message, strikes) = if bend {
            self.strike_message(state, message, &key)
        } else {
            (message, Vec::new())
        };
        let tampered = strikes.iter().rev().find_map(|strike| match strike.effect {
            Effect::Tamper(tamper) => tampered(&message.body, tamper),
            _ => None,
        });
        let signed = match message.signed {
            Signed::Lab if tampered.is_some() => Signed::Tampered,
            signed => signed,
        };
        let created = self.history().record(
            because,
            What::DeliveryCreated {
                delivery: id,
                guid: message.guid.clone(),
                name: message.event.clone(),
                action: message.action.clone(),
                job: message.job_id(),
                origin,
                signed,
                hook: unless_the_apps(message.hook),
            },
        );
        let largest = self.settings().hooks.payload_bytes_max;
        let mut flight = Flight {
            too_large: message.payload.len() > largest && origin != Origin::Forged,
            delay: self.env().within(delay, &key, "webhook.delay"),
            body: tampered.unwrap_or_else(|| message.body.clone()),
            held_by: held_by(&strikes),
            message,
            id,
            redelivery,
            ending: None,
            because: created,
            pending: Pending::new(self),
        };
        self.bend_flight(&mut flight, strikes, &key);
        let github = self.clone();
        self.env()
            .spawner
            .spawn(async move { github.fly(flight).await });
        id
    }

    /// What strikes this attempt, and the message with the values that a rule pretends.
    fn strike_message(
        &self,
        state: &State,
        message: Arc<Message>,
        key: &str,
    ) -> (Arc<Message>, Vec<Strike>) {
        let honest = message.clone();
        let mut message = message;
        let faults = &self.inner.calls.faults;
        let strikes =
            faults.strike_where(&subject(&honest, key), Effect::suits_webhooks, |strike| {
                match &strike.effect {
                    Effect::Pretend(values) => self
                        .pretending(state, &message, values)
                        .map(|lie| message = Arc::new(lie))
                        .is_some(),
                    _ => true,
                }
            });
        (message, strikes)
    }

    fn bend_flight(&self, flight: &mut Flight, strikes: Vec<Strike>, key: &str) {
        let message = flight.message.clone();
        let subject = subject(&message, key);
        let faults = &self.inner.calls.faults;
        for strike in strikes {
            let applied = faults.applied(&strike, &subject, Some(flight.because));
            match &strike.effect {
                Effect::Delay(span) => {
                    flight.delay += self.env().within(*span, key, &strike.purpose("delay"));
                    flight.because = applied;
                }
                Effect::Reorder { within } => {
                    let span = Span {
                        min: Duration::ZERO,
                        max: *within,
                    };
                    flight.delay += self.env().within(span, key, &strike.purpose("reorder"));
                    flight.because = applied;
                }
                Effect::Duplicate { after } => {
                    self.duplicate(flight, &strike, *after, key, applied);
                }
                Effect::Pretend(_) | Effect::Tamper(_) | Effect::Hold => flight.because = applied,
                ending => {
                    flight.ending = Some(ending.clone());
                    flight.because = applied;
                }
            }
        }
    }

    /// The same delivery once more, so long after the first one's departure.
    fn duplicate(
        &self,
        flight: &Flight,
        strike: &Strike,
        after: Span,
        key: &str,
        applied: EventId,
    ) {
        let wait = flight.delay + self.env().within(after, key, &strike.purpose("duplicate"));
        let (message, redelivery) = (flight.message.clone(), flight.redelivery);
        let (github, held_by) = (self.clone(), flight.held_by.clone());
        let pending = Pending::new(self);
        self.env().spawner.spawn(async move {
            github.released(&held_by).await;
            tokio::time::sleep(wait).await;
            let dispatch = Dispatch {
                message,
                origin: Origin::Repeated,
                redelivery,
                delay: Span::fixed(Duration::ZERO),
                bend: false,
                because: Some(applied),
            };
            github.dispatch(&mut github.state(), dispatch);
            drop(pending);
        });
    }

    /// Waits until none of these rules holds deliveries back any more.
    async fn released(&self, held_by: &[usize]) {
        for rule in held_by {
            self.inner.calls.faults.released(*rule).await;
        }
    }

    async fn fly(&self, flight: Flight) {
        self.released(&flight.held_by).await;
        tokio::time::sleep(flight.delay).await;
        let throttled_at = self.hold_back(flight.message.hook).await;
        let (delivery, job) = (flight.id, flight.message.job_id());
        let lost = |why, logged| What::DeliveryLost {
            delivery,
            job,
            why,
            logged,
        };
        let sealed = self.seal(&flight.message);
        let envelope = match sealed {
            Some(envelope) if !flight.too_large => envelope,
            other => {
                let why = other.map_or(Lost::Dropped, |_| Lost::TooLarge);
                self.history()
                    .record(Some(flight.because), lost(why, false));
                return;
            }
        };
        if let Some(Effect::Drop { logged }) = flight.ending {
            self.history()
                .record(Some(flight.because), lost(Lost::Dropped, logged));
            if logged {
                let place = self.state().log.place();
                let outcome = Outcome::Lost(Lost::Dropped);
                let entry = self.entry(&flight, envelope, throttled_at, Duration::ZERO, outcome);
                self.log(place, entry);
            }
            return;
        }
        let sent = self
            .history()
            .record(Some(flight.because), What::DeliverySent { delivery, job });
        let place = self.state().log.place();
        let departure = tokio::time::Instant::now();
        let outcome = self.outcome(&flight, &envelope).await;
        let took = departure.elapsed();
        let result = match &outcome {
            Outcome::Answered { status, .. } => {
                let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                What::DeliveryAnswered {
                    delivery,
                    job,
                    status: *status,
                    took_ms,
                }
            }
            Outcome::Lost(why) => lost(*why, true),
            Outcome::Untrusted => lost(Lost::Reset, true),
        };
        self.history().record(Some(sent), result);
        let entry = self.entry(&flight, envelope, throttled_at, took, outcome);
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
    fn seal(&self, message: &Message) -> Option<Envelope> {
        let (keys, old_keys, url, target) = {
            let state = self.state();
            let hook = state.hooks.get(message.hook)?;
            let config = &hook.config;
            let (url, target) = (config.url.clone(), config.target.clone());
            (hook.keys.clone(), hook.old_keys.clone(), url, target)
        };
        let mut headers = message.headers.clone();
        if let Some(signatures) = signatures(message, keys, old_keys) {
            // A header that the scenario wrote itself stays.
            let mut set = |name: &'static str, value: &str| {
                if let Ok(value) = HeaderValue::from_str(value) {
                    headers
                        .entry(HeaderName::from_static(name))
                        .or_insert(value);
                }
            };
            set("x-hub-signature-256", &signatures.sha256);
            if self.settings().hooks.legacy_signature {
                set("x-hub-signature", &signatures.sha1);
            }
        }
        Some(Envelope {
            headers,
            url,
            target,
        })
    }

    async fn outcome(&self, flight: &Flight, envelope: &Envelope) -> Outcome {
        let patience = self.settings().webhook_timeout;
        match &flight.ending {
            None => self.post(flight, envelope).await,
            Some(Effect::AfterEffect(inner)) => {
                let departure = tokio::time::Instant::now();
                let seen_by_dispatcher = self.post(flight, envelope).await;
                match scripted(inner) {
                    Some(outcome) => outcome,
                    None if matches!(**inner, Effect::NoAnswer) => {
                        tokio::time::sleep_until(departure + patience).await;
                        Outcome::Lost(Lost::TimedOut)
                    }
                    None => seen_by_dispatcher,
                }
            }
            Some(ending) => {
                if let Some(outcome) = scripted(ending) {
                    return outcome;
                }
                tokio::time::sleep(patience).await;
                Outcome::Lost(Lost::TimedOut)
            }
        }
    }

    /// Sends it and waits for the answer, as long as GitHub does.
    async fn post(&self, flight: &Flight, envelope: &Envelope) -> Outcome {
        let Some(target) = self.target_of(flight.message.hook) else {
            return Outcome::Lost(Lost::Refused);
        };
        let mut request = Request::new(Body::from(flight.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = envelope.target.clone();
        *request.headers_mut() = envelope.headers.clone();
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
        envelope: Envelope,
        throttled_at: Option<Timestamp>,
        took: Duration,
        outcome: Outcome,
    ) -> Entry {
        let (status, status_code) = status_of(&outcome, &self.settings().hooks);
        let (response_headers, response_body) = match outcome {
            Outcome::Answered { headers, body, .. } => (headers, body),
            Outcome::Lost(_) | Outcome::Untrusted => (HeaderMap::new(), String::new()),
        };
        Entry {
            id: flight.id,
            message: flight.message.clone(),
            url: envelope.url,
            request_headers: envelope.headers,
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
        if let Some(hook) = state.hooks.get_mut(entry.message.hook) {
            hook.last_response = Some(LastResponse {
                succeeded: entry.succeeded(),
                code: entry.status_code,
                text: entry.status.clone(),
            });
        }
        state.log.add(place, entry);
    }
}

fn subject<'a>(message: &'a Message, key: &'a str) -> Subject<'a> {
    Subject {
        place: "webhook",
        entity: key,
        job: message
            .job
            .as_ref()
            .map(|(job, name)| (*job, name.as_str())),
        job_names: &[],
        action: message.action.as_deref(),
        repo: message.repo.as_deref(),
        flavor: None,
    }
}

fn held_by(strikes: &[Strike]) -> Vec<usize> {
    let holds = strikes
        .iter()
        .filter(|strike| matches!(strike.effect, Effect::Hold));
    holds.map(|strike| strike.fault).collect()
}

fn tampered(body: &[u8], tamper: Tamper) -> Option<Bytes> {
    let signed = std::str::from_utf8(body).ok()?;
    Some(Bytes::from(tamper.apply(signed)))
}

/// The outcome a fault dictates outright.
fn scripted(ending: &Effect) -> Option<Outcome> {
    match ending {
        Effect::Answer { status, body, .. } => {
            let body = String::from_utf8_lossy(body).into_owned();
            Some(Outcome::Answered {
                status: *status,
                headers: HeaderMap::new(),
                body,
            })
        }
        Effect::Reset => Some(Outcome::Lost(Lost::Reset)),
        _ => None,
    }
}

/// How a message is signed, given its hook's secrets of now and of before. Without one it is not.
fn signatures(message: &Message, keys: Option<Keys>, old_keys: Option<Keys>) -> Option<Signatures> {
    let body: &[u8] = &message.body;
    let (keys, parts): (_, &[&[u8]]) = match message.signed {
        Signed::None => return None,
        Signed::Lab => (keys, &[body]),
        Signed::Tampered => (keys, &[body, b" "]),
        Signed::Wrong => (Keys::of(b"not the webhook's secret"), &[body]),
        Signed::OldSecret => (old_keys, &[body]),
    };
    keys.map(|keys| keys.sign(parts))
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
        Outcome::Lost(Lost::Reset | Lost::Dropped | Lost::TooLarge) => &words.status_unreachable,
        Outcome::Untrusted => &words.status_untrusted,
    };
    (text.clone(), *code)
}

/// Counts a delivery as pending for as long as it lives.
struct Pending(Github);

impl Pending {
    fn new(github: &Github) -> Self {
        github.inner.pending.fetch_add(1, Ordering::Relaxed);
        Self(github.clone())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.inner.pending.fetch_sub(1, Ordering::Relaxed);
    }
}
