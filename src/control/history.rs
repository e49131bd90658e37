//! The history, as far as it has come, or as it goes on.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use fakes::{History, history::to_json_lines, ids::EventId};
use futures_util::stream;
use schemars::{Schema, SchemaGenerator, json_schema};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Query, Reply},
    problem::Problem,
};

pub(super) const OPERATIONS: &[Operation] = &[Operation::new(
    Method::Get,
    "/_lab/history",
    "history",
    "What happened, one event a line, as `history.jsonl` has it.",
    Media::Lines(line_schema),
    history,
)
.asks(&[
    Query {
        name: "after",
        kind: "integer",
        about: "Only events with a larger id.",
    },
    Query {
        name: "follow",
        kind: "boolean",
        about: "Go on with what happens from then on, until the connection is closed.",
    },
])];

/// One line of the history.
fn line_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["id", "at_ms", "event"],
        "properties": {
            "id": { "type": "integer", "description": "Its place in the history, from 1." },
            "at_ms": { "type": "integer", "description": "Milliseconds since the world began." },
            "because": { "type": "integer", "description": "The event that made this one happen." },
            "about": { "type": "array", "items": { "type": "string" }, "description": "The entities it concerns." },
            "event": {
                "type": "object",
                "required": ["kind"],
                "properties": { "kind": { "type": "string", "description": "What happened, as `area.what`." } },
            },
        },
    })
}

fn history(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let after: u64 = ask.query("after")?.unwrap_or(0);
    let follow: bool = ask.query("follow")?.unwrap_or(false);
    let history = control.world().history();
    if !follow {
        let mut events = history.snapshot();
        events.retain(|event| event.id.0 > after);
        return Ok(Reply::lines(Body::from(lines(&events))));
    }
    let from = Reader {
        history: history.clone(),
        // Watched before it is read, so that no event falls in between.
        watch: history.watch(),
        next: after + 1,
    };
    let lines = stream::unfold(from, |mut reader| async move {
        let line = reader.line().await?;
        Some((Ok::<_, Infallible>(Bytes::from(line)), reader))
    });
    Ok(Reply::lines(Body::from_stream(lines)))
}

fn lines(events: &[fakes::history::Event]) -> String {
    // Events are made of strings and numbers, which always are JSON.
    to_json_lines(events).unwrap_or_default()
}

/// Reads a history that goes on.
struct Reader {
    history: History,
    watch: UnboundedReceiver<EventId>,
    next: u64,
}

impl Reader {
    /// The next line, once there is one.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.history.get(EventId(self.next)) {
                self.next += 1;
                return Some(lines(&[event]));
            }
            self.watch.recv().await?;
        }
    }
}
