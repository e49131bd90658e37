//! caps-and-slots (I13): never more HF jobs than the cap in force, at every scope, and free slots go round: no lane takes them all
//! while another waits.

use std::collections::BTreeMap;

use fakes::{
    history::{Event, What},
    ids::EventId,
};

use super::{
    Context, Judgement,
    lanes::{LaneId, Lanes, Reach},
    ledger::{Kinds, moment},
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
    let mut tally = Tally::lending(context);
    let mut neglected = Neglected(vec![None; context.ledger.lanes.len()]);
    let mut pressed = false;
    for event in context.lent_changes_and(Kinds::CHANGES) {
        let is_idle = tally.enter(event).is_empty() && !tally.slots_moved();
        if is_idle {
            continue;
        }
        alive.enter(&context.ledger.lanes, event);
        if caps.total.is_some() {
            neglected.look(context, &tally, &alive, event.id);
        }
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
            let fills = caps.total.is_some_and(|cap| alive.total >= cap as usize);
            if let Some(Reach::Lane(lane)) = context.ledger.lanes.reach(hf_job).filter(|_| fills) {
                judgement.breach_if(event.id, starves(context, &tally, lane, event, &neglected));
            }
        }
        let is_pressed = is_pressed(context, &tally, &alive);
        if is_pressed && !pressed {
            judgement.occasion();
        }
        pressed = is_pressed;
    }
    judgement
}

/// Whether, in some scope, what its lanes are short of and its HF jobs together exceed a cap.
fn is_pressed(context: &Context<'_, '_>, tally: &Tally<'_, '_>, alive: &Alive<'_>) -> bool {
    let caps = context.terms.caps;
    let over = |cap: Option<u32>, wanted: usize| cap.is_some_and(|cap| wanted > cap as usize);
    let mut in_all = 0;
    let mut of_place: BTreeMap<&str, usize> = BTreeMap::new();
    let mut of_flavor: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, lane) in context.ledger.lanes.iter() {
        let short = tally.shortage(id);
        in_all += short;
        *of_place.entry(lane.place).or_default() += short;
        *of_flavor.entry(lane.flavor).or_default() += short;
    }
    over(caps.total, in_all + alive.total)
        || of_place
            .iter()
            .any(|(place, short)| over(caps.per_repo, short + alive.of_repo(place)))
        || of_flavor
            .iter()
            .any(|(flavor, short)| over(caps.per_flavor, short + alive.of_flavor(flavor)))
}

/// Since which event each lane has been short without a break, with a slot free in its scopes below the total.
struct Neglected(Vec<Option<EventId>>);

impl Neglected {
    fn look(
        &mut self,
        context: &Context<'_, '_>,
        tally: &Tally<'_, '_>,
        alive: &Alive<'_>,
        now: EventId,
    ) {
        let caps = context.terms.caps;
        let free = |cap: Option<u32>, alive: usize| cap.is_none_or(|cap| alive < cap as usize);
        for ((id, lane), since) in context.ledger.lanes.iter().zip(&mut self.0) {
            let is_neglected = tally.shortage(id) > 0
                && free(caps.per_repo, alive.of_repo(lane.place))
                && free(caps.per_flavor, alive.of_flavor(lane.flavor));
            *since = is_neglected.then(|| since.unwrap_or(now));
        }
    }

    fn since(&self, lane: LaneId) -> Option<EventId> {
        self.0.get(lane.0).copied().flatten()
    }
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
    neglected: &Neglected,
) -> Option<String> {
    let (ledger, terms) = (context.ledger, context.terms);
    let oldest = |lane: LaneId| {
        let (open, _) = tally.lane(lane)?.open.first()?;
        ledger.event(*open).map(moment)
    };
    let own = oldest(lane)?;
    let within_ms = terms.bounds.served_within_ms;
    ledger.lanes.iter().find_map(|(other, its)| {
        let waits = oldest(other).filter(|_| other != lane)?;
        let longer = own.at_ms > waits.at_ms.saturating_add(within_ms);
        let all_the_time = neglected.since(other).is_some_and(|since| since <= waits.event);
        let struck = || ledger.disturbances.touched(&ledger.lanes, other, waits.event, event.id);
        (longer && all_the_time && !struck()).then(|| {
            format!(
                "the last slot of all went to a lane whose oldest job had come at {}, while one of {} had waited since {} with nothing there for it",
                time(own.at_ms),
                its.place,
                time(waits.at_ms)
            )
        })
    })
}
