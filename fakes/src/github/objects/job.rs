//! The JSON text of a workflow job, as `workflow_job` webhooks and the REST API show it.
//!
//! Only the fields that vary are written; everything else is prepared in [`Repository`].

use jiff::Timestamp;

use crate::{
    github::state::{
        accounts::repository::Repository,
        runners::groups::{DEFAULT_GROUP, DEFAULT_GROUP_NAME},
        runs::{
            job::{Job, Status},
            run::Run,
            standing::conclusion_text,
        },
    },
    history::Conclusion,
    ids::RunnerId,
    json_text::{push_all, push_lower_hex, push_number, push_string, push_strings, seconds},
    settings::WithoutRunner,
};

/// What a job looks like at one moment.
pub(in crate::github) struct Look<'a> {
    pub(in crate::github) status: Status,
    pub(in crate::github) conclusion: Option<Conclusion>,
    pub(in crate::github) started_at: Option<Timestamp>,
    pub(in crate::github) completed_at: Option<Timestamp>,
    pub(in crate::github) runner: Option<(RunnerId, &'a str)>,
    /// The id and name of that runner's group.
    pub(in crate::github) group: Option<(u64, &'a str)>,
}

impl<'a> Look<'a> {
    /// As the job is now.
    pub(in crate::github) fn of(job: &'a Job) -> Self {
        Self {
            status: job.status,
            conclusion: job.conclusion,
            started_at: job.started_at,
            completed_at: job.completed_at,
            runner: job.runner.map(|runner| (runner, job.runner_name.as_str())),
            group: job
                .runner_group
                .as_ref()
                .map(|(id, name)| (*id, name.as_str())),
        }
    }

    /// As the job was, or would be, when GitHub sends this action.
    pub(in crate::github) fn at_action(job: &'a Job, action: &str, now: Timestamp) -> Self {
        let now_look = Self::of(job);
        match action {
            "queued" => Self {
                status: Status::Queued,
                conclusion: None,
                started_at: None,
                completed_at: None,
                runner: None,
                group: None,
            },
            "waiting" => Self {
                status: Status::Waiting,
                conclusion: None,
                started_at: None,
                completed_at: None,
                runner: None,
                group: None,
            },
            "in_progress" => Self {
                status: Status::InProgress,
                conclusion: None,
                started_at: now_look.started_at.or(Some(now)),
                completed_at: None,
                runner: now_look.runner,
                group: now_look.group,
            },
            "completed" => Self {
                status: Status::Completed,
                conclusion: now_look.conclusion.or(Some(job.will_conclude)),
                completed_at: now_look.completed_at.or(Some(now)),
                ..now_look
            },
            _ => now_look,
        }
    }
}

/// What a `workflow_job` webhook says of its job: `{"action":…,"workflow_job":{…}`.
pub(in crate::github) fn workflow_job_head(
    action: &str,
    job: &Job,
    run: &Run,
    look: &Look<'_>,
) -> String {
    let mut out = String::with_capacity(3072);
    out.push_str("{\"action\":");
    push_string(&mut out, action);
    out.push_str(",\"workflow_job\":");
    push_job(&mut out, job, run, look);
    out
}

/// Appends the job object.
pub(in crate::github) fn push_job(out: &mut String, job: &Job, run: &Run, look: &Look<'_>) {
    let Repository { url, html_url, .. } = &*job.repo;
    let (id, run_id) = (job.id.0.to_string(), run.id.0.to_string());
    push_all(out, &["{\"id\":", &id, ",\"run_id\":", &run_id]);
    let run_url = [url, "/actions/runs/", &run_id];
    out.push_str(",\"workflow_name\":\"CI\",\"head_branch\":\"main\",\"run_url\":\"");
    push_all(out, &run_url);
    out.push_str("\",\"run_attempt\":");
    push_number(out, job.attempt.into());
    out.push_str(",\"node_id\":\"CR_kwDO");
    push_lower_hex(out, job.id.0, 1);
    push_all(out, &["\",\"head_sha\":\"", &run.head_sha]);
    push_all(out, &["\",\"url\":\"", url, "/actions/jobs/", &id]);
    push_all(
        out,
        &["\",\"html_url\":\"", html_url, "/actions/runs/", &run_id],
    );
    push_all(
        out,
        &["/job/", &id, "\",\"status\":\"", look.status.as_str()],
    );
    out.push_str("\",\"conclusion\":");
    push_optional(out, look.conclusion.map(conclusion_text));
    let created = seconds(job.created_at);
    push_all(
        out,
        &[",\"created_at\":\"", &created, "\",\"started_at\":\""],
    );
    // Before it starts, a job shows its creation as its start.
    out.push_str(&look.started_at.map_or(created, seconds));
    out.push_str("\",\"completed_at\":");
    push_optional(out, look.completed_at.map(seconds).as_deref());
    out.push_str(",\"name\":");
    push_string(out, &job.name);
    out.push_str(",\"steps\":");
    push_steps(out, look);
    push_all(out, &[",\"check_run_url\":\"", url, "/check-runs/", &id]);
    out.push_str("\",\"labels\":");
    push_strings(out, &job.labels);
    push_runner(out, look, run.without_runner);
    out.push('}');
}

/// The runner's fields; a job that ended without one may show it otherwise than one that still waits.
fn push_runner(out: &mut String, look: &Look<'_>, without: WithoutRunner) {
    let zeros = look.status == Status::Completed && without == WithoutRunner::Zero;
    match look.runner {
        Some((runner, name)) => {
            out.push_str(",\"runner_id\":");
            push_number(out, runner.0);
            out.push_str(",\"runner_name\":");
            push_string(out, name);
            let (id, name) = look.group.unwrap_or((DEFAULT_GROUP, DEFAULT_GROUP_NAME));
            out.push_str(",\"runner_group_id\":");
            push_number(out, id);
            out.push_str(",\"runner_group_name\":");
            push_string(out, name);
        }
        None if zeros => out.push_str(
            ",\"runner_id\":0,\"runner_name\":\"\",\"runner_group_id\":0,\"runner_group_name\":\"\"",
        ),
        None => out.push_str(
            ",\"runner_id\":null,\"runner_name\":null,\"runner_group_id\":null,\"runner_group_name\":null",
        ),
    }
}

fn push_steps(out: &mut String, look: &Look<'_>) {
    let (Some(started), Some(_)) = (look.started_at, look.runner) else {
        out.push_str("[]");
        return;
    };
    let started = seconds(started);
    let (status, conclusion) = match look.conclusion {
        None => ("in_progress", None),
        Some(Conclusion::Success | Conclusion::Neutral) => ("completed", Some("success")),
        Some(Conclusion::Cancelled) => ("completed", Some("cancelled")),
        Some(Conclusion::Skipped) => ("completed", Some("skipped")),
        Some(Conclusion::Failure | Conclusion::TimedOut | Conclusion::ActionRequired) => {
            ("completed", Some("failure"))
        }
    };
    let name = "[{\"name\":\"Set up job\",\"status\":\"";
    push_all(out, &[name, status, "\",\"conclusion\":"]);
    push_optional(out, conclusion);
    push_all(out, &[",\"number\":1,\"started_at\":\"", &started]);
    out.push_str("\",\"completed_at\":");
    push_optional(out, look.completed_at.map(seconds).as_deref());
    out.push_str("}]");
}

fn push_optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => push_string(out, text),
        None => out.push_str("null"),
    }
}
