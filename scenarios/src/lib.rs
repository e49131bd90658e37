//! The scenario language: how a bug of a CI dispatcher is written down, and how it becomes a plan that a world can run.
//!
//! # Layout
//!
//! `text → yaml (a tree with places) → written (what a person wrote) → expand (draws, names, checks) → plan`
//!
//! * [`Document`] reads a file; [`Document::plan`] expands it for a seed.
//! * [`Plan`] is what a world is driven by. Written as JSON it is a file of the same language.
//! * [`recording`] holds recorded deliveries and their import.
//! * [`corpus`] lists the scenarios that come with the program, [`fragments`] what a scenario can `use`.
//! * [`known`] is the list of the reference dispatcher's known faults.
//! * [`live`] reads single verbs and faults for a world that runs already.
//! * [`Keyed`] is the one generator, for planning and for run time.
//!
//! Pure: no clock, no async, no randomness but [`Keyed`]; files are read only where a scenario names a recording.

mod corpus;
mod document;
mod error;
mod expand;
mod fragments;
mod keyed;
pub mod known;
pub mod live;
pub mod plan;
pub mod recording;
mod schema;
mod slips;
mod words;
mod written;
mod yaml;

use std::collections::BTreeMap;

pub use self::{
    corpus::{Entry, corpus},
    document::Document,
    error::{Place, ScenarioError},
    fragments::{Fragment, fragments},
    keyed::Keyed,
    plan::Plan,
    schema::json_schema,
    words::{FLAVORS, closest},
};
pub use vocabulary::{
    CALLS, Fixed, Length, PLACES, PROPERTIES, Shift, Skew, duration_text, parse_duration,
};

/// What is chosen when a scenario is planned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Keys every draw.
    pub seed: u64,
    /// Whether parameters are drawn from their `vary` ranges; else they take their defaults.
    pub vary: bool,
    /// Values for parameters, as they would be written in the file. They win over draws.
    pub set: BTreeMap<String, String>,
}
