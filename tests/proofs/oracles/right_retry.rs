//! What may get better is tried again with patience; what will not is not asked again.

use dispatchlab::properties::Budgets;
use fakes::history::CredentialKind;

use super::Found;
use crate::scene::{Call, Labels, Outcome, Scene};

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;

pub(super) fn judge(scene: &Scene<'_>) -> Found {
    let mut found = Found::default();
    let calls = scene.dispatcher_calls();
    let asked = calls.filter(|call| call.name != "hf.agent-harnesses");
    let calls: Vec<Asked<'_>> = asked.map(|call| Asked::new(scene, call)).collect();
    for (index, asked) in calls.iter().enumerate() {
        let call = asked.call;
        // What came before it, and it.
        let so_far = &calls[..=index];
        let is_breach = is_asked_again(scene, so_far)
            || is_hammered(scene, so_far)
            || ignores_a_limit(scene, so_far)
            || is_over_budget(scene, so_far);
        if is_breach {
            found.breach(scene.id(call.received));
        }
        found.occasion_if(call.is_refused_permanently());
        found.occasion_if(call.outcome.is_some_and(|outcome| outcome.limited));
        found.occasion_if(has_failed_for_long(scene, so_far));
    }
    found.occasions += calls.len() / 100;
    found
}

/// A call of the dispatcher, with what makes it the same as another.
struct Asked<'c> {
    call: &'c Call<'c>,
    /// Of a create and of a runner credential: other calls have none.
    lane: Option<(String, Labels)>,
}

impl<'c> Asked<'c> {
    fn new(scene: &Scene<'_>, call: &'c Call<'c>) -> Self {
        let has_lane = call.name == "hf.create" || call.asks_for_runner_credential();
        let lane = has_lane.then(|| {
            let repo = call.about.repo.as_deref().unwrap_or_default();
            let lane = scene.lane_of(repo, &call.about.labels);
            (lane.place, lane.labels)
        });
        Self { call, lane }
    }

    /// Call name, and the lane for those that have one.
    fn is_same_place(&self, other: &Self) -> bool {
        self.call.name == other.call.name && self.lane == other.lane
    }

    /// The same, and path without query.
    fn is_same_request(&self, other: &Self) -> bool {
        self.is_same_place(other) && self.call.path == other.call.path
    }
}

/// Whether the place of the last call had failed for 5 min when it came.
fn has_failed_for_long(scene: &Scene<'_>, so_far: &[Asked<'_>]) -> bool {
    let Some(last) = so_far.last() else {
        return false;
    };
    let now = scene.at(last.call.received);
    let same = so_far.iter().filter(|other| other.is_same_place(last));
    let mut outcomes: Vec<Outcome> = same.filter_map(|asked| asked.call.outcome).collect();
    outcomes.retain(|outcome| outcome.position < last.call.received);
    outcomes.sort_by_key(|outcome| outcome.position);
    let failing = outcomes
        .iter()
        .rev()
        .take_while(|outcome| is_transient(outcome));
    failing
        .last()
        .is_some_and(|first| now >= scene.at(first.position) + Budgets::FAILING_FOR_MS)
}

/// 5xx, 429, lost.
fn is_transient(outcome: &Outcome) -> bool {
    outcome
        .status
        .is_none_or(|status| status == 429 || status >= 500)
}

/// (1) Received more than `L` after the third permanent refusal in a row within the 10 min before it; each job of the
/// lane queued within these allows one more.
fn is_asked_again(scene: &Scene<'_>, so_far: &[Asked<'_>]) -> bool {
    let Some(last) = so_far.last() else {
        return false;
    };
    let now = scene.at(last.call.received);
    let in_window = |at: u64| at + 10 * MINUTE_MS > now && at <= now;
    let same = so_far.iter().filter(|other| other.is_same_request(last));
    let mut answered: Vec<_> = same
        .filter_map(|asked| Some((asked.call.outcome?.position, asked.call)))
        .filter(|(position, _)| *position < last.call.received)
        .collect();
    answered.sort_by_key(|(position, _)| *position);
    let in_a_row = answered
        .iter()
        .rev()
        .take_while(|(_, call)| call.is_refused_permanently());
    let mut refused: Vec<u64> = in_a_row.map(|(position, _)| scene.at(*position)).collect();
    refused.retain(|at| in_window(*at));
    refused.reverse();
    let more = last.lane.as_ref().map_or(0, |(place, labels)| {
        let of_lane = scene.jobs.values().filter(|job| {
            let lane = job.lane.as_ref();
            lane.is_some_and(|lane| {
                lane.place == *place && (labels.is_empty() || lane.labels == *labels)
            })
        });
        of_lane
            .filter(|job| job.queued.iter().any(|queued| in_window(scene.at(*queued))))
            .count()
    });
    refused
        .get(2 + more)
        .is_some_and(|third| now > third + scene.latency_twice())
}

/// (2) More than `requests_per_minute` in 60 s of a place that has had nothing but failures for 5 min.
fn is_hammered(scene: &Scene<'_>, so_far: &[Asked<'_>]) -> bool {
    let Some(last) = so_far.last() else {
        return false;
    };
    let now = scene.at(last.call.received);
    let recent = so_far
        .iter()
        .filter(|other| other.is_same_place(last))
        .filter(|other| scene.at(other.call.received) + MINUTE_MS > now);
    recent.count() > scene.terms.budgets.requests_per_minute as usize
        && has_failed_for_long(scene, so_far)
}

fn service<'c>(call: &'c Call<'_>) -> &'c str {
    call.name.split('.').next().unwrap_or_default()
}

fn kind(call: &Call<'_>) -> Option<CredentialKind> {
    call.credential.map(|credential| credential.kind)
}

/// (3) The third request with the limited kind of credential to the limited service, received later than `L` after a
/// rate-limit answer and before its end: 60 s later if it names none; another such answer before that prolongs it.
fn ignores_a_limit(scene: &Scene<'_>, so_far: &[Asked<'_>]) -> bool {
    let Some(Asked { call: last, .. }) = so_far.last() else {
        return false;
    };
    let same = so_far.iter().map(|asked| asked.call);
    let same: Vec<_> = same
        .filter(|call| service(call) == service(last) && kind(call) == kind(last))
        .collect();
    let mut answers: Vec<Outcome> = same.iter().filter_map(|call| call.outcome).collect();
    answers.retain(|outcome| outcome.limited && outcome.position < last.received);
    answers.sort_by_key(|outcome| outcome.position);
    let mut limit: Option<(u64, u64)> = None;
    for answer in answers {
        let told = scene.at(answer.position);
        let end = told + answer.retry_after_s.unwrap_or(60) * SECOND_MS;
        limit = match limit {
            Some((began, until)) if told < until => Some((began, until.max(end))),
            Some(_) | None => Some((told, end)),
        };
    }
    limit.is_some_and(|(began, until)| {
        let in_vain = |call: &&&Call<'_>| {
            let at = scene.at(call.received);
            at > began + scene.latency_twice() && at < until
        };
        in_vain(&last) && same.iter().filter(in_vain).count() >= 3
    })
}

/// (4) Calls in an hour that ends at a call, more than its jobs, repositories and HF jobs explain.
fn is_over_budget(scene: &Scene<'_>, so_far: &[Asked<'_>]) -> bool {
    let Some(Asked { call, .. }) = so_far.last() else {
        return false;
    };
    let now = scene.at(call.received);
    let in_hour = |at: u64| at + HOUR_MS > now && at <= now;
    let calls = so_far
        .iter()
        .filter(|asked| in_hour(scene.at(asked.call.received)))
        .count();
    // No history needs fewer: what each repository may have, whatever happens in it.
    let idle = u64::from(Budgets::CALLS_PER_HOUR) * scene.terms.served_repos.max(1);
    if calls as u64 <= idle {
        return false;
    }
    let overlaps = |from: usize, to: Option<usize>| {
        scene.at(from) <= now && to.is_none_or(|to| in_hour(scene.at(to)) || scene.at(to) > now)
    };
    let jobs = scene.jobs.values().filter(|job| {
        let queued = job.queued.first();
        let counts = queued.is_some_and(|queued| overlaps(*queued, job.completed));
        job.lane.is_some() && counts
    });
    let hf_jobs = scene
        .hf_jobs
        .iter()
        .filter(|hf_job| overlaps(hf_job.created, hf_job.ended.map(|(ended, _)| ended)));
    let budgets = &scene.terms.budgets;
    let allowed = idle
        + u64::from(budgets.calls_per_job) * jobs.count() as u64
        + u64::from(Budgets::CALLS_PER_HF_JOB) * hf_jobs.count() as u64;
    calls as u64 > allowed
}
