//! The words that the scenario language, the plans, the fakes' rules and the properties share, each said once.
//!
//! A leaf: it imports nothing of the workspace, so that `scenarios` and `fakes` can both read it and still know nothing of
//! each other.
//!
//! * [`Effect`] is what a fault does, and its [`EffectKind`] the table *effect × place*: where, when, and how it counts. [`Only`]
//!   is what a fault is narrowed to.
//! * [`Call`] is the table of calls: which read, list, stream, what they show, and what a fault of them can be narrowed by.
//! * [`PropertyName`] lists the properties.
//! * [`Length`] and its neighbours are times as they are written; [`TextOrParts`] and [`OneOrMany`] are values in two forms.

// The tables are read row by row.
#![recursion_limit = "256"]

mod answer;
mod call;
mod chance;
mod effect;
mod effect_table;
mod failing;
mod forms;
mod json_path;
mod moment;
mod narrowing;
mod omit;
mod only;
mod place;
mod pretended;
mod property;
mod runner_point;
mod schema;
mod tamper;
mod text;
mod time;

pub use self::{
    answer::{AfterEffect, Answer},
    call::{About, CALLS, Call, Is, Shows},
    chance::Chance,
    effect::{
        After, DropMode, Effect, EffectKind, Listed, OnAnswer, OnCall, OnDelivery, OnHardware,
        OnRunner, OnSchedule, OnStore, Reorder, Stuck, Within, reads,
    },
    effect_table::{Given, On},
    failing::{CancelReason, FailedStage, Failing},
    forms::{OneOrMany, TextOrParts, one_or_many, text_or_parts},
    json_path::{JsonPath, Segment},
    moment::{Hang, Moment, Outage},
    narrowing::Narrowing,
    omit::Omit,
    only::{Only, Which},
    place::{Asked, PLACES, all_places, effects_at},
    pretended::Pretended,
    property::{PROPERTIES, PropertyName},
    runner_point::RunnerPoint,
    tamper::Tamper,
    text::{Json, Value, Verbatim, verbatim, verbatim_values},
    time::{Fixed, Length, Shift, Skew, duration_text, parse_duration},
};
