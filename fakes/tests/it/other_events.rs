//! Events beside `workflow_job`: pings, tests, installations, renames, runs.

use fakes::{OtherEvent, ids::EventId};

use crate::lab::{Lab, Received, job};

#[tokio::test(start_paused = true)]
async fn a_new_hook_is_pinged() {
    let lab = Lab::new();
    let hook = lab.hook("octo/app", &["push"], "s");
    lab.hook("octo", &["push"], "s");
    lab.sleep(1.0).await;
    let pings = lab.received_of("ping");
    assert_eq!(pings.len(), 2);
    assert_eq!(pings[0].body["hook_id"], hook.0);
    assert_eq!(pings[0].body["hook"]["type"], "Repository");
    assert_eq!(pings[0].body["repository"]["full_name"], "octo/app");
    assert!(!pings[0].body["zen"].as_str().unwrap().is_empty());
    assert_eq!(pings[1].body["hook"]["type"], "Organization");
    assert_eq!(pings[1].body["organization"]["login"], "octo");
    assert!(pings[1].body.get("repository").is_none());
}

#[tokio::test(start_paused = true)]
async fn installations_are_told_to_the_app_alone() {
    let lab = Lab::new();
    lab.hook("octo/app", &["*"], "s");
    let id = lab.installation("octo/app").await;
    let github = lab.world.github();
    github.announce_repositories(id, &["octo/app"], &[], EventId(1));
    github.announce_repositories(id, &[], &["octo/app", "octo/unknown"], EventId(1));
    github.suspend("octo", None);
    github.unsuspend("octo", None);
    github.uninstall("octo", None);
    github.install("octo", None);
    lab.sleep(1.0).await;
    let heard = lab.received_of("installation");
    let actions: Vec<&str> = heard.iter().map(Received::action).collect();
    assert_eq!(actions, ["suspend", "unsuspend", "deleted", "created"]);
    assert_eq!(heard[0].body["installation"]["id"], id);
    assert_eq!(heard[0].body["repositories"][0]["full_name"], "octo/app");
    let heard = lab.received_of("installation_repositories");
    assert_eq!(heard[0].body["repositories_added"][0]["name"], "app");
    assert_eq!(heard[1].action(), "removed");
    let removed = heard[1].body["repositories_removed"].as_array().unwrap();
    assert_eq!(removed.len(), 1);
    assert!(
        lab.received()
            .iter()
            .all(|one| { one.header("x-github-event") == "ping" || one.path == "/webhook" })
    );
}

#[tokio::test(start_paused = true)]
async fn a_rename_is_told_to_those_who_subscribe_it() {
    let lab = Lab::new();
    lab.hook("octo", &["repository"], "s");
    let github = lab.world.github();
    github.rename_repo("octo/app", "octo/app2", None);
    lab.sleep(1.0).await;
    let heard = lab.received_of("repository");
    assert_eq!(heard.len(), 1, "the App does not subscribe it");
    assert_eq!(heard[0].action(), "renamed");
    assert_eq!(
        heard[0].body["changes"]["repository"]["name"]["from"],
        "app"
    );
    assert_eq!(heard[0].body["repository"]["name"], "app2");
}

#[tokio::test(start_paused = true)]
async fn a_run_is_requested_in_progress_and_completed_once() {
    let lab = Lab::with(|settings| {
        settings.github.app.events.push("workflow_run".to_owned());
    });
    for name in ["J1", "J2"] {
        let mut job = job(name, &["a"]);
        job.run = Some("R".to_owned());
        lab.world.github().queue(job, None).unwrap();
    }
    for name in ["one", "two"] {
        lab.launch(name, &["a"]).await;
    }
    lab.sleep(300.0).await;
    let heard = lab.received_of("workflow_run");
    let told: Vec<(&str, &str)> = heard
        .iter()
        .map(|one| {
            (
                one.action(),
                one.body["workflow_run"]["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("requested", "queued"),
            ("in_progress", "in_progress"),
            ("completed", "completed")
        ]
    );
    assert_eq!(heard[2].body["workflow_run"]["conclusion"], "success");
    assert_eq!(heard[0].body["workflow"]["name"], "CI");
}

#[tokio::test(start_paused = true)]
async fn nobody_hears_of_runs_by_default() {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    assert_eq!(lab.received_names(), ["J1.queued"]);
}

#[tokio::test(start_paused = true)]
async fn the_app_is_told_of_what_it_did_not_subscribe_if_somebody_wants_that() {
    let lab = Lab::new();
    let github = lab.world.github();
    let job = lab.queue("J1", &["a"]);
    let run = github.run_of(job).unwrap();
    let told = [
        OtherEvent::Ping,
        OtherEvent::Push {
            repo: "octo/app".to_owned(),
        },
        OtherEvent::Renamed {
            repo: "octo/app".to_owned(),
            from: "octo/old".to_owned(),
        },
        OtherEvent::Installation {
            owner: "octo".to_owned(),
            action: "new_permissions_accepted".to_owned(),
        },
        OtherEvent::Repositories {
            owner: "octo".to_owned(),
            added: vec!["octo/app".to_owned()],
            removed: Vec::new(),
        },
        OtherEvent::Run {
            run,
            action: "requested".to_owned(),
        },
    ];
    for event in &told {
        assert!(github.emit_other(event, None), "{event:?}");
    }
    lab.sleep(2.0).await;
    for (name, action) in [
        ("ping", None),
        ("push", None),
        ("repository", Some("renamed")),
        ("installation", Some("new_permissions_accepted")),
        ("installation_repositories", Some("added")),
        ("workflow_run", Some("requested")),
    ] {
        let heard = lab.received_of(name);
        assert_eq!(heard.len(), 1, "{name}");
        assert_eq!(heard[0].body["action"].as_str(), action, "{name}");
    }
    let push = &lab.received_of("push")[0];
    assert!(push.body["installation"]["id"].is_u64(), "{}", push.body);
    let nobody = OtherEvent::Push {
        repo: "octo/none".to_owned(),
    };
    assert!(!github.emit_other(&nobody, None));
}
