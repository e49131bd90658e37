//! The layouts that deliveries are captured in: which one a value has, and the deliveries in it.
//!
//! Each reader knows the envelopes of one origin. What lies in an envelope is read again, since captures are often put
//! into one another: a request in an API Gateway event in the body of an SQS message.

mod aws;
mod body;
mod foreign;
mod github;
mod har;
mod headers;
mod payload;
mod request;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, value::RawValue};

use self::request::Told;
pub(super) use self::{foreign::of_file, github::without_payload, payload::KNOWN_EVENTS};
use super::{Failed, Matter, Note, Place, Refusal, life::Moment, offsets::Clue, values::Lines};

/// What is understood, for a reader whose file is not.
pub(super) const KNOWN: &str = "known layouts: payloads; `headers` with `payload` or `body`; GitHub's deliveries (`GET /app/hook/deliveries/ID`), with or without their list; HAR; smee messages; events of API Gateway, EventBridge, SQS and SNS; a recording of this program; each alone, in a list or as JSON Lines";

/// How deep envelopes may lie in one another.
const DEPTH_MAX: usize = 8;

/// A delivery, before its time is settled.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) event: String,
    pub(super) guid: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) payload: String,
    pub(super) place: Place,
    pub(super) clue: Clue,
    pub(super) happened: Option<Timestamp>,
    pub(super) moment: Option<Moment>,
    pub(super) failed: Option<Failed>,
    pub(super) redelivery: bool,
    pub(super) late: Option<Duration>,
    /// GitHub's number of this attempt.
    pub(super) id: Option<u64>,
    pub(super) oddities: Vec<String>,
}

/// An entry of GitHub's list of deliveries, which tells all but the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) place: Place,
    pub(super) id: u64,
    pub(super) guid: String,
    pub(super) clue: Clue,
    pub(super) failed: Option<Failed>,
    pub(super) redelivery: bool,
}

/// Why a value is not a delivery, and how to mend it.
#[derive(Debug)]
pub(super) struct NotADelivery {
    pub(super) reason: String,
    pub(super) hint: String,
}

impl NotADelivery {
    fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            hint: hint.into(),
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) found: Vec<Found>,
    pub(super) listed: Vec<Listed>,
    pub(super) refused: Vec<Refusal>,
    pub(super) notes: Vec<Note>,
}

/// What surrounds a value: its file, and what the envelopes around it tell.
#[derive(Clone)]
pub(super) struct Around<'a> {
    pub(super) lines: &'a Lines<'a>,
    /// The event, if something outside the value tells it, such as the folder.
    pub(super) event: Option<String>,
    /// The place of the envelope, if the value was unpacked and stands nowhere in the file itself.
    place: Option<Place>,
    /// When the envelope was sent.
    clue: Option<Clue>,
    /// Headers that the envelope tells.
    headers: BTreeMap<String, String>,
    depth: usize,
}

/// The keys of an object with their values as they stand in the text.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

impl<'a> Around<'a> {
    pub(super) fn of_file(lines: &'a Lines<'a>, event: Option<&str>) -> Self {
        Self {
            lines,
            event: event.map(str::to_owned),
            place: None,
            clue: None,
            headers: BTreeMap::new(),
            depth: 0,
        }
    }

    /// The place of a part of the text that is being read.
    fn place_of(&self, part: &str) -> Place {
        self.place.unwrap_or_else(|| self.lines.place_of(part))
    }

    /// What surrounds a value that was unpacked from this part.
    fn unpacked(&self, part: &str) -> Self {
        Self {
            place: Some(self.place_of(part)),
            depth: self.depth + 1,
            ..self.clone()
        }
    }

    fn sent(mut self, clue: Option<Clue>) -> Self {
        self.clue = clue.or(self.clue);
        self
    }
}

impl Findings {
    /// Reads a value: whatever deliveries it holds, whatever is wrong with it.
    pub(super) fn read(&mut self, value: &RawValue, around: &Around<'_>) {
        if let Err(error) = self.try_to_read(value, around) {
            self.refuse(around.place_of(value.get()), error);
        }
    }

    fn note(&mut self, place: Place, text: String) {
        self.notes.push(Note {
            place,
            text,
            matter: Matter::Content,
        });
    }

    fn refuse(&mut self, place: Place, error: NotADelivery) {
        self.refused.push(Refusal {
            place,
            reason: error.reason,
            hint: error.hint,
            listed: None,
        });
    }

    fn try_to_read(&mut self, value: &RawValue, around: &Around<'_>) -> Result<(), NotADelivery> {
        if around.depth > DEPTH_MAX {
            return Err(NotADelivery::new(
                format!("more than {DEPTH_MAX} envelopes lie in one another"),
                "export the deliveries themselves",
            ));
        }
        let text = value.get();
        // Pages of a listing, put into one list.
        if let Some(items) = items(value) {
            let around = Around {
                depth: around.depth + 1,
                ..around.clone()
            };
            items.iter().for_each(|item| self.read(item, &around));
            return Ok(());
        }
        if !text.starts_with('{') {
            return Err(NotADelivery::new(
                format!("{} is not a delivery", kind_of(text)),
                "a delivery is an object: a payload, or `headers` with a `payload`",
            ));
        }
        let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| {
            NotADelivery::new(format!("cannot be read as a delivery: {error}"), KNOWN)
        })?;
        if self.group(&fields, around)
            || har::read(self, &fields, around)
            || aws::read(self, &fields, around)?
            || github::read(self, value, &fields, around)?
        {
            return Ok(());
        }
        if let Some(name) = foreign::of_value(&fields) {
            return Err(NotADelivery::new(
                format!("this looks like {name}, which is not read"),
                KNOWN,
            ));
        }
        if request::read(self, value, &fields, around)? {
            return Ok(());
        }
        let around = Around {
            place: Some(around.place_of(text)),
            ..around.clone()
        };
        request::finish(self, around.headers.clone(), text, Told::default(), &around)
    }

    /// Reads a text that was unpacked from `part`; an unpacked list holds several deliveries.
    fn read_text(
        &mut self,
        text: &str,
        part: &str,
        around: &Around<'_>,
    ) -> Result<(), NotADelivery> {
        let around = around.unpacked(part);
        let (text, form) = body::of_text(text)?;
        let value: &RawValue = serde_json::from_str(&text).map_err(|error| {
            NotADelivery::new(format!("what it holds is not JSON: {error}"), KNOWN)
        })?;
        if form {
            let value = body::as_form(value)?;
            return self.try_to_read(&value, &around);
        }
        self.try_to_read(value, &around)
    }

    /// A named group of payloads, as in the npm package of GitHub's examples.
    fn group(&mut self, fields: &Fields<'_>, around: &Around<'_>) -> bool {
        let (Some(payloads), Some(name)) = (
            fields.get("examples").and_then(|list| items(list)),
            text_in(fields, "name"),
        ) else {
            return false;
        };
        for payload in payloads {
            let around = Around {
                event: None,
                headers: BTreeMap::from([("x-github-event".to_owned(), name.clone())]),
                ..around.clone()
            };
            let fields = serde_json::from_str(payload.get()).unwrap_or_default();
            let place = around.place_of(payload.get());
            match payload::found(payload.get(), &around, &fields) {
                Ok(found) => self.found.push(Found { place, ..found }),
                Err(error) => self.refuse(place, error),
            }
        }
        true
    }
}

/// The items of a list.
fn items(value: &RawValue) -> Option<Vec<&RawValue>> {
    let list = value.get().starts_with('[');
    list.then(|| serde_json::from_str(value.get()).ok())?
}

/// The fields of an object within an object.
fn object_in<'a>(fields: &Fields<'a>, key: &str) -> Option<Fields<'a>> {
    let value = fields.get(key)?;
    let object = value.get().starts_with('{');
    object.then(|| serde_json::from_str(value.get()).ok())?
}

fn text_in(fields: &Fields<'_>, key: &str) -> Option<String> {
    fields.get(key).and_then(|value| text_of(value))
}

fn value_in(fields: &Fields<'_>, key: &str) -> Option<Value> {
    serde_json::from_str(fields.get(key)?.get()).ok()
}

fn text_of(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn kind_of(json: &str) -> &'static str {
    match json.bytes().next() {
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a truth value",
        _ => "a number",
    }
}
