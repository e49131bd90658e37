//! A step's work does not grow with what is known, in counts: entries looked at, which no machine changes.

use super::*;
use crate::core::{looks, model::State};

/// Repositories the live jobs are spread over.
const REPOS: u64 = 5;

/// Jobs from here on come in pairs that have a repository of their own.
const PAIRS: u64 = 1 << 32;

fn place(job: u64) -> (RepoId, String) {
    if job >= PAIRS {
        return (RepoId(job / 2), LABEL.to_owned());
    }
    let label = format!("hf-jobs-flavor-{}", job / REPOS % 4);
    (RepoId(1 + job % REPOS), label)
}

fn event(job: u64, status: JobStatus, runner: Option<&str>) -> Input {
    let (repo, label) = place(job);
    Input::Event(JobSighting {
        repo,
        repo_name: format!("octo/app-{repo}"),
        run: RunId(job / 10),
        label,
        ..sighting(job, status, runner)
    })
}

/// A dispatcher with so many live jobs: queued while their runner boots, running, and queued behind a cap.
struct Loaded {
    core: Core,
    now: Timestamp,
}

impl Loaded {
    fn with(jobs: u64, settings: Settings) -> Self {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut loaded = Self {
            core: Core::new(now, settings, Arc::new(draw)),
            now,
        };
        loaded.step(Input::Tick);
        loaded.step(Input::HfListed(now, Ok(Vec::new())));
        for job in 0..jobs {
            loaded.now += Duration::from_millis(10);
            loaded.lead(
                job,
                if job % 2 == 0 {
                    Until::Booting
                } else {
                    Until::Running
                },
            );
        }
        loaded
    }

    /// One input; returns what follows and how many entries were looked at.
    fn step(&mut self, input: Input) -> (Vec<Command>, u64) {
        let before = looks::taken();
        let commands = self.core.step(self.now, input);
        (commands, looks::taken() - before)
    }

    /// The first launch of this repository has run to its end.
    fn end_of(&self, repo: RepoId) -> Input {
        let mut launches = self.core.launches.iter();
        let (id, launch) = launches
            .find(|(_, launch)| launch.lane.repo == repo)
            .unwrap();
        let hf_job = launch.hf_job.clone().unwrap();
        let over = hf_job_of(id, hf_job, Stage::Over("COMPLETED"));
        Input::HfInspected(id.clone(), Ok(over))
    }

    /// Leads one job through its life until there; returns the most entries that one of the steps looked at.
    fn lead(&mut self, job: u64, until: Until) -> u64 {
        let (repo, _) = place(job);
        let (mut commands, mut most) = self.step(event(job, JobStatus::Queued, None));
        if commands
            .iter()
            .any(|call| matches!(call, Command::AskInstallation { .. }))
        {
            commands = self.step(Input::Installation(repo, Ok(INSTALLATION))).0;
        }
        let Some(mint) = mints(commands).pop() else {
            return most;
        };
        let hf_job = hf_id(&mint.launch);
        let done = hf_job_of(&mint.launch, hf_job.clone(), Stage::Over("COMPLETED"));
        let name = Some(mint.runner.as_str());
        let life = [
            (
                Until::Booting,
                Input::Credential(mint.launch.clone(), Ok(credential(&mint))),
            ),
            (
                Until::Booting,
                Input::Created(mint.launch.clone(), Ok(hf_job)),
            ),
            (Until::Running, event(job, JobStatus::InProgress, name)),
            (Until::Over, event(job, JobStatus::Completed, name)),
            (
                Until::Over,
                Input::HfInspected(mint.launch.clone(), Ok(done)),
            ),
        ];
        for (stage, input) in life {
            if stage <= until {
                most = most.max(self.step(input).1);
            }
        }
        most
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    Booting,
    Running,
    Over,
}

/// The most entries that one step of a whole life looks at, with so many live jobs around.
fn most_looks(jobs: u64, settings: &Settings) -> u64 {
    let mut loaded = Loaded::with(jobs, settings.clone());
    let mut most = 0;
    for job in jobs..jobs + 50 {
        loaded.now += Duration::from_millis(10);
        most = most.max(loaded.lead(job, Until::Over));
        most = most.max(loaded.step(Input::Tick).1);
        most = most.max(loaded.step(Input::Delivered(format!("guid-{job}"))).1);
    }
    most
}

#[test]
fn a_step_looks_at_no_more_with_ten_thousand_live_jobs_than_with_a_hundred() {
    let (few, many) = (
        most_looks(100, &Settings::default()),
        most_looks(10_000, &Settings::default()),
    );
    assert!(
        many <= few + 10,
        "{few} entries with 100 live jobs, {many} with 10,000"
    );
    assert!(few > 10, "nothing was counted");
}

#[test]
fn nor_with_ten_thousand_jobs_that_wait_behind_a_cap() {
    let settings = Settings {
        max_total: 50,
        max_per_repo: 20,
        ..Settings::default()
    };
    let ends = |jobs: u64| {
        let mut loaded = Loaded::with(jobs, settings.clone());
        assert_eq!(loaded.core.launches.len(), 50);
        let busy: Vec<(LaunchId, HfJobId)> = loaded
            .core
            .launches
            .iter()
            .filter(|(_, launch)| matches!(launch.state, State::Busy { .. }))
            .filter_map(|(id, launch)| Some((id.clone(), launch.hf_job.clone()?)))
            .collect();
        assert!(busy.len() >= 20);
        // Each that ends lets one more in.
        let mut most = 0;
        for (id, hf_job) in busy {
            let over = hf_job_of(&id, hf_job, Stage::Over("COMPLETED"));
            let (commands, looks) = loaded.step(Input::HfInspected(id, Ok(over)));
            assert_eq!(mints(commands).len(), 1);
            most = most.max(looks);
        }
        most
    };
    let (few, many) = (ends(200), ends(10_000));
    assert!(
        many <= few + 10,
        "{few} entries with 200 jobs waiting, {many} with 10,000"
    );
}

#[test]
fn nor_with_a_thousand_lanes_that_a_cap_starves() {
    let looks_among = |lanes: u64, max_total: usize, max_per_repo: usize| {
        let settings = Settings {
            max_total,
            max_per_repo,
            ..Settings::default()
        };
        let mut loaded = Loaded::with(5, settings);
        for job in PAIRS..PAIRS + 2 * lanes {
            loaded.now += Duration::from_millis(1);
            loaded.lead(job, Until::Running);
        }
        let starved = loaded.core.starved.iter().count() as u64;
        assert!(starved >= lanes - 10, "{starved} of {lanes}");
        let mut inputs = vec![Input::Tick, event(0, JobStatus::InProgress, None)];
        if max_total == usize::MAX {
            inputs.push(loaded.end_of(RepoId(2)));
        }
        let slots = loaded.core.launches.slots();
        let looks = inputs.into_iter().map(|input| loaded.step(input).1);
        let most = looks.max().unwrap();
        let left = usize::from(max_total == usize::MAX);
        assert_eq!(loaded.core.launches.slots(), slots - left);
        most
    };
    for (max_total, max_per_repo) in [(10, usize::MAX), (usize::MAX, 1)] {
        let (few, many) = (
            looks_among(20, max_total, max_per_repo),
            looks_among(1_000, max_total, max_per_repo),
        );
        assert!(
            many <= few + 10,
            "{few} entries among 20 starved lanes, {many} among 1,000 ({max_total}, {max_per_repo})"
        );
    }
}

#[test]
fn nor_with_ten_thousand_jobs_that_are_over() {
    let looks_after = |jobs: u64| {
        let mut loaded = Loaded::with(0, Settings::default());
        for job in 0..jobs {
            loaded.now += Duration::from_millis(10);
            loaded.lead(job, Until::Over);
        }
        loaded.lead(jobs, Until::Over)
    };
    let (few, many) = (looks_after(100), looks_after(10_000));
    assert!(
        many <= few + 10,
        "{few} entries after 100 jobs, {many} after 10,000"
    );
}

#[test]
fn a_list_of_hf_jobs_is_looked_at_once() {
    let looks_per_job = |jobs: u64| {
        let mut loaded = Loaded::with(jobs, Settings::default());
        let list: Vec<HfJob> = loaded
            .core
            .launches
            .iter()
            .filter_map(|(id, launch)| Some((id, launch.hf_job.clone()?)))
            .map(|(id, hf_job)| hf_job_of(id, hf_job, Stage::Running))
            .collect();
        let asked_at = loaded.now;
        loaded.step(Input::HfListed(asked_at, Ok(list))).1 / jobs
    };
    let (few, many) = (looks_per_job(100), looks_per_job(10_000));
    assert!(
        many <= few + 2,
        "{few} looks a job in a list of 100, {many} in one of 10,000"
    );
}

#[test]
fn what_is_over_is_remembered_for_a_day_and_holds_nothing_else() {
    let mut loaded = Loaded::with(0, Settings::default());
    for job in 0..10_000 {
        loaded.now += Duration::from_millis(10);
        loaded.lead(job, Until::Over);
    }
    let core = &loaded.core;
    assert_eq!((core.jobs.len(), core.launches.len()), (0, 0));
    assert_eq!((core.closed.len(), core.ended.len()), (10_000, 10_000));
    let due = core.due.subjects().count() + core.overdue.subjects().count();
    assert!(due <= 100, "{due} of those that are over are still due");
    // A late event changes nothing.
    loaded.step(event(7, JobStatus::Queued, None));
    loaded.step(event(7, JobStatus::InProgress, None));
    assert_eq!(loaded.core.jobs.len(), 0);
    loaded.now += Settings::default().memory + Duration::from_secs(1);
    let (commands, _) = loaded.step(Input::Tick);
    assert_eq!((loaded.core.closed.len(), loaded.core.ended.len()), (0, 0));
    let is_deletion = |command: &&Command| matches!(command, Command::Write(Write::Delete(_)));
    assert_eq!(commands.iter().filter(is_deletion).count(), 20_000);
}
