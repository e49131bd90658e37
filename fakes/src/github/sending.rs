//! A delivery on its way out: what the faults make of it before it departs.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    Github,
    delivering::Dispatch,
    flying::{Flight, Pending},
    hooks::unless_the_apps,
    message::Message,
    state::State,
};
use crate::{
    env::Span,
    faults::{Effect, Strike, Subject},
    history::{Origin, Signed, What},
    ids::{DeliveryId, EventId},
    tamper::Tamper,
};

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
            self.strike_message(message, &key)
        } else {
            (message, Vec::new())
        };
        let tampered = strikes.iter().rev().find_map(|strike| match strike.effect {
            Effect::Tamper(tamper) => tampered(&message.body(), tamper),
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
                hook: unless_the_apps(message.hook()),
            },
        );
        let largest = self.settings().hooks.payload_bytes_max;
        let mut flight = Flight {
            too_large: message.payload.len() > largest && origin != Origin::Forged,
            delay: self.env().within(delay, &key, "webhook.delay"),
            tampered,
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
    fn strike_message(&self, message: Arc<Message>, key: &str) -> (Arc<Message>, Vec<Strike>) {
        let honest = message.clone();
        let mut message = message;
        let faults = &self.inner.calls.faults;
        let strikes =
            faults.strike_where(&subject(&honest, key), Effect::suits_webhooks, |strike| {
                match &strike.effect {
                    Effect::Pretend(values) => Self::pretending(&message, values)
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
        only_by_job: false,
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
