//! [`Tamper`]: how a webhook's body is changed after it was signed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to a body after it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tamper {
    /// One bit is flipped.
    FlipBit,
    /// Another, well-formed body takes its place.
    OtherBody,
    /// The keys of its objects are sorted, which leaves the JSON's meaning as it was.
    SortedKeys,
    /// Spaces are added that leave the JSON's meaning as it was.
    Spaced,
}
