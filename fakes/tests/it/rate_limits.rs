//! Primary and secondary rate limits: what is counted where, and what a call too many is answered.

use std::time::Duration;

use fakes::{
    BegunHour, Effect, FaultRule, Length, LimitSettings, PointsScope, RepoSettings,
    history::{Lost, What},
};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

const RUNNERS: &str = "/repos/octo/app/actions/runners";
const SECONDARY: &str = "You have exceeded a secondary rate limit.";

fn limited(change: impl FnOnce(&mut LimitSettings)) -> Lab {
    Lab::with(|settings| change(&mut settings.github.limits))
}

async fn get(lab: &Lab, path: &str, auth: &str) -> Answer {
    lab.github("GET", path, auth, Value::Null).await
}

async fn runners(lab: &Lab, auth: &str) -> Answer {
    get(lab, RUNNERS, auth).await
}

async fn jit(lab: &Lab, auth: &str, name: &str) -> Answer {
    let body = json!({"name": name, "runner_group_id": 1, "labels": ["x"]});
    let path = format!("{RUNNERS}/generate-jitconfig");
    lab.github("POST", &path, auth, body).await
}

/// Limit, used, remaining and resource, as the headers say.
fn shown(answer: &Answer) -> (u32, u32, u32, String) {
    let number = |name: &str| answer.header(name).parse().unwrap();
    (
        number("x-ratelimit-limit"),
        number("x-ratelimit-used"),
        number("x-ratelimit-remaining"),
        answer.header("x-ratelimit-resource").to_owned(),
    )
}

fn core(limit: u32, used: u32) -> (u32, u32, u32, String) {
    (limit, used, limit - used, "core".to_owned())
}

#[tokio::test(start_paused = true)]
async fn every_caller_has_an_hour_of_its_own_that_begins_with_its_first_call() {
    let lab = Lab::new();
    let token = lab.token().await;
    lab.sleep(10.0).await;
    assert_eq!(shown(&runners(&lab, &token).await), core(5_000, 1));
    let second = runners(&lab, &token).await;
    assert_eq!(shown(&second), core(5_000, 2));
    let reset: i64 = second.header("x-ratelimit-reset").parse().unwrap();
    assert_eq!(reset, lab.clock.now().as_second() + 3600);
    // Two calls by JWT minted the token.
    assert_eq!(shown(&get(&lab, "/app", &lab.jwt()).await), core(5_000, 3));
    let nobody = lab.github_with(("GET", "/repos/octo/app"), &[], "").await;
    assert_eq!(shown(&nobody), core(60, 1));
    lab.sleep(3599.0).await;
    let token = lab.token().await;
    assert_eq!(shown(&runners(&lab, &token).await), core(5_000, 3));
    lab.sleep(1.0).await;
    assert_eq!(shown(&runners(&lab, &token).await), core(5_000, 1));
}

#[tokio::test(start_paused = true)]
async fn all_tokens_of_an_installation_share_its_hour() {
    let lab = Lab::with(|settings| {
        let more = (0..30).map(|n| RepoSettings::installed(&format!("octo/r{n}")));
        settings.github.repos.extend(more);
    });
    let (one, other) = (lab.token().await, lab.token().await);
    runners(&lab, &one).await;
    // 31 repositories: 50 more for each above 20.
    assert_eq!(shown(&runners(&lab, &other).await), core(5_550, 2));
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_shown_nobodys_limit_and_not_counted() {
    let lab = Lab::new();
    for _ in 0..2 {
        let refused = runners(&lab, "token ghs_never").await;
        assert_eq!((refused.status, shown(&refused)), (401, core(60, 0)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_call_of_the_hour_is_followed_by_refusals_until_the_reset() {
    let lab = limited(|limits| limits.primary.installation = 2);
    let (token, id) = (lab.token().await, lab.installation("octo/app").await);
    assert_eq!(shown(&runners(&lab, &token).await), core(2, 1));
    assert_eq!(shown(&runners(&lab, &token).await), core(2, 2));
    let refused = runners(&lab, &token).await;
    assert_eq!(refused.status, 403);
    let message = format!("API rate limit exceeded for installation ID {id}.");
    assert_eq!(refused.message(), message);
    assert_eq!(shown(&refused), core(2, 2));
    assert_eq!(refused.header("retry-after"), "");
    let reset: i64 = refused.header("x-ratelimit-reset").parse().unwrap();
    let wait = reset - lab.clock.now().as_second();
    lab.sleep(wait as f64 - 0.001).await;
    assert_eq!(runners(&lab, &token).await.status, 403);
    let token = lab.token().await;
    lab.sleep(0.001).await;
    assert_eq!(runners(&lab, &token).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_status_of_a_refusal_and_the_other_callers_limits_are_settings() {
    let lab = limited(|limits| {
        (
            limits.primary.status,
            limits.primary.app,
            limits.primary.anonymous,
        ) = (429, 1, 1);
    });
    let jwt = lab.jwt();
    assert_eq!(get(&lab, "/app", &jwt).await.status, 200);
    let refused = get(&lab, "/app", &jwt).await;
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.message(),
        "API rate limit exceeded for app ID 1234."
    );
    let anonymous = async || lab.github_with(("GET", "/repos/octo/app"), &[], "").await;
    assert_eq!(anonymous().await.status, 200);
    assert!(
        anonymous()
            .await
            .message()
            .starts_with("API rate limit exceeded for 127.0.0.1.")
    );
}

#[tokio::test(start_paused = true)]
async fn asking_for_the_limits_is_free_and_shows_every_resource() {
    let lab = limited(|limits| limits.primary.installation = 1);
    let token = lab.token().await;
    runners(&lab, &token).await;
    for _ in 0..2 {
        let limits = get(&lab, "/rate_limit", &token).await;
        assert_eq!(limits.status, 200);
        let resources = &limits.body["resources"];
        assert_eq!(resources["core"]["used"], 1);
        assert_eq!(limits.body["rate"], resources["core"]);
        assert_eq!(resources["actions_runner_registration"]["limit"], 10_000);
        assert_eq!(resources["integration_manifest"]["limit"], 5_000);
        assert_eq!(resources["search"]["limit"], 30);
        assert_eq!(shown(&limits), core(1, 1));
    }
    assert_eq!(runners(&lab, &token).await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn runner_registrations_are_counted_in_a_resource_of_their_own() {
    let lab = limited(|limits| limits.primary.runner_registration = 2);
    let token = lab.token().await;
    let registration = |used: u32| (2, used, 2 - used, "actions_runner_registration".to_owned());
    assert_eq!(shown(&jit(&lab, &token, "r1").await), registration(1));
    let path = format!("{RUNNERS}/registration-token");
    let made = lab.github("POST", &path, &token, Value::Null).await;
    assert_eq!(shown(&made), registration(2));
    assert_eq!(jit(&lab, &token, "r2").await.status, 403);
    // The rest of the API is not concerned.
    assert_eq!(shown(&runners(&lab, &token).await), core(5_000, 1));
}

#[tokio::test(start_paused = true)]
async fn which_calls_are_registrations_is_a_setting() {
    let lab = limited(|limits| {
        limits.primary.registration_token_is_registration = false;
        limits.primary.jit_config_is_registration = false;
    });
    let token = lab.token().await;
    assert_eq!(shown(&jit(&lab, &token, "r1").await), core(5_000, 1));
    let path = format!("{RUNNERS}/registration-token");
    let made = lab.github("POST", &path, &token, Value::Null).await;
    assert_eq!(shown(&made), core(5_000, 2));
}

#[tokio::test(start_paused = true)]
async fn conversions_of_manifests_are_counted_apart() {
    let lab = limited(|limits| limits.primary.manifest = 1);
    let convert = async || {
        let path = "/app-manifests/none/conversions";
        lab.github_with(("POST", path), &[], "").await
    };
    let first = convert().await;
    let manifest = (1, 1, 0, "integration_manifest".to_owned());
    assert_eq!((first.status, shown(&first)), (404, manifest));
    assert_eq!(convert().await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_scripted_answer_shows_the_limit_without_counting() {
    let lab = Lab::new();
    let token = lab.token().await;
    runners(&lab, &token).await;
    let scripted = Effect::Answer(vocabulary::Answer::of(502, "{}"));
    lab.world
        .faults()
        .install(vec![FaultRule::always("github.list-runners", scripted)]);
    for _ in 0..2 {
        let answer = runners(&lab, &token).await;
        assert_eq!((answer.status, shown(&answer)), (502, core(5_000, 1)));
    }
}

#[tokio::test(start_paused = true)]
async fn nine_hundred_points_a_minute_are_180_writes_or_900_reads_of_one_endpoint() {
    let lab = Lab::new();
    let token = lab.token().await;
    for n in 0..180 {
        assert_eq!(jit(&lab, &token, &format!("r{n}")).await.status, 201, "{n}");
    }
    let refused = jit(&lab, &token, "one-more").await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().starts_with(SECONDARY));
    assert_eq!(refused.header("retry-after"), "60");
    // It was counted nowhere, and reading is another endpoint.
    assert_eq!(refused.header("x-ratelimit-used"), "180");
    for n in 0..900 {
        assert_eq!(runners(&lab, &token).await.status, 200, "{n}");
    }
    assert_eq!(runners(&lab, &token).await.status, 403);
    lab.sleep(60.0).await;
    assert_eq!(jit(&lab, &token, "later").await.status, 201);
    assert_eq!(runners(&lab, &token).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn points_can_be_counted_over_all_endpoints_of_a_caller() {
    let lab = limited(|limits| {
        limits.secondary.points_scope = PointsScope::Caller;
        limits.secondary.points_per_minute = 11;
    });
    let token = lab.token().await;
    assert_eq!(jit(&lab, &token, "r1").await.status, 201);
    assert_eq!(jit(&lab, &token, "r2").await.status, 201);
    assert_eq!(runners(&lab, &token).await.status, 200);
    assert_eq!(
        get(&lab, "/installation/repositories", &token).await.status,
        403
    );
    assert_eq!(
        get(&lab, "/app", &lab.jwt()).await.status,
        200,
        "another caller"
    );
}

#[tokio::test(start_paused = true)]
async fn the_shape_of_a_secondary_refusal_is_a_setting() {
    let lab = limited(|limits| {
        let secondary = &mut limits.secondary;
        (secondary.points_per_minute, secondary.status) = (0, 429);
        secondary.retry_after = None;
    });
    let refused = get(&lab, "/app", &lab.jwt()).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, ""));
    assert!(refused.message().contains("secondary rate"));
}

#[tokio::test(start_paused = true)]
async fn content_is_limited_by_the_minute_and_by_the_hour() {
    let lab = limited(|limits| {
        let secondary = &mut limits.secondary;
        secondary.content_paths =
            vec!["/repos/{owner}/{repo}/actions/runners/registration-token".to_owned()];
        (secondary.contents_per_minute, secondary.contents_per_hour) = (2, 3);
    });
    let token = lab.token().await;
    let path = format!("{RUNNERS}/registration-token");
    let create = async || lab.github("POST", &path, &token, Value::Null).await.status;
    assert_eq!(
        (create().await, create().await, create().await),
        (201, 201, 403)
    );
    assert_eq!(jit(&lab, &token, "r1").await.status, 201, "no content");
    lab.sleep(60.0).await;
    assert_eq!(
        (create().await, create().await),
        (201, 403),
        "the hour's third and fourth"
    );
    lab.sleep(60.0).await;
    assert_eq!(create().await, 403);
}

#[tokio::test(start_paused = true)]
async fn a_repository_registers_only_so_many_runners_in_five_minutes() {
    let lab = limited(|limits| limits.secondary.registrations_per_five_minutes = 2);
    let token = lab.token().await;
    assert_eq!(jit(&lab, &token, "r1").await.status, 201);
    assert_eq!(
        jit(&lab, &token, "r1").await.status,
        409,
        "which registers nothing"
    );
    lab.launch_registering("r2", "x").await;
    lab.launch_registering("r3", "x").await;
    lab.sleep(120.0).await;
    let refused = jit(&lab, &token, "r4").await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().starts_with(SECONDARY));
    // The runner that came with a registration token was refused as well.
    let why = lab
        .find(|what| matches!(what, What::RunnerRefused { .. }))
        .unwrap();
    assert!(
        matches!(why.event, What::RunnerRefused { why, .. } if why.contains("secondary rate limit"))
    );
    lab.sleep(180.0).await;
    assert_eq!(jit(&lab, &token, "r4").await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_hundred_calls_at_once_are_too_many() {
    let lab = Lab::new();
    let token = lab.token().await;
    let slow = Effect::Delay(Length::fixed(Duration::from_secs(10)));
    lab.world
        .faults()
        .install(vec![FaultRule::always("github.list-runners", slow)]);
    let calls = (0..101).map(|_| runners(&lab, &token));
    let answers = futures_util::future::join_all(calls).await;
    let refused = answers.iter().filter(|answer| answer.status == 403).count();
    assert_eq!(refused, 1, "the hundred-and-first");
    assert_eq!(runners(&lab, &token).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_call_its_caller_gave_up_is_open_no_longer() {
    let lab = limited(|limits| limits.secondary.concurrent = 1);
    let token = lab.token().await;
    lab.world.faults().install(vec![FaultRule {
        times: Some(1),
        ..FaultRule::always("github.list-runners", Effect::NoAnswer)
    }]);
    let patience = Duration::from_secs(5);
    assert!(
        tokio::time::timeout(patience, runners(&lab, &token))
            .await
            .is_err()
    );
    let lost = |what: &What| {
        matches!(
            what,
            What::CallLost {
                why: Lost::TimedOut,
                ..
            }
        )
    };
    assert!(lab.find(lost).is_some());
    assert_eq!(runners(&lab, &token).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn limits_can_be_switched_off() {
    let lab = limited(|limits| {
        limits.enforced = false;
        limits.primary.installation = 1;
        limits.secondary.points_per_minute = 0;
        limits.secondary.registrations_per_five_minutes = 0;
    });
    let token = lab.token().await;
    for n in 0..3 {
        let answer = jit(&lab, &token, &format!("r{n}")).await;
        assert_eq!(
            (answer.status, answer.header("x-ratelimit-used")),
            (201, "0")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_that_had_begun_goes_on_with_what_is_left_of_it() {
    let lab = limited(|limits| {
        limits.primary.begun = Some(BegunHour {
            remaining: 1,
            resets_in: Duration::from_secs(600),
        });
    });
    let token = lab.token().await;
    lab.sleep(10.0).await;
    let first = runners(&lab, &token).await;
    assert_eq!(shown(&first), core(5_000, 5_000));
    let reset: i64 = first.header("x-ratelimit-reset").parse().unwrap();
    assert_eq!(reset, lab.clock.now().as_second() + 590);
    assert_eq!(runners(&lab, &token).await.status, 403);
    lab.sleep(590.0).await;
    assert_eq!(shown(&runners(&lab, &token).await), core(5_000, 1));
}
