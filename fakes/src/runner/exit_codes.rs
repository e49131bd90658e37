//! How the runner ends: the listener's exit codes, and what `run.sh` makes of them.
//!
//! `run.sh` and `run-helper.sh` hide almost every failure behind exit code 0, so a container's exit code says
//! next to nothing of the CI job (<https://github.com/actions/runner>: `src/Runner.Common/Constants.cs`,
//! `src/Misc/layoutroot/run.sh`, `run-helper.sh.template`).

use std::time::Duration;

/// Exit code of `config.sh` that failed, of a refusal to run as root, and of a shell script that failed.
pub(super) const FAILED: i32 = 1;
/// Exit code of a process that was killed.
pub(super) const KILLED: i32 = 137;

/// An exit code of `Runner.Listener`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListenerExit(i32);

impl ListenerExit {
    /// All is well, whatever became of the CI job.
    pub(super) const OK: Self = Self(0);
    /// An error that trying again would not mend.
    pub(super) const TERMINATED: Self = Self(1);
    /// An error that may pass.
    pub(super) const RETRYABLE: Self = Self(2);
    /// Another session of this runner did not go away.
    pub(super) const SESSION_CONFLICT: Self = Self(5);
    /// GitHub does not talk to this version any more.
    pub(super) const VERSION_DEPRECATED: Self = Self(7);
}

/// What `run.sh` does after the listener has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunSh {
    /// It ends with this code.
    Exit(i32),
    /// It starts the listener again after so long.
    Relaunch(Duration),
}

impl RunSh {
    /// The table of `run-helper.sh`, and what it prints. `shows_deprecation` is the environment's
    /// `ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1`.
    pub(super) fn after(
        ListenerExit(code): ListenerExit,
        shows_deprecation: bool,
    ) -> (Self, String) {
        const UPDATE: Duration = Duration::from_secs(30);
        match code {
            0 => (
                Self::Exit(0),
                "Runner listener exit with 0 return code, stop the service, no retry needed."
                    .to_owned(),
            ),
            1 => (
                Self::Exit(0),
                "Runner listener exit with terminated error, stop the service, no retry needed."
                    .to_owned(),
            ),
            2 => (
                Self::Relaunch(Duration::from_secs(5)),
                "Runner listener exit with retryable error, re-launch runner in 5 seconds."
                    .to_owned(),
            ),
            3 | 4 => (
                Self::Relaunch(UPDATE),
                "Runner listener exit because of updating, re-launch runner after successful update"
                    .to_owned(),
            ),
            5 => (
                Self::Exit(0),
                "Runner listener exit with Session Conflict error, stop the service, no retry needed."
                    .to_owned(),
            ),
            7 if shows_deprecation => (
                Self::Exit(7),
                "Runner listener exit with deprecated version exit code: 7.".to_owned(),
            ),
            code => (
                Self::Exit(0),
                format!("Exiting with unknown error code: {code}"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_sh_hides_all_codes_but_those_it_restarts_on() {
        let restart = |seconds| RunSh::Relaunch(Duration::from_secs(seconds));
        let table = [
            (0, RunSh::Exit(0), RunSh::Exit(0)),
            (1, RunSh::Exit(0), RunSh::Exit(0)),
            (2, restart(5), restart(5)),
            (3, restart(30), restart(30)),
            (4, restart(30), restart(30)),
            (5, RunSh::Exit(0), RunSh::Exit(0)),
            (6, RunSh::Exit(0), RunSh::Exit(0)),
            (7, RunSh::Exit(0), RunSh::Exit(7)),
            (42, RunSh::Exit(0), RunSh::Exit(0)),
            (137, RunSh::Exit(0), RunSh::Exit(0)),
        ];
        for (code, usually, with_deprecation) in table {
            let after = |shows| RunSh::after(ListenerExit(code), shows).0;
            assert_eq!(after(false), usually, "{code}");
            assert_eq!(after(true), with_deprecation, "{code}, told to show it");
        }
    }

    #[test]
    fn the_listeners_codes_are_those_of_its_source() {
        let codes = [
            (ListenerExit::OK, 0),
            (ListenerExit::TERMINATED, 1),
            (ListenerExit::RETRYABLE, 2),
            (ListenerExit::SESSION_CONFLICT, 5),
            (ListenerExit::VERSION_DEPRECATED, 7),
        ];
        for (exit, code) in codes {
            assert_eq!(exit.0, code);
        }
    }
}
