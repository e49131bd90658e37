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
use tokio::sync::{Notify, mpsc};

pub use entity::Entity;
pub use what::What;
pub use words::{
    CallAbout, Caller, Closed, Conclusion, CredentialKind, CredentialState, CredentialUse, HeldBy,
    Lost, Origin, Removal, Signed, Stage, StageCause,
};

use crate::{
    budget::{Budget, Meter, Spent, Used},
    env::Clock,
    ids::EventId,
};

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
    /// Told when the budget is spent.
    exhausted: Arc<Notify>,
}

/// Room for the events of a usual world: they are large, and grown room is room that all are copied to.
const EVENTS: usize = 1024;

#[derive(Debug, Default)]
struct Log {
    events: Vec<Event>,
    watchers: Vec<mpsc::UnboundedSender<EventId>>,
    secrets: redaction::Secrets,
    meter: Meter,
}

impl History {
    /// An empty history on this clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let log = Log {
            events: Vec::with_capacity(EVENTS),
            ..Log::default()
        };
        Self {
            clock,
            log: Arc::new(Mutex::new(log)),
            exhausted: Arc::default(),
        }
    }

    /// The clock it is written by.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A poisoned log is still a log: what was recorded is never lost.
        self.log
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Appends an event that happens now, and gives its id. Once the budget is spent the history is over: only its
    /// world's end is still told, and of everything else the id is that of the last event.
    pub fn record(&self, because: Option<EventId>, event: What) -> EventId {
        let at_ms = self.clock.elapsed_ms();
        let mut log = self.log();
        let tells_the_end = matches!(event, What::FaultCounted { .. } | What::WorldEnded { .. });
        if log.meter.spent().is_some() && !tells_the_end {
            return EventId(log.events.len() as u64);
        }
        if log.meter.enter(at_ms, &event) {
            self.exhausted.notify_waiters();
        }
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

    /// From now on the history is over when it has come to this.
    pub fn limit(&self, budget: Budget) {
        self.log().meter.set(budget);
    }

    /// What it may come to.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.log().meter.budget()
    }

    /// What it has come to.
    #[must_use]
    pub fn used(&self) -> Used {
        self.log().meter.used()
    }

    /// Which part of the budget is spent, if one is.
    #[must_use]
    pub fn spent(&self) -> Option<Spent> {
        self.log().meter.spent().cloned()
    }

    /// Waits until the budget is spent.
    pub async fn exhausted(&self) -> Spent {
        loop {
            // Registered before the look, so that what comes in between is not missed.
            let told = self.exhausted.notified();
            if let Some(spent) = self.spent() {
                return spent;
            }
            told.await;
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.log().meter.spent().is_some()
    }

    /// Somebody's text, so many bytes, is kept beside the events.
    pub(crate) fn keep(&self, bytes: usize) {
        let at_ms = self.clock.elapsed_ms();
        if self.log().meter.keep(at_ms, bytes as u64) {
            self.exhausted.notify_waiters();
        }
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log().events.len()
    }

    /// True if there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
