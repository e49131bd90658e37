//! The JSON of check runs and their annotations.

use super::{
    app::{actions_app_object, app_object},
    job::Look,
};
use crate::{
    github::state::{
        records::State,
        runs::{
            checks::{Annotation, AnnotationLevel, CheckRun},
            job::Job,
            run::Run,
            standing::conclusion_text,
        },
    },
    history::Conclusion,
    json_text::{push_display, push_string, seconds},
    settings::GithubSettings,
};

/// What the two kinds of check runs have in common.
struct Parts<'a> {
    id: u64,
    head_sha: &'a str,
    external_id: &'a str,
    repo_url: &'a str,
    html_url: String,
    details_url: String,
    status: &'a str,
    conclusion: Option<Conclusion>,
    started_at: String,
    completed_at: Option<String>,
    name: &'a str,
    suite: u64,
    output: [Option<&'a str>; 3],
    annotations: usize,
    app: String,
}

impl Parts<'_> {
    fn push(&self, out: &mut String) {
        let (id, url) = (self.id, self.repo_url);
        push_display(
            out,
            format_args!(
                "{{\"id\":{id},\"name\":{},\"node_id\":\"CR_kwDO{id:x}\",\"head_sha\":\"{}\",\"external_id\":{},\
                 \"url\":\"{url}/check-runs/{id}\",\"html_url\":{},\"details_url\":{},\"status\":\"{}\",\
                 \"conclusion\":{},\"started_at\":\"{}\",\"completed_at\":{},",
                quoted(self.name),
                self.head_sha,
                quoted(self.external_id),
                quoted(&self.html_url),
                quoted(&self.details_url),
                self.status,
                optional(self.conclusion.map(conclusion_text)),
                self.started_at,
                optional(self.completed_at.as_deref()),
            ),
        );
        let [title, summary, text] = self.output.map(optional);
        push_display(
            out,
            format_args!(
                "\"output\":{{\"title\":{title},\"summary\":{summary},\"text\":{text},\"annotations_count\":{},\
                 \"annotations_url\":\"{url}/check-runs/{id}/annotations\"}},\"check_suite\":{{\"id\":{}}},\
                 \"app\":{},\"pull_requests\":[]}}",
                self.annotations, self.suite, self.app,
            ),
        );
    }
}

/// The annotations of a workflow job: a failed step leaves one.
pub(in crate::github) fn job_annotations(job: &Job) -> Vec<Annotation> {
    if job.conclusion != Some(Conclusion::Failure) {
        return Vec::new();
    }
    vec![Annotation {
        path: ".github".to_owned(),
        start_line: 1,
        end_line: 1,
        start_column: None,
        end_column: None,
        annotation_level: AnnotationLevel::Failure,
        message: "Process completed with exit code 1.".to_owned(),
        title: None,
        raw_details: None,
    }]
}

/// An annotation of a check run of this commit.
pub(in crate::github) fn annotation_json(
    annotation: &Annotation,
    html_url: &str,
    head_sha: &str,
) -> String {
    let number =
        |column: Option<u64>| column.map_or_else(|| "null".to_owned(), |column| column.to_string());
    let path = &annotation.path;
    format!(
        "{{\"path\":{},\"blob_href\":{},\"start_line\":{},\"start_column\":{},\"end_line\":{},\"end_column\":{},\
         \"annotation_level\":\"{}\",\"title\":{},\"message\":{},\"raw_details\":{}}}",
        quoted(path),
        quoted(&format!("{html_url}/blob/{head_sha}/{path}")),
        annotation.start_line,
        number(annotation.start_column),
        annotation.end_line,
        number(annotation.end_column),
        annotation.annotation_level.as_str(),
        optional(annotation.title.as_deref()),
        quoted(&annotation.message),
        optional(annotation.raw_details.as_deref()),
    )
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    push_string(&mut out, text);
    out
}

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), quoted)
}

/// Appends a check run that the App made.
pub(in crate::github) fn push_check_run(
    out: &mut String,
    state: &State,
    settings: &GithubSettings,
    check: &CheckRun,
) {
    let html_url = format!("{}/runs/{}", check.repo.html_url, check.id);
    let parts = Parts {
        id: check.id,
        head_sha: &check.head_sha,
        external_id: &check.external_id,
        repo_url: &check.repo.url,
        details_url: check
            .details_url
            .clone()
            .unwrap_or_else(|| html_url.clone()),
        html_url,
        status: check.status.as_str(),
        conclusion: check.conclusion,
        started_at: seconds(check.started_at),
        completed_at: check.completed_at.map(seconds),
        name: &check.name,
        suite: check.suite,
        output: [
            check.output.title.as_deref(),
            check.output.summary.as_deref(),
            check.output.text.as_deref(),
        ],
        annotations: check.output.annotations.len(),
        app: app_object(state, settings, None),
    };
    parts.push(out);
}

/// Appends the check run of a workflow job.
pub(in crate::github) fn push_job_check(
    out: &mut String,
    job: &Job,
    run: &Run,
    settings: &GithubSettings,
) {
    let look = Look::of(job);
    let id = job.id.0;
    let html_url = format!("{}/actions/runs/{}/job/{id}", job.repo.html_url, run.id.0);
    let parts = Parts {
        id,
        head_sha: &run.head_sha,
        external_id: "",
        repo_url: &job.repo.url,
        details_url: html_url.clone(),
        html_url,
        status: look.status.as_str(),
        conclusion: look.conclusion,
        started_at: seconds(look.started_at.unwrap_or(job.created_at)),
        completed_at: look.completed_at.map(seconds),
        name: &job.name,
        suite: run.id.0,
        output: [None; 3],
        annotations: job_annotations(job).len(),
        app: actions_app_object(settings),
    };
    parts.push(out);
}
