//! One fault rule: where it strikes, under which condition, and with what effect.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use vocabulary::{Asked, EffectKind, Omit, RunnerPoint, Tamper};

use super::Subject;
use crate::{
    env::{Shift, Span},
    history::Stage,
    json_path::JsonPath,
};

/// Narrows a rule. Every field that is set must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// Names of jobs. A subject that concerns no job (an HF job, a create call) is then never struck.
    pub jobs: Option<BTreeSet<String>>,
    /// A webhook's action.
    pub action: Option<String>,
    /// `owner/name`.
    pub repo: Option<String>,
    /// The hardware flavor of an HF job.
    pub flavor: Option<String>,
}

/// How the platform ends an HF job that it had accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// So long after its creation, however far it has come by then.
    pub after: Span,
    /// The stage it is left in.
    pub stage: Stage,
    /// `status.message`.
    pub message: Option<String>,
    /// `status.cancelReason`.
    pub cancel_reason: Option<String>,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Webhook: never sent.
    Drop {
        /// Whether GitHub's delivery log shows a failure.
        logged: bool,
    },
    /// Webhook: sent later. Call: answered later. `hf.schedule`: RUNNING later.
    Delay(Span),
    /// Webhook: the same delivery once more.
    Duplicate {
        /// So long after the first.
        after: Span,
    },
    /// Webhook: a drawn extra delay between zero and this, so that deliveries overtake each other.
    Reorder {
        /// The longest extra delay.
        within: Duration,
    },
    /// Call: no effect, this answer. Webhook: the dispatcher gets it and answers, and GitHub sees this answer
    /// instead.
    Answer {
        /// HTTP status.
        status: u16,
        /// Headers, added to the fake's own.
        headers: Vec<(String, String)>,
        /// Body.
        body: Bytes,
    },
    /// Webhook: other values, before it is signed. Call: the honest answer with other values. A path of
    /// one key means every item of a listing that has it, and the answer itself.
    Pretend(Vec<(JsonPath, serde_json::Value)>),
    /// Call: the honest answer to a listing, without some of its items.
    Omit(Omit),
    /// Call: an item of the page before stands in the place of one of this page, as if the order had
    /// changed between the two: the one is seen twice, the other never.
    SlipPages,
    /// Call: done, but the honest answer breaks off half way.
    Truncate,
    /// Call: answered as it would have been so long ago.
    Stale(Span),
    /// Call with a stream as its answer: nothing more comes, and the connection stays open.
    Stall {
        /// So long after it began.
        after: Span,
    },
    /// Call with a stream as its answer: it ends as if all had been said.
    EndEarly {
        /// So long after it began.
        after: Span,
    },
    /// Store: no room, writing fails.
    Full,
    /// Store: nothing can be written or read.
    Broken,
    /// Webhook: changed after it was signed.
    Tamper(Tamper),
    /// Webhook: held back until the rule is closed, then sent with all others. `hf.schedule`: no hardware
    /// until the rule is closed.
    Hold,
    /// `hf.schedule`: SCHEDULING for ever, while the log says "Job started" again and again.
    Stuck {
        /// From one such line to the next.
        every: Duration,
    },
    /// `hf.schedule`: RUNNING, but its container never starts.
    Limbo,
    /// `hf.schedule`: the platform ends it.
    Fail(Failing),
    /// No effect and no answer until the caller gives up.
    NoAnswer,
    /// No effect; the connection breaks.
    Reset,
    /// Done first, then answered with the inner effect (`Answer`, `NoAnswer` or `Reset`).
    AfterEffect(Box<Effect>),
    /// Runner: after its job the process never exits.
    Hang,
    /// Runner: the process stops for ever at some moment, without a word to anybody.
    Freeze {
        /// The moment,
        at: RunnerPoint,
        /// and so long after it.
        after: Span,
    },
    /// Runner: the process dies.
    Die {
        /// The moment,
        at: RunnerPoint,
        /// and so long after it.
        after: Span,
    },
    /// Runner: the process dies, and the container starts again what it was started with.
    Restart {
        /// The moment,
        at: RunnerPoint,
        /// and so long after it.
        after: Span,
    },
    /// Runner: nothing reaches the process and none of its calls is answered, for a while.
    LoseNetwork {
        /// The moment,
        at: RunnerPoint,
        /// and so long after it.
        after: Span,
        /// So long the outage lasts.
        lasts: Span,
    },
    /// Runner: the container's clock is ahead of the world's, or behind it.
    WrongClock {
        /// By so much.
        ahead: Shift,
    },
}

impl Effect {
    /// Its row in the table of effects.
    #[must_use]
    pub const fn kind(&self) -> EffectKind {
        match self {
            Self::Drop { .. } => EffectKind::Drop,
            Self::Delay(_) => EffectKind::Delay,
            Self::Duplicate { .. } => EffectKind::Duplicate,
            Self::Reorder { .. } => EffectKind::ReorderWithin,
            Self::Answer { .. } => EffectKind::Answer,
            Self::Pretend(_) => EffectKind::Pretend,
            Self::Omit(_) => EffectKind::Omit,
            Self::SlipPages => EffectKind::ReorderList,
            Self::Truncate => EffectKind::Truncate,
            Self::Stale(_) => EffectKind::Stale,
            Self::Stall { .. } => EffectKind::Stall,
            Self::EndEarly { .. } => EffectKind::EndEarly,
            Self::Full => EffectKind::Full,
            Self::Broken => EffectKind::Broken,
            Self::Tamper(_) => EffectKind::Tamper,
            Self::Hold => EffectKind::Hold,
            Self::Stuck { .. } => EffectKind::Stuck,
            Self::Limbo => EffectKind::Limbo,
            Self::Fail(_) => EffectKind::Fail,
            Self::NoAnswer => EffectKind::NoAnswer,
            Self::Reset => EffectKind::Reset,
            Self::AfterEffect(_) => EffectKind::AfterEffect,
            Self::Hang => EffectKind::Hang,
            Self::Freeze { .. } => EffectKind::Freeze,
            Self::Die { .. } => EffectKind::Die,
            Self::Restart { .. } => EffectKind::Restart,
            Self::LoseNetwork { .. } => EffectKind::LoseNetwork,
            Self::WrongClock { .. } => EffectKind::WrongClock,
        }
    }

    /// Its name in the history.
    pub(crate) const fn name(&self) -> &'static str {
        self.kind().key()
    }

    fn suits(&self, moments: &[Asked]) -> bool {
        moments.iter().any(|asked| self.kind().comes(*asked))
    }

    pub(crate) fn suits_webhooks(&self) -> bool {
        self.suits(&[Asked::Delivery, Asked::Exchange])
    }

    /// What decides how a call goes before it is made.
    pub(crate) fn suits_calls(&self) -> bool {
        self.suits(&[Asked::Call, Asked::Past])
    }

    /// The same for a runner's call, which has no answer to lie in.
    pub(crate) fn suits_runner_calls(&self) -> bool {
        self.suits(&[Asked::Call])
    }

    /// What bends the honest answer to a call once it is known.
    pub(crate) fn bends_answers(&self) -> bool {
        self.suits(&[
            Asked::Answer,
            Asked::Values,
            Asked::Listing,
            Asked::Paged,
            Asked::Stream,
        ])
    }

    pub(crate) fn slips_pages(&self) -> bool {
        matches!(self, Self::SlipPages)
    }

    /// What decides the course of an HF job at its creation.
    pub(crate) fn bends_schedules(&self) -> bool {
        self.suits(&[Asked::Schedule])
    }

    /// What keeps the hardware from an HF job that would get it now.
    pub(crate) fn holds_schedules(&self) -> bool {
        self.suits(&[Asked::Hardware])
    }

    /// What befalls a runner's process.
    pub(crate) fn suits_runners(&self) -> bool {
        self.suits(&[Asked::Runner])
    }

    /// What the dispatcher's disk does.
    pub(crate) fn suits_stores(&self) -> bool {
        self.suits(&[Asked::Store])
    }
}

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

    /// Whether the subject is at one of its places, and whether the rule is meant for it.
    pub(super) fn looks_at(&self, subject: &Subject<'_>) -> (bool, bool) {
        let reached = self.places.iter().any(|place| covers(place, subject.place));
        (reached, reached && self.only.matches(subject))
    }
}

/// `hf.*` means every call to HF, not the scheduler behind it.
fn covers(pattern: &str, place: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => place.starts_with(prefix) && place != "hf.schedule",
        None => pattern == place,
    }
}

impl Only {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        // Whatever names no job was asked before there was one.
        if subject.only_by_job && self.jobs.is_none() {
            return false;
        }
        let job = self.jobs.as_ref().is_none_or(|wanted| {
            subject.job.is_some_and(|(_, name)| wanted.contains(name))
                || subject.job_names.iter().any(|name| wanted.contains(name))
        });
        let action = self
            .action
            .as_deref()
            .is_none_or(|wanted| subject.action == Some(wanted));
        let repo = self.repo.as_deref().is_none_or(|wanted| {
            subject
                .repo
                .is_some_and(|repo| repo.eq_ignore_ascii_case(wanted))
        });
        let flavor = self
            .flavor
            .as_deref()
            .is_none_or(|wanted| subject.flavor == Some(wanted));
        job && action && repo && flavor
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

    #[test]
    fn a_rule_for_named_jobs_leaves_alone_what_concerns_no_job() {
        let only = Only {
            jobs: Some(BTreeSet::from(["J1".to_owned()])),
            ..Only::default()
        };
        let subject = Subject {
            place: "hf.create",
            entity: "hf.create#1",
            ..Subject::default()
        };
        assert!(!only.matches(&subject));
        let names = ["J1".to_owned()];
        assert!(only.matches(&Subject {
            job_names: &names,
            ..subject
        }));
    }

    #[test]
    fn repositories_are_matched_without_regard_to_case() {
        let only = Only {
            repo: Some("Octo/App".to_owned()),
            ..Only::default()
        };
        assert!(only.matches(&Subject {
            repo: Some("octo/app"),
            ..Subject::default()
        }));
        assert!(!only.matches(&Subject {
            repo: Some("octo/other"),
            ..Subject::default()
        }));
    }
}
