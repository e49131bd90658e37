//! The claims: every answer fits, every route was asked for everything it can say.

use super::{
    exceptions::{NEVER_GIVEN, UNDESCRIBED},
    session::{described_routes as routes, key, operation},
    whole_session,
};

#[tokio::test(start_paused = true)]
async fn every_answer_fits_githubs_description() {
    whole_session().await.assert_nothing_is_wrong();
}

#[test]
fn every_route_is_in_githubs_description_or_excused() {
    let unknown: Vec<String> = routes()
        .filter(|route| operation(route).is_none())
        .map(|route| key(&route))
        .collect();
    let excused: Vec<&str> = UNDESCRIBED.iter().map(|(name, _)| *name).collect();
    assert_eq!(unknown, excused, "left: not described; right: excused");
}

#[tokio::test(start_paused = true)]
async fn every_route_answers_with_success() {
    let session = whole_session().await;
    let never: Vec<String> = routes()
        .filter(|route| !session.answered(route).iter().any(|status| *status < 400))
        .map(|route| key(&route))
        .collect();
    assert!(never.is_empty(), "never answered with success: {never:#?}");
}

#[tokio::test(start_paused = true)]
async fn every_described_status_is_given_or_excused() {
    let session = whole_session().await;
    let mut missing = Vec::new();
    let mut needed = vec![false; NEVER_GIVEN.len()];
    for route in routes() {
        let Some(operation) = operation(&route) else {
            continue;
        };
        let given = session.answered(&route);
        for status in operation.statuses() {
            if given.contains(&status) {
                continue;
            }
            let name = key(&route);
            let excuse = NEVER_GIVEN
                .iter()
                .position(|(who, what, _)| (*who == "*" || *who == name) && *what == status);
            match excuse {
                Some(place) => needed[place] = true,
                None => missing.push(format!("{name} -> {status}")),
            }
        }
    }
    assert!(missing.is_empty(), "never given: {missing:#?}");
    for (excuse, needed) in NEVER_GIVEN.iter().zip(needed) {
        assert!(needed, "{excuse:?} excuses nothing any more");
    }
}
