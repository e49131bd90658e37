//! [`Omit`]: which items a lie leaves out of a listing.

use serde::{Serialize, Serializer, ser::SerializeMap};

/// Which items are missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Omit {
    /// All.
    All,
    /// A share, from 0 to 1, drawn per item: an item is missing from every struck answer or from none.
    Share(f64),
}

impl Serialize for Omit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Share(share) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("share", share)?;
                map.end()
            }
        }
    }
}
