//! The table a run prints: one line a scenario, then what the columns mean.

use comfy_table::{CellAlignment, Table, presets};

use super::{Figures, ScenarioReport, counted};
use crate::{exit::ExitStatus, properties, run::Tested};

/// The reports as text for a terminal or a log.
#[must_use]
pub fn render(reports: &[ScenarioReport]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "scenario",
        "runs",
        "verdict",
        "tested",
        "dispatch p50 / p99",
        "queued p50 / p99",
        "HF jobs",
        "cost",
    ]);
    for report in reports {
        table.add_row([
            report.name.clone(),
            report.runs.to_string(),
            with_unserved(verdict(report), report.unrouted.len()),
            format!("{} of {}", tested(report), properties::ALL.len()),
            figures(report.dispatch),
            figures(report.queue),
            report.hf_jobs.to_string(),
            dollars(report.cost_micro_usd),
        ]);
    }
    for column in [1, 4, 5, 6, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    text.push_str(LEGEND);
    if reports.iter().any(|report| !report.unrouted.is_empty()) {
        text.push_str(UNSERVED);
    }
    text
}

const UNSERVED: &str = "unserved  jobs that look meant for the dispatcher, and that it is not to serve: their labels, or their repository\n";

const LEGEND: &str = "
tested    properties whose occasion came, so that they could have failed; --json says how often
dispatch  webhook for a queued job sent -> HF job requested, in the scenario's own time
queued    job queued -> job started on a runner, in the scenario's own time
";

fn tested(report: &ScenarioReport) -> usize {
    let is_property = |name: &&String| {
        properties::ALL
            .iter()
            .any(|property| property.name == name.as_str())
    };
    report.exercised.iter().filter(is_property).count()
}

/// The gravest thing first; what did not fail but is not plainly held either is named behind it.
fn verdict(report: &ScenarioReport) -> String {
    let of_runs = |what: &str, seeds: usize| match report.runs {
        1 => what.to_owned(),
        runs => format!("{what} in {seeds} of {runs}"),
    };
    match report.status() {
        ExitStatus::Held if !report.known_seeds.is_empty() => {
            of_runs("known", report.known_seeds.len())
        }
        ExitStatus::Held => "held".to_owned(),
        ExitStatus::Violated if !report.violated_seeds.is_empty() => {
            of_runs("VIOLATED", report.violated_seeds.len())
        }
        ExitStatus::Violated if !report.known_unmet.is_empty() => "KNOWN, NOT MET".to_owned(),
        ExitStatus::Violated => "WAIVER STALE".to_owned(),
        ExitStatus::Undecided if report.undecided_seeds.is_empty() => {
            of_runs("did not settle", report.unsettled_seeds.len())
        }
        ExitStatus::Undecided => of_runs("undecided", report.undecided_seeds.len()),
        ExitStatus::Weak => match report.tested() {
            Tested::Reference => "weak".to_owned(),
            Tested::Other => "not exercised".to_owned(),
        },
        ExitStatus::Usage | ExitStatus::Nothing => "nothing ran".to_owned(),
        ExitStatus::Internal | ExitStatus::Interrupted => "broke off".to_owned(),
    }
}

/// A verdict, with the jobs beside it that look meant for the dispatcher and that nobody serves.
fn with_unserved(verdict: String, jobs: usize) -> String {
    match jobs {
        0 => verdict,
        jobs => format!("{verdict} ({} unserved)", counted(jobs, "job")),
    }
}

fn figures(figures: Figures) -> String {
    match (figures.p50_ms, figures.p99_ms) {
        (Some(p50), Some(p99)) => format!("{} / {}", time(p50), time(p99)),
        _ => "-".to_owned(),
    }
}

/// Milliseconds for people.
#[must_use]
pub(super) fn time(ms: u64) -> String {
    match ms {
        0..=999 => format!("{ms} ms"),
        1_000..=99_999 => format!("{:.1} s", ms as f64 / 1e3),
        100_000..=5_999_999 => format!("{:.0} min", ms as f64 / 6e4),
        _ => format!("{:.1} h", ms as f64 / 3.6e6),
    }
}

fn dollars(micro_usd: u64) -> String {
    format!("${:.4}", micro_usd as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_unit_a_person_would_use() {
        let written: Vec<_> = [12, 1_500, 61_000, 120_000, 8 * 3_600_000]
            .into_iter()
            .map(time)
            .collect();
        assert_eq!(written, ["12 ms", "1.5 s", "61.0 s", "2 min", "8.0 h"]);
    }
}
