//! supply-covers-demand (I5): runners are fungible within a lane, so booting and idle ones must become as many as jobs wait
//! there. That one job is no longer queued is no reason to start nothing for the others.

use super::{Context, Judgement, ledger::Ledger, shortages::Place, verdict::time};

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut judgement = Judgement::new(
        "no lane had more than one job open at once, and none lost supply while one was",
    );
    for place in context.places() {
        if place.telling {
            judgement.occasion();
        }
        judge_place(context.ledger, place, &mut judgement);
    }
    judgement
}

fn judge_place(ledger: &Ledger<'_>, place: &Place, judgement: &mut Judgement) {
    if !place.late && place.filled.is_some() {
        return;
    }
    let Some(lane) = ledger.lanes.get(place.lane) else {
        return;
    };
    let labels: Vec<_> = lane.labels.iter().map(String::as_str).collect();
    let short = format!(
        "{} {} had more open jobs than booting and idle runners from {} on",
        lane.place,
        labels.join(","),
        time(place.entered.at_ms)
    );
    let counted = if place.beginning == place.entered {
        String::new()
    } else {
        format!(", which counts from {}", time(place.beginning.at_ms))
    };
    match (place.late, place.filled, place.due_ms) {
        (true, filled, Some(due_ms)) if ledger.is_gone_by(due_ms) => {
            if filled.is_none() {
                let why = format!("{short}, and the dispatcher never came back");
                judgement.undecided(place.entered.event, why);
            }
        }
        (true, filled, Some(due_ms)) => {
            let end = filled.map_or_else(
                || "nothing came".to_owned(),
                |filled| format!("that was over at {}", time(filled.at_ms)),
            );
            let why = format!(
                "{short}{counted}; one more was due by {}, and {end}",
                time(due_ms)
            );
            judgement.breach(place.entered.event, why);
        }
        (false, None, due_ms) => {
            let due = due_ms.map_or_else(
                || "no slot was free".to_owned(),
                |due_ms| format!("one more is due by {}", time(due_ms)),
            );
            let why = format!(
                "{short}{counted}; {due}, and the run ended at {}",
                time(ledger.end.at_ms)
            );
            judgement.undecided(place.entered.event, why);
        }
        (false, Some(_), _) | (true, _, None) => {}
    }
}
