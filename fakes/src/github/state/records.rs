//! What the fake GitHub remembers. One lock guards all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    accounts::{organization::Organization, repository::Repository},
    apps::profile::AppProfile,
    hooks::{hook::Hooks, log::DeliveryLog},
    queue::{matching::Matching, waiting_lines::Matrix, watched::Watched},
    runners::{groups::RunnerGroups, table::RunnerTable},
    runs::{
        checks::CheckRuns,
        index::RunIndex,
        log_links::LogLinks,
        new_job::RUNS_FOR_DEFAULT,
        standing::{RunConclusion, Standing, Tally},
    },
};
use crate::{
    env::Env,
    github::{
        lifecycle::{
            runners::duties::Agenda,
            runs::concurrency::{Concurrency, Group, GroupKey, Hold},
        },
        rest::{auth::JwtClaims, manifest::Confirmed, route::Owner},
    },
    history::Conclusion,
    ids::{DeliveryId, EventId, JobId, RunId, RunnerId},
    settings::{GithubSettings, RepoSettings, WithoutRunner},
};
use jiff::Timestamp;

/// The id of the first runner; others were there before the world began.
const FIRST_RUNNER: u64 = 21;

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

#[derive(Clone)]
pub(in crate::github) struct Job {
    pub(in crate::github) id: JobId,
    /// Its name in the first attempt.
    pub(in crate::github) base_name: String,
    pub(in crate::github) name: String,
    pub(in crate::github) run: RunId,
    /// The matrix of its run that made it.
    pub(in crate::github) matrix: Option<Arc<str>>,
    pub(in crate::github) attempt: u32,
    pub(in crate::github) repo: Arc<Repository>,
    pub(in crate::github) labels: Vec<String>,
    pub(in crate::github) runs_for: Duration,
    /// Its `timeout-minutes`.
    pub(in crate::github) timeout: Option<Duration>,
    /// How it will end when it runs to its end.
    pub(in crate::github) will_conclude: Conclusion,
    pub(in crate::github) status: Status,
    pub(in crate::github) conclusion: Option<Conclusion>,
    pub(in crate::github) created_at: Timestamp,
    pub(in crate::github) started_at: Option<Timestamp>,
    pub(in crate::github) completed_at: Option<Timestamp>,
    pub(in crate::github) runner: Option<RunnerId>,
    pub(in crate::github) runner_name: String,
    /// The id and name of that runner's group.
    pub(in crate::github) runner_group: Option<(u64, String)>,
    /// The runner group that `runs-on` names. Its payload does not show it.
    pub(in crate::github) group: Option<String>,
    /// A recording tells when it starts and ends.
    pub(in crate::github) driven: bool,
    /// It is queued, but as many jobs of its run go before it as may run at once.
    pub(in crate::github) held: bool,
    /// Since when a runner could take it, in milliseconds of the world.
    pub(in crate::github) dispatchable_ms: u64,
    /// Why it became dispatchable.
    pub(in crate::github) dispatchable_because: EventId,
    /// The last event of its life.
    pub(in crate::github) last_event: EventId,
}

/// What makes one job different from another at its birth.
pub(in crate::github) struct Birth {
    pub(in crate::github) id: JobId,
    pub(in crate::github) name: String,
    pub(in crate::github) run: RunId,
    pub(in crate::github) attempt: u32,
    pub(in crate::github) repo: Arc<Repository>,
    pub(in crate::github) labels: Vec<String>,
    pub(in crate::github) created_at: Timestamp,
}

impl Job {
    pub(in crate::github) fn in_matrix(&self) -> Matrix {
        Matrix {
            run: self.run,
            name: self.matrix.clone(),
        }
    }

    /// A queued job to which nothing has happened yet. It takes a minute and succeeds.
    pub(in crate::github) fn born(birth: Birth) -> Self {
        let labels = birth.labels;
        Self {
            id: birth.id,
            base_name: birth.name.clone(),
            name: birth.name,
            run: birth.run,
            matrix: None,
            attempt: birth.attempt,
            repo: birth.repo,
            labels,
            runs_for: RUNS_FOR_DEFAULT,
            timeout: None,
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
            held: false,
            dispatchable_ms: 0,
            dispatchable_because: EventId(0),
            last_event: EventId(0),
        }
    }
}

#[derive(Clone)]
pub(in crate::github) struct Run {
    pub(in crate::github) id: RunId,
    pub(in crate::github) repo: Arc<Repository>,
    pub(in crate::github) number: u64,
    pub(in crate::github) attempt: u32,
    pub(in crate::github) head_sha: String,
    pub(in crate::github) created_at: Timestamp,
    pub(in crate::github) updated_at: Timestamp,
    /// How many jobs of each matrix may run at once, where there is a limit.
    pub(in crate::github) max_parallel: BTreeMap<Option<Arc<str>>, u32>,
    pub(in crate::github) jobs: Vec<JobId>,
    /// What triggered it.
    pub(in crate::github) event: &'static str,
    pub(in crate::github) concurrency: Option<Concurrency>,
    /// What keeps it from having jobs.
    pub(in crate::github) hold: Option<Hold>,
    /// How it ended, where its jobs do not tell.
    pub(in crate::github) ended: Option<RunConclusion>,
    /// Its jobs by status, and where it stands.
    pub(in crate::github) tally: Tally,
    pub(in crate::github) standing: Standing,
    /// Its attempts that are known, oldest first; the last is the latest.
    pub(in crate::github) attempts: Vec<Attempt>,
    /// The last attempt whose logs were deleted.
    pub(in crate::github) logs_deleted: u32,
    /// How its jobs look that never had a runner.
    pub(in crate::github) without_runner: WithoutRunner,
}

/// One attempt of a run.
#[derive(Clone)]
pub(in crate::github) struct Attempt {
    pub(in crate::github) number: u32,
    pub(in crate::github) started_at: Timestamp,
    /// Whether debug logging was asked for.
    pub(in crate::github) debug: bool,
    /// Where it stood, and when it last changed; of the latest attempt the run itself tells.
    pub(in crate::github) ended: Option<(Standing, Timestamp)>,
}

impl Attempt {
    pub(in crate::github) const fn begun(number: u32, started_at: Timestamp) -> Self {
        Self {
            number,
            started_at,
            debug: false,
            ended: None,
        }
    }
}

pub(in crate::github) struct Installation {
    pub(in crate::github) id: u64,
    pub(in crate::github) owner: String,
    pub(in crate::github) created_at: Timestamp,
    pub(in crate::github) updated_at: Timestamp,
    /// Since when it is suspended.
    pub(in crate::github) suspended_at: Option<Timestamp>,
}

pub(in crate::github) struct InstallationToken {
    pub(in crate::github) installation: u64,
    /// From when on GitHub's servers know it.
    pub(in crate::github) usable_ms: u64,
    pub(in crate::github) expires_ms: u64,
    pub(in crate::github) revoked: bool,
    /// Ids of the repositories it is restricted to.
    pub(in crate::github) repositories: Option<BTreeSet<u64>>,
    /// Permissions it is restricted to.
    pub(in crate::github) permissions: BTreeMap<String, String>,
}

/// What a runner may do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::github) enum TokenPurpose {
    Register,
    Remove,
}

pub(in crate::github) struct RegistrationToken {
    pub(in crate::github) owner: Owner,
    pub(in crate::github) purpose: TokenPurpose,
    pub(in crate::github) expires_ms: u64,
}

/// The next number of each kind of id.
pub(in crate::github) struct Counters {
    run: u64,
    run_number: u64,
    job: u64,
    runner: u64,
    delivery: u64,
}

impl Counters {
    pub(in crate::github) fn run(&mut self) -> RunId {
        self.run += 1;
        RunId(self.run)
    }

    /// The number of a run among all runs, from 1.
    pub(in crate::github) fn run_number(&mut self) -> u64 {
        self.run_number += 1;
        self.run_number
    }

    pub(in crate::github) fn job(&mut self) -> JobId {
        self.job += 1;
        JobId(self.job)
    }

    pub(in crate::github) fn runner(&mut self) -> RunnerId {
        self.runner += 1;
        RunnerId(self.runner)
    }

    /// Whether a runner ever had this id.
    pub(in crate::github) fn has_issued(&self, runner: RunnerId) -> bool {
        (FIRST_RUNNER..=self.runner).contains(&runner.0)
    }

    pub(in crate::github) fn delivery(&mut self) -> DeliveryId {
        self.delivery += 1;
        DeliveryId(self.delivery)
    }
}

pub(in crate::github) struct State {
    /// By folded `owner/name`.
    pub(in crate::github) repos: BTreeMap<String, Arc<Repository>>,
    /// By folded login.
    pub(in crate::github) organizations: BTreeMap<String, Arc<Organization>>,
    pub(in crate::github) installations: BTreeMap<u64, Installation>,
    /// Ids of installations that were removed: none is used twice.
    pub(in crate::github) gone_installations: BTreeSet<u64>,
    /// Ids of renamed repositories by the folded names they had.
    pub(in crate::github) old_names: BTreeMap<String, u64>,
    pub(in crate::github) app: AppProfile,
    /// Confirmed App manifests by their code.
    pub(in crate::github) manifests: BTreeMap<String, Confirmed>,
    pub(in crate::github) runs: BTreeMap<RunId, Run>,
    pub(in crate::github) run_keys: BTreeMap<String, RunId>,
    pub(in crate::github) run_index: RunIndex,
    pub(in crate::github) groups: BTreeMap<GroupKey, Group>,
    /// The jobs of runs that may not begin yet. Nobody outside sees them.
    pub(in crate::github) unborn: BTreeMap<RunId, Vec<Job>>,
    pub(in crate::github) check_runs: CheckRuns,
    pub(in crate::github) log_links: LogLinks,
    /// Whether a look at the runs that take too long is planned.
    pub(in crate::github) run_limit_planned: bool,
    pub(in crate::github) jobs: BTreeMap<JobId, Job>,
    pub(in crate::github) names: BTreeMap<String, JobId>,
    /// Queued jobs that no recording drives and nothing holds.
    pub(in crate::github) queued: Watched<JobId>,
    pub(in crate::github) runners: RunnerTable,
    /// Runners that GitHub takes for online and idle.
    pub(in crate::github) idle: Watched<RunnerId>,
    /// Which of those suit each other.
    pub(in crate::github) matching: Matching,
    /// The runner of every job that was handed to one and is not over.
    pub(in crate::github) holders: BTreeMap<JobId, RunnerId>,
    /// When each queued job has been queued for too long.
    pub(in crate::github) queue_limits: BTreeMap<JobId, u64>,
    /// The runner groups of each organisation, by its id.
    pub(in crate::github) runner_groups: BTreeMap<u64, RunnerGroups>,
    pub(in crate::github) agenda: Agenda,
    pub(in crate::github) installation_tokens: BTreeMap<String, InstallationToken>,
    pub(in crate::github) registration_tokens: BTreeMap<String, RegistrationToken>,
    /// Verified JWTs: checking a signature costs more than everything else in a call.
    pub(in crate::github) jwts: BTreeMap<String, Option<JwtClaims>>,
    pub(in crate::github) hooks: Hooks,
    pub(in crate::github) log: DeliveryLog,
    pub(in crate::github) counters: Counters,
    /// How many deliveries each key has had, so that every delivery has a key of its own.
    pub(in crate::github) delivery_keys: BTreeMap<String, u32>,
    /// Jobs that a recording drives, with the actions it holds.
    pub(in crate::github) recorded: BTreeMap<u64, BTreeSet<String>>,
    /// When the next assignment pass is due, if one is.
    pub(in crate::github) next_pass_ms: Option<u64>,
}

/// Ids of a repository that are known from elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::github) struct KnownIds {
    pub(in crate::github) repository: Option<u64>,
    pub(in crate::github) installation: Option<u64>,
}

impl State {
    pub(in crate::github) fn new(settings: &GithubSettings, env: &Env) -> Self {
        let mut state = Self {
            repos: BTreeMap::new(),
            organizations: BTreeMap::new(),
            installations: BTreeMap::new(),
            gone_installations: BTreeSet::new(),
            old_names: BTreeMap::new(),
            app: AppProfile::new(settings),
            manifests: BTreeMap::new(),
            runs: BTreeMap::new(),
            run_keys: BTreeMap::new(),
            run_index: RunIndex::default(),
            groups: BTreeMap::new(),
            unborn: BTreeMap::new(),
            check_runs: CheckRuns::default(),
            log_links: LogLinks::default(),
            run_limit_planned: false,
            jobs: BTreeMap::new(),
            names: BTreeMap::new(),
            queued: Watched::default(),
            runners: RunnerTable::default(),
            idle: Watched::default(),
            matching: Matching::default(),
            holders: BTreeMap::new(),
            queue_limits: BTreeMap::new(),
            runner_groups: BTreeMap::new(),
            agenda: Agenda::default(),
            installation_tokens: BTreeMap::new(),
            registration_tokens: BTreeMap::new(),
            jwts: BTreeMap::new(),
            hooks: Hooks::new(settings, env.clock.now()),
            log: DeliveryLog::new(settings.hooks.retention),
            // Plausible sizes; delivery ids lie beyond 2^53 as the real ones do, one apart, so that a
            // reader who goes through floating point confuses neighbours.
            counters: Counters {
                run: 17_000_000_000,
                run_number: 0,
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
        for hook in &settings.hooks.of_owners {
            let added = state.add_hook(hook, env.clock.now());
            debug_assert!(added.is_some(), "{hook:?} has no owner or no URL");
        }
        state
    }

    /// Makes a repository known, with the installation of its owner if the App is installed on it.
    /// `ids` are the repository's and the installation's, where a recording tells them; else they are drawn.
    pub(in crate::github) fn add_repo(
        &mut self,
        repo: &RepoSettings,
        settings: &GithubSettings,
        env: &Env,
        ids: KnownIds,
    ) -> Arc<Repository> {
        let folded = repo.name.to_lowercase();
        let owner = repo.name.split('/').next().unwrap_or_default().to_owned();
        self.know_owner(&owner, settings);
        let installation = repo
            .installed
            .then(|| self.installation_of(&owner, env, ids.installation));
        let drawn = || 600_000_000 + env.draw.bits(&folded, "repository-id") % 300_000_000;
        let mut id = ids.repository.unwrap_or_else(drawn);
        // An id is drawn from the name, and a renamed repository keeps the one of its first name.
        while !self.old_names.is_empty() && self.repos.values().any(|known| known.id == id) {
            id += 1;
        }
        let made = Arc::new(Repository::new(repo, id, installation, settings));
        self.old_names.remove(&folded);
        self.repos.insert(folded, made.clone());
        made
    }

    pub(in crate::github) fn know_owner(&mut self, owner: &str, settings: &GithubSettings) {
        let organization = self
            .organizations
            .entry(owner.to_lowercase())
            .or_insert_with(|| Arc::new(Organization::new(owner, settings)));
        let allows_public = settings.runners.default_group_allows_public;
        self.runner_groups
            .entry(organization.id)
            .or_insert_with(|| RunnerGroups::new(allows_public));
    }

    pub(in crate::github) fn repo(&self, name: &str) -> Option<&Arc<Repository>> {
        self.repos.get(&name.to_lowercase())
    }

    /// The repository `owner/name`, or the organisation `owner`.
    pub(in crate::github) fn owner_named(&self, name: &str) -> Option<Owner> {
        if let Some(repo) = self.repo(name) {
            return Some(Owner::Repository(repo.clone()));
        }
        let organization = self.organizations.get(&name.to_lowercase())?;
        Some(Owner::Organization(organization.clone()))
    }

    pub(in crate::github) fn repos_of(
        &self,
        installation: u64,
    ) -> impl Iterator<Item = &Arc<Repository>> {
        self.repos
            .values()
            .filter(move |repo| repo.installation == Some(installation))
    }

    /// A key no other delivery has: `J3.queued`, then `J3.queued#2`.
    pub(in crate::github) fn delivery_key(&mut self, base: &str) -> String {
        let count = self.delivery_keys.entry(base.to_owned()).or_insert(0);
        *count += 1;
        if *count == 1 {
            base.to_owned()
        } else {
            format!("{base}#{count}")
        }
    }
}
