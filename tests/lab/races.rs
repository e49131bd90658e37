//! Cold-start races: generated plans, in which jobs arrive, are cancelled and complete in any interleaving
//! with webhooks that are dropped, late or doubled, creates that fail after their effect, runners that die
//! and a dispatcher that crashes. Whatever happens, every property holds.

use dispatchlab::target::Seams;
use proptest::prelude::*;

use crate::plans::{of_text, run, violations};

/// One thing in a generated scenario.
#[derive(Clone, Debug)]
enum Thing {
    Job {
        at_s: u32,
        flavor: usize,
        runs_s: u32,
    },
    Cancel {
        job: usize,
        at_s: u32,
    },
    Crash {
        at_s: u32,
        down_s: u32,
    },
    CrashAfterCreate {
        nth: u32,
    },
    Fault(&'static str),
}

const FLAVORS: [&str; 2] = ["hf-jobs-cpu-basic", "hf-jobs-t4-small"];

/// Faults the dispatcher must live with. Each is over by itself or leaves liveness possible.
const FAULTS: [&str; 9] = [
    "{ to: webhook, chance: 20%, drop: logged }",
    "{ to: webhook, chance: 20%, drop: unlogged }",
    "{ to: webhook, chance: 50%, delay: 1s..3m }",
    "{ to: webhook, chance: 30%, duplicate: { after: 1s..5m } }",
    "{ to: webhook, reorder: { within: 30s } }",
    "{ to: hf.create, times: 1, after_effect: reset }",
    "{ to: hf.create, times: 2, answer: { status: 500 } }",
    "{ to: github.jit-config, times: 1, after_effect: { status: 502 } }",
    "{ to: runner, times: 1, die: { after: 0s..1m } }",
];

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        6 => (0..600_u32, 0..FLAVORS.len(), 1..400_u32)
            .prop_map(|(at_s, flavor, runs_s)| Thing::Job { at_s, flavor, runs_s }),
        2 => (0..8_usize, 0..700_u32).prop_map(|(job, at_s)| Thing::Cancel { job, at_s }),
        1 => (0..600_u32, 1..300_u32).prop_map(|(at_s, down_s)| Thing::Crash { at_s, down_s }),
        1 => (1..4_u32).prop_map(|nth| Thing::CrashAfterCreate { nth }),
        3 => prop::sample::select(FAULTS.to_vec()).prop_map(Thing::Fault),
    ]
}

fn scenario(things: &[Thing]) -> String {
    let jobs: Vec<u32> = things
        .iter()
        .filter_map(|thing| match thing {
            Thing::Job { at_s, .. } => Some(*at_s),
            _ => None,
        })
        .collect();
    let (mut steps, mut faults, mut number) = (String::new(), String::new(), 0);
    let mut down_until = 0;
    for thing in things {
        match thing {
            Thing::Job {
                at_s,
                flavor,
                runs_s,
            } => {
                let label = FLAVORS[*flavor];
                steps += &format!(
                    "  - {{ at: {at_s}s, queue: {{ as: J{number}, labels: {label}, runs_for: {runs_s}s }} }}\n"
                );
                number += 1;
            }
            Thing::Cancel { job, at_s } if !jobs.is_empty() => {
                let job = job % jobs.len();
                let at_s = (*at_s).max(jobs[job] + 1);
                steps += &format!("  - {{ at: {at_s}s, cancel: {{ job: J{job} }} }}\n");
            }
            // One outage at a time: the language has no word for a crash of what is already down.
            Thing::Crash { at_s, down_s } if *at_s > down_until || down_until == 0 => {
                down_until = at_s + down_s + 1;
                steps += &format!("  - {{ at: {at_s}s, crash: {{ restart_after: {down_s}s }} }}\n");
            }
            Thing::CrashAfterCreate { nth } if down_until == 0 => {
                down_until = u32::MAX;
                steps += &format!(
                    "  - {{ when: {{ call: hf.create, nth: {nth}, phase: effect }}, crash: {{ restart_after: 20s }} }}\n"
                );
            }
            Thing::Fault(fault) => faults += &format!("  - {fault}\n"),
            Thing::Cancel { .. } | Thing::Crash { .. } | Thing::CrashAfterCreate { .. } => {}
        }
    }
    let faults = if faults.is_empty() {
        String::new()
    } else {
        format!("faults:\n{faults}")
    };
    format!("title: A generated race\ntimeline:\n{steps}{faults}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_of_a_cold_start_breaks_a_property(
        things in prop::collection::vec(thing(), 1..12),
        first in (0..60_u32, 1..200_u32),
        seed in 0..1_000_u64,
    ) {
        let mut all = vec![Thing::Job { at_s: first.0, flavor: 0, runs_s: first.1 }];
        all.extend(things);
        let text = scenario(&all);
        let run = run(&of_text("race.yaml", &text, seed, false), Seams::default());
        prop_assert!(run.outcome.settled, "seed {seed} did not settle:\n{text}");
        let broken = violations(&run);
        prop_assert!(broken.is_empty(), "seed {seed}: {broken:?}\n{text}");
    }
}

/// Token expiry, through the whole world: any skew of either clock, any lifetimes, an hour or more of work.
mod expiry {
    use dispatchlab::target::Seams;
    use proptest::prelude::*;

    use crate::plans::{of_text, run, violations};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn no_credential_is_used_outside_its_life_whatever_the_clocks_say(
            // A JWT is backdated by 60 s and ends 60 s early: within that no clock may matter.
            ours in -55_i64..=55,
            theirs in -55_i64..=55,
            installation_m in 12_u64..=60,
            registration_m in 10_u64..=60,
            jit_m in 5_u64..=60,
            gap_m in 1_u64..=90,
            limbo_m in 0_u64..=120,
            seed in 0_u64..1_000,
        ) {
            prop_assume!((ours - theirs).abs() <= 55);
            let limbo = match limbo_m {
                0 => String::new(),
                limbo_m => {
                    format!("faults:\n  - {{ to: hf.schedule, times: 1, delay: {limbo_m}m }}\n")
                }
            };
            let text = format!(
                "title: Clocks and lifetimes
world:
  github:
    clock_skew: {theirs}s
    installation_token: {installation_m}m
    registration_token: {registration_m}m
    jit_config: {jit_m}m
  dispatcher: {{ clock_skew: {ours}s }}
timeline:
  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic, runs_for: 2m }} }}
  - {{ at: {gap_m}m, queue: {{ as: J2, labels: hf-jobs-t4-small, runs_for: 30m }} }}
{limbo}"
            );
            let run = run(&of_text("expiry.yaml", &text, seed, false), Seams::default());
            prop_assert!(run.outcome.settled, "did not settle:\n{text}");
            let mut broken = violations(&run);
            // A boot that is given up is replaced a moment before its HF job is ended: scenarios/known.yaml.
            broken.retain(|what| !what.starts_with("at-most-one"));
            prop_assert!(broken.is_empty(), "{broken:?}\n{text}");
            // A clock that is right and a token that outlives the work put nobody to the test.
            let tested = run.outcome.verdicts.exercised("fresh-credentials");
            prop_assert!(tested || ours == theirs, "not put to the test:\n{text}");
        }
    }
}
