//! The known faults of the reference dispatcher: `known.yaml`, embedded in the program.

use serde::Deserialize;

use vocabulary::Verbatim;

use crate::{
    ScenarioError, corpus,
    error::Flaw,
    plan::CountRange,
    words,
    written::{OneOrMore, Placed, Property},
    yaml::{Node, decode_verbatim},
};

/// The name errors show.
const FILE: &str = "scenarios/known.yaml";

/// A property that the reference dispatcher breaks in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The scenario, one of the corpus.
    pub scenario: String,
    /// The property.
    pub property: String,
    /// Why it is broken.
    pub reason: String,
    /// The seeds in which it is, from one to another; every seed, if there are none.
    pub seeds: Vec<CountRange>,
    /// The line of the list, for people.
    pub line: usize,
}

impl Known {
    /// Whether the entry speaks of this run.
    #[must_use]
    pub fn is_about(&self, scenario: &str, seed: u64) -> bool {
        let within =
            |seeds: &CountRange| (u64::from(seeds.min)..=u64::from(seeds.max)).contains(&seed);
        self.scenario == scenario && (self.seeds.is_empty() || self.seeds.iter().any(within))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    scenario: Placed<Verbatim>,
    property: Placed<Property>,
    reason: Placed<Verbatim>,
    #[serde(default)]
    seeds: OneOrMore<CountRange>,
}

/// The known faults of the reference dispatcher.
///
/// # Panics
///
/// Never: a test reads the list.
#[must_use]
pub fn known() -> Vec<Known> {
    parse(FILE, include_str!("../known.yaml")).expect("a test reads the list")
}

/// Reads a list of known faults; `name` is what errors call the text.
///
/// # Errors
/// The one thing that is wrong with it, where, and how to mend it.
pub fn parse(name: &str, text: &str) -> Result<Vec<Known>, ScenarioError> {
    read(text).map_err(|flaw| flaw.within(name, text))
}

fn read(text: &str) -> Result<Vec<Known>, Flaw> {
    let root = Node::parse(text)?;
    let written: Vec<Placed<Written>> = decode_verbatim(&root)?;
    let mut known: Vec<Known> = Vec::new();
    for entry in written {
        let Placed { value, place } = entry;
        let names: Vec<&str> = corpus().iter().map(|entry| entry.name).collect();
        let scenario = value.scenario.value.0;
        if !names.contains(&scenario.as_str()) {
            let what = words::unknown("scenario", &scenario, &names);
            return Err(Flaw::at(value.scenario.place, &what));
        }
        if value.reason.value.0.trim().is_empty() {
            let what = "a known fault has a reason\nsay in a sentence why the property is broken";
            return Err(Flaw::at(value.reason.place, what));
        }
        let property = value.property.value.0;
        let same = |other: &Known| other.scenario == scenario && other.property == property;
        if known.iter().any(same) {
            let what = format!(
                "`{property}` of `{scenario}` stands here a second time\nname both seeds in one entry"
            );
            return Err(Flaw::at(place, &what));
        }
        known.push(Known {
            scenario,
            property,
            reason: value.reason.value.0,
            seeds: value.seeds.0.into_iter().map(|seeds| seeds.value).collect(),
            line: place.line,
        });
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str =
        "- { scenario: happy-path, property: no-leak, reason: it forgets, seeds: [3, 7..9] }\n";

    #[test]
    fn the_list_that_comes_with_the_program_reads() {
        for entry in known() {
            assert!(!entry.reason.is_empty());
        }
    }

    #[test]
    fn an_entry_speaks_of_its_scenario_and_its_seeds_only() {
        let known = parse("known", ENTRY).unwrap();
        let entry = &known[0];
        let about = |scenario, seed| entry.is_about(scenario, seed);
        assert!(about("happy-path", 3) && about("happy-path", 8));
        assert!(!about("happy-path", 4) && !about("space-asleep", 3));
        assert_eq!((entry.property.as_str(), entry.line), ("no-leak", 1));
        let every = parse("known", &ENTRY.replace(", seeds: [3, 7..9]", "")).unwrap();
        assert!(every[0].is_about("happy-path", 4));
    }

    #[test]
    fn a_flaw_in_the_list_is_shown_with_its_place() {
        let shown = |text: &str| format!("{:?}", parse("known.yaml", text).unwrap_err());
        for (text, expected) in [
            (
                ENTRY.replace("happy-path", "happy-pat"),
                "known.yaml:1:15: unknown scenario `happy-pat`",
            ),
            (
                ENTRY.replace("no-leak", "no-leek"),
                "known.yaml:1:37: unknown property `no-leek`",
            ),
            (
                ENTRY.replace("reason: it forgets, ", ""),
                "known.yaml:1:3: the key `reason` is missing here",
            ),
            (
                ENTRY.replace("it forgets", "''"),
                "known.yaml:1:54: a known fault has a reason",
            ),
            (
                format!("{ENTRY}{ENTRY}"),
                "known.yaml:2:3: `no-leak` of `happy-path` stands here a second time",
            ),
            (
                ENTRY.replace("seeds", "seed"),
                "known.yaml:1:66: unknown key `seed`",
            ),
        ] {
            let error = shown(&text);
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
