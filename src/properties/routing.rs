//! routing (I11): every HF job has a flavor and exactly the runner labels that some routed job announced before it asked for, and no
//! runner of one class is given a job of another.

use std::collections::{BTreeMap, BTreeSet};

use fakes::history::What;

use super::{Context, Judgement, lanes::LabelSet, ledger::Kinds, rules::label_set};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let (ledger, terms) = (context.ledger, context.terms);
    let mut judgement = Judgement::new("no job with labels was queued, and no HF job was created");
    let mut asked: BTreeMap<&str, BTreeSet<LabelSet>> = BTreeMap::new();
    // A declared pool asks before any job does.
    for labels in terms.warm.keys() {
        if let Some(flavor) = terms.rules.flavor(labels.iter().map(String::as_str)) {
            asked.entry(flavor).or_default().insert(labels.clone());
        }
    }
    for event in ledger.only(Kinds::LIVES) {
        match &event.event {
            What::JobQueued { labels, .. } | What::JobWaiting { labels, .. } => {
                let set = label_set(labels.iter().map(String::as_str));
                match terms.rules.flavor(labels.iter().map(String::as_str)) {
                    Some(flavor) => {
                        asked.entry(flavor).or_default().insert(set);
                    }
                    None if !set.is_empty() => judgement.occasion(),
                    None => {}
                }
            }
            What::HfCreated {
                flavor,
                runner_labels,
                ..
            } => {
                judgement.occasion();
                judgement.breach_if(
                    event.id,
                    mismatch(asked.get(flavor.as_str()), flavor, runner_labels),
                );
            }
            What::RunnerOnline {
                runner,
                hf_job: Some(hf_job),
                ..
            } => {
                let flavor = ledger.hf_jobs.get(hf_job).map(|life| life.flavor);
                let labels = ledger.runners.get(runner).map(|life| life.labels);
                if let (Some(flavor), Some(labels)) = (flavor, labels) {
                    judgement.breach_if(event.id, mismatch(asked.get(flavor), flavor, labels));
                }
            }
            What::RunnerAssigned {
                job,
                hf_job: Some(hf_job),
                ..
            } => {
                let wants = ledger.jobs.get(job).and_then(|life| life.flavor);
                let has = ledger.hf_jobs.get(hf_job).map(|life| life.flavor);
                judgement.breach_if(event.id, wrong_class(&ledger.job_named(*job), wants, has));
            }
            _ => {}
        }
    }
    judgement
}

fn mismatch(asked: Option<&BTreeSet<LabelSet>>, flavor: &str, labels: &[String]) -> Option<String> {
    let Some(asked) = asked else {
        return Some(format!(
            "an HF job on {flavor}, which no queued job asked for"
        ));
    };
    let given = label_set(labels.iter().map(String::as_str));
    // A dispatcher may hide its labels inside its image; then only the runner can tell.
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
