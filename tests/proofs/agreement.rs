//! Oracles against oracles: on histories of all kinds the properties say what the second judges say.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, time::Duration};

use dispatchlab::{
    properties::{Verdict, Verdicts},
    run::{End, Outcome, Run, Tested, terms_of},
};
use fakes::history::{Event, to_json_lines};
use scenarios::plan::Plan;

use crate::{
    edits,
    oracles::{self, Said},
    plans::{self, Random},
    scene::Scene,
};

/// How many histories are judged unless `DISPATCHLAB_ORACLE_HISTORIES` says otherwise; ci/sweep asks for more.
const HISTORIES: usize = 2_000;

/// The history of each run, and so many less one with edits.
const OF_EACH_RUN: u64 = 8;

/// Histories of more events are left out: the second judges take the square of it.
const EVENTS_MAX: usize = 1_200;

#[test]
fn the_properties_agree_with_second_judges_that_know_only_the_page() {
    let wanted = std::env::var("DISPATCHLAB_ORACLE_HISTORIES").ok();
    let wanted = wanted.map_or(HISTORIES, |count| count.parse().unwrap());
    let mut differences = Differences::default();
    let seeds = match std::env::var("DISPATCHLAB_ORACLE_SEED") {
        Ok(seed) => seed.parse().unwrap()..=u64::MAX,
        Err(_) => 1..=u64::MAX,
    };
    let mut judged = 0;
    for random in seeds.map(plans::random) {
        if judged >= wanted {
            break;
        }
        let run = random.run();
        if run.events.len() > EVENTS_MAX {
            continue;
        }
        judged += differences.of_a_run(&random, &run);
    }
    differences.none(judged);
}

/// The history of a run after one to three edits, right or wrong ones, and what they were.
fn edited(random: &Random, run: &Run, number: u64) -> (Vec<&'static str>, Vec<Event>) {
    let all = edits::all();
    let (mut names, mut events) = (Vec::new(), run.events.clone());
    let mut draws = random.seed * 1_000 + number;
    for _ in 0..=below(&mut draws, 3) {
        // Most edits fit few histories.
        for _ in 0..20 {
            let edit = all[below(&mut draws, all.len())];
            let pick = below(&mut draws, 100);
            if edit.apply(&random.plan, &mut events, pick) {
                names.push(edit.name);
                break;
            }
        }
    }
    (names, events)
}

/// A number that follows from a state, which it moves on.
fn below(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
}

/// What two judges did not agree on, by property and what each said.
#[derive(Default)]
struct Differences {
    by_kind: BTreeMap<(&'static str, String), Vec<String>>,
    /// How often each verdict was agreed on.
    agreed: BTreeMap<(&'static str, &'static str), usize>,
}

impl Differences {
    /// Compares on the history of a run, and on what edits make of it; gives how many histories that were.
    fn of_a_run(&mut self, random: &Random, run: &Run) -> usize {
        let end = End {
            settled: run.outcome.settled,
            steps_not_taken: run.outcome.steps_not_taken.clone(),
            spending: run.outcome.budget.clone(),
            quiet: Duration::from_millis(run.outcome.quiet_ms),
            settle: Duration::from_millis(run.outcome.settle_ms),
        };
        let name = format!(
            "seed {} against {}:\n{}\n",
            random.seed,
            random.dispatcher(),
            random.text
        );
        let mut judged = 1;
        let judge = |events: &[Event]| {
            let outcome = Outcome::judge(&random.plan, events, &end, Tested::Reference, None);
            outcome.verdicts
        };
        self.compare(&name, &random.plan, &run.events, &judge(&run.events));
        for number in 1..OF_EACH_RUN {
            let (edited, events) = edited(random, run, number);
            if edited.is_empty() {
                continue;
            }
            let name = format!("{name}, edited: {}", edited.join("; "));
            self.compare(&name, &random.plan, &events, &judge(&events));
            judged += 1;
        }
        judged
    }

    fn compare(&mut self, name: &str, plan: &Plan, events: &[Event], verdicts: &Verdicts) {
        let terms = terms_of(plan);
        let scene = Scene::read(events, &terms);
        for (property, oracle) in oracles::ALL {
            let first = said(verdicts, property);
            let second = oracle(&scene).says();
            if first == second {
                *self.agreed.entry((property, word(first))).or_default() += 1;
                continue;
            }
            let kind = format!("{} / {}", word(first), word(second));
            let known = self.by_kind.entry((property, kind.clone())).or_default();
            let text = format!(
                "{name}: the property says {first:?}, the second judge {second:?}\n      {}",
                why(verdicts, property)
            );
            keep(property, &kind, known.len(), &text, events);
            known.push(text);
        }
    }

    fn none(&self, judged: usize) {
        let mut text = format!("{judged} histories were judged\n");
        for ((property, verdict), count) in &self.agreed {
            let _ = writeln!(text, "agreed {count} times: {property} {verdict}");
        }
        println!("{text}");
        let mut text = String::new();
        for ((property, kind), all) in &self.by_kind {
            let _ = writeln!(text, "{property}: {kind}, {} times", all.len());
            for one in all.iter().take(SHOWN) {
                let _ = writeln!(text, "    {one}");
            }
        }
        assert!(text.is_empty(), "they differ:\n{text}");
    }
}

/// How many differences of a kind are shown.
const SHOWN: usize = 5;

/// Writes the history of a difference, where `DISPATCHLAB_ORACLE_OUT` names a folder.
fn keep(property: &str, kind: &str, number: usize, text: &str, events: &[Event]) {
    let Some(folder) = std::env::var_os("DISPATCHLAB_ORACLE_OUT") else {
        return;
    };
    let name = format!("{property} {kind} {number}").replace([' ', '/'], "-");
    let write = |ending: &str, text: &str| {
        std::fs::write(Path::new(&folder).join(format!("{name}.{ending}")), text).unwrap();
    };
    write("jsonl", &to_json_lines(events).unwrap());
    write("txt", text);
}

/// What a property says, as a second judge would.
pub(crate) fn said(verdicts: &Verdicts, property: &str) -> Said {
    said_by(&verdicts.0[property])
}

/// The same of a verdict.
pub(crate) fn said_by(verdict: &Verdict) -> Said {
    match bare(verdict) {
        Verdict::Violated(found) => Said::Violated(found.event),
        Verdict::Held { .. } => Said::Held,
        Verdict::NotExercised { .. } => Said::NotExercised,
        Verdict::Undecided(_) => Said::Undecided,
        Verdict::Known { .. } | Verdict::Waived { .. } => unreachable!("taken off"),
    }
}

/// What was judged, whatever the scenario or the list of known faults makes of it.
fn bare(verdict: &Verdict) -> &Verdict {
    match verdict {
        Verdict::Waived { instead_of, .. } => bare(instead_of),
        verdict => verdict,
    }
}

fn word(said: Said) -> &'static str {
    match said {
        Said::Held => "held",
        Said::Violated(_) => "violated",
        Said::NotExercised => "not exercised",
        Said::Undecided => "undecided",
    }
}

fn why(verdicts: &Verdicts, property: &str) -> String {
    match bare(&verdicts.0[property]) {
        Verdict::Violated(found) | Verdict::Undecided(found) => found.in_words(),
        Verdict::Held { occasions } => format!("{occasions} occasions"),
        Verdict::NotExercised { why } => why.clone(),
        Verdict::Known { .. } | Verdict::Waived { .. } => String::new(),
    }
}
