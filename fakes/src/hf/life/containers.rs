//! The containers of an HF job, one for each attempt: played, modelled or really run.

use std::sync::Arc;

use super::{
    plan::LifePlan,
    program::{Program, known_variables, not_played},
    shell::Variables,
};
use crate::{
    hf::{
        handle::HfJobs,
        job::{flavors::Flavor, logs::JobLog},
        state::HfJob,
    },
    ids::{EventId, HfJobId},
    runner::{self, Container, Exit, Launch, Runners},
    settings::{Boot, ProcessBoot},
};

impl HfJobs {
    /// Runs the container, and again as often as the job asked for.
    pub(in crate::hf) async fn run_attempts(
        &self,
        id: &HfJobId,
        plan: &LifePlan,
        running: EventId,
    ) -> Exit {
        let Some(start) = self.state().get(id).map(Start::of) else {
            return Exit {
                code: 0,
                event: running,
            };
        };
        if plan.limbo {
            std::future::pending::<()>().await;
        }
        let mut attempt = 1;
        loop {
            start.log.started();
            let exit = self.run_container(id, plan, &start, running).await;
            if exit.code == 0 || attempt >= start.attempts || self.failed_once_more(id).is_none() {
                return exit;
            }
            attempt += 1;
        }
    }

    /// Counts a failure; nothing if the job has ended meanwhile.
    fn failed_once_more(&self, id: &HfJobId) -> Option<()> {
        let now_ms = self.env().clock.elapsed_ms();
        let mut state = self.state();
        let job = state.get_mut(id)?;
        if job.status.stage.is_terminal() {
            return None;
        }
        job.update(now_ms, |status| status.failures += 1);
        Some(())
    }

    async fn run_container(
        &self,
        id: &HfJobId,
        plan: &LifePlan,
        start: &Start,
        running: EventId,
    ) -> Exit {
        let Start { container, log, .. } = start;
        if let Boot::Process(boot) = &self.settings().boot {
            let launch = start.launch(id, boot, running);
            return self.inner.runners.run_process(boot, id, launch).await;
        }
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
}

/// What a job's containers are started with.
struct Start {
    container: Container,
    program: Option<Program>,
    not_played: String,
    attempts: u64,
    log: JobLog,
    flavor: &'static Flavor,
}

impl Start {
    fn of(job: &HfJob) -> Self {
        let command = job.spec.command.as_deref().unwrap_or_default();
        let container = job.spec.container.clone();
        let flavor = job.spec.flavor;
        let told = flavor
            .environment()
            .into_iter()
            .chain(own_variables(&job.id));
        let variables = known_variables(container.environment(), told);
        let played = Program::of(
            container.words(),
            Variables {
                known: &variables,
                secret: container.secrets(),
            },
        );
        let why = played.as_ref().err().copied().flatten();
        Self {
            program: played.ok(),
            not_played: not_played(command, why),
            container,
            attempts: job.spec.attempts,
            log: job.log.clone(),
            flavor,
        }
    }

    /// What a real process is started with: the job's environment and secrets, and what HF's containers are told of
    /// themselves.
    fn launch(&self, id: &HfJobId, boot: &ProcessBoot, running: EventId) -> Launch {
        let own = own_variables(id);
        let machine = self.flavor.environment();
        let container = &self.container;
        let given = container.environment().iter().chain(container.secrets());
        let given = given.map(|(name, value)| (name.clone(), value.clone()));
        let (job, log, sink) = (id.clone(), self.log.clone(), boot.log.clone());
        Launch {
            words: container.words().to_vec(),
            environment: given.chain(machine).chain(own).collect(),
            running,
            lines: Arc::new(move |line| {
                log.line(line);
                sink.line(&job, line);
            }),
        }
    }
}

/// What a container is told of its job.
fn own_variables(id: &HfJobId) -> [(String, String); 1] {
    [("JOB_ID".to_owned(), id.0.clone())]
}
