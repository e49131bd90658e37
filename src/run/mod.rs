//! Running a plan: the world is built from it, the timeline drives it, and the history is judged.
//!
//! `driver` takes the steps and waits for the world to settle, on whichever clock it is given;
//! `virtual_tier` is one seed in process on a paused clock, `real_tier` the same world on loopback sockets.

mod around;
mod budget;
mod build;
mod cue;
mod driver;
mod in_vain;
mod news;
mod real_tier;
mod seen;
#[cfg(test)]
mod settling;
mod socket;
mod steps;
mod struck;
mod terms;
mod unrouted;
mod untold;
mod virtual_tier;
mod watchdog;

use fakes::history::Event;
use scenarios::{known::Known, plan::Plan};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use budget::{Spending, in_words as spent_in_words};
pub use driver::End;
pub use in_vain::NotTaken;
pub use real_tier::{Listen, ServeError, Serving, serve, serve_with};
pub use socket::SocketError;
pub use struck::{News, SEEDS_TO_BE_LUCKY, Struck, occasions};
pub use terms::terms_of;
pub use unrouted::{Unrouted, Unserved};
pub use virtual_tier::{GITHUB_URL, HF_URL, Lab, RunError};
pub use watchdog::{LastWord, Patience};

use crate::{
    costs::Costs,
    exit::ExitStatus,
    latency::Latencies,
    properties::{Terms, Twin, Verdict, Verdicts},
};

/// One judged run of one plan.
#[derive(Clone, Debug)]
pub struct Run {
    /// Everything that could be seen from outside.
    pub events: Vec<Event>,
    /// What follows from it.
    pub outcome: Outcome,
}

impl Run {
    /// Adds the digest of the history to the outcome, to compare runs of two processes by.
    ///
    /// # Errors
    /// Never in practice; the serializer's error is passed on.
    pub fn add_digest(&mut self) -> Result<(), serde_json::Error> {
        let text = fakes::history::to_json_lines(&self.events)?;
        let digest = Sha256::digest(text.as_bytes());
        self.outcome.history_sha256 =
            Some(digest.iter().map(|byte| format!("{byte:02x}")).collect());
        Ok(())
    }
}

/// Who was tested. What the lab cannot make happen is a weakness of its own scenario with the reference dispatcher,
/// and tells nothing about anybody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tested {
    /// The reference dispatcher, or one made of it.
    Reference,
    /// A dispatcher that somebody else runs.
    Other,
}

/// What follows from a history. This is `verdict.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The scenario's title.
    pub scenario: String,
    /// The plan's seed.
    pub seed: u64,
    /// Who was tested.
    pub tested: Tested,
    /// The properties the scenario exists for.
    pub about: Vec<String>,
    /// False if the bound was reached, or a part of the budget was spent, before the world settled.
    pub settled: bool,
    /// True if somebody ended the run before it was over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// How long nothing was owed and no news came before the end, milliseconds.
    #[serde(default)]
    pub quiet_ms: u64,
    /// How long that had to be for the world to count as settled, milliseconds.
    #[serde(default)]
    pub settle_ms: u64,
    /// What the run came to, of what it might; a part that is spent ended it.
    #[serde(default)]
    pub budget: Spending,
    /// Steps whose trigger never came, or that found nothing to act on, by the line of the scenario.
    pub steps_not_taken: Vec<NotTaken>,
    /// What the scenario asks for that the target could not be given, each with the reason: then it was not put to the
    /// test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_given: Vec<String>,
    /// The world's own time at its end, milliseconds.
    pub ended_at_ms: u64,
    /// How many events the history has.
    pub events: usize,
    /// HF jobs created.
    pub hf_jobs: usize,
    /// What they cost, in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// The parts of that.
    #[serde(default)]
    pub costs: Costs,
    /// SHA-256 of `history.jsonl`, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history_sha256: Option<String>,
    /// Verdict by property.
    pub verdicts: Verdicts,
    /// What became of each fault of the plan, in its order.
    pub faults: Vec<Struck>,
    /// Jobs that look meant for the dispatcher though its rules do not route them, or it does not serve their repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unrouted: Vec<Unrouted>,
    /// Dispatch latency and queue time.
    pub latencies: Latencies,
}

impl Outcome {
    /// Judges a history by the plan it came from; `twin` is what the plan came to without its crashes and restarts, where
    /// that could be found out.
    #[must_use]
    pub fn judge(
        plan: &Plan,
        events: &[Event],
        end: &End,
        tested: Tested,
        twin: Option<Twin>,
    ) -> Self {
        let terms = Terms {
            twin,
            steps_not_taken: end.taken_otherwise(),
            ..terms::terms_of(plan)
        };
        let ledger = crate::properties::Ledger::read(events, &terms);
        Self {
            scenario: plan.title.clone(),
            seed: plan.seed,
            tested,
            about: plan.about.clone(),
            settled: end.settled,
            interrupted: false,
            quiet_ms: end.quiet.as_millis() as u64,
            settle_ms: end.settle.as_millis() as u64,
            budget: end.spending.clone(),
            steps_not_taken: end.steps_not_taken.clone(),
            not_given: Vec::new(),
            ended_at_ms: ledger.end.at_ms,
            events: events.len(),
            hf_jobs: ledger.hf_jobs.len(),
            cost_micro_usd: ledger.cost_micro_usd(),
            costs: Costs::read(&ledger),
            history_sha256: None,
            verdicts: crate::properties::judge(&ledger, &terms),
            faults: Struck::read(plan, events),
            unrouted: Unrouted::read(&ledger, &terms, &terms::unserved_repos(plan)),
            latencies: Latencies::read(&ledger),
        }
    }

    /// Says what the target could not be given. Without a setting of the scenario it was somebody else than the one that
    /// the properties speak of, so none of them is put to the test; a fault out of reach only makes its life easier.
    #[must_use]
    pub fn without(mut self, not_given: Vec<String>) -> Self {
        let is_setting = |reason: &&String| reason.starts_with("world.");
        let settings: Vec<&str> = not_given
            .iter()
            .filter(is_setting)
            .map(String::as_str)
            .collect();
        if !settings.is_empty() {
            let why = settings.join("; ");
            for verdict in self.verdicts.0.values_mut() {
                *verdict = Verdict::NotExercised { why: why.clone() };
            }
        }
        self.not_given = not_given;
        self
    }

    /// The properties the scenario is about that were never put to the test.
    #[must_use]
    pub fn weak(&self) -> Vec<&str> {
        let unexercised =
            |name: &&String| !self.verdicts.exercised(name) && !self.verdicts.is_waived(name);
        self.about
            .iter()
            .filter(unexercised)
            .map(String::as_str)
            .collect()
    }

    /// Calls broken properties known where the list of known faults does. The list speaks of the reference dispatcher:
    /// whoever else is tested must not be given it.
    pub fn allow_known(&mut self, scenario: &str, known: &[Known]) {
        for entry in known
            .iter()
            .filter(|entry| entry.is_about(scenario, self.seed))
        {
            let Some(verdict) = self.verdicts.0.get_mut(&entry.property) else {
                continue;
            };
            if let Verdict::Violated(found) = verdict {
                *verdict = Verdict::Known {
                    reason: entry.reason.clone(),
                    found: Box::new(found.clone()),
                };
            }
        }
    }

    /// True if a property is broken that is known to be.
    #[must_use]
    pub fn has_known(&self) -> bool {
        let mut verdicts = self.verdicts.0.values();
        verdicts.any(|verdict| matches!(verdict, Verdict::Known { .. }))
    }

    /// False if the target lacked a setting, so that nothing could be said of it.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        let mut verdicts = self.verdicts.0.values();
        let is_any = verdicts.any(|verdict| !matches!(verdict, Verdict::NotExercised { .. }));
        is_any || self.not_given.is_empty()
    }

    /// How this run ended, by itself: whether it was weak shows only next to the others of its scenario.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        if !self.verdicts.violated().is_empty() {
            ExitStatus::Violated
        } else if !self.is_judged() {
            ExitStatus::Held
        } else if !self.settled || !self.verdicts.undecided().is_empty() {
            ExitStatus::Undecided
        } else {
            ExitStatus::Held
        }
    }
}
