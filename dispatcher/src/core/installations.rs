//! Which installation of the App serves a repository, by GitHub's own word.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    backoff,
    engine::{Core, later},
    message::{Command, Failure},
    model::{InstallationId, RepoId, Trust},
    tables::Subject,
};

/// A repository GitHub says is not ours is asked about again after this time, if jobs of it still turn up.
const REFUSED_AGAIN: Duration = Duration::from_secs(300);
const ASK_BASE: Duration = Duration::from_secs(2);
const ASK_CAP: Duration = Duration::from_secs(300);

impl Core {
    /// Asks GitHub about every repository that has open jobs or launches and is not confirmed.
    pub(super) fn ask_installations(&mut self, now: Timestamp) {
        for repo in std::mem::take(&mut self.touched.repos) {
            self.look_at(Subject::Repo(repo), |core| core.ask_installation(now, repo));
        }
    }

    fn ask_installation(&mut self, now: Timestamp, repo: RepoId) {
        let Some(known) = self.repos.get(&repo) else {
            return;
        };
        let at = match known.trust {
            Trust::Unknown(at) | Trust::Refused { again_at: at, .. } => at,
            Trust::Confirmed(_) => return,
        };
        let needed =
            self.jobs.of_repo(repo).next().is_some() || self.launches.count_of_repo(repo) > 0;
        if known.asking || !needed {
            return;
        }
        let name = known.name.clone();
        if self.due(now, at) {
            self.calls.push(Command::AskInstallation { repo, name });
            self.with_repo(repo, |known| known.asking = true);
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
        let trust = match answer {
            Ok(installation) => Trust::Confirmed(installation),
            Err(failure) if failure.refused().is_some() => Trust::Refused {
                reason: format!("the App is not installed, or suspended: {failure}"),
                again_at: later(now, REFUSED_AGAIN),
            },
            Err(failure) => {
                let wait = backoff::delay(failed, ASK_BASE, ASK_CAP, bits);
                Trust::Unknown(failure.limited_until().unwrap_or_else(|| later(now, wait)))
            }
        };
        self.with_repo(repo, |known| {
            known.asking = false;
            known.failed_calls = match trust {
                Trust::Confirmed(_) => 0,
                Trust::Unknown(_) | Trust::Refused { .. } => failed,
            };
            known.trust = trust;
        });
    }

    /// GitHub refused something in this repository: the installation may have changed.
    pub(super) fn doubt_access(&mut self, now: Timestamp, repo: RepoId) {
        if self.access(repo).is_none() {
            return;
        }
        self.with_repo(repo, |known| {
            known.failed_calls += 1;
            let wait = Duration::from_secs(u64::from(known.failed_calls.min(10)) * 10);
            known.trust = Trust::Unknown(later(now, wait));
        });
    }
}
