//! From the world of a plan to the settings of the fakes.

use fakes::{
    Spread, Tail,
    settings::{
        Assignment, AssignmentPolicy, ColdStart, GithubSettings, HfSettings, LifeSettings,
        RecordedRepo, RecordedWorld, RepoSettings, Settings,
    },
};
use scenarios::plan::{self, Plan, Visibility};

use super::github_settings;
use crate::target::{LAB_APP_ID, LAB_HF_TOKEN, LAB_NAMESPACE, LAB_WEBHOOK_SECRET};

/// The settings of the fakes for this plan; the URLs are where they are reached.
pub(crate) fn settings(plan: &Plan, github_url: &str, hf_url: &str) -> Settings {
    Settings {
        github: github(plan, github_url),
        hf: hf(plan, hf_url),
    }
}

fn github(plan: &Plan, base_url: &str) -> GithubSettings {
    let world = &plan.world.github;
    let repo = |repo: &plan::Repo| RepoSettings {
        name: repo.name.0.clone(),
        private: repo.visibility == Visibility::Private,
        installed: repo.installed,
        listed: repo.listed,
    };
    GithubSettings {
        app_id: LAB_APP_ID,
        base_url: base_url.to_owned(),
        webhook_secret: LAB_WEBHOOK_SECRET.into(),
        repos: world.repos.iter().map(repo).collect(),
        recorded: recorded(plan),
        assignment: Assignment {
            policy: match world.assignment.policy {
                plan::AssignmentPolicy::Oldest => AssignmentPolicy::Oldest,
                plan::AssignmentPolicy::Newest => AssignmentPolicy::Newest,
                plan::AssignmentPolicy::Random => AssignmentPolicy::Random,
            },
            delay: world.assignment.delay,
        },
        installation_token: world.installation_token.0,
        registration_token: world.registration_token.0,
        jit_config: world.jit_config.0,
        clock_skew_ms: world.clock_skew.0,
        webhook_delay: plan.world.webhooks.delay,
        webhook_timeout: plan.world.webhooks.timeout.0,
        page_size_max: world.page_size_max.0,
        limits: github_settings::limits(world),
        app: github_settings::app(world),
        hooks: github_settings::hooks(world),
        ..GithubSettings::default()
    }
}

/// What the recordings of this plan tell of the world before they begin.
fn recorded(plan: &Plan) -> RecordedWorld {
    let told = plan.recorded_ids();
    let repo = |repo: plan::RecordedRepo| RecordedRepo {
        id: repo.id,
        installation: repo.installation,
        private: repo.private,
    };
    RecordedWorld {
        repos: told
            .repos
            .into_iter()
            .map(|(name, told)| (name, repo(told)))
            .collect(),
        runs: told.runs,
        jobs: told.jobs,
        runners: told.runners,
    }
}

fn hf(plan: &Plan, base_url: &str) -> HfSettings {
    let cold_start = |start: &plan::ColdStart| ColdStart {
        schedule: spread(start.schedule),
        pull: spread(start.pull),
        boot: spread(start.boot),
    };
    let world = &plan.world.hf;
    let starts = world.cold_start.0.iter();
    let balance = world.balance_usd.map(|balance| balance.0);
    HfSettings {
        base_url: base_url.to_owned(),
        token: LAB_HF_TOKEN.to_owned(),
        namespaces: vec![LAB_NAMESPACE.to_owned()],
        default_timeout: world.default_timeout.0,
        cold_start: starts
            .map(|(flavor, start)| (flavor.clone(), cold_start(start)))
            .collect(),
        scheduling_is_billed: world.scheduling_is_billed,
        balances: balance
            .map(|balance| (LAB_NAMESPACE.to_owned(), balance))
            .into_iter()
            .collect(),
        life: LifeSettings {
            stage_lag: world.stage_lag,
            cancel_latency: world.cancel_latency,
            grace: world.grace.0,
            retention: world.retention.map(|retention| retention.0),
            ..LifeSettings::default()
        },
        ..HfSettings::default()
    }
}

fn spread(spread: plan::Spread) -> Spread {
    match spread {
        plan::Spread::Even(length) => Spread::Even(length),
        plan::Spread::Quantiles(quantiles) => Spread::Tail(Tail {
            min: quantiles.min.0,
            p50: quantiles.p50.0,
            p90: quantiles.p90.map(|time| time.0),
            p95: quantiles.p95.map(|time| time.0),
            p99: quantiles.p99.map(|time| time.0),
            max: quantiles.max.0,
        }),
    }
}
