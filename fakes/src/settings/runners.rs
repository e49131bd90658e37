//! How long GitHub keeps, believes and waits for runners, and what its runner groups allow.

use std::time::Duration;

use super::RunnerVersion;
use crate::history::Conclusion;

/// Settings of runners, their groups and what is handed to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunnerSettings {
    /// How long an ephemeral runner that is not connected is kept. GitHub documents one day.
    pub ephemeral_kept_for: Duration,
    /// How long any other runner that is not connected is kept. GitHub documents 14 days.
    pub kept_for: Duration,
    /// How long GitHub takes a runner for online after its process is gone. 60 s; undocumented.
    pub loss_noticed_after: Duration,
    /// How much longer GitHub waits, after it took a runner that was lost for offline, before its job fails. The
    /// runner can come back until then. Third parties report 10 to 30 minutes until GitHub has "lost
    /// communication" (<https://github.com/actions/runner/issues/4309>); default 0.
    pub job_lost_after: Duration,
    /// The oldest runner that can register or listen. GitHub announced 2.329.0, then enforced it only at times;
    /// how it refuses is UNCONFIRMED. Default: every version can.
    pub version_min: Option<RunnerVersion>,
    /// How long a lost ephemeral runner with a job stays on the list, offline and busy, and refuses its
    /// deletion, after its loss was noticed. Third parties report it; default 0.
    pub busy_after_loss: Duration,
    /// The same for an ephemeral runner whose job ended as it should. Third parties report tens of
    /// seconds; default 0.
    pub busy_after_job: Duration,
    /// How long a job that was handed to a runner waits for it to start before it is queued again.
    /// GitHub documents 60 s.
    pub pickup_timeout: Duration,
    /// How long a job may be queued. GitHub documents 24 hours.
    pub queue_limit: Duration,
    /// How a job ends that was queued for too long. GitHub's pages disagree: "cancelled" and "fails".
    pub queue_limit_conclusion: Conclusion,
    /// How old the matcher's view of jobs and runners is: what became available is seen so much later,
    /// and a runner that disconnected is still given jobs for so long. Default 0; a lie of the lab's own.
    pub staleness: Duration,
    /// The most runners in a group. GitHub documents 10,000.
    pub group_runners_max: usize,
    /// The status that refuses a runner for which its group has no room. UNCONFIRMED; 422.
    pub group_full_status: u16,
    /// Whether organisations can make runner groups of their own: only those of an enterprise can.
    pub groups_can_be_created: bool,
    /// Whether the default group serves public repositories. UNCONFIRMED; it does, as a repository's own
    /// runners do. Groups that are made later do not unless they say so, as documented.
    pub default_group_allows_public: bool,
    /// Whether just-in-time runners get `self-hosted`, `Linux` and `X64` besides the labels they were
    /// given. UNCONFIRMED; they do not.
    pub jit_default_labels: bool,
}

impl Default for RunnerSettings {
    fn default() -> Self {
        let (minute, day) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));
        Self {
            ephemeral_kept_for: day,
            kept_for: day * 14,
            loss_noticed_after: minute,
            job_lost_after: Duration::ZERO,
            version_min: None,
            busy_after_loss: Duration::ZERO,
            busy_after_job: Duration::ZERO,
            pickup_timeout: minute,
            queue_limit: day,
            queue_limit_conclusion: Conclusion::Cancelled,
            staleness: Duration::ZERO,
            group_runners_max: 10_000,
            group_full_status: 422,
            groups_can_be_created: true,
            default_group_allows_public: true,
            jit_default_labels: false,
        }
    }
}
