//! What can be put into a history: calls and their answers, HF jobs, jobs, deliveries.

use fakes::{
    history::{
        CallAbout, Caller, CredentialKind, CredentialUse, Origin, Signed, Stage, StageCause, What,
    },
    ids::{CallId, DeliveryId, EventId, HfJobId, JobId, RunId, RunnerId},
};

use super::{Hf, Job, Tape, fresh};

impl Tape<'_> {
    /// A call of the dispatcher that was received then; what it does comes before its answer.
    pub(in crate::edits) fn ask(
        &mut self,
        at_ms: u64,
        name: &str,
        path: &str,
        about: CallAbout,
    ) -> (CallId, EventId) {
        let kind = if name.starts_with("hf.") {
            CredentialKind::HfToken
        } else if name == "github.create-token" || path.starts_with("/app") {
            CredentialKind::AppJwt
        } else {
            CredentialKind::InstallationToken
        };
        self.ask_with(at_ms, name, path, about, fresh(kind))
    }

    pub(in crate::edits) fn ask_with(
        &mut self,
        at_ms: u64,
        name: &str,
        path: &str,
        about: CallAbout,
        credential: CredentialUse,
    ) -> (CallId, EventId) {
        let call = CallId(self.number());
        let method = if name.contains("list") || name.contains("get-") || name.contains("inspect") {
            "GET"
        } else if name.contains("delete") {
            "DELETE"
        } else {
            "POST"
        };
        let what = What::CallReceived {
            call,
            by: Caller::Dispatcher,
            name: name.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            credential: Some(credential),
            about: (about != CallAbout::default()).then(|| Box::new(about)),
        };
        (call, self.add(at_ms, what))
    }

    /// Its answer.
    pub(in crate::edits) fn answer(
        &mut self,
        at_ms: u64,
        (call, received): (CallId, EventId),
        name: &str,
        status: u16,
    ) {
        let what = What::CallAnswered {
            call,
            name: name.to_owned(),
            status,
            retry_after_s: None,
            limited: false,
        };
        self.add_for(at_ms, Some(received), what);
    }

    /// A call of the dispatcher without an effect, and its answer.
    pub(in crate::edits) fn call(
        &mut self,
        at_ms: u64,
        name: &str,
        path: &str,
        about: CallAbout,
        status: u16,
    ) {
        let call = self.ask(at_ms, name, path, about);
        self.answer(at_ms, call, name, status);
    }

    /// A call of the dispatcher with an effect, and its answer.
    pub(in crate::edits) fn act(
        &mut self,
        at_ms: u64,
        name: &str,
        path: &str,
        about: CallAbout,
        effect: impl FnOnce(CallId) -> What,
    ) -> CallId {
        let call = self.ask(at_ms, name, path, about);
        self.add_for(at_ms, Some(call.1), effect(call.0));
        let effect = What::CallEffect {
            call: call.0,
            name: name.to_owned(),
        };
        self.add_for(at_ms, Some(call.1), effect);
        self.answer(at_ms, call, name, 200);
        call.0
    }

    /// A create of the dispatcher, for a job's lane.
    pub(in crate::edits) fn create(&mut self, at_ms: u64, job: &Job) -> Hf {
        let name = format!("edited-{}", self.number());
        let hf = Hf {
            id: self.hf_id(),
            flavor: flavor_of(&job.labels).unwrap_or_default(),
            repo: Some(job.repo.clone()),
            name: Some(name),
            labels: job.labels.clone(),
            created: at_ms,
            runner: None,
            online: None,
            assigned: None,
            ended: None,
        };
        self.create_as(at_ms, &hf);
        hf
    }

    /// A create of the dispatcher.
    pub(in crate::edits) fn create_as(&mut self, at_ms: u64, hf: &Hf) {
        let about = CallAbout {
            repo: hf.repo.clone(),
            flavor: Some(hf.flavor.clone()),
            labels: hf.labels.clone(),
            runner_name: hf.name.clone(),
            ..CallAbout::default()
        };
        self.act(at_ms, "hf.create", "/api/jobs/lab", about, |call| {
            created(hf, Some(call))
        });
    }

    /// HF ends an HF job.
    pub(in crate::edits) fn ends(
        &mut self,
        at_ms: u64,
        hf_job: &HfJobId,
        stage: Stage,
        cause: StageCause,
    ) {
        let what = What::HfStage {
            hf_job: hf_job.clone(),
            stage,
            cause,
            message: None,
            cancel_reason: None,
            cost_micro_usd: Some(0),
        };
        self.add(at_ms, what);
    }

    /// The dispatcher cancels an HF job, and HF ends it.
    pub(in crate::edits) fn cancels(&mut self, at_ms: u64, hf_job: &HfJobId) {
        let about = CallAbout {
            hf_job: Some(hf_job.clone()),
            ..CallAbout::default()
        };
        let path = format!("/api/jobs/lab/{}/cancel", hf_job.0);
        let what = What::HfStage {
            hf_job: hf_job.clone(),
            stage: Stage::Canceled,
            cause: StageCause::Cancel,
            message: None,
            cancel_reason: None,
            cost_micro_usd: Some(0),
        };
        self.act(at_ms, "hf.cancel", &path, about, |_| what);
    }

    /// The runner of an HF job comes up.
    pub(in crate::edits) fn comes_up(&mut self, at_ms: u64, hf: &Hf) -> RunnerId {
        let runner = RunnerId(self.number());
        let record = What::RunnerCreated {
            runner,
            name: hf.name.clone().unwrap_or_default(),
            repo: hf.repo.clone().unwrap_or_default(),
            labels: hf.labels.clone(),
        };
        self.add(at_ms, record);
        let up = What::RunnerOnline {
            runner,
            hf_job: Some(hf.id.clone()),
            credential: fresh(CredentialKind::JitConfig),
        };
        self.add(at_ms, up);
        runner
    }

    /// A job more, like one there is.
    pub(in crate::edits) fn queue(&mut self, at_ms: u64, like: &Job) -> Job {
        let job = Job {
            id: JobId(self.number()),
            run: RunId(self.number()),
            attempt: 1,
            announced: at_ms,
            started: None,
            completed: None,
            ..like.clone()
        };
        let what = What::JobQueued {
            job: job.id,
            name: format!("edited {}", job.id),
            run: job.run,
            attempt: 1,
            repo: job.repo.clone(),
            labels: job.labels.clone(),
            held_by: None,
        };
        self.add(at_ms, what);
        job
    }

    /// A delivery that left then, and its answer.
    pub(in crate::edits) fn deliver(
        &mut self,
        at_ms: u64,
        (name, action): (&str, Option<&str>),
        job: Option<JobId>,
        (origin, signed): (Origin, Signed),
        status: u16,
    ) -> DeliveryId {
        let delivery = self.send(at_ms, (name, action), job, (origin, signed));
        let what = What::DeliveryAnswered {
            delivery,
            job,
            status,
            took_ms: 5,
            body: Some(r#"{"ok":true}"#.to_owned()),
            seen: None,
        };
        self.add(at_ms + 5, what);
        delivery
    }

    /// A delivery that left then.
    pub(in crate::edits) fn send(
        &mut self,
        at_ms: u64,
        (name, action): (&str, Option<&str>),
        job: Option<JobId>,
        (origin, signed): (Origin, Signed),
    ) -> DeliveryId {
        let delivery = DeliveryId(self.number());
        let what = What::DeliveryCreated {
            delivery,
            guid: format!("edited-{}", delivery.0),
            name: name.to_owned(),
            action: action.map(str::to_owned),
            job,
            origin,
            signed,
            hook: None,
        };
        self.add(at_ms, what);
        self.add(
            at_ms,
            What::DeliverySent {
                delivery,
                job,
                signed: None,
            },
        );
        delivery
    }
}

/// Its `hf.created`.
pub(in crate::edits) fn created(hf: &Hf, call: Option<CallId>) -> What {
    What::HfCreated {
        hf_job: hf.id.clone(),
        call,
        namespace: "lab".to_owned(),
        flavor: hf.flavor.clone(),
        timeout_s: 3600,
        repo: hf.repo.clone(),
        runner_name: hf.name.clone(),
        runner_labels: hf.labels.clone(),
    }
}

/// The flavor that labels go to by the convention.
pub(in crate::edits) fn flavor_of(labels: &[String]) -> Option<String> {
    let [label] = labels else { return None };
    let flavor = label.to_lowercase().strip_prefix("hf-jobs-")?.to_owned();
    scenarios::FLAVORS
        .contains(&flavor.as_str())
        .then_some(flavor)
}

/// About a repository.
pub(in crate::edits) fn about_repo(repo: &str) -> CallAbout {
    CallAbout {
        repo: Some(repo.to_owned()),
        ..CallAbout::default()
    }
}
