//! From a plan to what its properties need to know, and to whether anything is still owed.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{HfJobView, RunnerView, World, history::Event, ids::JobId};
use scenarios::{
    Fixed,
    plan::{Expect, Plan, RenameRepo, RepoName, Spread, Verb, Word, label_set},
};

use super::{End, Unserved};
use crate::properties::{
    Bounds, Budgets, Caps, Context, Delays, DispatcherTimes, Expectations, Ledger, Lives, Rules,
    Terms, Twin,
};

/// The terms a plan is judged by: what its properties need to know and no history shows.
#[must_use]
pub fn terms_of(plan: &Plan) -> Terms {
    let (world, expect) = (&plan.world, &plan.expect);
    let dispatcher = &world.dispatcher;
    let repos = repos(plan);
    let unserved_repos: BTreeSet<String> = unserved_repos(plan).into_keys().collect();
    // A repository has one name here, whatever names it has later.
    let served = repos.keys().filter(|name| !unserved_repos.contains(*name));
    Terms {
        served_repos: served.count() as u64,
        rules: Rules::declared(dispatcher.rules.clone()),
        warm: warm(plan),
        unserved_repos,
        repos: repos.into_keys().collect(),
        recorded_jobs: recorded_jobs(plan),
        caps: Caps {
            total: dispatcher.caps.total,
            per_repo: dispatcher.caps.per_repo,
            per_flavor: dispatcher.caps.per_flavor,
        },
        bounds: Bounds {
            served_within_ms: ms(expect.served_within),
            patience: expect.patience.get(),
            told_within_ms: ms(expect.told_within),
            reclaimed_within_ms: ms(expect.reclaimed_within),
        },
        budgets: Budgets {
            requests_per_minute: expect.requests_per_minute.get(),
            calls_per_job: expect.calls_per_job.get(),
        },
        lives: Lives {
            installation_token_ms: ms(world.github.installation_token),
            registration_token_ms: ms(world.github.registration_token),
            jit_config_ms: ms(world.github.jit_config),
        },
        delays: delays(plan),
        told: DispatcherTimes {
            idle_timeout_ms: dispatcher.idle_timeout.map(ms),
            job_timeout_ms: dispatcher.job_timeout.map(ms),
        },
        github_clock_skew_ms: world.github.clock_skew.0,
        dispatcher_clock_skew_ms: dispatcher.clock_skew.0,
        twin: None,
        steps_not_taken: Vec::new(),
        faults: plan.faults.clone(),
        expect: expectations(expect),
        waived: expect
            .waive
            .iter()
            .map(|waiver| (waiver.property.clone(), waiver.clone()))
            .collect(),
    }
}

/// What a plan without crashes came to, for the one with them to be compared with.
pub(super) fn twin(plan: &Plan, events: &[Event], end: &End) -> Twin {
    let terms = terms_of(plan);
    let ledger = Ledger::read(events, &terms);
    Twin::of(&Context::read(&ledger, &terms), &end.taken_otherwise())
}

/// The repositories that are there from the start, and whether the App is installed on them: the written ones, and those
/// of recordings.
fn repos(plan: &Plan) -> BTreeMap<String, bool> {
    let written = plan.world.github.repos.iter();
    let mut repos: BTreeMap<String, bool> = written
        .map(|repo| (repo.name.0.clone(), repo.installed))
        .collect();
    for name in plan.recorded_ids().repos.into_keys() {
        if !repos.keys().any(|known| known.eq_ignore_ascii_case(&name)) {
            repos.insert(name, true);
        }
    }
    repos
}

/// The jobs whose start or end the plan's recordings hold.
fn recorded_jobs(plan: &Plan) -> BTreeSet<JobId> {
    let drives = |actions: &BTreeSet<String>| {
        actions.contains("in_progress") || actions.contains("completed")
    };
    let jobs = plan.recorded_actions().into_iter();
    jobs.filter(|(_, actions)| drives(actions))
        .map(|(job, _)| JobId(job))
        .collect()
}

const fn ms(length: Fixed) -> u64 {
    length.0.as_millis() as u64
}

fn delays(plan: &Plan) -> Delays {
    let world = &plan.world;
    let longest = |spread: Spread| spread.max().as_millis() as u64;
    let cold_starts = world.hf.cold_start.0.iter();
    Delays {
        webhook_timeout_ms: ms(world.webhooks.timeout),
        latency_ms_max: world.latency.max_ms(),
        cold_start_ms_max: cold_starts
            .map(|(flavor, start)| {
                let total = longest(start.schedule) + longest(start.pull) + longest(start.boot);
                (flavor.clone(), total)
            })
            .collect(),
    }
}

fn expectations(expect: &Expect) -> Expectations {
    Expectations {
        hf_jobs: expect
            .hf_jobs
            .map(|range| u64::from(range.min)..=u64::from(range.max)),
        answers: answers(&expect.answers),
        cost_micro_usd_max: expect.cost_usd.map(|cost| cost.0),
        idle_ms_max: expect.idle.map(ms),
    }
}

fn warm(plan: &Plan) -> BTreeMap<BTreeSet<String>, usize> {
    let pools = plan.world.dispatcher.warm.0.iter();
    let kept = pools.map(|pool| {
        let labels = label_set(pool.labels.iter().map(Word::as_str));
        (labels, pool.count as usize)
    });
    kept.collect()
}

/// The repositories that are not served, under every name they have at some time, and why.
pub(super) fn unserved_repos(plan: &Plan) -> BTreeMap<String, Unserved> {
    let allowed = plan.world.dispatcher.allow_repos.as_ref();
    let is_allowed = |name: &str| {
        let named = |known: &RepoName| known.0.eq_ignore_ascii_case(name);
        allowed.is_none_or(|allowed| allowed.iter().any(named))
    };
    let owner_of = |name: &str| name.split('/').next().unwrap_or_default().to_lowercase();
    let mut installed = repos(plan);
    for step in &plan.timeline {
        if let Verb::RenameRepo(RenameRepo { from, to }) = &step.verb {
            let stays = owner_of(from) == owner_of(to);
            let same_owner = |(name, is): (&String, &bool)| *is && owner_of(name) == owner_of(to);
            let is_installed = if stays {
                let known = installed
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case(from));
                known.is_none_or(|(_, is_installed)| *is_installed)
            } else {
                installed.iter().any(same_owner)
            };
            installed.insert(to.clone(), is_installed);
        }
    }
    let refused = installed.into_iter().filter_map(|(name, is_installed)| {
        let why = match (is_installed, is_allowed(&name)) {
            (false, _) => Unserved::NotInstalled,
            (true, false) => Unserved::NotAllowed,
            (true, true) => return None,
        };
        Some((name, why))
    });
    refused.collect()
}

/// Statuses are checked when the scenario is parsed; one that is no number matches nothing.
fn answers(expected: &BTreeMap<String, u32>) -> BTreeMap<u16, u64> {
    let pairs = expected
        .iter()
        .filter_map(|(status, count)| Some((status.parse().ok()?, u64::from(*count))));
    pairs.collect()
}

/// True if no HF job is alive but those of a declared pool, and no job runs or waits for a runner that the dispatcher
/// owes it.
pub(super) fn is_at_rest(world: &World, terms: &Terms) -> bool {
    use fakes::github::Status;
    let alive = world.hf().live_jobs();
    if !alive.is_empty() && !are_of_pool(&alive, world, terms) {
        return false;
    }
    let unfinished = world.github().unfinished_jobs();
    unfinished.iter().all(|job| match job.status {
        Status::Completed | Status::Waiting => true,
        // A recording may end while a runner outside the lab still has the job.
        Status::InProgress => job.runner.is_none(),
        Status::Queued => {
            // A run that has ended over this job of it gives it to nobody any more.
            !job.in_live_run
                || terms.unserved_repos.contains(&job.repo)
                || terms
                    .rules
                    .flavor(job.labels.iter().map(String::as_str))
                    .is_none()
        }
    })
}

/// True if each of these HF jobs idles in a pool that was declared, and none of those has too many.
fn are_of_pool(hf_jobs: &[HfJobView], world: &World, terms: &Terms) -> bool {
    if terms.warm.is_empty() {
        return false;
    }
    let runners = world.github().runners();
    let idle = runners
        .iter()
        .filter(|runner| runner.online && !runner.busy);
    // Of several in one HF job the first counts.
    let idle: BTreeMap<_, &RunnerView> = idle
        .rev()
        .filter_map(|runner| Some((runner.hf_job.as_ref()?, runner)))
        .collect();
    let mut pools: BTreeMap<(&str, BTreeSet<String>), usize> = BTreeMap::new();
    hf_jobs.iter().all(|hf_job| {
        idle.get(&hf_job.hf_job).is_some_and(|runner| {
            let labels = label_set(runner.labels.iter().map(String::as_str));
            let most = terms.warm_of(&labels);
            let count = pools.entry((&runner.repo, labels)).or_default();
            *count += 1;
            *count <= most
        })
    })
}
