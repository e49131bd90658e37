//! The plan: a scenario in which every draw is made, every default is written and every job is named.
//!
//! [`Plan`] is what a world is driven by and what reproduces a bug. It is written as JSON in the scenario language
//! itself, so `Document::parse` reads it back, and planning it again gives the same plan.
//!
//! What is still drawn at run time, keyed by (seed, entity, purpose), because its entity does not exist before:
//! a [`Length`](crate::Length) in `world` (the webhook delay per delivery, the cold start per HF job, the assignment
//! delay per job, the latency per call and direction) and in a fault's effect (per struck delivery or call).
//! Everything in the timeline is fixed.

mod around;
mod budget;
mod cold_start;
mod expect;
mod failed;
mod fault;
mod github_limits;
mod json;
mod label_rules;
mod new_job;
mod recorded;
mod spread;
mod timeline;
mod waiver;
mod when;
mod word;
mod world;

use std::collections::BTreeMap;

use serde::Serialize;

pub use vocabulary::{
    After, AfterEffect, Answer, CancelReason, DropMode, Effect, FailedStage, Failing, Listed,
    Moment, Omit, Only, Outage, Pretended, RunnerPoint, Stuck, Tamper, Which, Within,
};

pub use self::{
    around::{Account, CompleteRun, EventName, OtherEvent, RenameRepo, RunConclusion, TakeBack},
    budget::{Amount, Budget},
    cold_start::{ColdStart, ColdStarts},
    expect::{CountRange, Expect, MicroUsd},
    failed::Failed,
    fault::Fault,
    github_limits::{
        ContentType, Hook, HookSecret, LimitStatus, Permission, Permissions, PointsOf, RateLimit,
        RetryAfter, SecondaryLimit,
    },
    label_rules::{
        FlavorName, LabelPattern, LabelPatterns, LabelRule, WarmPool, WarmPools, flavor_of,
        image_key, label_set,
    },
    new_job::{Conclusion, Concurrency, NewJob},
    recorded::{RecordedIds, RecordedRepo},
    spread::{Quantiles, Spread},
    timeline::{
        Approve, Cancel, Deliver, DeliverJob, DeliverRaw, Down, HfStage, IT, It, Redeliver, Rerun,
        RunnerVerb, Signing, Step, Verb,
    },
    waiver::Waiver,
    when::{Call, HfMoment, JobIs, JobMoment, Phase, RunnerMoment, Trigger, Watched, When},
    word::Word,
    world::{
        Assignment, AssignmentPolicy, Caps, Connection, DispatcherWorld, GithubWorld, HfWorld,
        PageSize, Repo, RepoName, Visibility, Webhooks, World,
    },
};
pub use crate::written::Cause;

/// A scenario in which nothing is left to draw, default or name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// What happens, in one line.
    pub title: String,
    /// Where it was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When it was reported; `~` where only about then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// How well its cause is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Words to select it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The properties it exists for; the run is weak if one of them was not exercised.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// Keys what is drawn at run time.
    pub seed: u64,
    /// The value each parameter had, for the reader; nothing in a plan refers to them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, serde_json::Value>,
    /// Settings that hold from the start.
    pub world: World,
    /// What people and machines do, in the order written. Steps of one time happen in this order.
    pub timeline: Vec<Step>,
    /// How the world is bent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// When every fault ends at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heal: Option<crate::Fixed>,
    /// Bounds, counts, budgets and waived properties.
    pub expect: Expect,
}

impl Plan {
    /// The plan as JSON, one step and one fault a line, so that plans can be compared line by line.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }
}
