//! How a history is changed without a meaning: what is added, spelt otherwise, numbered otherwise, or swapped.

use std::collections::BTreeMap;

use fakes::{
    history::{CallAbout, Caller, Event, Lost, Origin, Signed, What},
    ids::{CallId, EventId},
};

use crate::edits::tape::{Tape, about_repo};

/// Looks at something while a job is being served.
pub(super) fn looks(tape: &mut Tape<'_>, name: &str, path: &str) -> Option<()> {
    let job = tape.done()?;
    tape.call(job.announced + 2_000, name, path, CallAbout::default(), 200);
    Some(())
}

pub(super) fn looks_in_repo(tape: &mut Tape<'_>, name: &str, what: &str) -> Option<()> {
    let job = tape.done()?;
    let path = format!("/repos/{}/{what}", job.repo);
    tape.call(
        job.announced + 2_000,
        name,
        &path,
        about_repo(&job.repo),
        200,
    );
    Some(())
}

/// A delivery that was acknowledged comes again, and is acknowledged again.
pub(super) fn twice(tape: &mut Tape<'_>, wanted: &str) -> Option<()> {
    let mut actions = BTreeMap::new();
    for event in &tape.events {
        if let What::DeliveryCreated {
            delivery,
            action: Some(action),
            job: Some(job),
            signed: Signed::Lab,
            ..
        } = &event.event
            && action == wanted
        {
            actions.insert(*delivery, *job);
        }
    }
    let place = tape.find(|what| matches!(what, What::DeliveryAnswered { delivery, status: 200..300, .. } if actions.contains_key(delivery)))?;
    let What::DeliveryAnswered { delivery, .. } = &tape.events[place].event else {
        return None;
    };
    let (job, at) = (actions[delivery], tape.events[place].at_ms + 1_000);
    tape.deliver(
        at,
        ("workflow_job", Some(wanted)),
        Some(job),
        (Origin::Repeated, Signed::Lab),
        200,
    );
    Some(())
}

/// A delivery comes that is about no job, and is answered.
pub(super) fn told(
    tape: &mut Tape<'_>,
    what: (&str, Option<&str>),
    origin: Origin,
    signed: Signed,
    status: u16,
) -> Option<()> {
    let job = tape.done()?;
    tape.deliver(job.announced + 3_000, what, None, (origin, signed), status);
    Some(())
}

/// Changes every event; whether any was.
pub(super) fn each(tape: &mut Tape<'_>, change: fn(&mut What) -> bool) -> Option<()> {
    let mut changed = false;
    for event in &mut tape.events {
        changed |= change(&mut event.event);
    }
    changed.then_some(())
}

pub(super) fn capitals(labels: &mut [String]) -> bool {
    for label in labels.iter_mut() {
        *label = label.to_uppercase();
    }
    !labels.is_empty()
}

pub(super) fn capital(name: &mut String) -> bool {
    *name = name.to_uppercase();
    true
}

/// Two neighbours of one millisecond change places that share no entity and no cause.
pub(super) fn swap(tape: &mut Tape<'_>) -> Option<()> {
    let apart = |one: &Event, other: &Event| {
        let (ours, theirs) = (one.event.entities(), other.event.entities());
        let caused = other.because == Some(one.id);
        let kin = one.because.is_some() && one.because == other.because;
        one.at_ms == other.at_ms
            && !caused
            && !kin
            && !ours.iter().any(|entity| theirs.contains(entity))
    };
    let last_words = |event: &Event| {
        matches!(
            event.event,
            What::WorldEnded { .. } | What::WorldStarted { .. } | What::FaultCounted { .. }
        )
    };
    // Who is given what depends on the order in which the world looks at them: no order to change.
    let order_means = |event: &Event| {
        matches!(
            event.event,
            What::RunnerAssigned { .. }
                | What::DispatcherStarted {}
                | What::DispatcherStopped {}
                | What::DispatcherCrashed {}
        )
    };
    let pairs = tape
        .events
        .windows(2)
        .enumerate()
        .filter_map(|(place, pair)| {
            let [one, other] = pair else { return None };
            let free = apart(one, other)
                && ![one, other]
                    .into_iter()
                    .any(|event| last_words(event) || order_means(event));
            free.then_some(place)
        });
    let place = tape.pick(pairs.collect())?;
    tape.events.swap(place, place + 1);
    Some(())
}

/// A call was made once before, half a second earlier, and lost before it had an effect.
pub(super) fn lost_first(tape: &mut Tape<'_>, wanted: fn(&str) -> bool) -> Option<()> {
    let place = tape.find(|what| matches!(what, What::CallReceived { by: Caller::Dispatcher, name, .. } if wanted(name)))?;
    let at = tape.events[place].at_ms;
    // Nothing may come between the first request and the second that the second would have been about.
    let What::CallReceived {
        name,
        method,
        path,
        credential,
        about,
        ..
    } = tape.events[place].event.clone()
    else {
        return None;
    };
    let call = CallId(tape.number());
    let by = Caller::Dispatcher;
    let (first, earlier) = (EventId((1 << 41) + 1), EventId((1 << 41) + 2));
    let received = What::CallReceived {
        call,
        by,
        name: name.clone(),
        method,
        path,
        credential,
        about,
    };
    let lost = What::CallLost {
        call,
        name,
        why: Lost::Reset,
    };
    tape.events.insert(
        place,
        Event {
            id: first,
            at_ms: at,
            because: None,
            event: received,
        },
    );
    tape.events.insert(
        place + 1,
        Event {
            id: earlier,
            at_ms: at,
            because: Some(first),
            event: lost,
        },
    );
    Some(())
}

/// Which ids are changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    Jobs,
    Runs,
    Runners,
    Deliveries,
    Calls,
    HfJobs,
}

/// Gives all of one kind other ids, in the same order. Those of recorded jobs stand in the plan.
pub(super) fn renamed(tape: &mut Tape<'_>, which: Ids) -> Option<()> {
    if which == Ids::Jobs && !tape.recorded().is_empty() {
        return None;
    }
    let mut changed = false;
    for event in &mut tape.events {
        let Ok(mut line) = serde_json::to_value(&*event) else {
            return None;
        };
        let what = line.get_mut("event")?;
        changed |= shift(what, which);
        // `CallAbout` names things as well.
        if let Some(about) = what.get_mut("about") {
            changed |= shift(about, which);
        }
        *event = serde_json::from_value(line).ok()?;
    }
    changed.then_some(())
}

/// By so much.
const SHIFT: u64 = 1_000_003;

pub(super) fn shift(value: &mut serde_json::Value, which: Ids) -> bool {
    let (one, many) = match which {
        Ids::Jobs => ("job", "jobs"),
        Ids::Runs => ("run", "runs"),
        Ids::Runners => ("runner", "-"),
        Ids::Deliveries => ("delivery", "-"),
        Ids::Calls => ("call", "-"),
        Ids::HfJobs => ("hf_job", "-"),
    };
    let other = |id: &mut serde_json::Value| {
        if let Some(number) = id.as_u64() {
            *id = (number + SHIFT).into();
        } else if let Some(text) = id.as_str() {
            *id = format!("{text}0f").into();
        } else {
            return false;
        }
        true
    };
    let mut changed = false;
    if let Some(id) = value.get_mut(one) {
        changed |= other(id);
    }
    for id in value
        .get_mut(many)
        .and_then(|ids| ids.as_array_mut())
        .into_iter()
        .flatten()
    {
        changed |= other(id);
    }
    changed
}
