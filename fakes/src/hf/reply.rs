//! Answers that many routes give.

use crate::calls::Reply;

/// The body of every error, and the header some clients read instead.
pub(super) fn error(status: u16, message: &str) -> Reply {
    // Header values hold visible ASCII only.
    let text: String = message
        .chars()
        .map(|c| {
            if c.is_ascii() && !c.is_ascii_control() {
                c
            } else {
                '?'
            }
        })
        .collect();
    Reply::json(status, &serde_json::json!({ "error": message }))
        .with_header("x-error-message", text)
}

/// There is no such job in the namespace.
pub(super) fn no_such_job() -> Reply {
    error(404, "Job not found")
}
