//! Every call the dispatcher makes, over real sockets, against every answer the two services are known to give.
//! Method: one table row per (call, answer); the call runs against a wiremock server that gives that answer.

use std::{fmt::Debug, future::Future, time::Duration};

use axum::body::Body;
use dispatcher::{BoxError, Clock, Config, HttpService, core::Failure};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::{ServiceExt, util::BoxCloneSyncService};
use wiremock::ResponseTemplate;

mod github;
mod hf;

use self::{
    github::{GITHUB_CALLS, call_github},
    hf::{HF_CALLS, call_hf},
};

/// A throw-away key made for these tests.
const KEY: &str = include_str!("../app-key.pem");

/// What the core is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done,
    Refused(u16),
    /// Rate limited for so many seconds.
    Limited(i64),
    ServerError(u16),
    Unreadable,
    NoAnswer,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "every call hands its answer over"
)]
fn told<T: Debug>(answer: Result<T, Failure>, clock: Clock) -> Told {
    match answer {
        Ok(_) => Told::Done,
        Err(Failure::Refused { status, .. }) => Told::Refused(status),
        Err(Failure::Limited { until, .. }) => {
            // Rounded up: some of the wait has passed already.
            Told::Limited((until.duration_since(clock.now()).as_millis() as i64 + 999) / 1000)
        }
        Err(Failure::ServerError { status, .. }) => Told::ServerError(status),
        Err(Failure::Unreadable(_)) => Told::Unreadable,
        Err(Failure::NoAnswer(_)) => Told::NoAnswer,
    }
}

fn config(server: &str) -> Config {
    let lookup = |name: &str| {
        let value = match name {
            "GH_APP_ID" => "1",
            "GH_APP_PRIVATE_KEY" => KEY,
            "GH_WEBHOOK_SECRET" => "s",
            "HF_TOKEN" => "hf_x",
            "HF_NAMESPACE" => "alice",
            "GITHUB_API_URL" | "HF_ENDPOINT" => server,
            _ => return None,
        };
        Some(value.to_owned())
    };
    Config::from_lookup(lookup).expect("the test configuration is complete")
}

fn sockets() -> HttpService {
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build_http();
    BoxCloneSyncService::new(
        client
            .map_response(|response| response.map(Body::new))
            .map_err(|error| Box::new(error) as BoxError),
    )
}

fn answer(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_string(body)
}

/// A service that never answers.
fn silent() -> HttpService {
    BoxCloneSyncService::new(tower::service_fn(|_| {
        std::future::pending::<Result<_, BoxError>>()
    }))
}

async fn gives_up_within(limit: Duration, call: impl Future<Output = Told>) {
    let start = tokio::time::Instant::now();
    assert_eq!(call.await, Told::NoAnswer);
    assert!(start.elapsed() <= limit, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn silence_is_given_up_on() {
    for (name, ..) in GITHUB_CALLS {
        let (client, clock) = github::client("http://silent", silent());
        gives_up_within(Duration::from_secs(10), call_github(name, &client, clock)).await;
    }
    for name in HF_CALLS {
        let (client, clock) = hf::client("http://silent", silent());
        let limit = if name == "create" { 30 } else { 15 };
        gives_up_within(Duration::from_secs(limit), call_hf(name, &client, clock)).await;
    }
}

#[tokio::test]
async fn a_refused_connection_is_no_answer() {
    let (client, clock) = hf::client("http://127.0.0.1:1", sockets());
    assert_eq!(call_hf("create", &client, clock).await, Told::NoAnswer);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_unreadable_and_keeps_its_status() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for (status, expected) in [
        (200, Told::Unreadable),
        (402, Told::Refused(402)),
        (500, Told::ServerError(500)),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serve = async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 8192];
            assert!(socket.read(&mut request).await.unwrap() > 0);
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 1000\r\n\r\n{{\"id\":");
            socket.write_all(head.as_bytes()).await.unwrap();
        };
        let (client, clock) = hf::client(&address, sockets());
        let (answer, ()) = tokio::join!(call_hf("create", &client, clock), serve);
        assert_eq!(answer, expected, "{status}");
    }
}
