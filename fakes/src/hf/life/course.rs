//! The life of an HF job: SCHEDULING, RUNNING with the runner inside, and one of the ends.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use futures_util::future::{Either, select};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use vocabulary::{FailedStage, OnHardware};

use super::{
    ending::{Change, exit_change},
    holds::Until,
    plan::LifePlan,
};
use crate::{
    drawn_text::{HEX, drawn},
    faults::Held,
    hf::{
        handle::HfJobs,
        job::{
            cost::Meter,
            flavors, image_name,
            logs::JobLog,
            origin::Order,
            spec::{Image, JobSpec},
        },
        state::{Command, NewHfJob, State},
    },
    history::{Stage, StageCause, What},
    ids::{EventId, HfJobId},
    runner::Exit,
};

impl HfJobs {
    /// Creates a job and starts its life.
    pub(in crate::hf) fn begin(&self, state: &mut State, order: Order) -> HfJobId {
        let Order {
            namespace,
            spec,
            origin,
            call,
            because,
        } = order;
        let id = self.new_id(state, state.jobs.len() + 1);
        let timeout_s = spec
            .timeout_seconds
            .unwrap_or_else(|| self.settings().default_timeout.as_secs());
        let runner = self.inner.runners.identity(&spec.container, &id);
        let created = What::HfCreated {
            hf_job: id.clone(),
            call,
            namespace: namespace.clone(),
            flavor: spec.flavor.name.to_owned(),
            timeout_s,
            repo: runner.repo.clone(),
            runner_name: runner.name,
            runner_labels: runner.labels,
        };
        let created = self.history().record(Some(because), created);
        self.inner.calls.faults.know_hf_job(&id);
        let (commands, orders) = unbounded_channel();
        let clock = self.env().clock;
        let mut meter = Meter::new(micro_usd_per_minute(&spec));
        if self.settings().scheduling_is_billed {
            meter.start(clock.elapsed_ms());
        }
        state.add(NewHfJob {
            id: id.clone(),
            namespace,
            origin,
            repo: runner.repo,
            spec,
            timeout_s,
            message: self.settings().life.waiting_message.clone(),
            created_at: clock.now(),
            created_ms: clock.elapsed_ms(),
            meter,
            log: JobLog::new(clock, self.inner.calls.history.clone()),
            created,
            commands,
        });
        let (hf, job) = (self.clone(), id.clone());
        self.env().spawner.spawn(async move {
            hf.live(&job, orders).await;
            hf.forget(&job).await;
        });
        id
    }

    /// 24 hexadecimal digits that no other job of this world has.
    fn new_id(&self, state: &State, ordinal: usize) -> HfJobId {
        let entity = format!("hf-job#{ordinal}");
        let mut attempt = 0;
        loop {
            let id = HfJobId(drawn(self.env(), &entity, &format!("id{attempt}"), HEX, 24));
            if state.get(&id).is_none() {
                return id;
            }
            attempt += 1;
        }
    }

    async fn live(&self, id: &HfJobId, mut orders: UnboundedReceiver<Command>) {
        let Some(plan) = self.life_plan(id) else {
            return;
        };
        // It counts from the creation and may come at any time of the life.
        let mut failing = pin!(failing(&plan));
        let started = self
            .wait_for_hardware(id, &plan, failing.as_mut(), &mut orders)
            .await
            .and_then(|because| {
                self.let_go(&plan, Until::Hardware);
                self.begin_running(id, because)
            });
        let Some(running) = started else {
            self.let_go(&plan, Until::End);
            return;
        };
        if self
            .run_until_ended(id, &plan, running, failing, &mut orders)
            .await
            == End::Exited
        {
            return;
        }
        let last_event = self.state().get(id).map_or(running, |job| job.last_event);
        self.inner.runners.killed(id, last_event);
    }

    /// SCHEDULING, to its end. Gives the event that ended it, or nothing if the job ended with it.
    async fn wait_for_hardware(
        &self,
        id: &HfJobId,
        plan: &LifePlan,
        failing: Pin<&mut impl Future<Output = Change>>,
        orders: &mut UnboundedReceiver<Command>,
    ) -> Option<EventId> {
        let order = pin!(orders.recv());
        let hardware = pin!(self.hardware(id, plan));
        let out_of_credit = pin!(self.out_of_credit(id));
        // Of what is ready at the same time, the first in this order happens.
        match select(select(order, hardware), select(failing, out_of_credit)).await {
            Either::Left((Either::Left((order, _)), _)) => {
                matches!(order, Some(Command::Start)).then_some(plan.because)
            }
            Either::Left((Either::Right((because, _)), _)) => Some(because),
            Either::Right((Either::Left((change, _)), _)) => {
                self.change(id, change);
                self.let_go(plan, Until::Failure);
                None
            }
            Either::Right((Either::Right(_), _)) => {
                self.balance_ended(id);
                None
            }
        }
    }

    /// Waits for the hardware and the image. Gives the event that decided how long.
    async fn hardware(&self, id: &HfJobId, plan: &LifePlan) -> EventId {
        if let Some(every) = plan.stuck {
            self.start_for_ever(id, every).await;
        }
        tokio::time::sleep(plan.schedule).await;
        self.let_go(plan, Until::Schedule);
        let because = self.held(plan).await;
        if !plan.pull.is_zero() && self.bad_image(id).is_none() {
            let now_ms = self.env().clock.elapsed_ms();
            if let Some(job) = self.state().get_mut(id) {
                let message = self.settings().life.pulling_message.clone();
                job.update(now_ms, |status| status.message = message);
            }
            tokio::time::sleep(plan.pull).await;
        }
        because
    }

    /// Waits for as long as a fault keeps all hardware from this job.
    async fn held(&self, plan: &LifePlan) -> EventId {
        let (faults, subject) = (&self.inner.calls.faults, plan.subject());
        let mut because = plan.because;
        loop {
            let strikes = faults.strike::<OnHardware>(&subject);
            if strikes.is_empty() {
                return because;
            }
            for strike in strikes {
                let OnHardware::Hold = strike.effect;
                because = faults.applied(&strike, &subject, Some(because));
                let held = Held {
                    fault: strike.fault,
                    strike: because,
                };
                plan.holds.add(held, Until::Hardware);
                faults.released(strike.fault).await;
                self.let_go(plan, Until::Hardware);
            }
        }
    }

    /// The platform tries to start the container again and again, says so in the log, and gets nowhere.
    async fn start_for_ever(&self, id: &HfJobId, every: Duration) {
        let Some(log) = self.state().get(id).map(|job| job.log.clone()) else {
            return;
        };
        loop {
            tokio::time::sleep(every).await;
            log.started();
        }
    }

    /// What the platform says of an image that no registry can have.
    fn bad_image(&self, id: &HfJobId) -> Option<String> {
        match &self.state().get(id)?.spec.image {
            Image::Docker(name) => image_name::refusal(name),
            Image::Space(_) => None,
        }
    }

    /// RUNNING, unless somebody forced it there already, its image has no name, or nobody can pay for it.
    fn begin_running(&self, id: &HfJobId, because: EventId) -> Option<EventId> {
        let forced = self
            .state()
            .get(id)
            .filter(|job| job.status.stage == Stage::Running)
            .map(|job| job.last_event);
        if forced.is_some() {
            return forced;
        }
        if let Some(why) = self.bad_image(id) {
            let failed = Change::new(Stage::Error, StageCause::Platform, Some(because));
            let message = Some(why);
            self.change(id, Change { message, ..failed });
            return None;
        }
        if !self.can_start(id) {
            self.balance_ended(id);
            return None;
        }
        let running = Change::new(Stage::Running, StageCause::Platform, Some(because));
        self.change(id, running)
    }

    /// RUNNING, to its end and to that of the container.
    async fn run_until_ended(
        &self,
        id: &HfJobId,
        plan: &LifePlan,
        running: EventId,
        failing: Pin<&mut impl Future<Output = Change>>,
        orders: &mut UnboundedReceiver<Command>,
    ) -> End {
        let mut process = pin!(self.run_attempts(id, plan, running));
        let mut stopped = pin!(stop_order(orders));
        let out_of_credit = pin!(self.out_of_credit(id));
        let timeout = pin!(tokio::time::sleep(plan.timeout));
        let by_itself = select(stopped.as_mut(), process.as_mut());
        let by_platform = select(failing, select(out_of_credit, timeout));
        let met = match select(by_itself, by_platform).await {
            Either::Left((Either::Left(_), _)) => Met::Stop,
            Either::Left((Either::Right((exit, _)), _)) => Met::Exit(exit),
            Either::Right((Either::Left((change, _)), _)) => Met::Failure(change),
            Either::Right((Either::Right((Either::Left(_), _)), _)) => Met::EndOfCredit,
            Either::Right((Either::Right((Either::Right(_), _)), _)) => Met::Timeout,
        };
        match met {
            Met::Stop => {}
            Met::Exit(exit) => {
                self.exited(id, plan, exit, stopped).await;
                self.let_go(plan, Until::End);
                return End::Exited;
            }
            Met::Failure(change) => {
                self.change(id, change);
                self.let_go(plan, Until::Failure);
            }
            Met::EndOfCredit => self.balance_ended(id),
            Met::Timeout => {
                self.change(id, self.timed_out(running));
            }
        }
        self.let_go(plan, Until::End);
        let grace = self.settings().life.grace;
        if !grace.is_zero() && tokio::time::timeout(grace, process).await.is_ok() {
            return End::Exited;
        }
        End::Killed
    }

    /// The container is gone, and the stage follows in a while.
    async fn exited(
        &self,
        id: &HfJobId,
        plan: &LifePlan,
        exit: Exit,
        stopped: Pin<&mut impl Future<Output = ()>>,
    ) {
        let lag = self
            .env()
            .within(self.settings().life.stage_lag, &plan.entity, "stage-lag");
        if !lag.is_zero() {
            if let Some(job) = self.state().get(id) {
                job.log.end();
            }
            if let Either::Left(_) = select(stopped, pin!(tokio::time::sleep(lag))).await {
                return;
            }
        }
        self.change(id, exit_change(exit));
    }
}

fn micro_usd_per_minute(spec: &JobSpec) -> u64 {
    let exposes_ports = spec
        .expose
        .as_ref()
        .is_some_and(|expose| !expose.ports.is_empty());
    let ports = if exposes_ports {
        flavors::exposed_ports_micro_usd_per_minute()
    } else {
        0
    };
    spec.flavor.micro_usd_per_minute() + ports
}

/// What a running job met with.
enum Met {
    Stop,
    Exit(Exit),
    Failure(Change),
    EndOfCredit,
    Timeout,
}

/// How a running container ended.
#[derive(PartialEq, Eq)]
enum End {
    /// By itself.
    Exited,
    /// It was stopped, and whoever did that has said so.
    Killed,
}

/// The end that a fault has in store for a job; for most there is none.
async fn failing(plan: &LifePlan) -> Change {
    let Some((after, failing, because)) = &plan.failing else {
        return std::future::pending().await;
    };
    tokio::time::sleep(*after).await;
    let stage = match failing.stage {
        FailedStage::Error => Stage::Error,
        FailedStage::Canceled => Stage::Canceled,
    };
    let reason = failing.cancel_reason;
    Change {
        message: failing.message.clone(),
        cancel_reason: reason.map(|reason| reason.as_str().to_owned()),
        ..Change::new(stage, StageCause::Platform, Some(*because))
    }
}

async fn stop_order(orders: &mut UnboundedReceiver<Command>) {
    while let Some(command) = orders.recv().await {
        if matches!(command, Command::Stop) {
            return;
        }
    }
}
