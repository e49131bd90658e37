//! Every lie in an answer, seen to be told.

use std::{collections::BTreeSet, time::Duration};

use fakes::{
    Effect, FaultRule, Length, Omit,
    history::{Lost, What},
};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::lab::{Answer, Lab};
use vocabulary::{AfterEffect, Listed};

const RUNNERS: &str = "/repos/octo/app/actions/runners";

fn rule(place: &str, effect: Effect) -> FaultRule {
    FaultRule::always(place, effect)
}

fn once(place: &str, effect: Effect) -> FaultRule {
    FaultRule {
        times: Some(1),
        ..rule(place, effect)
    }
}

fn pretend(path: &str, value: Value) -> Effect {
    Effect::Pretend([(path, value)].into())
}

fn install(lab: &Lab, rules: Vec<FaultRule>) {
    lab.world.faults().install(rules);
}

async fn get(lab: &Lab, path: &str) -> Answer {
    lab.github("GET", path, &lab.token().await, Value::Null)
        .await
}

async fn runners(lab: &Lab) -> Vec<Value> {
    let answer = get(lab, RUNNERS).await;
    answer.body["runners"].as_array().unwrap().clone()
}

fn ids(items: &[Value]) -> Vec<u64> {
    items
        .iter()
        .map(|item| item["id"].as_u64().unwrap())
        .collect()
}

/// Five runners that only exist as records.
async fn five_records(lab: &Lab) {
    for number in 1..=5 {
        assert_eq!(lab.jit(&format!("r{number}"), &["a"]).await.status, 201);
    }
}

/// How many lies were told, each caused by the call it was told in.
fn told(lab: &Lab, name: &str) -> usize {
    let lies = lab.events();
    let lies = lies.iter().filter(
        |event| matches!(&event.event, What::FaultApplied { effect, .. } if effect == name),
    );
    lies.inspect(|lie| {
        assert!(lab.is_caused_by(lie, |what| matches!(what, What::CallReceived { .. })));
    })
    .count()
}

/// One runner, busy with a job that lasts a minute.
async fn busy_runner() -> Lab {
    let lab = Lab::new();
    lab.queue("J1", &["a"]);
    lab.launch("r1", &["a"]).await;
    while !lab.world.github().runners()[0].busy {
        lab.sleep(1.0).await;
    }
    lab
}

/// Names and values.
type Headers = &'static [(&'static str, &'static str)];

#[tokio::test(start_paused = true)]
async fn a_busy_runner_is_shown_as_idle_in_the_list_and_by_itself() {
    let lab = busy_runner().await;
    assert_eq!(runners(&lab).await[0]["busy"], true);
    install(&lab, vec![rule("github.*", pretend("busy", json!(false)))]);
    let shown = runners(&lab).await;
    assert_eq!(shown[0]["busy"], false);
    assert_eq!(shown[0]["status"], "online", "nothing else is false");
    let one = get(&lab, &format!("{RUNNERS}/{}", shown[0]["id"])).await;
    assert_eq!(one.body["busy"], false);
    assert!(
        lab.world.github().runners()[0].busy,
        "the fake knows better"
    );
    assert_eq!(told(&lab, "pretend"), 2);
    let answered = lab
        .events()
        .into_iter()
        .rfind(|event| matches!(event.event, What::CallAnswered { .. }))
        .unwrap();
    assert!(lab.is_caused_by(&answered, |what| matches!(what, What::FaultApplied { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_lie_that_is_true_is_neither_recorded_nor_counted() {
    let lab = Lab::new();
    five_records(&lab).await;
    install(
        &lab,
        vec![once("github.list-runners", pretend("busy", json!(false)))],
    );
    runners(&lab).await;
    assert_eq!(told(&lab, "pretend"), 0);
    assert!(lab.world.faults().any_active());
}

#[tokio::test(start_paused = true)]
async fn a_dotted_path_names_one_place_and_a_star_all_of_them() {
    let lab = Lab::new();
    five_records(&lab).await;
    install(
        &lab,
        vec![
            once("github.list-runners", pretend("runners.1.name", json!("x"))),
            once(
                "github.list-runners",
                pretend("runners.*.labels.*.name", json!("y")),
            ),
        ],
    );
    let shown = runners(&lab).await;
    let names: Vec<_> = shown.iter().map(|runner| &runner["name"]).collect();
    assert_eq!(names, ["r1", "x", "r3", "r4", "r5"]);
    assert!(
        shown
            .iter()
            .all(|runner| runner["labels"][0]["name"] == "y")
    );
    assert_eq!(told(&lab, "pretend"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_job_of_hf_lies_too() {
    let lab = Lab::new();
    install(
        &lab,
        vec![once("hf.inspect", pretend("status.stage", json!("ERROR")))],
    );
    let job = lab.create(&json!({}), &json!({})).await;
    assert_eq!(lab.stage(&job).await, "ERROR");
    assert_ne!(lab.stage(&job).await, "ERROR");
}

#[tokio::test(start_paused = true)]
async fn an_item_is_missing_from_every_answer_or_from_none_and_the_count_lies_along() {
    let lab = Lab::new();
    five_records(&lab).await;
    let all = ids(&runners(&lab).await);
    install(
        &lab,
        vec![rule("github.list-runners", Effect::Omit(Omit::Share(0.5)))],
    );
    let first = get(&lab, RUNNERS).await;
    let shown = ids(first.body["runners"].as_array().unwrap());
    assert!((1..5).contains(&shown.len()), "{shown:?}");
    assert_eq!(first.body["total_count"], shown.len());
    assert!(shown.iter().all(|id| all.contains(id)));
    assert_eq!(ids(&runners(&lab).await), shown);
    assert_eq!(told(&lab, "omit"), 2);

    install(&lab, vec![rule("*", Effect::Omit(Omit::All))]);
    let nothing = get(&lab, RUNNERS).await;
    assert_eq!(nothing.body, json!({"total_count": 0, "runners": []}));
    let installations = lab
        .github("GET", "/app/installations", &lab.jwt(), Value::Null)
        .await;
    assert_eq!(installations.body, json!([]), "a bare list as well");
}

/// Every page of the listing, followed from link to link.
async fn pages(lab: &Lab, path: &str) -> Vec<Vec<u64>> {
    let mut pages = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = get(lab, &path).await;
        pages.push(ids(page.body["runners"].as_array().unwrap()));
        next = page.next();
    }
    pages
}

#[tokio::test(start_paused = true)]
async fn a_page_slip_shows_one_item_twice_and_another_never() {
    let lab = Lab::new();
    five_records(&lab).await;
    let listing = format!("{RUNNERS}?per_page=2");
    let honest = pages(&lab, &listing).await;
    assert_eq!(honest.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    install(
        &lab,
        vec![once("github.list-runners", Effect::ReorderList(Listed))],
    );
    let slipped = pages(&lab, &listing).await;
    assert_eq!(slipped[0], honest[0], "the first page is honest");
    let seen: BTreeSet<u64> = slipped.concat().into_iter().collect();
    assert_eq!(slipped.concat().len(), 5);
    assert_eq!(seen.len(), 4, "{slipped:?}");
    let twice = slipped[1].iter().find(|id| honest[0].contains(id));
    assert!(twice.is_some(), "{slipped:?}");
    assert_eq!(told(&lab, "reorder"), 1);
    assert_eq!(pages(&lab, &listing).await, honest, "once only");
}

#[tokio::test(start_paused = true)]
async fn a_truncated_answer_promises_more_than_comes_though_the_call_took_effect() {
    let lab = Lab::new();
    install(&lab, vec![once("hf.create", Effect::Truncate)]);
    let body = json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["x"]});
    let request = Request::post("/api/jobs/lab")
        .header("authorization", "Bearer hf_lab")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    let response = lab.world.hf_router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let promised: usize = response.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first.len(), promised / 2);
    assert!(body.frame().await.unwrap().is_err());
    assert_eq!(lab.world.hf().jobs().len(), 1);
    assert_eq!(told(&lab, "truncate"), 1);
    assert_eq!(
        lab.count(|what| matches!(
            what,
            What::CallLost {
                why: Lost::Reset,
                ..
            }
        )),
        1
    );
    assert_eq!(
        lab.count(|what| matches!(what, What::CallAnswered { .. })),
        0
    );
}

fn stale(seconds: u64) -> Effect {
    Effect::Stale(Length::fixed(Duration::from_secs(seconds)))
}

#[tokio::test(start_paused = true)]
async fn a_stale_runner_is_not_registered_then_offline_then_idle_and_outlives_its_removal() {
    let lab = Lab::new();
    lab.sleep(1.0).await;
    lab.launch("r1", &["a"]).await;
    let created_s = lab.clock.elapsed_ms() / 1000;
    lab.sleep(300.0).await;
    lab.queue("J1", &["a"]);
    lab.sleep(30.0).await;
    assert!(lab.world.github().runners()[0].busy);
    let busy = runners(&lab).await[0].clone();
    lab.sleep(120.0).await;
    assert!(lab.world.github().runners().is_empty());
    let now_s = lab.clock.elapsed_ms() / 1000;

    let at = async |second: u64| {
        install(
            &lab,
            vec![rule("github.list-runners", stale(now_s - second))],
        );
        runners(&lab).await
    };
    assert!(at(now_s).await.is_empty());
    assert_eq!(at(330).await, [busy], "as it was shown then, to the letter");
    let idle = at(290).await;
    assert_eq!(
        (idle[0]["busy"].as_bool(), idle[0]["status"].as_str()),
        (Some(false), Some("online"))
    );
    assert_eq!(at(created_s + 1).await[0]["status"], "offline");
    install(&lab, vec![rule("github.list-runners", stale(1_000_000))]);
    assert!(runners(&lab).await.is_empty(), "before the world began");
    assert_eq!(told(&lab, "stale"), 5);
}

#[tokio::test(start_paused = true)]
async fn stale_answers_about_jobs_and_runs_are_those_of_the_time() {
    let lab = busy_runner().await;
    let job = lab.world.github().job_by_name("J1").unwrap();
    let run = lab.world.github().run_of(job).unwrap();
    let paths = [
        "/repos/octo/app/actions/runs".to_owned(),
        format!("/repos/octo/app/actions/runs/{}/jobs", run.0),
        format!("/repos/octo/app/actions/jobs/{}", job.0),
    ];
    let then_ms = lab.clock.elapsed_ms();
    let mut then = Vec::new();
    for path in &paths {
        then.push(get(&lab, path).await.body);
    }
    assert_eq!(then[2]["status"], "in_progress");
    lab.sleep(100.0).await;
    assert_eq!(get(&lab, &paths[2]).await.body["status"], "completed");
    let ago = Duration::from_millis(lab.clock.elapsed_ms() - then_ms);
    install(
        &lab,
        vec![rule("github.*", Effect::Stale(Length::fixed(ago)))],
    );
    for (path, then) in paths.iter().zip(then) {
        assert_eq!(get(&lab, path).await.body, then, "{path}");
    }
    let began = Length::fixed(Duration::from_millis(lab.clock.elapsed_ms()));
    install(&lab, vec![rule("github.*", Effect::Stale(began))]);
    assert_eq!(get(&lab, &paths[2]).await.body["status"], "queued");
    assert_eq!(
        get(&lab, &paths[0]).await.body["workflow_runs"][0]["status"],
        "queued"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stale_runner_whose_process_died_stays_online_for_a_minute() {
    let lab = Lab::new();
    let job = lab.launch("r1", &["a"]).await;
    while !lab.world.github().runners()[0].online {
        lab.sleep(1.0).await;
    }
    lab.world.runners().die(&job);
    let died_s = lab.clock.elapsed_ms() / 1000;
    lab.sleep(200.0).await;
    let now_s = lab.clock.elapsed_ms() / 1000;
    for (second, status) in [(died_s + 55, "online"), (died_s + 65, "offline")] {
        install(
            &lab,
            vec![rule("github.list-runners", stale(now_s - second))],
        );
        assert_eq!(runners(&lab).await[0]["status"], status, "at {second} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_misleading_404_hides_a_runner_that_is_there() {
    let lab = Lab::new();
    lab.jit("r1", &["a"]).await;
    let id = lab.world.github().runners()[0].runner;
    let path = format!("{RUNNERS}/{}", id.0);
    let body = "{\"message\":\"Not Found\",\"status\":\"404\"}";
    let missing = Effect::Answer(vocabulary::Answer::of(404, body));
    install(&lab, vec![once("github.get-runner", missing)]);
    let lie = get(&lab, &path).await;
    assert_eq!((lie.status, lie.message()), (404, "Not Found"));
    assert_eq!(get(&lab, &path).await.body["name"], "r1");
    assert_eq!(told(&lab, "answer"), 1);
}

#[tokio::test(start_paused = true)]
async fn effect_then_error_registers_the_runner_and_answers_502() {
    let lab = Lab::new();
    let broken = vocabulary::Answer::of(502, "");
    let effect = Effect::AfterEffect(AfterEffect::Answer(broken));
    install(&lab, vec![once("github.jit-config", effect)]);
    assert_eq!(lab.jit("r1", &["a"]).await.status, 502);
    assert_eq!(lab.world.github().runners().len(), 1);
    assert_eq!(
        lab.jit("r1", &["a"]).await.status,
        409,
        "so the retry fails"
    );
}

/// The four shapes in which GitHub refuses a caller that asks too often.
#[tokio::test(start_paused = true)]
async fn a_rate_limit_in_any_of_its_shapes_overrides_the_fakes_own_headers() {
    let shapes: [(u16, Headers, &str); 4] = [
        (429, &[("retry-after", "60")], "rate limit"),
        (
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1767603600"),
            ],
            "API rate limit exceeded",
        ),
        (
            403,
            &[("Retry-After", "90"), ("X-RateLimit-Remaining", "4321")],
            "Forbidden",
        ),
        (403, &[], "You have exceeded a secondary rate limit"),
    ];
    for (status, headers, message) in shapes {
        let lab = Lab::new();
        let answer = Effect::Answer(vocabulary::Answer {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: json!({ "message": message }).to_string(),
        });
        install(&lab, vec![once("github.list-runners", answer)]);
        let refused = get(&lab, RUNNERS).await;
        assert_eq!((refused.status, refused.message()), (status, message));
        for (name, value) in headers {
            assert_eq!(refused.header(name), *value);
            assert_eq!(refused.headers.get_all(*name).iter().count(), 1);
        }
        assert!(!refused.header("x-ratelimit-limit").is_empty());
        assert_eq!(get(&lab, RUNNERS).await.status, 200);
    }
}
