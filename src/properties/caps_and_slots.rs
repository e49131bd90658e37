//! caps-and-slots (I13): never more HF jobs than the cap in force, at every scope, and free slots go round: no lane takes them all
//! while another waits.

use std::collections::BTreeMap;

use fakes::history::{Event, What};

use super::{
    Context, Judgement,
    lanes::{LaneId, Reach},
    ledger::moment,
    tally::Tally,
    verdict::time,
};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let caps = context.terms.caps;
    if caps.is_none() {
        return Judgement::new("the scenario sets no caps");
    }
    let mut judgement = Judgement::new("the jobs and HF jobs of no scope came to exceed its cap");
    let mut alive = Alive::default();
    let mut tally = Tally::new(context);
    let mut pressed = false;
    for event in context.ledger.events {
        let touched = tally.enter(event).to_vec();
        alive.enter(event);
        if let What::HfCreated {
            call: Some(_),
            hf_job,
            repo,
            ..
        } = &event.event
        {
            let of_repo = repo.as_deref().map_or(0, |repo| alive.of_repo(repo));
            for (cap, count, scope) in [
                (caps.total, alive.total, "in all"),
                (caps.per_repo, of_repo, "of its repository"),
            ] {
                if let Some(cap) = cap.filter(|cap| count > *cap as usize) {
                    judgement.breach(
                        event.id,
                        format!("HF job number {count} {scope} was created under a cap of {cap}"),
                    );
                }
            }
            if let Some(Reach::Lane(lane)) = context.ledger.lanes.reach(hf_job) {
                judgement.breach_if(event.id, starves(context, &tally, lane, event, &alive));
            }
        }
        if touched.is_empty() {
            continue;
        }
        let wanted: usize = context
            .ledger
            .lanes
            .iter()
            .map(|(id, _)| tally.open(id).saturating_sub(tally.supply(id)))
            .sum();
        let over = |cap: Option<u32>| cap.is_some_and(|cap| wanted + alive.total > cap as usize);
        let is_pressed = over(caps.total)
            || context.ledger.lanes.iter().any(|(id, lane)| {
                let short = tally.open(id).saturating_sub(tally.supply(id));
                caps.per_repo
                    .is_some_and(|cap| short + alive.of_repo(lane.place) > cap as usize)
            });
        if is_pressed && !pressed {
            judgement.occasion();
        }
        pressed = is_pressed;
    }
    judgement
}

/// HF jobs that calls created and that are not terminal at HF.
#[derive(Debug, Default)]
struct Alive<'a> {
    total: usize,
    by_repo: BTreeMap<&'a str, usize>,
    repos: BTreeMap<&'a str, Option<&'a str>>,
}

impl<'a> Alive<'a> {
    fn of_repo(&self, repo: &str) -> usize {
        self.by_repo.get(repo).copied().unwrap_or(0)
    }

    fn enter(&mut self, event: &'a Event) {
        match &event.event {
            What::HfCreated {
                hf_job,
                call: Some(_),
                repo,
                ..
            } => {
                self.total += 1;
                self.repos.insert(&hf_job.0, repo.as_deref());
                if let Some(repo) = repo {
                    *self.by_repo.entry(repo).or_default() += 1;
                }
            }
            What::HfStage { hf_job, stage, .. } if stage.is_terminal() => {
                let Some(repo) = self.repos.remove(hf_job.0.as_str()) else {
                    return;
                };
                self.total = self.total.saturating_sub(1);
                if let Some(count) = repo.and_then(|repo| self.by_repo.get_mut(repo)) {
                    *count = count.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
}

/// Whether this HF job took the last slot of all although another lane has been short for much longer, with nothing in its way.
fn starves(
    context: &Context<'_, '_>,
    tally: &Tally<'_, '_>,
    lane: LaneId,
    event: &Event,
    alive: &Alive<'_>,
) -> Option<String> {
    let (ledger, terms) = (context.ledger, context.terms);
    let cap = terms
        .caps
        .total
        .filter(|cap| alive.total >= *cap as usize)?;
    let oldest = |lane: LaneId| {
        let open = tally.lane(lane)?.open.first_key_value()?;
        ledger.event(*open.0).map(moment)
    };
    let own = oldest(lane)?;
    let within_ms = terms.bounds.served_within_ms;
    ledger.lanes.iter().find_map(|(other, its)| {
        let waits = oldest(other).filter(|_| other != lane && tally.supply(other) == 0)?;
        let longer = own.at_ms > waits.at_ms.saturating_add(within_ms);
        let free_below = terms
            .caps
            .per_repo
            .is_none_or(|cap| alive.of_repo(its.place) < cap as usize);
        let struck = ledger.disturbances.touched(&ledger.lanes, other, waits.event, event.id);
        (longer && free_below && !struck).then(|| {
            format!(
                "the last of {cap} slots went to a lane whose oldest job had come at {}, while one of {} had waited since {} with nothing there for it",
                time(own.at_ms),
                its.place,
                time(waits.at_ms)
            )
        })
    })
}
