//! What HF jobs cost, seen through their own lives, and what happens when nobody can pay.

use std::time::Duration;

use fakes::{HfSettings, ids::HfJobId};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

/// Millionths of a US dollar for a minute of `cpu-basic`.
const MINUTE: u64 = 167;

async fn start(lab: &Lab, namespace: &str, body: Value) -> Answer {
    let mut whole =
        json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["sleep", "3600"]});
    for (key, value) in body.as_object().unwrap() {
        whole[key] = value.clone();
    }
    lab.hf("POST", &format!("/api/jobs/{namespace}"), whole)
        .await
}

async fn started(lab: &Lab, body: Value) -> HfJobId {
    let made = start(lab, "lab", body).await;
    assert_eq!(made.status, 200, "{made:?}");
    HfJobId(made.body["id"].as_str().unwrap().to_owned())
}

async fn status(lab: &Lab, id: &HfJobId) -> Value {
    let path = format!("/api/jobs/lab/{}", id.0);
    lab.hf("GET", &path, Value::Null).await.body["status"].clone()
}

/// A world whose jobs run at once, so that a program's length is the job's.
fn instant(change: impl FnOnce(&mut HfSettings)) -> Lab {
    Lab::with(|settings| {
        settings.hf.cold_start.clear();
        change(&mut settings.hf);
    })
}

/// A job of a random kind.
#[derive(Clone, Debug)]
struct Kind {
    /// How long each attempt runs, seconds.
    runs_s: u64,
    fails: bool,
    attempts: u64,
    timeout_s: u64,
    /// When it is cancelled, milliseconds after its creation.
    cancelled_ms: Option<u64>,
    exposed: bool,
}

impl Kind {
    /// How long it is RUNNING, by the rules and nothing else.
    fn running_ms(&self) -> u64 {
        let attempts = if self.fails { self.attempts } else { 1 };
        let by_itself = (attempts * self.runs_s).min(self.timeout_s) * 1_000;
        self.cancelled_ms.map_or(by_itself, |at| at.min(by_itself))
    }

    fn micro_usd(&self) -> u64 {
        let minutes = self.running_ms().div_ceil(60_000).max(1);
        minutes * if self.exposed { 2 * MINUTE } else { MINUTE }
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    (
        0_u64..400,
        any::<bool>(),
        1_u64..4,
        1_u64..600,
        prop::option::of(0_u64..500_000),
        any::<bool>(),
    )
        .prop_map(
            |(runs_s, fails, attempts, timeout_s, cancelled_ms, exposed)| Kind {
                runs_s,
                fails,
                attempts,
                timeout_s,
                cancelled_ms,
                exposed,
            },
        )
}

async fn cost_of(kind: &Kind) -> u64 {
    let lab = instant(|_| {});
    let end = if kind.fails { "false" } else { "true" };
    let script = format!("sleep {}; {end}", kind.runs_s);
    let mut body = json!({
        "command": ["sh", "-c", script], "attempts": kind.attempts, "timeoutSeconds": kind.timeout_s,
    });
    if kind.exposed {
        body["expose"] = json!({"ports": [8000]});
    }
    let id = started(&lab, body).await;
    if let Some(at_ms) = kind.cancelled_ms {
        tokio::time::sleep(Duration::from_millis(at_ms)).await;
        let path = format!("/api/jobs/lab/{}/cancel", id.0);
        assert_eq!(lab.hf("POST", &path, Value::Null).await.status, 200);
    }
    lab.sleep(2_000.0).await;
    let costs = lab.world.hf().costs();
    assert_eq!(costs.total.live, 0, "{kind:?}");
    assert_eq!(
        lab.world.hf().jobs()[0].cost_micro_usd,
        Some(costs.total.micro_usd)
    );
    costs.total.micro_usd
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_job_costs_every_minute_it_started_however_it_ended(kind in kinds()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        // Cancelled before its first poll it never ran, and never cost anything.
        let runs_at_all = kind.cancelled_ms != Some(0);
        let cost = runtime.block_on(cost_of(&kind));
        prop_assert_eq!(cost, if runs_at_all { kind.micro_usd() } else { 0 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_live_job_shows_what_it_costs_so_far_by_namespace_and_flavor() {
    let lab = instant(|hf| hf.namespaces.push("acme".to_owned()));
    started(&lab, json!({})).await;
    start(
        &lab,
        "acme",
        json!({"flavor": "t4-small", "command": ["sleep", "30"]}),
    )
    .await;
    lab.sleep(61.0).await;
    let costs = lab.world.hf().costs();
    assert_eq!(
        (costs.total.jobs, costs.total.live, costs.total.minutes),
        (2, 1, 3)
    );
    assert_eq!(costs.by_namespace["lab"].micro_usd, 2 * MINUTE);
    assert_eq!(costs.by_namespace["acme"].micro_usd, 6667);
    assert_eq!(costs.by_flavor["t4-small"], costs.by_namespace["acme"]);
    assert!(costs.by_repo.is_empty(), "no runner was started");
    assert_eq!(lab.world.hf().jobs()[0].cost_so_far_micro_usd, 2 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn the_job_of_a_runner_counts_for_its_repository() {
    let lab = Lab::new();
    lab.launch("r", &["a"]).await;
    lab.launch_registering("s", "a").await;
    lab.sleep(30.0).await;
    let costs = lab.world.hf().costs();
    assert_eq!(
        (
            costs.by_repo["octo/app"].jobs,
            costs.by_repo["octo/app"].micro_usd
        ),
        (2, 2 * MINUTE)
    );
}

#[tokio::test(start_paused = true)]
async fn a_used_up_balance_refuses_new_jobs_of_its_namespace_alone() {
    let lab = instant(|hf| {
        hf.namespaces.push("acme".to_owned());
        hf.balances.insert("lab".to_owned(), 0);
    });
    let refused = start(&lab, "lab", json!({})).await;
    assert_eq!(refused.status, 402);
    assert_eq!(
        refused.body["error"],
        "Pre-paid credit balance is insufficient - add more credits to your account to use Jobs."
    );
    assert_eq!(start(&lab, "acme", json!({})).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn jobs_are_cancelled_at_the_moment_a_minute_starts_that_the_balance_does_not_cover() {
    let lab = instant(|hf| {
        hf.balances.insert("lab".to_owned(), 5 * MINUTE);
    });
    let first = started(&lab, json!({})).await;
    lab.sleep(30.0).await;
    let second = started(&lab, json!({})).await;
    // Minutes start at 0, 30, 60, 90 and 120 s; the sixth, at 150 s, is not paid for.
    lab.sleep(119.9).await;
    assert_eq!(
        (lab.stage(&first).await, lab.stage(&second).await),
        ("RUNNING".to_owned(), "RUNNING".to_owned())
    );
    lab.sleep(0.2).await;
    for id in [&first, &second] {
        let status = status(&lab, id).await;
        assert_eq!(
            (&status["stage"], &status["cancelReason"]),
            (&json!("CANCELED"), &json!("NO_CREDITS"))
        );
    }
    let costs = lab.world.hf().costs();
    assert_eq!(
        (costs.total.micro_usd, costs.left_micro_usd["lab"]),
        (5 * MINUTE, 0)
    );
    assert_eq!(start(&lab, "lab", json!({})).await.status, 402);
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_first_minute_nobody_can_pay_never_runs() {
    let lab = Lab::with(|settings| {
        settings.hf.balances.insert("lab".to_owned(), MINUTE - 1);
    });
    let id = started(&lab, json!({})).await;
    lab.sleep(21.0).await;
    let status = status(&lab, &id).await;
    assert_eq!(
        (&status["stage"], &status["cancelReason"]),
        (&json!("CANCELED"), &json!("NO_CREDITS"))
    );
    assert_eq!(lab.world.hf().costs().total.micro_usd, 0);
    assert_eq!(
        start(&lab, "lab", json!({})).await.status,
        402,
        "a rest that pays no minute is none"
    );
}

#[tokio::test(start_paused = true)]
async fn a_balance_can_end_while_a_job_is_scheduled_if_that_is_billed() {
    let lab = Lab::with(|settings| {
        settings.hf.scheduling_is_billed = true;
        settings.hf.balances.insert("lab".to_owned(), 2 * MINUTE);
        let slow = settings.hf.cold_start.get_mut("default").unwrap();
        slow.schedule = fakes::Spread::fixed(Duration::from_secs(3600));
    });
    let id = started(&lab, json!({})).await;
    lab.sleep(119.9).await;
    assert_eq!(lab.stage(&id).await, "SCHEDULING");
    lab.sleep(0.2).await;
    assert_eq!(status(&lab, &id).await["cancelReason"], "NO_CREDITS");
    assert_eq!(lab.world.hf().costs().total.micro_usd, 2 * MINUTE);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_balance_is_ever_overdrawn(balance in 0_u64..3_000, lengths in prop::collection::vec(1_u64..400, 1..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let costs = runtime.block_on(async {
            let lab = instant(|hf| {
                hf.balances.insert("lab".to_owned(), balance);
            });
            for length in lengths {
                start(&lab, "lab", json!({"command": ["sleep", length.to_string()]})).await;
                lab.sleep(length as f64 / 3.0).await;
            }
            lab.sleep(1_000.0).await;
            lab.world.hf().costs()
        });
        prop_assert!(costs.total.micro_usd <= balance);
        prop_assert_eq!(costs.left_micro_usd["lab"], balance - costs.total.micro_usd);
    }
}

#[tokio::test(start_paused = true)]
async fn the_usage_of_this_month_lists_what_was_billed() {
    let lab = instant(|_| {});
    let id = started(&lab, json!({"command": ["sleep", "70"]})).await;
    lab.sleep(10.0).await;
    started(&lab, json!({"flavor": "t4-small"})).await;
    lab.sleep(100.0).await;
    let answer = lab
        .hf("GET", "/api/settings/billing/usage/jobs", Value::Null)
        .await
        .body;
    let usage = &answer["usage"];
    assert_eq!(answer["hasAccess"], true);
    assert_eq!(
        (&usage["periodStart"], &usage["periodEnd"]),
        (
            &json!("2026-11-01T00:00:00.000Z"),
            &json!("2026-12-01T00:00:00.000Z")
        )
    );
    assert_eq!(
        (&usage["totalMinutes"], &usage["usedMicroUsd"]),
        (&json!(4), &json!(2 * MINUTE + 2 * 6667))
    );
    let first = &usage["jobDetails"][0];
    assert_eq!(
        (
            &first["jobId"],
            &first["hardwareFlavor"],
            &first["totalMinutes"],
            &first["totalCostMicroUsd"]
        ),
        (
            &json!(id.0),
            &json!("cpu-basic"),
            &json!(2),
            &json!(2 * MINUTE)
        )
    );
    assert_eq!(first["completedAt"], "2026-11-03T10:01:10.000Z");
    assert!(
        usage["jobDetails"][1].get("completedAt").is_none(),
        "it still runs"
    );
    assert_eq!(
        lab.hf_as(
            "Bearer wrong",
            "GET",
            "/api/settings/billing/usage/jobs",
            Value::Null
        )
        .await
        .status,
        401
    );
}
