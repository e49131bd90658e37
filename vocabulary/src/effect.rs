//! What a fault can do: the one table of effects. A row says how an effect is written, what belongs to it, and when it comes.
//!
//! The language reads a fault's keys from it, plans and rules hold its [`Effect`], and whoever asks for rules at some moment gets
//! the effects of that moment as an enum (`OnCall`, `OnRunner`, …): a new row fails to build exactly where it is to be done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::{
    answer::{AfterEffect, Answer as AnswerGiven},
    effect_table::{self, On},
    failing::{FailedStage, Failing},
    moment::{Hang, Moment, Outage},
    omit::Omit,
    place::Asked::{
        self, Answer, Call, Delivery, Exchange, Hardware, Listing, Paged, Past, Runner, Schedule,
        Store, Stream, Values,
    },
    pretended::Pretended,
    schema::schema_is_that_of,
    tamper::Tamper as How,
    time::{Fixed, Length, Shift},
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

const SECOND: Length = Length::millis(1_000, 1_000);

/// Some answer has one of these, whatever it is an answer to.
const SAID: [&str; 10] = [
    "message",
    "error",
    "action",
    "id",
    "name",
    "count",
    "login",
    "resources",
    "harnesses",
    "usage",
];

// Each row: what the schema says of the key; the key and what is read from it; the kind with what belongs to it and an
// example; the moments at which it comes; whether it ends the matter; whether it comes at once. A second kind of the same key
// follows behind `|`, with the words that tell it from the first.
effect_table::effects! {
    ($)
    /// A delivery never arrives.
    drop: Option<DropMode> => Drop(DropMode = DropMode::Logged), [Delivery], Ends, AtOnce;
    /// It comes later by this much.
    delay: Option<Length> => Delay(Length = SECOND), [Delivery, Call, Schedule, Store], GoesOn, AtOnce;
    /// A delivery comes again.
    duplicate: Option<After> => Duplicate(After = After { after: SECOND }), [Delivery], GoesOn, AtOnce;
    /// Deliveries overtake each other (`within`), or a listing's order changes between two pages (`list`).
    reorder: Option<Reorder> =>
        ReorderWithin(Within = Within { within: SECOND }), "reorder: { within: … }", [Delivery], GoesOn, AtOnce
        | ReorderList(Listed = Listed), "reorder: { list: true }", [Paged], GoesOn, AtOnce;
    /// This answer instead of the real one; the call has no effect.
    answer: Option<AnswerGiven> => Answer(AnswerGiven = AnswerGiven::of(599, "{}")), [Delivery, Call], Ends, AtOnce;
    /// No effect, and never an answer.
    #[serde(default)]
    no_answer: bool => NoAnswer, [Exchange, Call], Ends, AtOnce;
    /// No effect, and the connection is reset.
    #[serde(default)]
    reset: bool => Reset, [Exchange, Call], Ends, AtOnce;
    /// The call takes effect; then its answer is lost (`reset`, `no_answer`) or replaced.
    after_effect: Option<AfterEffect> => AfterEffect(AfterEffect = AfterEffect::Answer(AnswerGiven::of(599, "{}"))), [Exchange, Call], Ends, AtOnce;
    /// False values by path (`busy: false`, `workflow_job.id: 0`, `runners.*.status: offline`), in a delivery before it
    /// is signed or in the honest answer to a call. One key means every item of a listing that has it.
    pretend: Option<Pretended> => Pretend(Pretended = SAID.map(|key| (key, "pretended".into())).into()), [Delivery, Values], GoesOn, AtOnce;
    /// Items are missing from a listing.
    omit: Option<Omit> => Omit(Omit = Omit::All), [Listing], GoesOn, AtOnce;
    /// The call takes effect; its honest answer breaks off half way.
    #[serde(default)]
    truncate: bool => Truncate, [Answer], GoesOn, AtOnce;
    /// The call is answered as it would have been so long ago.
    stale: Option<Length> => Stale(Length = SECOND), [Past], GoesOn, AtOnce;
    /// The answer is a stream, and nothing more comes after so long; its connection stays open.
    stall: Option<After> => Stall(After = After { after: SECOND }), [Stream], GoesOn, AtOnce;
    /// The answer is a stream, and it ends after so long as if all had been said.
    end_early: Option<After> => EndEarly(After = After { after: SECOND }), [Stream], GoesOn, AtOnce;
    /// The delivery is changed after it was signed.
    tamper: Option<How> => Tamper(How = How::FlipBit), [Delivery], GoesOn, AtOnce;
    /// Deliveries are held back until the fault ends, and then all come at once. HF jobs get no hardware until then.
    #[serde(default)]
    hold: bool => Hold, [Delivery, Hardware], GoesOn, AtOnce;
    /// HF jobs stay in SCHEDULING for ever, while their logs say that they started.
    stuck: Option<Stuck> => Stuck(Stuck = Stuck { every: Fixed::secs(60) }), [Schedule], Ends, AtOnce;
    /// HF jobs are RUNNING, and their containers never start.
    #[serde(default)]
    limbo: bool => Limbo, [Schedule], GoesOn, AtOnce;
    /// The platform ends HF jobs that it had accepted.
    fail: Option<Failing> => Fail(Failing = Failing { after: SECOND, stage: FailedStage::Error, message: None, cancel_reason: None }), [Schedule], GoesOn, AtOnce;
    /// The dispatcher's disk has no room: what it writes fails.
    #[serde(default)]
    full: bool => Full, [Store], Ends, AtOnce;
    /// The dispatcher's disk fails: nothing can be written or read.
    #[serde(default)]
    broken: bool => Broken, [Store], Ends, AtOnce;
    /// The runner's process never exits after its job (`true`), or stops for ever at some moment.
    hang: Option<Hang> =>
        Hang, [Runner], Ends, AtOnce
        | Freeze(Moment = Moment::default()), [Runner], Ends, Later;
    /// The runner's process dies, so long after a moment of its life.
    die: Option<Moment> => Die(Moment = Moment::default()), [Runner], Ends, Later;
    /// The runner's process dies, and its container starts from the beginning.
    restart: Option<Moment> => Restart(Moment = Moment::default()), [Runner], Ends, Later;
    /// Nothing reaches the runner for a while, and none of its calls is answered.
    lose_network: Option<Outage> => LoseNetwork(Outage = Outage { at: Moment::default().at, after: Length::default(), lasts: SECOND }), [Runner], GoesOn, Later;
    /// The clock of the runner's container is ahead by this much, or behind if it is negative. GitHub refuses one that
    /// is off by more than five minutes.
    wrong_clock: Option<Shift> => WrongClock(Shift = Shift::fixed(600_000)), [Runner], GoesOn, AtOnce;
}

/// How a delivery gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DropMode {
    /// GitHub's delivery log shows a failure.
    Logged,
    /// It was never sent, and the log does not know it.
    Unlogged,
}

/// Something happens so much later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// How much later.
    pub after: Length,
}

/// Deliveries overtake each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Within {
    /// Each delivery is late by a time drawn from zero to this.
    pub within: Length,
}

/// The order of a listing changes between two of its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed;

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("list", &true)?;
        map.end()
    }
}

/// What is ordered otherwise, as it is written.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "WrittenReorder")]
pub enum Reorder {
    /// Deliveries.
    Within(Within),
    /// A listing, between two of its pages.
    List,
}

/// What is ordered otherwise: deliveries (`within`) or a listing (`list`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reorder")]
struct WrittenReorder {
    /// Each delivery is late by a time drawn from zero to this.
    within: Option<Length>,
    /// Between two pages of a listing one item comes to the front: it is seen twice, and another never.
    #[serde(default)]
    list: bool,
}

schema_is_that_of!(WrittenReorder, Reorder);

impl TryFrom<WrittenReorder> for Reorder {
    type Error = &'static str;

    fn try_from(written: WrittenReorder) -> Result<Self, &'static str> {
        match (written.within, written.list) {
            (Some(within), false) => Ok(Self::Within(Within { within })),
            (None, true) => Ok(Self::List),
            (Some(_), true) | (None, false) => Err(
                "`reorder` takes one of two keys\nwrite `reorder: { within: 10m }` for deliveries, `reorder: { list: true }` for a listing",
            ),
        }
    }
}

/// An HF job is stuck in SCHEDULING.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenStuck")]
pub struct Stuck {
    /// From one "Job started" in its log to the next.
    pub every: Fixed,
}

/// An HF job is stuck in SCHEDULING.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Stuck")]
struct WrittenStuck {
    /// From one "Job started" in its log to the next.
    every: Fixed,
}

schema_is_that_of!(WrittenStuck, Stuck);

impl TryFrom<WrittenStuck> for Stuck {
    type Error = &'static str;

    fn try_from(WrittenStuck { every }: WrittenStuck) -> Result<Self, &'static str> {
        if every.0.is_zero() {
            return Err(
                "`stuck` writes to the log all the time, so that no time ever passes\nwrite how long it waits in between: `stuck: { every: 11m }`",
            );
        }
        Ok(Self { every })
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        self.write(&mut map)?;
        map.end()
    }
}

impl Effect {
    /// The key it is written with, and its name in the history.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.kind().key()
    }

    /// Why no job can narrow it where it strikes a runner, if that is so.
    #[must_use]
    pub fn before_any_job(&self) -> Option<&'static str> {
        let at = match OnRunner::of(self)? {
            OnRunner::Freeze(moment) | OnRunner::Die(moment) | OnRunner::Restart(moment) => {
                moment.at
            }
            OnRunner::LoseNetwork(outage) => outage.at,
            OnRunner::WrongClock(_) => return Some("a container has its clock from its boot on"),
            // After its job: then it has had one.
            OnRunner::Hang => return None,
        };
        at.before_any_job()
    }
}

impl EffectKind {
    /// The key it is written with, and its name in the history.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.row().key
    }

    /// The first kind that is written with this key. What kinds of one key do counts alike.
    #[must_use]
    pub fn keyed(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.key() == key)
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
    fn kinds_with_one_key_stand_beside_each_other() {
        for key in EffectKind::ALL.iter().map(|kind| kind.key()) {
            let places: Vec<usize> = EffectKind::ALL
                .iter()
                .enumerate()
                .filter(|(_, kind)| kind.key() == key)
                .map(|(at, _)| at)
                .collect();
            let span = places[places.len() - 1] - places[0] + 1;
            assert_eq!(span, places.len(), "{key}");
        }
    }

    #[test]
    fn every_effect_is_asked_for_at_each_of_its_moments_by_somebody() {
        for kind in EffectKind::ALL {
            let asked = [
                (OnDelivery::comes(*kind), [Delivery, Exchange].as_slice()),
                (OnCall::comes(*kind), &[Call, Past]),
                (
                    OnAnswer::comes(*kind),
                    &[Answer, Values, Listing, Paged, Stream],
                ),
                (OnSchedule::comes(*kind), &[Schedule]),
                (OnHardware::comes(*kind), &[Hardware]),
                (OnRunner::comes(*kind), &[Runner]),
                (OnStore::comes(*kind), &[Store]),
            ];
            for (is_asked, moments) in asked {
                let comes = moments.iter().any(|moment| kind.comes(*moment));
                assert_eq!(is_asked, comes, "{kind:?} {moments:?}");
            }
            assert_eq!(kind.example().kind(), *kind);
        }
    }
}
