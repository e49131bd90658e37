//! The life of an HF job: SCHEDULING, RUNNING with the runner inside, and one of the ends.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    HfJobs,
    cost::micro_usd,
    logs::JobLog,
    program::{Program, not_played},
    spec::JobSpec,
    state::{Command, HfJob, State},
};
use crate::{
    calls::CallContext,
    drawn_text::{HEX, drawn},
    env::Span,
    faults::{Effect, Subject},
    history::{Stage, StageCause, What},
    ids::{EventId, HfJobId},
    runner::{self, Container, Exit, Runners},
    settings::ColdStart,
};

/// Why a job changes its stage.
pub(super) struct Change {
    pub(super) stage: Stage,
    pub(super) cause: StageCause,
    pub(super) message: Option<String>,
    pub(super) because: Option<EventId>,
}

impl HfJobs {
    /// Creates a job and starts its life.
    pub(super) fn begin(
        &self,
        state: &mut State,
        namespace: &str,
        spec: JobSpec,
        call: CallContext,
    ) -> HfJobId {
        let ordinal = state.jobs.len() + 1;
        let id = self.new_id(state, ordinal);
        let timeout_s = spec
            .timeout_seconds
            .unwrap_or_else(|| self.settings().default_timeout.as_secs());
        let (runner_name, runner_labels) = self.inner.runners.identity(&spec.container, &id);
        let created = What::HfCreated {
            hf_job: id.clone(),
            call: call.call,
            namespace: namespace.to_owned(),
            flavor: spec.flavor.name.to_owned(),
            timeout_s,
            runner_name,
            runner_labels,
        };
        let created = self.history().record(Some(call.received), created);
        let (commands, orders) = unbounded_channel();
        let clock = self.env().clock;
        state.by_id.insert(id.clone(), state.jobs.len());
        state.jobs.push(HfJob {
            id: id.clone(),
            ordinal,
            namespace: namespace.to_owned(),
            spec,
            timeout_s,
            stage: Stage::Scheduling,
            message: None,
            failures: 0,
            created_at: clock.now(),
            created_ms: clock.elapsed_ms(),
            started_at: None,
            started_ms: None,
            finished_at: None,
            cost_micro_usd: None,
            log: JobLog::new(clock),
            last_event: created,
            commands,
        });
        let (hf, job) = (self.clone(), id.clone());
        self.env()
            .spawner
            .spawn(async move { hf.live(job, orders).await });
        id
    }

    /// 24 hexadecimal digits that no other job of this world has.
    fn new_id(&self, state: &State, ordinal: usize) -> HfJobId {
        let entity = format!("hf-job#{ordinal}");
        let mut attempt = 0;
        loop {
            let id = HfJobId(drawn(self.env(), &entity, &format!("id{attempt}"), HEX, 24));
            if !state.by_id.contains_key(&id) {
                return id;
            }
            attempt += 1;
        }
    }

    async fn live(&self, id: HfJobId, mut orders: UnboundedReceiver<Command>) {
        let Some(plan) = self.plan(&id) else { return };
        if !wait_for_hardware(&mut orders, plan.schedule).await {
            return;
        }
        let Some(running) = self.begin_running(&id, plan.because) else {
            return;
        };
        match self.run_until_ended(&id, &plan, running, &mut orders).await {
            // Whoever stopped it has already said so.
            End::Stopped => {}
            End::Exit(exit) => {
                self.change(&id, exit_change(exit));
                return;
            }
            End::TimedOut => {
                let message = Some("Job timeout".to_owned());
                let (cause, because) = (StageCause::Timeout, Some(running));
                self.change(
                    &id,
                    Change {
                        stage: Stage::Error,
                        cause,
                        message,
                        because,
                    },
                );
            }
        }
        let last_event = self.state().get(&id).map_or(running, |job| job.last_event);
        self.inner.runners.killed(&id, last_event);
    }

    async fn run_until_ended(
        &self,
        id: &HfJobId,
        plan: &LifePlan,
        running: EventId,
        orders: &mut UnboundedReceiver<Command>,
    ) -> End {
        let stopped = pin!(stop_order(orders));
        let process = pin!(self.run_attempts(id, plan, running));
        let timeout = pin!(tokio::time::sleep(plan.timeout));
        match select(stopped, select(process, timeout)).await {
            Either::Left(_) => End::Stopped,
            Either::Right((Either::Left((exit, _)), _)) => End::Exit(exit),
            Either::Right((Either::Right(_), _)) => End::TimedOut,
        }
    }

    /// Draws this job's cold start, and lets the faults have their way with it.
    fn plan(&self, id: &HfJobId) -> Option<LifePlan> {
        let (entity, flavor, created, timeout) = {
            let state = self.state();
            let job = state.get(id)?;
            (
                job.entity(),
                job.spec.flavor.name,
                job.last_event,
                Duration::from_secs(job.timeout_s),
            )
        };
        let cold_starts = &self.settings().cold_start;
        let none = Span::fixed(Duration::ZERO);
        let ColdStart { schedule, boot } = cold_starts
            .get(flavor)
            .or_else(|| cold_starts.get("default"))
            .copied()
            .unwrap_or(ColdStart {
                schedule: none,
                boot: none,
            });
        let env = self.env();
        let mut plan = LifePlan {
            schedule: env.within(schedule, &entity, "schedule"),
            boot: env.within(boot, &entity, "boot"),
            timeout,
            because: created,
            entity,
        };
        let faults = &self.inner.calls.faults;
        let entity = plan.entity.clone();
        let subject = Subject {
            place: "hf.schedule",
            entity: &entity,
            ..Subject::default()
        };
        for strike in faults.strike(&subject, Effect::suits_schedules) {
            if let Effect::Delay(span) = &strike.effect {
                plan.schedule += env.within(*span, &entity, &strike.purpose("delay"));
            }
            plan.because = faults.applied(&strike, &subject, Some(plan.because));
        }
        Some(plan)
    }

    /// RUNNING, unless somebody forced it there already.
    fn begin_running(&self, id: &HfJobId, because: EventId) -> Option<EventId> {
        let forced = self
            .state()
            .get(id)
            .filter(|job| job.stage == Stage::Running)
            .map(|job| job.last_event);
        forced.or_else(|| {
            let because = Some(because);
            let change = Change {
                stage: Stage::Running,
                cause: StageCause::Platform,
                message: None,
                because,
            };
            self.change(id, change)
        })
    }

    /// Runs the container, and again as often as the job asked for.
    async fn run_attempts(&self, id: &HfJobId, plan: &LifePlan, running: EventId) -> Exit {
        let Some(start) = self.state().get(id).map(Start::of) else {
            return Exit {
                code: 0,
                event: running,
            };
        };
        let mut attempt = 1;
        loop {
            start.log.started();
            let exit = self.run_container(id, plan, &start, running).await;
            if exit.code == 0 || attempt >= start.attempts {
                return exit;
            }
            attempt += 1;
            if let Some(job) = self.state().get_mut(id) {
                job.failures += 1;
            }
        }
    }

    async fn run_container(
        &self,
        id: &HfJobId,
        plan: &LifePlan,
        start: &Start,
        running: EventId,
    ) -> Exit {
        let Start { container, log, .. } = start;
        if let Some(program) = &start.program {
            tokio::time::sleep(plan.boot).await;
            return Exit {
                code: program.play(log).await,
                event: running,
            };
        }
        let runners = &self.inner.runners;
        if !Runners::is_in(container) {
            log.line(&start.not_played);
        }
        let log = log.clone();
        let start = runner::Start {
            container,
            hf_job: id,
            entity: &plan.entity,
            boot: plan.boot,
            running,
            log: runner::Log::new(move |line| log.line(line)),
        };
        runners.run(start).await
    }

    /// Changes the stage and records it. A job in a terminal stage stays there, and a job that is in the
    /// stage already has nothing to tell.
    pub(super) fn change(&self, id: &HfJobId, change: Change) -> Option<EventId> {
        let clock = self.env().clock;
        let mut state = self.state();
        let job = state
            .get_mut(id)
            .filter(|job| !job.stage.is_terminal() && job.stage != change.stage)?;
        job.stage = change.stage;
        job.message.clone_from(&change.message);
        if change.stage == Stage::Running && job.started_ms.is_none() {
            job.started_at = Some(clock.now());
            job.started_ms = Some(clock.elapsed_ms());
        }
        if change.stage.is_terminal() {
            job.finished_at = Some(clock.now());
            job.log.end();
            let billed_from = if self.settings().scheduling_is_billed {
                Some(job.created_ms)
            } else {
                job.started_ms
            };
            let cost = billed_from.map_or(0, |from| {
                micro_usd(
                    job.spec.flavor.micro_usd_per_minute(),
                    clock.elapsed_ms() - from,
                )
            });
            job.cost_micro_usd = Some(cost);
        }
        let event = self.history().record(
            change.because,
            What::HfStage {
                hf_job: id.clone(),
                stage: change.stage,
                cause: change.cause,
                message: change.message,
                cost_micro_usd: job.cost_micro_usd,
            },
        );
        job.last_event = event;
        Some(event)
    }

    /// Ends a job from outside: by a cancel call or by the scenario.
    pub(super) fn stop(&self, id: &HfJobId, change: Change) -> bool {
        if self.change(id, change).is_none() {
            return false;
        }
        self.order(id, Command::Stop);
        true
    }

    /// Interrupts the job's life.
    pub(super) fn order(&self, id: &HfJobId, command: Command) {
        if let Some(job) = self.state().get(id) {
            // A life that is over takes no orders.
            let _over = job.commands.send(command);
        }
    }
}

/// What a job's containers are started with.
struct Start {
    container: Container,
    program: Option<Program>,
    not_played: String,
    attempts: u32,
    log: JobLog,
}

impl Start {
    fn of(job: &HfJob) -> Self {
        let JobSpec {
            command, arguments, ..
        } = &job.spec;
        let container = job.spec.container.clone();
        Self {
            program: Program::of(command, arguments, &container.environment),
            not_played: not_played(command),
            container,
            attempts: job.spec.attempts,
            log: job.log.clone(),
        }
    }
}

/// How a running container ended.
enum End {
    Stopped,
    Exit(Exit),
    TimedOut,
}

struct LifePlan {
    schedule: Duration,
    boot: Duration,
    timeout: Duration,
    entity: String,
    /// What decided the schedule: the creation or a fault.
    because: EventId,
}

/// Waits out the schedule. False if the job is stopped meanwhile.
async fn wait_for_hardware(orders: &mut UnboundedReceiver<Command>, schedule: Duration) -> bool {
    let order = pin!(orders.recv());
    match select(order, pin!(tokio::time::sleep(schedule))).await {
        Either::Left((Some(Command::Start), _)) | Either::Right(_) => true,
        Either::Left((Some(Command::Stop) | None, _)) => false,
    }
}

async fn stop_order(orders: &mut UnboundedReceiver<Command>) {
    while let Some(command) = orders.recv().await {
        if matches!(command, Command::Stop) {
            return;
        }
    }
}

fn exit_change(exit: Exit) -> Change {
    let because = Some(exit.event);
    let cause = StageCause::Exit;
    match exit.code {
        0 => Change {
            stage: Stage::Completed,
            cause,
            message: None,
            because,
        },
        137 => {
            let message = Some("Job failed with exit code: 137. Reason: OOMKilled".to_owned());
            Change {
                stage: Stage::Error,
                cause,
                message,
                because,
            }
        }
        code => {
            let message = Some(format!("Job failed with exit code: {code}. Reason: Error."));
            Change {
                stage: Stage::Error,
                cause,
                message,
                because,
            }
        }
    }
}
