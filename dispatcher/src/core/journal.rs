//! The journal's records: what a restart must know. One key per job, launch and repository.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    engine::{Core, Dirty},
    message::{Command, Write},
    model::{
        ClosedJob, CredentialKind, EndedLaunch, Job, JobId, JobKey, Launch, LaunchId, Live, Repo,
        RepoId, State, Trust,
    },
    record::Record,
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JobRecord {
    Open(Job),
    Closed(ClosedJob),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most are alive")]
enum LaunchRecord {
    Alive(Launch),
    Ended(EndedLaunch),
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
        let (key, record) = match what {
            Dirty::Job(key) => {
                let open = self.jobs.get(key).map(|job| JobRecord::Open(job.clone()));
                let closed = || self.closed.get(key).cloned().map(JobRecord::Closed);
                let record = open.or_else(closed).map(Record::of);
                (format!("job/{}/{}", key.repo, key.job), record)
            }
            Dirty::Launch(id) => {
                let alive = self.launches.get(id);
                // What is not written down, a secret among it, is not kept for that either.
                let alive = alive.map(|launch| {
                    LaunchRecord::Alive(Launch {
                        live: Live::default(),
                        ..launch.clone()
                    })
                });
                let ended = || self.ended.get(id).cloned().map(LaunchRecord::Ended);
                let record = alive.or_else(ended).map(Record::of);
                (["launch/", &id.0].concat(), record)
            }
            Dirty::Repo(id) => {
                let name = self.repos.get(id).map(|repo| repo.name.clone());
                (format!("repo/{id}"), name.map(Record::of))
            }
            Dirty::Deliveries => {
                let until = self.deliveries.read_until;
                (DELIVERIES.to_owned(), until.map(Record::of))
            }
        };
        match record {
            Some(record) => Write::Put(key, record),
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
                    JobRecord::Open(job) => self.insert_job(key, job),
                    JobRecord::Closed(closed) => self.closed.insert(key, closed),
                }
            }
            (Some("launch"), Some(id), None) => {
                let id = LaunchId(id.to_owned());
                match serde_json::from_str(text)? {
                    LaunchRecord::Alive(launch) => {
                        if let Some(at) = launch.vanished_at {
                            self.vanish(&launch.lane, &launch.runner, at);
                        }
                        self.insert_launch(id, after_restart(launch));
                    }
                    LaunchRecord::Ended(ended) => {
                        if let Some((lane, at)) = &ended.vanished {
                            self.vanish(lane, &ended.runner, *at);
                        }
                        self.ended.insert(id, ended);
                    }
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
