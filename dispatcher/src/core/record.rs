//! What is kept under one key of the journal.

use std::{fmt, sync::Arc};

use serde::Serialize;

/// A record, as it was when it was handed out. It is written down when somebody wants its text: a journal in memory that nobody
/// reads needs none.
#[derive(Clone)]
pub struct Record(Arc<dyn Fn() -> String + Send + Sync>);

impl Record {
    pub(super) fn of<T: Serialize + Send + Sync + 'static>(value: T) -> Self {
        Self(Arc::new(move || to_text(&value)))
    }

    /// The text to keep.
    #[must_use]
    pub fn text(&self) -> String {
        (self.0)()
    }
}

impl From<String> for Record {
    fn from(text: String) -> Self {
        Self(Arc::new(move || text.clone()))
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Record {}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

fn to_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("records are plain structs with text keys")
}
