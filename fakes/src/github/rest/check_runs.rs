//! The endpoints of check runs.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;

use super::{
    pages::query_value,
    route::{Access, Ask, Permission, Route},
};
use crate::{
    calls::{Incoming, Reply},
    github::{
        handle::Github,
        objects::{
            app::ACTIONS_APP_ID,
            body::read,
            check_run::{annotation_json, job_annotations, push_check_run, push_job_check},
            invalid::Invalid,
            refusal::{Answer, Refusal},
            run::BRANCH,
        },
        state::{
            accounts::repository::Repository,
            records::State,
            runs::{
                checks::{Annotation, CheckOutput, CheckRun, CheckStatus},
                index::Shelf,
                job::Job,
                run::Run,
                table::Runs,
            },
        },
    },
    history::{Conclusion, What},
    ids::{JobId, RunId},
};

/// Annotations one request may bring.
const ANNOTATIONS_MAX: usize = 50;

const READ: Permission = Permission::read("checks");
const WRITE: Permission = Permission::write("checks");

pub(in crate::github) const ROUTES: &[Route] = &[
    Route::post(
        "/repos/{owner}/{repo}/check-runs",
        "github.create-check-run",
        Access::Repository(WRITE, Github::create_check_run),
    ),
    Route::get(
        "/repos/{owner}/{repo}/check-runs/{check_run_id}",
        "github.get-check-run",
        Access::Repository(READ, Github::get_check_run),
    ),
    Route::patch(
        "/repos/{owner}/{repo}/check-runs/{check_run_id}",
        "github.update-check-run",
        Access::Repository(WRITE, Github::update_check_run),
    ),
    Route::get(
        "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations",
        "github.list-check-run-annotations",
        Access::Repository(READ, Github::list_annotations),
    ),
    Route::get(
        "/repos/{owner}/{repo}/commits/{ref}/check-runs",
        "github.list-commit-check-runs",
        Access::Repository(READ, Github::list_commit_checks),
    ),
    Route::get(
        "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs",
        "github.list-check-suite-check-runs",
        Access::Repository(READ, Github::list_suite_checks),
    ),
];

#[derive(Deserialize)]
struct NewCheckRun {
    name: String,
    head_sha: String,
}

/// What a request may say of a check run, new or known.
#[derive(Default, Deserialize)]
struct Change {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    details_url: Option<String>,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    status: Option<CheckStatus>,
    #[serde(default)]
    conclusion: Option<Conclusion>,
    #[serde(default)]
    started_at: Option<Timestamp>,
    #[serde(default)]
    completed_at: Option<Timestamp>,
    #[serde(default)]
    output: Option<NewOutput>,
}

#[derive(Deserialize)]
struct NewOutput {
    #[serde(default)]
    title: Option<String>,
    summary: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    annotations: Vec<Annotation>,
}

/// A check run of either kind.
enum Check<'a> {
    Made(&'a CheckRun),
    Job(&'a Job, &'a Run),
}

impl Github {
    fn create_check_run(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let body = &ask.request.body;
        let read = read::<NewCheckRun>(body).and_then(|new| Ok((new, read::<Change>(body)?)));
        let (wanted, change) = read?;
        change.check()?;
        if change
            .output
            .as_ref()
            .is_some_and(|output| output.title.is_none())
        {
            return Err(Invalid::OutputWithoutTitle.into());
        }
        let mut state = self.state();
        let head_sha = wanted.head_sha.to_lowercase();
        if !state.runs.has_commit(repo, &head_sha) {
            return Err(Refusal::NoCommit(wanted.head_sha));
        }
        let mut check = CheckRun {
            id: state.runs.checks.next_id(),
            suite: state.runs.checks.suite_for(repo.id, &head_sha),
            repo: repo.clone(),
            head_sha,
            name: wanted.name,
            external_id: String::new(),
            details_url: None,
            status: CheckStatus::default(),
            conclusion: None,
            started_at: self.now(),
            completed_at: None,
            output: CheckOutput::default(),
        };
        change.apply(&mut check, self.now());
        let mut body = String::new();
        push_check_run(&mut body, &state, self.settings(), &check);
        let (runs, jobs) = state.runs.on_commit(repo, &check.head_sha);
        self.history().record(
            Some(ask.call.received),
            What::CheckRunCreated {
                call: ask.call.call,
                repo: repo.name.clone(),
                check_run: check.id,
                runs,
                jobs,
                status: check.status.as_str().to_owned(),
                conclusion: check.conclusion_text(),
            },
        );
        state.runs.checks.add(check);
        Ok(Reply::text(201, body).with_effect())
    }

    fn update_check_run(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let change: Change = read(&ask.request.body)?;
        change.check()?;
        let id = ask.number("check_run_id");
        let mut state = self.state();
        if state.runs.checks.get(repo.id, id).is_none() && state.runs.job_check(repo, id).is_some()
        {
            return Err(Refusal::ForeignCheckRun(ACTIONS_APP_ID));
        }
        let Some(check) = state.runs.checks.get_mut(repo.id, id) else {
            return Err(Refusal::NotFound);
        };
        change.apply(check, self.now());
        let check = check.clone();
        let mut body = String::new();
        push_check_run(&mut body, &state, self.settings(), &check);
        let (runs, jobs) = state.runs.on_commit(repo, &check.head_sha);
        self.history().record(
            Some(ask.call.received),
            What::CheckRunUpdated {
                call: ask.call.call,
                repo: repo.name.clone(),
                check_run: check.id,
                runs,
                jobs,
                status: check.status.as_str().to_owned(),
                conclusion: check.conclusion_text(),
            },
        );
        Ok(Reply::text(200, body).with_effect())
    }

    fn get_check_run(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        match state.runs.check(repo, ask.number("check_run_id")) {
            Some(check) => Ok(Reply::text(200, self.check_json(&state, &check))),
            None => Err(Refusal::NotFound),
        }
    }

    fn list_annotations(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let Some(check) = state.runs.check(repo, ask.number("check_run_id")) else {
            return Err(Refusal::NotFound);
        };
        let annotations: Vec<String> = match check {
            Check::Made(check) => check
                .output
                .annotations
                .iter()
                .map(|one| annotation_json(one, &repo.html_url, &check.head_sha))
                .collect(),
            Check::Job(job, run) => job_annotations(job)
                .iter()
                .map(|one| annotation_json(one, &repo.html_url, &run.head_sha))
                .collect(),
        };
        let (page, total) = (self.page(ask.request), annotations.len());
        let reply = Reply::text(200, format!("[{}]", page.of(annotations).join(",")));
        Ok(self.with_links(reply, ask.request, &page, total))
    }

    fn list_commit_checks(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let wanted = ask.text("ref");
        let Some(head_sha) = state.runs.commit_of(repo, wanted) else {
            return Err(Refusal::NoCommit(wanted.to_owned()));
        };
        let runs: Vec<RunId> = state
            .runs
            .index
            .on(repo.id, Shelf::Commit(head_sha.clone()))
            .iter()
            .rev()
            .copied()
            .collect();
        let made = |check: &&CheckRun| check.head_sha == head_sha;
        let made = state.runs.checks.of_repo(repo.id).filter(made).collect();
        self.list_checks(&state, ask.request, made, &runs)
    }

    fn list_suite_checks(&self, repo: &Arc<Repository>, ask: &Ask<'_>) -> Answer {
        let state = self.state();
        let suite = ask.number("check_suite_id");
        if state.runs.checks.has_suite(repo.id, suite) {
            let made = |check: &&CheckRun| check.suite == suite;
            let made = state.runs.checks.of_repo(repo.id).filter(made).collect();
            return self.list_checks(&state, ask.request, made, &[]);
        }
        let run = state.runs.by_id.get(&RunId(suite));
        match run.filter(|run| run.repo.id == repo.id) {
            Some(run) => self.list_checks(&state, ask.request, Vec::new(), &[run.id]),
            None => Err(Refusal::NotFound),
        }
    }

    /// A page of these check runs and of those of these runs' jobs.
    fn list_checks(
        &self,
        state: &State,
        request: &Incoming,
        mut made: Vec<&CheckRun>,
        runs: &[RunId],
    ) -> Answer {
        let all = match query_value(request, "filter").as_deref() {
            None | Some("latest") => false,
            Some("all") => true,
            Some(_) => return Err(Invalid::Filter.into()),
        };
        if !all {
            // They come newest first, so the first of a name is its latest.
            let mut seen = BTreeSet::new();
            made.retain(|check| seen.insert(check.name.as_str()));
        }
        let jobs = runs.iter().filter_map(|run| {
            let run = state.runs.by_id.get(run)?;
            Some(
                state
                    .runs
                    .jobs_for_checks(run, all)
                    .into_iter()
                    .map(move |job| (job, run)),
            )
        });
        let mut checks: Vec<Check<'_>> = made.into_iter().map(Check::Made).collect();
        checks.extend(jobs.flatten().map(|(job, run)| Check::Job(job, run)));
        let (name, status) = (
            query_value(request, "check_name"),
            query_value(request, "status"),
        );
        let app = query_value(request, "app_id");
        checks.retain(|check| {
            let is = |wanted: &Option<String>, found: &str| {
                wanted.as_ref().is_none_or(|wanted| wanted == found)
            };
            is(&name, check.name())
                && is(&status, check.status())
                && is(&app, &check.app(self.settings().app_id).to_string())
        });
        let (page, total) = (self.page(request), checks.len());
        let shown: Vec<String> = page
            .of(checks)
            .iter()
            .map(|check| self.check_json(state, check))
            .collect();
        let body = format!(
            "{{\"total_count\":{total},\"check_runs\":[{}]}}",
            shown.join(",")
        );
        Ok(self.with_links(Reply::text(200, body), request, &page, total))
    }

    fn check_json(&self, state: &State, check: &Check<'_>) -> String {
        let mut out = String::with_capacity(3000);
        match check {
            Check::Made(check) => push_check_run(&mut out, state, self.settings(), check),
            Check::Job(job, run) => push_job_check(&mut out, job, run, self.settings()),
        }
        out
    }
}

impl Change {
    fn check(&self) -> Result<(), Invalid> {
        let completed = self.status == Some(CheckStatus::Completed) || self.completed_at.is_some();
        if completed && self.conclusion.is_none() {
            return Err(Invalid::CompletedWithoutConclusion);
        }
        let annotations = self
            .output
            .as_ref()
            .map_or(0, |output| output.annotations.len());
        if annotations > ANNOTATIONS_MAX {
            return Err(Invalid::TooManyAnnotations);
        }
        Ok(())
    }

    /// Says what is new of a check run. A conclusion completes it; annotations are added to those it has.
    fn apply(self, check: &mut CheckRun, now: Timestamp) {
        check.name = self.name.unwrap_or_else(|| std::mem::take(&mut check.name));
        check.details_url = self.details_url.or_else(|| check.details_url.take());
        if let Some(external_id) = self.external_id {
            check.external_id = external_id;
        }
        check.started_at = self.started_at.unwrap_or(check.started_at);
        if let Some(status) = self.status {
            check.status = status;
            check.conclusion = None;
            check.completed_at = None;
        }
        if let Some(conclusion) = self.conclusion {
            check.status = CheckStatus::Completed;
            check.conclusion = Some(conclusion);
            check.completed_at = Some(self.completed_at.unwrap_or(now));
        }
        if let Some(output) = self.output {
            let known = &mut check.output;
            known.title = output.title.or_else(|| known.title.take());
            known.summary = Some(output.summary);
            known.text = output.text.or_else(|| known.text.take());
            known.annotations.extend(output.annotations);
        }
    }
}

impl Check<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Made(check) => &check.name,
            Self::Job(job, _) => &job.name,
        }
    }

    fn status(&self) -> &'static str {
        match self {
            Self::Made(check) => check.status.as_str(),
            Self::Job(job, _) => job.status.as_str(),
        }
    }

    fn app(&self, own: u64) -> u64 {
        match self {
            Self::Made(_) => own,
            Self::Job(..) => ACTIONS_APP_ID,
        }
    }
}

impl Runs {
    fn check(&self, repo: &Repository, id: u64) -> Option<Check<'_>> {
        let made = self.checks.get(repo.id, id).map(Check::Made);
        made.or_else(|| {
            self.job_check(repo, id)
                .map(|(job, run)| Check::Job(job, run))
        })
    }

    /// The workflow job whose check run this is.
    fn job_check(&self, repo: &Repository, id: u64) -> Option<(&Job, &Run)> {
        let job = self
            .jobs
            .get(&JobId(id))
            .filter(|job| job.repo.id == repo.id)?;
        Some((job, self.by_id.get(&job.run)?))
    }

    fn jobs_for_checks<'a>(&'a self, run: &'a Run, all: bool) -> Vec<&'a Job> {
        if all {
            run.jobs
                .iter()
                .filter_map(|job| self.jobs.get(job))
                .collect()
        } else {
            self.latest_jobs(run)
        }
    }

    /// The runs of a commit, and their jobs in the latest attempt of each.
    fn on_commit(&self, repo: &Repository, head_sha: &str) -> (Vec<RunId>, Vec<JobId>) {
        let shelf = Shelf::Commit(head_sha.to_owned());
        let runs: Vec<RunId> = self.index.on(repo.id, shelf).iter().copied().collect();
        let found = runs.iter().filter_map(|run| self.by_id.get(run));
        let jobs = found.flat_map(|run| self.latest_jobs(run));
        let jobs = jobs.map(|job| job.id).collect();
        (runs, jobs)
    }

    /// Whether any run, and so any commit, of the repository has this SHA.
    fn has_commit(&self, repo: &Repository, head_sha: &str) -> bool {
        let shelf = Shelf::Commit(head_sha.to_owned());
        !self.index.on(repo.id, shelf).is_empty()
    }

    /// The commit that a reference stands for: itself, or the newest of the branch.
    fn commit_of(&self, repo: &Repository, reference: &str) -> Option<String> {
        let branch = reference.strip_prefix("heads/").unwrap_or(reference);
        if branch == BRANCH {
            let newest = self.index.on(repo.id, Shelf::All).last()?;
            return self.by_id.get(newest).map(|run| run.head_sha.clone());
        }
        let head_sha = reference.to_lowercase();
        self.has_commit(repo, &head_sha).then_some(head_sha)
    }
}
