//! From `fault.applied`, `fault.released` and the dispatcher's outages to what they concern.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Event, What},
    ids::{CallId, DeliveryId, EventId, HfJobId, JobId, RunId, RunnerId},
};

use vocabulary::{Effect, EffectKind, On, OnHardware, OnSchedule};

use super::{CallLife, Kinds, Ledger, Moment, among, moment};
use crate::properties::{
    disturbance::{Course, Hold, Scope},
    terms::Terms,
};

/// The calls that a job needs in order to be served.
pub(in crate::properties) const NEEDS: &[&str] = &[
    "github.create-token",
    "github.jit-config",
    "github.registration-token",
    "hf.create",
];

/// What a strike names.
#[derive(Clone, Copy, Default)]
struct Named<'a> {
    /// What was struck: a call's name, a runner, a webhook.
    place: &'a str,
    job: Option<JobId>,
    delivery: Option<DeliveryId>,
    call: Option<CallId>,
    hf_job: Option<&'a HfJobId>,
    runner: Option<RunnerId>,
    run: Option<RunId>,
    repo: Option<&'a str>,
    flavor: Option<&'a str>,
}

/// Whether a call concerns every lane, of its place if it names one: a listing, or the mint of a token.
fn concerns_everybody(call: &str) -> bool {
    call.contains(".list") || call == "github.create-token"
}

impl<'a> Ledger<'a> {
    pub(super) fn note_strikes(&mut self, terms: &Terms) {
        let closed = self.closed_faults();
        let released = self.releases(terms);
        for event in among(self.events, &self.kinds, Kinds::RARE) {
            let What::FaultApplied { fault, .. } = &event.event else {
                continue;
            };
            let Some((effect, named)) = strike(event) else {
                continue;
            };
            if named.delivery.is_some() && lasts(effect) == Some(Lasts::ElsewhereThanInDeliveries) {
                continue;
            }
            let course = course(*fault, terms, &closed);
            if course == Course::Endless {
                self.endless_faults.insert(*fault);
            }
            let stops_tries = Self::stops_tries(&named);
            let from = moment(event);
            let until = released.get(&event.id).copied().unwrap_or(from);
            for scope in self.scopes(&named) {
                if let Scope::Lane(lane) = scope {
                    self.struck_lanes.push((from, lane));
                }
                let hold = Hold { from, until };
                self.disturbances.note(scope, course, stops_tries, hold);
            }
        }
        for (from, until) in self.outages.clone() {
            // One without an end holds nothing back that goes on: who judges a bound asks whether the dispatcher is gone.
            let (course, until) =
                until.map_or((Course::Endless, from), |until| (Course::Ends, until));
            self.disturbances
                .note(Scope::All, course, false, Hold { from, until });
        }
        self.note_limits(terms, &closed);
        self.disturbances.sort();
    }

    /// The release of each strike that had one: the last, if it went on in parts.
    fn releases(&self, terms: &Terms) -> BTreeMap<EventId, Moment> {
        let released = self
            .only(Kinds::RARE)
            .filter_map(|event| match &event.event {
                What::FaultReleased { strike, .. } => Some((*strike, self.counted(event, terms))),
                _ => None,
            });
        released.collect()
    }

    /// From when a strike or release counts.
    fn counted(&self, event: &Event, terms: &Terms) -> Moment {
        let at = moment(event);
        let What::FaultReleased { strike, .. } = &event.event else {
            return at;
        };
        let struck = self.event(*strike);
        match struck.map(|struck| (&struck.event, struck.at_ms)) {
            Some((What::FaultApplied { effect, .. }, struck_ms))
                if lasts(effect) == Some(Lasts::UntilGivenUp) =>
            {
                let longest = struck_ms.saturating_add(terms.bounds.served_within_ms);
                self.at(at.at_ms.min(longest))
            }
            Some(_) | None => at,
        }
    }

    /// The moment of this time: the last event by then says when it is in the order of the history.
    fn at(&self, at_ms: u64) -> Moment {
        let by_then = self.events.partition_point(|event| event.at_ms <= at_ms);
        let last = by_then
            .checked_sub(1)
            .and_then(|last| self.events.get(last));
        Moment {
            event: last.map_or(EventId(0), |event| event.id),
            at_ms,
        }
    }

    /// Ends of rate limits that a fault's answer named: whoever obeys cannot serve before.
    fn note_limits(&mut self, terms: &Terms, closed: &BTreeSet<usize>) {
        let mut ends = Vec::new();
        for call in self.calls.values() {
            let Some(answered) = call.answered.filter(|answered| answered.limited) else {
                continue;
            };
            let cause = self
                .event(answered.at.event)
                .and_then(|event| self.event(event.because?));
            if let Some(What::FaultApplied { fault, .. }) = cause.map(|cause| &cause.event) {
                let wait_ms = answered.retry_after_s.unwrap_or(60).saturating_mul(1000);
                let end = self.at(answered.at.at_ms.saturating_add(wait_ms));
                let course = course(*fault, terms, closed);
                ends.push((course, answered.at, end));
            }
        }
        for (course, answered_at, end) in ends {
            let hold = Hold {
                from: answered_at,
                until: end,
            };
            self.disturbances.note(Scope::All, course, false, hold);
        }
    }

    /// Whether it struck what a job needs in order to be served, not only what tells of it.
    fn stops_tries(named: &Named<'a>) -> bool {
        match named.call {
            // A runner that is refused what it asks for serves nobody.
            Some(_) => NEEDS.contains(&named.place) || named.place.starts_with("runner."),
            None => named.delivery.is_none() && (named.hf_job.is_some() || named.runner.is_some()),
        }
    }

    fn closed_faults(&self) -> BTreeSet<usize> {
        let closed = self
            .only(Kinds::RARE)
            .filter_map(|event| match event.event {
                What::FaultClosed { fault, .. } => Some(fault),
                _ => None,
            });
        closed.collect()
    }

    /// Every scope that what is named lies in, as narrow as can be told.
    fn scopes(&self, named: &Named<'a>) -> Vec<Scope<'a>> {
        let call = named.call.and_then(|call| self.calls.get(&call));
        let is_narrow = !concerns_everybody(named.place);
        if is_narrow && let Some(scopes) = self.scopes_of_entities(named) {
            return scopes;
        }
        match call {
            Some(call) => self.scopes_of_call(call),
            None => vec![self.wide(named.repo, named.flavor)],
        }
    }

    /// What a call concerns. A listing or a token concerns all.
    pub(in crate::properties) fn scopes_of_call(&self, call: &CallLife<'a>) -> Vec<Scope<'a>> {
        let Some(about) = call.about else {
            return vec![Scope::All];
        };
        if concerns_everybody(call.name) {
            return vec![self.wide(about.repo.as_deref(), None)];
        }
        let named = Named {
            job: about.job,
            hf_job: about.hf_job.as_ref(),
            runner: about.runner,
            run: about.run,
            ..Named::default()
        };
        if let Some(scopes) = self.scopes_of_entities(&named) {
            return scopes;
        }
        if about.repo.is_some() && !about.labels.is_empty() {
            // Labels that no job and no HF job has concern nobody.
            let lane = self.lane_of_call(call);
            return lane.map(Scope::Lane).into_iter().collect();
        }
        vec![self.wide(about.repo.as_deref(), about.flavor.as_deref())]
    }

    /// The scopes of the job, HF job, runner or run that is named, the narrowest first; none if none is known.
    fn scopes_of_entities(&self, named: &Named<'a>) -> Option<Vec<Scope<'a>>> {
        let job = named
            .job
            .or_else(|| self.deliveries.get(&named.delivery?)?.job);
        if let Some(life) = job.and_then(|job| self.jobs.get(&job)) {
            return Some(life.lane.map(Scope::Lane).into_iter().collect());
        }
        let runner = named.runner.and_then(|runner| self.runners.get(&runner));
        let hf_job = named.hf_job.or_else(|| runner.and_then(|life| life.hf_job));
        if let Some(reach) = hf_job.and_then(|hf_job| self.lanes.reach(hf_job)) {
            return Some(vec![Scope::of(reach)]);
        }
        if let Some(life) = runner {
            let lane = self.lane_of_runner(life);
            return Some(lane.map(Scope::Lane).into_iter().collect());
        }
        let jobs = self.runs.get(&named.run?)?;
        Some(self.scopes_of_jobs(jobs))
    }

    /// As wide as these two leave open; a repository by the place its jobs wait at.
    fn wide(&self, place: Option<&'a str>, flavor: Option<&'a str>) -> Scope<'a> {
        Scope::wide(place.map(|place| self.lanes.place(place)), flavor)
    }

    fn scopes_of_jobs(&self, jobs: &[JobId]) -> Vec<Scope<'a>> {
        let lanes: BTreeSet<_> = jobs
            .iter()
            .filter_map(|job| self.jobs.get(job)?.lane)
            .collect();
        lanes.into_iter().map(Scope::Lane).collect()
    }
}

/// For how long a strike disturbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasts {
    /// From there to its release, if it has one.
    ToItsRelease,
    /// The same, but the dispatcher's own act releases it (it ends a stuck HF job, it gives up a call). That counts at most a
    /// bound after the strike, or it could excuse itself for as long as it likes.
    UntilGivenUp,
    /// The same as the first, but for a delivery: the first copy came as ever, and the dispatcher did get what GitHub was told
    /// it had refused.
    ElsewhereThanInDeliveries,
}

/// The same of an effect, by its name in the history. Kinds of one name last alike.
fn lasts(effect: &str) -> Option<Lasts> {
    Some(match EffectKind::keyed(effect)? {
        EffectKind::Duplicate | EffectKind::Answer => Lasts::ElsewhereThanInDeliveries,
        EffectKind::NoAnswer | EffectKind::Stuck | EffectKind::Limbo => Lasts::UntilGivenUp,
        EffectKind::Drop
        | EffectKind::Delay
        | EffectKind::ReorderWithin
        | EffectKind::ReorderList
        | EffectKind::Reset
        | EffectKind::AfterEffect
        | EffectKind::Pretend
        | EffectKind::Omit
        | EffectKind::Truncate
        | EffectKind::Stale
        | EffectKind::Stall
        | EffectKind::EndEarly
        | EffectKind::Tamper
        | EffectKind::Hold
        | EffectKind::Fail
        | EffectKind::Full
        | EffectKind::Broken
        | EffectKind::Hang
        | EffectKind::Freeze
        | EffectKind::Die
        | EffectKind::Restart
        | EffectKind::LoseNetwork
        | EffectKind::WrongClock => Lasts::ToItsRelease,
    })
}

/// How long an effect keeps an HF job from its runner, at the most.
pub(super) fn longest_hold_ms(effect: &Effect) -> Option<u64> {
    match OnSchedule::of(effect) {
        Some(OnSchedule::Delay(length)) => Some(length.max_ms()),
        Some(OnSchedule::Stuck(_) | OnSchedule::Limbo) => Some(u64::MAX),
        Some(OnSchedule::Fail(_)) => None,
        None => OnHardware::of(effect).map(|OnHardware::Hold| u64::MAX),
    }
}

/// The effect of a strike and what it names.
fn strike(event: &Event) -> Option<(&str, Named<'_>)> {
    let What::FaultApplied {
        place,
        effect,
        job,
        delivery,
        call,
        hf_job,
        runner,
        run,
        repo,
        flavor,
        ..
    } = &event.event
    else {
        return None;
    };
    let named = Named {
        place,
        job: *job,
        delivery: *delivery,
        call: *call,
        hf_job: hf_job.as_ref(),
        runner: *runner,
        run: *run,
        repo: repo.as_deref(),
        flavor: flavor.as_deref(),
    };
    Some((effect, named))
}

/// How a fault that struck goes on. One that says it ends but whose end never came goes on for ever all the same.
fn course(fault: usize, terms: &Terms, closed: &BTreeSet<usize>) -> Course {
    let rule = terms.faults.get(fault);
    let counted = rule.is_some_and(|rule| rule.times.is_some());
    if counted || closed.contains(&fault) {
        return Course::Ends;
    }
    match rule.and_then(|rule| rule.chance) {
        Some(chance) if chance < 1.0 => Course::Unlucky,
        Some(_) | None => Course::Endless,
    }
}
