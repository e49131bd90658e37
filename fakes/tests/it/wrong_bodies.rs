//! Wrong bodies, sent to everything that reads one: they are refused in GitHub's words, never in those of the
//! library that reads them here.

use std::collections::BTreeSet;

use fakes::{RouteInfo, github::Status};
use http::Method;
use serde_json::{Value, json};

use crate::lab::{Answer, Lab};

/// What the reader of JSON says, and the names of Rust's types.
const FOREIGN: [&str; 19] = [
    "missing field",
    "invalid type",
    "invalid value",
    "invalid length",
    "unknown variant",
    "unknown field",
    "duplicate field",
    "did not match any",
    "trailing",
    "EOF",
    "at line",
    "column",
    "expected",
    "u64",
    "i64",
    "u32",
    "struct",
    "sequence",
    "failed to",
];

/// Every field that some body has, with a value that fits.
fn fields() -> Value {
    let first = json!({
        "name": "x", "labels": ["a"], "runner_group_id": 1, "work_folder": "_work",
        "repositories": ["app"], "repository_ids": [1], "permissions": {"actions": "read"},
        "head_sha": "0".repeat(40), "details_url": "https://x.example", "external_id": "1",
        "status": "queued", "conclusion": "success", "started_at": "2026-11-03T10:00:00Z",
        "completed_at": "2026-11-03T10:00:00Z", "output": {"title": "t", "summary": "s"},
    });
    let second = json!({
        "config": {"url": "https://x.example"}, "events": ["push"], "active": true, "add_events": [],
        "remove_events": [], "url": "http://127.0.0.1/octo/app", "content_type": "json", "secret": "s",
        "insecure_ssl": "0", "enable_debug_logging": true, "visibility": "all",
        "selected_repository_ids": [1], "runners": [1], "allows_public_repositories": true,
        "restricted_to_workflows": false, "selected_workflows": [], "environment_ids": [1],
        "state": "approved", "comment": "c", "runner_event": "register", "group": "Default",
        "ephemeral": true, "replace": false, "version": "2.330.0", "runner_id": 1, "client_id": "c",
        "session": "s",
    });
    let parts = [first, second].into_iter();
    parts
        .flat_map(|part| part.as_object().cloned().unwrap())
        .collect()
}

fn wrong_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5),
        json!("wrong"),
        json!([]),
        json!([null]),
        json!([{}]),
        json!({}),
        json!({"url": 7, "title": 7, "name": 7}),
    ]
}

/// An App with every permission, and no limits.
fn may_do_anything(settings: &mut fakes::Settings) {
    settings.github.limits.enforced = false;
    let permissions = &mut settings.github.app.permissions;
    permissions
        .values_mut()
        .for_each(|level| *level = "write".to_owned());
    for name in ["repository_hooks", "organization_hooks"] {
        permissions.insert(name.to_owned(), "write".to_owned());
    }
}

struct Places {
    values: Vec<(&'static str, String)>,
}

impl Places {
    /// Something that is there for every kind of path.
    async fn of(lab: &Lab) -> Self {
        let github = lab.world.github();
        lab.queue("J1", &["nobody has this"]);
        let job = github.jobs()[0].clone();
        assert_eq!(job.status, Status::Queued);
        let runner = crate::org_runners::register(lab, "octo/app", "r", false);
        let hook = lab.hook("octo/app", &["push"], "s");
        let check = json!({"name": "c", "head_sha": sha(lab).await});
        let path = "/repos/octo/app/check-runs";
        let check = lab.github("POST", path, &lab.token().await, check).await;
        assert_eq!(check.status, 201, "{check:?}");
        let values = vec![
            ("owner", "octo".to_owned()),
            ("repo", "app".to_owned()),
            ("org", "octo".to_owned()),
            (
                "installation_id",
                lab.installation("octo/app").await.to_string(),
            ),
            ("runner_id", runner.0.to_string()),
            ("hook_id", hook.0.to_string()),
            ("job_id", job.job.0.to_string()),
            ("run_id", job.run.0.to_string()),
            ("check_run_id", check.body["id"].to_string()),
            ("runner_group_id", "1".to_owned()),
        ];
        Self { values }
    }

    fn fill(&self, route: &RouteInfo) -> String {
        let filled = route.path.split('/').map(|part| {
            let name = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            let Some(name) = name else {
                return part.to_owned();
            };
            let known = self.values.iter().find(|(known, _)| *known == name);
            known.map_or_else(|| "1".to_owned(), |(_, value)| value.clone())
        });
        filled.collect::<Vec<_>>().join("/")
    }
}

async fn sha(lab: &Lab) -> String {
    let path = "/repos/octo/app/actions/runs";
    let runs = lab
        .github("GET", path, &lab.token().await, Value::Null)
        .await;
    runs.body["workflow_runs"][0]["head_sha"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn send(lab: &Lab, route: &RouteInfo, path: &str, authorization: &str, body: &str) -> Answer {
    let headers = [
        ("authorization", authorization),
        ("content-type", "application/json"),
    ];
    let answer = lab
        .github_with((route.method.as_str(), path), &headers, body)
        .await;
    for words in FOREIGN {
        assert!(
            !answer.text.contains(words),
            "{} {path} with {body} says \"{words}\": {}",
            route.method,
            answer.text
        );
    }
    assert!(
        answer.status < 500,
        "{} {path} with {body}: {answer:?}",
        route.method
    );
    answer
}

#[tokio::test(start_paused = true)]
async fn no_route_answers_a_wrong_body_in_the_words_of_a_library() {
    let mut readers = BTreeSet::new();
    for route in fakes::github::routes().filter(|route| route.method != Method::GET) {
        // Some of them take away what others need.
        let lab = Lab::with(may_do_anything);
        let path = Places::of(&lab).await.fill(&route);
        let (jwt, token) = (lab.jwt(), lab.token().await);
        let registration = lab.registration_token("repos/octo/app").await;
        let registration = format!("RemoteAuth {registration}");
        for authorization in [&jwt, &token, &registration] {
            let answer = send(&lab, &route, &path, authorization, "{").await;
            if answer.message() != "Problems parsing JSON" {
                continue;
            }
            readers.insert(route.name);
            for body in ["[]", "7", "\"x\"", "null"] {
                let answer = send(&lab, &route, &path, authorization, body).await;
                assert_eq!(
                    (answer.status, answer.message()),
                    (400, "Body should be a JSON object"),
                    "{} {path} with {body}",
                    route.method
                );
            }
            let refused = wrong_fields(&lab, &route, &path, authorization).await;
            assert!(refused > 0, "{} {path} takes any body", route.method);
        }
    }
    let wanted = [
        "github.create-token",
        "github.jit-config",
        "github.create-check-run",
        "github.create-hook",
        "github.update-hook",
        "github.update-hook-config",
        "github.create-runner-group",
        "runner.tenant-credential",
        "runner.finish-job",
    ];
    for name in wanted {
        assert!(readers.contains(name), "{name} is not among {readers:?}");
    }
}

/// Sends each field with each wrong value; gives how many of them were refused for that.
async fn wrong_fields(lab: &Lab, route: &RouteInfo, path: &str, authorization: &str) -> usize {
    let mut bodies = vec![json!({})];
    for (name, _) in fields().as_object().unwrap() {
        let mut without = fields();
        without.as_object_mut().unwrap().remove(name);
        bodies.push(without);
        bodies.extend(wrong_values().into_iter().map(|value| {
            let mut body = fields();
            body[name] = value;
            body
        }));
    }
    let mut refused = 0;
    for body in bodies {
        let answer = send(lab, route, path, authorization, &body.to_string()).await;
        let why = answer.message().strip_prefix("Invalid request.\n\n");
        let is_githubs = |why: &str| {
            [" wasn't supplied.", " is not a", " is not valid."]
                .iter()
                .any(|words| why.contains(words))
        };
        if answer.status == 422 && why.is_some_and(is_githubs) {
            refused += 1;
        }
    }
    refused
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_field_and_what_was_wanted() {
    let lab = Lab::new();
    let path = "/repos/octo/app/actions/runners/generate-jitconfig";
    let cases = [
        (
            json!({"name": "r", "labels": ["a"]}),
            "\"runner_group_id\" wasn't supplied.",
        ),
        (
            json!({"name": "r", "runner_group_id": "1", "labels": ["a"]}),
            "For 'properties/runner_group_id', \"1\" is not an integer.",
        ),
        (
            json!({"name": "r", "runner_group_id": 1, "labels": "a"}),
            "For 'properties/labels', \"a\" is not an array.",
        ),
    ];
    for (body, why) in cases {
        let answer = lab.github("POST", path, &lab.token().await, body).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.message(), format!("Invalid request.\n\n{why}"));
        assert_eq!(
            answer.body["documentation_url"],
            "https://docs.github.com/rest"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_is_wrong_is_refused_in_plain_words() {
    let lab = Lab::new();
    for manifest in [
        "{",
        "[]",
        "{\"url\": 7}",
        "{\"url\": \"https://x.example\", \"public\": \"yes\"}",
    ] {
        let body = crate::lab::form(&[("manifest", manifest), ("name", "x")]);
        for path in [
            "/settings/apps/new",
            "/organizations/octo/settings/apps/new",
        ] {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            let answer = lab.github_with(("POST", path), &headers, &body).await;
            assert_eq!(answer.status, 422, "{manifest}: {answer:?}");
            for words in FOREIGN {
                assert!(!answer.text.contains(words), "{manifest}: {}", answer.text);
            }
        }
    }
}

/// HF's own words are not known; those here are its field and its rule.
#[tokio::test(start_paused = true)]
async fn the_fake_hf_says_nothing_in_the_words_of_a_library_either() {
    let lab = Lab::with(|settings| settings.hf.limits.enforced = false);
    let job = json!({
        "flavor": "cpu-basic", "dockerImage": "u", "command": ["true"], "arguments": [], "environment": {},
        "secrets": {}, "labels": {}, "arch": "amd64", "timeoutSeconds": 60, "attempts": 1,
        "volumes": [{"type": "bucket", "source": "a/b", "mountPath": "/m"}],
        "expose": {"ports": [1]}, "ssh": {"enabled": false}, "network": {"group": "g"},
    });
    let scheduled =
        json!({"jobSpec": job, "schedule": "@daily", "suspend": false, "concurrency": false});
    for (path, whole) in [
        ("/api/jobs/lab", job.clone()),
        ("/api/scheduled-jobs/lab", scheduled),
    ] {
        for name in whole.as_object().unwrap().keys() {
            for value in wrong_values() {
                let mut body = whole.clone();
                body[name] = value;
                let answer = lab.hf("POST", path, body).await;
                for words in FOREIGN.iter().filter(|words| **words != "expected") {
                    assert!(!answer.text.contains(words), "{name}: {}", answer.text);
                }
            }
        }
    }
}
