//! The words that the scenario language, the fakes and the properties share, each said once.
//!
//! A leaf: it imports nothing of the workspace, so that `scenarios` and `fakes` can both read it and still know nothing of
//! each other.
//!
//! * [`EffectKind`] is the table *effect × place*: what a fault can do, where, and how it counts.
//! * [`Call`] is the table of calls: which read, list, stream, and what a fault of them can be narrowed by.
//! * [`PropertyName`] lists the properties.

mod call;
mod effect;
mod narrowing;
mod omit;
mod place;
mod property;
mod runner_point;
mod tamper;

pub use self::{
    call::{About, CALLS, Call, Is},
    effect::EffectKind,
    narrowing::Narrowing,
    omit::Omit,
    place::{Asked, PLACES, all_places, effects_at},
    property::{PROPERTIES, PropertyName},
    runner_point::RunnerPoint,
    tamper::Tamper,
};
