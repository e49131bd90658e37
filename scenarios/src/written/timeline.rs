//! The timeline as it is written: a [`Step`] is `at` or `when`, and exactly one verb.

use std::{borrow::Cow, collections::BTreeMap, num::NonZeroU32};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};

use super::{
    around::{CompleteRun, Event, Installation, RenameRepo, RotateSecret, RunnerVerb, TakeBack},
    queue::Queue,
    scalars::{Names, Placed},
};
use crate::plan::{Failed, HfMoment, It, JobMoment, Phase, RunnerMoment, Signing, Tamper};
use vocabulary::{Chance, Fixed, Json, Length, TextOrParts, Verbatim, text_or_parts};

/// One thing that happens: `at` or `when`, and exactly one verb.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// So long after the world began.
    pub(crate) at: Option<Length>,
    /// When something is observed.
    pub(crate) when: Option<Placed<When>>,
    /// Queues jobs on GitHub.
    pub(crate) queue: Option<Placed<Queue>>,
    /// Cancels the runs of jobs.
    pub(crate) cancel: Option<Placed<Cancel>>,
    /// Runs the runs of jobs again.
    pub(crate) rerun: Option<Placed<Rerun>>,
    /// Approves the runs of jobs.
    pub(crate) approve: Option<Placed<Approve>>,
    /// GitHub completes runs while jobs of them stay queued.
    pub(crate) complete_run: Option<Placed<CompleteRun>>,
    /// GitHub takes jobs back from runners that have not started them.
    pub(crate) take_back: Option<Placed<TakeBack>>,
    /// Suspends the App's installation on an account.
    pub(crate) suspend: Option<Placed<Installation>>,
    /// Ends the suspension of an installation.
    pub(crate) unsuspend: Option<Placed<Installation>>,
    /// Gives a repository another name.
    pub(crate) rename_repo: Option<Placed<RenameRepo>>,
    /// Gives the App's webhook another secret, which the dispatcher is told when it starts the next time.
    #[serde(default, deserialize_with = "even_if_empty")]
    pub(crate) rotate_secret: Option<Placed<RotateSecret>>,
    /// GitHub tells of something else than a job.
    pub(crate) event: Option<Placed<Event>>,
    /// Sends a webhook as it is, whatever GitHub believes.
    pub(crate) deliver: Option<Placed<Deliver>>,
    /// Sends earlier deliveries again, with the same GUID.
    pub(crate) redeliver: Option<Placed<Redeliver>>,
    /// Puts the matched HF job into a stage.
    pub(crate) hf_stage: Option<Placed<HfStage>>,
    /// Something happens to the runner that the trigger matched.
    pub(crate) runner: Option<Placed<RunnerVerb>>,
    /// The dispatcher dies between two instructions.
    #[serde(default, deserialize_with = "even_if_empty")]
    pub(crate) crash: Option<Placed<Down>>,
    /// The dispatcher is asked to stop.
    #[serde(default, deserialize_with = "even_if_empty")]
    pub(crate) stop: Option<Placed<Down>>,
    /// The dispatcher starts again.
    #[serde(default, deserialize_with = "even_if_empty")]
    pub(crate) restart: Option<Placed<Restart>>,
}

/// `restart:` with nothing behind it is still a verb.
fn even_if_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// An observed event: exactly one of `call`, `hf_job`, `runner` and `job`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    /// An API call by name.
    pub(crate) call: Option<Placed<String>>,
    /// Which moment of the call; `answered` if missing.
    pub(crate) phase: Option<Placed<Phase>>,
    /// An HF job that reaches this stage.
    pub(crate) hf_job: Option<HfMoment>,
    /// A runner that reaches this state.
    pub(crate) runner: Option<RunnerMoment>,
    /// A job that reaches the state `is`.
    pub(crate) job: Option<Placed<String>>,
    /// The state of `job`.
    pub(crate) is: Option<Placed<JobMoment>>,
    /// Which match counts; the first, if missing.
    pub(crate) nth: Option<NonZeroU32>,
    /// How long to wait after it.
    pub(crate) plus: Option<Length>,
    /// Matches count only once this job has been seen in this state.
    pub(crate) after: Option<After>,
}

/// A job and a state of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct After {
    pub(crate) job: Placed<String>,
    pub(crate) is: JobMoment,
}

/// A time, or an observed event.
#[derive(Clone, Debug)]
pub(crate) enum Moment {
    At(Length),
    When(Box<When>),
}

impl TextOrParts for Moment {
    type Parts = When;

    const FORMS: &'static str = "a time, or an event such as `{ hf_job: running }`";

    fn of_text<E: Error>(text: &str) -> Result<Self, E> {
        Length::parse(text).map(Self::At).map_err(E::custom)
    }

    fn of_parts<E: Error>(when: When) -> Result<Self, E> {
        Ok(Self::When(Box::new(when)))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_parts(deserializer)
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (at, when) = (
            generator.subschema_for::<Length>(),
            generator.subschema_for::<When>(),
        );
        json_schema!({ "anyOf": [at, when] })
    }
}

/// Runs to cancel, named by their jobs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancel {
    /// A job or a group.
    pub(crate) job: Option<Names>,
    /// Jobs or groups.
    pub(crate) jobs: Option<Names>,
    /// Which share of them, drawn.
    pub(crate) share: Option<Chance>,
}

/// Runs to run again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rerun {
    /// A job of the run.
    pub(crate) job: Option<Names>,
    /// The run.
    pub(crate) run: Option<Placed<String>>,
    /// Only the failed jobs.
    #[serde(default)]
    pub(crate) failed_only: bool,
}

/// Runs to approve, named by their jobs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approve {
    /// A job or a group.
    pub(crate) job: Names,
}

/// A webhook to send: exactly one of `recorded`, `payload`, `body` and `job`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deliver {
    /// A file of recorded deliveries (JSON Lines), next to the scenario.
    pub(crate) recorded: Option<Placed<String>>,
    /// A payload, written out.
    pub(crate) payload: Option<Json>,
    /// The exact body.
    pub(crate) body: Option<Verbatim>,
    /// A job, of which GitHub would send `action` now.
    pub(crate) job: Option<Placed<String>>,
    /// The action, with `job`.
    pub(crate) action: Option<Placed<String>>,
    /// The event's name; `workflow_job`, if missing.
    pub(crate) event: Option<Verbatim>,
    /// The GUID; drawn, if missing.
    pub(crate) guid: Option<Verbatim>,
    /// Further headers.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Verbatim>,
    /// What it is signed with.
    #[serde(default)]
    pub(crate) sign: Signing,
    /// What happens to the body after it was signed.
    pub(crate) tamper: Option<Tamper>,
    /// Whether the fake GitHub takes the payload for true; a recording is, unless this says otherwise.
    pub(crate) learn: Option<bool>,
    /// How this attempt fails: GitHub's log shows it so, and the dispatcher sees nothing. GitHub or the dispatcher can send
    /// it again.
    pub(crate) failed: Option<Failed>,
    /// That GitHub sent it before, with the same GUID.
    pub(crate) redelivery: Option<Placed<bool>>,
    /// How long it is on its way: what it tells is learnt now, and it is sent so much later.
    #[serde(default)]
    pub(crate) late: Option<Placed<Fixed>>,
}

/// Deliveries to send again: `job` and `action`, or `failed: true`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redeliver {
    /// Of this job,
    pub(crate) job: Option<Placed<String>>,
    /// the latest delivery with this action.
    pub(crate) action: Option<Placed<String>>,
    /// Every delivery whose last attempt failed.
    #[serde(default)]
    pub(crate) failed: bool,
}

/// A stage to put the matched HF job into.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HfStage {
    /// Which HF job: `it`.
    pub(crate) hf_job: It,
    /// The stage.
    pub(crate) stage: HfMoment,
    /// The message HF shows with it.
    pub(crate) message: Option<Verbatim>,
}

/// How the dispatcher goes down.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Down {
    /// When it comes back by itself; never, if missing.
    pub(crate) restart_after: Option<Length>,
}

/// The dispatcher starts again.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restart {}
