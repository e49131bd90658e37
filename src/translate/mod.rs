//! From the words of the scenario language to those of the fakes, for plans and for the control API alike: the one place
//! that knows both.

pub(crate) mod delivery;
pub(crate) mod fault;
mod github_settings;
pub(crate) mod job;
pub(crate) mod world;

use fakes::env::Span;
use scenarios::Length;

/// A length of the language as a span of the fakes.
pub(crate) const fn span(length: Length) -> Span {
    Span {
        min: length.min,
        max: length.max,
    }
}
