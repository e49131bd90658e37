//! Recorded webhook deliveries: the file format, and the import of what other tools wrote.
//!
//! A recording is JSON Lines, one delivery a line: `{"offset": "1.5s", "headers": {…}, "payload": {…}}`. The payload
//! keeps its exact bytes (a payload that holds line breaks is written as a JSON string). An attempt that failed then says
//! so, `"failed": {"status": "timed out", "status_code": 504}`, one that GitHub sent again `"redelivery": true`, and one that
//! came long after what it tells of `"late": "2h"`.
//! [`import`] reads that and many other layouts, [`Import::merged`] joins files, [`redact()`] takes out what is private,
//! [`Account`] tells what happened, and [`Import::to_scenario`] makes a scenario of it all.

mod account;
pub(crate) mod form;
mod import;
mod late;
mod layout;
mod learned;
mod life;
mod listed;
mod merge;
mod offsets;
mod redact;
mod store;
mod values;
mod write;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

pub use self::{
    account::{Account, Attempt, Finding, FindingKind, JobAccount},
    import::{import, import_bytes, is_event},
    redact::{Redacted, redact},
    write::ImportedScenario,
};
pub(crate) use self::{
    late::known_before,
    learned::{LearnedNames, body_json, learnable, oddly_kinded, told},
    store::Recordings,
};
use self::{layout::Listed, life::Moment, offsets::Clue};
pub use crate::{error::Place, plan::Failed};

/// A recorded delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it was delivered, counted from the start of the recording.
    pub offset: Duration,
    /// When it happened that it is about, where its payload tells.
    pub happened: Option<Timestamp>,
    /// The event's name (`X-GitHub-Event`).
    pub event: String,
    /// The GUID (`X-GitHub-Delivery`).
    pub guid: Option<String>,
    /// The other headers, their names in lower case. Signatures are left out: they are made anew.
    pub headers: BTreeMap<String, String>,
    /// The exact payload. If the headers announce a form, it was sent within one.
    pub payload: String,
    /// How it failed then, if it did.
    pub failed: Option<Failed>,
    /// Whether GitHub had sent it before.
    pub redelivery: bool,
    /// How long before it was sent GitHub knew what it tells, where the file says so.
    pub late: Option<Duration>,
    /// Where it stands in the file.
    pub place: Place,
    /// What tells when it was sent.
    clue: Clue,
    moment: Option<Moment>,
    /// GitHub's number of this attempt.
    id: Option<u64>,
}

impl Delivery {
    /// When it was sent, where the file tells that.
    #[must_use]
    pub const fn sent(&self) -> Option<Timestamp> {
        match self.clue {
            Clue::Sent(time) => Some(time),
            Clue::After(_) | Clue::Happened(_) | Clue::Nothing => None,
        }
    }

    const fn is_offset_written(&self) -> bool {
        matches!(self.clue, Clue::After(_))
    }
}

/// Something odd that an import put up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub place: Place,
    /// What, and what was made of it.
    pub text: String,
    /// What it is about.
    pub matter: Matter,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// What stands in the file.
    Content,
    /// What was assumed about times. It is settled anew when files are joined.
    Time,
}

/// Something that is not a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Where.
    pub place: Place,
    /// Why it is not a delivery.
    pub reason: String,
    /// How to mend it.
    pub hint: String,
    /// The number of an attempt that another file may tell the payload of.
    listed: Option<u64>,
}

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The name of the file.
    pub name: String,
    /// The deliveries, in the order they stand in the file, or turned round if that is newest first.
    pub deliveries: Vec<Delivery>,
    /// What was odd but tolerated.
    pub notes: Vec<Note>,
    /// What is not a delivery.
    pub refused: Vec<Refusal>,
    /// Attempts that are listed without their payload.
    listed: Vec<Listed>,
}
