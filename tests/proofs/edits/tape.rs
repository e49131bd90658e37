//! A history that is being edited: what is in it, and how something is put in or taken out. Events are numbered anew at the
//! end, in one place, so that an edit never has to think of ids.

use std::collections::BTreeMap;

use fakes::{
    history::{
        CallAbout, Caller, CredentialKind, CredentialState, CredentialUse, Event, Origin, Signed,
        Stage, StageCause, What,
    },
    ids::{CallId, DeliveryId, EventId, HfJobId, JobId, RunId, RunnerId},
};
use scenarios::plan::Plan;

/// What is put in is numbered from here until it has its place.
const NEW: u64 = 1 << 40;

/// One minute, in milliseconds.
pub(super) const MINUTE: u64 = 60_000;
/// One hour.
pub(super) const HOUR: u64 = 60 * MINUTE;

/// A history under the scissors.
pub(super) struct Tape<'a> {
    /// The plan it came from.
    pub(super) plan: &'a Plan,
    /// The events; those put in have numbers of their own.
    pub(super) events: Vec<Event>,
    pick: usize,
    added: u64,
}

/// A job as its history tells it.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: JobId,
    pub(super) run: RunId,
    pub(super) repo: String,
    pub(super) labels: Vec<String>,
    pub(super) attempt: u32,
    /// When it was first announced.
    pub(super) announced: u64,
    pub(super) started: Option<u64>,
    pub(super) completed: Option<u64>,
}

/// An HF job, and its runner, as their history tells it.
#[derive(Clone, Debug)]
pub(super) struct Hf {
    pub(super) id: HfJobId,
    pub(super) flavor: String,
    pub(super) repo: Option<String>,
    pub(super) name: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) created: u64,
    pub(super) runner: Option<RunnerId>,
    pub(super) online: Option<u64>,
    /// The job it was given first, and when.
    pub(super) assigned: Option<(u64, JobId)>,
    pub(super) ended: Option<u64>,
}

/// The dispatcher's usual credentials.
pub(super) const fn fresh(kind: CredentialKind) -> CredentialUse {
    CredentialUse {
        kind,
        state: CredentialState::Fresh,
    }
}

impl<'a> Tape<'a> {
    pub(super) const fn new(plan: &'a Plan, events: Vec<Event>, pick: usize) -> Self {
        Self {
            plan,
            events,
            pick,
            added: 0,
        }
    }

    /// The history, numbered anew.
    pub(super) fn finish(self) -> Vec<Event> {
        let numbers: BTreeMap<EventId, EventId> = self
            .events
            .iter()
            .zip(1..)
            .map(|(event, number)| (event.id, EventId(number)))
            .collect();
        let renumbered = self.events.into_iter().filter_map(|mut event| {
            event.id = numbers[&event.id];
            event.because = event.because.and_then(|cause| numbers.get(&cause).copied());
            if let What::FaultReleased { strike, .. } = &mut event.event {
                *strike = *numbers.get(strike)?;
            }
            Some(event)
        });
        let mut events: Vec<Event> = renumbered.collect();
        // A release without its strike is gone as well, and leaves a gap.
        if events.last().map(|event| event.id.0) != Some(events.len() as u64) {
            let again = Tape::new(self.plan, std::mem::take(&mut events), self.pick);
            return again.finish();
        }
        events
    }

    /// One of these, as the edit was told to pick.
    pub(super) fn pick<T>(&self, mut of: Vec<T>) -> Option<T> {
        let place = self.pick.checked_rem(of.len())?;
        Some(of.swap_remove(place))
    }

    /// Where an event like this stands; the one that the edit was told to pick.
    pub(super) fn find(&self, is: impl Fn(&What) -> bool) -> Option<usize> {
        let places = self.events.iter().enumerate();
        let fitting: Vec<usize> = places
            .filter(|(_, event)| is(&event.event))
            .map(|(place, _)| place)
            .collect();
        self.pick(fitting)
    }

    /// When the history ends.
    pub(super) fn end(&self) -> u64 {
        self.events.last().map_or(0, |event| event.at_ms)
    }

    /// Where the last words begin: the counts of faults, and the end.
    fn tail(&self) -> usize {
        let last_words = |event: &&Event| {
            matches!(
                event.event,
                What::WorldEnded { .. } | What::FaultCounted { .. }
            )
        };
        self.events.len() - self.events.iter().rev().take_while(last_words).count()
    }

    /// Lets the history go on until then.
    pub(super) fn until(&mut self, at_ms: u64) {
        let tail = self.tail();
        for event in &mut self.events[tail..] {
            event.at_ms = event.at_ms.max(at_ms);
        }
    }

    /// Puts an event in, behind all that happened until then.
    pub(super) fn add(&mut self, at_ms: u64, event: What) -> EventId {
        self.add_for(at_ms, None, event)
    }

    /// The same, with its cause.
    pub(super) fn add_for(&mut self, at_ms: u64, because: Option<EventId>, event: What) -> EventId {
        self.until(at_ms);
        let tail = self.tail();
        let place = self.events[..tail].partition_point(|event| event.at_ms <= at_ms);
        self.added += 1;
        let id = EventId(NEW + self.added);
        let event = Event {
            id,
            at_ms,
            because,
            event,
        };
        self.events.insert(place, event);
        id
    }

    /// Takes events out; whether there were any.
    pub(super) fn remove(&mut self, is: impl Fn(&What) -> bool) -> Option<()> {
        let before = self.events.len();
        self.events.retain(|event| !is(&event.event));
        (self.events.len() < before).then_some(())
    }

    /// Lets everything from then on happen so much later.
    pub(super) fn postpone(&mut self, from_ms: u64, by_ms: u64) {
        for event in &mut self.events {
            if event.at_ms >= from_ms {
                event.at_ms += by_ms;
            }
        }
    }

    /// A number that nothing in the history has.
    pub(super) const fn number(&mut self) -> u64 {
        self.added += 1;
        (1 << 50) + self.added
    }

    /// An HF job id that nothing in the history has.
    pub(super) fn hf_id(&mut self) -> HfJobId {
        HfJobId(format!("{:024x}", self.number()))
    }

    /// The jobs that the dispatcher has to serve.
    pub(super) fn jobs(&self) -> Vec<Job> {
        let mut jobs: BTreeMap<JobId, Job> = BTreeMap::new();
        for event in &self.events {
            match &event.event {
                What::JobQueued {
                    job,
                    run,
                    repo,
                    labels,
                    attempt,
                    ..
                }
                | What::JobWaiting {
                    job,
                    run,
                    repo,
                    labels,
                    attempt,
                    ..
                } => {
                    jobs.entry(*job).or_insert_with(|| Job {
                        id: *job,
                        run: *run,
                        repo: repo.clone(),
                        labels: labels.clone(),
                        attempt: *attempt,
                        announced: event.at_ms,
                        started: None,
                        completed: None,
                    });
                }
                What::JobStarted { job, .. } => {
                    if let Some(job) = jobs.get_mut(job) {
                        job.started = Some(event.at_ms);
                    }
                }
                What::JobCompleted { job, .. } => {
                    if let Some(job) = jobs.get_mut(job) {
                        job.completed = Some(event.at_ms);
                    }
                }
                _ => {}
            }
        }
        let routed = |job: &Job| flavor_of(&job.labels).is_some();
        jobs.into_values().filter(routed).collect()
    }

    /// A job that started and ended.
    pub(super) fn done(&self) -> Option<Job> {
        let jobs = self.jobs().into_iter();
        self.pick(
            jobs.filter(|job| job.started.is_some() && job.completed.is_some())
                .collect(),
        )
    }

    /// The first of them.
    pub(super) fn first_done(&self) -> Option<Job> {
        let mut jobs = self.jobs().into_iter();
        jobs.find(|job| job.started.is_some() && job.completed.is_some())
    }

    /// The HF jobs.
    pub(super) fn hf_jobs(&self) -> Vec<Hf> {
        let mut found: Vec<Hf> = Vec::new();
        for event in &self.events {
            let of = |found: &mut Vec<Hf>, id: &HfJobId, change: &dyn Fn(&mut Hf)| {
                found.iter_mut().filter(|hf| hf.id == *id).for_each(change);
            };
            match &event.event {
                What::HfCreated {
                    hf_job,
                    flavor,
                    repo,
                    runner_name,
                    runner_labels,
                    ..
                } => found.push(Hf {
                    id: hf_job.clone(),
                    flavor: flavor.clone(),
                    repo: repo.clone(),
                    name: runner_name.clone(),
                    labels: runner_labels.clone(),
                    created: event.at_ms,
                    runner: None,
                    online: None,
                    assigned: None,
                    ended: None,
                }),
                What::RunnerOnline {
                    runner,
                    hf_job: Some(id),
                    ..
                } => of(&mut found, id, &|hf| {
                    hf.runner = Some(*runner);
                    hf.online.get_or_insert(event.at_ms);
                }),
                What::RunnerAssigned {
                    job,
                    hf_job: Some(id),
                    ..
                } => of(&mut found, id, &|hf| {
                    hf.assigned.get_or_insert((event.at_ms, *job));
                }),
                What::HfStage { hf_job, stage, .. } if stage.is_terminal() => {
                    of(&mut found, hf_job, &|hf| {
                        hf.ended.get_or_insert(event.at_ms);
                    });
                }
                _ => {}
            }
        }
        found
    }

    /// An HF job on which a job ran, and that ended.
    pub(super) fn worked(&self) -> Option<Hf> {
        let done: Vec<JobId> = self
            .jobs()
            .iter()
            .filter(|job| job.completed.is_some())
            .map(|job| job.id)
            .collect();
        let is =
            |hf: &Hf| hf.ended.is_some() && hf.assigned.is_some_and(|(_, job)| done.contains(&job));
        self.pick(self.hf_jobs().into_iter().filter(is).collect())
    }

    /// An HF job with a job on it at some moment, which is a while after it was given the job.
    pub(super) fn busy(&self) -> Option<(Hf, Job, u64)> {
        let jobs = self.jobs();
        let busy = self.hf_jobs().into_iter().filter_map(|hf| {
            let (at, id) = hf.assigned?;
            let job = jobs.iter().find(|job| job.id == id)?.clone();
            let over = job.completed?;
            let moment = at + (over - at) / 2;
            (moment > at + 5_000 && hf.ended? > moment).then_some((hf, job, moment))
        });
        self.pick(busy.collect())
    }

    /// A call of the dispatcher that was received then; what it does comes before its answer.
    pub(super) fn ask(
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

    pub(super) fn ask_with(
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
    pub(super) fn answer(
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
    pub(super) fn call(
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
    pub(super) fn act(
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
    pub(super) fn create(&mut self, at_ms: u64, job: &Job) -> Hf {
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
    pub(super) fn create_as(&mut self, at_ms: u64, hf: &Hf) {
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
    pub(super) fn ends(&mut self, at_ms: u64, hf_job: &HfJobId, stage: Stage, cause: StageCause) {
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
    pub(super) fn cancels(&mut self, at_ms: u64, hf_job: &HfJobId) {
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
    pub(super) fn comes_up(&mut self, at_ms: u64, hf: &Hf) -> RunnerId {
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
    pub(super) fn queue(&mut self, at_ms: u64, like: &Job) -> Job {
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
    pub(super) fn deliver(
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
    pub(super) fn send(
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
        self.add(at_ms, What::DeliverySent { delivery, job });
        delivery
    }

    /// Takes out that a job ever started, and what follows from it.
    pub(super) fn never_starts(&mut self, job: JobId) -> Option<()> {
        let deliveries: Vec<DeliveryId> = self
            .events
            .iter()
            .filter_map(|event| match &event.event {
                What::DeliveryCreated {
                    delivery,
                    job: Some(about),
                    action: Some(action),
                    ..
                } if *about == job && (action == "in_progress" || action == "completed") => {
                    Some(*delivery)
                }
                _ => None,
            })
            .collect();
        let run = self
            .jobs()
            .into_iter()
            .find(|one| one.id == job)
            .map(|job| job.run);
        self.remove(|what| match what {
            What::DeliveryCreated { delivery, .. }
            | What::DeliverySent { delivery, .. }
            | What::DeliveryAnswered { delivery, .. }
            | What::DeliveryLost { delivery, .. } => deliveries.contains(delivery),
            What::RunCompleted { run: of, .. } => Some(*of) == run,
            _ => false,
        });
        self.remove(|what| match what {
            What::RunnerAssigned { job: of, .. }
            | What::JobStarted { job: of, .. }
            | What::JobCompleted { job: of, .. } => *of == job,
            _ => false,
        })
    }

    /// Takes an HF job out, with its runner and whatever was on it.
    pub(super) fn never_was(&mut self, id: &HfJobId) -> Option<()> {
        let hf = self.hf_jobs().into_iter().find(|hf| hf.id == *id)?;
        if let Some((_, job)) = hf.assigned {
            self.never_starts(job);
        }
        let call = self.events.iter().find_map(|event| match &event.event {
            What::HfCreated { hf_job, call, .. } if hf_job == id => *call,
            _ => None,
        });
        self.remove(|what| match what {
            What::CallReceived {
                call: of, about, ..
            } => {
                Some(*of) == call
                    || about
                        .as_ref()
                        .is_some_and(|about| about.hf_job.as_ref() == Some(id))
            }
            What::CallEffect { call: of, .. }
            | What::CallAnswered { call: of, .. }
            | What::CallLost { call: of, .. } => Some(*of) == call,
            _ => false,
        });
        self.remove(|what| match what {
            What::HfCreated { hf_job, .. }
            | What::HfStage { hf_job, .. }
            | What::RunnerExited { hf_job, .. }
            | What::RunnerRefused { hf_job, .. } => hf_job == id,
            What::RunnerOnline { runner, .. }
            | What::RunnerRemoved { runner, .. }
            | What::RunnerCreated { runner, .. } => Some(*runner) == hf.runner,
            _ => false,
        })
    }
}

/// Its `hf.created`.
pub(super) fn created(hf: &Hf, call: Option<CallId>) -> What {
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
pub(super) fn flavor_of(labels: &[String]) -> Option<String> {
    let [label] = labels else { return None };
    let flavor = label.to_lowercase().strip_prefix("hf-jobs-")?.to_owned();
    scenarios::FLAVORS
        .contains(&flavor.as_str())
        .then_some(flavor)
}

/// About a repository.
pub(super) fn about_repo(repo: &str) -> CallAbout {
    CallAbout {
        repo: Some(repo.to_owned()),
        ..CallAbout::default()
    }
}
