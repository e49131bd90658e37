//! Answers that many routes give.

use crate::calls::Reply;

/// The body of every error, and the header some clients read instead.
pub(in crate::hf) fn error(status: u16, message: &str) -> Reply {
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

/// An error that has a name of its own in `X-Error-Code`. Which names HF gives in its API of jobs is not
/// documented; clients only tell those of repositories apart.
fn coded(status: u16, code: &str, message: &str) -> Reply {
    error(status, message).with_header("x-error-code", code.to_owned())
}

/// There is no such job in the namespace.
pub(in crate::hf) fn no_such_job() -> Reply {
    coded(404, "JobNotFound", "Job not found")
}

/// There is no such scheduled job in the namespace.
pub(in crate::hf) fn no_such_schedule() -> Reply {
    coded(404, "ScheduledJobNotFound", "Scheduled job not found")
}

/// What could not be if the fake were right.
pub(in crate::hf) fn internal() -> Reply {
    error(500, "Internal Error")
}

/// The answer, or the refusal in the form of one.
pub(in crate::hf) fn either(answer: Result<Reply, Reply>) -> Reply {
    answer.unwrap_or_else(|refusal| refusal)
}

/// The refusal of a request that does not fit.
pub(in crate::hf) fn bad(why: &str) -> Reply {
    error(400, why)
}
