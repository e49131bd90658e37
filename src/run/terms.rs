//! From a plan to what its properties need to know, and to whether anything is still owed.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{World, ids::RunId};
use scenarios::plan::{Plan, RenameRepo, Verb, Word, label_set};

use crate::properties::{Expectations, Rules, Terms};

/// The terms a plan is judged by.
pub(super) fn terms(plan: &Plan) -> Terms {
    let expect = &plan.expect;
    let caps = &plan.world.dispatcher.caps;
    let capped = caps.total.is_some() || caps.per_repo.is_some();
    let ms = |length: scenarios::Fixed| length.0.as_millis() as u64;
    Terms {
        rules: Rules::declared(plan.world.dispatcher.rules.clone()),
        warm: warm(plan),
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

fn warm(plan: &Plan) -> BTreeMap<BTreeSet<String>, u32> {
    let pools = plan.world.dispatcher.warm.0.iter();
    pools
        .map(|pool| (label_set(pool.labels.iter().map(Word::as_str)), pool.count))
        .collect()
}

/// Under every name they have at some time.
fn unserved_repos(plan: &Plan) -> BTreeSet<String> {
    let allowed = plan.world.dispatcher.allow_repos.as_ref();
    let is_allowed =
        |name: &str| allowed.is_none_or(|allowed| allowed.iter().any(|known| known.0 == name));
    let owner_of = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
    let mut installed: BTreeMap<String, bool> = BTreeMap::new();
    for repo in &plan.world.github.repos {
        installed.insert(repo.name.0.clone(), repo.installed);
    }
    for step in &plan.timeline {
        if let Verb::RenameRepo(RenameRepo { from, to }) = &step.verb {
            let stays = owner_of(from) == owner_of(to);
            let same_owner = |(name, is): (&String, &bool)| *is && owner_of(name) == owner_of(to);
            let is_installed = if stays {
                installed.get(from).copied().unwrap_or(true)
            } else {
                installed.iter().any(same_owner)
            };
            installed.insert(to.clone(), is_installed);
        }
    }
    let refused = installed
        .into_iter()
        .filter(|(name, is_installed)| !is_installed || !is_allowed(name));
    refused.map(|(name, _)| name).collect()
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
            is_dead(world, job.run)
                || terms.unserved_repos.contains(&job.repo)
                || terms
                    .rules
                    .flavor(job.labels.iter().map(String::as_str))
                    .is_none()
        }
    })
}

/// Whether a run has ended over this job of it, which GitHub gives to nobody any more.
fn is_dead(world: &World, run: RunId) -> bool {
    use fakes::RunStatus;
    let found = world.github().run(run);
    found.is_some_and(|run| run.status == RunStatus::Completed)
}
