//! What an HF job costs: every started minute.

/// The cost of running for so long, in millionths of a US dollar. A job that ran at all started a minute.
pub(super) fn micro_usd(per_minute: u64, ran_ms: u64) -> u64 {
    ran_ms.div_ceil(60_000).max(1) * per_minute
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_second_minute_starts_after_the_first_is_full() {
        assert_eq!(micro_usd(167, 0), 167);
        assert_eq!(micro_usd(167, 60_000), 167);
        assert_eq!(micro_usd(167, 60_001), 334);
    }

    proptest! {
        #[test]
        fn cost_is_whole_minutes_never_less_than_the_time_and_never_a_minute_more(ran_ms in 1_u64..1_000_000_000) {
            let minutes = micro_usd(1, ran_ms);
            prop_assert!(minutes * 60_000 >= ran_ms);
            prop_assert!((minutes - 1) * 60_000 < ran_ms);
        }

        #[test]
        fn cost_never_falls_while_time_goes_on(ran_ms in 0_u64..1_000_000_000, more in 0_u64..1_000_000) {
            prop_assert!(micro_usd(167, ran_ms) <= micro_usd(167, ran_ms + more));
        }
    }
}
