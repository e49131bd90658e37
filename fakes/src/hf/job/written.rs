//! What is written once of a job's JSON, because it stays as it is and lists repeat it again and again.

use std::sync::Arc;

/// Members of its object, without the brackets around them.
pub(in crate::hf) struct Written {
    /// What it consists of.
    pub(in crate::hf) spec: String,
    /// Who made it, and for whom.
    pub(in crate::hf) tail: Arc<str>,
}
