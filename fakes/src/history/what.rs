//! What can happen: one variant an event, its fields what anybody outside could see.

use serde::{Deserialize, Serialize};

use super::words::{
    CallAbout, Caller, Closed, Conclusion, CredentialUse, HeldBy, Lost, Origin, Removal, Signed,
    Stage, StageCause,
};
use crate::ids::{CallId, DeliveryId, EventId, HfJobId, HookId, JobId, RunId, RunnerId};

/// What happened. Tagged by `kind` in JSON, as `area.what`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields)]
pub enum What {
    /// The world began.
    #[serde(rename = "world.started")]
    WorldStarted {
        /// The scenario's title.
        scenario: String,
        /// The seed it was expanded with.
        seed: u64,
    },
    /// Every step was taken and every fault is over: from here on the world is honest.
    #[serde(rename = "world.healed")]
    WorldHealed {},
    /// The world stopped.
    #[serde(rename = "world.ended")]
    WorldEnded {
        /// True when nothing was owed or running any more; false when the bound was reached first.
        settled: bool,
    },

    /// The dispatcher came up (first start or restart).
    #[serde(rename = "dispatcher.started")]
    DispatcherStarted {},
    /// The dispatcher was stopped in order, or its Space fell asleep.
    #[serde(rename = "dispatcher.stopped")]
    DispatcherStopped {},
    /// The dispatcher's tasks were dropped where they stood.
    #[serde(rename = "dispatcher.crashed")]
    DispatcherCrashed {},

    /// A fault did something. The event it made or prevented names this one as its cause.
    #[serde(rename = "fault.applied")]
    FaultApplied {
        /// Its place in the plan's list of faults, from 0.
        fault: usize,
        /// Where it struck (`webhook`, `hf.create`, ...).
        place: String,
        /// What it did (`drop`, `delay`, ...).
        effect: String,
        /// The job concerned, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// The delivery it struck.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<DeliveryId>,
        /// The call it struck.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
        /// The HF job concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hf_job: Option<HfJobId>,
        /// The runner concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runner: Option<RunnerId>,
        /// The run concerned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
        /// `owner/name`, or an organisation's login.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repo: Option<String>,
        /// The hardware flavor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flavor: Option<String>,
    },
    /// What a fault held back goes on: a delivery leaves, a call is answered, an HF job gets its hardware, a
    /// runner is reachable again.
    #[serde(rename = "fault.released")]
    FaultReleased {
        /// The fault.
        fault: usize,
        /// Its `fault.applied`.
        strike: EventId,
        /// The job concerned, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// The delivery that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivery: Option<DeliveryId>,
        /// The call that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
        /// The HF job that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hf_job: Option<HfJobId>,
        /// The runner that goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runner: Option<RunnerId>,
    },
    /// From now on a fault may strike.
    #[serde(rename = "fault.opened")]
    FaultOpened {
        /// The fault.
        fault: usize,
    },
    /// From now on a fault strikes no more, unless it is opened again.
    #[serde(rename = "fault.closed")]
    FaultClosed {
        /// The fault.
        fault: usize,
        /// What closed it.
        why: Closed,
    },
    /// How often a fault could have struck, and how often it did. Recorded at the end of a world.
    #[serde(rename = "fault.counted")]
    FaultCounted {
        /// The fault.
        fault: usize,
        /// How often something came to one of its places, whoever it concerned and whether it was open or not.
        reached: u64,
        /// How often it was somebody the fault is meant for.
        matched: u64,
        /// How often the fault was open then.
        open: u64,
        /// How often its effect would have made a difference, too.
        occasions: u64,
        /// How often it struck.
        strikes: u64,
    },

    /// A workflow job exists and GitHub wants a runner for it.
    #[serde(rename = "job.queued")]
    JobQueued {
        /// The job.
        job: JobId,
        /// Its name in the scenario, for people (`J1`).
        name: String,
        /// Its run.
        run: RunId,
        /// Attempt of the run, from 1.
        attempt: u32,
        /// `owner/name`.
        repo: String,
        /// `runs-on`, as written.
        labels: Vec<String>,
        /// What keeps it from being given to a runner for now, although it is queued.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_by: Option<HeldBy>,
    },
    /// Nothing but the want of a runner keeps the job waiting any more. Follows a `job.queued` with `held_by`.
    #[serde(rename = "job.dispatchable")]
    JobDispatchable {
        /// The job.
        job: JobId,
    },
    /// GitHub took the job back from a runner that did not start it.
    #[serde(rename = "job.taken-back")]
    JobTakenBack {
        /// The job.
        job: JobId,
        /// The runner that had it.
        runner: RunnerId,
    },
    /// A workflow job exists, or went back, and waits for an approval.
    #[serde(rename = "job.waiting")]
    JobWaiting {
        /// The job.
        job: JobId,
        /// Its name in the scenario.
        name: String,
        /// Its run.
        run: RunId,
        /// Attempt of the run, from 1.
        attempt: u32,
        /// `owner/name`.
        repo: String,
        /// `runs-on`, as written.
        labels: Vec<String>,
    },
    /// The job started on a runner.
    #[serde(rename = "job.started")]
    JobStarted {
        /// The job.
        job: JobId,
        /// The runner's registration; none when a recording says that a runner outside the lab took it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runner: Option<RunnerId>,
        /// The runner's name.
        runner_name: String,
    },
    /// The job ended.
    #[serde(rename = "job.completed")]
    JobCompleted {
        /// The job.
        job: JobId,
        /// How it ended.
        conclusion: Conclusion,
        /// The runner it ran on, if it ever ran on one of ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runner: Option<RunnerId>,
    },
    /// Somebody asked GitHub to cancel a run, by force or not; or its own rules did: the run's
    /// concurrency group, or the longest time a run may take.
    #[serde(rename = "run.cancel-requested")]
    RunCancelRequested {
        /// The run.
        run: RunId,
        /// The dispatcher's call that asked, or nothing when a user or a rule did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
    },

    /// The last job of a run ended, or GitHub ended the run.
    #[serde(rename = "run.completed")]
    RunCompleted {
        /// The run.
        run: RunId,
        /// How it ended, as GitHub spells it: as the worst of its jobs, or `stale`, or `startup_failure`.
        conclusion: String,
    },

    /// The App made a check run.
    #[serde(rename = "check-run.created")]
    CheckRunCreated {
        /// The call that made it.
        call: CallId,
        /// `owner/name`.
        repo: String,
        /// The check run's id.
        check_run: u64,
        /// The runs of the commit it is on.
        runs: Vec<RunId>,
        /// The jobs of those runs, in their latest attempt.
        jobs: Vec<JobId>,
        /// Its status, as GitHub spells it.
        status: String,
        /// Its conclusion, as GitHub spells it, once there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conclusion: Option<String>,
    },
    /// The App changed a check run.
    #[serde(rename = "check-run.updated")]
    CheckRunUpdated {
        /// The call that changed it.
        call: CallId,
        /// `owner/name`.
        repo: String,
        /// The check run's id.
        check_run: u64,
        /// The runs of the commit it is on.
        runs: Vec<RunId>,
        /// The jobs of those runs, in their latest attempt.
        jobs: Vec<JobId>,
        /// Its status, as GitHub spells it.
        status: String,
        /// Its conclusion, as GitHub spells it, once there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conclusion: Option<String>,
    },

    /// The App was installed on an account after the world began.
    #[serde(rename = "installation.created")]
    InstallationCreated {
        /// The installation.
        installation: u64,
        /// The account's login.
        owner: String,
    },
    /// An installation was suspended: from now on it hears nothing and its tokens open nothing.
    #[serde(rename = "installation.suspended")]
    InstallationSuspended {
        /// The installation.
        installation: u64,
        /// The account's login.
        owner: String,
    },
    /// A suspended installation works again, its tokens too.
    #[serde(rename = "installation.unsuspended")]
    InstallationUnsuspended {
        /// The installation.
        installation: u64,
        /// The account's login.
        owner: String,
    },
    /// The App was uninstalled: the installation is gone and its tokens are revoked.
    #[serde(rename = "installation.deleted")]
    InstallationDeleted {
        /// The installation.
        installation: u64,
        /// The account's login.
        owner: String,
    },
    /// A repository has another name, and perhaps another owner. Its id stays.
    #[serde(rename = "repo.renamed")]
    RepoRenamed {
        /// The repository's id.
        repository: u64,
        /// Its `owner/name` until now.
        from: String,
        /// Its `owner/name` from now on.
        to: String,
    },

    /// GitHub has a webhook to send.
    #[serde(rename = "delivery.created")]
    DeliveryCreated {
        /// This attempt.
        delivery: DeliveryId,
        /// The `X-GitHub-Delivery` GUID, kept on redelivery.
        guid: String,
        /// `X-GitHub-Event`.
        name: String,
        /// The payload's `action`, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<String>,
        /// The payload's job, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// Where it came from.
        origin: Origin,
        /// How it is signed.
        signed: Signed,
        /// The hook it goes to, unless that is the App's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hook: Option<HookId>,
    },
    /// Its request left GitHub.
    #[serde(rename = "delivery.sent")]
    DeliverySent {
        /// This attempt.
        delivery: DeliveryId,
        /// The payload's job, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// How it is signed, where a secret has changed since it was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed: Option<Signed>,
    },
    /// The dispatcher answered it.
    #[serde(rename = "delivery.answered")]
    DeliveryAnswered {
        /// This attempt.
        delivery: DeliveryId,
        /// The payload's job, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// HTTP status.
        status: u16,
        /// Milliseconds from sent to answered.
        took_ms: u64,
        /// The body of its answer, without secrets and at most 1 kB of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// The status in GitHub's delivery log, where a fault made GitHub see something else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<u16>,
    },
    /// It was never answered.
    #[serde(rename = "delivery.lost")]
    DeliveryLost {
        /// This attempt.
        delivery: DeliveryId,
        /// The payload's job, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// Why.
        why: Lost,
        /// Whether GitHub's delivery log shows it, as a failure unless `seen` says otherwise.
        logged: bool,
        /// The status in GitHub's delivery log, where a fault made GitHub see something else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<u16>,
    },
    /// A hook has another secret from now on.
    #[serde(rename = "hook.secret-rotated")]
    HookSecretRotated {
        /// The hook, unless it is the App's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hook: Option<HookId>,
    },

    /// A call reached a fake and was looked at.
    #[serde(rename = "call.received")]
    CallReceived {
        /// The call.
        call: CallId,
        /// Who made it.
        by: Caller,
        /// Its name (`github.create-token`, `hf.create`).
        name: String,
        /// HTTP method.
        method: String,
        /// Path and query.
        path: String,
        /// The credential it carried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credential: Option<CredentialUse>,
        /// What it says it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Box<CallAbout>>,
    },
    /// The call changed the fake's state. Its answer may still be lost.
    #[serde(rename = "call.effect")]
    CallEffect {
        /// The call.
        call: CallId,
        /// Its name.
        name: String,
    },
    /// The fake answered.
    #[serde(rename = "call.answered")]
    CallAnswered {
        /// The call.
        call: CallId,
        /// Its name.
        name: String,
        /// HTTP status.
        status: u16,
        /// After how many seconds the answer says to try again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_s: Option<u64>,
        /// Whether it refuses for a rate limit.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        limited: bool,
    },
    /// An answer to the dispatcher showed a runner, a job or an HF job otherwise than it was at that moment.
    #[serde(rename = "reading.false")]
    ReadingFalse {
        /// The call.
        call: CallId,
        /// The job, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// The runner, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runner: Option<RunnerId>,
        /// The HF job, if it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hf_job: Option<HfJobId>,
        /// How it was shown: a runner as `online idle`, `online busy`, `offline idle` or `offline busy`, a job as
        /// its status, an HF job as its stage; `absent` if it was left out.
        shown: String,
        /// How it was, in the same words.
        truth: String,
    },
    /// The caller never got an answer.
    #[serde(rename = "call.lost")]
    CallLost {
        /// The call.
        call: CallId,
        /// Its name.
        name: String,
        /// Why.
        why: Lost,
    },

    /// An HF job was created.
    #[serde(rename = "hf.created")]
    HfCreated {
        /// The HF job.
        hf_job: HfJobId,
        /// The call that created it, or nothing when a schedule did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<CallId>,
        /// Its namespace: who pays.
        namespace: String,
        /// Its hardware flavor.
        flavor: String,
        /// Its timeout in seconds, after HF's default was filled in.
        timeout_s: u64,
        /// The repository of the runner it was created for, or the organisation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repo: Option<String>,
        /// The runner name it was given, if it was given one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runner_name: Option<String>,
        /// The runner labels it was given (from its registration arguments or its JIT config).
        runner_labels: Vec<String>,
    },
    /// An HF job changed its stage.
    #[serde(rename = "hf.stage")]
    HfStage {
        /// The HF job.
        hf_job: HfJobId,
        /// The new stage.
        stage: Stage,
        /// Why.
        cause: StageCause,
        /// HF's message, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// HF's `cancelReason`, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cancel_reason: Option<String>,
        /// What it has cost so far, in millionths of a US dollar (set on terminal stages).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_micro_usd: Option<u64>,
    },

    /// GitHub has a runner record (by JIT configuration or by registration).
    #[serde(rename = "runner.created")]
    RunnerCreated {
        /// Its id.
        runner: RunnerId,
        /// Its name.
        name: String,
        /// `owner/name` it serves.
        repo: String,
        /// Exactly its labels.
        labels: Vec<String>,
    },
    /// A runner process could not register or connect.
    #[serde(rename = "runner.refused")]
    RunnerRefused {
        /// The HF job it runs in.
        hf_job: HfJobId,
        /// What GitHub said, in a few words.
        why: String,
        /// The credential it tried with.
        credential: CredentialUse,
    },
    /// A runner listens for work: the end of the cold start.
    #[serde(rename = "runner.online")]
    RunnerOnline {
        /// Its id.
        runner: RunnerId,
        /// The HF job it runs in, if it is one of ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hf_job: Option<HfJobId>,
        /// The credential it connected with.
        credential: CredentialUse,
    },
    /// GitHub gave it a job.
    #[serde(rename = "runner.assigned")]
    RunnerAssigned {
        /// Its id.
        runner: RunnerId,
        /// The job.
        job: JobId,
        /// The HF job it runs in, if it is one of ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hf_job: Option<HfJobId>,
    },
    /// Its record is gone.
    #[serde(rename = "runner.removed")]
    RunnerRemoved {
        /// Its id.
        runner: RunnerId,
        /// Why.
        why: Removal,
    },
    /// Its process ended, or hangs for ever.
    #[serde(rename = "runner.exited")]
    RunnerExited {
        /// The HF job it ran in.
        hf_job: HfJobId,
        /// Exit code of the container's command; none when the process hangs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
    },
}
