//! The dispatcher's own store as a place of faults. It is not part of the world: whoever holds the dispatcher asks here
//! whenever it writes, and does what it is told.

use std::time::Duration;

use super::{Effect, Faults, Subject};

/// What becomes of one write to a dispatcher's store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFate {
    /// How much longer it takes.
    pub delay: Duration,
    /// Why it fails, if it does.
    pub fails: Option<&'static str>,
}

impl Faults {
    /// What becomes of the `ordinal`th write. One that adds nothing finds room on a full disk too.
    #[must_use]
    pub fn at_store(&self, ordinal: u64, grows: bool) -> StoreFate {
        let entity = format!("store#{ordinal}");
        let subject = Subject {
            place: "store",
            entity: &entity,
            ..Subject::default()
        };
        let mut fate = StoreFate::default();
        let lands = |effect: &Effect| grows || !matches!(effect, Effect::Full);
        let strikes = self.strike_where(&subject, Effect::suits_stores, |strike, _| {
            lands(&strike.effect)
        });
        for strike in strikes {
            self.applied(&strike, &subject, None);
            match strike.effect {
                Effect::Delay(span) => {
                    fate.delay += self.env.within(span, &entity, &strike.purpose("delay"));
                }
                Effect::Full => fate.fails = Some("no space left on device"),
                Effect::Broken => fate.fails = Some("input/output error"),
                // The table lets none of these come to a store.
                Effect::Drop { .. }
                | Effect::Duplicate { .. }
                | Effect::Reorder { .. }
                | Effect::Answer { .. }
                | Effect::NoAnswer
                | Effect::Reset
                | Effect::AfterEffect(_)
                | Effect::Pretend(_)
                | Effect::Omit(_)
                | Effect::SlipPages
                | Effect::Truncate
                | Effect::Stale(_)
                | Effect::Stall { .. }
                | Effect::EndEarly { .. }
                | Effect::Tamper(_)
                | Effect::Hold
                | Effect::Stuck { .. }
                | Effect::Limbo
                | Effect::Fail(_)
                | Effect::Hang
                | Effect::Freeze { .. }
                | Effect::Die { .. }
                | Effect::Restart { .. }
                | Effect::LoseNetwork { .. }
                | Effect::WrongClock { .. } => {}
            }
        }
        fate
    }
}
