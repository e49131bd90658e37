//! caps-and-slots (I13): never more HF jobs than the cap in force, at every scope, and free slots go round: no lane takes them all
//! while another waits.

use std::collections::BTreeMap;

use fakes::history::{Event, What};

use super::{
    Context, Judgement,
    lanes::{LaneId, Lanes, Reach},
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
        alive.enter(&context.ledger.lanes, event);
        if let What::HfCreated {
            call: Some(_),
            hf_job,
            repo,
            flavor,
            ..
        } = &event.event
        {
            let place = repo
                .as_deref()
                .map(|repo| context.ledger.lanes.first_name(repo));
            let of_repo = place.map_or(0, |place| alive.of_repo(place));
            for (cap, count, scope) in [
                (caps.total, alive.total, "in all"),
                (caps.per_repo, of_repo, "of its repository"),
                (caps.per_flavor, alive.of_flavor(flavor), "of its flavor"),
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
        let is_pressed = is_pressed(context, &tally, &alive);
        if is_pressed && !pressed {
            judgement.occasion();
        }
        pressed = is_pressed;
    }
    judgement
}

/// Whether open jobs and HF jobs together exceed a cap.
fn is_pressed(context: &Context<'_, '_>, tally: &Tally<'_, '_>, alive: &Alive<'_>) -> bool {
    let caps = context.terms.caps;
    let over = |cap: Option<u32>, wanted: usize| cap.is_some_and(|cap| wanted > cap as usize);
    let lanes = || context.ledger.lanes.iter();
    let in_all: usize = lanes().map(|(id, _)| tally.shortage(id)).sum();
    over(caps.total, in_all + alive.total)
        || lanes().any(|(id, lane)| {
            let short = tally.shortage(id);
            over(caps.per_repo, short + alive.of_repo(lane.place))
                || over(caps.per_flavor, short + alive.of_flavor(lane.flavor))
        })
}

/// HF jobs that calls created and that are not terminal at HF.
#[derive(Debug, Default)]
struct Alive<'a> {
    total: usize,
    by_repo: BTreeMap<&'a str, usize>,
    by_flavor: BTreeMap<&'a str, usize>,
    /// The repository and the flavor of each.
    each: BTreeMap<&'a str, (Option<&'a str>, &'a str)>,
}

impl<'a> Alive<'a> {
    fn of_repo(&self, repo: &str) -> usize {
        self.by_repo.get(repo).copied().unwrap_or(0)
    }

    fn of_flavor(&self, flavor: &str) -> usize {
        self.by_flavor.get(flavor).copied().unwrap_or(0)
    }

    fn enter(&mut self, lanes: &Lanes<'a>, event: &'a Event) {
        match &event.event {
            What::HfCreated {
                hf_job,
                call: Some(_),
                repo,
                flavor,
                ..
            } => {
                self.total += 1;
                let repo = repo.as_deref().map(|repo| lanes.first_name(repo));
                self.each.insert(&hf_job.0, (repo, flavor));
                *self.by_flavor.entry(flavor).or_default() += 1;
                if let Some(repo) = repo {
                    *self.by_repo.entry(repo).or_default() += 1;
                }
            }
            What::HfStage { hf_job, stage, .. } if stage.is_terminal() => {
                let Some((repo, flavor)) = self.each.remove(hf_job.0.as_str()) else {
                    return;
                };
                self.total = self.total.saturating_sub(1);
                let of_repo = repo.and_then(|repo| self.by_repo.get_mut(repo));
                let of_flavor = self.by_flavor.get_mut(flavor);
                for count in of_repo.into_iter().chain(of_flavor) {
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
        let free = |cap: Option<u32>, alive: usize| cap.is_none_or(|cap| alive < cap as usize);
        let free_below = free(terms.caps.per_repo, alive.of_repo(its.place))
            && free(terms.caps.per_flavor, alive.of_flavor(its.flavor));
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
