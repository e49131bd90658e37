//! never-kill-busy (I6): no HF job is cancelled, none runs into its own timeout and no runner is deleted
//! while a job that GitHub believes to be running is on it.

use std::collections::BTreeMap;

use fakes::{
    history::{Removal, StageCause, What},
    ids::{HfJobId, JobId, RunnerId},
};

use super::{
    Judgement, Terms,
    ledger::{Ledger, ends_hf_job},
};

pub(super) fn judge(ledger: &Ledger<'_>, _: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no job ran on a runner");
    let mut busy: BTreeMap<RunnerId, (JobId, Option<&HfJobId>)> = BTreeMap::new();
    for event in ledger.events {
        match &event.event {
            // A runner that died in the moment it was given a job has no job to lose: only a start counts.
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => {
                judgement.occasion();
                let life = ledger.runners.get(runner);
                busy.insert(*runner, (*job, life.and_then(|life| life.hf_job)));
            }
            What::JobCompleted { job, .. } => busy.retain(|_, (on, _)| on != job),
            What::RunnerRemoved {
                runner,
                why: Removal::Api,
            } => {
                if let Some((job, _)) = busy.get(runner) {
                    let job = ledger.job_named(*job);
                    judgement.breach(
                        event.id,
                        format!("a runner was deleted while {job} ran on it"),
                    );
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
                    let job = ledger.job_named(*job);
                    judgement.breach(event.id, format!("an HF job {how} while {job} ran on it"));
                }
            }
        }
    }
    judgement
}
