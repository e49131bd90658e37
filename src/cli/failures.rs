//! The failed runs of a sweep: a few of each kind are shown and kept, the others are counted. A mistake that every seed has is one
//! mistake.

use std::{collections::BTreeMap, fs, path::PathBuf};

use scenarios::plan::Plan;

use super::note;
use crate::{
    report::{self, Bundle, BundleError, Failure, counted},
    run::Run,
};

/// How many failures of a kind are shown in full.
const SHOWN: usize = 3;
/// How many bundles of a kind are kept, unless the user wants one of every run.
const KEPT: usize = 20;

/// What a failed run has in common with others: its scenario, by its place in the command, and what became of its properties.
type Kind = (usize, String);

/// A failed run.
#[derive(Debug, Default)]
struct Failed {
    /// The text that is shown, of the first of a kind.
    text: Option<String>,
    /// Where its bundle is.
    bundle: Option<PathBuf>,
}

impl Failed {
    fn forget_bundle(&mut self) {
        if let Some(folder) = self.bundle.take() {
            let _gone = fs::remove_dir_all(folder);
        }
    }
}

/// How many runs come before a seed, as far as it matters.
fn count_before(seeds: &BTreeMap<u64, Failed>, seed: u64) -> usize {
    seeds.range(..seed).take(KEPT).count()
}

/// Failed runs by kind and seed.
#[derive(Debug, Default)]
pub(super) struct Failures {
    kinds: BTreeMap<Kind, BTreeMap<u64, Failed>>,
    /// The first bundle that could not be written, and why.
    unwritten: Option<BundleError>,
}

/// One failed run, on its way into the list.
#[derive(Debug)]
pub(super) struct Failing<'a> {
    /// The scenario's place in the command.
    pub(super) index: usize,
    /// What reports call it.
    pub(super) name: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) run: &'a Run,
}

impl Failing<'_> {
    /// `at-most-one, no-leak violated; served-or-told undecided`.
    fn kind(&self) -> Kind {
        let verdicts = &self.run.outcome.verdicts;
        let names = |found: Vec<(&str, &crate::properties::Finding)>, is: &str| {
            // Which they are makes the kind, not which came first.
            let mut names: Vec<&str> = found.into_iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            (!names.is_empty()).then(|| format!("{} {is}", names.join(", ")))
        };
        let ended = match (&self.run.outcome.budget.spent, self.run.outcome.settled) {
            (Some(_), _) => Some("out of its budget".to_owned()),
            (None, false) => Some("not settled".to_owned()),
            (None, true) => None,
        };
        let parts = [
            names(verdicts.violated(), "violated"),
            names(verdicts.undecided(), "undecided"),
            ended,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (self.index, parts.join("; "))
    }
}

impl Failures {
    /// Whether a failed run is one of the first of its kind, as far as is known yet, so that its bundle is kept.
    pub(super) fn wants(&self, failing: &Failing<'_>) -> bool {
        let seeds = self.kinds.get(&failing.kind());
        seeds.is_none_or(|seeds| count_before(seeds, failing.plan.seed) < KEPT)
    }

    /// Takes a failed run in, with its bundle if one was written. Where not `all` are kept, it goes again if runs that took
    /// longer turn out to come before it.
    pub(super) fn add(&mut self, failing: &Failing<'_>, bundle: Option<Bundle>, all: bool) {
        let Failing {
            plan, run, name, ..
        } = *failing;
        let seeds = self.kinds.entry(failing.kind()).or_default();
        let before = count_before(seeds, plan.seed);
        let file = bundle.as_ref().map(Bundle::plan);
        let text = (before < SHOWN).then(|| {
            report::describe(&Failure {
                run,
                name,
                steps: plan.timeline.len(),
                plan: file.as_deref(),
            })
        });
        let bundle = bundle.map(|bundle| bundle.directory);
        let mut failed = Failed { text, bundle };
        if !all && before >= KEPT {
            failed.forget_bundle();
        }
        seeds.insert(plan.seed, failed);
        if let Some(failed) = seeds.values_mut().nth(SHOWN) {
            failed.text = None;
        }
        if !all && let Some(failed) = seeds.values_mut().nth(KEPT) {
            failed.forget_bundle();
        }
    }

    /// Takes in that a bundle could not be written.
    pub(super) fn unwritten(&mut self, error: BundleError) {
        self.unwritten.get_or_insert(error);
    }

    /// Shows the first of each kind, and counts the others. `name` gives what reports call a scenario.
    pub(super) fn show<'a>(&self, name: impl Fn(usize) -> &'a str) {
        let mut texts = BTreeMap::new();
        for ((index, _), seeds) in &self.kinds {
            for (seed, failed) in seeds {
                texts.extend(failed.text.as_ref().map(|text| ((*index, *seed), text)));
            }
        }
        texts.values().for_each(|text| note(text));
        for ((index, what), seeds) in &self.kinds {
            let more: Vec<u64> = seeds.keys().copied().skip(SHOWN).collect();
            if more.is_empty() {
                continue;
            }
            let kept = seeds
                .values()
                .filter(|failed| failed.bundle.is_some())
                .count();
            let kept = if kept < seeds.len() {
                format!("\n  the bundles of the first {kept} are kept; --keep writes all")
            } else {
                String::new()
            };
            note(&format!(
                "\n{}: and {} like these ({what}): seeds {}{kept}",
                name(*index),
                counted(more.len(), "more run"),
                ranges(&more)
            ));
        }
    }

    /// The first bundle that could not be written.
    pub(super) fn first_unwritten(&self) -> Option<&BundleError> {
        self.unwritten.as_ref()
    }
}

/// `4..7, 9, 11..20`.
fn ranges(seeds: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for seed in seeds {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*seed) => *last = *seed,
            _ => runs.push((*seed, *seed)),
        }
    }
    let texts = runs.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}..{last}")
        }
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_in_a_row_are_written_as_a_range() {
        assert_eq!(ranges(&[4, 5, 6, 9, 11, 12]), "4..6, 9, 11..12");
        assert_eq!(ranges(&[u64::MAX]), u64::MAX.to_string());
    }
}
