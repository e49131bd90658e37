//! The process inside an HF job: it registers with GitHub or unpacks its JIT configuration, listens, runs
//! one job and exits; one that is not ephemeral listens on.
//!
//! It is a model of `actions/runner` (<https://github.com/actions/runner>), not a process. Command, environment and
//! secrets decide how it starts: `run.sh --jitconfig`, `config.sh --url … --token …`, alone or in a shell's script,
//! and `ACTIONS_RUNNER_INPUT_…` for each of their arguments. Of a boot script that an image brings along only the
//! environment can be seen: `RUNNER_TOKEN` with `RUNNER_NAME`, `RUNNER_LABELS` and `GH_REPO` is what it gives
//! `config.sh`, with `RUNNER_GROUP`, `RUNNER_EPHEMERAL=false`, `RUNNER_REPLACE=false` and
//! `RUNNER_DEFAULT_LABELS=true` where it wants them.
//!
//! The parts: `handle` knows all of one world, `container` reads what one was given, `running` takes it from its start
//! to its exit, `life` is its course, `configuring` registers, `session` connects, `listening` works, `exit_codes` says
//! what is left of all that, `fate` is what befalls it, and `control` what somebody does to it. `process` is a process
//! of this machine in the model's place.

mod archive;
mod arguments;
mod configuring;
mod container;
mod control;
mod exit_codes;
mod fate;
mod handle;
mod life;
mod listening;
mod log;
mod process;
mod process_tree;
mod registration;
mod running;
mod script;
mod session;
mod shell_steps;
mod shell_words;

pub(crate) use archive::archive;
pub(crate) use container::Container;
pub use handle::Runners;
pub(crate) use log::Log;
pub(crate) use process::Launch;
pub use process_tree::SeenProcess;
pub(crate) use running::{Exit, Start};
