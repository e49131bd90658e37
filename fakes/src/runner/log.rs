//! What a runner prints.

use std::{fmt, sync::Arc};

use jiff::{Timestamp, fmt::strtime};

use crate::json_text::push_date_and_time;

/// Takes one line.
type Write = Arc<dyn Fn(&str) + Send + Sync>;

/// Takes what a container prints, line by line. Clones write to the same place; by default that is nowhere.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<Write>);

impl Log {
    /// A log that hands each line to `write`.
    pub(crate) fn new(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(write)))
    }

    /// A line without its line break.
    pub(crate) fn line(&self, text: &str) {
        if let Some(write) = &self.0 {
            write(text);
        }
    }

    /// What the runner writes with a tick in front.
    pub(super) fn success(&self, text: &str) {
        self.line(&format!("√ {text}"));
    }

    /// What the runner writes with the time in front.
    pub(super) fn timed(&self, now: Timestamp, text: &str) {
        let mut line = String::with_capacity(22 + text.len());
        if !push_date_and_time(&mut line, now, b' ') {
            // The format is fixed and a timestamp has all it asks for.
            line.push_str(&strtime::format("%Y-%m-%d %H:%M:%S", now).unwrap_or_default());
        }
        line.push_str("Z: ");
        line.push_str(text);
        self.line(&line);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}
