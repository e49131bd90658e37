//! One fault rule: where it strikes, under which condition, and with what effect.

use vocabulary::{Effect, Only};

/// A fault as the plan writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// `webhook`, `hf.schedule`, `runner`, `store`, a call's name, or all calls of one side: `github.*`, `hf.*`,
    /// `runner.*`.
    pub places: Vec<String>,
    /// Whether it can strike from the start.
    pub open: bool,
    /// How often at most.
    pub times: Option<u32>,
    /// With what probability, drawn per subject.
    pub chance: Option<f64>,
    /// Whom.
    pub only: Only,
    /// With what.
    pub effect: Effect,
}

impl FaultRule {
    /// A rule that is open from the start and always strikes.
    #[must_use]
    pub fn always(place: &str, effect: Effect) -> Self {
        Self {
            places: vec![place.to_owned()],
            open: true,
            times: None,
            chance: None,
            only: Only::default(),
            effect,
        }
    }
}

/// `hf.*` means every call to HF, not the scheduler behind it.
pub(super) fn covers(pattern: &str, place: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => place.starts_with(prefix) && place != "hf.schedule",
        None => pattern == place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_covers_the_calls_of_one_side_only() {
        assert!(covers("hf.*", "hf.create"));
        assert!(!covers("hf.*", "hf.schedule"));
        assert!(!covers("hf.*", "github.jit-config"));
        assert!(covers("github.*", "github.jit-config"));
        assert!(covers("hf.schedule", "hf.schedule"));
        assert!(covers("runner.*", "runner.acquire-job"));
        assert!(!covers("runner.*", "runner"));
        assert!(!covers("github.*", "runner.register"));
    }
}
