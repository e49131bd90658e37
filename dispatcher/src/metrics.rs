//! What the dispatcher counts of itself, in the text form that Prometheus reads.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::HeaderMap;
use tokio::time::Instant;
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::{
    core::{Failure, JobId, JobSighting, JobStatus, Lane, RepoId, Status},
    http::HttpService,
};

/// Upper ends of the buckets of times, in seconds.
const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0,
];
/// Jobs whose launch is awaited; of more than that times are not taken.
const AWAITED_MAX: usize = 10_000;

/// Counters and times since the start. Nobody reads them where nobody can ask for them, so that there nothing is counted.
#[derive(Default)]
pub(crate) struct Metrics {
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    webhooks: BTreeMap<&'static str, u64>,
    calls: BTreeMap<(&'static str, &'static str), u64>,
    quotas: BTreeMap<(&'static str, String), u64>,
    durable: Histogram,
    dispatch: Histogram,
    create: Histogram,
    awaited: BTreeMap<(RepoId, String), Awaited>,
    awaited_jobs: usize,
    /// Places in queues given so far.
    places: u64,
}

/// The queued jobs of one lane: whom a launch is for GitHub decides, so that the oldest is taken to be it.
#[derive(Default)]
struct Awaited {
    /// Each by its place in the queue.
    jobs: BTreeMap<JobId, u64>,
    /// Since when those wait for whom nothing was launched yet.
    oldest_first: BTreeMap<u64, Instant>,
}

#[derive(Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    fn observe(&mut self, time: Duration) {
        let seconds = time.as_secs_f64();
        if let Some(at) = BUCKETS.iter().position(|end| seconds <= *end) {
            self.buckets[at] += 1;
        }
        self.count += 1;
        self.sum += seconds;
    }
}

impl Metrics {
    fn counted(&self) -> Option<MutexGuard<'_, Counted>> {
        cfg!(feature = "program")
            .then(|| self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A webhook was answered, and how.
    pub(crate) fn answered(&self, how: &'static str) {
        if let Some(mut counted) = self.counted() {
            *counted.webhooks.entry(how).or_default() += 1;
        }
    }

    /// A webhook tells of a job of ours. What follows from it may begin before whoever sent it is answered.
    pub(crate) fn hears(&self, sighting: &JobSighting) -> Instant {
        let now = Instant::now();
        let Some(mut counted) = self.counted() else {
            return now;
        };
        let lane = (sighting.repo, sighting.label.clone());
        match sighting.status {
            JobStatus::Queued => counted.awaits(lane, sighting.job, now),
            JobStatus::InProgress | JobStatus::Completed => counted.forget(&lane, sighting.job),
            JobStatus::Waiting => {}
        }
        now
    }

    /// It is durable.
    pub(crate) fn accepted(&self, heard: Instant) {
        if let Some(mut counted) = self.counted() {
            *counted.webhooks.entry("accepted").or_default() += 1;
            counted.durable.observe(heard.elapsed());
        }
    }

    /// A create is about to be sent for a lane.
    pub(crate) fn creates(&self, lane: &Lane) -> Instant {
        let now = Instant::now();
        if let Some(mut counted) = self.counted() {
            let lane = (lane.repo, lane.label.clone());
            let oldest = counted
                .awaited
                .get_mut(&lane)
                .and_then(|awaited| awaited.oldest_first.pop_first());
            if let Some((_, since)) = oldest {
                counted.dispatch.observe(now.duration_since(since));
            }
        }
        now
    }

    /// A create was answered.
    pub(crate) fn created(&self, sent: Instant) {
        if let Some(mut counted) = self.counted() {
            counted.create.observe(sent.elapsed());
        }
    }

    /// A call came to its end; gives its answer on.
    pub(crate) fn called<T>(
        &self,
        call: &'static str,
        answer: Result<T, Failure>,
    ) -> Result<T, Failure> {
        if let Some(mut counted) = self.counted() {
            let outcome = answer.as_ref().err().map_or("ok", outcome);
            *counted.calls.entry((call, outcome)).or_default() += 1;
        }
        answer
    }

    /// The same service, with an eye on what its answers say of quotas.
    pub(crate) fn watch(self: &Arc<Self>, name: &'static str, service: HttpService) -> HttpService {
        if !cfg!(feature = "program") {
            return service;
        }
        let metrics = Arc::clone(self);
        BoxCloneSyncService::new(service.map_response(move |response| {
            metrics.saw(name, response.headers());
            response
        }))
    }

    fn saw(&self, service: &'static str, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let of_hub = || {
            // "api";r=1000;t=3
            let mut parts = text("ratelimit")?.split(';');
            let resource = parts.next()?.trim().trim_matches('"');
            let left = parts.find_map(|part| part.trim().strip_prefix("r="))?;
            Some((resource, left))
        };
        let of_github = || {
            let left = text("x-ratelimit-remaining")?;
            Some((text("x-ratelimit-resource").unwrap_or("core"), left))
        };
        let seen = of_github().or_else(of_hub);
        let Some((resource, left)) =
            seen.and_then(|(resource, left)| Some((resource, left.trim().parse().ok()?)))
        else {
            return;
        };
        // It stands in a metric: a few plain names, whatever the other side makes up.
        let plain = resource.len() <= 40
            && resource
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if let Some(mut counted) = self
            .counted()
            .filter(|counted| plain && counted.quotas.len() < 100)
        {
            counted.quotas.insert((service, resource.to_owned()), left);
        }
    }

    /// Everything, with the present state.
    pub(crate) fn text(&self, status: &Status) -> String {
        let mut out = Exposition::default();
        out.state(status);
        let Some(counted) = self.counted() else {
            return out.0;
        };
        out.family(
            "webhooks_total",
            "counter",
            "Webhooks by how they were answered.",
        );
        for (how, count) in &counted.webhooks {
            out.sample("webhooks_total", &[("answer", how)], count);
        }
        out.family(
            "calls_total",
            "counter",
            "Calls to GitHub and the Hub by outcome.",
        );
        for ((call, outcome), count) in &counted.calls {
            out.sample(
                "calls_total",
                &[("call", call), ("outcome", outcome)],
                count,
            );
        }
        out.family("launches_total", "counter", "HF jobs ordered, by outcome.");
        let creates = counted
            .calls
            .iter()
            .filter(|((call, _), _)| *call == "create-hf-job");
        for ((_, outcome), count) in creates {
            out.sample("launches_total", &[("outcome", outcome)], count);
        }
        out.family(
            "quota_left",
            "gauge",
            "What the last answer left of a rate limit.",
        );
        for ((service, resource), left) in &counted.quotas {
            out.sample(
                "quota_left",
                &[("service", service), ("resource", resource)],
                left,
            );
        }
        out.histogram(
            "dispatch_seconds",
            "From a queued job's webhook to the create of an HF job.",
            &counted.dispatch,
        );
        out.histogram(
            "durable_seconds",
            "From a webhook to its place in the journal.",
            &counted.durable,
        );
        out.histogram(
            "create_seconds",
            "How long the Hub took to answer a create.",
            &counted.create,
        );
        out.0
    }
}

impl Counted {
    fn awaits(&mut self, lane: (RepoId, String), job: JobId, since: Instant) {
        if self.awaited_jobs >= AWAITED_MAX {
            return;
        }
        let awaited = self.awaited.entry(lane).or_default();
        if let Entry::Vacant(new) = awaited.jobs.entry(job) {
            new.insert(self.places);
            awaited.oldest_first.insert(self.places, since);
            self.places += 1;
            self.awaited_jobs += 1;
        }
    }

    fn forget(&mut self, lane: &(RepoId, String), job: JobId) {
        let Some(awaited) = self.awaited.get_mut(lane) else {
            return;
        };
        if let Some(place) = awaited.jobs.remove(&job) {
            self.awaited_jobs -= 1;
            awaited.oldest_first.remove(&place);
        }
        if awaited.jobs.is_empty() {
            self.awaited.remove(lane);
        }
    }
}

fn outcome(failure: &Failure) -> &'static str {
    match failure {
        Failure::NoAnswer(_) => "no-answer",
        Failure::ServerError { .. } => "server-error",
        Failure::Unreadable(_) => "unreadable",
        Failure::Limited { .. } => "limited",
        Failure::Refused { .. } => "refused",
    }
}

/// The text, as it grows.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = write!(
            self.0,
            "# HELP jobs_dispatcher_{name} {help}\n# TYPE jobs_dispatcher_{name} {kind}\n"
        );
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn fmt::Display) {
        let quoted = |text: &str| {
            text.replace('\\', r"\\")
                .replace('"', "\\\"")
                .replace('\n', r"\n")
        };
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", quoted(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _infallible = writeln!(self.0, "jobs_dispatcher_{name}{labels} {value}");
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (end, count) in BUCKETS.iter().zip(histogram.buckets) {
            below += count;
            self.sample(&bucket, &[("le", &end.to_string())], &below);
        }
        self.sample(&bucket, &[("le", "+Inf")], &histogram.count);
        self.sample(&format!("{name}_sum"), &[], &histogram.sum);
        self.sample(&format!("{name}_count"), &[], &histogram.count);
    }

    /// Demand and supply as they are.
    fn state(&mut self, status: &Status) {
        let mut jobs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for job in &status.jobs {
            *jobs.entry((&job.label, job.status.word())).or_default() += 1;
        }
        self.family(
            "jobs",
            "gauge",
            "Jobs that are not over, by label and state; the queued ones are the demand.",
        );
        for ((label, state), count) in jobs {
            self.sample("jobs", &[("label", label), ("state", state)], &count);
        }
        let mut supply: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for launch in &status.launches {
            *supply.entry((&launch.label, launch.state)).or_default() += 1;
        }
        self.family(
            "launches",
            "gauge",
            "Runners on their way or alive, by label and state: the supply.",
        );
        for ((label, state), count) in supply {
            self.sample("launches", &[("label", label), ("state", state)], &count);
        }
        let failures: u64 = status
            .lanes
            .iter()
            .map(|lane| u64::from(lane.failures))
            .sum();
        self.family(
            "failing_lanes",
            "gauge",
            "Repositories and labels whose launches fail.",
        );
        let failing = status.lanes.iter().filter(|lane| lane.failures > 0).count();
        self.sample("failing_lanes", &[], &failing);
        self.family(
            "retries",
            "gauge",
            "Failed tries in a row, all lanes together.",
        );
        self.sample("retries", &[], &failures);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
