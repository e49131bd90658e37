//! Reports: the table for people, JSON for machines, the bundle of files that replays a run.

mod bundle;
mod count;
mod failure;
mod notes;
mod scenario;
mod table;

pub use bundle::{Bundle, BundleError};
pub(crate) use count::counted;
pub use failure::{Failure, describe};
pub use notes::notes;
pub use scenario::{Figures, ScenarioReport};
pub use table::render;

use crate::exit::ExitStatus;

/// The exit status of a whole sweep: the gravest thing that was found.
#[must_use]
pub fn overall(reports: &[ScenarioReport]) -> ExitStatus {
    ExitStatus::gravest(reports.iter().map(ScenarioReport::status))
}
