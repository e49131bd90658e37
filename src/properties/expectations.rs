//! What a scenario counts: HF jobs, answers to its deliveries, money and idle time. Judged like properties,
//! under the names `expect.hf_jobs`, `expect.answers`, `expect.cost_usd` and `expect.idle`.

use std::{collections::BTreeMap, ops::RangeInclusive};

use super::{Verdict, ledger::Ledger};

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

pub(super) fn judge(ledger: &Ledger<'_>, expect: &Expectations) -> Vec<(String, Verdict)> {
    let at_end = |holds: bool, why: String| {
        if holds {
            Verdict::Held
        } else {
            Verdict::Violated {
                event: ledger.end.event,
                why,
            }
        }
    };
    let mut verdicts = Vec::new();
    if let Some(range) = &expect.hf_jobs {
        let created = ledger.hf_jobs.len() as u64;
        let why = format!(
            "{created} HF jobs were created, expected {} to {}",
            range.start(),
            range.end()
        );
        verdicts.push((
            "expect.hf_jobs".to_owned(),
            at_end(range.contains(&created), why),
        ));
    }
    if !expect.answers.is_empty() {
        verdicts.push((
            "expect.answers".to_owned(),
            answers(ledger, &expect.answers),
        ));
    }
    if let Some(budget) = expect.cost_micro_usd_max {
        let cost = ledger.cost_micro_usd();
        let why = format!("the HF jobs cost {cost} millionths of a dollar, budget {budget}");
        verdicts.push(("expect.cost_usd".to_owned(), at_end(cost <= budget, why)));
    }
    if let Some(budget) = expect.idle_ms_max {
        let idle = idle_ms(ledger);
        let why = format!(
            "runners listened {} s without a job, budget {} s",
            idle / 1000,
            budget / 1000
        );
        verdicts.push(("expect.idle".to_owned(), at_end(idle <= budget, why)));
    }
    verdicts
}

fn answers(ledger: &Ledger<'_>, wanted: &BTreeMap<u16, u64>) -> Verdict {
    let mut seen: BTreeMap<u16, u64> = BTreeMap::new();
    for (_, status, _) in ledger
        .deliveries
        .values()
        .filter_map(|delivery| delivery.answered)
    {
        *seen.entry(status).or_default() += 1;
    }
    for (status, count) in wanted {
        let got = seen.get(status).copied().unwrap_or(0);
        if got != *count {
            let why = format!("{got} deliveries were answered {status}, expected {count}");
            return Verdict::Violated {
                event: ledger.end.event,
                why,
            };
        }
    }
    Verdict::Held
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
