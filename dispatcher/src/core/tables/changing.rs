//! The only ways to change what is known. Each carries the change into every index and touches what depends on it.

use jiff::Timestamp;

use super::{Book, Subject, book::Waiting, jobs, launches};
use crate::core::{
    engine::Core,
    health::LaneState,
    model::{
        InstallationId, Job, JobId, JobKey, Lane, Launch, LaunchId, Repo, RepoId, RunId, Trust,
    },
};

impl Core {
    /// Changes a job.
    pub(in crate::core) fn with_job<R>(
        &mut self,
        key: JobKey,
        change: impl FnOnce(&mut Job) -> R,
    ) -> Option<R> {
        let job = self.jobs.table_mut().get_mut(&key)?;
        let before = jobs::Standing::of(job);
        let result = change(job);
        let after = jobs::Standing::of(job);
        if before != after {
            let (lane, waiting) = (job.lane.clone(), waiting(key, job));
            self.file_job(lane, waiting, before, after);
        }
        self.touched.jobs.insert(key);
        Some(result)
    }

    /// Takes a job in.
    pub(in crate::core) fn insert_job(&mut self, key: JobKey, job: Job) {
        self.remove_job(key);
        let (lane, waiting) = (job.lane.clone(), waiting(key, &job));
        let standing = jobs::Standing::of(&job);
        self.jobs.table_mut().insert(key, job);
        self.file_job(lane, waiting, jobs::Standing::default(), standing);
        self.touched.jobs.insert(key);
        self.touched.repos.insert(key.repo);
    }

    /// Lets a job go.
    pub(in crate::core) fn remove_job(&mut self, key: JobKey) {
        let Some(job) = self.jobs.table_mut().remove(&key) else {
            return;
        };
        let (standing, waiting) = (jobs::Standing::of(&job), waiting(key, &job));
        self.file_job(job.lane, waiting, standing, jobs::Standing::default());
        self.touched.repos.insert(key.repo);
        self.due.set(Subject::Job(key), None);
    }

    fn file_job(
        &mut self,
        lane: Lane,
        waiting: Waiting,
        before: jobs::Standing,
        after: jobs::Standing,
    ) {
        let book = self.lanes.book_mut(&lane);
        if before.queued != after.queued {
            book.queue(waiting.key, after.queued);
            let of_run = (waiting.first_seen, waiting.run);
            self.jobs.queue(waiting.key, of_run, after.queued);
        }
        if before.wanting != after.wanting {
            if let Some(word) = before.wanting {
                book.want_no_more(&waiting, word);
            }
            if let Some(word) = after.wanting {
                book.want(waiting, word);
            }
        }
        self.touched.lanes.insert(lane);
    }

    /// Changes a launch in what need not be written down. Its lane stays what it is, and a new
    /// name of its runner names the same job.
    pub(in crate::core) fn with_launch<R>(
        &mut self,
        id: &LaunchId,
        change: impl FnOnce(&mut Launch) -> R,
    ) -> Option<R> {
        let idle_timeout = self.settings.idle_timeout;
        let launch = self.launches.table_mut().get_mut(id)?;
        let before = launches::Standing::of(launch, idle_timeout);
        let result = change(launch);
        let after = launches::Standing::of(launch, idle_timeout);
        if before != after {
            let lane = launch.lane.clone();
            self.touch_foremost(&lane);
            self.launches.unfile(id, lane.repo, &before);
            self.launches.file(id, lane.repo, &after);
            let book = self.lanes.book_mut(&lane);
            book.count(id, &before.role, false);
            book.count(id, &after.role, true);
            self.touch_foremost(&lane);
            self.touch_starved(lane.repo);
            self.touched.lanes.insert(lane);
        }
        self.touched.launches.insert(id.clone());
        Some(result)
    }

    /// Takes a launch in.
    pub(in crate::core) fn insert_launch(&mut self, id: LaunchId, launch: Launch) {
        self.remove_launch(&id);
        let (lane, standing) = (
            launch.lane.clone(),
            launches::Standing::of(&launch, self.settings.idle_timeout),
        );
        self.touch_foremost(&lane);
        self.launches.table_mut().insert(id.clone(), launch);
        self.launches.file(&id, lane.repo, &standing);
        self.lanes.book_mut(&lane).count(&id, &standing.role, true);
        self.name(&lane, standing.namesake(), true);
        self.touch_foremost(&lane);
        self.touched.repos.insert(lane.repo);
        self.touched.lanes.insert(lane);
        self.touched.launches.insert(id);
    }

    /// Lets a launch go.
    pub(in crate::core) fn remove_launch(&mut self, id: &LaunchId) -> Option<Launch> {
        let launch = self.launches.table_mut().remove(id)?;
        let (lane, standing) = (
            launch.lane.clone(),
            launches::Standing::of(&launch, self.settings.idle_timeout),
        );
        self.touch_foremost(&lane);
        self.launches.unfile(id, lane.repo, &standing);
        self.lanes.book_mut(&lane).count(id, &standing.role, false);
        self.name(&lane, standing.namesake(), false);
        self.touch_foremost(&lane);
        self.touch_starved(lane.repo);
        self.touched.repos.insert(lane.repo);
        self.touched.lanes.insert(lane);
        self.due.set(Subject::Launch(id.clone()), None);
        Some(launch)
    }

    /// A slot of the repository may have been given back.
    fn touch_starved(&mut self, repo: RepoId) {
        if self.launches.slots_of_repo(repo) < self.settings.max_per_repo {
            let starved = self.starved.by_repo(repo).cloned();
            self.touched.lanes.extend(starved);
        }
    }

    /// Where one launch tries for all, it may have been this one's turn, or be so now.
    fn touch_foremost(&mut self, lane: &Lane) {
        let one_tries = self.lanes.get(lane).is_some_and(LaneState::one_tries);
        let foremost = self.lanes.book(lane).filter(|_| one_tries);
        let foremost = foremost.and_then(|book| book.foremost().cloned());
        self.touched.launches.extend(foremost);
    }

    /// A launch takes the name of a job, or gives it back.
    fn name(&mut self, lane: &Lane, namesake: Option<(RunId, JobId)>, taken: bool) {
        let Some((run, job)) = namesake else { return };
        let key = JobKey {
            repo: lane.repo,
            job,
        };
        let wanting = self
            .jobs
            .get(&key)
            .filter(|job| job.lane == *lane && job.run == run)
            .and_then(|job| Some((waiting(key, job), jobs::Standing::of(job).wanting?)));
        let book = self.lanes.book_mut(lane);
        // Out of the queue and in again, so that it stands where its name now puts it.
        if let Some((waiting, word)) = wanting {
            book.want_no_more(&waiting, word);
        }
        book.name((run, job), taken);
        if let Some((waiting, word)) = wanting {
            book.want(waiting, word);
        }
    }

    /// Changes how a lane has fared.
    pub(in crate::core) fn with_lane<R>(
        &mut self,
        lane: &Lane,
        change: impl FnOnce(&mut LaneState) -> R,
    ) -> R {
        self.touched.lanes.insert(lane.clone());
        let state = self.lanes.health_mut(lane);
        let before = state.one_tries();
        let result = change(state);
        let after = state.one_tries();
        self.touch_foremost(lane);
        if before && !after {
            // Those that waited for the one.
            let waited = self.lanes.book(lane).into_iter().flat_map(Book::all_trying);
            self.touched.launches.extend(waited.cloned());
        }
        result
    }

    /// A runner is gone, and may have had one of its lane's jobs.
    pub(in crate::core) fn vanish(&mut self, lane: &Lane, runner: &str, at: Timestamp) {
        self.lanes.book_mut(lane).vanish(runner, at);
        self.touched.lanes.insert(lane.clone());
    }

    /// A runner was named with a job: if it is gone, it stands in for no other.
    pub(in crate::core) fn reappear(&mut self, lane: &Lane, runner: &str) {
        if self.lanes.book_mut(lane).reappear(runner) {
            self.touched.lanes.insert(lane.clone());
        }
    }

    /// Changes a repository.
    pub(in crate::core) fn with_repo<R>(
        &mut self,
        id: RepoId,
        change: impl FnOnce(&mut Repo) -> R,
    ) -> Option<R> {
        let repo = self.repos.get_mut(&id)?;
        let before = confirmed(repo);
        let result = change(repo);
        let after = confirmed(repo);
        self.touched.repos.insert(id);
        if before != after {
            self.touch_repo(id);
        }
        Some(result)
    }

    /// Takes a repository in.
    pub(in crate::core) fn insert_repo(&mut self, id: RepoId, repo: Repo) {
        self.repos.insert(id, repo);
        self.touch_repo(id);
    }

    /// Whether something may be asked in the repository decides about all that is in it.
    fn touch_repo(&mut self, id: RepoId) {
        let touched = &mut self.touched;
        touched.repos.insert(id);
        touched.lanes.extend(self.lanes.of_repo(id).cloned());
        touched.launches.extend(self.launches.of_repo(id).cloned());
        touched.jobs.extend(self.jobs.of_repo(id));
    }

    /// Has every repository, lane, launch and job looked at again.
    pub(in crate::core) fn touch_everything(&mut self) {
        let repos: Vec<RepoId> = self.repos.keys().copied().collect();
        for repo in repos {
            self.touch_repo(repo);
        }
    }
}

fn waiting(key: JobKey, job: &Job) -> Waiting {
    Waiting {
        first_seen: job.first_seen,
        key,
        run: job.run,
    }
}

fn confirmed(repo: &Repo) -> Option<InstallationId> {
    match repo.trust {
        Trust::Confirmed(installation) => Some(installation),
        Trust::Unknown(_) | Trust::Refused { .. } => None,
    }
}
