//! The history, indexed once for all properties: lives of jobs, HF jobs, runners and deliveries.

use std::collections::BTreeMap;

use fakes::{
    history::{Conclusion, Event, Lost, Origin, Signed, Stage, StageCause, What},
    ids::{DeliveryId, EventId, HfJobId, JobId, RunId, RunnerId},
};

use super::rules::Rules;

/// A moment: when, and which event says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The event.
    pub event: EventId,
    /// Its time.
    pub at_ms: u64,
}

/// The life of a workflow job.
#[derive(Clone, Debug)]
pub struct JobLife<'a> {
    /// Its name in the scenario.
    pub name: &'a str,
    /// Its run.
    pub run: RunId,
    /// Its repository.
    pub repo: &'a str,
    /// `runs-on`, as written.
    pub labels: &'a [String],
    /// The flavor it routes to by the scenario's rules.
    pub flavor: Option<&'static str>,
    /// When GitHub first wanted a runner for it.
    pub queued: Option<Moment>,
    /// When it started, and on which of our runners.
    pub started: Option<(Moment, Option<RunnerId>)>,
    /// When and how it ended.
    pub completed: Option<(Moment, Conclusion)>,
}

impl JobLife<'_> {
    /// True if at the end of the history GitHub still wants a runner for it.
    #[must_use]
    pub const fn still_queued(&self) -> bool {
        self.queued.is_some() && self.started.is_none() && self.completed.is_none()
    }
}

/// The life of an HF job.
#[derive(Clone, Debug)]
pub struct HfLife<'a> {
    /// When it was created.
    pub created: Moment,
    /// The namespace that pays for it.
    pub namespace: &'a str,
    /// The repository or organisation whose runner it was created for.
    pub repo: Option<&'a str>,
    /// Its flavor.
    pub flavor: &'a str,
    /// The labels its runner was given.
    pub runner_labels: &'a [String],
    /// When its runner came online, and which.
    pub online: Option<(Moment, RunnerId)>,
    /// The job that started on it.
    pub job: Option<(Moment, JobId)>,
    /// When its runner could not connect.
    pub refused: Option<Moment>,
    /// When it reached a terminal stage, and why.
    pub ended: Option<(Moment, StageCause)>,
    /// What it cost, in millionths of a US dollar.
    pub cost_micro_usd: u64,
}

/// The life of a runner record.
#[derive(Clone, Debug)]
pub struct RunnerLife<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its labels.
    pub labels: &'a [String],
    /// The HF job it runs in, once online.
    pub hf_job: Option<&'a HfJobId>,
}

/// One delivery attempt.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    /// Its `action`, if any.
    pub action: Option<&'a str>,
    /// Its job, if any.
    pub job: Option<JobId>,
    /// Where it came from.
    pub origin: Origin,
    /// How it was signed.
    pub signed: Signed,
    /// When it was sent.
    pub sent: Option<Moment>,
    /// When it was answered, with which status after how many milliseconds.
    pub answered: Option<(Moment, u16, u64)>,
    /// When and why it was lost.
    pub lost: Option<(Moment, Lost)>,
    /// True if a fault made the answer or the loss.
    pub faulted: bool,
}

/// The history, indexed.
#[derive(Debug)]
pub struct Ledger<'a> {
    /// Everything, in order.
    pub events: &'a [Event],
    /// Workflow jobs.
    pub jobs: BTreeMap<JobId, JobLife<'a>>,
    /// HF jobs.
    pub hf_jobs: BTreeMap<&'a HfJobId, HfLife<'a>>,
    /// Runner records.
    pub runners: BTreeMap<RunnerId, RunnerLife<'a>>,
    /// Deliveries.
    pub deliveries: BTreeMap<DeliveryId, Delivery<'a>>,
    /// When the world became honest, if it did.
    pub healed: Option<Moment>,
    /// True if the world came to rest before the run ended: then nothing that is open would still have come.
    pub settled: bool,
    /// The last event.
    pub end: Moment,
}

impl<'a> Ledger<'a> {
    /// Reads a history.
    #[must_use]
    pub fn read(events: &'a [Event], rules: &Rules) -> Self {
        let end = events.last().map_or(
            Moment {
                event: EventId(0),
                at_ms: 0,
            },
            moment,
        );
        let mut ledger = Self {
            events,
            jobs: BTreeMap::new(),
            hf_jobs: BTreeMap::new(),
            runners: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            healed: None,
            settled: false,
            end,
        };
        for event in events {
            ledger.enter_job(event, rules);
            ledger.enter_hf_job(event);
            ledger.enter_runner(event);
            ledger.enter_delivery(event);
        }
        ledger
    }

    /// The event with this id.
    #[must_use]
    pub fn event(&self, id: EventId) -> Option<&'a Event> {
        self.events.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
    }

    /// What all HF jobs cost together, in millionths of a US dollar.
    #[must_use]
    pub fn cost_micro_usd(&self) -> u64 {
        self.hf_jobs.values().map(|life| life.cost_micro_usd).sum()
    }

    /// The name of a job in the scenario, or its id.
    #[must_use]
    pub fn job_named(&self, job: JobId) -> String {
        self.jobs
            .get(&job)
            .map_or_else(|| job.to_string(), |life| life.name.to_owned())
    }

    fn enter_job(&mut self, event: &'a Event, rules: &Rules) {
        match &event.event {
            What::WorldHealed {} => self.healed = Some(moment(event)),
            What::WorldEnded { settled } => self.settled = *settled,
            What::JobQueued {
                job,
                name,
                run,
                repo,
                labels,
                ..
            }
            | What::JobWaiting {
                job,
                name,
                run,
                repo,
                labels,
                ..
            } => {
                let life = self.jobs.entry(*job).or_insert_with(|| JobLife {
                    name,
                    run: *run,
                    repo,
                    labels,
                    flavor: rules.flavor(labels.iter().map(String::as_str)),
                    queued: None,
                    started: None,
                    completed: None,
                });
                let wanted = matches!(event.event, What::JobQueued { .. });
                if wanted && life.queued.is_none() {
                    life.queued = Some(moment(event));
                }
            }
            What::JobStarted { job, runner, .. } => {
                if let Some(life) = self.jobs.get_mut(job) {
                    life.started = Some((moment(event), *runner));
                }
            }
            What::JobCompleted {
                job, conclusion, ..
            } => {
                if let Some(life) = self.jobs.get_mut(job) {
                    life.completed = Some((moment(event), *conclusion));
                }
            }
            _ => {}
        }
    }

    fn enter_hf_job(&mut self, event: &'a Event) {
        match &event.event {
            What::HfCreated {
                hf_job,
                namespace,
                repo,
                flavor,
                runner_labels,
                ..
            } => {
                self.hf_jobs.insert(
                    hf_job,
                    HfLife {
                        created: moment(event),
                        namespace,
                        repo: repo.as_deref(),
                        flavor,
                        runner_labels,
                        online: None,
                        job: None,
                        refused: None,
                        ended: None,
                        cost_micro_usd: 0,
                    },
                );
            }
            What::HfStage {
                hf_job,
                stage,
                cause,
                cost_micro_usd,
                ..
            } => {
                let Some(life) = self.hf_jobs.get_mut(hf_job) else {
                    return;
                };
                if stage.is_terminal() && life.ended.is_none() {
                    life.ended = Some((moment(event), *cause));
                }
                life.cost_micro_usd = cost_micro_usd.unwrap_or(life.cost_micro_usd);
            }
            What::RunnerOnline { hf_job, runner, .. } => {
                let known = hf_job.as_ref().and_then(|id| self.hf_jobs.get_mut(id));
                let Some(life) = known else {
                    return;
                };
                life.online.get_or_insert((moment(event), *runner));
            }
            What::RunnerRefused { hf_job, .. } => {
                let Some(life) = self.hf_jobs.get_mut(hf_job) else {
                    return;
                };
                life.refused.get_or_insert(moment(event));
            }
            What::JobStarted {
                job,
                runner: Some(runner),
                ..
            } => {
                let hf_job = self.runners.get(runner).and_then(|life| life.hf_job);
                let Some(life) = hf_job.and_then(|hf_job| self.hf_jobs.get_mut(hf_job)) else {
                    return;
                };
                life.job = Some((moment(event), *job));
            }
            _ => {}
        }
    }

    fn enter_runner(&mut self, event: &'a Event) {
        match &event.event {
            What::RunnerCreated {
                runner,
                name,
                labels,
                ..
            } => {
                self.runners.insert(
                    *runner,
                    RunnerLife {
                        name,
                        labels,
                        hf_job: None,
                    },
                );
            }
            What::RunnerOnline { runner, hf_job, .. } => {
                let Some(life) = self.runners.get_mut(runner) else {
                    return;
                };
                life.hf_job = hf_job.as_ref();
            }
            _ => {}
        }
    }

    fn enter_delivery(&mut self, event: &'a Event) {
        let by_fault = self.is_by_fault(event);
        match &event.event {
            What::DeliveryCreated {
                delivery,
                action,
                job,
                origin,
                signed,
                ..
            } => {
                let entry = Delivery {
                    action: action.as_deref(),
                    job: *job,
                    origin: *origin,
                    signed: *signed,
                    sent: None,
                    answered: None,
                    lost: None,
                    faulted: false,
                };
                self.deliveries.insert(*delivery, entry);
            }
            What::DeliverySent { delivery, .. } => {
                let Some(entry) = self.deliveries.get_mut(delivery) else {
                    return;
                };
                entry.sent = Some(moment(event));
            }
            What::DeliveryAnswered {
                delivery,
                status,
                took_ms,
                ..
            } => {
                let Some(entry) = self.deliveries.get_mut(delivery) else {
                    return;
                };
                entry.answered = Some((moment(event), *status, *took_ms));
                entry.faulted |= by_fault;
            }
            What::DeliveryLost { delivery, why, .. } => {
                let Some(entry) = self.deliveries.get_mut(delivery) else {
                    return;
                };
                entry.lost = Some((moment(event), *why));
                entry.faulted |= by_fault;
            }
            _ => {}
        }
    }

    fn is_by_fault(&self, event: &Event) -> bool {
        let cause = event.because.and_then(|id| self.event(id));
        matches!(
            cause.map(|cause| &cause.event),
            Some(What::FaultApplied { .. })
        )
    }
}

/// When this event happened.
pub(super) const fn moment(event: &Event) -> Moment {
    Moment {
        event: event.id,
        at_ms: event.at_ms,
    }
}

/// True for a stage change that ends an HF job.
pub(super) fn ends_hf_job(event: &What) -> Option<(&HfJobId, Stage, StageCause)> {
    match event {
        What::HfStage {
            hf_job,
            stage,
            cause,
            ..
        } if stage.is_terminal() => Some((hf_job, *stage, *cause)),
        _ => None,
    }
}
