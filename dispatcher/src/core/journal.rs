//! The journal's records: what a restart must know. One key per job, launch and repository.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    engine::{Core, Dirty},
    message::{Command, Write},
    model::{
        ClosedJob, CredentialKind, EndedLaunch, Job, JobId, JobKey, Launch, LaunchId, Repo, RepoId,
        State, Trust,
    },
};

const DELIVERIES: &str = "deliveries";

/// A record that cannot be read back.
#[derive(Debug, thiserror::Error)]
#[error("failed to read journal record {key}")]
pub struct JournalError {
    key: String,
    #[source]
    source: serde_json::Error,
}

/// Written from what is borrowed, read into what is owned.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JobRecord<'a> {
    Open(Cow<'a, Job>),
    Closed(Cow<'a, ClosedJob>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "lives for one line of code")]
enum LaunchRecord<'a> {
    Alive(Cow<'a, Launch>),
    Ended(Cow<'a, EndedLaunch>),
}

impl Core {
    /// The writes for everything that changed in this step.
    pub(super) fn writes(&mut self) -> Vec<Command> {
        let dirty = std::mem::take(&mut self.dirty);
        dirty
            .into_iter()
            .map(|what| Command::Write(self.write(&what)))
            .collect()
    }

    fn write(&self, what: &Dirty) -> Write {
        let (key, text) = match what {
            Dirty::Job(key) => {
                let open = self.jobs.get(key).map(Cow::Borrowed).map(JobRecord::Open);
                let closed = || self.closed.get(key).map(Cow::Borrowed);
                let record = open.or_else(|| closed().map(JobRecord::Closed));
                (
                    format!("job/{}/{}", key.repo, key.job),
                    record.as_ref().map(to_text),
                )
            }
            Dirty::Launch(id) => {
                let alive = self.launches.get(id).map(Cow::Borrowed);
                let ended = || self.ended.get(id).map(Cow::Borrowed);
                let record = alive
                    .map(LaunchRecord::Alive)
                    .or_else(|| ended().map(LaunchRecord::Ended));
                (format!("launch/{id}"), record.as_ref().map(to_text))
            }
            Dirty::Repo(id) => (
                format!("repo/{id}"),
                self.repos.get(id).map(|repo| to_text(&repo.name)),
            ),
            Dirty::Deliveries => (
                DELIVERIES.to_owned(),
                self.deliveries.read_until.as_ref().map(to_text),
            ),
        };
        match text {
            Some(text) => Write::Put(key, text),
            None => Write::Delete(key),
        }
    }

    /// Takes in the journal of an earlier life. Call it once, before the first step.
    ///
    /// # Errors
    /// When a record is not one of ours.
    pub fn restore(
        &mut self,
        now: Timestamp,
        records: Vec<(String, String)>,
    ) -> Result<(), JournalError> {
        for (key, text) in records {
            self.restore_one(now, &key, &text)
                .map_err(|source| JournalError { key, source })?;
        }
        Ok(())
    }

    fn restore_one(
        &mut self,
        now: Timestamp,
        key: &str,
        text: &str,
    ) -> Result<(), serde_json::Error> {
        let mut parts = key.split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("job"), Some(repo), Some(job)) => {
                let (Ok(repo), Ok(job)) = (repo.parse(), job.parse()) else {
                    return Ok(());
                };
                let key = JobKey {
                    repo: RepoId(repo),
                    job: JobId(job),
                };
                match serde_json::from_str(text)? {
                    JobRecord::Open(job) => self.insert_job(key, job.into_owned()),
                    JobRecord::Closed(closed) => self.closed.insert(key, closed.into_owned()),
                }
            }
            (Some("launch"), Some(id), None) => {
                let id = LaunchId(id.to_owned());
                match serde_json::from_str(text)? {
                    LaunchRecord::Alive(launch) => {
                        self.insert_launch(id, after_restart(launch.into_owned()));
                    }
                    LaunchRecord::Ended(ended) => self.ended.insert(id, ended.into_owned()),
                }
            }
            (Some("repo"), Some(id), None) => {
                let Ok(id) = id.parse() else { return Ok(()) };
                let name = serde_json::from_str(text)?;
                self.insert_repo(RepoId(id), Repo::new(name, Trust::Unknown(now)));
            }
            (Some(DELIVERIES), None, None) => {
                self.deliveries.read_until = Some(serde_json::from_str(text)?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A call may have been under way when the process died: its effect is unknown.
fn after_restart(mut launch: Launch) -> Launch {
    launch.state = match launch.state {
        State::Intended { .. } => State::Intended {
            unclear: launch.mints > 0 && launch.credential == CredentialKind::Jit,
        },
        State::Creating { .. } => State::Creating {
            unclear: true,
            lookups: 0,
        },
        other => other,
    };
    launch
}

fn to_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("records are plain structs with text keys")
}
