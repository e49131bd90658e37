//! The check runs that the App made. Each workflow job has one too, which its job stands for.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;

use super::standing::conclusion_text;
use crate::{github::state::accounts::repository::Repository, history::Conclusion};

/// The status of a check run that an App sets. The others are for GitHub Actions alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::github) enum CheckStatus {
    #[default]
    Queued,
    InProgress,
    Completed,
}

impl CheckStatus {
    pub(in crate::github) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

/// What a check run says beside its conclusion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::github) struct CheckOutput {
    pub(in crate::github) title: Option<String>,
    pub(in crate::github) summary: Option<String>,
    pub(in crate::github) text: Option<String>,
    pub(in crate::github) annotations: Vec<Annotation>,
}

/// A remark about some lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(in crate::github) struct Annotation {
    pub(in crate::github) path: String,
    pub(in crate::github) start_line: u64,
    pub(in crate::github) end_line: u64,
    #[serde(default)]
    pub(in crate::github) start_column: Option<u64>,
    #[serde(default)]
    pub(in crate::github) end_column: Option<u64>,
    pub(in crate::github) annotation_level: AnnotationLevel,
    pub(in crate::github) message: String,
    #[serde(default)]
    pub(in crate::github) title: Option<String>,
    #[serde(default)]
    pub(in crate::github) raw_details: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::github) enum AnnotationLevel {
    Notice,
    Warning,
    Failure,
}

impl AnnotationLevel {
    pub(in crate::github) const fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Failure => "failure",
        }
    }
}

/// A check run that the App made.
#[derive(Clone)]
pub(in crate::github) struct CheckRun {
    pub(in crate::github) id: u64,
    pub(in crate::github) suite: u64,
    pub(in crate::github) repo: Arc<Repository>,
    pub(in crate::github) head_sha: String,
    pub(in crate::github) name: String,
    pub(in crate::github) external_id: String,
    pub(in crate::github) details_url: Option<String>,
    pub(in crate::github) status: CheckStatus,
    pub(in crate::github) conclusion: Option<Conclusion>,
    pub(in crate::github) started_at: Timestamp,
    pub(in crate::github) completed_at: Option<Timestamp>,
    pub(in crate::github) output: CheckOutput,
}

impl CheckRun {
    /// Its conclusion as GitHub spells it, if it has one.
    pub(in crate::github) fn conclusion_text(&self) -> Option<String> {
        self.conclusion
            .map(|conclusion| conclusion_text(conclusion).to_owned())
    }
}

/// The check runs that the App made, by id.
pub(in crate::github) struct CheckRuns {
    made: BTreeMap<u64, CheckRun>,
    /// The App has one suite per repository and commit.
    suites: BTreeMap<(u64, String), u64>,
    last_id: u64,
    last_suite: u64,
}

impl Default for CheckRuns {
    fn default() -> Self {
        Self {
            made: BTreeMap::new(),
            suites: BTreeMap::new(),
            // Beyond the ids of jobs and runs, which stand for check runs and suites as well.
            last_id: 61_000_000_000,
            last_suite: 31_000_000_000,
        }
    }
}

impl CheckRuns {
    /// The id of the next check run.
    pub(in crate::github) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// The App's suite for this commit.
    pub(in crate::github) fn suite_for(&mut self, repo: u64, head_sha: &str) -> u64 {
        *self
            .suites
            .entry((repo, head_sha.to_owned()))
            .or_insert_with(|| {
                self.last_suite += 1;
                self.last_suite
            })
    }

    pub(in crate::github) fn add(&mut self, check: CheckRun) {
        self.made.insert(check.id, check);
    }

    /// A check run of this repository.
    pub(in crate::github) fn get(&self, repo: u64, id: u64) -> Option<&CheckRun> {
        self.made.get(&id).filter(|check| check.repo.id == repo)
    }

    pub(in crate::github) fn get_mut(&mut self, repo: u64, id: u64) -> Option<&mut CheckRun> {
        self.made.get_mut(&id).filter(|check| check.repo.id == repo)
    }

    /// The check runs of a repository, newest first.
    pub(in crate::github) fn of_repo(&self, repo: u64) -> impl Iterator<Item = &CheckRun> {
        self.made
            .values()
            .rev()
            .filter(move |check| check.repo.id == repo)
    }

    /// Whether the App has a suite with this id in the repository.
    pub(in crate::github) fn has_suite(&self, repo: u64, suite: u64) -> bool {
        self.suites
            .iter()
            .any(|((of, _), known)| *of == repo && *known == suite)
    }
}
