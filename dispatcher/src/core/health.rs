//! How a lane fares: what its failures cost it, how long its boots may take, and when it is given up.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    backoff,
    engine::{Core, later},
    model::{CredentialKind, Lane, Launch, LaunchId},
};

/// How long a slow boot makes a lane start with a registration token.
const SLOW_MEMORY: Duration = Duration::from_secs(3600);
const RETRY_BASE: Duration = Duration::from_secs(4);
const RETRY_CAP: Duration = Duration::from_secs(600);
/// The longest wait for a service that gave no usable answer: when it is well again, that should be noticed soon.
const UNANSWERED_CAP: Duration = Duration::from_secs(120);

/// How a lane has fared. Kept in memory only: after a restart it starts afresh.
#[derive(Clone, Debug, Default)]
pub(super) struct LaneState {
    pub(super) not_before: Option<Timestamp>,
    /// Launches in a row that came to nothing, counted once for those that were under way together.
    pub(super) failures: u32,
    pub(super) failing_since: Option<Timestamp>,
    pub(super) failed_at: Option<Timestamp>,
    pub(super) last_reason: String,
    pub(super) last_fault: Option<Fault>,
    boot_failures: u32,
    slow_until: Option<Timestamp>,
    pub(super) blocked: Option<Blocked>,
    pub(super) give_up_at: Option<Timestamp>,
    /// When every queued job of it was last asked about, and whether that is wanted again.
    pub(super) rechecked_at: Option<Timestamp>,
    pub(super) recheck: bool,
    /// When the runs of its queued jobs were last asked about.
    pub(super) runs_asked_at: Option<Timestamp>,
}

/// GitHub keeps jobs of the lane from running although a runner waits: `max-parallel`, a concurrency group, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocked {
    pub(super) since: Timestamp,
    /// Runners busy when the block was noticed.
    pub(super) peak: usize,
    pub(super) loosened_at: Option<Timestamp>,
}

/// What went wrong with a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not online by the deadline.
    Boot,
    /// The HF job ended without having had a job.
    Dud,
    /// GitHub or the Hub said no.
    Refused,
    /// GitHub or the Hub gave no usable answer.
    Unanswered,
}

impl LaneState {
    /// GitHub or the Hub fails the lane: one launch tries for all.
    pub(super) fn one_tries(&self) -> bool {
        match self.last_fault {
            Some(Fault::Refused | Fault::Unanswered) => self.failures >= 1,
            Some(Fault::Boot | Fault::Dud) | None => false,
        }
    }
}

impl Core {
    /// While launches of a lane fail, it tries one at a time.
    pub(super) fn probe_room(&self, lane: &Lane) -> usize {
        let (Some(state), Some(book)) = (self.lanes.get(lane), self.lanes.book(lane)) else {
            return usize::MAX;
        };
        match state.last_fault {
            Some(Fault::Refused | Fault::Unanswered) if state.failures >= 1 => {
                1_usize.saturating_sub(book.trying())
            }
            Some(Fault::Dud) if state.failures >= 3 => {
                1_usize.saturating_sub(book.starting() + book.booting())
            }
            Some(Fault::Refused | Fault::Unanswered | Fault::Dud | Fault::Boot) | None => {
                usize::MAX
            }
        }
    }

    /// Whether this launch may mint or create now: while GitHub or the Hub fails its lane, one does so for all, the one
    /// that has come furthest, and not before the lane's time.
    pub(super) fn may_try(&mut self, now: Timestamp, id: &LaunchId, lane: &Lane) -> bool {
        let Some(state) = self.lanes.get(lane).filter(|state| state.one_tries()) else {
            return true;
        };
        let not_before = state.not_before;
        let foremost = self.lanes.book(lane).and_then(|book| book.foremost());
        foremost == Some(id) && not_before.is_none_or(|at| self.due(now, at))
    }

    pub(super) fn credential_for(&self, now: Timestamp, lane: &Lane) -> CredentialKind {
        let no_jit = self.repos.get(&lane.repo).is_some_and(|repo| repo.no_jit);
        let slow = self
            .lanes
            .get(lane)
            .and_then(|state| state.slow_until)
            .is_some_and(|until| until > now);
        if no_jit || slow || self.settings.token_only.contains(&lane.label) {
            return CredentialKind::RegistrationToken;
        }
        self.settings.credential
    }

    /// How long the HF job of this launch may take until its runner is online, and from when that counts.
    pub(super) fn boot_deadline(&self, launch: &Launch, created_at: Timestamp) -> Timestamp {
        match launch.credential {
            // How long a configuration really lives is nowhere said. One that has died is found out when its runner is
            // refused and the HF job ends; until then the HF job may still bring it.
            CredentialKind::Jit => later(created_at, self.settings.boot_deadline),
            CredentialKind::RegistrationToken => {
                let failures = self
                    .lanes
                    .get(&launch.lane)
                    .map_or(0, |state| state.boot_failures);
                let slow = failures >= 2;
                let span = if slow {
                    self.settings.slow_boot_deadline
                } else {
                    self.settings.boot_deadline
                };
                let deadline = later(created_at, span);
                let last = launch
                    .valid_until
                    .and_then(|until| until.checked_sub(Duration::from_secs(60)).ok());
                last.map_or(deadline, |last| deadline.min(last))
            }
        }
    }

    /// A launch, or a call for one, came to nothing. Those that were begun before the last failure count with it.
    pub(super) fn lane_failed(
        &mut self,
        now: Timestamp,
        lane: &Lane,
        begun_at: Timestamp,
        fault: Fault,
        reason: &str,
    ) {
        let failures = self.lanes.get(lane).map_or(0, |state| state.failures);
        let bits = self.bits(&format!("retry/{}/{}/{failures}", lane.repo, lane.label));
        self.with_lane(lane, |state| {
            reason.clone_into(&mut state.last_reason);
            if state.failed_at.is_some_and(|at| begun_at <= at) {
                return;
            }
            state.failed_at = Some(now);
            state.failures += 1;
            state.failing_since.get_or_insert(now);
            state.last_fault = Some(fault);
            let (attempt, cap) = match fault {
                // The longer deadline of the next try is the backoff.
                Fault::Boot => (1, RETRY_CAP),
                Fault::Dud | Fault::Refused => (state.failures, RETRY_CAP),
                Fault::Unanswered => (state.failures, UNANSWERED_CAP),
            };
            if matches!(fault, Fault::Boot | Fault::Dud) {
                state.boot_failures += u32::from(fault == Fault::Boot);
                state.slow_until = Some(later(now, SLOW_MEMORY));
            }
            let wait = backoff::delay(attempt, RETRY_BASE, cap, bits);
            state.not_before = Some(later(now, wait));
        });
    }

    /// A runner of the lane came online.
    pub(super) fn lane_works(&mut self, lane: &Lane) {
        let in_trouble = |state: &LaneState| {
            state.failures > 0 || state.failing_since.is_some() || !state.last_reason.is_empty()
        };
        if !self.lanes.get(lane).is_some_and(in_trouble) {
            return;
        }
        self.with_lane(lane, |state| {
            state.failures = 0;
            state.failing_since = None;
            state.last_fault = None;
            state.give_up_at = None;
            state.last_reason.clear();
        });
    }

    /// The Hub took an order of the lane.
    pub(super) fn order_taken(&mut self, lane: &Lane) {
        if self.lanes.get(lane).is_some_and(LaneState::one_tries) {
            self.lane_works(lane);
        }
    }

    /// Whether the lane has failed so often and for so long that its users are to be told.
    pub(super) fn is_given_up(&mut self, now: Timestamp, lane: &Lane) -> bool {
        let Some(state) = self.lanes.get(lane) else {
            return false;
        };
        let Some(failing_since) = state.failing_since else {
            return false;
        };
        if state.failures < self.settings.unservable_tries {
            return false;
        }
        let at = state
            .give_up_at
            .unwrap_or_else(|| later(failing_since, self.settings.unservable_after));
        self.due(now, at)
    }
}
