//! `dispatchlab run`: every named scenario, every seed, judged and reported.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use scenarios::{known::Known, plan::Plan};

use super::{
    CommandFailure, Ended,
    args::RunArgs,
    interrupt::Interrupt,
    note, print,
    source::{self, Source},
};
use crate::{
    exit::ExitStatus,
    report::{self, Bundle, Failure, ScenarioReport},
    run::{Lab, Outcome, Patience, Run, RunError},
    target::Seams,
};

pub(super) fn run(args: &RunArgs) -> Ended {
    let today = super::today(args.today);
    let sources = source::all(&args.files)?;
    let set = source::settings(&args.parameters, &sources)?;
    let lab = Lab::new(args.transport, Seams::default());
    let sweep = Sweep {
        args,
        sources: &sources,
        set,
        lab,
        known: scenarios::known::known(),
        interrupt: Interrupt::listen(),
    };
    #[expect(
        clippy::disallowed_types,
        reason = "tells the user how long the sweep really took"
    )]
    let began = std::time::Instant::now();
    let (mut reports, failures) = sweep.run()?;
    reports = reports
        .into_iter()
        .map(|report| report.as_of(today))
        .collect();
    if args.seeds.is_some() && !sweep.interrupt.is_set() {
        reports = reports
            .into_iter()
            .map(|report| report.against_known(&sweep.known))
            .collect();
    }
    let status = if sweep.interrupt.is_set() {
        ExitStatus::Interrupted
    } else {
        report::overall(&reports)
    };
    for failure in &failures {
        note(failure);
    }
    for report in &reports {
        report::notes(report).iter().for_each(|text| note(text));
    }
    if args.json {
        let json = serde_json::json!({ "exit": status as u8, "scenarios": reports });
        print(&format!("{json:#}\n"))?;
    } else {
        print(&report::render(&reports))?;
        print(&summary(&reports, began.elapsed(), status))?;
    }
    Ok(status)
}

fn summary(reports: &[ScenarioReport], took: Duration, status: ExitStatus) -> String {
    let runs: usize = reports.iter().map(|report| report.runs).sum();
    let held: usize = reports.iter().map(|report| report.held).sum();
    let hours = reports.iter().map(|report| report.virtual_ms).sum::<u64>() as f64 / 3.6e6;
    let end = if status == ExitStatus::Interrupted {
        "interrupted; so far "
    } else {
        ""
    };
    format!(
        "\n{end}{held} of {runs} runs held{}: {hours:.1} h of virtual time in {:.2} s\n",
        but(reports),
        took.as_secs_f64()
    )
}

/// What the other runs came to, each run counted once.
fn but(reports: &[ScenarioReport]) -> String {
    let (mut violated, mut undecided, mut weak, mut known) = (0, 0, 0, 0);
    for report in reports {
        for outcome in &report.outcomes {
            match outcome.status() {
                ExitStatus::Violated => violated += 1,
                ExitStatus::Undecided => undecided += 1,
                ExitStatus::Held if report.is_weak() => weak += 1,
                ExitStatus::Held if outcome.has_known() => known += 1,
                ExitStatus::Held
                | ExitStatus::Weak
                | ExitStatus::Usage
                | ExitStatus::Nothing
                | ExitStatus::Internal
                | ExitStatus::Interrupted => {}
            }
        }
    }
    let named = [
        (violated, "violated"),
        (undecided, "undecided"),
        (weak, "weak"),
        (known, "known"),
    ];
    named
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(", {count} {what}"))
        .collect()
}

/// All runs of one command.
struct Sweep<'a> {
    args: &'a RunArgs,
    sources: &'a [Source],
    set: BTreeMap<String, String>,
    lab: Lab,
    /// What is known of the reference dispatcher, which is what is run here.
    known: Vec<Known>,
    interrupt: Interrupt,
}

/// What the threads of a sweep bring together: outcomes by scenario and seed, and failures to show.
#[derive(Default)]
struct Found {
    outcomes: Vec<BTreeMap<u64, Outcome>>,
    /// By scenario and seed, whichever thread was there first.
    failures: BTreeMap<(usize, u64), String>,
    broke: BTreeMap<(usize, u64), CommandFailure>,
}

impl Sweep<'_> {
    fn run(&self) -> Result<(Vec<ScenarioReport>, Vec<String>), CommandFailure> {
        let seeds = self.args.seeds.unwrap_or(1);
        let total = seeds * self.sources.len() as u64;
        let bar = progress(total);
        let next = AtomicU64::new(0);
        let empty = self.sources.iter().map(|_| BTreeMap::new()).collect();
        let found = Mutex::new(Found {
            outcomes: empty,
            ..Found::default()
        });
        let threads = self.args.jobs.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        std::thread::scope(|scope| {
            for _ in 0..threads.max(1) {
                scope.spawn(|| {
                    while let Some(turn) = self.next(&next, total) {
                        let (index, seed) = (turn / seeds, self.args.seed + turn % seeds);
                        self.turn(index as usize, seed, &found);
                        bar.inc(1);
                    }
                });
            }
        });
        bar.finish_and_clear();
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, failure)) = found.broke.into_iter().next() {
            // What is known all the same is said first.
            found.failures.values().for_each(|text| note(text));
            return Err(failure);
        }
        let named = self
            .sources
            .iter()
            .zip(found.outcomes)
            .filter(|(_, outcomes)| !outcomes.is_empty());
        let reports = named.map(|(source, outcomes)| {
            ScenarioReport::new(&source.name, outcomes.into_values().collect())
        });
        Ok((reports.collect(), found.failures.into_values().collect()))
    }

    fn next(&self, next: &AtomicU64, total: u64) -> Option<u64> {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        (turn < total && !self.interrupt.is_set()).then_some(turn)
    }

    fn turn(&self, index: usize, seed: u64, found: &Mutex<Found>) {
        let done = self.one(index, seed);
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Ok((outcome, failure)) => {
                let place = (index, seed);
                found.failures.extend(failure.map(|text| (place, text)));
                if let Some(outcomes) = found.outcomes.get_mut(index) {
                    outcomes.insert(outcome.seed, outcome);
                }
            }
            Err(failure) => {
                found.broke.insert((index, seed), failure);
            }
        }
    }

    fn one(&self, index: usize, seed: u64) -> Result<(Outcome, Option<String>), CommandFailure> {
        let Some(source) = self.sources.get(index) else {
            return Err(CommandFailure::internal(miette::miette!(
                "no scenario number {index}"
            )));
        };
        let mut plan = source.plan(seed, self.args.seeds.is_some(), &self.set)?;
        plan.expect.budget = self.args.budget.unwrap_or_default().or(plan.expect.budget);
        let place = format!("{}, seed {seed}", source.place);
        let lab = self.lab.clone().with_patience(last_word(place.clone()));
        let mut run = lab.run(&plan).map_err(|error| broke(&place, &error))?;
        if self.args.digests {
            run.add_digest()
                .map_err(|error| CommandFailure::internal(miette::miette!("{error}")))?;
        }
        run.outcome.allow_known(&source.name, &self.known);
        let failed = run.outcome.status() != ExitStatus::Held;
        if !failed && !self.args.keep {
            return Ok((run.outcome, None));
        }
        let failure = self.keep(source, &plan, &run)?;
        Ok((run.outcome, failed.then_some(failure)))
    }

    fn keep(&self, source: &Source, plan: &Plan, run: &Run) -> Result<String, CommandFailure> {
        let bundle = Bundle::write(&self.args.out, &source.name, plan, run)
            .map_err(|error| CommandFailure::internal(miette::miette!("{error}")))?;
        let steps = plan.timeline.len();
        Ok(report::describe(&Failure {
            run,
            name: &source.name,
            steps,
            plan: &bundle.plan(),
        }))
    }
}

/// Ends the process over a run whose thread never comes back: nothing else can end that.
fn last_word(place: String) -> Patience {
    Patience::with_last_word(Arc::new(move || {
        note(&format!(
            "{place}: its dispatcher blocks the thread it runs on, and nothing happens any more\n  there is no verdict"
        ));
        std::process::exit(i32::from(ExitStatus::Internal as u8));
    }))
}

/// Why there is no verdict of a run.
fn broke(place: &str, error: &RunError) -> CommandFailure {
    let report = miette::miette!("{place}: {error}");
    match error {
        RunError::Config(_) | RunError::Target(_) => CommandFailure::usage(report),
        RunError::Runtime(_) | RunError::Stalled { .. } => CommandFailure::internal(report),
    }
}

/// One line with a number, only where a person watches and the work is long enough to wonder about.
fn progress(total: u64) -> ProgressBar {
    if total < 100 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("runs {pos} of {len} · {per_sec} · {eta} left")
    {
        bar.set_style(style);
    }
    bar
}
