//! The exit codes of `dispatchlab`, one place for all of them.

use std::process::ExitCode;

/// How a command ended. The numbers are part of the interface: scripts and CI rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything that was judged held.
    Held = 0,
    /// A property was violated.
    Violated = 1,
    /// The command line, a scenario or a plan is wrong; nothing was judged.
    Usage = 2,
    /// A world reached its bound before it settled, though no property was violated.
    Unsettled = 3,
    /// There was nothing to run.
    Nothing = 4,
    /// A property that a scenario exists for was never put to the test.
    Weak = 5,
    /// The lab itself failed: a bug of ours, or no disk space.
    Internal = 70,
    /// Interrupted; what was known was still printed.
    Interrupted = 130,
}

impl ExitStatus {
    /// Exit codes and meanings, for `--help`.
    pub const TABLE: &str = "Exit codes:
  0    everything judged held
  1    a property was violated
  2    wrong usage, or a bad scenario or plan
  3    a world did not settle before its bound
  4    nothing to run
  5    weak: a property a scenario is about was never put to the test
  70   the lab itself failed
  130  interrupted; what was known was printed";
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}
