//! The places that faults strike, and when rules are asked there.

use crate::{
    call::{CALLS, Call, Is},
    effect::EffectKind,
};

/// Who asks what strikes, and when. A place asks at one or more of these moments, and an effect happens at some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An attempt to deliver a webhook, before it leaves.
    Delivery,
    /// The same, of what only calls can be given in a scenario: there `answer`, `drop` and `delay` are the words.
    Exchange,
    /// A call, before it takes effect.
    Call,
    /// A call whose answer can be of an earlier moment.
    Past,
    /// The honest answer to a call that somebody else than a runner reads, once it is known.
    Answer,
    /// The same of an answer with values.
    Values,
    /// The same of an answer that lists items.
    Listing,
    /// The same of a listing that comes page by page.
    Paged,
    /// The same of an answer that goes on for as long as its caller listens.
    Stream,
    /// An HF job at its creation.
    Schedule,
    /// An HF job that would get its hardware now.
    Hardware,
    /// A runner's process.
    Runner,
    /// The dispatcher's store, before it does something.
    Store,
}

/// The places of faults that are not calls.
pub const PLACES: &[&str] = &[
    "webhook",
    "store",
    "runner",
    "hf.schedule",
    "github.*",
    "runner.*",
    "hf.*",
];

/// Every place a fault can strike.
#[must_use]
pub fn all_places() -> Vec<&'static str> {
    PLACES.iter().chain(CALLS).copied().collect()
}

/// The moments at which rules are asked at a place. What covers many calls lists where one of them does.
fn asked_at(place: &str) -> Vec<Asked> {
    match place {
        "webhook" => return vec![Asked::Delivery],
        "store" => return vec![Asked::Store],
        "runner" => return vec![Asked::Runner],
        "hf.schedule" => return vec![Asked::Schedule, Asked::Hardware],
        "runner.*" => return vec![Asked::Call],
        // What covers many calls does not say of which moment they could be answered, or how they stream.
        "github.*" | "hf.*" => {
            return vec![
                Asked::Call,
                Asked::Answer,
                Asked::Values,
                Asked::Listing,
                Asked::Paged,
            ];
        }
        _call => {}
    }
    let Some(call) = Call::named(place) else {
        return Vec::new();
    };
    if call.is_runners() {
        return vec![Asked::Call];
    }
    let mut asked = vec![Asked::Call, Asked::Answer];
    let also = [
        (Asked::Values, !call.is(Is::Page)),
        (Asked::Listing, call.is(Is::Lists)),
        (Asked::Paged, call.is(Is::Paged)),
        (Asked::Past, call.is(Is::Past)),
        (Asked::Stream, call.is(Is::Streams)),
    ];
    asked.extend(also.into_iter().filter(|(_, is)| *is).map(|(is, _)| is));
    asked
}

impl EffectKind {
    /// Whether it can happen at this place.
    #[must_use]
    pub fn can_strike(self, place: &str) -> bool {
        asked_at(place).into_iter().any(|asked| self.comes(asked))
    }
}

/// The words of the effects that a fault can have at a place.
#[must_use]
pub fn effects_at(place: &str) -> Vec<&'static str> {
    let possible = EffectKind::ALL.iter().copied();
    let possible = possible.filter(|kind| kind.can_strike(place));
    let mut words: Vec<&str> = possible.map(EffectKind::word).collect();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_can_be_struck_by_something_and_every_effect_strikes_somewhere() {
        for place in all_places() {
            assert!(!effects_at(place).is_empty(), "{place}");
        }
        for kind in EffectKind::ALL {
            let places = all_places();
            assert!(
                places.into_iter().any(|place| kind.can_strike(place)),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn what_is_no_place_is_struck_by_nothing() {
        assert_eq!(effects_at("github.no-such-call"), [""; 0]);
    }
}
