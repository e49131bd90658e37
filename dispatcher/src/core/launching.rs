//! From intent to a booting HF job: mint a credential, create the HF job, and never create twice for a lost answer.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    backoff,
    engine::{Core, Dirty, later, since},
    health::Fault,
    message::{Command, Credential, Failure, HfJob, HfJobOrder, Mint},
    model::{CredentialKind, EndedLaunch, HfJobId, Launch, LaunchId, RepoId, RunnerId, State},
    tables::Subject,
};

/// Before the first look for an HF job whose create answer was lost: it mostly is there.
const FIRST_LOOK: Duration = Duration::from_secs(3);
/// Looks that must find nothing before an HF job is created again: that one, and two more that lie a gap after what came
/// before them, because the list may lag the create.
const LOOKS: u8 = 3;
/// What a look may be late at the Hub.
const LOOK_MARGIN: Duration = Duration::from_secs(2);
/// Creates per launch; after that a new launch starts with a new credential.
const CREATES_MAX: u32 = 4;
const CALL_BASE: Duration = Duration::from_secs(2);
const CALL_CAP: Duration = Duration::from_secs(300);

impl Core {
    /// Does the next thing for every launch that has nothing under way.
    pub(super) fn advance_launches(&mut self, now: Timestamp) {
        for id in std::mem::take(&mut self.touched.launches) {
            // A change that needs no answer leads straight to the next one.
            for _ in 0..4 {
                let before = self.launches.get(&id).map(|launch| launch.state.clone());
                self.look_at(Subject::Launch(id.clone()), |core| core.advance(now, &id));
                if self.launches.get(&id).map(|launch| launch.state.clone()) == before {
                    break;
                }
            }
        }
    }

    fn advance(&mut self, now: Timestamp, id: &LaunchId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        if launch.live.calling {
            return;
        }
        let (state, lane) = (launch.state.clone(), launch.lane.clone());
        let not_before = launch.live.not_before;
        if not_before.is_some_and(|at| !self.due(now, at)) {
            return;
        }
        match state {
            State::Intended { .. } | State::Credentialed if !self.may_try(now, id, &lane) => {}
            State::Intended { unclear } => self.advance_intended(now, id, unclear),
            State::Credentialed => self.order_hf_job(now, id),
            State::Creating { .. } => self.call(id, Command::LookUpTag(id.clone())),
            State::Booting { .. } | State::Idle { .. } => self.doubt_if_due(now, id),
            State::Busy { .. } => self.watch_busy(now, id),
            State::Retiring { removed, .. } => self.advance_retiring(now, id, removed),
        }
    }

    /// Makes a call for a launch; there is never more than one under way.
    pub(super) fn call(&mut self, id: &LaunchId, command: Command) {
        let known = self.with_launch(id, |launch| {
            launch.live.calling = true;
            launch.live.not_before = None;
        });
        if known.is_some() {
            self.calls.push(command);
        }
    }

    /// Changes a launch and has it written down.
    pub(super) fn change(&mut self, id: &LaunchId, change: impl FnOnce(&mut Launch)) {
        if self.with_launch(id, change).is_some() {
            self.dirty.insert(Dirty::Launch(id.clone()));
        }
    }

    /// The answer of a launch's one call has come.
    pub(super) fn answered(&mut self, id: &LaunchId) -> Option<&Launch> {
        self.with_launch(id, |launch| launch.live.calling = false)?;
        self.launches.get(id)
    }

    /// Sets when to try a launch's call again.
    pub(super) fn retry(&mut self, now: Timestamp, id: &LaunchId, failure: &Failure) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let attempt = launch.live.failed_calls + 1;
        let bits = self.bits(&format!("call/{id}/{attempt}"));
        let at = match failure.limited_until() {
            // Not all at the very moment the limit ends.
            Some(until) => later(until, Duration::from_millis(bits % 2_000)),
            None => later(now, backoff::delay(attempt, CALL_BASE, CALL_CAP, bits)),
        };
        self.with_launch(id, |launch| {
            launch.live.failed_calls = attempt;
            launch.live.not_before = Some(at);
            launch.reason = failure.to_string();
        });
    }

    fn advance_intended(&mut self, now: Timestamp, id: &LaunchId, unclear: bool) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let Some(access) = self.access(launch.lane.repo) else {
            return;
        };
        if unclear {
            let name = launch.runner.clone();
            return self.call(id, Command::FindRunner(access, id.clone(), name));
        }
        if launch.live.surplus_since.is_some() {
            return self.end(now, id, "no longer needed");
        }
        let mint = Mint {
            launch: id.clone(),
            access,
            kind: launch.credential,
            runner: launch.runner.clone(),
            label: launch.lane.label.clone(),
        };
        self.change(id, |launch| {
            launch.mints += 1;
            launch.minted_at = Some(now);
        });
        self.with_launch(id, |launch| launch.live.tried_at = Some(now));
        self.call(id, Command::Mint(mint));
    }

    pub(super) fn credential_answered(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        answer: Result<Credential, Failure>,
    ) {
        let jit_lifetime = self.settings.jit_lifetime;
        if self.answered(id).is_none() {
            return;
        }
        match answer {
            Ok(credential) => self.change(id, |launch| {
                let minted_at = *launch.minted_at.get_or_insert(now);
                let assumed = (launch.credential == CredentialKind::Jit)
                    .then(|| later(minted_at, jit_lifetime));
                launch.valid_until = credential.valid_until.or(assumed);
                launch.runner_id = credential.runner_id;
                launch.live.secret = Some(credential.secret);
                launch.live.failed_calls = 0;
                launch.state = State::Credentialed;
            }),
            Err(failure) => self.credential_failed(now, id, &failure),
        }
    }

    fn credential_failed(&mut self, now: Timestamp, id: &LaunchId, failure: &Failure) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let jit = launch.credential == CredentialKind::Jit;
        let (repo, mints, runner) = (launch.lane.repo, launch.mints, launch.runner.clone());
        match failure.refused() {
            None => {
                // A failed call may have made a runner record all the same.
                let unclear = jit && failure.effect_unknown();
                self.change(id, |launch| launch.state = State::Intended { unclear });
                self.retry(now, id, failure);
                if failure.effect_unknown() {
                    self.unanswered(
                        now,
                        id,
                        &format!("GitHub gives no runner credential: {failure}"),
                    );
                }
            }
            Some(409) if jit && mints < 6 => {
                let name = (mints >= 2).then(|| self.unused_name(&runner));
                self.change(id, |launch| {
                    launch.state = State::Intended {
                        unclear: name.is_none(),
                    };
                    launch.runner = name.unwrap_or(runner);
                });
            }
            Some(404) if jit => {
                self.with_repo(repo, |repo| repo.no_jit = true);
                self.change(id, |launch| {
                    launch.credential = CredentialKind::RegistrationToken;
                });
            }
            Some(status) => {
                if matches!(status, 401 | 403 | 404) {
                    self.doubt_access(now, repo);
                }
                self.refused(
                    now,
                    id,
                    &format!("GitHub gives no runner credential: {failure}"),
                );
                self.end(
                    now,
                    id,
                    &format!("GitHub gives no runner credential: {failure}"),
                );
            }
        }
    }

    fn refused(&mut self, now: Timestamp, id: &LaunchId, reason: &str) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let (lane, intended_at) = (launch.lane.clone(), launch.intended_at);
        tracing::warn!(repo = %lane.repo, label = lane.label, launch = %id, reason, "launch refused");
        self.lane_failed(now, &lane, intended_at, Fault::Refused, reason);
    }

    /// A call that a launch cannot do without gave no usable answer.
    fn unanswered(&mut self, now: Timestamp, id: &LaunchId, reason: &str) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let asked_at = launch.live.tried_at.unwrap_or(launch.intended_at);
        let lane = launch.lane.clone();
        self.lane_failed(now, &lane, asked_at, Fault::Unanswered, reason);
    }

    fn order_hf_job(&mut self, now: Timestamp, id: &LaunchId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let repo_name = self
            .repos
            .get(&launch.lane.repo)
            .map(|repo| repo.name.clone());
        let (Some(secret), Some(repo_name)) = (launch.live.secret.clone(), repo_name) else {
            return self.retire(id, "its credential was lost in a restart");
        };
        if launch.live.surplus_since.is_some() {
            return self.retire(id, "no longer needed");
        }
        if half_spent(now, launch) {
            return self.retire(id, "its credential grew old before the Hub took the order");
        }
        let order = HfJobOrder {
            launch: id.clone(),
            lane: launch.lane.clone(),
            repo_name,
            runner: launch.runner.clone(),
            kind: launch.credential,
            secret,
        };
        self.change(id, |launch| {
            launch.creates += 1;
            launch.state = State::Creating {
                unclear: false,
                lookups: 0,
            };
        });
        self.with_launch(id, |launch| launch.live.tried_at = Some(now));
        self.call(id, Command::CreateHfJob(Box::new(order)));
    }

    pub(super) fn create_answered(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        answer: Result<HfJobId, Failure>,
    ) {
        let Some(launch) = self.answered(id) else {
            return;
        };
        if !matches!(launch.state, State::Creating { .. }) {
            return;
        }
        match answer {
            Ok(hf_job) => self.boots(now, id, hf_job),
            Err(failure) if failure.effect_unknown() => {
                self.change(id, |launch| {
                    launch.state = State::Creating {
                        unclear: true,
                        lookups: 0,
                    };
                    launch.reason = failure.to_string();
                    launch.live.not_before = Some(later(now, FIRST_LOOK));
                });
                self.unanswered(now, id, &format!("the Hub does not answer: {failure}"));
            }
            Err(failure @ Failure::Limited { .. }) => {
                self.change(id, |launch| launch.state = State::Credentialed);
                self.retry(now, id, &failure);
            }
            Err(failure) => {
                let reason = format!("the Hub refuses the HF job: {failure}");
                self.refused(now, id, &reason);
                self.retire(id, &reason);
            }
        }
    }

    /// The HF job exists.
    pub(super) fn boots(&mut self, now: Timestamp, id: &LaunchId, hf_job: HfJobId) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let deadline = self.boot_deadline(launch, now);
        let lane = launch.lane.clone();
        self.change(id, |launch| {
            launch.hf_job = Some(hf_job);
            launch.created_at = Some(now);
            launch.state = State::Booting { deadline };
            launch.live.failed_calls = 0;
            launch.live.not_before = None;
            launch.live.secret = None;
        });
        self.order_taken(&lane);
    }

    pub(super) fn tag_answered(
        &mut self,
        now: Timestamp,
        id: &LaunchId,
        answer: Result<Vec<HfJob>, Failure>,
    ) {
        let Some(launch) = self.answered(id) else {
            return;
        };
        let State::Creating { lookups, .. } = launch.state else {
            return;
        };
        let creates = launch.creates;
        let gap = self.settings.lookup_gap + LOOK_MARGIN;
        match answer {
            Err(failure) => self.retry(now, id, &failure),
            Ok(found) => {
                if let Some(hf_job) = found.into_iter().next() {
                    return self.boots(now, id, hf_job.id);
                }
                let lookups = lookups + 1;
                self.change(id, |launch| {
                    launch.state = State::Creating {
                        unclear: true,
                        lookups,
                    };
                    launch.live.not_before = Some(later(now, gap));
                });
                if lookups >= LOOKS {
                    self.create_again(now, id, creates);
                }
            }
        }
    }

    fn create_again(&mut self, now: Timestamp, id: &LaunchId, creates: u32) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        if creates >= CREATES_MAX || launch.live.secret.is_none() || half_spent(now, launch) {
            return self.retire(id, "the Hub did not take the order");
        }
        let failure = Failure::NoAnswer("the order was lost".to_owned());
        self.change(id, |launch| launch.state = State::Credentialed);
        if creates >= 2 {
            self.retry(now, id, &failure);
        } else {
            self.change(id, |launch| launch.live.not_before = None);
        }
    }

    /// A look for a runner record whose mint call failed: away with it, or on with another name.
    pub(super) fn unclear_mint_found(&mut self, id: &LaunchId, found: Option<(RunnerId, bool)>) {
        let Some(launch) = self.launches.get(id) else {
            return;
        };
        let (repo, runner) = (launch.lane.repo, launch.runner.clone());
        match found {
            None => self.change(id, |launch| {
                launch.state = State::Intended { unclear: false }
            }),
            Some((_, true)) => {
                // Somebody else's: it is connected, and our blob never left GitHub.
                let name = self.unused_name(&runner);
                self.change(id, |launch| {
                    launch.runner = name;
                    launch.state = State::Intended { unclear: false };
                });
            }
            Some((runner_id, false)) => self.delete_runner(repo, id, runner_id),
        }
    }

    pub(super) fn delete_runner(&mut self, repo: RepoId, id: &LaunchId, runner: RunnerId) {
        if let Some(access) = self.access(repo) {
            self.call(id, Command::DeleteRunner(access, id.clone(), runner));
        }
    }

    /// The launch is over and forgotten except for its name.
    pub(super) fn end(&mut self, now: Timestamp, id: &LaunchId, reason: &str) {
        if let Some(launch) = self.remove_launch(id) {
            tracing::info!(launch = %id, runner = launch.runner, reason, "launch ended");
            let ended = EndedLaunch {
                at: now,
                runner: launch.runner,
                hf_job: launch.hf_job,
                reason: reason.to_owned(),
                vanished: launch.vanished_at.map(|at| (launch.lane, at)),
            };
            self.ended.insert(id.clone(), ended);
            self.dirty.insert(Dirty::Launch(id.clone()));
            self.again = true;
        }
    }
}

/// Whether half of the credential's life is gone: too little for a boot.
fn half_spent(now: Timestamp, launch: &Launch) -> bool {
    match (launch.minted_at, launch.valid_until) {
        (Some(minted_at), Some(until)) => since(now, minted_at) >= since(until, minted_at) / 2,
        _ => false,
    }
}
