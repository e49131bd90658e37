//! The pages for people: one file each, no script, nothing from elsewhere.

use std::fmt::{self, Write};

use axum::{
    http::{HeaderMap, header},
    response::{Html, IntoResponse},
};

use super::Told;
use crate::{core::Status, http::text_header};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}th{color:#666;font-weight:500}\
code{background:#f3f3f3;padding:.1rem .3rem;border-radius:.2rem}.none{color:#888}";

/// Nothing but the style that stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What it is, and how it is used.
pub(super) fn landing(
    headers: &HeaderMap,
    labels: &[&str],
    images: &[&str],
) -> impl IntoResponse + use<> {
    let forwarded = text_header(headers, "x-forwarded-proto");
    let scheme = if forwarded == "https" {
        "https"
    } else {
        "http"
    };
    let host = text_header(headers, header::HOST);
    let mut body = format!(
        "<h1>jobs-dispatcher</h1><p>It starts a job on Hugging Face for each GitHub job that asks for one.</p>\
         <h2>Webhook</h2><p>The App's webhook goes to <code>{scheme}://{}/webhook</code>, with the content type \
         <code>application/json</code>, the secret <code>GH_WEBHOOK_SECRET</code> and the event <code>workflow_job</code>.</p>\
         <h2>Labels</h2><p>A job asks with one label and no other: <code>runs-on: hf-jobs-cpu-basic</code>.</p><p>",
        escaped(host)
    );
    for label in labels {
        let _infallible = write!(body, "<code>{}</code> ", escaped(label));
    }
    body.push_str("</p><p>");
    if images.is_empty() {
        body.push_str("No image has a key of its own; <code>RUNNER_IMAGE_KEY</code> gives one to <code>hf-jobs-cpu-basic:key</code>.");
    } else {
        body.push_str("With an image of its own, behind a colon: ");
        for key in images {
            let _infallible = write!(body, "<code>:{}</code> ", escaped(key));
        }
    }
    body.push_str("</p><h2>More</h2><p><a href=\"/status\">Every job and its reason</a> (with a token), <a href=\"/healthz\">health</a>, \
        <a href=\"/metrics\">metrics</a>.</p>");
    page("jobs-dispatcher", &body)
}

/// Every job with its state and its reason.
pub(super) fn status(status: &Status, misrouted: &[Told]) -> impl IntoResponse + use<> {
    let mut body = format!("<h1>jobs-dispatcher</h1><p>At {}.</p>", status.now);
    push_jobs(&mut body, status);
    push_misrouted(&mut body, misrouted);
    push_runners(&mut body, status);
    push_trouble(&mut body, status);
    push_closed(&mut body, status);
    push_repositories(&mut body, status);
    page("jobs-dispatcher: status", &body)
}

fn push_jobs(body: &mut String, status: &Status) {
    let columns = [
        "Repository",
        "Job",
        "Label",
        "State",
        "Known since",
        "Reason",
    ];
    let rows = status.jobs.iter().map(|job| {
        [
            job.repository.clone(),
            job.job.to_string(),
            job.label.clone(),
            job.status.word().to_owned(),
            job.first_seen.to_string(),
            job.reason.clone().unwrap_or_default(),
        ]
    });
    table(body, "Jobs", columns, rows);
}

fn push_misrouted(body: &mut String, misrouted: &[Told]) {
    let columns = ["Repository", "Job", "Labels", "What would work"];
    let rows = misrouted.iter().rev().map(|told| {
        [
            told.repository.clone(),
            shown(told.job),
            told.labels.clone(),
            told.advice.clone(),
        ]
    });
    table(body, "Jobs whose labels fit no runner", columns, rows);
}

fn push_runners(body: &mut String, status: &Status) {
    let columns = [
        "Repository",
        "Label",
        "Runner",
        "HF job",
        "State",
        "Job",
        "Reason",
    ];
    let rows = status.launches.iter().map(|launch| {
        [
            launch.repository.clone(),
            launch.label.clone(),
            launch.runner.clone(),
            launch.hf_job.clone().unwrap_or_default(),
            launch.state.to_owned(),
            shown(launch.job),
            launch.reason.clone(),
        ]
    });
    table(body, "Runners", columns, rows);
}

fn push_trouble(body: &mut String, status: &Status) {
    let columns = ["Repository", "Label", "Failures", "Next try", "Reason"];
    let rows = status.lanes.iter().map(|lane| {
        [
            lane.repository.clone(),
            lane.label.clone(),
            lane.failures.to_string(),
            shown(lane.not_before),
            lane.reason.clone(),
        ]
    });
    table(body, "Trouble", columns, rows);
}

fn push_closed(body: &mut String, status: &Status) {
    let columns = ["Repository", "Job", "Label", "At", "Reason"];
    let rows = status.closed.iter().map(|job| {
        [
            job.repository.clone(),
            job.job.to_string(),
            job.label.clone(),
            job.at.to_string(),
            job.reason.clone(),
        ]
    });
    table(body, "Over", columns, rows);
}

fn push_repositories(body: &mut String, status: &Status) {
    let columns = ["Repository", "Installation", "Reason"];
    let rows = status.repositories.iter().map(|repository| {
        [
            repository.repository.clone(),
            shown(repository.installation),
            repository.reason.clone().unwrap_or_default(),
        ]
    });
    table(body, "Repositories", columns, rows);
}

/// What may not be known.
fn shown<T: fmt::Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn table<const N: usize>(
    body: &mut String,
    title: &str,
    columns: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let mut rows = rows.peekable();
    let _infallible = write!(body, "<h2>{title}</h2>");
    if rows.peek().is_none() {
        body.push_str("<p class=\"none\">None.</p>");
        return;
    }
    let heads: String = columns
        .iter()
        .map(|column| format!("<th>{column}</th>"))
        .collect();
    let _infallible = write!(body, "<table><tr>{heads}</tr>");
    for row in rows {
        let cells: String = row
            .iter()
            .map(|cell| format!("<td>{}</td>", escaped(cell)))
            .collect();
        let _infallible = write!(body, "<tr>{cells}</tr>");
    }
    body.push_str("</table>");
}

fn page(title: &str, body: &str) -> impl IntoResponse + use<> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>{body}</body></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(page))
}

/// What strangers wrote, as text.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_wrote_is_text() {
        assert_eq!(
            escaped("<b a='x' b=\"y\">&"),
            "&lt;b a=&#39;x&#39; b=&quot;y&quot;&gt;&amp;"
        );
    }
}
