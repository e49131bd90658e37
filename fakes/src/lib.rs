//! A fake GitHub and a fake Hugging Face Jobs, the runner between them, faults, and the history they write.
//!
//! The fakes know no dispatcher: they speak HTTP on two routers, send signed webhooks to whatever
//! [`World::deliver_to`] names, and append everything that can be seen from outside to a [`History`].
//! They keep state and can refuse; what they answer follows from their rules, bent only by [`Faults`].
//!
//! # Layout
//! - [`world`]: one world, wired together.
//! - [`settings`]: what a world is given before it starts.
//! - [`github`]: jobs, runs, runners, label assignment, webhooks and the REST API around them.
//! - [`hf`]: HF jobs: validation, life cycle, cost, API.
//! - [`runner`]: the process inside an HF job, which registers with GitHub and runs one job.
//! - [`faults`]: rules that make the world misbehave on purpose.
//! - [`calls`]: the layer around every API call: it records, applies faults, and answers.
//! - [`budget`]: what a run may come to before it is ended.
//! - [`history`], [`ids`], [`mod@env`], [`http_service`]: what all of them share.

pub mod budget;
pub mod calls;
mod drawn_text;
pub mod env;
pub mod faults;
pub mod github;
pub mod hf;
pub mod history;
pub mod http_service;
pub mod ids;
mod json_path;
mod json_text;
mod json_tree;
mod last;
mod path_template;
mod percent;
pub mod runner;
pub mod settings;
mod spread;
mod tamper;
pub mod world;

pub use budget::{Budget, Limit, Spent, Used};
pub use calls::{ConnectionReset, RouteInfo, Surface};
pub use env::{Clock, Draw, Env, Length, Shift, Spawner};
pub use faults::{
    Effect, FaultRule, FaultState, Faults, Omit, Only, RunnerPoint, StoreFate, Window,
};
pub use github::{
    Concurrency, Github, JobView, LAB_APP_PRIVATE_KEY_PEM, NewHook, NewJob, NewRunner, NotQueued,
    OtherEvent, RawDelivery, Redeliver, RepoView, RunConclusion, RunStatus, RunView, RunnerRefusal,
    RunnerView,
};
pub use hf::{Cost, Costs, HfJobView, HfJobs};
pub use history::History;
pub use http_service::{BoxError, HttpService};
pub use runner::{Runners, SeenProcess};
pub use settings::{
    AppSettings, Assignment, AssignmentPolicy, AssignmentRule, BegunHour, Boot, CancelOfEnded,
    ColdStart, ContentType, GithubSettings, HfLimitSettings, HfPermission, HfPlan, HfRole, HfScope,
    HfSettings, HfToken, HookSettings, IdleRunner, LifeSettings, LimitSettings, LogSink, LogStatus,
    ManifestSettings, PointsScope, PrimaryLimits, ProcessBoot, RepoSettings, RunnerSettings,
    RunnerVersion, SecondaryLimits, Settings, StandInSettings, TokenFormat, WaitingJob,
};
pub use spread::{Spread, Tail};
pub use tamper::tampered;
pub use vocabulary::{EffectKind, JsonPath, Tamper};
pub use world::World;
