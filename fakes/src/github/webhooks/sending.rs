//! A delivery on its way out: what the faults make of it before it departs.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use vocabulary::{AfterEffect, OnDelivery, Tamper};

use super::{
    delivering::Dispatch,
    flying::{Ending, Flight, Outcome, Pending},
};
use crate::{
    env::Length,
    faults::{Held, Strike, Subject},
    github::{
        handle::Github,
        state::{
            hooks::{hook::unless_the_apps, message::Message},
            records::State,
        },
    },
    history::{Lost, Origin, Signed, What},
    ids::{DeliveryId, EventId},
    tamper::tampered,
};

impl Github {
    /// Records a delivery and sends it off.
    pub(in crate::github) fn dispatch(&self, state: &mut State, dispatch: Dispatch) -> DeliveryId {
        let Dispatch {
            message,
            origin,
            redelivery,
            failed,
            delay,
            bend,
            because,
        } = dispatch;
        let id = state.hooks.next_delivery();
        let key = state.hooks.delivery_key(&message.key);
        let (message, strikes) = if bend {
            self.strike_message(message, &key, id)
        } else {
            (message, Vec::new())
        };
        let tampered = strikes.iter().rev().find_map(|strike| match strike.effect {
            OnDelivery::Tamper(how) => bytes_tampered(&message.body(), how),
            _ => None,
        });
        let intended = match message.signed {
            Signed::Lab if tampered.is_some() => Signed::Tampered,
            signed => signed,
        };
        let signed = state.hooks.shown(message.hook(), intended);
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
        self.history().keep(message.payload.len());
        let largest = self.settings().hooks.payload_bytes_max;
        let mut flight = Flight {
            too_large: message.payload.len() > largest && origin != Origin::Forged,
            delay: self.env().within(delay, &key, "webhook.delay"),
            tampered,
            held_by: Vec::new(),
            delayed_by: Vec::new(),
            message,
            id,
            redelivery,
            failed,
            ending: None,
            intended,
            shown: signed,
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
        message: Arc<Message>,
        key: &str,
        id: DeliveryId,
    ) -> (Arc<Message>, Vec<Strike<OnDelivery>>) {
        let honest = message.clone();
        let mut message = message;
        let faults = &self.inner.calls.faults;
        let subject = honest.subject(key, id);
        let strikes = faults.strike_where(&subject, |strike: &Strike<OnDelivery>, strikes| {
            let OnDelivery::Pretend(values) = &strike.effect else {
                return true;
            };
            let lie = Self::pretending(&message, values);
            let lands = lie.is_some();
            if let Some(lie) = lie.filter(|_| strikes) {
                message = Arc::new(lie);
            }
            lands
        });
        (message, strikes)
    }

    fn bend_flight(&self, flight: &mut Flight, strikes: Vec<Strike<OnDelivery>>, key: &str) {
        let message = flight.message.clone();
        let subject = message.subject(key, flight.id);
        let faults = &self.inner.calls.faults;
        let mut duplicates = Vec::new();
        for strike in strikes {
            let applied = faults.applied(&strike, &subject, Some(flight.because));
            let held = Held {
                fault: strike.fault,
                strike: applied,
            };
            match &strike.effect {
                OnDelivery::Delay(length) => {
                    flight.delay += self.env().within(*length, key, &strike.purpose("delay"));
                    flight.delayed_by.push(held);
                    flight.because = applied;
                }
                OnDelivery::ReorderWithin(reorder) => {
                    let length = Length {
                        min: Duration::ZERO,
                        max: reorder.within.max,
                    };
                    flight.delay += self.env().within(length, key, &strike.purpose("reorder"));
                    flight.delayed_by.push(held);
                    flight.because = applied;
                }
                OnDelivery::Duplicate(again) => {
                    let after = self
                        .env()
                        .within(again.after, key, &strike.purpose("duplicate"));
                    duplicates.push((flight.delay + after, applied));
                }
                OnDelivery::Hold => {
                    flight.held_by.push(held);
                    flight.because = applied;
                }
                OnDelivery::Pretend(_) | OnDelivery::Tamper(_) => flight.because = applied,
                OnDelivery::Drop(how) => {
                    flight.ending = Some(Ending::Unsent(*how));
                    flight.because = applied;
                }
                OnDelivery::NoAnswer => {
                    flight.ending = Some(Ending::Unheard(Outcome::Lost(Lost::TimedOut)));
                    flight.because = applied;
                }
                OnDelivery::Reset => {
                    flight.ending = Some(Ending::Unheard(Outcome::Lost(Lost::Reset)));
                    flight.because = applied;
                }
                OnDelivery::Answer(answer) => {
                    flight.ending = Some(Ending::Seen(Outcome::of(answer)));
                    flight.because = applied;
                }
                OnDelivery::AfterEffect(after) => {
                    flight.ending = Some(Ending::Seen(match after {
                        AfterEffect::Answer(answer) => Outcome::of(answer),
                        AfterEffect::NoAnswer => Outcome::Lost(Lost::TimedOut),
                        AfterEffect::Reset => Outcome::Lost(Lost::Reset),
                    }));
                    flight.because = applied;
                }
            }
        }
        // Only now all the rules are known that hold the first one back, and they hold its duplicates too.
        for (wait, applied) in duplicates {
            self.duplicate(flight, wait, applied);
        }
    }

    /// The same delivery once more, so long after nothing holds the first one back any more.
    fn duplicate(&self, flight: &Flight, wait: Duration, applied: EventId) {
        let (message, redelivery) = (flight.message.clone(), flight.redelivery);
        let (github, held_by) = (self.clone(), flight.held_by.clone());
        let pending = Pending::new(self);
        self.env().spawner.spawn(async move {
            github.all_released(&held_by).await;
            tokio::time::sleep(wait).await;
            let dispatch = Dispatch {
                message,
                origin: Origin::Repeated,
                redelivery,
                failed: None,
                delay: Length::fixed(Duration::ZERO),
                bend: false,
                because: Some(applied),
            };
            github.dispatch(&mut github.state(), dispatch);
            drop(pending);
        });
    }
}

impl Message {
    /// What a fault may want to know of an attempt to deliver it.
    pub(in crate::github) fn subject<'a>(
        &'a self,
        key: &'a str,
        delivery: DeliveryId,
    ) -> Subject<'a> {
        Subject {
            place: "webhook",
            entity: key,
            job: self.job.as_ref().map(|(job, name)| (*job, name.as_str())),
            action: self.action.as_deref(),
            repo: self.repo.as_deref(),
            delivery: Some(delivery),
            ..Subject::default()
        }
    }
}

fn bytes_tampered(body: &[u8], how: Tamper) -> Option<Bytes> {
    let signed = std::str::from_utf8(body).ok()?;
    Some(Bytes::from(tampered(signed, how)))
}
