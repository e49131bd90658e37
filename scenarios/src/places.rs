//! Which fault can strike where, and what `for` can narrow there: decided here and nowhere else.
//!
//! A place has aspects (a call that lists is a [`Aspect::Call`], an [`Aspect::Answer`] and an [`Aspect::Listing`]), and an
//! effect says which aspects it needs. A pair that the table does not name is refused, with what is possible there.

use crate::{
    plan::{Effect, RunnerPoint},
    words,
};

/// What a place is, as far as faults can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aspect {
    /// Deliveries.
    Webhook,
    /// The dispatcher's own disk.
    Store,
    /// The runner's process.
    Runner,
    /// The platform behind HF jobs.
    Schedule,
    /// A call, whoever makes it.
    Call,
    /// The answer to a call that somebody else than the runner reads.
    Answer,
    /// An answer that lists items.
    Listing,
    /// An answer that could have been given earlier.
    Past,
    /// An answer that goes on for as long as its caller listens.
    Stream,
}

/// The calls that can be answered as of an earlier moment.
const OF_THE_PAST: &[&str] = &[
    "github.list-runners",
    "github.get-runner",
    "github.list-runs",
    "github.list-run-jobs",
    "github.get-job",
    "github.get-run",
    "github.get-run-attempt",
    "github.list-run-attempt-jobs",
    "hf.list",
    "hf.inspect",
];

/// The calls that list without saying so in their name, and the places that cover calls that list.
const LISTINGS: &[&str] = &[
    "github.installations",
    "github.installation-repos",
    "hf.hardware",
    "github.*",
    "hf.*",
];

/// The calls that are answered by a stream.
const STREAMS: &[&str] = &["hf.logs", "hf.metrics", "hf.events"];

/// The aspects of a place that the language knows.
fn aspects(place: &str) -> Vec<Aspect> {
    match place {
        "webhook" => return vec![Aspect::Webhook],
        "store" => return vec![Aspect::Store],
        "runner" => return vec![Aspect::Runner],
        "hf.schedule" => return vec![Aspect::Schedule],
        _call => {}
    }
    let mut aspects = vec![Aspect::Call];
    if place.starts_with("runner.") {
        return aspects;
    }
    aspects.push(Aspect::Answer);
    let also = [
        (
            Aspect::Listing,
            place.contains(".list") || LISTINGS.contains(&place),
        ),
        (Aspect::Past, OF_THE_PAST.contains(&place)),
        (Aspect::Stream, STREAMS.contains(&place)),
    ];
    aspects.extend(also.into_iter().filter(|(_, is)| *is).map(|(is, _)| is));
    aspects
}

/// The kinds of effects, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EffectKind {
    Drop,
    Delay,
    Duplicate,
    ReorderWithin,
    ReorderList,
    Answer,
    NoAnswer,
    Reset,
    AfterEffect,
    Pretend,
    Omit,
    Truncate,
    Stale,
    Stall,
    EndEarly,
    Tamper,
    Hold,
    Stuck,
    Limbo,
    Fail,
    Full,
    Broken,
    Hang,
    Die,
    Restart,
    LoseNetwork,
    WrongClock,
}

impl EffectKind {
    /// All of them, in the order of the documentation.
    pub(crate) const ALL: [Self; 27] = [
        Self::Drop,
        Self::Delay,
        Self::Duplicate,
        Self::ReorderWithin,
        Self::ReorderList,
        Self::Answer,
        Self::NoAnswer,
        Self::Reset,
        Self::AfterEffect,
        Self::Pretend,
        Self::Omit,
        Self::Truncate,
        Self::Stale,
        Self::Stall,
        Self::EndEarly,
        Self::Tamper,
        Self::Hold,
        Self::Stuck,
        Self::Limbo,
        Self::Fail,
        Self::Full,
        Self::Broken,
        Self::Hang,
        Self::Die,
        Self::Restart,
        Self::LoseNetwork,
        Self::WrongClock,
    ];

    /// The kind of an effect.
    pub(crate) const fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Drop(_) => Self::Drop,
            Effect::Delay(_) => Self::Delay,
            Effect::Duplicate { .. } => Self::Duplicate,
            Effect::Reorder { .. } => Self::ReorderWithin,
            Effect::SlipPages => Self::ReorderList,
            Effect::Answer(_) => Self::Answer,
            Effect::NoAnswer => Self::NoAnswer,
            Effect::Reset => Self::Reset,
            Effect::AfterEffect(_) => Self::AfterEffect,
            Effect::Pretend(_) => Self::Pretend,
            Effect::Omit(_) => Self::Omit,
            Effect::Truncate => Self::Truncate,
            Effect::Stale(_) => Self::Stale,
            Effect::Stall { .. } => Self::Stall,
            Effect::EndEarly { .. } => Self::EndEarly,
            Effect::Tamper(_) => Self::Tamper,
            Effect::Hold => Self::Hold,
            Effect::Stuck { .. } => Self::Stuck,
            Effect::Limbo => Self::Limbo,
            Effect::Fail(_) => Self::Fail,
            Effect::Full => Self::Full,
            Effect::Broken => Self::Broken,
            Effect::Hang | Effect::Freeze(_) => Self::Hang,
            Effect::Die(_) => Self::Die,
            Effect::Restart(_) => Self::Restart,
            Effect::LoseNetwork { .. } => Self::LoseNetwork,
            Effect::WrongClock(_) => Self::WrongClock,
        }
    }

    /// The key it is written with; `reorder` has two forms, for two kinds of places.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::ReorderWithin => "reorder: { within: … }",
            Self::ReorderList => "reorder: { list: true }",
            Self::Answer => "answer",
            Self::NoAnswer => "no_answer",
            Self::Reset => "reset",
            Self::AfterEffect => "after_effect",
            Self::Pretend => "pretend",
            Self::Omit => "omit",
            Self::Truncate => "truncate",
            Self::Stale => "stale",
            Self::Stall => "stall",
            Self::EndEarly => "end_early",
            Self::Tamper => "tamper",
            Self::Hold => "hold",
            Self::Stuck => "stuck",
            Self::Limbo => "limbo",
            Self::Fail => "fail",
            Self::Full => "full",
            Self::Broken => "broken",
            Self::Hang => "hang",
            Self::Die => "die",
            Self::Restart => "restart",
            Self::LoseNetwork => "lose_network",
            Self::WrongClock => "wrong_clock",
        }
    }

    /// Where it can happen.
    const fn needs(self) -> &'static [Aspect] {
        match self {
            Self::Drop | Self::Duplicate | Self::ReorderWithin | Self::Tamper => &[Aspect::Webhook],
            Self::Delay => &[
                Aspect::Webhook,
                Aspect::Call,
                Aspect::Schedule,
                Aspect::Store,
            ],
            Self::Answer => &[Aspect::Webhook, Aspect::Call],
            Self::NoAnswer | Self::Reset | Self::AfterEffect => &[Aspect::Call],
            Self::Pretend => &[Aspect::Webhook, Aspect::Answer],
            Self::Truncate => &[Aspect::Answer],
            Self::Omit | Self::ReorderList => &[Aspect::Listing],
            Self::Stale => &[Aspect::Past],
            Self::Stall | Self::EndEarly => &[Aspect::Stream],
            Self::Hold => &[Aspect::Webhook, Aspect::Schedule],
            Self::Stuck | Self::Limbo | Self::Fail => &[Aspect::Schedule],
            Self::Full | Self::Broken => &[Aspect::Store],
            Self::Hang | Self::Die | Self::Restart | Self::LoseNetwork | Self::WrongClock => {
                &[Aspect::Runner]
            }
        }
    }

    /// Whether it can happen at this place.
    pub(crate) fn can_strike(self, place: &str) -> bool {
        let needs = self.needs();
        aspects(place).iter().any(|aspect| needs.contains(aspect))
    }
}

/// The words of the effects that a fault can have at a place.
pub(crate) fn effects_at(place: &str) -> Vec<&'static str> {
    let possible = EffectKind::ALL.into_iter();
    let possible = possible.filter(|kind| kind.can_strike(place));
    possible.map(EffectKind::word).collect()
}

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
}

/// The calls whose path names a job or a run.
const OF_A_JOB: &[&str] = &[
    "github.approve-run",
    "github.cancel-run",
    "github.delete-run",
    "github.delete-run-logs",
    "github.force-cancel-run",
    "github.get-job",
    "github.get-run",
    "github.get-run-attempt",
    "github.job-logs",
    "github.list-pending-deployments",
    "github.list-run-attempt-jobs",
    "github.list-run-jobs",
    "github.rerun-failed-jobs",
    "github.rerun-job",
    "github.rerun-run",
    "github.review-pending-deployments",
    "github.run-attempt-logs",
    "github.run-logs",
    "runner.acquire-job",
    "runner.finish-job",
];

/// The calls to GitHub's API whose path names no repository.
const OF_NO_REPO: &[&str] = &[
    "github.add-runner-group-repo",
    "github.add-runner-group-runner",
    "github.app",
    "github.confirm-manifest",
    "github.convert-manifest",
    "github.create-runner-group",
    "github.create-token",
    "github.delete-installation",
    "github.delete-runner-group",
    "github.download-logs",
    "github.get-installation",
    "github.get-org",
    "github.get-runner-group",
    "github.installation-repos",
    "github.installations",
    "github.list-runner-group-repos",
    "github.list-runner-group-runners",
    "github.list-runner-groups",
    "github.manifest-form",
    "github.org-installation",
    "github.rate-limit",
    "github.remove-runner-group-repo",
    "github.remove-runner-group-runner",
    "github.revoke-token",
    "github.set-runner-group-repos",
    "github.set-runner-group-runners",
    "github.submit-manifest",
    "github.suspend-installation",
    "github.unsuspend-installation",
    "github.update-runner-group",
    "github.user-installation",
];

/// The runner's calls that are made for a repository which GitHub knows by then.
const OF_A_RUNNERS_REPO: &[&str] = &[
    "runner.register",
    "runner.open-session",
    "runner.acquire-job",
    "runner.finish-job",
];

/// The calls that create an HF job or are about one.
const OF_AN_HF_JOB: &[&str] = &[
    "hf.create",
    "hf.duplicate",
    "hf.auth-check-job",
    "hf.cancel",
    "hf.events",
    "hf.inspect",
    "hf.logs",
    "hf.metrics",
    "hf.update-expose",
    "hf.update-labels",
];

impl Narrowing {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Job, Self::Action, Self::Repo, Self::Flavor];

    /// The key in `for`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Action => "action",
            Self::Repo => "repo",
            Self::Flavor => "flavor",
        }
    }

    /// What a place that it cannot narrow is not about.
    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Action => "delivery of a job's event",
            Self::Repo => "repository",
            Self::Flavor => "HF job of some flavor",
        }
    }

    /// Whether faults of this place can be narrowed so. A `*` can be where one of its calls can: the others are then
    /// not struck.
    #[must_use]
    pub fn suits(self, place: &str) -> bool {
        if let Some(side) = place.strip_suffix('*') {
            let covered = words::CALLS.iter();
            let mut covered = covered.filter(|call| call.starts_with(side));
            return covered.any(|call| self.suits(call));
        }
        match self {
            Self::Job => ["webhook", "runner"].contains(&place) || OF_A_JOB.contains(&place),
            Self::Action => place == "webhook",
            Self::Repo => {
                let is_of_github = place.starts_with("github.") && !OF_NO_REPO.contains(&place);
                is_of_github
                    || ["webhook", "runner"].contains(&place)
                    || OF_A_RUNNERS_REPO.contains(&place)
            }
            Self::Flavor => place == "hf.schedule" || OF_AN_HF_JOB.contains(&place),
        }
    }

    /// The places that it can narrow. The calls to GitHub that name a repository are not spelt out.
    pub(crate) fn places(self) -> Vec<&'static str> {
        let known = words::all_places().into_iter();
        let mut suiting: Vec<&str> = known.filter(|place| self.suits(place)).collect();
        if self == Self::Repo {
            suiting.retain(|place| !place.starts_with("github."));
            suiting.push("calls of github.* that name a repository");
        }
        suiting
    }
}

/// Why no job can narrow this effect on a runner, if that is so.
pub(crate) fn before_any_job(effect: &Effect) -> Option<&'static str> {
    let at = match effect {
        Effect::Freeze(moment) | Effect::Die(moment) | Effect::Restart(moment) => moment.at,
        Effect::LoseNetwork { from, .. } => from.at,
        Effect::WrongClock(_) => return Some("a container has its clock from its boot on"),
        // After its job: then it has had one.
        Effect::Hang => return None,
        Effect::Drop(_)
        | Effect::Delay(_)
        | Effect::Duplicate { .. }
        | Effect::Reorder { .. }
        | Effect::SlipPages
        | Effect::Answer(_)
        | Effect::NoAnswer
        | Effect::Reset
        | Effect::AfterEffect(_)
        | Effect::Pretend(_)
        | Effect::Omit(_)
        | Effect::Truncate
        | Effect::Stale(_)
        | Effect::Stall { .. }
        | Effect::EndEarly { .. }
        | Effect::Tamper(_)
        | Effect::Hold
        | Effect::Stuck { .. }
        | Effect::Limbo
        | Effect::Fail(_)
        | Effect::Full
        | Effect::Broken => return None,
    };
    match at {
        RunnerPoint::Boot => Some("at `boot`, where it strikes, a runner has no job yet"),
        RunnerPoint::Registered => {
            Some("at `registered`, where it strikes, a runner has no job yet")
        }
        RunnerPoint::Listening => Some("at `listening`, where it strikes, a runner has no job yet"),
        RunnerPoint::InJob | RunnerPoint::AfterJob => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_can_be_struck_by_something_and_every_effect_strikes_somewhere() {
        for place in words::all_places() {
            assert!(!effects_at(place).is_empty(), "{place}");
        }
        for kind in EffectKind::ALL {
            let places = words::all_places();
            assert!(
                places.into_iter().any(|place| kind.can_strike(place)),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_list_of_calls_names_calls_only() {
        let lists = [
            OF_THE_PAST,
            STREAMS,
            OF_A_JOB,
            OF_NO_REPO,
            OF_A_RUNNERS_REPO,
            OF_AN_HF_JOB,
        ];
        for call in lists.into_iter().flatten() {
            assert!(words::CALLS.contains(call), "{call}");
        }
    }

    #[test]
    fn a_star_can_be_narrowed_where_one_of_its_calls_can() {
        assert!(Narrowing::Job.suits("runner.*"));
        assert!(Narrowing::Flavor.suits("hf.*"));
        assert!(!Narrowing::Job.suits("hf.*"));
        assert!(!Narrowing::Flavor.suits("github.*"));
    }
}
