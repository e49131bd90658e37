//! What a person is told besides the table: what was not tried, what was waived or known, and whose jobs nobody serves.

use super::ScenarioReport;
use crate::{
    properties::Verdict,
    run::{News, Outcome, Struck, Tested, occasions, spent_in_words},
};

/// One sentence each, with the scenario's name before it.
#[must_use]
pub fn notes(report: &ScenarioReport) -> Vec<String> {
    let mut notes = Vec::new();
    undecided(report, &mut notes);
    waived_and_known(report, &mut notes);
    weakness(report, &mut notes);
    struck_in_part(report, &mut notes);
    for job in &report.unrouted {
        notes.push(job.in_words());
    }
    let named = notes.into_iter();
    named
        .map(|note| format!("{}: {note}", report.name))
        .collect()
}

fn undecided(report: &ScenarioReport, notes: &mut Vec<String>) {
    if !report.unsettled_seeds.is_empty() {
        notes.push(format!(
            "did not settle before its bound, seeds {:?}",
            report.unsettled_seeds
        ));
    }
    let spent = report.outcomes.iter().find_map(|outcome| {
        let spent = outcome.budget.spent.as_ref()?;
        Some((outcome.seed, spent))
    });
    if let Some((seed, spent)) = spent {
        let more = match report.spent_seeds.len() {
            1 => String::new(),
            seeds => format!(", and {} more seeds like it", seeds - 1),
        };
        notes.push(format!(
            "undecided: {} (seed {seed}{more})",
            spent_in_words(spent)
        ));
    }
    // One run stands for those that say the same.
    let first = report
        .outcomes
        .iter()
        .find(|outcome| !outcome.verdicts.undecided().is_empty());
    for (property, found) in first
        .iter()
        .flat_map(|outcome| outcome.verdicts.undecided())
    {
        notes.push(format!("{property} is undecided: {}", found.in_words()));
    }
}

fn waived_and_known(report: &ScenarioReport, notes: &mut Vec<String>) {
    for waiver in &report.waivers_expired {
        notes.push(format!(
            "the waiver of {waiver} has expired\n  mend what it was for, or say anew until when it is good: `expires: …`"
        ));
    }
    for property in &report.waivers_unused {
        notes.push(format!(
            "the waiver of {property} was not needed in any run\n  remove it from `expect: {{ waive: … }}`"
        ));
    }
    for entry in &report.known_unmet {
        notes.push(format!(
            "{entry} of scenarios/known.yaml was broken in no run\n  it seems to be mended: remove it from the list"
        ));
    }
    let mut said = Vec::new();
    for (property, verdict) in report
        .outcomes
        .iter()
        .flat_map(|outcome| &outcome.verdicts.0)
    {
        let note = match verdict {
            Verdict::Known { reason, .. } => format!("{property} is broken, as is known: {reason}"),
            Verdict::Waived {
                reason,
                link,
                expires,
                ..
            } => format!("{property} is waived, expires {expires}: {reason} ({link})"),
            Verdict::Held { .. }
            | Verdict::Violated(_)
            | Verdict::NotExercised { .. }
            | Verdict::Undecided(_) => continue,
        };
        if !said.contains(&note) {
            said.push(note);
        }
    }
    notes.append(&mut said);
}

fn weakness(report: &ScenarioReport, notes: &mut Vec<String>) {
    let word = match report.tested() {
        Tested::Reference => "weak",
        Tested::Other => "not exercised",
    };
    // What could not be given is the reason for all of them.
    let unjudged = !report.outcomes.iter().any(Outcome::is_judged);
    for property in report.weak.iter().filter(|_| !unjudged) {
        let why =
            report
                .outcomes
                .iter()
                .find_map(|outcome| match outcome.verdicts.0.get(property) {
                    Some(Verdict::NotExercised { why }) => Some(why.as_str()),
                    Some(
                        Verdict::Held { .. }
                        | Verdict::Violated(_)
                        | Verdict::Known { .. }
                        | Verdict::Waived { .. }
                        | Verdict::Undecided(_),
                    )
                    | None => None,
                });
        notes.push(format!(
            "{word}: {property} was never put to the test: {}",
            why.unwrap_or("its occasion never came")
        ));
    }
    for reason in &report.not_given {
        notes.push(format!("{word}: {reason}"));
    }
    for step in &report.steps_never_taken {
        notes.push(format!(
            "{word}: the step `{}` in line {} was never taken: {}",
            step.step, step.line, step.why
        ));
    }
    for fault in report.missed() {
        notes.push(format!(
            "{word}: {} never struck: {}",
            fault.name(),
            fault.why_not()
        ));
    }
}

fn struck_in_part(report: &ScenarioReport, notes: &mut Vec<String>) {
    let missed = report.missed();
    for fault in &report.faults {
        match fault.news() {
            News::Unlucky if !missed.contains(&fault) && !fault.may_miss => notes.push(format!(
                "{} did not strike: {}",
                fault.name(),
                fault.why_not()
            )),
            News::Part if !fault.may_miss => notes.push(in_part(fault)),
            News::Unlucky | News::Part | News::NoOccasion | News::None => {}
        }
    }
}

fn in_part(fault: &Struck) -> String {
    format!(
        "{} struck {} of {} times: it had {}",
        fault.name(),
        fault.strikes,
        fault.times.unwrap_or_default(),
        occasions(fault.occasions)
    )
}
