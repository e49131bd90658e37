//! HF's rate limits: what is counted, what the headers say, and what is refused.

use fakes::{HfPlan, HfToken, Settings};
use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

/// A world in which everybody may make few calls.
fn few(settings: &mut Settings) {
    settings.hf.limits.anonymous = 3;
    settings.hf.limits.whoami = Some(2);
}

async fn anonymous(lab: &Lab) -> Answer {
    lab.hf_as("", "GET", "/api/jobs/hardware", Value::Null)
        .await
}

fn limits(answer: &Answer) -> (&str, &str) {
    (
        answer.header("ratelimit"),
        answer.header("ratelimit-policy"),
    )
}

#[tokio::test(start_paused = true)]
async fn each_plan_has_its_number_of_calls_in_five_minutes() {
    let plans = [
        (HfPlan::Free, 1_000),
        (HfPlan::Pro, 2_500),
        (HfPlan::Team, 3_000),
        (HfPlan::Enterprise, 6_000),
        (HfPlan::EnterprisePlus, 10_000),
    ];
    for (plan, calls) in plans {
        let lab = Lab::with(|settings| settings.hf.limits.plan = plan);
        let answer = lab.hf("GET", "/api/jobs/lab", Value::Null).await;
        let wanted = (
            format!("\"api\";r={};t=300", calls - 1),
            format!("\"fixed window\";\"api\";q={calls};w=300"),
        );
        assert_eq!(limits(&answer), (wanted.0.as_str(), wanted.1.as_str()));
    }
    let answer = anonymous(&Lab::new()).await;
    assert_eq!(
        limits(&answer),
        (
            "\"api\";r=499;t=300",
            "\"fixed window\";\"api\";q=500;w=300"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn one_call_too_many_is_refused_until_the_window_ends() {
    let lab = Lab::with(few);
    for left in [2, 1, 0] {
        let answer = anonymous(&lab).await;
        assert_eq!(
            (answer.status, limits(&answer).0),
            (200, format!("\"api\";r={left};t=300").as_str())
        );
    }
    lab.sleep(99.5).await;
    let refused = anonymous(&lab).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.body, json!({"error": "Too Many Requests"}));
    assert_eq!(refused.header("x-error-message"), "Too Many Requests");
    assert_eq!(refused.header("retry-after"), "201");
    assert_eq!(
        limits(&refused),
        ("\"api\";r=0;t=201", "\"fixed window\";\"api\";q=3;w=300")
    );
    // Whoever waits as long as he is told to is let in.
    lab.sleep(201.0).await;
    let answer = anonymous(&lab).await;
    assert_eq!(
        (answer.status, limits(&answer).0),
        (200, "\"api\";r=2;t=300")
    );
}

#[tokio::test(start_paused = true)]
async fn each_token_is_counted_for_itself_and_bad_ones_with_those_who_have_none() {
    let lab = Lab::with(|settings| {
        few(settings);
        settings.hf.tokens.push(HfToken::write("hf_bob", "bob"));
    });
    let left = async |auth: &str| {
        let answer = lab.hf_as(auth, "GET", "/api/jobs/lab", Value::Null).await;
        limits(&answer).0.split(';').nth(1).unwrap().to_owned()
    };
    assert_eq!(left("Bearer hf_lab").await, "r=2499");
    assert_eq!(
        left("Bearer hf_bob").await,
        "r=2499",
        "a refused call counts too"
    );
    assert_eq!(left("Bearer hf_lab").await, "r=2498");
    assert_eq!(left("Bearer hf_wrong").await, "r=2");
    assert_eq!(left("").await, "r=1");
    assert_eq!(left("Bearer hf_wrong").await, "r=0");
    let unknown = lab
        .hf_as("Bearer hf_wrong", "GET", "/nowhere", Value::Null)
        .await;
    assert_eq!(unknown.status, 429);
}

#[tokio::test(start_paused = true)]
async fn whoami_can_have_a_stricter_limit_of_its_own() {
    let lab = Lab::with(few);
    let who = async || lab.hf("GET", "/api/whoami-v2", Value::Null).await;
    for left in [1, 0] {
        let answer = who().await;
        let wanted = format!("\"whoami\";r={left};t=300");
        assert_eq!((answer.status, limits(&answer).0), (200, wanted.as_str()));
    }
    let refused = who().await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, "300")
    );
    assert_eq!(limits(&refused).1, "\"fixed window\";\"whoami\";q=2;w=300");
    let other = lab.hf("GET", "/api/jobs/lab", Value::Null).await;
    assert_eq!(
        (other.status, limits(&other).0),
        (200, "\"api\";r=2496;t=300")
    );
}

#[tokio::test(start_paused = true)]
async fn limits_can_be_switched_off() {
    let lab = Lab::with(|settings| {
        few(settings);
        settings.hf.limits.enforced = false;
    });
    for _ in 0..10 {
        let answer = anonymous(&lab).await;
        assert_eq!((answer.status, limits(&answer)), (200, ("", "")));
    }
}
