//! served-or-told (I1): after the faults stop, every routed job that GitHub still wants a runner for gets
//! one within the bound, or its user is told: the dispatcher cancels the run after something visibly failed.
//! Never silent, and never "told" without a failure to tell about.

use fakes::{
    history::{Conclusion, What},
    ids::{EventId, JobId, RunId},
};

use super::{
    Breach, Judgement, Terms,
    ledger::{JobLife, Ledger},
};

pub(super) fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Judgement {
    let mut judgement = Judgement::new("no routed job was ever queued");
    let demanded: Vec<_> = ledger
        .jobs
        .iter()
        .filter(|(_, life)| life.flavor.is_some() && life.queued.is_some())
        .filter(|(_, life)| !terms.unserved_repos.contains(life.repo))
        .collect();
    for (job, life) in demanded {
        judgement.occasion();
        judge_wait(&mut judgement, ledger, terms, life);
        judgement.extend(told_for_nothing(ledger, *job, life));
    }
    judgement
}

/// Whether this job got its runner in time. Without an answer at the end of the run, it depends on whether the bound
/// was over by then.
fn judge_wait(
    judgement: &mut Judgement,
    ledger: &Ledger<'_>,
    terms: &Terms,
    life: &JobLife<'_>,
) -> Option<()> {
    let queued = life.queued?;
    // Under a cap a job may have to wait for others, as long as they take.
    let bound = terms
        .caps
        .is_none()
        .then_some(terms.bounds.served_within_ms);
    let healed = ledger.healed.map_or(0, |healed| healed.at_ms);
    let waits_from = queued.at_ms.max(healed);
    let (from_s, bound_s) = (waits_from / 1000, bound.map(|bound| bound / 1000));
    if life.still_queued() {
        let waited = ledger.end.at_ms.saturating_sub(waits_from);
        let name = life.name;
        match bound_s.filter(|_| bound.is_some_and(|bound| waited <= bound)) {
            Some(bound_s) => judgement.undecided(
                queued.event,
                format!(
                    "{name} waits from {from_s} s on, and the run ended at {} s, before its {bound_s} s were over",
                    ledger.end.at_ms / 1000
                ),
            ),
            None => judgement.breach(
                queued.event,
                format!(
                    "{name} waits from {from_s} s on, was still queued at {} s, and nobody was told",
                    ledger.end.at_ms / 1000
                ),
            ),
        }
        return None;
    }
    let (started, _) = life.started?;
    let turn = terms
        .serial_jobs
        .contains(life.name)
        .then(|| last_end_before(ledger, life.run, started.event));
    let waits_from = waits_from.max(turn.flatten().unwrap_or(0));
    let waited = started.at_ms.saturating_sub(waits_from);
    if waited > bound? {
        judgement.breach(
            started.event,
            format!(
                "{} waited from {} s on and started at {} s, {} s later; the bound is {} s",
                life.name,
                waits_from / 1000,
                started.at_ms / 1000,
                waited / 1000,
                bound_s?
            ),
        );
    }
    Some(())
}

/// When the last job of this run ended before `event`.
fn last_end_before(ledger: &Ledger<'_>, run: RunId, event: EventId) -> Option<u64> {
    let siblings = ledger.jobs.values().filter(|life| life.run == run);
    let ends = siblings.filter_map(|life| life.completed).map(|(at, _)| at);
    ends.filter(|at| at.event < event).map(|at| at.at_ms).max()
}

/// A run that the dispatcher cancelled although nothing had failed before.
fn told_for_nothing(ledger: &Ledger<'_>, job: JobId, life: &JobLife<'_>) -> Option<Breach> {
    let (completed, Conclusion::Cancelled) = life.completed? else {
        return None;
    };
    let told = cancelled_by_dispatcher(ledger, life.run, completed.event)?;
    let queued = life.queued?;
    let failed = ledger.events.iter().any(|event| {
        event.id > queued.event && event.id < told && is_visible_failure(&event.event)
    });
    (!failed).then(|| {
        Breach::new(
            told,
            format!(
                "the run of {} was cancelled though nothing had failed",
                ledger.job_named(job)
            ),
        )
    })
}

fn cancelled_by_dispatcher(ledger: &Ledger<'_>, of: RunId, before: EventId) -> Option<EventId> {
    let mut requests = ledger.events.iter().filter(|event| event.id < before);
    requests.find_map(|event| match event.event {
        What::RunCancelRequested { run, call: Some(_) } if run == of => Some(event.id),
        _ => None,
    })
}

fn is_visible_failure(event: &What) -> bool {
    match event {
        What::CallAnswered { status, .. } => *status >= 400,
        What::CallLost { .. } | What::RunnerRefused { .. } => true,
        What::HfStage { stage, .. } => stage.is_terminal(),
        _ => false,
    }
}
