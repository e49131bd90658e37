//! What a scenario counts: HF jobs, answers to its deliveries, money and idle time. Judged like properties,
//! under the names `expect.hf_jobs`, `expect.answers`, `expect.cost_usd` and `expect.idle`.

use std::{cmp::Ordering, collections::BTreeMap, ops::RangeInclusive};

use super::{Judgement, ledger::Ledger, verdict::time};

/// Counts and budgets of a scenario. What is absent is not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    /// How many HF jobs are created.
    pub hf_jobs: Option<RangeInclusive<u64>>,
    /// How many deliveries are answered with each of these statuses.
    pub answers: BTreeMap<u16, u64>,
    /// The most the HF jobs may cost together, in millionths of a US dollar.
    pub cost_micro_usd_max: Option<u64>,
    /// The longest all runners together may listen without a job.
    pub idle_ms_max: Option<u64>,
}

pub(super) fn judge(ledger: &Ledger<'_>, expect: &Expectations) -> Vec<(&'static str, Judgement)> {
    let mut judged = Vec::new();
    if let Some(range) = &expect.hf_jobs {
        let created = ledger.hf_jobs.len() as u64;
        let (least, most) = (range.start(), range.end());
        let expected = if least == most {
            format!("{least}")
        } else {
            format!("{least} to {most}")
        };
        let why = format!("{created} HF jobs were created, expected {expected}");
        let found = match (range.contains(&created), created < *range.start()) {
            (true, _) => Found::Good,
            (false, true) => Found::Short(why),
            (false, false) => Found::Over(why),
        };
        judged.push(("expect.hf_jobs", at_end(ledger, found)));
    }
    if !expect.answers.is_empty() {
        let found = answers(ledger, &expect.answers);
        judged.push(("expect.answers", at_end(ledger, found)));
    }
    if let Some(budget) = expect.cost_micro_usd_max {
        let cost = ledger.cost_micro_usd();
        // To the millionth: what is over by one is over.
        let dollars = |micro: u64| format!("${}.{:06}", micro / 1_000_000, micro % 1_000_000);
        let (costs, allowed) = (dollars(cost), dollars(budget));
        let why = format!("the HF jobs cost {costs}, budget {allowed}");
        let found = within(cost, budget, why);
        judged.push(("expect.cost_usd", at_end(ledger, found)));
    }
    if let Some(budget) = expect.idle_ms_max {
        let idle = idle_ms(ledger);
        let why = format!(
            "runners listened {} without a job, budget {}",
            time(idle),
            time(budget)
        );
        let found = within(idle, budget, why);
        judged.push(("expect.idle", at_end(ledger, found)));
    }
    judged
}

/// What a count came to by the end.
enum Found {
    /// What was expected.
    Good,
    /// Less: what is missing may come as long as the world has not settled.
    Short(String),
    /// More: nothing that comes can mend it.
    Over(String),
}

fn within(count: u64, budget: u64, why: String) -> Found {
    if count <= budget {
        Found::Good
    } else {
        Found::Over(why)
    }
}

fn at_end(ledger: &Ledger<'_>, found: Found) -> Judgement {
    let mut judgement = Judgement::new("");
    judgement.occasion();
    match found {
        Found::Good => {}
        Found::Short(why) if !ledger.settled => {
            let why = format!("{why}, and the run ended before it had settled");
            judgement.undecided(ledger.end.event, why);
        }
        Found::Short(why) | Found::Over(why) => judgement.breach(ledger.end.event, why),
    }
    judgement
}

fn answers(ledger: &Ledger<'_>, wanted: &BTreeMap<u16, u64>) -> Found {
    let mut seen: BTreeMap<u16, u64> = BTreeMap::new();
    for (_, status, _) in ledger
        .deliveries
        .values()
        .filter_map(|delivery| delivery.answered)
    {
        *seen.entry(status).or_default() += 1;
    }
    let mut short = None;
    for (status, count) in wanted {
        let got = seen.get(status).copied().unwrap_or(0);
        let why = format!("{got} deliveries were answered {status}, expected {count}");
        match got.cmp(count) {
            Ordering::Equal => {}
            Ordering::Greater => return Found::Over(why),
            Ordering::Less => {
                short.get_or_insert(why);
            }
        }
    }
    short.map_or(Found::Good, Found::Short)
}

/// How long all runners together listened without a job.
fn idle_ms(ledger: &Ledger<'_>) -> u64 {
    let idle = |life: &super::HfLife<'_>| {
        let (online, _) = life.online?;
        let busy = life.job.map(|(at, _)| at.at_ms);
        let over = busy
            .or(life.ended.map(|(at, _)| at.at_ms))
            .unwrap_or(ledger.end.at_ms);
        Some(over.saturating_sub(online.at_ms))
    };
    ledger.hf_jobs.values().filter_map(idle).sum()
}
