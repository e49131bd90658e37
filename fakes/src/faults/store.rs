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
            if let Effect::Delay(span) = strike.effect {
                fate.delay += self.env.within(span, &entity, &strike.purpose("delay"));
            } else if strike.effect == Effect::Full {
                fate.fails = Some("no space left on device");
            } else if strike.effect == Effect::Broken {
                fate.fails = Some("input/output error");
            }
        }
        fate
    }
}
