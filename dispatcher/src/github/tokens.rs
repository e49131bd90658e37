//! Installation tokens: one minting at a time per installation, none handed out that is about to end.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::core::{InstallationId, Secret};

/// Refreshed this long before the end: a call made with it may take its time.
const MARGIN: SignedDuration = SignedDuration::from_secs(300);
/// GitHub's tokens live an hour; a clock that says more is wrong.
const LONGEST: SignedDuration = SignedDuration::from_secs(3600);

/// When a credential ends by our own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

impl Lease {
    /// A lease from what GitHub answered to a question asked at `asked_at`, our time: `expires_at` and the `Date`
    /// header, its time. Only the difference of the latter two counts, so a wrong clock on our side does not matter.
    #[must_use]
    pub fn new(asked_at: Timestamp, expires_at: Timestamp, date: Option<Timestamp>) -> Self {
        let life = expires_at
            .duration_since(date.unwrap_or(asked_at))
            .clamp(SignedDuration::ZERO, LONGEST);
        Self {
            asked_at,
            until: asked_at.checked_add(life).unwrap_or(Timestamp::MAX),
        }
    }

    /// Whether a call may still be started with it.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let life = self.until.duration_since(self.asked_at);
        let margin = MARGIN.min(life / 2);
        now < self.until && self.until.duration_since(now) > margin
    }
}

/// A token and its lease.
#[derive(Clone, Debug)]
pub struct CachedToken {
    /// The token.
    pub token: Secret,
    /// How long it is good for.
    pub lease: Lease,
}

type Slot = Arc<tokio::sync::Mutex<Option<CachedToken>>>;

/// The tokens of all installations. A slow installation does not keep the others waiting.
#[derive(Default)]
pub(super) struct Tokens(Mutex<BTreeMap<InstallationId, Slot>>);

impl Tokens {
    fn slot(&self, installation: InstallationId) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(installation).or_default().clone()
    }

    /// A fresh token, from `mint` if there is none.
    pub(super) async fn get<E>(
        &self,
        now: Timestamp,
        installation: InstallationId,
        mint: impl Future<Output = Result<CachedToken, E>>,
    ) -> Result<Secret, E> {
        let slot = self.slot(installation);
        let mut cached = slot.lock().await;
        if let Some(cached) = cached.as_ref().filter(|cached| cached.lease.is_fresh(now)) {
            return Ok(cached.token.clone());
        }
        let minted = mint.await?;
        let token = minted.token.clone();
        *cached = Some(minted);
        Ok(token)
    }

    /// Forgets a token that GitHub refused, unless another has taken its place.
    pub(super) async fn refused(&self, installation: InstallationId, token: &Secret) {
        let slot = self.slot(installation);
        let mut cached = slot.lock().await;
        if cached.as_ref().is_some_and(|cached| cached.token == *token) {
            *cached = None;
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + ms).unwrap()
    }

    proptest! {
        /// The true time is `t`; our clock shows `t + skew`; GitHub's is right and its header is cut to the second.
        #[test]
        fn never_hands_out_an_expired_token(
            skew in -900_000_i64..900_000, life in 1_000_i64..3_600_000,
            waits in prop::collection::vec((0_i64..4_000_000, any::<bool>(), 0_u64..3), 1..40),
        ) {
            let tokens = Tokens::default();
            let mut expiries: Vec<i64> = Vec::new();
            let mut time = 0;
            for (wait, refused, installation) in waits {
                time += wait;
                let installation = InstallationId(installation);
                let next = expiries.len();
                let minted = async {
                    let floor = time - time.rem_euclid(1_000);
                    let expires_at = floor + life - life % 1_000;
                    expiries.push(expires_at);
                    let lease = Lease::new(at(time + skew), at(expires_at), Some(at(floor)));
                    Ok::<_, ()>(CachedToken { token: Secret::new(next.to_string()), lease })
                };
                let got = tokens.get(at(time + skew), installation, minted).now_or_never().unwrap().unwrap();
                let index: usize = got.expose().parse().unwrap();
                let fresh = index == next;
                // Sub-second rounding aside, a token taken from the cache is still good.
                prop_assert!(fresh || time < expiries[index] + 1_000, "handed out {} ms late", time - expiries[index]);
                prop_assert!(fresh || time <= expiries[index], "expired token from the cache");
                if refused {
                    tokens.refused(installation, &got).now_or_never().unwrap();
                }
            }
        }
    }

    #[test]
    fn keeps_five_minutes_in_hand() {
        let lease = Lease::new(at(0), at(3_600_000), Some(at(0)));
        assert!(lease.is_fresh(at(3_299_000)));
        assert!(!lease.is_fresh(at(3_300_000)));
    }

    #[test]
    fn believes_in_no_token_of_more_than_an_hour() {
        let lease = Lease::new(at(0), at(10_000_000), None);
        assert_eq!(lease.until, at(3_600_000));
    }
}
