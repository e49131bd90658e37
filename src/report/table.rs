//! The table a run prints: one line a scenario, then what the columns mean.

use comfy_table::{CellAlignment, Table, presets};

use super::{Figures, ScenarioReport};
use crate::{exit::ExitStatus, properties};

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
            verdict(report),
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
    text
}

const LEGEND: &str = "
tested    properties the scenario put to the test; the others could not have failed in it
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

fn verdict(report: &ScenarioReport) -> String {
    match report.status() {
        ExitStatus::Held => "held".to_owned(),
        ExitStatus::Violated if report.runs > 1 => {
            format!(
                "VIOLATED in {} of {}",
                report.violated_seeds.len(),
                report.runs
            )
        }
        ExitStatus::Violated => "VIOLATED".to_owned(),
        ExitStatus::Unsettled => "did not settle".to_owned(),
        ExitStatus::Weak
        | ExitStatus::Usage
        | ExitStatus::Nothing
        | ExitStatus::Internal
        | ExitStatus::Interrupted => "weak".to_owned(),
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
