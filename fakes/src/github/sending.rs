//! One attempt to deliver a webhook: faults, departure, outcome, log.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::body::Body;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::{
    Github,
    delivering::{Dispatch, Message},
    delivery_log::Entry,
    state::State,
};
use crate::{
    calls::ConnectionReset,
    env::Span,
    faults::{Effect, Strike, Subject},
    history::{Lost, Origin, What},
    http_service::BoxError,
    ids::{DeliveryId, EventId},
};

/// What became of an attempt.
enum Outcome {
    Answered {
        status: u16,
        headers: HeaderMap,
        body: String,
    },
    Lost(Lost),
}

/// An attempt on its way.
struct Flight {
    message: Arc<Message>,
    id: DeliveryId,
    redelivery: bool,
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
        let created = self.history().record(
            because,
            What::DeliveryCreated {
                delivery: id,
                guid: message.guid.clone(),
                name: message.event.clone(),
                action: message.action.clone(),
                job: message.job_id(),
                origin,
                signed: message.signed,
            },
        );
        let mut flight = Flight {
            delay: self.env().within(delay, &key, "webhook.delay"),
            message,
            id,
            redelivery,
            ending: None,
            because: created,
            pending: Pending::new(self),
        };
        if bend {
            self.bend_flight(&mut flight, &key);
        }
        let github = self.clone();
        self.env()
            .spawner
            .spawn(async move { github.fly(flight).await });
        id
    }

    fn bend_flight(&self, flight: &mut Flight, key: &str) {
        let message = flight.message.clone();
        let subject = Subject {
            place: "webhook",
            entity: key,
            job: message
                .job
                .as_ref()
                .map(|(job, name)| (*job, name.as_str())),
            job_names: &[],
            action: message.action.as_deref(),
            repo: message.repo.as_deref(),
        };
        let faults = &self.inner.calls.faults;
        for strike in faults.strike(&subject, Effect::suits_webhooks) {
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
        let pending = Pending::new(self);
        self.after(wait, move |github| {
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

    async fn fly(&self, flight: Flight) {
        tokio::time::sleep(flight.delay).await;
        let (delivery, job) = (flight.id, flight.message.job_id());
        if let Some(Effect::Drop { logged }) = flight.ending {
            let lost = What::DeliveryLost {
                delivery,
                job,
                why: Lost::Dropped,
                logged,
            };
            self.history().record(Some(flight.because), lost);
            if logged {
                let place = self.state().log.place();
                self.log(place, &flight, Duration::ZERO, Outcome::Lost(Lost::Dropped));
            }
            return;
        }
        let sent = self
            .history()
            .record(Some(flight.because), What::DeliverySent { delivery, job });
        let place = self.state().log.place();
        let departure = tokio::time::Instant::now();
        let outcome = self.outcome(&flight).await;
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
            Outcome::Lost(why) => What::DeliveryLost {
                delivery,
                job,
                why: *why,
                logged: true,
            },
        };
        self.history().record(Some(sent), result);
        self.log(place, &flight, took, outcome);
        drop(flight.pending);
    }

    async fn outcome(&self, flight: &Flight) -> Outcome {
        let patience = self.settings().webhook_timeout;
        match &flight.ending {
            None => self.post(&flight.message).await,
            Some(Effect::AfterEffect(inner)) => {
                let departure = tokio::time::Instant::now();
                let seen_by_dispatcher = self.post(&flight.message).await;
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
    async fn post(&self, message: &Message) -> Outcome {
        let target = self
            .inner
            .target
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        let Some(target) = target else {
            return Outcome::Lost(Lost::Refused);
        };
        let mut request = Request::new(Body::from(message.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = http::Uri::from_static("/webhook");
        *request.headers_mut() = message.headers.clone();
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
            Ok(Err(broken)) if broken.to_string().starts_with("connection refused") => {
                Outcome::Lost(Lost::Refused)
            }
            Ok(Err(_)) => Outcome::Lost(Lost::Reset),
        }
    }

    fn log(&self, place: u64, flight: &Flight, took: Duration, outcome: Outcome) {
        let (status, status_code) = status_of(&outcome);
        let (response_headers, response_body) = match outcome {
            Outcome::Answered { headers, body, .. } => (headers, body),
            Outcome::Lost(_) => (HeaderMap::new(), String::new()),
        };
        let entry = Entry {
            id: flight.id,
            message: flight.message.clone(),
            delivered_at: self.now() - took,
            redelivery: flight.redelivery,
            took,
            status,
            status_code,
            response_headers,
            response_body,
        };
        self.state().log.add(place, entry);
    }
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

/// The words and the code of the delivery log. Only `OK` and the one for an unreachable host are
/// documented in full; the others follow the wording of GitHub's troubleshooting page.
fn status_of(outcome: &Outcome) -> (String, u16) {
    match outcome {
        Outcome::Answered { status, .. } if (200..300).contains(status) => {
            ("OK".to_owned(), *status)
        }
        Outcome::Answered { status, .. } => (format!("Invalid HTTP Response: {status}"), *status),
        Outcome::Lost(Lost::Refused) => ("failed to connect to network".to_owned(), 502),
        Outcome::Lost(Lost::TimedOut) => ("timed out".to_owned(), 504),
        Outcome::Lost(Lost::Reset | Lost::Dropped) => ("failed to connect to host".to_owned(), 502),
    }
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
