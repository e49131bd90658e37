//! `GET /api/settings/billing/usage/jobs`: what the user's own jobs cost in this month.
//! Shape: <https://huggingface.co/.well-known/openapi.json>.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::Offset};
use serde::Serialize;

use super::route::{Access, Ask, Route};
use crate::{
    calls::Reply,
    hf::{handle::HfJobs, objects::refusal::Answer, state::HfJob},
    json_text::milliseconds,
};

pub(in crate::hf) const ROUTES: &[Route] = &[Route::get(
    "/api/settings/billing/usage/jobs",
    "hf.usage",
    Access::User(HfJobs::usage),
)];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UsageAnswer<'a> {
    usage: Usage<'a>,
    has_access: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Usage<'a> {
    used_micro_usd: u64,
    total_minutes: u64,
    period_start: String,
    period_end: String,
    job_details: Vec<JobUsage<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobUsage<'a> {
    job_id: &'a str,
    hardware_flavor: &'a str,
    total_minutes: u64,
    total_cost_micro_usd: u64,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
}

impl HfJobs {
    fn usage(&self, ask: &Ask<'_>) -> Answer {
        let clock = self.env().clock;
        let (period_start, period_end) = month_of(clock.now());
        let user = ask.user();
        let state = self.state();
        let mine = state.jobs.iter().filter(|job| job.namespace == user);
        let job_details: Vec<JobUsage<'_>> = mine
            .filter_map(|job| job_usage(job, clock.elapsed_ms(), period_start))
            .collect();
        let usage = Usage {
            used_micro_usd: job_details.iter().map(|job| job.total_cost_micro_usd).sum(),
            total_minutes: job_details.iter().map(|job| job.total_minutes).sum(),
            period_start: milliseconds(period_start),
            period_end: milliseconds(period_end),
            job_details,
        };
        let answer = UsageAnswer {
            usage,
            has_access: true,
        };
        Ok(Reply::json(200, &answer))
    }
}

/// A job that was billed and started in this period.
fn job_usage(job: &HfJob, now_ms: u64, period_start: Timestamp) -> Option<JobUsage<'_>> {
    let total_minutes = job.meter.minutes(now_ms);
    let started_at = job.status.started_at.unwrap_or(job.created_at);
    if total_minutes == 0 || started_at < period_start {
        return None;
    }
    Some(JobUsage {
        job_id: &job.id.0,
        hardware_flavor: job.spec.flavor.name,
        total_minutes,
        total_cost_micro_usd: job.meter.micro_usd(now_ms),
        started_at: milliseconds(started_at),
        completed_at: job.status.finished_at.map(milliseconds),
    })
}

/// The beginning and the end of a moment's calendar month, UTC.
fn month_of(now: Timestamp) -> (Timestamp, Timestamp) {
    let first = Offset::UTC.to_datetime(now).date().first_of_month();
    // A world lives far from the ends of time, the only ones that are out of range.
    let midnight = |date: Date| {
        Offset::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .unwrap_or(now)
    };
    let next = first.checked_add(1.month()).unwrap_or(first);
    (midnight(first), midnight(next))
}
