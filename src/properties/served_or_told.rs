//! served-or-told (I1): after the faults stop, every routed job that GitHub still wants a runner for gets
//! one within the bound, or its user is told: the dispatcher cancels the run after something visibly failed.
//! Never silent, and never "told" without a failure to tell about.

use fakes::{
    history::{Conclusion, What},
    ids::{EventId, JobId, RunId},
};

use super::{
    Breach, Terms, Verdict,
    ledger::{JobLife, Ledger},
    verdict,
};

pub(super) fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Verdict {
    let demanded: Vec<_> = ledger
        .jobs
        .iter()
        .filter(|(_, life)| life.flavor.is_some() && life.queued.is_some())
        .filter(|(_, life)| !terms.unserved_repos.contains(life.repo))
        .collect();
    if demanded.is_empty() {
        return Verdict::not_exercised("no routed job was ever queued");
    }
    let mut breaches = Vec::new();
    for (job, life) in demanded {
        breaches.extend(left_waiting(ledger, terms, life));
        breaches.extend(told_for_nothing(ledger, *job, life));
    }
    verdict(breaches)
}

fn left_waiting(ledger: &Ledger<'_>, terms: &Terms, life: &JobLife<'_>) -> Option<Breach> {
    let queued = life.queued?;
    let waited_from = ledger
        .healed
        .map_or(queued.at_ms, |healed| healed.at_ms.max(queued.at_ms));
    if life.still_queued() {
        let minutes = ledger.end.at_ms.saturating_sub(queued.at_ms) / 60_000;
        let why = format!(
            "{} is still queued after {minutes} min and nobody was told",
            life.name
        );
        return Some((queued.event, why));
    }
    let bound = terms.served_within_ms?;
    let (started, _) = life.started?;
    let turn = terms
        .serial_jobs
        .contains(life.name)
        .then(|| last_end_before(ledger, life.run, started.event));
    let waited_from = waited_from.max(turn.flatten().unwrap_or(0));
    let waited = started.at_ms.saturating_sub(waited_from);
    (waited > bound).then(|| {
        let why = format!(
            "{} started {} s after it could have, later than {} s",
            life.name,
            waited / 1000,
            bound / 1000
        );
        (started.event, why)
    })
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
        (
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
