//! Scheduled HF jobs: when they run, and what can be done to them.

use fakes::history::What;
use serde_json::{Value, json};

use crate::lab::Lab;

const ALL: &str = "/api/scheduled-jobs/lab";

fn wanted(schedule: &str, seconds: u32) -> Value {
    json!({
        "jobSpec": {
            "flavor": "cpu-basic", "dockerImage": "u", "command": ["sleep", seconds.to_string()],
            "secrets": {"KEY": "hunter2"}, "labels": {"name": "nightly"}, "timeoutSeconds": 86_400,
        },
        "schedule": schedule,
    })
}

/// The path of a new scheduled job.
async fn make(lab: &Lab, wanted: Value) -> String {
    let made = lab.hf("POST", ALL, wanted).await;
    assert_eq!(made.status, 200, "{}", made.body);
    format!("{ALL}/{}", made.body["id"].as_str().unwrap())
}

/// The times at which jobs were created, from the first.
async fn times(lab: &Lab) -> Vec<String> {
    let jobs = lab.hf("GET", "/api/jobs/lab", Value::Null).await.body;
    let mut times: Vec<String> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["createdAt"].as_str().unwrap()[5..19].to_owned())
        .collect();
    times.reverse();
    times
}

async fn post(lab: &Lab, path: &str, action: &str) -> crate::lab::Answer {
    lab.hf("POST", &format!("{path}/{action}"), Value::Null)
        .await
}

async fn inspect(lab: &Lab, path: &str) -> Value {
    let found = lab.hf("GET", path, Value::Null).await;
    assert_eq!(found.status, 200);
    found.body
}

#[tokio::test(start_paused = true)]
async fn it_runs_when_its_schedule_says_by_the_worlds_clock() {
    let lab = Lab::new();
    make(&lab, wanted("@hourly", 1)).await;
    lab.sleep(3.5 * 3600.0).await;
    assert_eq!(
        times(&lab).await,
        ["11-03T11:00:00", "11-03T12:00:00", "11-03T13:00:00"]
    );
    let lab = Lab::new();
    make(&lab, wanted("30 9 * * 1-5", 1)).await;
    lab.sleep(7.0 * 24.0 * 3600.0).await;
    let days = ["11-04", "11-05", "11-06", "11-09", "11-10"];
    assert_eq!(times(&lab).await, days.map(|day| format!("{day}T09:30:00")));
}

#[tokio::test(start_paused = true)]
async fn it_tells_what_it_is_and_when_it_runs_next() {
    let lab = Lab::new();
    let path = make(&lab, wanted("@daily", 1)).await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    let found = inspect(&lab, &path).await;
    assert_eq!(
        found,
        json!({
            "id": id, "type": "scheduled-job", "createdAt": "2026-11-03T10:00:00.000Z", "schedule": "@daily",
            "suspend": false, "concurrency": false, "status": {"lastJob": null, "nextJobRunAt": "2026-11-04T00:00:00.000Z"},
            "owner": found["owner"], "initiator": found["owner"],
            "jobSpec": {
                "flavor": "cpu-basic", "dockerImage": "u", "command": ["sleep", "1"], "environment": {},
                "secrets": ["KEY"], "labels": {"name": "nightly"}, "timeout": 86_400, "retry": 0,
            },
        })
    );
    lab.sleep(20.0 * 3600.0).await;
    let jobs = lab.hf("GET", "/api/jobs/lab", Value::Null).await.body;
    let job = &jobs[0];
    assert_eq!(job["initiator"], json!({"type": "scheduled-job", "id": id}));
    assert_eq!(job["createdBy"]["name"], "lab");
    assert_eq!(job["status"]["stage"], "COMPLETED");
    let status = inspect(&lab, &path).await["status"].clone();
    let last = json!({"id": job["id"], "at": "2026-11-04T00:00:00.000Z"});
    assert_eq!(
        status,
        json!({"lastJob": last, "nextJobRunAt": "2026-11-05T00:00:00.000Z"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_of_the_clock_has_no_call_but_a_cause() {
    let lab = Lab::new();
    make(&lab, wanted("@hourly", 1)).await;
    lab.sleep(3601.0).await;
    let created = lab
        .find(|what| matches!(what, What::HfCreated { call: None, .. }))
        .unwrap();
    assert!(lab.is_caused_by(&created, |what| {
        matches!(what, What::CallReceived { name, .. } if name == "hf.create-scheduled")
    }));
    assert!(!format!("{:?}", lab.events()).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_over_keeps_the_next_one_away_unless_they_may_meet() {
    // A run takes 20 s to be scheduled, 20 s to boot and then an hour and a half.
    let lab = Lab::new();
    let path = make(&lab, wanted("@hourly", 5_400)).await;
    lab.sleep(3.5 * 3600.0).await;
    assert_eq!(times(&lab).await, ["11-03T11:00:00", "11-03T13:00:00"]);
    let refused = post(&lab, &path, "run").await;
    assert_eq!(refused.status, 409);
    assert_eq!(
        refused.body["error"],
        "An instance of this scheduled job is already running and concurrency is disabled"
    );
    let lab = Lab::new();
    let mut both = wanted("@hourly", 5_400);
    both["concurrency"] = json!(true);
    let path = make(&lab, both).await;
    lab.sleep(3.5 * 3600.0).await;
    assert_eq!(
        times(&lab).await,
        ["11-03T11:00:00", "11-03T12:00:00", "11-03T13:00:00"]
    );
    assert_eq!(post(&lab, &path, "run").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_starts_a_job_at_once_and_leaves_the_schedule_as_it_is() {
    let lab = Lab::new();
    let mut suspended = wanted("@hourly", 1);
    suspended["suspend"] = json!(true);
    let path = make(&lab, suspended).await;
    let job = post(&lab, &path, "run").await;
    assert_eq!((job.status, &job.body["type"]), (200, &json!("job")));
    assert_eq!(job.body["initiator"]["type"], "scheduled-job");
    let last = inspect(&lab, &path).await["status"]["lastJob"].clone();
    assert_eq!(
        last,
        json!({"id": job.body["id"], "at": "2026-11-03T10:00:00.000Z"})
    );
    assert_eq!(post(&lab, &path, "run").await.status, 409);
    lab.sleep(7200.0).await;
    assert_eq!(post(&lab, &path, "run").await.status, 200);
    assert_eq!(times(&lab).await, ["11-03T10:00:00", "11-03T12:00:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_one_waits_until_it_is_resumed() {
    let lab = Lab::new();
    let path = make(&lab, wanted("@hourly", 1)).await;
    lab.sleep(3700.0).await;
    let suspended = post(&lab, &path, "suspend").await;
    assert_eq!(
        (suspended.status, &suspended.body["suspend"]),
        (200, &json!(true))
    );
    lab.sleep(2.0 * 3600.0).await;
    let resumed = post(&lab, &path, "resume").await;
    assert_eq!(
        (resumed.status, &resumed.body["suspend"]),
        (200, &json!(false))
    );
    lab.sleep(3600.0).await;
    assert_eq!(times(&lab).await, ["11-03T11:00:00", "11-03T14:00:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_schedule_takes_the_place_of_the_old_one() {
    let lab = Lab::new();
    let path = make(&lab, wanted("@daily", 1)).await;
    let change = format!("{path}/schedule");
    let changed = lab
        .hf("POST", &change, json!({"schedule": "*/30 * * * *"}))
        .await;
    assert_eq!(
        (changed.status, &changed.body["schedule"]),
        (200, &json!("*/30 * * * *"))
    );
    assert_eq!(
        changed.body["status"]["nextJobRunAt"],
        "2026-11-03T10:30:00.000Z"
    );
    lab.sleep(3601.0).await;
    assert_eq!(times(&lab).await, ["11-03T10:30:00", "11-03T11:00:00"]);
    for bad in [
        json!({}),
        json!({"schedule": "often"}),
        json!({"schedule": 5}),
    ] {
        assert_eq!(
            lab.hf("POST", &change, bad.clone()).await.status,
            400,
            "{bad}"
        );
    }
    assert_eq!(inspect(&lab, &path).await["schedule"], "*/30 * * * *");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_one_is_gone_and_its_job_is_not() {
    let lab = Lab::new();
    let path = make(&lab, wanted("@hourly", 5_400)).await;
    lab.sleep(3700.0).await;
    assert_eq!(lab.hf("DELETE", &path, Value::Null).await.status, 200);
    assert_eq!(lab.hf("DELETE", &path, Value::Null).await.status, 404);
    assert_eq!(lab.hf("GET", &path, Value::Null).await.status, 404);
    lab.sleep(5.0 * 3600.0).await;
    let jobs = lab.hf("GET", "/api/jobs/lab", Value::Null).await.body;
    assert_eq!(jobs.as_array().unwrap().len(), 1);
    assert_eq!(jobs[0]["status"]["stage"], "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn labels_are_replaced_and_found_by_one_of_them() {
    let lab = Lab::new();
    let first = make(&lab, wanted("@daily", 1)).await;
    let second = make(&lab, wanted("@daily", 1)).await;
    let labels = json!({"labels": {"env": "prod"}});
    let changed = lab.hf("PUT", &format!("{first}/labels"), labels).await;
    assert_eq!(changed.body["jobSpec"]["labels"], json!({"env": "prod"}));
    let list = async |query: &str| {
        let found = lab.hf("GET", &format!("{ALL}{query}"), Value::Null).await;
        assert_eq!(found.status, 200, "{query}");
        let ids = found.body.as_array().unwrap().iter();
        ids.map(|one| format!("{ALL}/{}", one["id"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(list("").await, [second.clone(), first.clone()]);
    assert_eq!(list("?label=env%3Dprod").await, [first]);
    assert_eq!(list("?label=name%3Dnightly").await, [second]);
    for bad in ["?label=a%3Db&label=c%3Dd", "?label=env"] {
        assert_eq!(
            lab.hf("GET", &format!("{ALL}{bad}"), Value::Null)
                .await
                .status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_says_nothing_is_refused() {
    let lab = Lab::new();
    let cases = [
        ("schedule", json!("0 0 0 1 1 * 2020")),
        ("schedule", json!("* * * *")),
        ("schedule", json!("@reboot")),
        ("schedule", Value::Null),
        ("suspend", json!("no")),
        ("concurrency", json!(1)),
        ("jobSpec", json!("x")),
        ("jobSpec", json!({"dockerImage": "u"})),
    ];
    for (field, value) in cases {
        let mut body = wanted("@daily", 1);
        body[field] = value.clone();
        let answer = lab.hf("POST", ALL, body).await;
        assert_eq!(answer.status, 400, "{field}: {value}");
        assert!(
            answer.body["error"].as_str().unwrap().starts_with(field),
            "{}",
            answer.body
        );
    }
    let empty = lab.hf("POST", ALL, json!({})).await;
    assert_eq!(empty.body["error"], "jobSpec: Required");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_nobody_would_pay_for_does_not_begin() {
    // A minute of cpu-basic, which is one run.
    let lab = Lab::with(|settings| {
        settings.hf.balances.insert("lab".to_owned(), 167);
    });
    let path = make(&lab, wanted("@hourly", 1)).await;
    lab.sleep(3.5 * 3600.0).await;
    assert_eq!(times(&lab).await, ["11-03T11:00:00"]);
    assert_eq!(post(&lab, &path, "run").await.status, 402);
}
