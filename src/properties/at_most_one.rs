//! at-most-one (I3): HF jobs are explained by demand. Of each flavor, no more are ever created than jobs
//! have been queued plus earlier HF jobs that ended (or failed to connect) without having run a job.
//! Duplicates, redeliveries, lost answers and crashes are no explanation.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Signed, What},
    ids::{HfJobId, JobId},
};

use super::{
    Judgement, Terms,
    ledger::{Ledger, ends_hf_job},
};

#[derive(Default)]
struct Count {
    jobs: BTreeSet<JobId>,
    created: usize,
    spent: BTreeSet<HfJobId>,
}

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no HF job was created");
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for event in ledger.events {
        match &event.event {
            What::JobQueued { job, .. } => want(ledger, &mut counts, *job),
            // GitHub sometimes announces a job as queued that then waits for an approval after all.
            What::DeliveryCreated {
                job: Some(job),
                action: Some(action),
                signed: Signed::Lab,
                ..
            } if action == "queued" => {
                want(ledger, &mut counts, *job);
            }
            What::HfCreated { flavor, .. } => {
                judgement.occasion();
                let count = counts.entry(flavor.as_str()).or_default();
                count.created += 1;
                let explained = count.jobs.len() + count.spent.len();
                if count.created > explained {
                    let why = format!(
                        "HF job number {} on {flavor}, but {} jobs were queued for it and {} earlier HF jobs ended without one",
                        count.created,
                        count.jobs.len(),
                        count.spent.len(),
                    );
                    judgement.breach(event.id, why);
                }
            }
            What::RunnerRefused { hf_job, .. } | What::RunnerExited { hf_job, .. } => {
                spend(ledger, &mut counts, hf_job);
            }
            other => {
                if let Some((hf_job, ..)) = ends_hf_job(other) {
                    spend(ledger, &mut counts, hf_job);
                }
            }
        }
    }
    judgement
}

/// Counts a job that exists on GitHub and was asked for.
fn want<'a>(ledger: &Ledger<'a>, counts: &mut BTreeMap<&'a str, Count>, job: JobId) {
    if let Some(flavor) = ledger.jobs.get(&job).and_then(|life| life.flavor) {
        counts.entry(flavor).or_default().jobs.insert(job);
    }
}

/// Counts an HF job that is over and ran no job: it may be replaced.
fn spend<'a>(ledger: &Ledger<'a>, counts: &mut BTreeMap<&'a str, Count>, hf_job: &HfJobId) {
    let Some(life) = ledger.hf_jobs.get(hf_job) else {
        return;
    };
    if life.job.is_none() {
        counts
            .entry(life.flavor)
            .or_default()
            .spent
            .insert(hf_job.clone());
    }
}
