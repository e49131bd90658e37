//! What a fault can do: the one table of effects, with the moments at which each comes.
//!
//! The language, the expansion, the fakes' rules and the control API read it. `scenarios` and `fakes` each have an enum of
//! effects with values, and name the kind of each without a wildcard: an effect that is new here fails to build there.

use crate::place::Asked::{
    self, Answer, Call, Delivery, Exchange, Hardware, Listing, Paged, Past, Runner, Schedule,
    Store, Stream, Values,
};

/// Whether rules behind it are still asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// They are: it changes the matter and does not end it.
    GoesOn,
    /// They are not: it decides the matter by itself.
    Ends,
}

/// When it strikes, seen from the moment at which it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// There and then.
    AtOnce,
    /// Later, at a moment in the life of what it strikes, if that comes.
    Later,
}

use Comes::{AtOnce, Later};
use Then::{Ends, GoesOn};

/// One row of the table.
struct Row {
    key: &'static str,
    word: &'static str,
    moments: &'static [Asked],
    then: Then,
    comes: Comes,
}

macro_rules! effects {
    ($($(#[$doc:meta])* $kind:ident: $key:literal, $word:literal, [$($moment:ident),+], $then:ident, $comes:ident;)+) => {
        /// The kinds of effects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EffectKind {
            $($(#[$doc])* $kind,)+
        }

        impl EffectKind {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            const fn row(self) -> &'static Row {
                match self {
                    $(Self::$kind => &Row {
                        key: $key,
                        word: $word,
                        moments: &[$($moment),+],
                        then: $then,
                        comes: $comes,
                    },)+
                }
            }
        }
    };
}

effects! {
    /// A delivery never arrives.
    Drop: "drop", "drop", [Delivery], Ends, AtOnce;
    /// What it strikes comes later.
    Delay: "delay", "delay", [Delivery, Call, Schedule, Store], GoesOn, AtOnce;
    /// A delivery comes again.
    Duplicate: "duplicate", "duplicate", [Delivery], GoesOn, AtOnce;
    /// Deliveries overtake each other.
    ReorderWithin: "reorder", "reorder: { within: … }", [Delivery], GoesOn, AtOnce;
    /// The order of a listing changes between two pages.
    ReorderList: "reorder", "reorder: { list: true }", [Paged], GoesOn, AtOnce;
    /// Another answer.
    Answer: "answer", "answer", [Delivery, Call], Ends, AtOnce;
    /// No effect and no answer.
    NoAnswer: "no_answer", "no_answer", [Exchange, Call], Ends, AtOnce;
    /// No effect, and the connection is reset.
    Reset: "reset", "reset", [Exchange, Call], Ends, AtOnce;
    /// The effect, and then the answer is lost or replaced.
    AfterEffect: "after_effect", "after_effect", [Exchange, Call], Ends, AtOnce;
    /// Other values.
    Pretend: "pretend", "pretend", [Delivery, Values], GoesOn, AtOnce;
    /// Items are missing from a listing.
    Omit: "omit", "omit", [Listing], GoesOn, AtOnce;
    /// The honest answer breaks off half way.
    Truncate: "truncate", "truncate", [Answer], GoesOn, AtOnce;
    /// An answer of an earlier moment.
    Stale: "stale", "stale", [Past], GoesOn, AtOnce;
    /// A stream falls silent.
    Stall: "stall", "stall", [Stream], GoesOn, AtOnce;
    /// A stream ends.
    EndEarly: "end_early", "end_early", [Stream], GoesOn, AtOnce;
    /// A delivery is changed after it was signed.
    Tamper: "tamper", "tamper", [Delivery], GoesOn, AtOnce;
    /// It is held back until the fault ends.
    Hold: "hold", "hold", [Delivery, Hardware], GoesOn, AtOnce;
    /// An HF job stays in SCHEDULING for ever.
    Stuck: "stuck", "stuck", [Schedule], Ends, AtOnce;
    /// An HF job is RUNNING, and its container never starts.
    Limbo: "limbo", "limbo", [Schedule], GoesOn, AtOnce;
    /// The platform ends an HF job.
    Fail: "fail", "fail", [Schedule], GoesOn, AtOnce;
    /// The disk has no room.
    Full: "full", "full", [Store], Ends, AtOnce;
    /// The disk fails.
    Broken: "broken", "broken", [Store], Ends, AtOnce;
    /// The runner's process never exits after its job.
    Hang: "hang", "hang", [Runner], Ends, AtOnce;
    /// The runner's process stops for ever.
    Freeze: "hang", "hang", [Runner], Ends, Later;
    /// The runner's process dies.
    Die: "die", "die", [Runner], Ends, Later;
    /// The runner's container starts again.
    Restart: "restart", "restart", [Runner], Ends, Later;
    /// Nothing reaches the runner.
    LoseNetwork: "lose_network", "lose_network", [Runner], GoesOn, Later;
    /// The clock of the runner's container is wrong.
    WrongClock: "wrong_clock", "wrong_clock", [Runner], GoesOn, AtOnce;
}

impl EffectKind {
    /// The key it is written with, and its name in the history.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.row().key
    }

    /// The key, with what else tells it from another kind of the same key.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.row().word
    }

    /// Whether it comes at this moment. What nobody asks for at a place never happens there.
    #[must_use]
    pub fn comes(self, asked: Asked) -> bool {
        self.row().moments.contains(&asked)
    }

    /// Whether it decides the outcome, so that no further rule is asked.
    #[must_use]
    pub fn is_final(self) -> bool {
        self.row().then == Ends
    }

    /// Whether it is decided before it comes: at the start of a process, for a moment of its life.
    #[must_use]
    pub fn waits_for_a_moment(self) -> bool {
        self.row().comes == Later
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_with_one_word_stand_beside_each_other() {
        for word in EffectKind::ALL.iter().map(|kind| kind.word()) {
            let places: Vec<usize> = EffectKind::ALL
                .iter()
                .enumerate()
                .filter(|(_, kind)| kind.word() == word)
                .map(|(at, _)| at)
                .collect();
            let span = places[places.len() - 1] - places[0] + 1;
            assert_eq!(span, places.len(), "{word}");
        }
    }
}
