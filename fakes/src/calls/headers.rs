//! The headers of an answer, written one after the other: each answer has ten of them.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::json_text::push_number;

/// Room for the headers of either side, and some of a handler's own.
const HEADERS: usize = 14;

/// Headers that are being written.
pub(crate) struct Headers {
    map: HeaderMap,
    text: String,
}

impl Headers {
    pub(super) fn new() -> Self {
        Self {
            map: HeaderMap::with_capacity(HEADERS),
            text: String::with_capacity(64),
        }
    }

    /// Sets a header to what `write` writes. One that no header can be is left out.
    pub(crate) fn set(&mut self, name: HeaderName, write: impl FnOnce(&mut String)) {
        self.text.clear();
        write(&mut self.text);
        if let Ok(value) = HeaderValue::from_str(&self.text) {
            self.map.insert(name, value);
        }
    }

    /// Sets a header to a text that is always the same.
    pub(crate) fn set_static(&mut self, name: HeaderName, value: &'static str) {
        self.map.insert(name, HeaderValue::from_static(value));
    }

    /// Sets a header to a number.
    pub(crate) fn set_number(&mut self, name: HeaderName, number: u64) {
        self.set(name, |text| push_number(text, number));
    }

    pub(super) fn finish(self) -> HeaderMap {
        self.map
    }
}
