//! From a plan to what its properties need to know, and to whether anything is still owed.

use std::collections::{BTreeMap, BTreeSet};

use fakes::World;
use scenarios::plan::{Plan, Verb};

use crate::properties::{Expectations, Rules, Terms};

/// The terms a plan is judged by.
pub(super) fn terms(plan: &Plan) -> Terms {
    let expect = &plan.expect;
    let caps = &plan.world.dispatcher.caps;
    let capped = caps.total.is_some() || caps.per_repo.is_some();
    let ms = |length: scenarios::Fixed| length.0.as_millis() as u64;
    Terms {
        rules: Rules,
        unserved_repos: unserved_repos(plan),
        // Under a cap a job may have to wait for others, as long as they take.
        served_within_ms: (!capped).then(|| ms(expect.served_within)),
        serial_jobs: serial_jobs(plan),
        reclaimed_within_ms: ms(expect.reclaimed_within),
        webhook_timeout_ms: ms(plan.world.webhooks.timeout),
        expect: Expectations {
            hf_jobs: expect
                .hf_jobs
                .map(|range| u64::from(range.min)..=u64::from(range.max)),
            answers: answers(&expect.answers),
            cost_micro_usd_max: expect.cost_usd.map(|cost| cost.0),
            idle_ms_max: expect.idle.map(ms),
        },
        waived: expect.waive.clone(),
    }
}

fn unserved_repos(plan: &Plan) -> BTreeSet<String> {
    let allowed = plan.world.dispatcher.allow_repos.as_ref();
    let refused = plan.world.github.repos.iter().filter(|repo| {
        !repo.installed || allowed.is_some_and(|allowed| !allowed.contains(&repo.name))
    });
    refused.map(|repo| repo.name.0.clone()).collect()
}

/// Jobs of runs in which only some may run at a time.
fn serial_jobs(plan: &Plan) -> BTreeSet<String> {
    let queued = plan.timeline.iter().filter_map(|step| match &step.verb {
        Verb::Queue(job) if job.max_parallel.is_some() => Some(job.name.clone()),
        _ => None,
    });
    queued.collect()
}

/// Statuses are checked when the scenario is parsed; one that is no number matches nothing.
fn answers(expected: &BTreeMap<String, u32>) -> BTreeMap<u16, u64> {
    let pairs = expected
        .iter()
        .filter_map(|(status, count)| Some((status.parse().ok()?, u64::from(*count))));
    pairs.collect()
}

/// True if no HF job is alive and no job runs or waits for a runner that the dispatcher owes it.
pub(super) fn is_at_rest(world: &World, terms: &Terms) -> bool {
    use fakes::github::Status;
    if world
        .hf()
        .jobs()
        .iter()
        .any(|hf_job| !hf_job.stage.is_terminal())
    {
        return false;
    }
    world.github().jobs().iter().all(|job| match job.status {
        Status::Completed | Status::Waiting => true,
        // A recording may end while a runner outside the lab still has the job.
        Status::InProgress => job.runner.is_none(),
        Status::Queued => {
            terms.unserved_repos.contains(&job.repo)
                || terms
                    .rules
                    .flavor(job.labels.iter().map(String::as_str))
                    .is_none()
        }
    })
}
