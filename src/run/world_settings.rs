//! From the world of a plan to the settings and fault rules of the fakes.

use bytes::Bytes;
use fakes::{
    JsonPath, Spread, Tail, Tamper,
    env::{Shift, Span},
    faults::{Effect, Failing, FaultRule, Omit, Only, RunnerPoint},
    settings::{
        Assignment, AssignmentPolicy, ColdStart, GithubSettings, HfSettings, LifeSettings,
        RecordedRepo, RecordedWorld, RepoSettings, Settings,
    },
};
use scenarios::{
    Length,
    plan::{self, DropMode, Plan, Visibility},
};

use super::{github_settings, steps};
use crate::target::{LAB_APP_ID, LAB_HF_TOKEN, LAB_NAMESPACE, LAB_WEBHOOK_SECRET};

/// A length of the language as a span of the fakes.
pub(super) const fn span(length: Length) -> Span {
    Span {
        min: length.min,
        max: length.max,
    }
}

/// The settings of the fakes for this plan; the URLs are where they are reached.
pub(super) fn settings(plan: &Plan, github_url: &str, hf_url: &str) -> Settings {
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
            delay: span(world.assignment.delay),
        },
        installation_token: world.installation_token.0,
        registration_token: world.registration_token.0,
        jit_config: world.jit_config.0,
        clock_skew_ms: world.clock_skew.0,
        webhook_delay: span(plan.world.webhooks.delay),
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
            stage_lag: span(world.stage_lag),
            cancel_latency: span(world.cancel_latency),
            grace: world.grace.0,
            retention: world.retention.map(|retention| retention.0),
            ..LifeSettings::default()
        },
        ..HfSettings::default()
    }
}

fn spread(spread: plan::Spread) -> Spread {
    match spread {
        plan::Spread::Even(length) => Spread::Even(span(length)),
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

/// The fault rules of this plan, in its order. A fault that begins later is installed closed.
pub(super) fn fault_rules(plan: &Plan) -> Vec<FaultRule> {
    plan.faults.iter().map(fault_rule).collect()
}

/// One fault rule.
pub(crate) fn fault_rule(fault: &plan::Fault) -> FaultRule {
    FaultRule {
        places: fault.to.clone(),
        open: fault.from.is_none(),
        times: fault.times,
        chance: fault.chance,
        only: Only {
            jobs: fault
                .only
                .job
                .as_ref()
                .map(|jobs| jobs.iter().cloned().collect()),
            action: fault.only.action.clone(),
            repo: fault.only.repo.clone(),
            flavor: fault.only.flavor.clone(),
        },
        effect: effect(&fault.effect),
    }
}

fn effect(effect: &plan::Effect) -> Effect {
    match effect {
        plan::Effect::Drop(mode) => Effect::Drop {
            logged: *mode == DropMode::Logged,
        },
        plan::Effect::Delay(length) => Effect::Delay(span(*length)),
        plan::Effect::Duplicate { after } => Effect::Duplicate {
            after: span(*after),
        },
        plan::Effect::Reorder { within } => Effect::Reorder { within: within.max },
        plan::Effect::Answer(answer) => answered(answer),
        plan::Effect::NoAnswer => Effect::NoAnswer,
        plan::Effect::Reset => Effect::Reset,
        plan::Effect::AfterEffect(after) => Effect::AfterEffect(Box::new(match after {
            plan::AfterEffect::Reset => Effect::Reset,
            plan::AfterEffect::NoAnswer => Effect::NoAnswer,
            plan::AfterEffect::Answer(answer) => answered(answer),
        })),
        plan::Effect::Pretend(values) => Effect::Pretend(
            values
                .iter()
                .map(|(path, value)| (JsonPath::new(path), value.clone()))
                .collect(),
        ),
        plan::Effect::Omit(plan::Omit::All) => Effect::Omit(Omit::All),
        plan::Effect::Omit(plan::Omit::Share(share)) => Effect::Omit(Omit::Share(*share)),
        plan::Effect::SlipPages => Effect::SlipPages,
        plan::Effect::Truncate => Effect::Truncate,
        plan::Effect::Stale(by) => Effect::Stale(span(*by)),
        plan::Effect::Stall { after } => Effect::Stall {
            after: span(*after),
        },
        plan::Effect::EndEarly { after } => Effect::EndEarly {
            after: span(*after),
        },
        plan::Effect::Full => Effect::Full,
        plan::Effect::Broken => Effect::Broken,
        plan::Effect::Tamper(how) => Effect::Tamper(tamper(*how)),
        plan::Effect::Hold => Effect::Hold,
        plan::Effect::Stuck { every } => Effect::Stuck { every: every.0 },
        plan::Effect::Limbo => Effect::Limbo,
        plan::Effect::Fail(failing) => Effect::Fail(Failing {
            after: span(failing.after),
            stage: steps::stage(failing.stage),
            message: failing.message.clone(),
            cancel_reason: failing
                .cancel_reason
                .map(|reason| reason.as_str().to_owned()),
        }),
        plan::Effect::Hang => Effect::Hang,
        plan::Effect::Freeze(moment) => {
            let (at, after) = when(*moment);
            Effect::Freeze { at, after }
        }
        plan::Effect::Die(moment) => {
            let (at, after) = when(*moment);
            Effect::Die { at, after }
        }
        plan::Effect::Restart(moment) => {
            let (at, after) = when(*moment);
            Effect::Restart { at, after }
        }
        plan::Effect::LoseNetwork { from, lasts } => {
            let (at, after) = when(*from);
            let lasts = span(*lasts);
            Effect::LoseNetwork { at, after, lasts }
        }
        plan::Effect::WrongClock(ahead) => Effect::WrongClock {
            ahead: Shift {
                min_ms: ahead.min.0,
                max_ms: ahead.max.0,
            },
        },
    }
}

/// A time in the life of a runner's process.
const fn when(moment: plan::Moment) -> (RunnerPoint, Span) {
    let at = match moment.at {
        plan::RunnerPoint::Boot => RunnerPoint::Boot,
        plan::RunnerPoint::Registered => RunnerPoint::Registered,
        plan::RunnerPoint::Listening => RunnerPoint::Listening,
        plan::RunnerPoint::InJob => RunnerPoint::InJob,
        plan::RunnerPoint::AfterJob => RunnerPoint::AfterJob,
    };
    (at, span(moment.after))
}

/// A change of a signed body, by the word for it.
pub(super) const fn tamper(word: plan::Tamper) -> Tamper {
    match word {
        plan::Tamper::FlipBit => Tamper::FlipBit,
        plan::Tamper::OtherBody => Tamper::OtherBody,
        plan::Tamper::SortedKeys => Tamper::SortedKeys,
        plan::Tamper::Spaced => Tamper::Spaced,
    }
}

fn answered(answer: &plan::Answer) -> Effect {
    Effect::Answer {
        status: answer.status,
        headers: answer.headers.clone().into_iter().collect(),
        body: Bytes::from(answer.body.clone()),
    }
}
