//! `dispatchlab run`: every named scenario, every seed, judged and reported.

use std::{
    collections::BTreeMap,
    path::PathBuf,
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
    failures::{Failing, Failures},
    interrupt::Interrupt,
    note, out, print,
    source::{self, Source},
};
use crate::{
    exit::ExitStatus,
    report::{self, Bundle, ScenarioReport},
    run::{Lab, Outcome, Patience, Run, RunError},
    target::Seams,
};

pub(super) fn run(args: &RunArgs) -> Ended {
    let today = super::today(args.today);
    let sources = source::all(&args.files)?;
    source::drawn_anew(&sources, args.seed, args.seeds, &args.parameters)?;
    let set = source::settings(&args.parameters, &sources)?;
    let first = args.seed.unwrap_or(1);
    if first.checked_add(args.seeds.unwrap_or(1) - 1).is_none() {
        return Err(CommandFailure::usage(miette::miette!(
            help = "the largest seed is 18446744073709551615",
            "--seed {first} leaves no room for so many seeds"
        )));
    }
    let out = out::folder(args.out.as_deref(), args.keep)?;
    let lab = Lab::new(args.transport, Seams::default());
    let sweep = Sweep {
        args,
        first,
        out,
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
    let (reports, failures) = sweep.run()?;
    let (reports, hints): (Vec<_>, Vec<_>) = reports
        .into_iter()
        .map(|(source, report)| {
            let report = sweep.weighed(source, report.as_of(today));
            let hint = sweep.not_the_known_one(source, &report);
            (report, hint)
        })
        .unzip();
    let mut status = report::overall(&reports);
    let unwritten = failures.first_unwritten();
    if unwritten.is_some() {
        status = ExitStatus::Internal;
    }
    if sweep.interrupt.is_set() {
        status = ExitStatus::Interrupted;
    }
    failures.show(|index| sources.get(index).map_or("", |source| source.name.as_str()));
    for (report, hint) in reports.iter().zip(&hints) {
        report::notes(report).iter().for_each(|text| note(text));
        hint.iter().for_each(|hint| note(hint));
    }
    if args.json {
        let json = serde_json::json!({ "exit": status as u8, "scenarios": reports });
        print(&format!("{json:#}\n"))?;
    } else {
        print(&report::render(&reports))?;
        print(&summary(&reports, began.elapsed(), status))?;
    }
    match unwritten {
        Some(error) => Err(CommandFailure {
            report: out::failed(error),
            status,
        }),
        None => Ok(status),
    }
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
        "\n{end}{held} of {runs} runs held{}: {hours:.1} h of virtual time in {:.2} s\n{}",
        but(reports),
        took.as_secs_f64(),
        unserved(reports)
    )
}

/// What the other runs came to, each run counted once.
fn but(reports: &[ScenarioReport]) -> String {
    let (mut violated, mut undecided, mut stale, mut weak, mut known) = (0, 0, 0, 0, 0);
    for report in reports {
        for outcome in &report.outcomes {
            match outcome.status() {
                ExitStatus::Violated => violated += 1,
                ExitStatus::Undecided => undecided += 1,
                ExitStatus::Held if report.is_stale() => stale += 1,
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
        (
            stale,
            "with a waiver or a known fault that no longer counts",
        ),
        (weak, "weak"),
        (known, "known"),
    ];
    named
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!(", {count} {what}"))
        .collect()
}

/// A line about jobs that look meant for the dispatcher and that nobody serves, if there are any.
fn unserved(reports: &[ScenarioReport]) -> String {
    let jobs: usize = reports.iter().map(|report| report.unrouted.len()).sum();
    match jobs {
        0 => String::new(),
        1 => "1 job that looks meant for the dispatcher is served by nobody (above)\n".to_owned(),
        jobs => {
            format!("{jobs} jobs that look meant for the dispatcher are served by nobody (above)\n")
        }
    }
}

/// All runs of one command.
struct Sweep<'a> {
    args: &'a RunArgs,
    /// The first seed.
    first: u64,
    /// Where bundles are written.
    out: PathBuf,
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
    failures: Failures,
    broke: BTreeMap<(usize, u64), CommandFailure>,
}

/// The report of each scenario, with its source.
type Reports<'a> = Vec<(&'a Source, ScenarioReport)>;

impl Sweep<'_> {
    /// The report of each scenario that was run, with its source.
    fn run(&self) -> Result<(Reports<'_>, Failures), CommandFailure> {
        let seeds = self.args.seeds.unwrap_or(1);
        let total = seeds * self.sources.len() as u64;
        let bar = progress(total);
        let next = AtomicU64::new(0);
        let empty = self.sources.iter().map(|_| BTreeMap::new()).collect();
        let found = Mutex::new(Found {
            outcomes: empty,
            ..Found::default()
        });
        let threads = self.args.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            usize::from,
        );
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(turn) = self.next(&next, total) {
                        let (index, seed) = (turn / seeds, self.first + turn % seeds);
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
            let name = |index: usize| self.sources.get(index).map_or("", |it| it.name.as_str());
            found.failures.show(name);
            return Err(failure);
        }
        let named = self
            .sources
            .iter()
            .zip(found.outcomes)
            .filter(|(_, outcomes)| !outcomes.is_empty());
        let reports = named.map(|(source, outcomes)| {
            let report = ScenarioReport::new(&source.name, outcomes.into_values().collect());
            (source, report)
        });
        Ok((reports.collect(), found.failures))
    }

    /// A report against the list of known faults, all of which a sweep has to meet.
    fn weighed(&self, source: &Source, report: ScenarioReport) -> ScenarioReport {
        match source.built_in() {
            Some(scenario) if self.args.seeds.is_some() && !self.interrupt.is_set() => {
                report.against_known(scenario, &self.known)
            }
            _ => report,
        }
    }

    /// What to say of a file that breaks what the built-in scenario of its name is known to break.
    fn not_the_known_one(&self, source: &Source, report: &ScenarioReport) -> Option<String> {
        let entry = source.like.filter(|_| !source.is_it)?;
        let breaks = |known: &&Known| {
            known.scenario == entry.name
                && report.outcomes.iter().any(|outcome| {
                    outcome
                        .verdicts
                        .violated()
                        .iter()
                        .any(|(name, _)| *name == known.property)
                })
        };
        let known = self.known.iter().find(breaks)?;
        Some(format!(
            "{}: the built-in scenario {} is known to break {}; {} says something else, so it is judged on its own",
            report.name, entry.name, known.property, source.place
        ))
    }

    fn next(&self, next: &AtomicU64, total: u64) -> Option<u64> {
        let turn = next.fetch_add(1, Ordering::Relaxed);
        (turn < total && !self.interrupt.is_set()).then_some(turn)
    }

    fn turn(&self, index: usize, seed: u64, found: &Mutex<Found>) {
        let locked = || found.lock().unwrap_or_else(PoisonError::into_inner);
        let (plan, run) = match self.one(index, seed) {
            Ok(done) => done,
            Err(failure) => {
                locked().broke.insert((index, seed), failure);
                return;
            }
        };
        let name = self.sources.get(index).map_or("", |it| it.name.as_str());
        let failing = (run.outcome.status() != ExitStatus::Held).then_some(Failing {
            index,
            name,
            plan: &plan,
            run: &run,
        });
        let is_wanted = || {
            let failing = failing.as_ref();
            failing.is_some_and(|failing| locked().failures.wants(failing))
        };
        // Threads do not wait for each other's files.
        let written =
            (self.args.keep || is_wanted()).then(|| Bundle::write(&self.out, name, &plan, &run));
        let mut found = locked();
        let bundle = written.and_then(|written| {
            let unwritten = |error| found.failures.unwritten(error);
            written.map_err(unwritten).ok()
        });
        if let Some(failing) = failing {
            found.failures.add(&failing, bundle, self.args.keep);
        }
        if let Some(outcomes) = found.outcomes.get_mut(index) {
            outcomes.insert(run.outcome.seed, run.outcome);
        }
    }

    fn one(&self, index: usize, seed: u64) -> Result<(Plan, Run), CommandFailure> {
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
        if let Some(scenario) = source.built_in() {
            run.outcome.allow_known(scenario, &self.known);
        }
        Ok((plan, run))
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
