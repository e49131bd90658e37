//! What a person sees when a property is broken: which, how to see it again, when, and what led to it.

use std::{collections::BTreeSet, path::Path};

use fakes::{
    history::{Entity, Event},
    ids::EventId,
};

use super::{counted, table::time};
use crate::{
    properties::Finding,
    run::{Run, Tested},
};

/// Events shown before the one that broke a property.
const TAIL_EVENTS: usize = 20;

/// A broken property, ready to be shown.
#[derive(Clone, Debug)]
pub struct Failure<'a> {
    /// The run.
    pub run: &'a Run,
    /// The scenario's name.
    pub name: &'a str,
    /// How many steps its plan has.
    pub steps: usize,
    /// The plan file that replays it, if it could be written.
    pub plan: Option<&'a Path>,
}

/// The failure in the order a reader wants it: property, time, size, the events that led there, and how to see it
/// again.
#[must_use]
pub fn describe(failure: &Failure<'_>) -> String {
    let verdicts = &failure.run.outcome.verdicts;
    let mut text = String::new();
    for (property, found) in verdicts.violated() {
        finding(failure, &mut text, property, "violated", found);
    }
    for (property, found) in verdicts.undecided() {
        finding(failure, &mut text, property, "undecided", found);
    }
    if let Some(spent) = &failure.run.outcome.budget.spent {
        text.push_str(&format!(
            "\n{}, seed {}: undecided: {spent}\n  the run was ended there, at {} of its own time, and judged as far as it came\n",
            failure.name,
            failure.run.outcome.seed,
            time(spent.at_ms)
        ));
    } else if failure.run.outcome.interrupted {
        text.push_str(&format!(
            "\n{}, seed {}: the run was interrupted, at {} of its own time, and judged as far as it came\n",
            failure.name,
            failure.run.outcome.seed,
            time(failure.run.outcome.ended_at_ms)
        ));
    } else if !failure.run.outcome.settled {
        text.push_str(&format!(
            "\n{}, seed {}: the world did not settle before its bound, at {} of its own time\n",
            failure.name,
            failure.run.outcome.seed,
            time(failure.run.outcome.ended_at_ms)
        ));
    }
    if let Some(plan) = failure.plan {
        let plan = plan.display();
        text.push_str(&match failure.run.outcome.tested {
            Tested::Reference => format!("  replay: dispatchlab run {plan}\n"),
            Tested::Other => {
                format!("  replay: dispatchlab serve {plan}, with the addresses and the dispatcher of this run\n")
            }
        });
    }
    text
}

/// One property, its first event and what led to it.
fn finding(failure: &Failure<'_>, text: &mut String, property: &str, is: &str, found: &Finding) {
    let Failure {
        run, name, steps, ..
    } = failure;
    text.push_str(&format!(
        "\n{name}, seed {}: {property} is {is}: {}\n",
        run.outcome.seed,
        found.in_words()
    ));
    text.push_str(&format!(
        "  at {} of its own time, event {}, in a plan of {}\n",
        time(found.at_ms),
        found.event.0,
        counted(*steps, "step")
    ));
    for event in led_to(&run.events, found.event) {
        text.push_str(&format!("  {}\n", line(event)));
    }
}

fn find(events: &[Event], id: EventId) -> Option<&Event> {
    events.get(usize::try_from(id.0.checked_sub(1)?).ok()?)
}

/// The last events, up to this one, that share an entity with it.
fn led_to(events: &[Event], id: EventId) -> Vec<&Event> {
    let Some(last) = find(events, id) else {
        return Vec::new();
    };
    let about: BTreeSet<Entity> = last.event.entities().into_iter().collect();
    let shares = |event: &&Event| {
        event.id == id
            || event
                .event
                .entities()
                .iter()
                .any(|entity| about.contains(entity))
    };
    let mut found: Vec<_> = events
        .iter()
        .take_while(|event| event.id <= id)
        .filter(shares)
        .collect();
    found.drain(..found.len().saturating_sub(TAIL_EVENTS));
    found
}

/// One event in one line: id, time, kind and its fields.
fn line(event: &Event) -> String {
    let value = serde_json::to_value(&event.event).unwrap_or_default();
    let fields = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "kind");
    let kind = value
        .get("kind")
        .and_then(|kind| kind.as_str())
        .unwrap_or_default();
    let fields: Vec<_> = fields
        .map(|(key, value)| format!("{key}={}", plain(value)))
        .collect();
    format!(
        "{:>6}  {:>9}  {kind:<20} {}",
        event.id.0,
        time(event.at_ms),
        fields.join(" ")
    )
}

fn plain(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
