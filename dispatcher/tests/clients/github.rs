//! Every call to GitHub.

use dispatcher::{
    Clock, HttpService,
    core::{
        Access, CredentialKind, InstallationId, JobId, LaunchId, Mint, RepoId, RunId, RunnerId,
    },
    github::GithubClient,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path, path_regex},
};

use super::{Told, answer, config, sockets, told};

pub(super) fn client(server: &str, service: HttpService) -> (GithubClient, Clock) {
    let clock = Clock::system();
    (GithubClient::new(&config(server), clock, service), clock)
}

fn access() -> Access {
    Access {
        repo: RepoId(1),
        name: "octo/app".to_owned(),
        installation: InstallationId(42),
    }
}

fn mint(kind: CredentialKind) -> Mint {
    let (runner, label) = ("hfjobs-1-2".to_owned(), "hf-jobs-cpu-basic".to_owned());
    Mint {
        launch: LaunchId("l".to_owned()),
        access: access(),
        kind,
        runner,
        label,
    }
}

const TOKEN: &str = r#"{"token":"ghs_x","expires_at":"2100-01-01T00:00:00Z"}"#;
const RUNNER: &str =
    r#"{"id":5,"name":"hfjobs-1-2","os":"linux","status":"online","busy":false,"labels":[]}"#;

/// The calls to GitHub, each with a good answer.
pub(super) const GITHUB_CALLS: [(&str, u16, &str); 9] = [
    ("installation", 200, r#"{"id":42,"suspended_at":null}"#),
    (
        "jit",
        201,
        r#"{"encoded_jit_config":"e30=","runner":{"id":5,"name":"r","status":"offline","busy":false}}"#,
    ),
    ("token", 201, TOKEN),
    ("runners", 200, ""),
    ("find", 200, ""),
    ("delete", 204, "-"),
    (
        "job",
        200,
        r#"{"id":2,"status":"queued","labels":["x"],"runner_name":""}"#,
    ),
    ("cancel", 202, "{}"),
    ("deliveries", 200, "[]"),
];

pub(super) async fn call_github(name: &str, client: &GithubClient, clock: Clock) -> Told {
    let access = access();
    match name {
        "installation" => told(client.installation_of("octo/app").await, clock),
        "jit" => told(client.mint(&mint(CredentialKind::Jit)).await, clock),
        "token" => told(
            client.mint(&mint(CredentialKind::RegistrationToken)).await,
            clock,
        ),
        "runners" => told(client.list_runners(&access).await, clock),
        "find" => told(client.find_runner(&access, "hfjobs-1-2").await, clock),
        "delete" => told(client.delete_runner(&access, RunnerId(5)).await, clock),
        "job" => told(client.job(&access, JobId(2)).await, clock),
        "cancel" => told(client.cancel_run(&access, RunId(1)).await, clock),
        "deliveries" => told(client.failed_deliveries(None).await, clock),
        other => panic!("no call {other}"),
    }
}

/// A server that mints installation tokens and gives `answer` to everything else.
async fn github_server(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    let minting = ResponseTemplate::new(201).set_body_string(TOKEN);
    Mock::given(path("/app/installations/42/access_tokens"))
        .respond_with(minting)
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path_regex(".*"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

/// Error answers of GitHub, and what the core is told whatever the call was.
fn github_errors() -> Vec<(&'static str, ResponseTemplate, Told)> {
    let said = |message: &str| format!(r#"{{"message":"{message}","status":"x"}}"#);
    let exhausted = answer(
        403,
        &said("API rate limit exceeded for installation ID 42."),
    )
    .insert_header("x-ratelimit-remaining", "0")
    .insert_header("x-ratelimit-reset", "1800000120")
    .insert_header("date", "Fri, 15 Jan 2027 08:00:00 GMT");
    vec![
        (
            "400",
            answer(400, &said("Problems parsing JSON")),
            Told::Refused(400),
        ),
        (
            "401 twice",
            answer(401, &said("Bad credentials")),
            Told::Refused(401),
        ),
        (
            "403 permission",
            answer(403, &said("Resource not accessible by integration")),
            Told::Refused(403),
        ),
        (
            "403 suspended",
            answer(403, &said("This installation has been suspended")),
            Told::Refused(403),
        ),
        ("403 primary limit", exhausted, Told::Limited(121)),
        (
            "403 retry-after",
            answer(403, "").insert_header("retry-after", "7"),
            Told::Limited(7),
        ),
        (
            "403 secondary",
            answer(403, &said("You have exceeded a secondary rate limit")),
            Told::Limited(60),
        ),
        (
            "429 retry-after",
            answer(429, "").insert_header("retry-after", "90"),
            Told::Limited(90),
        ),
        ("429 bare", answer(429, ""), Told::Limited(60)),
        (
            "422",
            answer(422, &said("Invalid request")),
            Told::Refused(422),
        ),
        ("500", answer(500, "oops"), Told::ServerError(500)),
        ("502", answer(502, "<html>"), Told::ServerError(502)),
        ("503", answer(503, ""), Told::ServerError(503)),
    ]
}

#[tokio::test]
async fn github_good_answers_are_understood() {
    for (name, status, body) in GITHUB_CALLS {
        let listed = format!(r#"{{"total_count":1,"runners":[{RUNNER}]}}"#);
        let body = if body.is_empty() { &listed } else { body };
        let server = github_server(answer(status, body)).await;
        let (client, clock) = client(&server.uri(), sockets());
        assert_eq!(
            call_github(name, &client, clock).await,
            Told::Done,
            "{name}"
        );
    }
}

#[tokio::test]
async fn github_errors_are_sorted_the_same_for_every_call() {
    for (what, template, expected) in github_errors() {
        for (name, ..) in GITHUB_CALLS {
            let server = github_server(template.clone()).await;
            let (client, clock) = client(&server.uri(), sockets());
            assert_eq!(
                call_github(name, &client, clock).await,
                expected,
                "{name}: {what}"
            );
        }
    }
}

#[tokio::test]
async fn github_answers_that_mean_something_else_for_one_call() {
    for (name, status, expected) in [
        ("delete", 404, Told::Done),
        ("delete", 422, Told::Refused(422)),
        ("cancel", 409, Told::Done),
        ("jit", 409, Told::Refused(409)),
        ("jit", 404, Told::Refused(404)),
        ("installation", 404, Told::Refused(404)),
        ("job", 404, Told::Refused(404)),
        ("runners", 404, Told::Refused(404)),
    ] {
        let server = github_server(answer(status, r#"{"message":"m"}"#)).await;
        let (client, clock) = client(&server.uri(), sockets());
        assert_eq!(
            call_github(name, &client, clock).await,
            expected,
            "{name} {status}"
        );
    }
    let server = github_server(answer(
        200,
        r#"{"id":42,"suspended_at":"2026-01-01T00:00:00Z"}"#,
    ))
    .await;
    let (client, clock) = client(&server.uri(), sockets());
    assert_eq!(
        call_github("installation", &client, clock).await,
        Told::Refused(403),
        "suspended"
    );
}

#[tokio::test]
async fn github_unreadable_bodies_are_not_taken_for_success() {
    for (name, status, _) in GITHUB_CALLS {
        if ["delete", "cancel"].contains(&name) {
            continue;
        }
        for body in ["", "{", "null", "<html>", r#"{"unexpected":1}"#] {
            let server = github_server(answer(status, body)).await;
            let (client, clock) = client(&server.uri(), sockets());
            assert_eq!(
                call_github(name, &client, clock).await,
                Told::Unreadable,
                "{name}: {body}"
            );
        }
    }
}

#[tokio::test]
async fn github_tokens_are_refreshed_once_after_a_401() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/app/installations/42/access_tokens"))
        .respond_with(answer(201, TOKEN))
        .expect(2)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(answer(401, "{}"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let good = answer(200, r#"{"id":2,"status":"completed","labels":[]}"#);
    Mock::given(method("GET"))
        .respond_with(good)
        .mount(&server)
        .await;
    let (client, clock) = client(&server.uri(), sockets());
    assert_eq!(call_github("job", &client, clock).await, Told::Done);
    assert_eq!(
        call_github("job", &client, clock).await,
        Told::Done,
        "the second token is kept"
    );
}

#[tokio::test]
async fn github_is_left_alone_until_a_limit_ends() {
    let server = github_server(answer(429, "").insert_header("retry-after", "90")).await;
    let (client, clock) = client(&server.uri(), sockets());
    for _ in 0..5 {
        assert!(matches!(
            call_github("job", &client, clock).await,
            Told::Limited(89..=90)
        ));
    }
    let asked = server.received_requests().await.unwrap();
    assert_eq!(
        asked
            .iter()
            .filter(|request| request.url.path().contains("/jobs/"))
            .count(),
        1
    );
}

#[tokio::test]
async fn github_listings_are_read_to_the_last_page() {
    let server = MockServer::start().await;
    Mock::given(path("/app/installations/42/access_tokens"))
        .respond_with(answer(201, TOKEN))
        .mount(&server)
        .await;
    let page = |range: std::ops::Range<u64>| {
        let runners: Vec<_> = range
            .map(|id| format!(r#"{{"id":{id},"name":"r{id}","status":"offline","busy":true}}"#))
            .collect();
        answer(
            200,
            &format!(r#"{{"total_count":130,"runners":[{}]}}"#, runners.join(",")),
        )
    };
    let next = format!(
        r#"<{}/repos/octo/app/actions/runners?per_page=100&page=2>; rel="next""#,
        server.uri()
    );
    let second = Mock::given(wiremock::matchers::query_param("page", "2"));
    second
        .respond_with(page(100..130))
        .with_priority(1)
        .mount(&server)
        .await;
    let first = Mock::given(path("/repos/octo/app/actions/runners"));
    first
        .respond_with(page(0..100).insert_header("link", next.as_str()))
        .mount(&server)
        .await;
    let (client, _) = client(&server.uri(), sockets());
    assert_eq!(client.list_runners(&access()).await.unwrap().len(), 130);
}

/// More than any number of pages that one might think enough; but not for ever.
#[tokio::test]
async fn listings_are_followed_however_long_but_not_in_a_circle() {
    let server = MockServer::start().await;
    Mock::given(path("/app/installations/42/access_tokens"))
        .respond_with(answer(201, TOKEN))
        .mount(&server)
        .await;
    let pages = 300;
    let (uri, circle) = (
        server.uri(),
        std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)),
    );
    let is_circle = circle.clone();
    let respond = move |request: &wiremock::Request| {
        let asked = request.url.query_pairs().find(|(name, _)| name == "page");
        let page: u64 = asked.map_or(1, |(_, page)| page.parse().unwrap());
        let runner = format!(
            r#"{{"runners":[{{"id":{page},"name":"r{page}","status":"offline","busy":false}}]}}"#
        );
        let back = is_circle.load(std::sync::atomic::Ordering::Relaxed) && page == 3;
        let next = if back { 2 } else { page + 1 };
        let link = format!(
            r#"<{uri}/repos/octo/app/actions/runners?per_page=100&page={next}>; rel="next""#
        );
        if page < pages {
            answer(200, &runner).insert_header("link", link.as_str())
        } else {
            answer(200, &runner)
        }
    };
    let runners = Mock::given(path("/repos/octo/app/actions/runners"));
    runners.respond_with(respond).mount(&server).await;
    let (client, _) = client(&server.uri(), sockets());
    assert_eq!(
        client.list_runners(&access()).await.unwrap().len() as u64,
        pages
    );
    circle.store(true, std::sync::atomic::Ordering::Relaxed);
    let wrong = client.list_runners(&access()).await.unwrap_err();
    assert!(
        matches!(&wrong, dispatcher::core::Failure::Unreadable(why) if why.contains("lead back")),
        "{wrong}"
    );
}
