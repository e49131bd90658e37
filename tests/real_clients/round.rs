//! The round every API client makes, as the world saw it.

use std::collections::BTreeSet;

use fakes::{
    history::{CredentialState, Origin, Removal, What},
    ids::{DeliveryId, RunnerId},
};
use serde_json::Value;

use crate::lab::Lab;

/// The calls of the round. Each must have been made and have succeeded.
const CALLS: [&str; 9] = [
    "github.app",
    "github.create-token",
    "github.jit-config",
    "github.list-runners",
    "github.delete-runner",
    "github.list-runs",
    "github.list-run-jobs",
    "github.list-deliveries",
    "github.redeliver",
];

/// A world in which the round can be made: one queued job whose webhook was lost.
pub(crate) const JOB: &str = "J1";

/// Asserts that what the client reports agrees with what reached the fake, and that nothing went wrong.
pub(crate) fn assert_made(lab: &Lab, reported: &Value) {
    let events = lab.events();
    assert_every_call_was_good(&events);
    assert_eq!(reported["queued"], serde_json::json!([JOB]));
    let runner = RunnerId(reported["runner"]["id"].as_u64().unwrap());
    let name = reported["runner"]["name"].as_str().unwrap();
    let created = |event: &What| matches!(event, What::RunnerCreated { runner: made, name: called, .. } if *made == runner && called == name);
    let removed = |event: &What| matches!(event, What::RunnerRemoved { runner: gone, why: Removal::Api, .. } if *gone == runner);
    assert!(events.iter().any(created), "{events:#?}");
    assert!(events.iter().any(removed), "{events:#?}");
    assert_redelivered(&events, &reported["delivery"]);
}

fn assert_every_call_was_good(events: &[What]) {
    let mut made = BTreeSet::new();
    for event in events {
        match event {
            What::CallReceived { credential, .. } => {
                let state = credential.map(|credential| credential.state);
                assert_eq!(state, Some(CredentialState::Fresh), "{event:?}");
            }
            What::CallAnswered { name, status, .. } => {
                assert!(*status < 300, "{event:?}");
                made.insert(name.as_str());
            }
            _ => {}
        }
    }
    for call in CALLS {
        assert!(made.contains(call), "{call} was not made; {made:?} were");
    }
}

/// The lost delivery went out again under its GUID and a new id, neither of which a double can hold.
fn assert_redelivered(events: &[What], reported: &Value) {
    let attempts: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            What::DeliveryCreated {
                delivery,
                guid,
                origin,
                ..
            } => Some((*delivery, guid.as_str(), *origin)),
            _ => None,
        })
        .collect();
    let [
        (first, guid, Origin::Emitted),
        (second, again, Origin::Repeated),
    ] = attempts[..]
    else {
        panic!("{attempts:?}");
    };
    assert_eq!(guid, again);
    assert_ne!(first, second);
    assert!(first.0 > 1 << 53 && second.0 > 1 << 53);
    assert_eq!(reported["guid"], guid);
    assert_eq!(exact(&reported["failed"]), first);
    assert_eq!(exact(&reported["redelivered"]), second);
    assert_eq!(reported["redelivery"], true);
    let arrived = |event: &What| matches!(event, What::DeliveryAnswered { delivery, status: 200, .. } if *delivery == second);
    assert!(events.iter().any(arrived), "{events:#?}");
}

/// An id as text, because not every client's JSON carries 64 bits.
fn exact(reported: &Value) -> DeliveryId {
    DeliveryId(reported.as_str().unwrap().parse().unwrap())
}
