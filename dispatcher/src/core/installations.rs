//! Which installation of the App serves a repository, by GitHub's own word.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    backoff,
    engine::{Core, later},
    message::{Command, Failure},
    model::{InstallationId, RepoId, Trust},
};

/// A repository GitHub says is not ours is asked about again after this time, if jobs of it still turn up.
const REFUSED_AGAIN: Duration = Duration::from_secs(300);

impl Core {
    /// Asks GitHub about every repository that has open jobs or launches and is not confirmed.
    pub(super) fn ask_installations(&mut self, now: Timestamp) {
        let waiting: Vec<(RepoId, Timestamp, String)> = self
            .repos
            .iter()
            .filter(|(_, repo)| !repo.asking)
            .filter_map(|(id, repo)| match repo.trust {
                Trust::Unknown(at) | Trust::Refused { again_at: at, .. } => {
                    Some((*id, at, repo.name.clone()))
                }
                Trust::Confirmed(_) => None,
            })
            .collect();
        for (repo, at, name) in waiting {
            let needed = self.jobs.keys().any(|key| key.repo == repo)
                || self
                    .launches
                    .values()
                    .any(|launch| launch.lane.repo == repo);
            if needed && self.due(now, at) {
                self.calls.push(Command::AskInstallation { repo, name });
                if let Some(known) = self.repos.get_mut(&repo) {
                    known.asking = true;
                }
            }
        }
    }

    pub(super) fn installation_answered(
        &mut self,
        now: Timestamp,
        repo: RepoId,
        answer: Result<InstallationId, Failure>,
    ) {
        let failed = self.repos.get(&repo).map_or(0, |known| known.failed_calls) + 1;
        let bits = self.bits(&format!("installation/{repo}/{failed}"));
        let Some(known) = self.repos.get_mut(&repo) else {
            return;
        };
        known.asking = false;
        known.trust = match answer {
            Ok(installation) => {
                known.failed_calls = 0;
                Trust::Confirmed(installation)
            }
            Err(failure) => {
                known.failed_calls = failed;
                match failure.refused() {
                    Some(_) => {
                        let reason = format!("the App is not installed, or suspended: {failure}");
                        Trust::Refused {
                            reason,
                            again_at: later(now, REFUSED_AGAIN),
                        }
                    }
                    None => {
                        let wait = backoff::delay(
                            failed,
                            Duration::from_secs(2),
                            Duration::from_secs(300),
                            bits,
                        );
                        Trust::Unknown(failure.limited_until().unwrap_or_else(|| later(now, wait)))
                    }
                }
            }
        };
    }

    /// GitHub refused something in this repository: the installation may have changed.
    pub(super) fn doubt_access(&mut self, now: Timestamp, repo: RepoId) {
        if let Some(known) = self.repos.get_mut(&repo)
            && matches!(known.trust, Trust::Confirmed(_))
        {
            known.failed_calls += 1;
            let wait = Duration::from_secs(u64::from(known.failed_calls.min(10)) * 10);
            known.trust = Trust::Unknown(later(now, wait));
        }
    }
}
