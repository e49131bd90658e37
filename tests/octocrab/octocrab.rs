//! octocrab makes the round against the fake GitHub, in the same world as the clients of `tests/real_clients`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[expect(dead_code, reason = "octocrab keeps nothing, the other clients do")]
#[path = "../real_clients/lab.rs"]
mod lab;
#[path = "../real_clients/round.rs"]
mod round;

use std::time::Duration;

use octocrab::{Octocrab, models::AppId, models::hooks::Delivery};
use serde_json::{Value, json};

use lab::{LABEL, Lab, REPOSITORY};

/// octocrab as the lab's App.
fn app(lab: &Lab) -> Octocrab {
    let given = lab.environment();
    Octocrab::builder()
        .base_uri(given["GITHUB_API_URL"].as_str())
        .unwrap()
        .app_from_rsa_pem(
            AppId(given["GH_APP_ID"].parse().unwrap()),
            &given["GH_APP_PRIVATE_KEY"],
        )
        .unwrap()
        .build()
        .unwrap()
}

async fn queued_jobs(
    installed: &Octocrab,
    owner: &str,
    repo: &str,
) -> octocrab::Result<Vec<String>> {
    let workflows = installed.workflows(owner, repo);
    let runs = workflows.list_all_runs().status("queued").send().await?;
    let mut names = Vec::new();
    for run in runs {
        let jobs = workflows.list_jobs(run.id).send().await?;
        names.extend(jobs.into_iter().map(|job| job.name));
    }
    Ok(names)
}

/// The one delivery that has or has not arrived, once there is one.
async fn the_delivery(app: &Octocrab, arrived: bool) -> octocrab::Result<Delivery> {
    loop {
        let listed = app.apps().webhook_deliveries().send().await?;
        if let Some(found) = listed
            .into_iter()
            .find(|one| (one.status == "OK") == arrived)
        {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn redeliver(app: &Octocrab) -> octocrab::Result<Value> {
    let failed = the_delivery(app, false).await?;
    let full = app.apps().get_webhook_delivery(failed.id).await?;
    assert_eq!(full.request.payload.unwrap()["action"], "queued");
    app.apps().redeliver_webhook_delivery(failed.id).await?;
    let again = the_delivery(app, true).await?;
    Ok(json!({
        "guid": again.guid,
        "failed": failed.id.to_string(),
        "redelivered": again.id.to_string(),
        "redelivery": again.redelivery,
    }))
}

async fn everything(app: &Octocrab) -> octocrab::Result<Value> {
    let (owner, repo) = REPOSITORY.split_once('/').unwrap();
    let authenticated = app.apps().get().await?;
    let installations = app.apps().installations().send().await?;
    let installed = app.installation(installations.items[0].id)?;
    let actions = installed.actions();
    let mut made = Vec::new();
    for name in ["octocrab-1", "octocrab-2", "octocrab-3"] {
        let config =
            actions.create_repo_jit_runner_config(owner, repo, name, 1.into(), [LABEL.to_owned()]);
        made.push(config.send().await?.runner);
    }
    // By number: an installation's client leaves its token out where a link has a host, as every link has, unless
    // that is api.github.com.
    let mut runners = Vec::new();
    for number in 1..=2_u32 {
        let page = actions.list_repo_self_hosted_runners(owner, repo);
        let page = page.per_page(2).page(number).send().await?;
        assert_eq!(page.next.is_some(), number == 1);
        runners.extend(page);
    }
    actions.delete_repo_runner(owner, repo, made[0].id).await?;
    Ok(json!({
        "app": authenticated.id,
        "runner": { "id": made[0].id, "name": made[0].name },
        "runners": runners.iter().map(|runner| &runner.name).collect::<Vec<_>>(),
        "queued": queued_jobs(&installed, owner, repo).await?,
        "delivery": redeliver(app).await?,
    }))
}

#[test]
fn octocrab_makes_the_round() {
    let lab = Lab::new();
    lab.queue_with_a_lost_webhook(round::JOB);
    let seen = lab.runtime.block_on(async { everything(&app(&lab)).await });
    let seen = seen.unwrap_or_else(|error| panic!("{error:?}"));
    round::assert_made(&lab, &seen);
    assert_eq!(
        seen["runners"],
        json!(["octocrab-1", "octocrab-2", "octocrab-3"])
    );
    // Two to a page.
    assert_eq!(lab.statuses("github.list-runners"), [200, 200]);
}
