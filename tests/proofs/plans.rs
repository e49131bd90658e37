//! Plans at random: a world, a timeline and faults drawn from a seed, written as scenario text that can be replayed by
//! hand, and the dispatcher to run them against: the reference, or one with a bug.

mod dispatchers;
mod draws;
mod faults;
mod recorded;
mod timeline;
mod world;

use dispatchlab::{
    run::{Lab, Run},
    target::Seams,
    transport::Transport,
};
use scenarios::{Choices, Document, plan::Plan};
use vocabulary::{EffectKind, Narrowing, PLACES};

use self::{dispatchers::Kind, draws::Draws};

/// A plan drawn from a seed.
#[derive(Debug)]
pub(crate) struct Random {
    /// The seed, of the draws and of the plan.
    pub(crate) seed: u64,
    /// The scenario. `dispatchlab run FILE --seeds SEED` replays it against the reference.
    pub(crate) text: String,
    /// What it comes to.
    pub(crate) plan: Plan,
    /// Which dispatcher it is to be run against.
    dispatcher: Kind,
    /// Of each fault of the plan, its row in the table of faults.
    rows: Vec<usize>,
}

impl Random {
    /// The dispatcher it is to be run against, by name.
    pub(crate) const fn dispatcher(&self) -> &'static str {
        self.dispatcher.name()
    }

    /// The seams of that dispatcher, in which nothing has happened yet.
    pub(crate) fn seams(&self) -> Seams {
        self.dispatcher.seams()
    }

    /// Its lab, in which nothing has happened yet.
    pub(crate) fn lab(&self) -> Lab {
        Lab::new(Transport::Direct, self.seams())
    }

    /// Runs it.
    pub(crate) fn run(&self) -> Run {
        let run = self.lab().run(&self.plan);
        run.unwrap_or_else(|error| panic!("seed {}: {error}\n{}", self.seed, self.text))
    }
}

/// The plan of this seed.
pub(crate) fn random(seed: u64) -> Random {
    drawn(seed).unwrap_or_else(|why| panic!("{why}"))
}

fn drawn(seed: u64) -> Result<Random, String> {
    let draws = Draws::new(seed);
    let rows = faults::rows(&draws);
    let world = world::draw(&draws, faults::bends_pages(&rows));
    let timeline = timeline::draw(&draws, &world);
    let faults = faults::draw(&draws, &world, &timeline, rows);
    let dispatcher = faults.needs.unwrap_or_else(|| dispatchers::draw(&draws));
    let text = format!(
        "title: Drawn from seed {seed}, against {}\n{}{}{}",
        dispatcher.name(),
        world.text,
        timeline.text,
        faults.text
    );
    let choices = Choices {
        seed,
        ..Choices::default()
    };
    let plan = Document::parse("random.yaml", &text)
        .and_then(|document| document.plan(&choices))
        .map_err(|error| format!("{error}\nin seed {seed}:\n{text}"))?;
    Ok(Random {
        seed,
        text,
        plan,
        dispatcher,
        rows: faults.rows,
    })
}

#[test]
fn the_language_takes_whatever_is_drawn() {
    let mut refused = std::collections::BTreeMap::new();
    for seed in 0..1000 {
        if let Err(why) = drawn(seed) {
            let first = why.lines().next().unwrap_or_default();
            let (_, what) = first.split_once(' ').unwrap_or_default();
            refused.insert(what.to_owned(), why);
        }
    }
    assert!(
        refused.is_empty(),
        "{:#?}\n{}",
        refused.keys(),
        refused.values().next().unwrap()
    );
}

/// Over so many seeds every fault strikes, and runs go well and badly.
const SEEDS: u64 = 300;

#[test]
fn every_fault_strikes_and_runs_go_well_and_badly() {
    let mut strikes = vec![0; faults::TABLE.len()];
    let (mut broken, mut by_dispatcher) = (0, std::collections::BTreeMap::new());
    for seed in 0..SEEDS {
        let random = random(seed);
        let run = random.run();
        assert_eq!(run.outcome.faults.len(), random.rows.len(), "seed {seed}");
        for (row, struck) in random.rows.iter().zip(&run.outcome.faults) {
            strikes[*row] += struck.strikes;
        }
        let counts: &mut (u64, u64) = by_dispatcher.entry(random.dispatcher()).or_default();
        counts.0 += 1;
        if !run.outcome.verdicts.violated().is_empty() {
            counts.1 += 1;
            broken += 1;
        }
    }
    let table = faults::TABLE.iter().zip(&strikes);
    let never: Vec<_> = table
        .filter(|(_, strikes)| **strikes == 0)
        .map(|(row, _)| format!("{}, {}", row.to, row.effect))
        .collect();
    assert!(
        never.is_empty(),
        "never struck in {SEEDS} seeds: {never:#?}"
    );
    let share = broken * 100 / SEEDS;
    assert!(
        (15..=85).contains(&share),
        "{share} % of the runs have a violation; runs and broken ones: {by_dispatcher:?}"
    );
}

#[test]
fn a_plan_is_the_same_whenever_it_is_drawn() {
    for seed in 0..20 {
        assert_eq!(random(seed).plan, random(seed).plan);
        let (one, other) = (random(seed).run(), random(seed).run());
        assert_eq!(
            one.events,
            other.events,
            "seed {seed}:\n{}",
            random(seed).text
        );
    }
}

/// What the language can do to a place, drawn here as well: every effect at least once, and each kind of place.
#[test]
fn the_table_of_faults_has_every_effect_of_the_language() {
    for kind in EffectKind::ALL {
        let key = format!("{}: ", kind.key());
        let has = |row: &faults::Row| row.effect.starts_with(&key);
        assert!(faults::TABLE.iter().any(has), "{kind:?}");
    }
    for place in PLACES {
        assert!(faults::TABLE.iter().any(|row| row.to == *place), "{place}");
    }
}

#[test]
fn faults_are_narrowed_by_everything_that_can_narrow_one() {
    let plans: Vec<Random> = (0..300).map(random).collect();
    for key in Narrowing::ALL {
        let written = format!("for: {{ {}: ", key.word());
        assert!(
            plans.iter().any(|plan| plan.text.contains(&written)),
            "{key:?}"
        );
    }
}
