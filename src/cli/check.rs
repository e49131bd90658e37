//! `dispatchlab check`: is a scenario well-formed? Every file gets its one clear error, and its warnings.

use scenarios::{Choices, Document, FLAVORS, ScenarioError, plan::Plan};

use super::{
    CommandFailure, Ended,
    args::CheckArgs,
    note, print, source,
    text::{Text, Unread},
};
use crate::{exit::ExitStatus, report::counted, run::terms_of};

/// What is wrong with a file.
enum Wrong {
    /// It could not be read.
    Unread(Unread),
    /// It is no scenario.
    Scenario(ScenarioError),
}

pub(super) fn check(args: &CheckArgs) -> Ended {
    let mut status = ExitStatus::Held;
    for found in source::texts(&args.files)? {
        let (name, place) = (found.name.clone(), found.place.clone());
        match planned(found) {
            Ok((steps, warnings)) => {
                if args.json {
                    let json = serde_json::json!({
                        "file": place, "ok": true, "steps": steps, "warnings": json_of(&warnings),
                    });
                    print(&format!("{json}\n"))?;
                } else {
                    print(&format!(
                        "{name}: well-formed, {}\n",
                        counted(steps, "step")
                    ))?;
                    warnings.iter().for_each(warn);
                }
            }
            Err(wrong) => {
                status = ExitStatus::Usage;
                if args.json {
                    print(&format!("{}\n", wrong.json(&place)))?;
                } else {
                    note(&format!("{:?}", wrong.report()));
                }
            }
        }
    }
    Ok(status)
}

/// How many steps a file has, and what is odd about it. A scenario that parses can still name a job that does not exist: that is
/// seen when it is planned.
fn planned(found: Text) -> Result<(usize, Vec<ScenarioError>), Wrong> {
    let text = found.text.map_err(Wrong::Unread)?;
    let planned = Document::parse(&found.place, &text).and_then(|document| {
        let plan = document.plan(&Choices::default())?;
        Ok((plan.timeline.len(), unrouted(&document, &plan)?))
    });
    planned.map_err(Wrong::Scenario)
}

/// Jobs that look meant for the dispatcher and that its rules do not route: nobody will serve them.
fn unrouted(document: &Document, plan: &Plan) -> Result<Vec<ScenarioError>, ScenarioError> {
    let terms = terms_of(plan);
    let looks_meant = |labels: &[String]| terms.looks_meant(labels);
    let mut warnings = Vec::new();
    for queue in document.labels()? {
        let labels: Vec<String> = queue.iter().map(|(label, _)| label.clone()).collect();
        if !looks_meant(&labels) {
            continue;
        }
        let near = |(label, _): &&(String, _)| looks_meant(std::slice::from_ref(label));
        let Some((label, place)) = queue.iter().find(near).or(queue.first()) else {
            continue;
        };
        warnings.push(document.odd(*place, &nobody_serves(label)));
    }
    Ok(warnings)
}

/// Why nobody serves a label, and what may have been meant.
fn nobody_serves(label: &str) -> String {
    let closest = |word: &str| {
        let scored = FLAVORS
            .iter()
            .map(|flavor| (strsim::osa_distance(word, flavor), *flavor));
        let best = scored.min_by_key(|(distance, _)| *distance)?;
        (best.0 <= 3).then_some(best.1)
    };
    let named = label.strip_prefix("hf-jobs-");
    let flavor = named.and_then(|flavor| flavor.split(':').next());
    match flavor {
        Some(flavor) if !FLAVORS.contains(&flavor) => match closest(flavor) {
            Some(meant) => format!(
                "no flavor `{flavor}`, so nobody serves this job\ndid you mean `hf-jobs-{meant}`?"
            ),
            None => format!(
                "no flavor `{flavor}`, so nobody serves this job\nflavors: {}",
                FLAVORS.join(", ")
            ),
        },
        _ => format!(
            "`{label}` looks meant for the dispatcher, and its rules do not route this job: nobody serves it\nwrite the labels of one of its rules, such as `hf-jobs-cpu-basic` alone, or say what it serves in `world.dispatcher.rules`"
        ),
    }
}

fn json_of(warnings: &[ScenarioError]) -> Vec<serde_json::Value> {
    let one = |warning: &ScenarioError| {
        let (line, column) = warning.place();
        serde_json::json!({
            "line": line, "column": column, "warning": warning.what(), "help": warning.help_text(),
        })
    };
    warnings.iter().map(one).collect()
}

fn warn(warning: &ScenarioError) {
    let help = warning.help_text().map(|help| format!("\n  {help}"));
    note(&format!("warning: {warning}{}", help.unwrap_or_default()));
}

impl Wrong {
    fn json(&self, file: &str) -> serde_json::Value {
        let (at, error, help) = match self {
            Self::Unread(unread) => (unread.at, unread.in_words(), Some(unread.help)),
            Self::Scenario(error) => (Some(error.place()), error.to_string(), error.help_text()),
        };
        serde_json::json!({
            "file": file,
            "ok": false,
            "line": at.map(|(line, _)| line),
            "column": at.map(|(_, column)| column),
            "error": error,
            "help": help,
        })
    }

    fn report(self) -> miette::Report {
        match self {
            Self::Unread(unread) => unread.report(),
            Self::Scenario(error) => CommandFailure::usage(error).report,
        }
    }
}
