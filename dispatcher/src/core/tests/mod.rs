//! The core driven by hand: inputs at chosen times, and what it asks for in return.

mod demand;
mod growth;
mod incremental;
mod interleavings;
#[cfg(feature = "sqlite")]
mod journals;
mod launches;
mod naive;
mod restart;
mod supply;
mod unknown;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    engine::Core,
    message::{
        Command, Credential, Failure, HfJob, Input, JobReading, JobSighting, Mint, Removed, Runner,
        Stage, Survey, Write,
    },
    model::{
        CredentialKind, HfJobId, InstallationId, JobId, JobKey, JobStatus, LaunchId, RepoId, RunId,
        RunnerId, Secret,
    },
    settings::Settings,
};

const REPO: RepoId = RepoId(1);
const LABEL: &str = "hf-jobs-cpu-basic";
const INSTALLATION: InstallationId = InstallationId(42);

/// FNV, so that keys draw the same bits in every run.
fn draw(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

struct Bench {
    core: Core,
    /// Gets the same inputs, and looks at everything in every step.
    twin: Core,
    now: Timestamp,
    journal: BTreeMap<String, String>,
}

impl Bench {
    /// A core that has found nothing at the Hub and nothing in the survey.
    fn with(settings: Settings) -> Self {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut bench = Self::cold(settings, now);
        bench.give(Input::Tick);
        bench.settle();
        bench
    }

    fn new() -> Self {
        Self::with(Settings::default())
    }

    /// A core that has not been told anything.
    fn cold(settings: Settings, now: Timestamp) -> Self {
        Self {
            twin: Core::new(now, settings.clone(), Arc::new(draw)),
            core: Core::new(now, settings, Arc::new(draw)),
            now,
            journal: BTreeMap::new(),
        }
    }

    fn settle(&mut self) {
        self.give(Input::HfListed(self.now, Ok(Vec::new())));
        self.give(Input::Surveyed(Survey {
            complete: true,
            ..Survey::default()
        }));
        self.give(Input::DeliveriesListed(Ok(Vec::new())));
    }

    /// The process dies; another starts on the same journal.
    fn restart(&mut self) {
        let settings = self.core.settings.clone();
        let mut next = Self::cold(settings, self.now);
        next.journal = std::mem::take(&mut self.journal);
        next.core
            .restore(self.now, next.journal.clone().into_iter().collect())
            .unwrap();
        next.twin
            .restore(self.now, next.journal.clone().into_iter().collect())
            .unwrap();
        *self = next;
    }

    /// One input; returns the calls. Writes go to the journal.
    fn give(&mut self, input: Input) -> Vec<Command> {
        let mut calls = Vec::new();
        let commands = self.core.step(self.now, input.clone());
        self.hold_to_twin(input, &commands);
        for command in commands {
            match command {
                Command::Write(Write::Put(key, record)) => {
                    drop(self.journal.insert(key, record.text()));
                }
                Command::Write(Write::Delete(key)) => drop(self.journal.remove(&key)),
                call => calls.push(call),
            }
        }
        calls
    }

    /// A step that looks at what changed must decide as one that looks at everything.
    fn hold_to_twin(&mut self, input: Input, commands: &[Command]) {
        let told = format!("{input:?}");
        look_at_everything(&mut self.twin);
        let of_twin = self.twin.step(self.now, input);
        assert_eq!(format!("{commands:?}"), format!("{of_twin:?}"), "{told}");
        assert_eq!(self.core.wake_at(), self.twin.wake_at(), "{told}");
        naive::check(&mut self.core, self.now);
    }

    /// Lets time pass, waking the core whenever it asks for it; surveys and lists find nothing new.
    fn pass(&mut self, seconds: u64) -> Vec<Command> {
        let end = self.now + Duration::from_secs(seconds);
        let mut calls = Vec::new();
        for _ in 0..10_000 {
            let Some(at) = self.core.wake_at().filter(|at| *at <= end) else {
                break;
            };
            self.now = self.now.max(at);
            let mut fresh = self.give(Input::Tick);
            while let Some(place) = fresh
                .iter()
                .position(|call| self.idle_answer(call).is_some())
            {
                let call = fresh.remove(place);
                let answer = self.idle_answer(&call).unwrap();
                fresh.extend(self.give(answer));
            }
            calls.extend(fresh);
        }
        self.now = end;
        calls
    }

    fn idle_answer(&self, call: &Command) -> Option<Input> {
        match call {
            Command::Survey { .. } => Some(Input::Surveyed(Survey {
                complete: true,
                ..Survey::default()
            })),
            Command::ListDeliveries(_) => Some(Input::DeliveriesListed(Ok(Vec::new()))),
            // The list shows every HF job we hold, running.
            Command::ListHfJobs => {
                let alive = self
                    .core
                    .launches
                    .iter()
                    .filter_map(|(id, l)| Some((id, l.hf_job.clone()?)));
                let list = alive
                    .map(|(id, hf_job)| hf_job_of(id, hf_job, Stage::Running))
                    .collect();
                Some(Input::HfListed(self.now, Ok(list)))
            }
            _ => None,
        }
    }

    fn event(&mut self, job: u64, status: JobStatus, runner: Option<&str>) -> Vec<Command> {
        self.give(Input::Event(sighting(job, status, runner)))
    }

    fn trust(&mut self) -> Vec<Command> {
        self.give(Input::Installation(REPO, Ok(INSTALLATION)))
    }

    /// Queues jobs `from..=to` and has the installation confirmed; returns the mints.
    fn queue(&mut self, from: u64, to: u64) -> Vec<Mint> {
        let mut calls = Vec::new();
        for job in from..=to {
            calls.extend(self.event(job, JobStatus::Queued, None));
        }
        if calls
            .iter()
            .any(|call| matches!(call, Command::AskInstallation { .. }))
        {
            calls.extend(self.trust());
        }
        mints(calls)
    }

    /// Answers a mint and the create that follows; the launch boots.
    fn boot(&mut self, mint: &Mint) -> HfJobId {
        let calls = self.give(Input::Credential(mint.launch.clone(), Ok(credential(mint))));
        assert!(
            matches!(calls.as_slice(), [Command::CreateHfJob(_)]),
            "{calls:?}"
        );
        let hf_job = hf_id(&mint.launch);
        self.give(Input::Created(mint.launch.clone(), Ok(hf_job.clone())));
        hf_job
    }

    fn queue_and_boot(&mut self, from: u64, to: u64) -> Vec<Mint> {
        let mints = self.queue(from, to);
        for mint in &mints {
            self.boot(mint);
        }
        mints
    }

    /// GitHub's list shows these runners.
    fn list_runners(&mut self, runners: &[(&Mint, bool, bool)]) -> Vec<Command> {
        let list = runners
            .iter()
            .map(|(mint, online, busy)| runner_of(mint, *online, *busy))
            .collect();
        self.give(Input::RunnersListed(REPO, Ok(list)))
    }

    fn launches(&self) -> usize {
        self.core.launches.len()
    }

    fn state(&self, mint: &Mint) -> String {
        format!(
            "{:?}",
            self.core
                .launches
                .get(&mint.launch)
                .map(|launch| launch.state.clone())
        )
    }
}

/// Not by way of the code that decides what is looked at.
fn look_at_everything(core: &mut Core) {
    core.touched.repos.extend(core.repos.keys().copied());
    let lanes = core.lanes.iter().map(|(lane, _)| lane.clone());
    core.touched.lanes.extend(lanes);
    core.touched.launches.extend(core.launches.keys().cloned());
    core.touched.jobs.extend(core.jobs.keys().copied());
}

fn sighting(job: u64, status: JobStatus, runner: Option<&str>) -> JobSighting {
    JobSighting {
        repo: REPO,
        repo_name: "octo/app".to_owned(),
        claim: Some(INSTALLATION),
        job: JobId(job),
        run: RunId(7),
        label: LABEL.to_owned(),
        status,
        runner: runner.map(str::to_owned),
        created_at: None,
    }
}

fn key(job: u64) -> JobKey {
    JobKey {
        repo: REPO,
        job: JobId(job),
    }
}

fn credential(mint: &Mint) -> Credential {
    let runner_id = (mint.kind == CredentialKind::Jit).then(|| runner_id(mint));
    Credential {
        secret: Secret::new("blob".to_owned()),
        runner_id,
        valid_until: None,
    }
}

fn runner_id(mint: &Mint) -> RunnerId {
    RunnerId(draw(&mint.runner) % 1_000_000)
}

fn runner_of(mint: &Mint, online: bool, busy: bool) -> Runner {
    Runner {
        id: runner_id(mint),
        name: mint.runner.clone(),
        online,
        busy,
    }
}

fn hf_id(launch: &LaunchId) -> HfJobId {
    HfJobId(format!("hf-{launch}"))
}

fn hf_job_of(launch: &LaunchId, id: HfJobId, stage: Stage) -> HfJob {
    let launch = Some(launch.clone());
    HfJob {
        id,
        stage,
        message: None,
        launch,
        repo: Some(REPO),
        environment: BTreeMap::new(),
    }
}

/// What an HF job of ours carries in its environment.
fn environment(repo_name: &str, label: &str, runner: &str) -> BTreeMap<String, String> {
    let texts = [
        ("GH_REPO", repo_name),
        ("RUNNER_LABELS", label),
        ("RUNNER_NAME", runner),
    ];
    texts
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn refused(status: u16) -> Failure {
    Failure::Refused {
        status,
        message: String::new(),
    }
}

fn mints(calls: Vec<Command>) -> Vec<Mint> {
    let mint = |call| {
        if let Command::Mint(mint) = call {
            Some(mint)
        } else {
            None
        }
    };
    calls.into_iter().filter_map(mint).collect()
}

fn count(calls: &[Command], which: fn(&Command) -> bool) -> usize {
    calls.iter().filter(|call| which(call)).count()
}

fn is_create(call: &Command) -> bool {
    matches!(call, Command::CreateHfJob(_))
}

fn is_look_up(call: &Command) -> bool {
    matches!(call, Command::LookUpTag(_))
}

fn is_cancel(call: &Command) -> bool {
    matches!(call, Command::CancelHfJob(..))
}

fn is_delete(call: &Command) -> bool {
    matches!(call, Command::DeleteRunner(..))
}

fn is_list_runners(call: &Command) -> bool {
    matches!(call, Command::ListRunners(_))
}

fn read(status: JobStatus, runner: Option<&str>) -> Result<JobReading, Failure> {
    Ok(JobReading {
        status,
        runner: runner.map(str::to_owned),
    })
}
