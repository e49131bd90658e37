//! Incidents that are started in a served world, seen over HTTP.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    control::{JIT, JIT_BODY},
    served::{Answer, Lab, NOTHING, receiver},
};

fn start(lab: &Lab, incident: &str, set: &Value) -> Answer {
    let path = format!("/_lab/incidents/{incident}");
    lab.ask("POST", &path, &json!({ "set": set }))
}

#[test]
fn every_incident_is_listed_with_what_it_is_about() {
    let lab = Lab::github();
    let listed = lab.ask("GET", "/_lab/incidents", &NOTHING).json();
    let listed = listed["incidents"].as_array().unwrap();
    let fragments = scenarios::fragments().iter();
    let names = fragments.filter_map(|fragment| fragment.name.strip_prefix("incidents/"));
    assert!(
        names.eq(listed
            .iter()
            .map(|incident| incident["name"].as_str().unwrap()))
    );
    for incident in listed {
        assert!(incident["about"].as_str().unwrap().len() > 20, "{incident}");
        assert!(incident["parameters"][0].is_string(), "{incident}");
        let name = incident["name"].as_str().unwrap();
        let path = format!("/_lab/incidents/{name}");
        let started = lab.ask("POST", &path, &NOTHING);
        assert_eq!(started.status, 201, "{name}: {started:?}");
        assert_eq!(started.json()["about"], incident["about"]);
        for fault in started.json()["faults"].as_array().unwrap() {
            let rule = &fault["rule"];
            assert!(
                rule["until"].is_string() || rule["times"].is_u64(),
                "{rule}"
            );
        }
    }
}

#[test]
fn credentials_are_answered_502_until_the_incident_is_over() {
    let lab = Lab::github();
    let token = lab.token();
    let started = start(
        &lab,
        "registration-502-2026-05",
        &json!({ "share": "100%" }),
    );
    assert_eq!(started.json()["not_applied"], json!([]));
    let fault = &started.json()["faults"][0];
    assert_eq!(
        (&fault["open"], &fault["rule"]["until"]),
        (&json!(true), &json!("1m"))
    );
    let refused = lab.call("POST", JIT, &token, JIT_BODY);
    assert_eq!(
        (refused.status, refused.content_type.as_str()),
        (502, "text/html")
    );
    assert!(refused.text.contains("Unicorn"), "{refused:?}");
    lab.ask(
        "DELETE",
        &format!("/_lab/faults/{}", fault["fault"]),
        &NOTHING,
    );
    assert_eq!(lab.call("POST", JIT, &token, JIT_BODY).status, 201);
}

#[test]
fn correctly_signed_webhooks_name_a_strangers_installation() {
    let lab = Lab::github();
    let (url, received) = receiver();
    lab.ask("PUT", "/_lab/webhook", &json!({ "url": url }));
    let set = json!({ "zero": "0%", "foreign": "100%", "stranger": "4711" });
    let started = start(&lab, "foreign-installation-2026-06", &set).json();
    assert_eq!(started["faults"].as_array().unwrap().len(), 2);
    lab.ask(
        "POST",
        "/_lab/jobs",
        &json!({ "labels": "hf-jobs-cpu-basic" }),
    );
    let webhook = received.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(
        webhook.contains("x-hub-signature-256: sha256="),
        "{webhook}"
    );
    assert!(
        webhook.contains(r#""installation":{"id":4711,"#),
        "{webhook}"
    );
}

#[test]
fn an_incident_ends_by_itself() {
    let lab = Lab::github();
    let set = json!({ "lasts": "1s" });
    start(&lab, "queued-never-sent-2023-12", &set);
    let open = || lab.ask("GET", "/_lab/faults", &NOTHING).json()["faults"][0]["open"] == true;
    let ended = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        !open()
    });
    assert!(ended, "it goes on for a minute");
}

#[test]
fn what_a_running_world_cannot_do_is_named() {
    let lab = Lab::github();
    let started = start(&lab, "webhooks-delayed-2024-07", &json!({})).json();
    assert_eq!(
        started["not_applied"][0]["part"],
        "world.github.assignment.delay: 2m..12m"
    );
    let fault = &started["faults"][0];
    assert_eq!(
        (&fault["open"], &fault["rule"]["from"]),
        (&json!(false), &json!("26m"))
    );
}

#[test]
fn an_incident_or_parameter_nobody_knows_is_refused_with_those_there_are() {
    let lab = Lab::github();
    let unknown = lab.ask("POST", "/_lab/incidents/nothing", &NOTHING);
    assert_eq!(unknown.status, 404);
    let help = unknown.json()["help"].as_str().unwrap().to_owned();
    assert!(help.contains("registration-502-2026-05"), "{help}");
    let wrong = start(&lab, "registration-502-2026-05", &json!({ "lenght": "1s" }));
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.json()["error"], "unknown parameter `lenght`");
    let wrong = start(
        &lab,
        "registration-502-2026-05",
        &json!({ "share": "lots" }),
    );
    assert_eq!(wrong.status, 400, "{wrong:?}");
    let faults = lab.ask("GET", "/_lab/faults", &NOTHING).json();
    assert_eq!(faults["faults"], json!([]), "nothing was started");
}
