//! The dispatcher's own store as a place of faults. It is not part of the world: whoever holds the dispatcher asks here
//! whenever it writes, and does what it is told.

use std::time::Duration;

use vocabulary::OnStore;

use super::{Faults, Held, Subject};

/// What becomes of one write to a dispatcher's store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreFate {
    /// How much longer it takes. When that is over, [`Faults::store_answers`] is to be told.
    pub delay: Duration,
    /// Why it fails, if it does.
    pub fails: Option<&'static str>,
    held: Vec<Held>,
}

impl Faults {
    /// What becomes of the `ordinal`th write. One that adds nothing finds room on a full disk too.
    #[must_use]
    pub fn at_store(&self, ordinal: u64, grows: bool) -> StoreFate {
        if self.is_empty() {
            return StoreFate::default();
        }
        let entity = format!("store#{ordinal}");
        let subject = Subject {
            place: "store",
            entity: &entity,
            ..Subject::default()
        };
        let mut fate = StoreFate::default();
        let strikes = self.strike_where(&subject, |strike, _| {
            grows || !matches!(strike.effect, OnStore::Full)
        });
        for strike in strikes {
            let applied = self.applied(&strike, &subject, None);
            match strike.effect {
                OnStore::Delay(length) => {
                    fate.delay += self.env.within(length, &entity, &strike.purpose("delay"));
                    fate.held.push(Held {
                        fault: strike.fault,
                        strike: applied,
                    });
                }
                OnStore::Full => fate.fails = Some("no space left on device"),
                OnStore::Broken => fate.fails = Some("input/output error"),
            }
        }
        fate
    }

    /// What delayed a write lets it go on.
    pub fn store_answers(&self, fate: &StoreFate) {
        let subject = Subject {
            place: "store",
            ..Subject::default()
        };
        for held in &fate.held {
            self.let_on(*held, &subject);
        }
    }
}
