//! The timeline of a plan: when ([`Trigger`]) what ([`Verb`]) happens.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use vocabulary::Tamper;

use super::{
    around::{Account, CompleteRun, OtherEvent, RenameRepo, TakeBack},
    failed::Failed,
    new_job::NewJob,
    when::{HfMoment, Trigger},
};
use vocabulary::Fixed;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When it happens.
    pub trigger: Trigger,
    /// What happens.
    pub verb: Verb,
    /// The line of the file the step was read from; not part of the plan itself.
    pub line: usize,
}

/// What happens in a [`Step`]: exactly one verb.
#[derive(Clone, Debug, PartialEq)]
pub enum Verb {
    /// A job is queued on GitHub.
    Queue(NewJob),
    /// The run of a job is cancelled.
    Cancel(Cancel),
    /// The run of a job is run again.
    Rerun(Rerun),
    /// The run of a job is approved.
    Approve(Approve),
    /// A webhook is sent as it is, whatever GitHub believes.
    Deliver(Deliver),
    /// An earlier delivery is sent again, with the same GUID.
    Redeliver(Redeliver),
    /// An HF job is put into a stage.
    HfStage(HfStage),
    /// GitHub completes a run and forgets those of its jobs that no runner has.
    CompleteRun(CompleteRun),
    /// GitHub takes a job back from the runner it was assigned to, which has not started it.
    TakeBack(TakeBack),
    /// The App's installation on an account is suspended.
    Suspend(Account),
    /// The suspension ends.
    Unsuspend(Account),
    /// A repository gets another name.
    RenameRepo(RenameRepo),
    /// The App's webhook gets another secret. The dispatcher is told it when it starts the next time.
    RotateSecret,
    /// GitHub tells of something else than a job.
    Event(OtherEvent),
    /// Something happens to the runner inside an HF job.
    Runner(RunnerVerb),
    /// The dispatcher dies between two instructions.
    Crash(Down),
    /// The dispatcher is asked to stop, and may finish what it does.
    Stop(Down),
    /// The dispatcher starts again.
    Restart,
}

impl Verb {
    /// Its key in a scenario.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Queue(_) => "queue",
            Self::Cancel(_) => "cancel",
            Self::Rerun(_) => "rerun",
            Self::Approve(_) => "approve",
            Self::Deliver(_) => "deliver",
            Self::Redeliver(_) => "redeliver",
            Self::HfStage(_) => "hf_stage",
            Self::CompleteRun(_) => "complete_run",
            Self::TakeBack(_) => "take_back",
            Self::Suspend(_) => "suspend",
            Self::Unsuspend(_) => "unsuspend",
            Self::RenameRepo(_) => "rename_repo",
            Self::RotateSecret => "rotate_secret",
            Self::Event(_) => "event",
            Self::Runner(_) => "runner",
            Self::Crash(_) => "crash",
            Self::Stop(_) => "stop",
            Self::Restart => "restart",
        }
    }
}

/// Cancels the run that `job` belongs to: GitHub has no cancel for one job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cancel {
    /// A job of the run.
    pub job: String,
}

/// Runs the run that `job` belongs to again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rerun {
    /// A job of the run.
    pub job: String,
    /// Only its failed jobs; GitHub then sends `completed` of the others again.
    pub failed_only: bool,
}

/// Approves the run that `job` belongs to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Approve {
    /// A job of the run.
    pub job: String,
}

/// A webhook to send as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Deliver {
    /// These bytes.
    Raw(DeliverRaw),
    /// The event GitHub would send of a job now, with a GUID of its own.
    Job(DeliverJob),
}

/// A recorded or forged delivery.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeliverRaw {
    /// The event's name (`X-GitHub-Event`).
    pub event: String,
    /// The GUID (`X-GitHub-Delivery`); without one GitHub draws it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guid: Option<String>,
    /// Further headers, or headers that replace the usual ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The exact body.
    pub body: String,
    /// What it is signed with.
    pub sign: Signing,
    /// What happens to the body after it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tamper: Option<Tamper>,
    /// Whether the fake GitHub takes the payload for true before it sends it (recordings).
    pub learn: bool,
    /// How long it is on its way: GitHub makes it when it happens what it tells, and sends it so much later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Fixed>,
    /// How this attempt failed: GitHub's log shows it so, and the dispatcher sees nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// Whether GitHub sent it before, with the same GUID.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub redelivery: bool,
}

/// A delivery about a job of this plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeliverJob {
    /// The job.
    pub job: String,
    /// The action, such as `queued`.
    pub action: String,
    /// What it is signed with.
    pub sign: Signing,
    /// What happens to the body after it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tamper: Option<Tamper>,
    /// How this attempt failed: GitHub's log shows it so, and the dispatcher sees nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
}

/// What a delivery is signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    /// The secret the dispatcher knows.
    #[default]
    Lab,
    /// Not at all: no signature header.
    None,
    /// Another secret.
    Wrong,
    /// The secret of before the latest `rotate_secret`.
    OldSecret,
}

/// Deliveries to send again.
#[derive(Clone, Debug, PartialEq)]
pub enum Redeliver {
    /// The latest delivery of this job with this action.
    Job {
        /// The job.
        job: String,
        /// The action.
        action: String,
    },
    /// Every delivery whose last attempt failed.
    Failed,
}

/// What a trigger matched: a job where a job can stand, an HF job or the one that holds the runner elsewhere.
pub const IT: &str = "it";

/// What a trigger matched, where nothing else can stand: an HF job, or the one that holds the runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum It {
    /// The only word.
    It,
}

/// Puts the matched HF job into a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HfStage {
    /// Which HF job.
    pub hf_job: It,
    /// The stage.
    pub stage: HfMoment,
    /// The message HF shows with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What happens to the runner of the matched HF job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunnerVerb {
    /// Its process dies.
    Die,
    /// Its process neither works nor exits.
    Hang,
    /// Its process is killed and its container starts again with what it was started with; and again when it ends,
    /// until that has been done so many times.
    Restart {
        /// How many times.
        times: u32,
    },
}

/// How a dispatcher goes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Down {
    /// When it comes back by itself; never, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<Fixed>,
}

/// A verb that says everything.
#[derive(Serialize)]
struct Nothing {}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.trigger {
            Trigger::At(at) => map.serialize_entry("at", &Fixed(*at))?,
            Trigger::When(when) => map.serialize_entry("when", when)?,
        }
        let word = self.verb.word();
        match &self.verb {
            Verb::Queue(queue) => map.serialize_entry(word, queue)?,
            Verb::Cancel(cancel) => map.serialize_entry(word, cancel)?,
            Verb::Rerun(rerun) => map.serialize_entry(word, rerun)?,
            Verb::Approve(approve) => map.serialize_entry(word, approve)?,
            Verb::Deliver(Deliver::Raw(raw)) => map.serialize_entry(word, raw)?,
            Verb::Deliver(Deliver::Job(job)) => map.serialize_entry(word, job)?,
            Verb::Redeliver(redeliver) => map.serialize_entry(word, redeliver)?,
            Verb::HfStage(stage) => map.serialize_entry(word, stage)?,
            Verb::CompleteRun(complete) => map.serialize_entry(word, complete)?,
            Verb::TakeBack(taken) => map.serialize_entry(word, taken)?,
            Verb::Suspend(account) => map.serialize_entry(word, account)?,
            Verb::Unsuspend(account) => map.serialize_entry(word, account)?,
            Verb::RenameRepo(rename) => map.serialize_entry(word, rename)?,
            Verb::RotateSecret => map.serialize_entry(word, &Nothing {})?,
            Verb::Event(event) => map.serialize_entry(word, event)?,
            Verb::Runner(runner) => map.serialize_entry(word, runner)?,
            Verb::Crash(down) => map.serialize_entry(word, down)?,
            Verb::Stop(down) => map.serialize_entry(word, down)?,
            Verb::Restart => map.serialize_entry(word, &Nothing {})?,
        }
        map.end()
    }
}

impl Serialize for Redeliver {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Job { job, action } => {
                map.serialize_entry("job", job)?;
                map.serialize_entry("action", action)?;
            }
            Self::Failed => map.serialize_entry("failed", &true)?,
        }
        map.end()
    }
}

impl Serialize for RunnerVerb {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Die => map.serialize_entry("die", &It::It)?,
            Self::Hang => map.serialize_entry("hang", &It::It)?,
            Self::Restart { times } => {
                map.serialize_entry("restart", &It::It)?;
                map.serialize_entry("times", times)?;
            }
        }
        map.end()
    }
}
