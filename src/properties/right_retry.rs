//! right-retry (I9): what may get better is tried again with patience, and what will not is not asked again: permanent refusals,
//! places that fail, rate limits, and calls in all.

use std::collections::{BTreeMap, VecDeque};

use fakes::history::{Caller, CredentialKind, Event, What};

use super::{
    Context, Judgement,
    hour::{Counts, Hour},
    lanes::{LabelSet, LaneId},
    ledger::{Answered, CallLife, Moment, moment},
    rules::label_set,
    terms::Budgets,
    verdict::time,
};

/// How long a permanent refusal is remembered.
const REFUSED_MS: u64 = 10 * 60_000;
/// How many permanent refusals in a row may be asked for.
const REFUSALS: usize = 3;
/// How many requests are too many while a rate limit holds.
const WHILE_LIMITED: usize = 3;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut watch = Watch {
        context,
        judgement: Judgement::new(
            "nothing was refused for good, nothing was limited or failed for long, and few calls were made",
        ),
        requests: BTreeMap::new(),
        places: BTreeMap::new(),
        limits: BTreeMap::new(),
        hour: Hour::default(),
        calls: 0,
        queued: BTreeMap::new(),
    };
    for event in context.ledger.events {
        watch.enter(event);
    }
    watch.judgement
}

/// For whom something is created or minted: a place and labels. A registration token is for any labels, and names none.
type For<'a> = (&'a str, LabelSet);

/// What makes two requests the same: the call, its path without query, and for what is created or minted the lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Request<'a> {
    name: &'a str,
    path: &'a str,
    lane: Option<For<'a>>,
}

/// How a request has fared of late.
#[derive(Clone, Debug, Default)]
struct Refused {
    /// When it was refused for good, in a row.
    at: VecDeque<u64>,
}

/// How a place has fared of late.
#[derive(Clone, Debug, Default)]
struct Failing {
    /// Since when it has answered with nothing but failures.
    since: Option<u64>,
    /// When requests came, the last minute of them.
    recent: VecDeque<u64>,
    noted: bool,
}

/// A rate limit that holds.
#[derive(Clone, Copy, Debug)]
struct Limit {
    from_ms: u64,
    until_ms: u64,
    requests: usize,
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    judgement: Judgement,
    requests: BTreeMap<Request<'a>, Refused>,
    places: BTreeMap<(&'a str, Option<For<'a>>), Failing>,
    limits: BTreeMap<(bool, Option<CredentialKind>), Limit>,
    hour: Hour,
    calls: u64,
    /// When jobs of each lane were queued, the last ten minutes of them.
    queued: BTreeMap<LaneId, VecDeque<u64>>,
}

impl<'a> Watch<'_, '_, 'a> {
    fn enter(&mut self, event: &'a Event) {
        let ledger = self.context.ledger;
        let now = moment(event);
        self.hour.enter(ledger, event);
        match &event.event {
            What::JobQueued { job, .. } => {
                if let Some((lane, _)) = ledger.routed(*job) {
                    self.queued.entry(lane).or_default().push_back(now.at_ms);
                    self.hour.queued(*job);
                }
            }
            What::CallReceived {
                call,
                by: Caller::Dispatcher,
                ..
            } => {
                if let Some(call) = ledger.calls.get(call).filter(is_counted) {
                    self.received(call, now);
                }
            }
            What::CallAnswered { call, .. } => {
                let call = ledger.calls.get(call).filter(is_counted);
                if let Some((call, answered)) = call.and_then(|call| Some((call, call.answered?))) {
                    self.answered(call, &answered, now);
                }
            }
            What::CallLost { call, .. } => {
                let call = ledger.calls.get(call).filter(is_counted);
                if let Some(call) = call {
                    self.requests.remove(&self.request(call));
                    self.failed(call, now);
                }
            }
            _ => {}
        }
    }

    fn lane(&self, call: &CallLife<'a>) -> Option<For<'a>> {
        let for_a_lane = [
            "hf.create",
            "github.jit-config",
            "github.registration-token",
        ];
        let about = call.about.filter(|_| for_a_lane.contains(&call.name))?;
        let place = about.repo.as_deref().unwrap_or_default();
        let labels = label_set(about.labels.iter().map(String::as_str));
        Some((self.context.ledger.lanes.place(place), labels))
    }

    /// How many jobs were queued in these ten minutes for which a request could be.
    fn queued_of_late(&mut self, lane: Option<&For<'a>>, forgotten: u64) -> usize {
        let Some((place, labels)) = lane else {
            return 0;
        };
        let lanes = &self.context.ledger.lanes;
        let mut count = 0;
        for (id, queued) in &mut self.queued {
            let is_it = lanes.get(*id).is_some_and(|lane| {
                lane.place == *place && (labels.is_empty() || lane.labels == *labels)
            });
            if is_it {
                while queued.front().is_some_and(|at| *at <= forgotten) {
                    queued.pop_front();
                }
                count += queued.len();
            }
        }
        count
    }

    fn request(&self, call: &CallLife<'a>) -> Request<'a> {
        Request {
            name: call.name,
            path: call.path.split('?').next().unwrap_or_default(),
            lane: self.lane(call),
        }
    }

    fn received(&mut self, call: &CallLife<'a>, now: Moment) {
        self.calls += 1;
        if self.calls.is_multiple_of(100) {
            self.judgement.occasion();
        }
        self.ask_again(call, now);
        self.ask_what_fails(call, now);
        self.ask_while_limited(call, now);
        self.count(now);
    }

    /// The same request once more, though it was refused for good.
    fn ask_again(&mut self, call: &CallLife<'a>, now: Moment) {
        // Most worlds refuse nothing: what a call was for is worked out only where something is held against it.
        if self.requests.is_empty() {
            return;
        }
        let request = self.request(call);
        let heard_by = now.at_ms.saturating_sub(self.context.hearing_ms() + 1);
        let forgotten = now.at_ms.saturating_sub(REFUSED_MS);
        if !self.requests.contains_key(&request) {
            return;
        }
        let fresh = self.queued_of_late(request.lane.as_ref(), forgotten);
        let Some(refused) = self.requests.get_mut(&request) else {
            return;
        };
        while refused.at.front().is_some_and(|at| *at <= forgotten) {
            refused.at.pop_front();
        }
        let allowed = REFUSALS + fresh;
        let heard = refused.at.iter().take_while(|at| **at <= heard_by).count();
        if heard >= allowed {
            let why = format!(
                "{} was asked again at {} though it had been refused for good {heard} times in ten minutes",
                call.name,
                time(now.at_ms)
            );
            self.judgement.breach(now.event, why);
        }
    }

    /// A request to a place that has failed for long.
    fn ask_what_fails(&mut self, call: &CallLife<'a>, now: Moment) {
        if self.places.is_empty() {
            return;
        }
        let key = (call.name, self.lane(call));
        let limit = self.context.terms.budgets.requests_per_minute as usize;
        let Some(place) = self.places.get_mut(&key) else {
            return;
        };
        while place
            .recent
            .front()
            .is_some_and(|at| at.saturating_add(60_000) <= now.at_ms)
        {
            place.recent.pop_front();
        }
        let long = place
            .since
            .is_some_and(|since| now.at_ms >= since.saturating_add(Budgets::FAILING_FOR_MS));
        if !long {
            place.recent.clear();
            return;
        }
        place.recent.push_back(now.at_ms);
        if !std::mem::replace(&mut place.noted, true) {
            self.judgement.occasion();
        }
        if place.recent.len() > limit {
            let why = format!(
                "{} has failed since {}, and was asked {} times in the minute up to {}",
                call.name,
                time(place.since.unwrap_or_default()),
                place.recent.len(),
                time(now.at_ms)
            );
            self.judgement.breach(now.event, why);
        }
    }

    /// A request while a rate limit holds.
    fn ask_while_limited(&mut self, call: &CallLife<'a>, now: Moment) {
        let heard_ms = self.context.hearing_ms();
        let Some(limit) = self.limits.get_mut(&scope(call)) else {
            return;
        };
        if now.at_ms <= limit.from_ms.saturating_add(heard_ms) || now.at_ms >= limit.until_ms {
            return;
        }
        limit.requests += 1;
        if limit.requests >= WHILE_LIMITED {
            let why = format!(
                "{} was asked at {}, the {}. request since a rate limit that holds from {} to {}",
                call.name,
                time(now.at_ms),
                limit.requests,
                time(limit.from_ms),
                time(limit.until_ms)
            );
            self.judgement.breach(now.event, why);
        }
    }

    /// All calls of an hour against what they may be for.
    fn count(&mut self, now: Moment) {
        let Counts {
            calls,
            jobs,
            hf_jobs,
        } = self.hour.called(now.at_ms);
        let budgets = &self.context.terms.budgets;
        let repos = self.context.terms.served_repos.max(1);
        let allowed = jobs * u64::from(budgets.calls_per_job)
            + repos * u64::from(Budgets::CALLS_PER_HOUR)
            + hf_jobs * u64::from(Budgets::CALLS_PER_HF_JOB);
        if calls > allowed {
            let why = format!(
                "{calls} calls in the hour up to {}, more than the {allowed} that {jobs} jobs, {repos} repositories and {hf_jobs} HF jobs allow",
                time(now.at_ms)
            );
            self.judgement.breach(now.event, why);
        }
    }

    fn answered(&mut self, call: &CallLife<'a>, answered: &Answered, now: Moment) {
        if is_permanent(call, answered) {
            self.judgement.occasion();
            let request = self.request(call);
            self.requests
                .entry(request)
                .or_default()
                .at
                .push_back(now.at_ms);
        } else if !self.requests.is_empty() {
            self.requests.remove(&self.request(call));
        }
        if answered.limited {
            self.judgement.occasion();
            let wait_ms = answered.retry_after_s.unwrap_or(60).saturating_mul(1000);
            let until_ms = now.at_ms.saturating_add(wait_ms);
            let limit = self.limits.entry(scope(call)).or_insert(Limit {
                from_ms: now.at_ms,
                until_ms,
                requests: 0,
            });
            if limit.until_ms <= now.at_ms {
                *limit = Limit {
                    from_ms: now.at_ms,
                    until_ms,
                    requests: 0,
                };
            }
            limit.until_ms = limit.until_ms.max(until_ms);
        }
        if answered.status >= 500 || answered.status == 429 {
            self.failed(call, now);
        } else if !self.places.is_empty() {
            let key = (call.name, self.lane(call));
            self.places.remove(&key);
        }
    }

    fn failed(&mut self, call: &CallLife<'a>, now: Moment) {
        let key = (call.name, self.lane(call));
        self.places
            .entry(key)
            .or_default()
            .since
            .get_or_insert(now.at_ms);
    }
}

/// Whether the dispatcher made this call. HF's own client asks for one by itself.
fn is_counted(call: &&CallLife<'_>) -> bool {
    call.by == Caller::Dispatcher && call.name != "hf.agent-harnesses"
}

/// One service and one kind of credential share a rate limit.
fn scope(call: &CallLife<'_>) -> (bool, Option<CredentialKind>) {
    let kind = call.credential.map(|credential| credential.kind);
    (call.name.starts_with("hf."), kind)
}

/// Whether an answer says that the same request will never do.
pub(super) fn is_permanent(call: &CallLife<'_>, answered: &Answered) -> bool {
    let busy = call.is_deletion() && answered.status == 422;
    match answered.status {
        400 | 404 | 410 | 451 => true,
        403 => !answered.limited,
        422 => !busy,
        _ => false,
    }
}
