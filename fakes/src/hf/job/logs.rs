//! What a job's containers wrote, and the stream that replays and follows it.
//!
//! Every reading of a log gives it from its beginning, event by event the same text and the same time:
//! clients that reconnect drop what they have seen by counting
//! (`huggingface_hub`, `hf_api.py`, `fetch_job_logs`).

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use jiff::{Timestamp, fmt::strtime};
use tokio::sync::Notify;

use crate::{
    env::Clock,
    history::History,
    json_text::{milliseconds, push_string, seconds},
};

/// A silent stream says so this often.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

struct Line {
    at: Timestamp,
    text: String,
    /// Written by the platform at a container's start; its time is in whole seconds.
    is_marker: bool,
}

impl Line {
    fn event(&self) -> String {
        let time = if self.is_marker {
            seconds(self.at)
        } else {
            milliseconds(self.at)
        };
        let mut out = String::from("data: {\"data\":");
        push_string(&mut out, &self.text);
        out.push_str(",\"timestamp\":\"");
        out.push_str(&time);
        out.push_str("\"}\n\n");
        out
    }
}

#[derive(Default)]
struct Written {
    lines: Vec<Line>,
    ended: bool,
}

/// The log of one job. Clones share it.
#[derive(Clone)]
pub(crate) struct JobLog {
    clock: Clock,
    /// What the lines count against.
    history: History,
    written: Arc<Mutex<Written>>,
    told: Arc<Notify>,
}

impl JobLog {
    pub(in crate::hf) fn new(clock: Clock, history: History) -> Self {
        Self {
            clock,
            history,
            written: Arc::default(),
            told: Arc::default(),
        }
    }

    #[cfg(test)]
    pub(in crate::hf) fn texts(&self) -> Vec<String> {
        let written = self.written();
        written.lines.iter().map(|line| line.text.clone()).collect()
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line of the container, without its line break.
    pub(crate) fn line(&self, text: &str) {
        self.write(text.to_owned(), false);
    }

    /// The platform's own first line of every container.
    pub(in crate::hf) fn started(&self) {
        let now = self.clock.now();
        // The format is fixed and a timestamp has all it asks for.
        let at = strtime::format("%Y-%m-%d %H:%M:%S", now).unwrap_or_default();
        self.write(format!("===== Job started at {at} ====="), true);
    }

    fn write(&self, text: String, is_marker: bool) {
        let at = self.clock.now();
        let line = Line {
            at,
            text,
            is_marker,
        };
        let mut written = self.written();
        if !written.ended {
            self.history.keep(size_of::<Line>() + line.text.len());
            written.lines.push(line);
            self.told.notify_waiters();
        }
    }

    /// Nothing more will be written: streams end once they have told everything.
    pub(in crate::hf) fn end(&self) {
        self.written().ended = true;
        self.told.notify_waiters();
    }

    /// The whole log as server-sent events, then what is added, until the end. With a tail only the first
    /// line and the last so many of those that are there already.
    pub(in crate::hf) fn follow(&self, tail: Option<usize>) -> BoxStream<'static, Bytes> {
        let (first, next) = self.beginning(tail);
        let rest = stream::unfold((self.clone(), next), |(log, from)| async move {
            let (piece, next) = log.after(from).await?;
            Some((piece, (log, next)))
        });
        stream::iter(first).chain(rest).boxed()
    }

    /// The events to begin with, and the number of the line to go on with.
    fn beginning(&self, tail: Option<usize>) -> (Option<Bytes>, usize) {
        let Some(tail) = tail else { return (None, 0) };
        let written = self.written();
        let total = written.lines.len();
        let skipped = 1..total.saturating_sub(tail);
        let events: String = written
            .lines
            .iter()
            .enumerate()
            .filter(|(number, _)| !skipped.contains(number))
            .map(|(_, line)| line.event())
            .collect();
        ((!events.is_empty()).then(|| events.into()), total)
    }

    /// What comes behind so many lines: more of them, or a sign of life. Nothing once the log has ended.
    async fn after(&self, from: usize) -> Option<(Bytes, usize)> {
        loop {
            // Made before the look, so that a line written in between is not missed.
            let told = self.told.notified();
            {
                let written = self.written();
                if let Some(line) = written.lines.get(from) {
                    return Some((line.event().into(), from + 1));
                }
                if written.ended {
                    return None;
                }
            }
            if tokio::time::timeout(KEEP_ALIVE, told).await.is_err() {
                return Some((Bytes::from_static(b": keep-alive\n\n"), from));
            }
        }
    }
}
