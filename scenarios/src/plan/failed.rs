//! A delivery that failed, as GitHub's log of deliveries tells it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How an attempt to deliver a webhook failed, in the words of GitHub's log of deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FailedWritten")]
#[schemars(!try_from, with = "FailedWritten")]
pub struct Failed {
    /// Its words, such as `timed out`.
    pub status: String,
    /// Its number, such as 504.
    pub status_code: u16,
}

/// The same, as it may be written: one tells the other.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Failed")]
#[serde(deny_unknown_fields)]
struct FailedWritten {
    /// The log's words, such as `timed out` or `failed to connect to host`.
    status: Option<String>,
    /// The log's number, such as 502.
    #[schemars(range(max = 599))]
    status_code: Option<u16>,
}

impl TryFrom<FailedWritten> for Failed {
    type Error = String;

    fn try_from(written: FailedWritten) -> Result<Self, String> {
        let code = written.status_code.map(u64::from);
        Self::told(written.status.as_deref(), code).ok_or_else(|| {
            "`failed` does not tell of a failure\nwrite what GitHub's log of deliveries shows: `failed: { status: timed out, status_code: 504 }`".to_owned()
        })
    }
}

impl Failed {
    /// What a log tells of an attempt, if that is a failure: anything but an answer in the two hundreds is.
    #[must_use]
    pub fn told(status: Option<&str>, code: Option<u64>) -> Option<Self> {
        let words = status.map(str::trim).filter(|words| !words.is_empty());
        let fails = words.is_some_and(|words| {
            let words = words.to_lowercase();
            ["fail", "timed out", "timeout", "invalid"]
                .iter()
                .any(|word| words.contains(word))
        });
        let (status, code) = match (words, code) {
            (_, Some(200..=299)) if !fails => return None,
            (None, None) => return None,
            (Some(words), None | Some(0)) if is_good(words) => return None,
            (Some(words), Some(code)) => (words.to_owned(), code),
            (Some(words), None) => (
                words.to_owned(),
                // The code GitHub's log has for such words; words that tell nothing have none.
                if words.contains("timed out") {
                    504
                } else if words.contains("connect") {
                    502
                } else {
                    0
                },
            ),
            (None, Some(0)) => ("no answer".to_owned(), 0),
            (None, Some(code)) => (format!("Invalid HTTP Response: {code}"), code),
        };
        Some(Self {
            status,
            status_code: u16::try_from(code).unwrap_or(u16::MAX),
        })
    }
}

/// Words of a log that tell of no failure.
fn is_good(words: &str) -> bool {
    ["ok", "success", "delivered"].contains(&words.to_lowercase().as_str())
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.status_code.to_string();
        match self.status.contains(&code) || self.status_code == 0 {
            true => f.write_str(&self.status),
            false => write!(f, "{code} {}", self.status),
        }
    }
}
