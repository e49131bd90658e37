//! How long to wait after the n-th failure: a pure function of the attempt and of keyed bits.

use std::time::Duration;

/// `base` doubled with each attempt after the first, at most `cap`, then spread over its upper half by `bits`,
/// so that many lanes that failed together do not come back together.
#[must_use]
pub(super) fn delay(attempt: u32, base: Duration, cap: Duration, bits: u64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let full = base.saturating_mul(1 << doublings).min(cap);
    let half_ms = u64::try_from(full.as_millis() / 2).unwrap_or(u64::MAX);
    let spread = if half_ms == 0 {
        0
    } else {
        bits % (half_ms + 1)
    };
    Duration::from_millis(half_ms + spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_secs(4);
    const CAP: Duration = Duration::from_secs(600);

    #[test]
    fn doubles_up_to_the_cap() {
        let longest = |attempt| delay(attempt, BASE, CAP, 2_000).as_secs();
        assert_eq!(
            [longest(1), longest(2)],
            [4, 6],
            "bits of 2000 ms on half of 4 s, then on half of 8 s"
        );
        assert!(delay(50, BASE, CAP, u64::MAX) <= CAP);
        assert!(delay(50, BASE, CAP, 0) >= CAP / 2);
    }

    #[test]
    fn is_the_same_for_the_same_bits() {
        assert_eq!(delay(3, BASE, CAP, 77), delay(3, BASE, CAP, 77));
        assert_ne!(delay(3, BASE, CAP, 77), delay(3, BASE, CAP, 78));
    }
}
