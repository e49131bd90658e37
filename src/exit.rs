//! The exit codes of `dispatchlab`, one place for all of them: number, meaning and precedence.

use std::process::ExitCode;

/// How a command ended. The numbers are part of the interface: scripts and CI rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything that was judged held; what is known or waived is no failure.
    Held = 0,
    /// A property was violated, a waiver has expired or was not needed, or a known fault was not met.
    Violated = 1,
    /// The command line, a scenario or a plan is wrong; nothing was judged.
    Usage = 2,
    /// A world did not settle before its bound, or ended too early to decide a property: by the scenario, or because a
    /// part of its budget was spent.
    Undecided = 3,
    /// There was nothing to run.
    Nothing = 4,
    /// What a scenario exists for was never put to the test.
    Weak = 5,
    /// The lab itself failed: a bug of ours, no disk space, or a run in which nothing happened any more.
    Internal = 70,
    /// Interrupted; what was known was still printed.
    Interrupted = 130,
}

impl ExitStatus {
    /// Every status, the gravest first: of several that apply, the first of this list is the exit code.
    pub const BY_PRECEDENCE: [Self; 8] = [
        Self::Interrupted,
        Self::Internal,
        Self::Usage,
        Self::Violated,
        Self::Undecided,
        Self::Weak,
        Self::Nothing,
        Self::Held,
    ];

    /// Exit codes and meanings, for `--help`.
    pub const TABLE: &str = "Exit codes; of several that apply, the one that stands first:
  130  interrupted; what was known was printed
  70   the lab itself failed, or nothing happened any more in a run for minutes
  2    wrong usage, or a bad scenario or plan
  1    a property was violated, a waiver has expired or was not needed, or a known fault was not met
  3    undecided: a world did not settle before its bound, ended too early, or spent its budget
  5    weak: what a scenario is about was never put to the test, or a fault or step was in vain
  4    nothing to run
  0    everything judged held, was known or was waived";

    /// The gravest of these; [`ExitStatus::Nothing`] if there are none.
    #[must_use]
    pub fn gravest(statuses: impl IntoIterator<Item = Self>) -> Self {
        let rank = |status: &Self| {
            let place = Self::BY_PRECEDENCE.iter().position(|other| other == status);
            place.unwrap_or(usize::MAX)
        };
        statuses
            .into_iter()
            .min_by_key(rank)
            .unwrap_or(Self::Nothing)
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_code_in_the_order_of_precedence() {
        let named = ExitStatus::TABLE
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().next()?.parse::<u8>().ok());
        let known = ExitStatus::BY_PRECEDENCE.map(|status| status as u8);
        assert_eq!(named.collect::<Vec<_>>(), known);
    }

    #[test]
    fn the_gravest_of_several_is_the_exit_code() {
        use ExitStatus::{Held, Nothing, Undecided, Usage, Violated, Weak};
        assert_eq!(ExitStatus::gravest([Held, Weak, Undecided]), Undecided);
        assert_eq!(ExitStatus::gravest([Undecided, Violated, Weak]), Violated);
        assert_eq!(ExitStatus::gravest([Violated, Usage]), Usage);
        assert_eq!(ExitStatus::gravest([Held, Weak]), Weak);
        assert_eq!(ExitStatus::gravest([Held, Held]), Held);
        assert_eq!(ExitStatus::gravest([]), Nothing);
    }
}
