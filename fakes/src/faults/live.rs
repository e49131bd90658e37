//! Faults of a world that runs already: one more, and how far each has come.

use std::time::Duration;

use super::{Counts, FaultRule, Faults, Installed};

/// When a fault begins and ends, counted from now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// At once, if missing.
    pub from: Option<Duration>,
    /// Only when somebody ends it, if missing.
    pub until: Option<Duration>,
}

/// How far a fault has come.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultState {
    /// The rule.
    pub rule: FaultRule,
    /// Whether it may strike now.
    pub open: bool,
    /// How often it can still strike; none if that has no limit.
    pub left: Option<u32>,
    /// How often it could have struck, and how often it did.
    pub counts: Counts,
}

impl Faults {
    /// Adds a rule behind all others, and gives its index.
    pub fn add(&self, rule: FaultRule) -> usize {
        let mut rules = self.rules();
        let fault = rules.len();
        let mut installed = Installed::new(rule);
        installed.tell_open(fault, &self.history);
        rules.push(installed);
        fault
    }

    /// Adds a rule that strikes within this window only. Whoever ends it earlier ends it for good.
    pub fn add_within(&self, mut rule: FaultRule, window: Window) -> usize {
        rule.open = window.from.is_none();
        let index = self.add(rule);
        if window != Window::default() {
            let faults = self.clone();
            self.env
                .spawner
                .spawn(async move { faults.keep(index, window).await });
        }
        index
    }

    async fn keep(&self, index: usize, window: Window) {
        let began = tokio::time::Instant::now();
        if let Some(from) = window.from {
            tokio::time::sleep_until(began + from).await;
            if self.rules().get(index).is_some_and(|rule| !rule.ended) {
                self.open(index);
            }
        }
        if let Some(until) = window.until {
            tokio::time::sleep_until(began + until).await;
            self.close(index);
        }
    }

    /// Every rule, in the order of the indices.
    #[must_use]
    pub fn states(&self) -> Vec<FaultState> {
        let state = |installed: &Installed| FaultState {
            rule: installed.rule.clone(),
            open: installed.open,
            left: installed.left,
            counts: installed.counts,
        };
        self.rules().iter().map(state).collect()
    }
}
