//! The mutation score of the properties: each wrong edit of a history that was right is caught by the property that is
//! about it, no property minds a harmless one or one just within the rule, and what is cut short before a bound is undecided.

use std::collections::BTreeMap;

use dispatchlab::{
    properties::{ALL, Verdict},
    run::Outcome,
};
use fakes::{
    history::{Event, What},
    ids::EventId,
};

use crate::edits::{self, Edit, Scene};

/// At least so many wrong edits are caught.
const WRONG: usize = 100;
/// At least so many harmless ones are not minded.
const HARMLESS: usize = 40;

/// So many leave a property undecided.
const CUTS: usize = 20;

/// What becomes of an edit about a property that was kept before, if it is not what it should be.
fn escapes(edit: &Edit, is_right: fn(&Verdict) -> bool) -> Option<String> {
    let property = edit.property?;
    let lived = edit.scene.lived();
    let what = format!("{property}: {} ({:?})", edit.name, edit.scene);
    let before = &lived.judge(&lived.events).verdicts.0[property];
    if !matches!(before, Verdict::Held { .. } | Verdict::NotExercised { .. }) {
        return Some(format!("{what}: not right before the edit: {before:?}"));
    }
    let mut events = lived.events.clone();
    if !edit.apply(&lived.plan, &mut events, 0) {
        return Some(format!("{what}: does not fit"));
    }
    let after = &lived.judge(&events).verdicts.0[property];
    (!is_right(after)).then(|| format!("{what}: {after:?}"))
}

/// Each of these edits makes of its property what it should, and there are so many by property.
fn none_escapes(all: &[&Edit], is_right: fn(&Verdict) -> bool) -> BTreeMap<&'static str, usize> {
    let escaped: Vec<String> = all
        .iter()
        .filter_map(|edit| escapes(edit, is_right))
        .collect();
    let mut table = BTreeMap::new();
    for edit in all {
        *table.entry(edit.property.unwrap_or_default()).or_default() += 1;
    }
    assert!(
        escaped.is_empty(),
        "{} of {} escaped:\n{}\nedits by property: {table:#?}",
        escaped.len(),
        all.len(),
        escaped.join("\n")
    );
    table
}

#[test]
fn every_wrong_edit_is_caught_by_the_property_that_is_about_it() {
    let all = edits::wrong();
    let table = none_escapes(&all, Verdict::is_violated);
    assert!(all.len() >= WRONG, "{} edits: {table:#?}", all.len());
    let names: Vec<&str> = ALL.iter().map(|rule| rule.name).collect();
    let known = |name: &str| names.contains(&name);
    assert!(
        table.keys().all(|name| known(name)),
        "an edit of an unknown property: {table:#?}"
    );
    let few: Vec<_> = names
        .iter()
        .filter(|name| table.get(*name).is_none_or(|count| *count < 2))
        .collect();
    assert!(few.is_empty(), "too few of {few:?}: {table:#?}");
}

#[test]
fn no_neighbour_of_a_wrong_edit_is_caught() {
    let all: Vec<&Edit> = edits::neighbours().iter().collect();
    let is_held = |verdict: &Verdict| matches!(verdict, Verdict::Held { .. });
    let table = none_escapes(&all, is_held);
    let wrong = edits::wrong();
    for property in table.keys() {
        assert!(
            wrong.iter().any(|edit| edit.property == Some(*property)),
            "{property} has no wrong edit for them to be beside of"
        );
    }
}

#[test]
fn a_history_that_is_cut_short_before_a_bound_leaves_its_property_undecided() {
    let all: Vec<&Edit> = edits::cuts().iter().collect();
    let table = none_escapes(&all, Verdict::is_undecided);
    assert!(all.len() >= CUTS, "{} edits: {table:#?}", all.len());
    for property in ["served-or-told", "supply-covers-demand", "no-leak"] {
        assert!(table[property] >= 3, "{property}: {table:#?}");
    }
}

/// At so many moments, evenly apart, each history is cut.
const MOMENTS: usize = 24;

/// A history up to each of some moments, as a run that was cut short there would have left it.
fn prefixes(events: &[Event]) -> impl Iterator<Item = Vec<Event>> {
    let step = (events.len() / MOMENTS).max(1);
    events.iter().step_by(step).map(|last| {
        let mut events: Vec<Event> = events
            .iter()
            .filter(|event| event.at_ms <= last.at_ms)
            .cloned()
            .collect();
        if let Some(Event {
            event: What::WorldEnded { settled },
            ..
        }) = events.last_mut()
        {
            *settled = false;
        } else {
            events.push(Event {
                id: EventId(events.len() as u64 + 1),
                at_ms: last.at_ms,
                because: None,
                event: What::WorldEnded { settled: false },
            });
        }
        events
    })
}

#[test]
fn a_history_that_is_cut_short_anywhere_breaks_nothing() {
    for scene in Scene::ALL {
        let lived = scene.lived();
        let whole = lived.judge(&lived.events).verdicts;
        for events in prefixes(&lived.events) {
            let cut = lived.judge(&events).verdicts;
            for (name, found) in cut.violated() {
                assert!(
                    whole.0[name].is_violated(),
                    "{scene:?} cut after {} events: {name} {found:?}",
                    events.len()
                );
            }
        }
    }
}

#[test]
fn what_was_broken_before_a_history_is_cut_short_stays_broken() {
    for edit in edits::wrong() {
        let (lived, property) = (edit.scene.lived(), edit.property.unwrap());
        let mut events = lived.events.clone();
        assert!(edit.apply(&lived.plan, &mut events, 0), "{}", edit.name);
        let mut broken = None;
        for events in prefixes(&events) {
            let verdict = &lived.judge(&events).verdicts.0[property];
            match (broken, verdict) {
                (_, Verdict::Violated(found)) => broken = Some(found.event),
                (None, _) => {}
                (Some(first), other) => panic!(
                    "{property}: {}: event {first:?} broke it, and after {} events it is {other:?}",
                    edit.name,
                    events.len()
                ),
            }
        }
    }
}

/// What a harmless edit changed in the verdicts, if it did: something is violated, or was held and is no more.
fn minded(before: &Outcome, after: &Outcome) -> Vec<String> {
    let before = &before.verdicts.0;
    let pairs = before
        .iter()
        .map(|(name, was)| (name, was, &after.verdicts.0[name]));
    let changed = pairs.filter(|(_, was, is)| {
        let broken = is.is_violated() && !was.is_violated();
        let was_held = matches!(was, Verdict::Held { .. });
        broken || was_held && !matches!(is, Verdict::Held { .. })
    });
    changed
        .map(|(name, was, is)| format!("{name}: {was:?} became {is:?}"))
        .collect()
}

/// How many of the places that fit an edit it is tried at, in each scene.
const PLACES: usize = 4;

#[test]
fn no_property_minds_a_harmless_edit() {
    let all = edits::harmless();
    let mut found = Vec::new();
    for edit in all {
        let mut fits = false;
        for scene in Scene::ALL {
            let lived = scene.lived();
            let before = lived.judge(&lived.events);
            for pick in 0..PLACES {
                let mut events = lived.events.clone();
                if !edit.apply(&lived.plan, &mut events, pick) {
                    continue;
                }
                fits = true;
                let changed = minded(&before, &lived.judge(&events));
                if let Some(first) = changed.first() {
                    found.push(format!("{} ({scene:?}, place {pick}): {first}", edit.name));
                    break;
                }
            }
        }
        if !fits {
            found.push(format!("{} fits nowhere", edit.name));
        }
    }
    assert!(
        found.is_empty(),
        "{} are minded:\n{}",
        found.len(),
        found.join("\n")
    );
    assert!(all.len() >= HARMLESS, "{}", all.len());
}

#[test]
fn an_edited_history_is_numbered_from_one_on_in_the_order_of_time() {
    for edit in edits::all() {
        let lived = edit.scene.lived();
        let mut events = lived.events.clone();
        if !edit.apply(&lived.plan, &mut events, 0) {
            continue;
        }
        for (event, number) in events.iter().zip(1..) {
            assert_eq!(event.id.0, number, "{}", edit.name);
            assert!(
                event.because.is_none_or(|cause| cause < event.id),
                "{}: {event:?}",
                edit.name
            );
        }
        assert!(
            events.is_sorted_by_key(|event| event.at_ms),
            "{}",
            edit.name
        );
        assert_ne!(events, lived.events, "{} changes nothing", edit.name);
    }
}
