//! How an HF job changes its stage, and what can end it: its own exit, a cancel call, its timeout, the platform.

use crate::{
    hf::{handle::HfJobs, state::Command},
    history::{Stage, StageCause, What},
    ids::{EventId, HfJobId},
    runner::Exit,
};

/// Why a job changes its stage.
pub(in crate::hf) struct Change {
    pub(in crate::hf) stage: Stage,
    pub(in crate::hf) cause: StageCause,
    pub(in crate::hf) message: Option<String>,
    pub(in crate::hf) cancel_reason: Option<String>,
    pub(in crate::hf) because: Option<EventId>,
}

impl Change {
    /// A change that says nothing but the stage.
    pub(in crate::hf) const fn new(
        stage: Stage,
        cause: StageCause,
        because: Option<EventId>,
    ) -> Self {
        Self {
            stage,
            cause,
            message: None,
            cancel_reason: None,
            because,
        }
    }
}

impl HfJobs {
    /// Changes the stage and records it. A job in a terminal stage stays there, and a job that is in the
    /// stage already has nothing to tell.
    pub(in crate::hf) fn change(&self, id: &HfJobId, change: Change) -> Option<EventId> {
        let clock = self.env().clock;
        let (now, now_ms) = (clock.now(), clock.elapsed_ms());
        let mut state = self.state();
        let job = state
            .get_mut(id)
            .filter(|job| !job.status.stage.is_terminal() && job.status.stage != change.stage)?;
        let Change {
            stage,
            cause,
            message,
            cancel_reason,
            because,
        } = change;
        job.update(now_ms, |status| {
            status.stage = stage;
            status.message.clone_from(&message);
            status.cancel_reason.clone_from(&cancel_reason);
            if stage == Stage::Running {
                status.started_at.get_or_insert(now);
            }
            if stage.is_terminal() {
                status.finished_at = Some(now);
            }
        });
        if stage == Stage::Running {
            job.meter.start(now_ms);
        }
        if stage.is_terminal() {
            job.meter.stop(now_ms);
            job.log.end();
        }
        let cost_micro_usd = stage.is_terminal().then(|| job.meter.micro_usd(now_ms));
        let event = self.history().record(
            because,
            What::HfStage {
                hf_job: id.clone(),
                stage,
                cause,
                message,
                cancel_reason,
                cost_micro_usd,
            },
        );
        job.last_event = event;
        if stage.is_terminal() {
            state.ended(id);
        }
        Some(event)
    }

    /// Ends a job from outside: by a cancel call, by the scenario, for want of credit.
    pub(in crate::hf) fn stop(&self, id: &HfJobId, change: Change) -> bool {
        if self.change(id, change).is_none() {
            return false;
        }
        self.order(id, Command::Stop);
        true
    }

    /// Interrupts the job's life.
    pub(in crate::hf) fn order(&self, id: &HfJobId, command: Command) {
        if let Some(job) = self.state().get(id) {
            // A life that is over takes no orders.
            let _over = job.commands.send(command);
        }
    }

    /// Cancels a job, at once or as late as the settings say. False if it has ended already.
    pub(in crate::hf) fn cancel_job(&self, id: &HfJobId, because: EventId) -> bool {
        let (entity, ended) = match self.state().get(id) {
            Some(job) => (job.entity(), job.status.stage.is_terminal()),
            None => return false,
        };
        let canceled = Change::new(Stage::Canceled, StageCause::Cancel, Some(because));
        let latency = self.settings().life.cancel_latency;
        let latency = self.env().within(latency, &entity, "cancel-latency");
        if ended || latency.is_zero() {
            return self.stop(id, canceled);
        }
        let (hf, id) = (self.clone(), id.clone());
        self.env().spawner.spawn(async move {
            tokio::time::sleep(latency).await;
            hf.stop(&id, canceled);
        });
        true
    }

    /// What becomes of a job that ran for as long as it may.
    pub(in crate::hf) fn timed_out(&self, running: EventId) -> Change {
        let life = &self.settings().life;
        Change {
            message: Some(life.timed_out_message.clone()),
            ..Change::new(life.timed_out_stage, StageCause::Timeout, Some(running))
        }
    }

    /// Forgets a job that has ended, once it is old enough.
    pub(in crate::hf) async fn forget(&self, id: &HfJobId) {
        let Some(retention) = self.settings().life.retention else {
            return;
        };
        tokio::time::sleep(retention).await;
        if let Some(job) = self.state().get_mut(id) {
            job.forgotten = true;
        }
    }
}

pub(in crate::hf) fn exit_change(exit: Exit) -> Change {
    let (stage, message) = match exit.code {
        0 => (Stage::Completed, None),
        // The messages of huggingface_hub's own tests, with and without a full stop.
        137 => {
            let message = "Job failed with exit code: 137. Reason: OOMKilled".to_owned();
            (Stage::Error, Some(message))
        }
        code => {
            let message = format!("Job failed with exit code: {code}. Reason: Error.");
            (Stage::Error, Some(message))
        }
    };
    Change {
        message,
        ..Change::new(stage, StageCause::Exit, Some(exit.event))
    }
}
