//! never-kill-busy (I6): no HF job is cancelled, none runs into its own timeout and no runner is deleted
//! while a job that GitHub believes to be running is on it.

use std::collections::BTreeMap;

use fakes::{
    history::{Removal, StageCause, What},
    ids::{HfJobId, JobId, RunnerId},
};

use super::{
    Terms, Verdict,
    ledger::{Ledger, ends_hf_job},
    verdict,
};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Verdict {
    let mut busy: BTreeMap<RunnerId, (JobId, Option<&HfJobId>)> = BTreeMap::new();
    let (mut was_busy, mut breaches) = (false, Vec::new());
    for event in ledger.events {
        match &event.event {
            // A runner that died in the moment it was given a job has no job to lose: only a start counts.
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => {
                was_busy = true;
                let life = ledger.runners.get(runner);
                busy.insert(*runner, (*job, life.and_then(|life| life.hf_job)));
            }
            What::JobCompleted { job, .. } => busy.retain(|_, (on, _)| on != job),
            What::RunnerRemoved {
                runner,
                why: Removal::Api,
            } => {
                if let Some((job, _)) = busy.get(runner) {
                    breaches.push((
                        event.id,
                        format!(
                            "a runner was deleted while {} ran on it",
                            ledger.job_named(*job)
                        ),
                    ));
                }
            }
            other => {
                let Some((hf_job, _, cause)) = ends_hf_job(other) else {
                    continue;
                };
                let victim = busy.values().find(|(_, on)| *on == Some(hf_job));
                let how = match cause {
                    StageCause::Cancel => "was cancelled",
                    StageCause::Timeout => "ran into its timeout",
                    StageCause::Exit | StageCause::Platform | StageCause::Scenario => continue,
                };
                if let Some((job, _)) = victim {
                    breaches.push((
                        event.id,
                        format!("an HF job {how} while {} ran on it", ledger.job_named(*job)),
                    ));
                }
            }
        }
    }
    if !was_busy {
        return Verdict::not_exercised("no runner was ever busy");
    }
    verdict(breaches)
}
