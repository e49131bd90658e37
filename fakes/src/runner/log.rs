//! What a runner prints.

use std::{fmt, sync::Arc};

use jiff::{Timestamp, fmt::strtime};

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
        // The format is fixed and a timestamp has all it asks for.
        let time = strtime::format("%Y-%m-%d %H:%M:%SZ", now).unwrap_or_default();
        self.line(&format!("{time}: {text}"));
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}
