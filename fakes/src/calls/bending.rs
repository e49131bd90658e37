//! What the faults make of a call: whether it takes effect, how it ends, and how long it is held back.

use std::time::Duration;

use vocabulary::{AfterEffect, Answer, OnCall};

use super::Calls;
use crate::{
    env::Env,
    faults::{Held, Strike, Subject},
    ids::EventId,
};

/// What a caller gets in the place of the honest answer.
pub(super) enum Instead {
    /// Another answer.
    Answer(Answer),
    /// None, for as long as the caller waits.
    Nothing,
    /// The end of the connection.
    Reset,
}

/// How a call ends.
pub(super) enum Ending {
    /// With its effect and its answer.
    Honest,
    /// Without an effect.
    Instead(Instead),
    /// With its effect, and without its answer.
    Afterwards(Instead),
}

/// What becomes of a call.
pub(super) struct Bent {
    pub(super) delay: Duration,
    pub(super) ending: Ending,
    /// The moment that it is answered from, if that is not now.
    pub(super) as_of_ms: Option<u64>,
    /// The strikes that make up the delay.
    pub(super) held: Vec<Held>,
    pub(super) last_event: EventId,
}

impl Calls {
    /// Asks the faults what becomes of a call, and records what they do.
    pub(super) fn bend(&self, subject: &Subject<'_>, received: EventId) -> Bent {
        let mut bent = Bent {
            delay: Duration::ZERO,
            ending: Ending::Honest,
            as_of_ms: None,
            held: Vec::new(),
            last_event: received,
        };
        for strike in self.faults.strike(subject) {
            bent.last_event = self.faults.applied(&strike, subject, Some(bent.last_event));
            bent.take(&self.env, &strike, subject.entity);
        }
        bent
    }

    /// Waits for as long as these strikes hold a call back.
    pub(super) async fn wait(&self, delay: Duration, held: &[Held], subject: &Subject<'_>) {
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        for held in held {
            self.faults.let_on(*held, subject);
        }
    }
}

impl Bent {
    fn take(&mut self, env: &Env, strike: &Strike<OnCall>, entity: &str) {
        let drawn = |length, what| env.within(length, entity, &strike.purpose(what));
        match &strike.effect {
            OnCall::Delay(length) => {
                self.delay += drawn(*length, "delay");
                self.held.push(Held {
                    fault: strike.fault,
                    strike: self.last_event,
                });
            }
            OnCall::Stale(by) => {
                let by = drawn(*by, "stale").as_millis() as u64;
                self.as_of_ms = Some(env.clock.elapsed_ms().saturating_sub(by));
            }
            OnCall::Answer(answer) => {
                self.ending = Ending::Instead(Instead::Answer(answer.clone()));
            }
            OnCall::NoAnswer => self.ending = Ending::Instead(Instead::Nothing),
            OnCall::Reset => self.ending = Ending::Instead(Instead::Reset),
            OnCall::AfterEffect(after) => {
                self.ending = Ending::Afterwards(match after {
                    AfterEffect::Answer(answer) => Instead::Answer(answer.clone()),
                    AfterEffect::NoAnswer => Instead::Nothing,
                    AfterEffect::Reset => Instead::Reset,
                });
            }
        }
    }
}
