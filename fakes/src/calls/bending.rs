//! What the faults make of a call: whether it takes effect, how it ends, and how long it is held back.

use std::time::Duration;

use bytes::Bytes;

use super::Calls;
use crate::{
    env::Env,
    faults::{Effect, Held, Strike, Subject},
    ids::EventId,
};

/// What a caller gets in the place of the honest answer.
pub(super) enum Instead {
    /// Another answer.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Bytes,
    },
    /// None, for as long as the caller waits.
    Nothing,
    /// The end of the connection.
    Reset,
}

impl Instead {
    /// What an effect puts in the answer's place; nothing if it does something else.
    fn of(effect: &Effect) -> Option<Self> {
        match effect {
            Effect::Answer {
                status,
                headers,
                body,
            } => Some(Self::Answer {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
            }),
            Effect::NoAnswer => Some(Self::Nothing),
            Effect::Reset => Some(Self::Reset),
            Effect::Drop { .. }
            | Effect::Delay(_)
            | Effect::Duplicate { .. }
            | Effect::Reorder { .. }
            | Effect::Pretend(_)
            | Effect::Omit(_)
            | Effect::SlipPages
            | Effect::Truncate
            | Effect::Stale(_)
            | Effect::Stall { .. }
            | Effect::EndEarly { .. }
            | Effect::Full
            | Effect::Broken
            | Effect::Tamper(_)
            | Effect::Hold
            | Effect::Stuck { .. }
            | Effect::Limbo
            | Effect::Fail(_)
            | Effect::AfterEffect(_)
            | Effect::Hang
            | Effect::Freeze { .. }
            | Effect::Die { .. }
            | Effect::Restart { .. }
            | Effect::LoseNetwork { .. }
            | Effect::WrongClock { .. } => None,
        }
    }
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
    pub(super) fn bend(
        &self,
        subject: &Subject<'_>,
        received: EventId,
        kinds: fn(&Effect) -> bool,
    ) -> Bent {
        let mut bent = Bent {
            delay: Duration::ZERO,
            ending: Ending::Honest,
            as_of_ms: None,
            held: Vec::new(),
            last_event: received,
        };
        for strike in self.faults.strike(subject, kinds) {
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
    fn take(&mut self, env: &Env, strike: &Strike, entity: &str) {
        match &strike.effect {
            Effect::Delay(span) => {
                self.delay += env.within(*span, entity, &strike.purpose("delay"));
                self.held.push(Held {
                    fault: strike.fault,
                    strike: self.last_event,
                });
            }
            Effect::Stale(by) => {
                let by = env.within(*by, entity, &strike.purpose("stale"));
                self.as_of_ms = Some(env.clock.elapsed_ms().saturating_sub(by.as_millis() as u64));
            }
            Effect::AfterEffect(inner) => {
                self.ending = Instead::of(inner).map_or(Ending::Honest, Ending::Afterwards);
            }
            other => self.ending = Instead::of(other).map_or(Ending::Honest, Ending::Instead),
        }
    }
}
