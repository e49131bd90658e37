//! What the fake GitHub remembers. One lock guards all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    agenda::Agenda,
    api_manifest::Confirmed,
    app_profile::AppProfile,
    auth::JwtClaims,
    check_runs::CheckRuns,
    concurrency::{Concurrency, Group, GroupKey, Hold},
    delivery_log::DeliveryLog,
    hooks::Hooks,
    log_links::LogLinks,
    matching::Matching,
    new_job::RUNS_FOR_DEFAULT,
    organization::Organization,
    repository_text::Repository,
    route::Owner,
    run_index::RunIndex,
    runner_groups::RunnerGroups,
    runner_table::RunnerTable,
    standing::{RunConclusion, Standing, Tally},
    waiting_lines::Matrix,
    watched::Watched,
};
use crate::{
    env::Env,
    history::Conclusion,
    ids::{DeliveryId, EventId, JobId, RunId, RunnerId},
    settings::{GithubSettings, RecordedWorld, RepoSettings, WithoutRunner},
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
pub(super) struct Job {
    pub(super) id: JobId,
    /// Its name in the first attempt.
    pub(super) base_name: String,
    pub(super) name: String,
    pub(super) run: RunId,
    /// The matrix of its run that made it.
    pub(super) matrix: Option<Arc<str>>,
    pub(super) attempt: u32,
    pub(super) repo: Arc<Repository>,
    pub(super) labels: Vec<String>,
    pub(super) runs_for: Duration,
    /// Its `timeout-minutes`.
    pub(super) timeout: Option<Duration>,
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
    /// It is queued, but as many jobs of its run go before it as may run at once.
    pub(super) held: bool,
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
    pub(super) fn in_matrix(&self) -> Matrix {
        Matrix {
            run: self.run,
            name: self.matrix.clone(),
        }
    }

    /// A queued job to which nothing has happened yet. It takes a minute and succeeds.
    pub(super) fn born(birth: Birth) -> Self {
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
pub(super) struct Run {
    pub(super) id: RunId,
    pub(super) repo: Arc<Repository>,
    pub(super) number: u64,
    pub(super) attempt: u32,
    pub(super) head_sha: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// How many jobs of each matrix may run at once, where there is a limit.
    pub(super) max_parallel: BTreeMap<Option<Arc<str>>, u32>,
    pub(super) jobs: Vec<JobId>,
    /// What triggered it.
    pub(super) event: &'static str,
    pub(super) concurrency: Option<Concurrency>,
    /// What keeps it from having jobs.
    pub(super) hold: Option<Hold>,
    /// How it ended, where its jobs do not tell.
    pub(super) ended: Option<RunConclusion>,
    /// Its jobs by status, and where it stands.
    pub(super) tally: Tally,
    pub(super) standing: Standing,
    /// Its attempts that are known, oldest first; the last is the latest.
    pub(super) attempts: Vec<Attempt>,
    /// The last attempt whose logs were deleted.
    pub(super) logs_deleted: u32,
    /// How its jobs look that never had a runner.
    pub(super) without_runner: WithoutRunner,
}

/// One attempt of a run.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) number: u32,
    pub(super) started_at: Timestamp,
    /// Whether debug logging was asked for.
    pub(super) debug: bool,
    /// Where it stood, and when it last changed; of the latest attempt the run itself tells.
    pub(super) ended: Option<(Standing, Timestamp)>,
}

impl Attempt {
    pub(super) const fn begun(number: u32, started_at: Timestamp) -> Self {
        Self {
            number,
            started_at,
            debug: false,
            ended: None,
        }
    }
}

pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) owner: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// Since when it is suspended.
    pub(super) suspended_at: Option<Timestamp>,
}

pub(super) struct InstallationToken {
    pub(super) installation: u64,
    /// From when on GitHub's servers know it.
    pub(super) usable_ms: u64,
    pub(super) expires_ms: u64,
    pub(super) revoked: bool,
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
    run_number: u64,
    job: u64,
    runner: u64,
    delivery: u64,
    /// What a recording has of each kind is given to nothing else.
    recorded: Arc<RecordedWorld>,
}

impl Counters {
    pub(super) fn run(&mut self) -> RunId {
        self.run = next_free(self.run, &self.recorded.runs);
        RunId(self.run)
    }

    /// The number of a run among all runs, from 1.
    pub(super) fn run_number(&mut self) -> u64 {
        self.run_number += 1;
        self.run_number
    }

    pub(super) fn job(&mut self) -> JobId {
        self.job = next_free(self.job, &self.recorded.jobs);
        JobId(self.job)
    }

    pub(super) fn runner(&mut self) -> RunnerId {
        self.runner = next_free(self.runner, &self.recorded.runners);
        RunnerId(self.runner)
    }

    /// Whether a runner ever had this id.
    pub(super) fn has_issued(&self, runner: RunnerId) -> bool {
        (FIRST_RUNNER..=self.runner).contains(&runner.0)
            && !self.recorded.runners.contains(&runner.0)
    }

    pub(super) fn delivery(&mut self) -> DeliveryId {
        self.delivery += 1;
        DeliveryId(self.delivery)
    }
}

/// The next number that no recording has taken.
fn next_free(last: u64, taken: &BTreeSet<u64>) -> u64 {
    let mut next = last + 1;
    while taken.contains(&next) {
        next += 1;
    }
    next
}

pub(super) struct State {
    /// By folded `owner/name`.
    pub(super) repos: BTreeMap<String, Arc<Repository>>,
    /// By folded login.
    pub(super) organizations: BTreeMap<String, Arc<Organization>>,
    pub(super) installations: BTreeMap<u64, Installation>,
    /// Ids of installations that were removed: none is used twice.
    pub(super) gone_installations: BTreeSet<u64>,
    /// Ids of renamed repositories by the folded names they had.
    pub(super) old_names: BTreeMap<String, u64>,
    pub(super) app: AppProfile,
    /// Confirmed App manifests by their code.
    pub(super) manifests: BTreeMap<String, Confirmed>,
    pub(super) runs: BTreeMap<RunId, Run>,
    pub(super) run_keys: BTreeMap<String, RunId>,
    pub(super) run_index: RunIndex,
    pub(super) groups: BTreeMap<GroupKey, Group>,
    /// The jobs of runs that may not begin yet. Nobody outside sees them.
    pub(super) unborn: BTreeMap<RunId, Vec<Job>>,
    pub(super) check_runs: CheckRuns,
    pub(super) log_links: LogLinks,
    /// Whether a look at the runs that take too long is planned.
    pub(super) run_limit_planned: bool,
    pub(super) jobs: BTreeMap<JobId, Job>,
    pub(super) names: BTreeMap<String, JobId>,
    /// Queued jobs that no recording drives and nothing holds.
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
    pub(super) runner_groups: BTreeMap<u64, RunnerGroups>,
    pub(super) agenda: Agenda,
    pub(super) installation_tokens: BTreeMap<String, InstallationToken>,
    pub(super) registration_tokens: BTreeMap<String, RegistrationToken>,
    /// Verified JWTs: checking a signature costs more than everything else in a call.
    pub(super) jwts: BTreeMap<String, Option<JwtClaims>>,
    pub(super) hooks: Hooks,
    pub(super) log: DeliveryLog,
    pub(super) counters: Counters,
    /// How many deliveries each key has had, so that every delivery has a key of its own.
    pub(super) delivery_keys: BTreeMap<String, u32>,
    /// What recordings tell that will be played.
    pub(super) recorded_world: Arc<RecordedWorld>,
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
        let recorded_world = Arc::new(settings.recorded.clone());
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
                recorded: recorded_world.clone(),
            },
            delivery_keys: BTreeMap::new(),
            recorded_world,
            recorded: BTreeMap::new(),
            next_pass_ms: None,
        };
        for repo in &settings.repos {
            state.add_repo(repo, settings, env, KnownIds::default());
        }
        state.add_recorded_repos(settings, env);
        for hook in &settings.hooks.of_owners {
            let added = state.add_hook(hook, env.clock.now());
            debug_assert!(added.is_some(), "{hook:?} has no owner or no URL");
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
        self.know_owner(&owner, settings);
        let installation = repo
            .installed
            .then(|| self.installation_of(&owner, env, ids.installation));
        let drawn = || 600_000_000 + env.draw.bits(&folded, "repository-id") % 300_000_000;
        let recorded = self.recorded_world.clone();
        let known = ids.repository.or_else(|| recorded.repository(&repo.name));
        let mut id = known.unwrap_or_else(drawn);
        while known.is_none() && recorded.is_another_repository(id, &repo.name) {
            id += 1;
        }
        // An id is drawn from the name, and a renamed repository keeps the one of its first name.
        while !self.old_names.is_empty() && self.repos.values().any(|known| known.id == id) {
            id += 1;
        }
        let made = Arc::new(Repository::new(repo, id, installation, settings));
        self.old_names.remove(&folded);
        self.repos.insert(folded, made.clone());
        made
    }

    /// What was recorded was there before its first delivery: who lists repositories from the start finds it.
    fn add_recorded_repos(&mut self, settings: &GithubSettings, env: &Env) {
        for (name, told) in &settings.recorded.repos {
            if self.repo(name).is_some() {
                continue;
            }
            let repo = RepoSettings {
                private: told.private,
                ..RepoSettings::installed(name)
            };
            let ids = KnownIds {
                repository: told.id,
                installation: told.installation,
            };
            self.add_repo(&repo, settings, env, ids);
        }
    }

    pub(super) fn know_owner(&mut self, owner: &str, settings: &GithubSettings) {
        let organization = self
            .organizations
            .entry(owner.to_lowercase())
            .or_insert_with(|| Arc::new(Organization::new(owner, settings)));
        let allows_public = settings.runners.default_group_allows_public;
        self.runner_groups
            .entry(organization.id)
            .or_insert_with(|| RunnerGroups::new(allows_public));
    }

    pub(super) fn repo(&self, name: &str) -> Option<&Arc<Repository>> {
        self.repos.get(&name.to_lowercase())
    }

    /// The repository `owner/name`, or the organisation `owner`.
    pub(super) fn owner_named(&self, name: &str) -> Option<Owner> {
        if let Some(repo) = self.repo(name) {
            return Some(Owner::Repository(repo.clone()));
        }
        let organization = self.organizations.get(&name.to_lowercase())?;
        Some(Owner::Organization(organization.clone()))
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
}
