//! What the fake GitHub remembers. One lock guards all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    agenda::Agenda, auth::JwtClaims, delivery_log::DeliveryLog, matching::Matching,
    organization::Organization, repository_text::Repository, route::Owner,
    runner_groups::RunnerGroups, runner_table::RunnerTable, watched::Watched,
};
use crate::{
    env::Env,
    history::Conclusion,
    ids::{DeliveryId, EventId, JobId, RunId, RunnerId},
    settings::{GithubSettings, RepoSettings},
};
use jiff::Timestamp;

/// The id of the first runner; others were there before the world began.
const FIRST_RUNNER: u64 = 21;

/// How long a job runs when nobody says.
const RUNS_FOR_DEFAULT: Duration = Duration::from_secs(60);

/// The status of a workflow job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Waits for an approval.
    Waiting,
    /// Waits for a runner.
    Queued,
    /// Runs.
    InProgress,
    /// Ended.
    Completed,
}

impl Status {
    /// As GitHub spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }
}

pub(super) struct Job {
    pub(super) id: JobId,
    /// Its name in the first attempt.
    pub(super) base_name: String,
    pub(super) name: String,
    pub(super) run: RunId,
    pub(super) attempt: u32,
    pub(super) repo: Arc<Repository>,
    pub(super) labels: Vec<String>,
    pub(super) runs_for: Duration,
    /// How it will end when it runs to its end.
    pub(super) will_conclude: Conclusion,
    pub(super) status: Status,
    pub(super) conclusion: Option<Conclusion>,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) runner: Option<RunnerId>,
    pub(super) runner_name: String,
    /// The id and name of that runner's group.
    pub(super) runner_group: Option<(u64, String)>,
    /// The runner group that `runs-on` names. Its payload does not show it.
    pub(super) group: Option<String>,
    /// A recording tells when it starts and ends.
    pub(super) driven: bool,
    /// Since when a runner could take it, in milliseconds of the world.
    pub(super) dispatchable_ms: u64,
    /// Why it became dispatchable.
    pub(super) dispatchable_because: EventId,
    /// The last event of its life.
    pub(super) last_event: EventId,
}

/// What makes one job different from another at its birth.
pub(super) struct Birth {
    pub(super) id: JobId,
    pub(super) name: String,
    pub(super) run: RunId,
    pub(super) attempt: u32,
    pub(super) repo: Arc<Repository>,
    pub(super) labels: Vec<String>,
    pub(super) created_at: Timestamp,
}

impl Job {
    /// A queued job to which nothing has happened yet. It takes a minute and succeeds.
    pub(super) fn born(birth: Birth) -> Self {
        let labels = birth.labels;
        Self {
            id: birth.id,
            base_name: birth.name.clone(),
            name: birth.name,
            run: birth.run,
            attempt: birth.attempt,
            repo: birth.repo,
            labels,
            runs_for: RUNS_FOR_DEFAULT,
            will_conclude: Conclusion::Success,
            status: Status::Queued,
            conclusion: None,
            created_at: birth.created_at,
            started_at: None,
            completed_at: None,
            runner: None,
            runner_name: String::new(),
            runner_group: None,
            group: None,
            driven: false,
            dispatchable_ms: 0,
            dispatchable_because: EventId(0),
            last_event: EventId(0),
        }
    }
}

pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) repo: Arc<Repository>,
    pub(super) number: u64,
    pub(super) attempt: u32,
    pub(super) head_sha: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) max_parallel: Option<u32>,
    pub(super) jobs: Vec<JobId>,
}

pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) owner: String,
}

pub(super) struct InstallationToken {
    pub(super) installation: u64,
    pub(super) expires_ms: u64,
    /// Ids of the repositories it is restricted to.
    pub(super) repositories: Option<BTreeSet<u64>>,
    /// Permissions it is restricted to.
    pub(super) permissions: BTreeMap<String, String>,
}

/// What a runner may do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenPurpose {
    Register,
    Remove,
}

pub(super) struct RegistrationToken {
    pub(super) owner: Owner,
    pub(super) purpose: TokenPurpose,
    pub(super) expires_ms: u64,
}

/// The next number of each kind of id.
pub(super) struct Counters {
    run: u64,
    job: u64,
    runner: u64,
    delivery: u64,
}

impl Counters {
    pub(super) fn run(&mut self) -> RunId {
        self.run += 1;
        RunId(self.run)
    }

    pub(super) fn job(&mut self) -> JobId {
        self.job += 1;
        JobId(self.job)
    }

    pub(super) fn runner(&mut self) -> RunnerId {
        self.runner += 1;
        RunnerId(self.runner)
    }

    /// Whether a runner ever had this id.
    pub(super) fn has_issued(&self, runner: RunnerId) -> bool {
        (FIRST_RUNNER..=self.runner).contains(&runner.0)
    }

    pub(super) fn delivery(&mut self) -> DeliveryId {
        self.delivery += 1;
        DeliveryId(self.delivery)
    }
}

pub(super) struct State {
    /// By folded `owner/name`.
    pub(super) repos: BTreeMap<String, Arc<Repository>>,
    /// By folded login.
    pub(super) organizations: BTreeMap<String, Arc<Organization>>,
    pub(super) installations: BTreeMap<u64, Installation>,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) run_keys: BTreeMap<String, RunId>,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) names: BTreeMap<String, JobId>,
    /// Queued jobs that no recording drives.
    pub(super) queued: Watched<JobId>,
    pub(super) runners: RunnerTable,
    /// Runners that GitHub takes for online and idle.
    pub(super) idle: Watched<RunnerId>,
    /// Which of those suit each other.
    pub(super) matching: Matching,
    /// The runner of every job that was handed to one and is not over.
    pub(super) holders: BTreeMap<JobId, RunnerId>,
    /// When each queued job has been queued for too long.
    pub(super) queue_limits: BTreeMap<JobId, u64>,
    /// The runner groups of each organisation, by its id.
    pub(super) groups: BTreeMap<u64, RunnerGroups>,
    pub(super) agenda: Agenda,
    pub(super) installation_tokens: BTreeMap<String, InstallationToken>,
    pub(super) registration_tokens: BTreeMap<String, RegistrationToken>,
    /// Verified JWTs: checking a signature costs more than everything else in a call.
    pub(super) jwts: BTreeMap<String, Option<JwtClaims>>,
    pub(super) log: DeliveryLog,
    pub(super) counters: Counters,
    /// How many deliveries each key has had, so that every delivery has a key of its own.
    pub(super) delivery_keys: BTreeMap<String, u32>,
    /// Jobs that a recording drives, with the actions it holds.
    pub(super) recorded: BTreeMap<u64, BTreeSet<String>>,
    /// When the next assignment pass is due, if one is.
    pub(super) next_pass_ms: Option<u64>,
}

/// Ids of a repository that are known from elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KnownIds {
    pub(super) repository: Option<u64>,
    pub(super) installation: Option<u64>,
}

impl State {
    pub(super) fn new(settings: &GithubSettings, env: &Env) -> Self {
        let mut state = Self {
            repos: BTreeMap::new(),
            organizations: BTreeMap::new(),
            installations: BTreeMap::new(),
            runs: BTreeMap::new(),
            run_keys: BTreeMap::new(),
            jobs: BTreeMap::new(),
            names: BTreeMap::new(),
            queued: Watched::default(),
            runners: RunnerTable::default(),
            idle: Watched::default(),
            matching: Matching::default(),
            holders: BTreeMap::new(),
            queue_limits: BTreeMap::new(),
            groups: BTreeMap::new(),
            agenda: Agenda::default(),
            installation_tokens: BTreeMap::new(),
            registration_tokens: BTreeMap::new(),
            jwts: BTreeMap::new(),
            log: DeliveryLog::default(),
            // Plausible sizes; delivery ids lie beyond 2^53 as the real ones do, one apart, so that a
            // reader who goes through floating point confuses neighbours.
            counters: Counters {
                run: 17_000_000_000,
                job: 48_000_000_000,
                runner: FIRST_RUNNER - 1,
                delivery: 3_822_373_033_388_024_000,
            },
            delivery_keys: BTreeMap::new(),
            recorded: BTreeMap::new(),
            next_pass_ms: None,
        };
        for repo in &settings.repos {
            state.add_repo(repo, settings, env, KnownIds::default());
        }
        state
    }

    /// Makes a repository known, with the installation of its owner if the App is installed on it.
    /// `ids` are the repository's and the installation's, where a recording tells them; else they are drawn.
    pub(super) fn add_repo(
        &mut self,
        repo: &RepoSettings,
        settings: &GithubSettings,
        env: &Env,
        ids: KnownIds,
    ) -> Arc<Repository> {
        let folded = repo.name.to_lowercase();
        let owner = repo.name.split('/').next().unwrap_or_default().to_owned();
        let organization = self
            .organizations
            .entry(owner.to_lowercase())
            .or_insert_with(|| Arc::new(Organization::new(&owner, &settings.base_url)));
        let allows_public = settings.runners.default_group_allows_public;
        self.groups
            .entry(organization.id)
            .or_insert_with(|| RunnerGroups::new(allows_public));
        let installation = repo
            .installed
            .then(|| self.installation_of(&owner, env, ids.installation));
        let drawn = || 600_000_000 + env.draw.bits(&folded, "repository-id") % 300_000_000;
        let id = ids.repository.unwrap_or_else(drawn);
        let made = Arc::new(Repository::new(repo, id, installation, &settings.base_url));
        self.repos.insert(folded, made.clone());
        made
    }

    /// One installation per owner.
    fn installation_of(&mut self, owner: &str, env: &Env, wanted: Option<u64>) -> u64 {
        let folded = owner.to_lowercase();
        if let Some(known) = self
            .installations
            .values()
            .find(|known| known.owner.to_lowercase() == folded)
        {
            return known.id;
        }
        let mut id = wanted
            .unwrap_or_else(|| 50_000_000 + env.draw.bits(&folded, "installation-id") % 40_000_000);
        while self.installations.contains_key(&id) {
            id += 1;
        }
        self.installations.insert(
            id,
            Installation {
                id,
                owner: owner.to_owned(),
            },
        );
        id
    }

    pub(super) fn repo(&self, name: &str) -> Option<&Arc<Repository>> {
        self.repos.get(&name.to_lowercase())
    }

    pub(super) fn repos_of(&self, installation: u64) -> impl Iterator<Item = &Arc<Repository>> {
        self.repos
            .values()
            .filter(move |repo| repo.installation == Some(installation))
    }

    /// A key no other delivery has: `J3.queued`, then `J3.queued#2`.
    pub(super) fn delivery_key(&mut self, base: &str) -> String {
        let count = self.delivery_keys.entry(base.to_owned()).or_insert(0);
        *count += 1;
        if *count == 1 {
            base.to_owned()
        } else {
            format!("{base}#{count}")
        }
    }

    /// The run's status: it follows from its jobs of the latest attempt.
    pub(super) fn run_status(&self, run: &Run) -> Status {
        let jobs = || {
            run.jobs
                .iter()
                .filter_map(|job| self.jobs.get(job))
                .filter(|job| job.attempt == run.attempt)
        };
        let any = |status| jobs().any(|job| job.status == status);
        if jobs().all(|job| job.status == Status::Completed) {
            Status::Completed
        } else if any(Status::InProgress) {
            Status::InProgress
        } else if any(Status::Waiting) {
            Status::Waiting
        } else if any(Status::Completed) {
            Status::InProgress
        } else {
            Status::Queued
        }
    }

    /// The run's conclusion once it is completed: the worst of its jobs'.
    pub(super) fn run_conclusion(&self, run: &Run) -> Option<Conclusion> {
        if self.run_status(run) != Status::Completed {
            return None;
        }
        let conclusions: BTreeSet<Conclusion> = self
            .latest_jobs(run)
            .filter_map(|job| job.conclusion)
            .collect();
        let worst = [
            Conclusion::Failure,
            Conclusion::TimedOut,
            Conclusion::Cancelled,
            Conclusion::ActionRequired,
        ];
        Some(
            worst
                .into_iter()
                .find(|one| conclusions.contains(one))
                .unwrap_or(Conclusion::Success),
        )
    }

    /// The latest attempt of each job of the run.
    pub(super) fn latest_jobs<'a>(&'a self, run: &'a Run) -> impl Iterator<Item = &'a Job> {
        run.jobs
            .iter()
            .filter_map(|job| self.jobs.get(job))
            .filter(|job| {
                !run.jobs
                    .iter()
                    .filter_map(|other| self.jobs.get(other))
                    .any(|other| other.base_name == job.base_name && other.attempt > job.attempt)
            })
    }
}
