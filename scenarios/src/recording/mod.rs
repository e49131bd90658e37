//! Recorded webhook deliveries: the file format, and the import of what other tools wrote.
//!
//! A recording is JSON Lines, one delivery a line: `{"offset": "1.5s", "headers": {…}, "payload": {…}}`. The payload
//! keeps its exact bytes (a payload that holds line breaks is written as a JSON string). [`import`] reads that and
//! several other layouts, [`Import::merged`] joins files, and [`Import::to_scenario`] makes a scenario of it all.

mod import;
mod item;
mod learned;
mod merge;
mod offsets;
mod store;
mod values;
mod write;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

pub use self::{import::import, write::ImportedScenario};
pub(crate) use self::{
    learned::{LearnedNames, told},
    store::Recordings,
};
pub use crate::error::Place;

/// A recorded delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it was delivered, counted from the start of the recording.
    pub offset: Duration,
    /// The time it was sent or is about, where the file tells it.
    pub time: Option<Timestamp>,
    /// The event's name (`X-GitHub-Event`).
    pub event: String,
    /// The GUID (`X-GitHub-Delivery`).
    pub guid: Option<String>,
    /// The other headers, their names in lower case. Signatures are left out: they are made anew.
    pub headers: BTreeMap<String, String>,
    /// The exact body.
    pub payload: String,
    /// Where it stands in the file.
    pub place: Place,
}

/// Something odd that an import put up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What, and what was made of it.
    pub text: String,
}

/// Something that is not a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub place: Place,
    /// Why it is not a delivery.
    pub reason: String,
    /// How to mend it.
    pub hint: String,
}

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The name of the file.
    pub name: String,
    /// The deliveries, in the order they stand in the file.
    pub deliveries: Vec<Delivery>,
    /// What was odd but tolerated.
    pub notes: Vec<Note>,
    /// What is not a delivery.
    pub refused: Vec<Refusal>,
}
