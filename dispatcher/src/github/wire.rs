//! The parts of GitHub's answers that we read. Everything we can do without is optional.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;

use crate::core::{JobReading, JobStatus, Runner, RunnerId};

#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) token: String,
    pub(super) expires_at: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct JitConfig {
    pub(super) encoded_jit_config: String,
    pub(super) runner: WireRunner,
}

#[derive(Deserialize)]
pub(super) struct Installation {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) suspended_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireRunner {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) busy: bool,
}

impl From<WireRunner> for Runner {
    fn from(runner: WireRunner) -> Self {
        Self {
            id: RunnerId(runner.id),
            name: runner.name,
            online: runner.status == "online",
            busy: runner.busy,
        }
    }
}

/// One page of a listing.
pub(super) trait Page: for<'a> Deserialize<'a> {
    type Item;
    /// How many there are in all, if the listing says so.
    fn total(&self) -> Option<u64>;
    fn items(self) -> Vec<Self::Item>;
}

macro_rules! page {
    ($page:ident, $field:ident, $item:ty) => {
        #[derive(Deserialize)]
        pub(super) struct $page {
            #[serde(default)]
            total_count: Option<u64>,
            $field: Vec<$item>,
        }

        impl Page for $page {
            type Item = $item;
            fn total(&self) -> Option<u64> {
                self.total_count
            }
            fn items(self) -> Vec<$item> {
                self.$field
            }
        }
    };
}

page!(RunnersPage, runners, WireRunner);
page!(ReposPage, repositories, WireRepo);
page!(RunsPage, workflow_runs, WireRun);
page!(JobsPage, jobs, WireJob);

impl Page for Vec<Installation> {
    type Item = Installation;
    fn total(&self) -> Option<u64> {
        None
    }
    fn items(self) -> Vec<Installation> {
        self
    }
}

impl Page for Vec<WireDelivery> {
    type Item = WireDelivery;
    fn total(&self) -> Option<u64> {
        None
    }
    fn items(self) -> Vec<WireDelivery> {
        self
    }
}

#[derive(Deserialize)]
pub(super) struct WireRepo {
    pub(super) id: u64,
    pub(super) full_name: String,
}

#[derive(Deserialize)]
pub(super) struct WireRun {
    pub(super) id: u64,
    #[serde(default)]
    pub(super) updated_at: String,
    #[serde(default)]
    pub(super) run_attempt: u64,
    #[serde(default)]
    pub(super) status: Option<String>,
}

impl WireRun {
    /// When it was over: nothing happens to a run after that.
    pub(super) fn over_at(&self) -> Option<Timestamp> {
        let over = self.status.as_deref() == Some("completed");
        over.then(|| self.updated_at.parse().ok()).flatten()
    }
}

#[derive(Deserialize)]
pub(super) struct WireJob {
    pub(super) id: u64,
    pub(super) status: String,
    #[serde(default)]
    pub(super) labels: Option<BTreeSet<String>>,
    #[serde(default)]
    pub(super) runner_name: Option<String>,
}

impl WireJob {
    pub(super) fn reading(self) -> JobReading {
        JobReading {
            status: status(&self.status),
            runner: self.runner_name.filter(|name| !name.is_empty()),
        }
    }
}

/// GitHub's word for a job's state. Whatever is not yet queued waits.
pub(crate) fn status(word: &str) -> JobStatus {
    JobStatus::of_word(word).unwrap_or(JobStatus::Waiting)
}

#[derive(Deserialize)]
pub(super) struct WireDelivery {
    pub(super) id: u64,
    pub(super) guid: String,
    pub(super) delivered_at: Timestamp,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) status_code: i64,
    #[serde(default)]
    pub(super) event: String,
}

impl WireDelivery {
    pub(super) fn succeeded(&self) -> bool {
        self.status == "OK" || (200..300).contains(&self.status_code)
    }
}
