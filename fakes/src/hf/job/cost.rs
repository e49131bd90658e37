//! What an HF job costs: every minute that it starts.

const MINUTE_MS: u64 = 60_000;

/// The meter of one job. It starts once, and once stopped it stands still.
#[derive(Clone, Copy, Debug)]
pub(in crate::hf) struct Meter {
    micro_usd_per_minute: u64,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
}

impl Meter {
    /// A meter that does not run yet.
    pub(in crate::hf) const fn new(micro_usd_per_minute: u64) -> Self {
        Self {
            micro_usd_per_minute,
            from_ms: None,
            until_ms: None,
        }
    }

    /// Starts it, unless it runs already or has been stopped.
    pub(in crate::hf) const fn start(&mut self, now_ms: u64) {
        if self.from_ms.is_none() && self.until_ms.is_none() {
            self.from_ms = Some(now_ms);
        }
    }

    pub(in crate::hf) fn stop(&mut self, now_ms: u64) {
        self.until_ms.get_or_insert(now_ms);
    }

    /// The minutes billed so far. A job that was billed at all started a minute.
    pub(in crate::hf) fn minutes(&self, now_ms: u64) -> u64 {
        self.from_ms.map_or(0, |from| {
            started_minutes(self.until_ms.unwrap_or(now_ms).saturating_sub(from))
        })
    }

    /// What they cost, in millionths of a US dollar.
    pub(in crate::hf) fn micro_usd(&self, now_ms: u64) -> u64 {
        self.minutes(now_ms) * self.micro_usd_per_minute
    }

    /// What one more minute costs.
    pub(in crate::hf) const fn micro_usd_per_minute(&self) -> u64 {
        self.micro_usd_per_minute
    }

    /// Whether minutes go by.
    pub(in crate::hf) const fn runs(&self) -> bool {
        self.from_ms.is_some() && self.until_ms.is_none()
    }

    /// What has to be paid by now, a minute that starts at this very moment included.
    pub(in crate::hf) fn due_micro_usd(&self, now_ms: u64) -> u64 {
        match self.from_ms.filter(|_| self.runs()) {
            Some(from) => {
                let minutes = now_ms.saturating_sub(from) / MINUTE_MS + 1;
                minutes * self.micro_usd_per_minute
            }
            None => self.micro_usd(now_ms),
        }
    }

    /// When its next minute starts; never, if it does not run.
    pub(in crate::hf) fn next_minute_ms(&self, now_ms: u64) -> Option<u64> {
        let from = self.from_ms.filter(|_| self.runs())?;
        let gone = now_ms.saturating_sub(from) / MINUTE_MS;
        Some(from + (gone + 1) * MINUTE_MS)
    }
}

fn started_minutes(ran_ms: u64) -> u64 {
    ran_ms.div_ceil(MINUTE_MS).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ran(ms: u64) -> Meter {
        let mut meter = Meter::new(167);
        meter.start(1_000);
        meter.stop(1_000 + ms);
        meter
    }

    #[test]
    fn the_second_minute_starts_after_the_first_is_full() {
        assert_eq!(ran(0).micro_usd(0), 167);
        assert_eq!(ran(60_000).micro_usd(0), 167);
        assert_eq!(ran(60_001).micro_usd(0), 334);
    }

    #[test]
    fn a_meter_that_never_started_shows_nothing_and_one_that_was_stopped_stands_still() {
        let mut meter = Meter::new(167);
        meter.stop(5);
        meter.start(6);
        assert_eq!(meter.micro_usd(1_000_000), 0);
        let stopped = ran(59_000);
        assert_eq!(stopped.micro_usd(60_000), stopped.micro_usd(u64::MAX));
    }

    #[test]
    fn a_minute_is_due_at_the_moment_it_starts_and_billed_once_it_has_begun_to_pass() {
        let mut meter = Meter::new(10);
        meter.start(0);
        assert_eq!(
            (meter.due_micro_usd(0), meter.due_micro_usd(59_999)),
            (10, 10)
        );
        assert_eq!(
            (meter.due_micro_usd(60_000), meter.micro_usd(60_000)),
            (20, 10)
        );
        assert_eq!(meter.next_minute_ms(60_000), Some(120_000));
    }

    proptest! {
        #[test]
        fn cost_is_whole_minutes_never_less_than_the_time_and_never_a_minute_more(ran_ms in 1_u64..1_000_000_000) {
            let minutes = started_minutes(ran_ms);
            prop_assert!(minutes * MINUTE_MS >= ran_ms);
            prop_assert!((minutes - 1) * MINUTE_MS < ran_ms);
        }

        #[test]
        fn cost_never_falls_while_time_goes_on(ran_ms in 0_u64..1_000_000_000, more in 0_u64..1_000_000) {
            prop_assert!(ran(ran_ms).micro_usd(0) <= ran(ran_ms + more).micro_usd(0));
        }

        #[test]
        fn what_is_due_is_what_is_billed_except_at_the_start_of_a_minute(at_ms in 1_u64..1_000_000_000) {
            let mut meter = Meter::new(1);
            meter.start(0);
            let starting = u64::from(at_ms % MINUTE_MS == 0);
            prop_assert_eq!(meter.due_micro_usd(at_ms), meter.micro_usd(at_ms) + starting);
        }
    }
}
