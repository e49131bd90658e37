//! routing (I11): every HF job has a flavor and exactly the runner labels that some job queued before it
//! asked for, and no runner of one class is given a job of another.

use std::collections::{BTreeMap, BTreeSet};

use fakes::history::What;

use super::{Judgement, Terms, ledger::Ledger, rules::label_set};

pub(super) fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no job was queued that asks for anything");
    let mut asked: BTreeMap<&str, BTreeSet<BTreeSet<String>>> = BTreeMap::new();
    for event in ledger.events {
        match &event.event {
            What::JobQueued { labels, .. } | What::JobWaiting { labels, .. } => {
                let set = label_set(labels.iter().map(String::as_str));
                // A job that must not be routed puts the property to the test as well.
                judgement.occasions(usize::from(!set.is_empty()));
                if let Some(flavor) = terms.rules.flavor(labels.iter().map(String::as_str)) {
                    asked.entry(flavor).or_default().insert(set);
                }
            }
            What::HfCreated {
                flavor,
                runner_labels,
                ..
            } => {
                let why = mismatch(asked.get(flavor.as_str()), flavor, runner_labels);
                judgement.breach_if(event.id, why);
            }
            What::RunnerAssigned {
                job,
                hf_job: Some(hf_job),
                ..
            } => {
                let wants = ledger.jobs.get(job).and_then(|life| life.flavor);
                let has = ledger.hf_jobs.get(hf_job).map(|life| life.flavor);
                let why = wrong_class(&ledger.job_named(*job), wants, has);
                judgement.breach_if(event.id, why);
            }
            _ => {}
        }
    }
    judgement
}

fn mismatch(
    asked: Option<&BTreeSet<BTreeSet<String>>>,
    flavor: &str,
    labels: &[String],
) -> Option<String> {
    let Some(asked) = asked else {
        return Some(format!(
            "an HF job on {flavor}, which no queued job asked for"
        ));
    };
    let given = label_set(labels.iter().map(String::as_str));
    // A dispatcher may hide its labels inside its image; then only the assignment can tell.
    let wrong = !given.is_empty() && !asked.contains(&given);
    wrong.then(|| format!("a runner on {flavor} with labels {given:?}, which no queued job has"))
}

fn wrong_class(job: &str, wants: Option<&str>, has: Option<&str>) -> Option<String> {
    (wants != has).then(|| {
        let wants = wants.unwrap_or("no runner of ours");
        format!(
            "{job} asks for {wants} and was given a runner on {}",
            has.unwrap_or("nothing")
        )
    })
}
