//! The table *effect × place*: every pair that it allows is seen to strike. The language refuses all others, which
//! `scenarios/tests/pairs.rs` holds.

use std::time::Duration;

use fakes::{EffectKind, FaultRule, RouteInfo, Settings, github, hf, history::What};
use serde_json::{Value, json};
use vocabulary::{Asked, CALLS, Call, Effect, Is, Narrowing, Only, PLACES, Shows, Which};

use crate::lab::{Lab, job};

/// The effects that the table allows at a place.
fn allowed(place: &str) -> impl Iterator<Item = EffectKind> {
    let all = EffectKind::ALL.iter().copied();
    all.filter(move |kind| kind.can_strike(place))
}

fn needs_a_list(kind: EffectKind) -> bool {
    kind.comes(Asked::Listing) || kind.comes(Asked::Paged)
}

fn put(lab: &Lab, place: &str, kind: EffectKind) {
    lab.world
        .faults()
        .install(vec![FaultRule::always(place, kind.example())]);
}

fn strikes(lab: &Lab) -> usize {
    lab.count(|what| matches!(what, What::FaultApplied { .. }))
}

fn without_limits(settings: &mut Settings) {
    settings.github.limits.enforced = false;
    settings.hf.page_size = 1;
}

/// A path that this route answers, be it with a refusal.
fn some_path(route: &RouteInfo) -> String {
    let fill = |part: &str| match part {
        "{owner}" | "{org}" => "octo".to_owned(),
        "{repo}" => "app".to_owned(),
        "{namespace}" => "lab".to_owned(),
        "{jobId}" | "{scheduledJobId}" => "0".repeat(24),
        part if part.starts_with('{') => "1".to_owned(),
        part => part.to_owned(),
    };
    let parts: Vec<String> = route.path.split('/').map(fill).collect();
    parts.join("/")
}

/// Asks GitHub without a credential and HF with one, for as long as anybody would wait.
async fn ask(lab: &Lab, route: &RouteInfo) {
    let call = (route.method.as_str(), some_path(route));
    let is_hf = route.name.starts_with("hf.");
    let asked = async {
        let call = (call.0, call.1.as_str());
        if is_hf {
            let body = r#"{"flavor": "cpu-basic"}"#;
            lab.hf_with(call, &[("authorization", "Bearer hf_lab")], body)
                .await
        } else {
            lab.github_with(call, &[("user-agent", "pairs/1")], "")
                .await
        }
    };
    let _unanswered = tokio::time::timeout(Duration::from_secs(60), asked).await;
}

fn route_of(call: &str) -> RouteInfo {
    let routes = github::routes().chain(hf::routes());
    let prefix = call.strip_suffix('*').unwrap_or(call);
    let mut suiting = routes
        .filter(|route| route.name == call || (prefix != call && route.name.starts_with(prefix)));
    suiting.next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_bends_a_call_strikes_every_call_that_it_can_bend() {
    let lab = Lab::with(without_limits);
    lab.launch("r1", &["a"]).await;
    schedule(&lab).await;
    let mut missed = Vec::new();
    let stars = PLACES.iter().filter(|place| place.ends_with('*'));
    for place in CALLS.iter().chain(stars) {
        let route = route_of(place);
        for kind in allowed(place) {
            if needs_a_list(kind) || kind.comes(Asked::Stream) {
                continue;
            }
            put(&lab, place, kind);
            let before = strikes(&lab);
            ask(&lab, &route).await;
            if strikes(&lab) == before {
                missed.push(format!("{place}: {}", kind.word()));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A scheduled job.
async fn schedule(lab: &Lab) {
    let spec = json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["sleep", "9"]});
    let body = json!({"schedule": "@daily", "jobSpec": spec});
    let made = lab.hf("POST", "/api/scheduled-jobs/lab", body).await;
    assert!(made.status < 300, "{made:?}");
}

/// A world in which every listing lists two items or more, and where each is asked for, by whom.
async fn full_world() -> (Lab, Vec<(&'static str, String, String)>) {
    let lab = Lab::with(|settings| {
        without_limits(settings);
        for name in ["actions", "checks", "deployments", "organization_hooks"] {
            let granted = &mut settings.github.app.permissions;
            granted.insert(name.to_owned(), "write".to_owned());
        }
        for name in ["organization_self_hosted_runners", "repository_hooks"] {
            let granted = &mut settings.github.app.permissions;
            granted.insert(name.to_owned(), "write".to_owned());
        }
        for name in ["octo/other", "cat/own"] {
            let repo = fakes::RepoSettings::installed(name);
            settings.github.repos.push(repo);
        }
    });
    let github = lab.world.github();
    let of_one_run = |name: &str, needs_approval| fakes::NewJob {
        run: Some("R".to_owned()),
        needs_approval,
        ..job(name, &["a"])
    };
    for (name, waits) in [("J1", false), ("J2", false), ("J3", true), ("J4", true)] {
        github.queue(of_one_run(name, waits), None).unwrap();
    }
    lab.queue("J5", &["a"]);
    let run = github.run_of(github.job_by_name("J1").unwrap()).unwrap().0;
    let first = lab.launch("r1", &["b", "c"]).await;
    lab.launch("r2", &["b"]).await;
    lab.sleep(60.0).await;
    let (token, jwt) = (lab.token().await, lab.jwt());
    for url in ["one", "two"] {
        let config = json!({"url": format!("https://hooks.example/{url}")});
        let body = json!({"config": config, "events": ["workflow_job"]});
        let made = lab
            .github("POST", "/repos/octo/app/hooks", &token, body)
            .await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let shown = format!("/repos/octo/app/actions/runs/{run}");
    let sha = lab.github("GET", &shown, &token, Value::Null).await.body["head_sha"]
        .as_str()
        .unwrap()
        .to_owned();
    let note = |line: u32| {
        json!({"path": "ci.yml", "start_line": line, "end_line": line,
            "annotation_level": "notice", "message": "hm"})
    };
    let output = json!({"title": "t", "summary": "s", "annotations": [note(1), note(2)]});
    let check = json!({"name": "c", "head_sha": sha, "output": output});
    let made = lab
        .github("POST", "/repos/octo/app/check-runs", &token, check)
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    let check = made.body["id"].clone();
    let runners = "/repos/octo/app/actions/runners";
    let listed = lab.github("GET", runners, &token, Value::Null).await.body;
    let runner = listed["runners"][0]["id"].clone();
    let groups = "/orgs/octo/actions/runner-groups";
    let repositories = lab
        .github("GET", "/installation/repositories", &token, Value::Null)
        .await
        .body;
    let ids: Vec<Value> = repositories["repositories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|repo| repo["id"].clone())
        .collect();
    let wanted = json!({"name": "some", "visibility": "selected", "selected_repository_ids": ids});
    let made = lab.github("POST", groups, &token, wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    let group = made.body["id"].clone();
    for name in ["o1", "o2"] {
        let body = json!({"name": name, "runner_group_id": group, "labels": ["o"]});
        let path = "/orgs/octo/actions/runners/generate-jitconfig";
        let made = lab.github("POST", path, &token, body).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    for _ in 0..2 {
        schedule(&lab).await;
    }
    assert!(!first.0.is_empty());
    let repo = "/repos/octo/app";
    let of_app = |call, path: &str| (call, path.to_owned(), jwt.clone());
    let of_token = |call, path: String| (call, path, token.clone());
    let of_hf = |call, path: &str| (call, path.to_owned(), "Bearer hf_lab".to_owned());
    let listings = vec![
        of_app("github.installations", "/app/installations"),
        of_app("github.list-deliveries", "/app/hook/deliveries"),
        of_token(
            "github.installation-repos",
            "/installation/repositories".to_owned(),
        ),
        of_token("github.list-runners", runners.to_owned()),
        of_token("github.list-runs", format!("{repo}/actions/runs")),
        of_token("github.list-run-jobs", format!("{shown}/jobs")),
        of_token(
            "github.list-run-attempt-jobs",
            format!("{shown}/attempts/1/jobs"),
        ),
        of_token(
            "github.list-check-run-annotations",
            format!("{repo}/check-runs/{check}/annotations"),
        ),
        of_token(
            "github.list-check-suite-check-runs",
            format!("{repo}/check-suites/{run}/check-runs"),
        ),
        of_token(
            "github.list-commit-check-runs",
            format!("{repo}/commits/{sha}/check-runs"),
        ),
        of_token("github.list-hooks", format!("{repo}/hooks")),
        of_token(
            "github.list-pending-deployments",
            format!("{shown}/pending_deployments"),
        ),
        of_token(
            "github.list-runner-downloads",
            format!("{runners}/downloads"),
        ),
        of_token("github.list-runner-groups", groups.to_owned()),
        of_token(
            "github.list-runner-group-repos",
            format!("{groups}/{group}/repositories"),
        ),
        of_token(
            "github.list-runner-group-runners",
            format!("{groups}/{group}/runners"),
        ),
        of_token(
            "github.list-runner-labels",
            format!("{runners}/{runner}/labels"),
        ),
        of_token("github.list-workflows", format!("{repo}/actions/workflows")),
        of_token("github.*", runners.to_owned()),
        of_hf("hf.list", "/api/jobs/lab"),
        of_hf("hf.hardware", "/api/jobs/hardware"),
        of_hf("hf.list-scheduled", "/api/scheduled-jobs/lab"),
        of_hf("hf.*", "/api/jobs/lab"),
    ];
    (lab, listings)
}

#[tokio::test(start_paused = true)]
async fn what_bends_a_listing_strikes_every_call_that_lists() {
    let (lab, listings) = full_world().await;
    let mut missed = Vec::new();
    let places = CALLS.iter().chain(PLACES);
    for place in places {
        for kind in allowed(place).filter(|kind| needs_a_list(*kind)) {
            let Some((_, path, credential)) = listings.iter().find(|(call, ..)| call == place)
            else {
                missed.push(format!("{place} is not asked for"));
                continue;
            };
            put(&lab, place, kind);
            let before = strikes(&lab);
            let is_hf = place.starts_with("hf.");
            let first = if is_hf {
                path.clone()
            } else {
                format!("{path}?per_page=1")
            };
            let mut next = Some(first);
            for _page in 0..2 {
                let Some(path) = next.take() else { break };
                let answer = if is_hf {
                    lab.hf_as(credential, "GET", &path, Value::Null).await
                } else {
                    lab.github("GET", &path, credential, Value::Null).await
                };
                assert_eq!(answer.status, 200, "{place}: {answer:?}");
                next = answer.next();
            }
            if strikes(&lab) == before {
                missed.push(format!("{place}: {}", kind.word()));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_bends_a_stream_strikes_every_call_that_streams() {
    let mut seen = 0;
    for place in CALLS {
        for kind in allowed(place).filter(|kind| kind.comes(Asked::Stream)) {
            let lab = Lab::new();
            let body =
                json!({"flavor": "cpu-basic", "dockerImage": "u", "command": ["sleep", "9"]});
            let made = lab.hf("POST", "/api/jobs/lab", body).await.body;
            lab.sleep(45.0).await;
            put(&lab, place, kind);
            let id = made["id"].as_str().unwrap();
            let stream = place.strip_prefix("hf.").unwrap();
            let path = format!("/api/jobs/lab/{id}/{stream}");
            let asked = lab.hf("GET", &path, Value::Null);
            let _goes_on = tokio::time::timeout(Duration::from_secs(60), asked).await;
            assert_eq!(strikes(&lab), 1, "{place}: {}", kind.word());
            seen += 1;
        }
    }
    assert_eq!(seen, 6);
}

#[tokio::test(start_paused = true)]
async fn every_effect_on_deliveries_strikes() {
    for kind in allowed("webhook") {
        let lab = Lab::new();
        put(&lab, "webhook", kind);
        lab.queue("J1", &["a"]);
        lab.sleep(5.0).await;
        assert!(strikes(&lab) > 0, "{}", kind.word());
    }
}

#[tokio::test(start_paused = true)]
async fn every_effect_on_the_store_strikes() {
    for kind in allowed("store") {
        let lab = Lab::new();
        put(&lab, "store", kind);
        let fate = lab.world.faults().at_store(1, true);
        assert!(fate.fails.is_some() || !fate.delay.is_zero());
        assert_eq!(strikes(&lab), 1, "{}", kind.word());
    }
}

#[tokio::test(start_paused = true)]
async fn every_effect_on_hf_jobs_and_on_runners_strikes() {
    for place in ["hf.schedule", "runner"] {
        for kind in allowed(place) {
            let lab = Lab::new();
            put(&lab, place, kind);
            lab.queue("J1", &["a"]);
            lab.launch("r1", &["a"]).await;
            lab.sleep(300.0).await;
            assert!(strikes(&lab) > 0, "{place}: {}", kind.word());
        }
    }
}

/// A fault that is meant for the first of two of everything, or for the second.
fn meant_for(key: Narrowing, first: bool) -> Only {
    let pick = |one: &str, other: &str| Some(if first { one } else { other }.to_owned());
    let nth = if first { 1_u32 } else { 2 };
    let ones = Some(vec![Which::Nth(nth.try_into().unwrap())]);
    let mut only = Only::default();
    match key {
        Narrowing::Job => only.job = pick("J1", "J2").map(|job| vec![job]),
        Narrowing::Action => only.action = pick("queued", "completed"),
        Narrowing::Repo => only.repo = pick("octo/app", "octo/other"),
        Narrowing::Flavor => only.flavor = pick("cpu-basic", "h200"),
        Narrowing::HfJob => only.hf_job = ones,
        Narrowing::Runner => only.runner = ones,
    }
    only
}

#[tokio::test(start_paused = true)]
async fn a_call_is_narrowed_by_everything_that_its_route_names() {
    let lab = Lab::with(without_limits);
    let job = lab.queue("J1", &["a"]);
    lab.queue("J2", &["a"]);
    let run = lab.world.github().run_of(job).unwrap().0;
    for name in ["r1", "r2"] {
        lab.launch(name, &["b"]).await;
    }
    let runner = lab.world.github().runners()[0].runner.0;
    let hf_job = lab.world.hf().jobs()[0].hf_job.0.clone();
    let filled = |path: &str| {
        path.replace("{owner}", "octo")
            .replace("{repo}", "app")
            .replace("{job_id}", &job.0.to_string())
            .replace("{run_id}", &run.to_string())
            .replace("{runner_id}", &runner.to_string())
            .replace("{jobId}", &hf_job)
    };
    let mut walked = 0;
    for call in CALLS.iter().filter(|call| !call.starts_with("runner.")) {
        // One call can have two routes, of which one names the repository.
        let routes = github::routes().chain(hf::routes());
        let routes: Vec<RouteInfo> = routes
            .filter(|route| route.name == *call)
            .map(|route| RouteInfo {
                path: filled(route.path).leak(),
                ..route
            })
            .collect();
        for key in Narrowing::ALL.into_iter().filter(|key| key.suits(call)) {
            for first in [true, false] {
                lab.world.faults().install(vec![FaultRule {
                    only: meant_for(key, first),
                    ..FaultRule::always(call, Effect::Reset)
                }]);
                let before = strikes(&lab);
                for route in &routes {
                    ask(&lab, route).await;
                }
                assert_eq!(strikes(&lab) > before, first, "{call} by {}", key.word());
            }
            walked += 1;
        }
    }
    assert!(walked >= 100, "{walked}");
}

/// Whose state an answer shows, as far as its text tells.
fn shown(answer: &Value) -> Shows {
    let item = |value: &Value, keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    let any = |list: &Value, keys: &[&str]| list.get(0).is_some_and(|first| item(first, keys));
    match answer {
        runners if any(&runners["runners"], &["busy", "status"]) => Shows::Runners,
        jobs if any(&jobs["jobs"], &["run_attempt", "status"]) => Shows::Jobs,
        jobs if any(jobs, &["dockerImage", "status"]) => Shows::HfJobs,
        _ => Shows::Nothing,
    }
}

#[tokio::test(start_paused = true)]
async fn the_table_says_whose_state_each_listing_shows() {
    let (lab, listings) = full_world().await;
    let mut seen = 0;
    for (name, path, credential) in listings.iter().filter(|(name, ..)| !name.ends_with('*')) {
        let answer = if name.starts_with("hf.") {
            lab.hf_as(credential, "GET", path, Value::Null).await
        } else {
            lab.github("GET", path, credential, Value::Null).await
        };
        let call = Call::named(name).unwrap();
        assert!(call.is(Is::Lists), "{name}");
        assert_eq!(shown(&answer.body), call.shows, "{name}: {answer:?}");
        seen += usize::from(call.shows != Shows::Nothing);
    }
    assert_eq!(seen, 5);
}
