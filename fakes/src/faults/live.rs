//! Faults of a world that runs already: one more, and how far each has come.

use super::{FaultRule, Faults, Installed};

/// How far a fault has come.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultState {
    /// The rule.
    pub rule: FaultRule,
    /// Whether it may strike now.
    pub open: bool,
    /// How often it can still strike; none if that has no limit.
    pub left: Option<u32>,
}

impl Faults {
    /// Adds a rule behind all others, and gives its index.
    pub fn add(&self, rule: FaultRule) -> usize {
        let mut rules = self.rules();
        rules.push(Installed::new(rule));
        rules.len() - 1
    }

    /// Every rule, in the order of the indices.
    #[must_use]
    pub fn states(&self) -> Vec<FaultState> {
        let state = |installed: &Installed| FaultState {
            rule: installed.rule.clone(),
            open: installed.open,
            left: installed.left,
        };
        self.rules().iter().map(state).collect()
    }
}
