//! HF's limits on calls: <https://huggingface.co/docs/hub/rate-limits>.

use std::time::Duration;

/// What an account pays for, which decides how many calls its tokens may make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HfPlan {
    /// Nothing: 1,000 calls.
    Free,
    /// PRO: 2,500 calls.
    #[default]
    Pro,
    /// Team: 3,000 calls.
    Team,
    /// Enterprise: 6,000 calls.
    Enterprise,
    /// Enterprise Plus: 10,000 calls.
    EnterprisePlus,
}

impl HfPlan {
    /// Calls of the API in a window.
    #[must_use]
    pub const fn calls(self) -> u32 {
        match self {
            Self::Free => 1_000,
            Self::Pro => 2_500,
            Self::Team => 3_000,
            Self::Enterprise => 6_000,
            Self::EnterprisePlus => 10_000,
        }
    }
}

/// Limits on calls and their bodies. Every call counts for the token it is made with, whatever becomes of
/// it; calls without a good token count together.
#[derive(Clone, Debug)]
pub struct HfLimitSettings {
    /// Whether calls are limited. Default true. When false, nothing is counted and no header tells of it.
    pub enforced: bool,
    /// How long a window is. Default five minutes. It begins with the first call counted in it; whether HF's
    /// begin then or by the clock is UNCONFIRMED.
    pub window: Duration,
    /// The plan of the user of [`HfSettings::token`](super::HfSettings). Default PRO.
    pub plan: HfPlan,
    /// Calls in a window without a good token. Default 500.
    pub anonymous: u32,
    /// Calls of `whoami-v2` alone in a window, for each token. HF limits them more strictly than others and
    /// does not say how: UNCONFIRMED, default none.
    pub whoami: Option<u32>,
    /// The largest body of a request, in bytes; a larger one is answered 413. UNCONFIRMED, default 1 MiB.
    pub body_bytes_max: usize,
}

impl Default for HfLimitSettings {
    fn default() -> Self {
        Self {
            enforced: true,
            window: Duration::from_secs(300),
            plan: HfPlan::default(),
            anonymous: 500,
            whoami: None,
            body_bytes_max: 1024 * 1024,
        }
    }
}
