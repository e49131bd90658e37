//! A property that a scenario does not want judged: why not, where that is written down, and until when.

use jiff::civil::Date;
use serde::Serialize;

/// A property that a scenario does not want judged. All of it must be said: what is looked away from without a reason
/// or an end is looked away from for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// The property.
    pub property: String,
    /// Why it is not judged.
    pub reason: String,
    /// Where that is written down.
    pub link: String,
    /// The last day on which the waiver is good.
    pub expires: Date,
    /// The line of the file it was read from; not part of the plan itself.
    #[serde(skip)]
    pub line: usize,
}
