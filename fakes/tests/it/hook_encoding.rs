//! How a hook wants its payload, and what stands in its headers.

use fakes::ContentType;
use serde_json::Value;

use crate::lab::{Lab, sha256_signature, unwrapped};

#[tokio::test(start_paused = true)]
async fn a_form_carries_the_payload_and_its_signature_covers_the_form() {
    let lab = Lab::with(|settings| settings.github.hooks.app_content_type = ContentType::Form);
    let job = lab.queue("Jörg & co = 100 %", &["a"]);
    lab.sleep(1.0).await;
    let received = &lab.received()[0];
    assert_eq!(
        received.header("content-type"),
        "application/x-www-form-urlencoded"
    );
    let payload = unwrapped(&received.raw);
    assert_eq!(payload["workflow_job"]["id"], job.0);
    assert_eq!(payload["workflow_job"]["name"], "Jörg & co = 100 %");
    assert_eq!(
        received.header("x-hub-signature-256"),
        sha256_signature("lab-webhook-secret", &received.raw)
    );
    let path = "/app/hook/deliveries";
    let log = lab.github("GET", path, &lab.jwt(), Value::Null).await.body;
    let path = format!("{path}/{}", log[0]["id"]);
    let full = lab.github("GET", &path, &lab.jwt(), Value::Null).await.body;
    assert_eq!(
        full["request"]["payload"], payload,
        "the log shows it as JSON"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_secret_nothing_is_signed() {
    let lab = Lab::with(|settings| settings.github.webhook_secret.clear());
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let received = &lab.received()[0];
    assert_eq!(received.header("x-hub-signature-256"), "");
    assert_eq!(received.header("x-hub-signature"), "");
}

#[tokio::test(start_paused = true)]
async fn the_older_signature_can_be_left_out() {
    let lab = Lab::with(|settings| settings.github.hooks.legacy_signature = false);
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let received = &lab.received()[0];
    assert_eq!(received.header("x-hub-signature"), "");
    assert_ne!(received.header("x-hub-signature-256"), "");
}

#[tokio::test(start_paused = true)]
async fn payloads_name_an_enterprise_or_no_organisation_when_told_to() {
    let lab = Lab::with(|settings| {
        settings.github.hooks.enterprise_in_payload = true;
        settings.github.hooks.organization_in_payload = false;
    });
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let body = &lab.received()[0].body;
    assert_eq!(body["enterprise"]["slug"], "octo-enterprise");
    assert!(body.get("organization").is_none());
}
