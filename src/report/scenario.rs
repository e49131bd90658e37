//! [`ScenarioReport`]: what all runs of one scenario came to, and the exit status that asks for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use scenarios::known::Known;
use serde::Serialize;

use crate::{
    costs::Costs,
    exit::ExitStatus,
    latency::{Latencies, percentile},
    properties::Verdict,
    run::{News, NotTaken, Outcome, SEEDS_TO_BE_LUCKY, Struck, Tested, Unrouted},
};

/// What all runs of one scenario came to.
#[derive(Clone, Debug, Serialize)]
pub struct ScenarioReport {
    /// Its name: the corpus entry's, or the file's stem.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How many seeds were run.
    pub runs: usize,
    /// Runs in which everything judged held, without a known fault. None of them, if the scenario is weak.
    pub held: usize,
    /// Seeds in which a property was violated.
    pub violated_seeds: Vec<u64>,
    /// Seeds in which a property was broken that is known to be.
    pub known_seeds: Vec<u64>,
    /// Seeds that did not settle before their bound.
    pub unsettled_seeds: Vec<u64>,
    /// Seeds that ended too early to decide a property, or because a part of their budget was spent.
    pub undecided_seeds: Vec<u64>,
    /// Seeds whose run was ended because a part of its budget was spent.
    pub spent_seeds: Vec<u64>,
    /// Properties the scenario is about that no run put to the test.
    pub weak: Vec<String>,
    /// Steps whose trigger came in no run, or that found nothing to act on; with the reason in the first run.
    pub steps_never_taken: Vec<NotTaken>,
    /// What the scenario asks for that the target could not be given, each with the reason.
    pub not_given: Vec<String>,
    /// What became of each fault, over all runs.
    pub faults: Vec<Struck>,
    /// Jobs that look meant for the dispatcher though its rules do not route them, of the first run that had any.
    pub unrouted: Vec<Unrouted>,
    /// Waivers that no run needed.
    pub waivers_unused: Vec<String>,
    /// Waivers whose last day is over.
    pub waivers_expired: Vec<String>,
    /// Properties that the list of known faults names here and no run broke.
    pub known_unmet: Vec<String>,
    /// Properties put to the test in at least one run.
    pub exercised: Vec<String>,
    /// How often the occasion of each property came, over all runs.
    pub occasions: BTreeMap<String, u64>,
    /// HF jobs created, over all runs.
    pub hf_jobs: usize,
    /// What they cost, in millionths of a US dollar.
    pub cost_micro_usd: u64,
    /// The parts of that.
    pub costs: Costs,
    /// Time of the worlds, milliseconds, over all runs.
    pub virtual_ms: u64,
    /// Dispatch latency: delivery sent -> HF create received.
    pub dispatch: Figures,
    /// Queue time: job queued -> job started.
    pub queue: Figures,
    /// Every run's verdicts.
    pub outcomes: Vec<Outcome>,
}

/// Percentiles of one figure, milliseconds of the world's own time.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Figures {
    /// How many samples.
    pub samples: usize,
    /// Median.
    pub p50_ms: Option<u64>,
    /// 99th percentile.
    pub p99_ms: Option<u64>,
}

impl Figures {
    fn of(samples: &[u64]) -> Self {
        Self {
            samples: samples.len(),
            p50_ms: percentile(samples, 0.5),
            p99_ms: percentile(samples, 0.99),
        }
    }
}

impl ScenarioReport {
    /// Sums up the runs of one scenario.
    #[must_use]
    pub fn new(name: &str, outcomes: Vec<Outcome>) -> Self {
        let seeds = |which: fn(&Outcome) -> bool| -> Vec<u64> {
            let chosen = outcomes.iter().filter(|outcome| which(outcome));
            chosen.map(|outcome| outcome.seed).collect()
        };
        let mut latencies = Latencies::default();
        let mut costs = Costs::default();
        for outcome in &outcomes {
            latencies.extend(outcome.latencies.clone());
            costs.add(&outcome.costs);
        }
        let occasions = occasions(&outcomes);
        let mut report = Self {
            name: name.to_owned(),
            title: outcomes
                .first()
                .map(|outcome| outcome.scenario.clone())
                .unwrap_or_default(),
            runs: outcomes.len(),
            held: 0,
            violated_seeds: seeds(|outcome| !outcome.verdicts.violated().is_empty()),
            known_seeds: seeds(Outcome::has_known),
            unsettled_seeds: seeds(|outcome| {
                !outcome.settled
                    && !outcome.interrupted
                    && outcome.is_judged()
                    && outcome.budget.spent.is_none()
            }),
            undecided_seeds: seeds(|outcome| {
                !outcome.verdicts.undecided().is_empty()
                    || outcome.budget.spent.is_some()
                    || outcome.interrupted
            }),
            spent_seeds: seeds(|outcome| outcome.budget.spent.is_some()),
            weak: in_every_run(&outcomes, |outcome| {
                outcome.weak().into_iter().map(str::to_owned).collect()
            }),
            steps_never_taken: steps_never_taken(&outcomes),
            not_given: in_every_run(&outcomes, |outcome| outcome.not_given.clone()),
            faults: faults(&outcomes),
            unrouted: outcomes
                .iter()
                .map(|outcome| outcome.unrouted.clone())
                .find(|unrouted| !unrouted.is_empty())
                .unwrap_or_default(),
            waivers_unused: in_every_run(&outcomes, unused_waivers),
            waivers_expired: Vec::new(),
            known_unmet: Vec::new(),
            exercised: exercised(&outcomes),
            occasions,
            hf_jobs: outcomes.iter().map(|outcome| outcome.hf_jobs).sum(),
            cost_micro_usd: outcomes.iter().map(|outcome| outcome.cost_micro_usd).sum(),
            costs,
            virtual_ms: outcomes.iter().map(|outcome| outcome.ended_at_ms).sum(),
            dispatch: Figures::of(&latencies.dispatch_ms),
            queue: Figures::of(&latencies.queue_ms),
            outcomes,
        };
        report.held = report.count_held();
        report
    }

    /// Runs that count as held: none of a scenario that is weak, or whose waivers or known faults are stale.
    fn count_held(&self) -> usize {
        if self.is_weak() || self.is_stale() {
            return 0;
        }
        let held =
            |outcome: &&Outcome| outcome.status() == ExitStatus::Held && !outcome.has_known();
        self.outcomes.iter().filter(held).count()
    }

    /// True if a waiver has expired or was not needed, or a known fault was not met.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        let lists = [
            &self.waivers_unused,
            &self.waivers_expired,
            &self.known_unmet,
        ];
        lists.iter().any(|list| !list.is_empty())
    }

    /// The report as of this day: waivers whose last day is over are none.
    #[must_use]
    pub fn as_of(mut self, today: Date) -> Self {
        let verdicts = self.outcomes.iter().flat_map(|outcome| &outcome.verdicts.0);
        let expired = verdicts.filter_map(|(name, verdict)| match verdict {
            Verdict::Waived { expires, .. } if *expires < today => {
                Some(format!("{name} (expired {expires})"))
            }
            Verdict::Waived { .. }
            | Verdict::Held { .. }
            | Verdict::Violated(_)
            | Verdict::Known { .. }
            | Verdict::NotExercised { .. }
            | Verdict::Undecided(_) => None,
        });
        self.waivers_expired = expired.collect();
        self.waivers_expired.sort();
        self.waivers_expired.dedup();
        self.held = self.count_held();
        self
    }

    /// The report of a sweep over this built-in scenario, in which every known fault of it must be met: what was mended leaves
    /// the list.
    #[must_use]
    pub fn against_known(mut self, scenario: &str, known: &[Known]) -> Self {
        let unmet = known.iter().filter(|entry| {
            let mut about = self
                .outcomes
                .iter()
                .filter(|outcome| entry.is_about(scenario, outcome.seed))
                .peekable();
            about.peek().is_some()
                && !about.any(|outcome| {
                    let verdict = outcome.verdicts.0.get(&entry.property);
                    matches!(verdict, Some(Verdict::Known { .. }))
                })
        });
        let named = unmet.map(|entry| format!("{} (line {})", entry.property, entry.line));
        self.known_unmet = named.collect();
        self.held = self.count_held();
        self
    }

    /// Who was tested in it.
    #[must_use]
    pub fn tested(&self) -> Tested {
        let first = self.outcomes.first();
        first.map_or(Tested::Reference, |outcome| outcome.tested)
    }

    /// Faults that never struck though they were to: without an occasion, or with so many seeds that it is no bad luck.
    #[must_use]
    pub fn missed(&self) -> Vec<&Struck> {
        let missed = |fault: &&Struck| match fault.news() {
            News::NoOccasion => !fault.may_miss,
            News::Unlucky => !fault.may_miss && self.runs >= SEEDS_TO_BE_LUCKY,
            News::Part | News::None => false,
        };
        self.faults.iter().filter(missed).collect()
    }

    /// True if something the scenario is about was not put to the test.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        !self.weak.is_empty()
            || !self.steps_never_taken.is_empty()
            || !self.not_given.is_empty()
            || !self.missed().is_empty()
    }

    /// The exit status this scenario asks for.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        let mut found: Vec<_> = self.outcomes.iter().map(Outcome::status).collect();
        if self.is_stale() {
            found.push(ExitStatus::Violated);
        }
        if self.is_weak() {
            found.push(ExitStatus::Weak);
        }
        ExitStatus::gravest(found)
    }
}

/// What every run has in its list.
fn in_every_run<T: PartialEq>(outcomes: &[Outcome], list: impl Fn(&Outcome) -> Vec<T>) -> Vec<T> {
    let mut lists = outcomes.iter().map(list);
    let first = lists.next().unwrap_or_default();
    lists.fold(first, |mut common, list| {
        common.retain(|item| list.contains(item));
        common
    })
}

/// The steps that no run took, as the first of them has it.
fn steps_never_taken(outcomes: &[Outcome]) -> Vec<NotTaken> {
    let lines = in_every_run(outcomes, |outcome| {
        let steps = outcome.steps_not_taken.iter();
        steps.map(|step| step.line).collect()
    });
    let first = outcomes.first().map(|first| first.steps_not_taken.clone());
    let mut steps = first.unwrap_or_default();
    steps.retain(|step| lines.contains(&step.line));
    steps
}

/// The waivers without which nothing would have been different.
fn unused_waivers(outcome: &Outcome) -> Vec<String> {
    let verdicts = outcome.verdicts.0.iter();
    let unused = verdicts.filter_map(|(name, verdict)| match verdict {
        Verdict::Waived { instead_of, .. } => {
            let needed = instead_of.is_violated() || instead_of.is_undecided();
            (!needed).then(|| name.clone())
        }
        Verdict::Held { .. }
        | Verdict::Violated(_)
        | Verdict::Known { .. }
        | Verdict::NotExercised { .. }
        | Verdict::Undecided(_) => None,
    });
    unused.collect()
}

/// The counts of each fault, over all runs.
fn faults(outcomes: &[Outcome]) -> Vec<Struck> {
    let mut summed: Vec<Struck> = Vec::new();
    for outcome in outcomes {
        for (index, fault) in outcome.faults.iter().enumerate() {
            match summed.get_mut(index) {
                Some(known) => known.add(fault),
                None => summed.push(fault.clone()),
            }
        }
    }
    summed
}

fn exercised(outcomes: &[Outcome]) -> Vec<String> {
    let names = outcomes.iter().flat_map(|outcome| {
        let names = outcome.verdicts.0.keys();
        names.filter(|name| outcome.verdicts.exercised(name))
    });
    let mut exercised: Vec<String> = names.cloned().collect();
    exercised.sort();
    exercised.dedup();
    exercised
}

fn occasions(outcomes: &[Outcome]) -> BTreeMap<String, u64> {
    let mut occasions: BTreeMap<String, u64> = BTreeMap::new();
    for (name, verdict) in outcomes.iter().flat_map(|outcome| &outcome.verdicts.0) {
        *occasions.entry(name.clone()).or_default() += verdict.occasions();
    }
    occasions
}
