//! One event, several hooks: the App's beside those of the repository and its organisation.

use fakes::history::What;

use crate::lab::{Lab, sha256_signature};

/// The deliveries of the first job, by the type of their hooks' targets.
async fn heard_by(lab: &Lab) -> Vec<(String, String, String)> {
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let mut heard: Vec<_> = lab
        .received_of("workflow_job")
        .iter()
        .map(|one| {
            (
                one.header("x-github-hook-installation-target-type")
                    .to_owned(),
                one.path.clone(),
                one.header("x-github-delivery").to_owned(),
            )
        })
        .collect();
    heard.sort();
    heard
}

#[tokio::test(start_paused = true)]
async fn each_subscribed_hook_gets_the_event_signed_with_its_own_secret() {
    let lab = Lab::new();
    let repo = lab.hook("octo/app", &["workflow_job"], "of the repository");
    let organization = lab.hook("octo", &["*"], "of the organisation");
    lab.hook("octo/app", &["push"], "deaf");
    let heard = heard_by(&lab).await;
    let places: Vec<(&str, &str)> = heard
        .iter()
        .map(|(kind, path, _)| (kind.as_str(), path.as_str()))
        .collect();
    assert_eq!(
        places,
        [
            ("integration", "/webhook"),
            ("organization", "/octo"),
            ("repository", "/octo/app")
        ]
    );
    for one in lab.received_of("workflow_job") {
        let (secret, hook) = match one.path.as_str() {
            "/webhook" => ("lab-webhook-secret", 412_345_678),
            "/octo" => ("of the organisation", organization.0),
            _ => ("of the repository", repo.0),
        };
        let signature = sha256_signature(secret, &one.raw);
        assert_eq!(one.header("x-hub-signature-256"), signature);
        assert_eq!(one.header("x-github-hook-id"), hook.to_string());
        assert_eq!(one.job_name(), "J1");
        assert_eq!(
            one.body.get("installation").is_some(),
            one.path == "/webhook",
            "only an App's payload names an installation"
        );
        assert_eq!(one.body["organization"]["login"], "octo");
    }
}

#[tokio::test(start_paused = true)]
async fn all_hooks_share_the_guid_of_an_event_unless_told_otherwise() {
    let shared = Lab::new();
    shared.hook("octo/app", &["workflow_job"], "s");
    let heard = heard_by(&shared).await;
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].2, heard[1].2);
    let split = Lab::with(|settings| settings.github.hooks.one_guid_per_event = false);
    split.hook("octo/app", &["workflow_job"], "s");
    let alone = heard[0].2.clone();
    let heard = heard_by(&split).await;
    assert_ne!(heard[0].2, heard[1].2);
    assert_eq!(heard[0].2, alone, "the App's is drawn the same either way");
}

#[tokio::test(start_paused = true)]
async fn a_repository_without_the_app_still_tells_its_own_hooks() {
    let lab = Lab::with(|settings| settings.github.repos[0].installed = false);
    lab.hook("octo/app", &["workflow_job"], "s");
    let heard = heard_by(&lab).await;
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].0, "repository");
}

#[tokio::test(start_paused = true)]
async fn the_history_names_a_hook_that_is_not_the_apps() {
    let lab = Lab::new();
    let hook = lab.hook("octo/app", &["workflow_job"], "s");
    heard_by(&lab).await;
    let of = |wanted| {
        lab.count(|what| {
            matches!(what, What::DeliveryCreated { name, hook, .. }
                if name == "workflow_job" && *hook == wanted)
        })
    };
    assert_eq!((of(None), of(Some(hook))), (1, 1));
}
