//! The history: the append-only log of everything observable from outside a dispatcher.
//!
//! Properties read nothing else, so a dispatcher in any language is judged alike. An [`Event`] has a
//! stable id, a time, its cause where the world knows it, and names every entity it concerns. It never
//! holds a secret: credentials appear as [`CredentialUse`], never as their text.

mod entity;
mod redaction;
mod what;
mod words;

use std::sync::{Arc, Mutex, MutexGuard};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use entity::Entity;
pub use what::What;
pub use words::{
    CallAbout, Caller, Closed, Conclusion, CredentialKind, CredentialState, CredentialUse, HeldBy,
    Lost, Origin, Removal, Signed, Stage, StageCause,
};

use crate::{env::Clock, ids::EventId};

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its place in the history, from 1.
    pub id: EventId,
    /// Milliseconds since the world began.
    pub at_ms: u64,
    /// The event that made this one happen, where the world knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<EventId>,
    /// What happened.
    pub event: What,
}

/// The recorder every part of a world appends to. Clones share one log.
#[derive(Clone, Debug)]
pub struct History {
    clock: Clock,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    events: Vec<Event>,
    watchers: Vec<mpsc::UnboundedSender<EventId>>,
    secrets: redaction::Secrets,
}

impl History {
    /// An empty history on this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            log: Arc::default(),
        }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A poisoned log is still a log: what was recorded is never lost.
        self.log
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Appends an event that happens now, and gives its id.
    pub fn record(&self, because: Option<EventId>, event: What) -> EventId {
        let at_ms = self.clock.elapsed_ms();
        let mut log = self.log();
        let id = EventId(log.events.len() as u64 + 1);
        log.events.push(Event {
            id,
            at_ms,
            because,
            event,
        });
        log.watchers.retain(|watcher| watcher.send(id).is_ok());
        id
    }

    /// Nothing that is shown of anybody's text will hold this.
    pub(crate) fn keep_secret(&self, secret: &str) {
        self.log().secrets.keep(secret);
    }

    /// What may be recorded of somebody's text: its beginning, without secrets.
    pub(crate) fn shown(&self, text: &str) -> Option<String> {
        self.log().secrets.shown(text)
    }

    /// The ids of all events from now on, as they are recorded.
    #[must_use]
    pub fn watch(&self) -> mpsc::UnboundedReceiver<EventId> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.log().watchers.push(sender);
        receiver
    }

    /// The event with this id, if it has been recorded.
    #[must_use]
    pub fn get(&self, id: EventId) -> Option<Event> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        self.log().events.get(index).cloned()
    }

    /// Reads events in their order, for as long as `read` says true. It must not record anything itself.
    pub(crate) fn read_while(&self, read: impl FnMut(&Event) -> bool) {
        let mut read = read;
        let log = self.log();
        for event in &log.events {
            if !read(event) {
                return;
            }
        }
    }

    /// Reads the events behind this one (all of them for 0), and gives the last there is. `read` must not
    /// record anything itself.
    pub fn read_after(&self, known: EventId, read: impl FnMut(&Event)) -> EventId {
        let log = self.log();
        let from = usize::try_from(known.0).unwrap_or(usize::MAX);
        log.events.iter().skip(from).for_each(read);
        EventId(log.events.len() as u64)
    }

    /// A copy of everything recorded so far.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Event> {
        self.log().events.clone()
    }

    /// Takes everything recorded, leaving the log empty. For the end of a world.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.log().events)
    }
}

/// One line of `history.jsonl`: the event and the entities it concerns.
#[derive(Serialize)]
struct Line<'a> {
    id: EventId,
    at_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<EventId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    about: Vec<Entity>,
    event: &'a What,
}

/// The history as JSON Lines, one event a line, in order: the content of `history.jsonl`.
///
/// # Errors
/// Never in practice; the serializer's error is passed on.
pub fn to_json_lines(events: &[Event]) -> Result<String, serde_json::Error> {
    let mut text = String::with_capacity(events.len() * 160);
    for event in events {
        let line = Line {
            id: event.id,
            at_ms: event.at_ms,
            because: event.because,
            about: event.event.entities(),
            event: &event.event,
        };
        text.push_str(&serde_json::to_string(&line)?);
        text.push('\n');
    }
    Ok(text)
}
