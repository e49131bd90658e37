//! The mutation score of the properties: each wrong edit of a history that was right is caught by the property that is
//! about it, and no property minds a harmless one.

use std::collections::BTreeMap;

use dispatchlab::{
    properties::{ALL, Verdict},
    run::Outcome,
};

use crate::edits::{self, Edit, Scene};

/// At least so many wrong edits are caught.
const WRONG: usize = 100;
/// At least so many harmless ones are not minded.
const HARMLESS: usize = 40;

/// What becomes of a wrong edit, if it is not caught as it should be.
fn escapes(edit: &Edit) -> Option<String> {
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
    (!after.is_violated()).then(|| format!("{what}: {after:?}"))
}

#[test]
fn every_wrong_edit_is_caught_by_the_property_that_is_about_it() {
    let all = edits::wrong();
    let escaped: Vec<String> = all.iter().filter_map(|edit| escapes(edit)).collect();
    let mut table: BTreeMap<&str, usize> = ALL.iter().map(|rule| (rule.name, 0)).collect();
    for edit in &all {
        *table.entry(edit.property.unwrap_or_default()).or_default() += 1;
    }
    assert!(
        escaped.is_empty(),
        "{} of {} escaped:\n{}\nedits by property: {table:#?}",
        escaped.len(),
        all.len(),
        escaped.join("\n")
    );
    assert!(all.len() >= WRONG, "{} edits: {table:#?}", all.len());
    assert_eq!(
        table.len(),
        ALL.len(),
        "an edit of an unknown property: {table:#?}"
    );
    assert!(
        table.values().all(|count| *count >= 2),
        "too few of one: {table:#?}"
    );
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
    for edit in edits::wrong().into_iter().chain(edits::harmless()) {
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
