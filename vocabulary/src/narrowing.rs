//! What `for` can narrow a fault by, and at which places.

use crate::{
    call::{CALLS, Call},
    place::all_places,
};

/// A key of `for` that narrows by what the struck thing is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrowing {
    /// The workflow job.
    Job,
    /// The webhook's action.
    Action,
    /// The repository.
    Repo,
    /// The flavor of the HF job.
    Flavor,
    /// The HF job.
    HfJob,
    /// The runner, as GitHub knows it.
    Runner,
}

impl Narrowing {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Job,
        Self::Action,
        Self::Repo,
        Self::Flavor,
        Self::HfJob,
        Self::Runner,
    ];

    /// The key in `for`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Action => "action",
            Self::Repo => "repo",
            Self::Flavor => "flavor",
            Self::HfJob => "hf_job",
            Self::Runner => "runner",
        }
    }

    /// What a place that it cannot narrow is not about.
    #[must_use]
    pub const fn subject(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Action => "delivery of a job's event",
            Self::Repo => "repository",
            Self::Flavor => "HF job of some flavor",
            Self::HfJob => "HF job that is there",
            Self::Runner => "runner that GitHub has a record of",
        }
    }

    /// The places that are no calls and that it can narrow.
    const fn places_that_are_no_calls(self) -> &'static [&'static str] {
        match self {
            Self::Job | Self::Repo => &["webhook", "runner"],
            Self::Action => &["webhook"],
            Self::Flavor => &["hf.schedule"],
            Self::HfJob => &["hf.schedule", "runner"],
            // A process begins before GitHub knows its runner, and goes by the HF job it is in.
            Self::Runner => &[],
        }
    }

    /// Whether faults of this place can be narrowed so. A `*` can be where one of its calls can: the others are then
    /// not struck.
    #[must_use]
    pub fn suits(self, place: &str) -> bool {
        if let Some(side) = place.strip_suffix('*') {
            let mut covered = CALLS.iter().filter(|call| call.starts_with(side));
            return covered.any(|call| self.suits(call));
        }
        self.places_that_are_no_calls().contains(&place)
            || Call::named(place).is_some_and(|call| call.is_narrowed_by(self))
    }

    /// The places that it can narrow. The calls to GitHub that name a repository are not spelt out.
    #[must_use]
    pub fn places(self) -> Vec<&'static str> {
        let known = all_places().into_iter();
        let mut suiting: Vec<&str> = known.filter(|place| self.suits(place)).collect();
        if self == Self::Repo {
            suiting.retain(|place| !place.starts_with("github."));
            suiting.push("calls of github.* that name a repository");
        }
        suiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_can_be_narrowed_where_one_of_its_calls_can() {
        assert!(Narrowing::Job.suits("runner.*"));
        assert!(Narrowing::Flavor.suits("hf.*"));
        assert!(!Narrowing::Job.suits("hf.*"));
        assert!(!Narrowing::Flavor.suits("github.*"));
        assert!(Narrowing::HfJob.suits("runner.*"));
        assert!(Narrowing::Runner.suits("github.*"));
        assert!(!Narrowing::Runner.suits("hf.*"));
    }
}
