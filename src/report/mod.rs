//! Reports: the table for people, JSON for machines, the bundle of files that replays a run.

mod bundle;
mod failure;
mod table;

use serde::Serialize;

pub use bundle::{Bundle, BundleError};
pub use failure::{Failure, describe};
pub use table::render;

use crate::{
    costs::Costs,
    exit::ExitStatus,
    latency::{Latencies, percentile},
    run::Outcome,
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
    /// Runs in which every judged property held.
    pub held: usize,
    /// Seeds in which a property was violated.
    pub violated_seeds: Vec<u64>,
    /// Seeds that did not settle before their bound.
    pub unsettled_seeds: Vec<u64>,
    /// Properties the scenario is about that no run put to the test.
    pub weak: Vec<String>,
    /// Lines of the scenario whose trigger came in no run.
    pub steps_never_taken: Vec<usize>,
    /// Properties put to the test in at least one run.
    pub exercised: Vec<String>,
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
            outcomes
                .iter()
                .filter(|outcome| which(outcome))
                .map(|outcome| outcome.seed)
                .collect()
        };
        let violated_seeds = seeds(|outcome| !outcome.verdicts.violated().is_empty());
        let unsettled_seeds = seeds(|outcome| !outcome.settled);
        let in_every_run = |list: &dyn Fn(&Outcome) -> Vec<String>| -> Vec<String> {
            let mut lists = outcomes.iter().map(list);
            let first = lists.next().unwrap_or_default();
            lists.fold(first, |common, list| {
                common
                    .into_iter()
                    .filter(|item| list.contains(item))
                    .collect()
            })
        };
        let weak = in_every_run(&|outcome| outcome.weak().into_iter().map(str::to_owned).collect());
        let never = in_every_run(&|outcome| {
            outcome
                .steps_not_taken
                .iter()
                .map(usize::to_string)
                .collect()
        });
        let mut exercised: Vec<String> = outcomes
            .iter()
            .flat_map(|outcome| {
                outcome
                    .verdicts
                    .0
                    .keys()
                    .filter(|name| outcome.verdicts.exercised(name))
            })
            .cloned()
            .collect();
        exercised.sort();
        exercised.dedup();
        let mut latencies = Latencies::default();
        for outcome in &outcomes {
            latencies.extend(outcome.latencies.clone());
        }
        let mut costs = Costs::default();
        for outcome in &outcomes {
            costs.add(&outcome.costs);
        }
        Self {
            name: name.to_owned(),
            title: outcomes
                .first()
                .map(|outcome| outcome.scenario.clone())
                .unwrap_or_default(),
            runs: outcomes.len(),
            held: outcomes.len() - violated_seeds.len(),
            violated_seeds,
            unsettled_seeds,
            weak,
            steps_never_taken: never.iter().filter_map(|line| line.parse().ok()).collect(),
            exercised,
            hf_jobs: outcomes.iter().map(|outcome| outcome.hf_jobs).sum(),
            cost_micro_usd: outcomes.iter().map(|outcome| outcome.cost_micro_usd).sum(),
            costs,
            virtual_ms: outcomes.iter().map(|outcome| outcome.ended_at_ms).sum(),
            dispatch: Figures::of(&latencies.dispatch_ms),
            queue: Figures::of(&latencies.queue_ms),
            outcomes,
        }
    }

    /// The exit status this scenario asks for.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        if !self.violated_seeds.is_empty() {
            ExitStatus::Violated
        } else if !self.unsettled_seeds.is_empty() {
            ExitStatus::Unsettled
        } else if !self.weak.is_empty() || !self.steps_never_taken.is_empty() {
            ExitStatus::Weak
        } else {
            ExitStatus::Held
        }
    }
}

/// The exit status of a whole sweep: the worst thing that was found, a violation before all else.
#[must_use]
pub fn overall(reports: &[ScenarioReport]) -> ExitStatus {
    let statuses: Vec<_> = reports.iter().map(ScenarioReport::status).collect();
    let order = [
        ExitStatus::Violated,
        ExitStatus::Unsettled,
        ExitStatus::Weak,
    ];
    match order.into_iter().find(|status| statuses.contains(status)) {
        Some(worst) => worst,
        None if statuses.is_empty() => ExitStatus::Nothing,
        None => ExitStatus::Held,
    }
}
