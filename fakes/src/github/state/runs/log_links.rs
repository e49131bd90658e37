//! The links that lead to logs: each can be used for a short time, by anybody who has it.

use std::collections::BTreeMap;

use crate::ids::{JobId, RunId};

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum LogOf {
    Job(JobId),
    /// All jobs of a run as of this attempt.
    Run(RunId, u32),
}

struct LogLink {
    of: LogOf,
    expires_ms: u64,
}

/// What following a link finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum Followed {
    To(LogOf),
    Expired,
    Unknown,
}

/// The links that were made, by their tokens.
#[derive(Default)]
pub(in crate::github) struct LogLinks {
    links: BTreeMap<String, LogLink>,
    made: u64,
}

/// How long an expired link is known as one.
const REMEMBERED_MS: u64 = 3_600_000;

impl LogLinks {
    /// The number of the next link, for its token to be drawn with.
    pub(in crate::github) fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    pub(in crate::github) fn add(
        &mut self,
        token: String,
        of: LogOf,
        now_ms: u64,
        expires_ms: u64,
    ) {
        self.links
            .retain(|_, link| link.expires_ms.saturating_add(REMEMBERED_MS) > now_ms);
        self.links.insert(token, LogLink { of, expires_ms });
    }

    pub(in crate::github) fn follow(&self, token: &str, now_ms: u64) -> Followed {
        match self.links.get(token) {
            Some(link) if link.expires_ms > now_ms => Followed::To(link.of),
            Some(_) => Followed::Expired,
            None => Followed::Unknown,
        }
    }
}
