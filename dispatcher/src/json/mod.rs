//! Reads JSON of which little is wanted. GitHub's objects are kilobytes, most of them addresses that nobody here asks for: what no
//! field takes is stepped over in one go, though held to the grammar like everything else.
//!
//! It knows no case that `serde_json` knows otherwise. Where it is in doubt (text that is laid out over lines, numbers with
//! fractions, enums, anything wrong) it gives up, and `serde_json` reads the body anew and finds the words.

mod deserializing;
mod last;
mod reader;
mod seen;
#[cfg(test)]
mod tests;

use std::{fmt, str};

use serde::de::DeserializeOwned;

pub(crate) use self::last::Last;
use self::reader::Reader;

/// The name of a type that asks for the bytes of an object that comes again and again, to know it by them.
const REPEATED: &str = "$repeated";

/// Reads a body.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    if let Ok(value) = read_plain(body) {
        return Ok(value);
    }
    // That it is text is looked at once for all of it: for each string by itself that takes several times as long. What is not
    // even text is left to the reader, whose business the words for that are.
    match str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    }
}

/// Reads a body as it usually is.
fn read_plain<T: DeserializeOwned>(body: &[u8]) -> Result<T, GaveUp> {
    let (mut controls, mut beyond_ascii) = (0, 0);
    for byte in body {
        controls |= byte.wrapping_sub(0x20) & !byte;
        beyond_ascii |= byte;
    }
    // Without these no string can hold one, and the only space is the blank.
    let is_on_one_line = controls & 0x80 == 0;
    if !is_on_one_line || (beyond_ascii & 0x80 != 0 && str::from_utf8(body).is_err()) {
        return Err(GaveUp);
    }
    let mut reader = Reader::new(body);
    let value = T::deserialize(&mut reader)?;
    if reader.next().is_some() {
        return Err(GaveUp);
    }
    Ok(value)
}

/// It is something else, or not as simple as this.
#[derive(Debug)]
struct GaveUp;

impl fmt::Display for GaveUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not read")
    }
}

impl std::error::Error for GaveUp {}

impl serde::de::Error for GaveUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}
