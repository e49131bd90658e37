//! What the history tells of calls and deliveries: what they are about, when to try again, what was said.

use std::time::Duration;

use fakes::{
    Effect, FaultRule, LAB_APP_PRIVATE_KEY_PEM, Length, Omit,
    history::{CallAbout, Caller, What, to_json_lines},
    ids::{HfJobId, JobId, RunId, RunnerId},
};
use serde_json::{Value, json};

use crate::lab::{Lab, Target};

const ACTIONS: &str = "/repos/octo/app/actions";

/// What the last call of this name said it was about.
fn about(lab: &Lab, wanted: &str) -> CallAbout {
    let calls = lab.events();
    let call = calls.iter().rev().find_map(|event| match &event.event {
        What::CallReceived { name, about, .. } if name == wanted => Some(about.clone()),
        _ => None,
    });
    call.unwrap_or_else(|| panic!("nobody called {wanted}"))
        .map(|about| *about)
        .unwrap_or_default()
}

async fn get(lab: &Lab, path: &str) -> u16 {
    let token = lab.token().await;
    lab.github("GET", path, &token, Value::Null).await.status
}

fn octo_app() -> CallAbout {
    CallAbout {
        repo: Some("octo/app".to_owned()),
        ..CallAbout::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_about_what_its_path_names() {
    let lab = Lab::new();
    for (path, name, expected) in [
        (
            format!("{ACTIONS}/jobs/7"),
            "github.get-job",
            CallAbout {
                job: Some(JobId(7)),
                ..octo_app()
            },
        ),
        (
            format!("{ACTIONS}/runs/8/jobs"),
            "github.list-run-jobs",
            CallAbout {
                run: Some(RunId(8)),
                ..octo_app()
            },
        ),
        (
            format!("{ACTIONS}/runners/9"),
            "github.get-runner",
            CallAbout {
                runner: Some(RunnerId(9)),
                ..octo_app()
            },
        ),
        (
            "/orgs/octo/actions/runners?name=r%201".to_owned(),
            "github.list-runners",
            CallAbout {
                repo: Some("octo".to_owned()),
                runner_name: Some("r 1".to_owned()),
                ..CallAbout::default()
            },
        ),
    ] {
        get(&lab, &path).await;
        assert_eq!(about(&lab, name), expected, "{path}");
    }
    lab.hf("GET", "/api/jobs/lab/abc", Value::Null).await;
    let hf_job = Some(HfJobId("abc".to_owned()));
    assert_eq!(about(&lab, "hf.inspect").hf_job, hf_job);
    lab.github("GET", "/app", &lab.jwt(), Value::Null).await;
    assert_eq!(about(&lab, "github.app"), CallAbout::default());
    let app = lab
        .find(|what| matches!(what, What::CallReceived { name, .. } if name == "github.app"))
        .unwrap();
    let text = serde_json::to_string(&app.event).unwrap();
    assert!(!text.contains("about"), "nothing is left out: {text}");
}

#[tokio::test(start_paused = true)]
async fn a_call_is_about_what_its_body_says_of_runners_tokens_and_hf_jobs() {
    let lab = Lab::new();
    lab.launch("r1", &["a", "b"]).await;
    let runner = CallAbout {
        runner_name: Some("r1".to_owned()),
        labels: vec!["a".to_owned(), "b".to_owned()],
        ..octo_app()
    };
    assert_eq!(about(&lab, "github.jit-config"), runner);
    let created = CallAbout {
        flavor: Some("cpu-basic".to_owned()),
        ..runner
    };
    assert_eq!(about(&lab, "hf.create"), created);
    lab.launch_registering("r2", "c,d").await;
    let registering = about(&lab, "hf.create");
    assert_eq!(registering.repo.as_deref(), Some("octo/app"));
    assert_eq!(registering.runner_name.as_deref(), Some("r2"));
    let labels = &registering.labels;
    assert!(labels.contains(&"c".to_owned()) && labels.contains(&"d".to_owned()));
    let installation = lab.installation("octo/app").await;
    let path = format!("/app/installations/{installation}/access_tokens");
    let body = json!({"repositories": ["app"], "repository_ids": [5]});
    lab.github("POST", &path, &lab.jwt(), body).await;
    let narrowed = CallAbout {
        installation: Some(installation),
        repositories: vec!["app".to_owned(), "5".to_owned()],
        ..CallAbout::default()
    };
    assert_eq!(about(&lab, "github.create-token"), narrowed);
    let refused = lab.hf("POST", "/api/jobs/lab", json!({"flavor": 1})).await;
    assert_eq!(refused.status, 400);
    assert_eq!(about(&lab, "hf.create"), CallAbout::default());
}

#[tokio::test(start_paused = true)]
async fn a_runners_own_call_is_about_its_hf_job_and_its_job() {
    let lab = Lab::new();
    let job = lab.queue("J1", &["a"]);
    let hf_job = lab.launch("r1", &["a"]).await;
    let runner = lab.world.github().runners()[0].runner;
    lab.sleep(200.0).await;
    let mut finished = 0;
    for event in lab.events() {
        let What::CallReceived {
            by: Caller::Runner,
            about,
            path,
            ..
        } = event.event
        else {
            continue;
        };
        let about = about.unwrap();
        assert_eq!(about.hf_job.as_ref(), Some(&hf_job));
        assert_eq!(about.runner, Some(runner));
        if path.ends_with("/finish") {
            finished += 1;
            assert_eq!(about.job, Some(job));
        }
    }
    assert_eq!(finished, 1);
}

/// Retry-after and limited of the last answer.
fn limit(lab: &Lab) -> (u16, Option<u64>, bool) {
    let events = lab.events();
    let answered = events.iter().rev().find_map(|event| match event.event {
        What::CallAnswered {
            status,
            retry_after_s,
            limited,
            ..
        } => Some((status, retry_after_s, limited)),
        _ => None,
    });
    answered.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_tells_whether_it_is_a_limit_and_when_to_try_again() {
    let scripted = |status, headers: &[(&str, &str)], body: &'static str| {
        Effect::Answer(vocabulary::Answer {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.to_owned(),
        })
    };
    let reset_in = |lab: &Lab, seconds: i64| (lab.clock.now().as_second() + seconds).to_string();
    let lab = Lab::new();
    let reset = reset_in(&lab, 90);
    let used_up = [
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", reset.as_str()),
    ];
    for (effect, expected) in [
        (
            scripted(429, &[("retry-after", "60")], ""),
            (429, Some(60), true),
        ),
        (
            scripted(503, &[("retry-after", "5")], ""),
            (503, Some(5), false),
        ),
        (scripted(403, &used_up, ""), (403, Some(90), true)),
        (
            scripted(
                403,
                &[],
                r#"{"message":"You have exceeded a secondary rate limit."}"#,
            ),
            (403, None, true),
        ),
        (
            scripted(403, &[], r#"{"message":"Resource not accessible"}"#),
            (403, None, false),
        ),
    ] {
        lab.world
            .faults()
            .install(vec![FaultRule::always("github.list-runners", effect)]);
        get(&lab, &format!("{ACTIONS}/runners")).await;
        assert_eq!(limit(&lab), expected);
    }
    lab.world.faults().heal();
    get(&lab, &format!("{ACTIONS}/runners")).await;
    assert_eq!(limit(&lab), (200, None, false));
}

#[tokio::test(start_paused = true)]
async fn hfs_own_limit_tells_when_its_window_ends() {
    let lab = Lab::with(|settings| {
        settings.hf.limits.enforced = true;
        settings.hf.limits.whoami = Some(1);
    });
    for status in [200, 429] {
        let answer = lab.hf("GET", "/api/whoami-v2", Value::Null).await;
        assert_eq!(answer.status, status);
    }
    let (status, retry_after_s, limited) = limit(&lab);
    assert_eq!((status, limited), (429, true));
    assert_eq!(retry_after_s, Some(300));
}

/// Status, body and `seen` of each answered delivery.
fn answered(lab: &Lab) -> Vec<(u16, Option<String>, Option<u16>)> {
    let answer = |event: fakes::history::Event| match event.event {
        What::DeliveryAnswered {
            status, body, seen, ..
        } => Some((status, body, seen)),
        _ => None,
    };
    lab.events().into_iter().filter_map(answer).collect()
}

#[tokio::test(start_paused = true)]
async fn the_dispatchers_own_answer_is_recorded_whatever_github_sees() {
    let lab = Lab::new();
    let answer = Effect::Answer(vocabulary::Answer::of(500, "edge"));
    lab.world
        .faults()
        .install(vec![FaultRule::always("webhook", answer)]);
    lab.target(&[Target::Answer(202), Target::Refuse]);
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let ok = Some("{\"ok\":true}".to_owned());
    assert_eq!(answered(&lab), [(202, ok, Some(500))]);
    lab.queue("J2", &["a"]);
    lab.sleep(1.0).await;
    let lost = lab
        .find(|what| matches!(what, What::DeliveryLost { .. }))
        .unwrap();
    assert!(
        matches!(
            lost.event,
            What::DeliveryLost {
                seen: Some(500),
                logged: true,
                ..
            }
        ),
        "{lost:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_never_reached_the_dispatcher_is_the_faults_loss() {
    for effect in [Effect::NoAnswer, Effect::Reset] {
        let lab = Lab::new();
        lab.world
            .faults()
            .install(vec![FaultRule::always("webhook", effect)]);
        lab.queue("J1", &["a"]);
        lab.sleep(20.0).await;
        assert!(lab.received().is_empty());
        let lost = lab
            .find(|what| matches!(what, What::DeliveryLost { .. }))
            .unwrap();
        let cause = lab.world.history().get(lost.because.unwrap()).unwrap();
        assert!(
            matches!(cause.event, What::FaultApplied { .. }),
            "{cause:?}"
        );
    }
}

/// The false readings: what was shown and what was true.
fn readings(lab: &Lab) -> Vec<(String, String)> {
    let reading = |event: fakes::history::Event| match event.event {
        What::ReadingFalse {
            job,
            runner,
            hf_job,
            shown,
            truth,
            ..
        } => {
            let named = [job.is_some(), runner.is_some(), hf_job.is_some()];
            assert_eq!(named.into_iter().filter(|named| *named).count(), 1);
            Some((shown, truth))
        }
        _ => None,
    };
    lab.events().into_iter().filter_map(reading).collect()
}

fn reading(shown: &str, truth: &str) -> (String, String) {
    (shown.to_owned(), truth.to_owned())
}

/// One runner, busy with a job that lasts a minute.
async fn busy_runner() -> (Lab, HfJobId) {
    let lab = Lab::new();
    lab.sleep(10.0).await;
    lab.queue("J1", &["a"]);
    let id = lab.launch("r1", &["a"]).await;
    while !lab.world.github().runners()[0].busy {
        lab.sleep(1.0).await;
    }
    (lab, id)
}

fn install(lab: &Lab, place: &str, effect: Effect) {
    lab.world
        .faults()
        .install(vec![FaultRule::always(place, effect)]);
}

fn pretend(path: &str, value: Value) -> Effect {
    Effect::Pretend([(path, value)].into())
}

fn ago(seconds: u64) -> Effect {
    Effect::Stale(Length::fixed(Duration::from_secs(seconds)))
}

#[tokio::test(start_paused = true)]
async fn a_busy_runner_shown_idle_or_left_out_is_a_false_reading() {
    let (lab, _) = busy_runner().await;
    let runner = lab.world.github().runners()[0].runner;
    let list = format!("{ACTIONS}/runners");
    let one = format!("{list}/{}", runner.0);
    get(&lab, &list).await;
    get(&lab, &one).await;
    assert_eq!(readings(&lab), [], "honest answers");
    install(&lab, "github.*", pretend("busy", json!(false)));
    get(&lab, &list).await;
    get(&lab, &one).await;
    install(&lab, "github.*", Effect::Omit(Omit::All));
    get(&lab, &list).await;
    let missing = Effect::Answer(vocabulary::Answer::of(404, ""));
    install(&lab, "github.get-runner", missing);
    get(&lab, &one).await;
    get(&lab, &format!("{list}/1")).await;
    assert_eq!(
        readings(&lab),
        [
            reading("online idle", "online busy"),
            reading("online idle", "online busy"),
            reading("absent", "online busy"),
            reading("absent", "online busy"),
        ],
        "that runner 1 is not there is true"
    );
    let of = lab.find(|what| matches!(what, What::ReadingFalse { .. }));
    let of = of.unwrap();
    assert!(lab.is_caused_by(&of, |what| matches!(what, What::FaultApplied { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_a_false_reading_where_things_have_changed_since() {
    let (lab, id) = busy_runner().await;
    lab.sleep(5.0).await;
    let job = lab.world.github().jobs()[0].job;
    lab.world.faults().install(vec![
        FaultRule::always("github.*", ago(20)),
        FaultRule::always("hf.*", ago(30)),
    ]);
    get(&lab, &format!("{ACTIONS}/jobs/{}", job.0)).await;
    assert_eq!(readings(&lab), [reading("queued", "in_progress")]);
    lab.hf("GET", &format!("/api/jobs/lab/{}", id.0), Value::Null)
        .await;
    assert_eq!(readings(&lab)[1..], [reading("SCHEDULING", "RUNNING")]);
    lab.hf("GET", "/api/jobs/lab", Value::Null).await;
    assert_eq!(readings(&lab)[2..], [reading("SCHEDULING", "RUNNING")]);
    lab.world.faults().install(vec![
        FaultRule::always("hf.*", ago(3600)),
        FaultRule::always("github.*", ago(3600)),
    ]);
    lab.hf("GET", "/api/jobs/lab", Value::Null).await;
    lab.hf("GET", &format!("/api/jobs/lab/{}", id.0), Value::Null)
        .await;
    get(&lab, &format!("{ACTIONS}/runners")).await;
    assert_eq!(
        readings(&lab)[3..],
        [
            reading("absent", "RUNNING"),
            reading("absent", "RUNNING"),
            reading("absent", "online busy"),
        ]
    );
    lab.world.faults().install(vec![
        FaultRule::always("hf.*", ago(0)),
        FaultRule::always("github.*", ago(0)),
    ]);
    lab.hf("GET", "/api/jobs/lab", Value::Null).await;
    get(&lab, &format!("{ACTIONS}/runners")).await;
    assert_eq!(readings(&lab).len(), 6, "what has not changed is true");
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_a_false_reading_if_it_is_no_longer_true() {
    let (lab, _) = busy_runner().await;
    install(
        &lab,
        "github.list-runners",
        Effect::Delay(Length::fixed(Duration::from_secs(300))),
    );
    get(&lab, &format!("{ACTIONS}/runners")).await;
    assert_eq!(readings(&lab), [reading("online busy", "absent")]);
}

#[tokio::test(start_paused = true)]
async fn an_answers_body_is_recorded_without_the_secrets_of_this_world() {
    let lab = Lab::new();
    let registration = lab.registration_token("repos/octo/app").await;
    let token = lab.token().await;
    let token = token.strip_prefix("token ").unwrap();
    let jit = lab.jit("r1", &["a"]).await;
    let config = jit.body["encoded_jit_config"].as_str().unwrap();
    let secrets = [
        registration.as_str(),
        token,
        config,
        "hf_lab",
        "lab-webhook-secret",
        LAB_APP_PRIVATE_KEY_PEM.trim(),
    ];
    let said = json!({"effect": "created", "secrets": secrets}).to_string();
    lab.target_says(&said);
    lab.queue("J1", &["a"]);
    lab.sleep(1.0).await;
    let body = answered(&lab)[0].1.clone().unwrap();
    assert!(body.starts_with(r#"{"effect":"created","secrets":["[redacted]","#));
    let history = to_json_lines(&lab.events()).unwrap();
    for secret in secrets {
        for line in secret.lines() {
            assert!(!history.contains(line), "{line} in {body}");
        }
    }
}
