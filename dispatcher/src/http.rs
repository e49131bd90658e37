//! One HTTP call: within a time limit, with a bounded body, and its answer sorted into what the core can act on.

use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode, Uri,
    header::{self, AsHeaderName},
};
use http_body_util::{BodyExt, Limited};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::{
    core::{Failure, Secret},
    json,
};

/// Any error of a service.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How the dispatcher reaches GitHub and the Hub: any service that answers requests with absolute URIs.
pub type HttpService = BoxCloneSyncService<Request<Body>, http::Response<Body>, BoxError>;

const USER_AGENT: &str = concat!("jobs-dispatcher/", env!("CARGO_PKG_VERSION"));
/// Answers longer than this are not ours.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// An answer. Its body may have broken off after the status came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Bytes, String>,
}

impl Answer {
    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn number<T: FromStr>(&self, name: impl AsHeaderName) -> Option<T> {
        self.header(name)?.trim().parse().ok()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let body = self
            .body
            .as_ref()
            .map_err(|error| Failure::Unreadable(error.clone()))?;
        json::read(body).map_err(|error| Failure::Unreadable(error.to_string()))
    }

    /// The server's clock, to the second.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        parse_http_date(self.header(header::DATE)?)
    }

    /// The address of the next page.
    pub(crate) fn next_page(&self) -> Option<String> {
        let links = self
            .headers
            .get_all(header::LINK)
            .iter()
            .filter_map(|value| value.to_str().ok());
        links.flat_map(|value| value.split(',')).find_map(|link| {
            let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
            rest.contains("rel=\"next\"").then(|| address.to_owned())
        })
    }
}

/// A header as text; nothing where it is missing or no text.
pub(crate) fn text_header(headers: &HeaderMap, name: impl AsHeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// A request with what each of ours says: whose it is, with which token, and that a body is JSON.
pub(crate) fn request(
    method: Method,
    uri: &str,
    token: &Secret,
    body: Option<Vec<u8>>,
) -> Result<Request<Body>, Failure> {
    let has_body = body.is_some();
    let mut request = Request::new(body.map_or_else(Body::empty, Body::from));
    *request.method_mut() = method;
    *request.uri_mut() = Uri::try_from(uri).map_err(|error| unusable(&error))?;
    let bearer = HeaderValue::try_from(["Bearer ", token.expose()].concat());
    let mut bearer = bearer.map_err(|error| unusable(&error))?;
    // It is hidden where a request is printed.
    bearer.set_sensitive(true);
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(header::AUTHORIZATION, bearer);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    if has_body {
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
    }
    *request.headers_mut() = headers;
    Ok(request)
}

/// A request that cannot be made: as bad as one that was refused.
pub(crate) fn unusable(error: &dyn fmt::Display) -> Failure {
    Failure::Refused {
        status: 400,
        message: error.to_string(),
    }
}

/// Sends a request and reads the whole answer, all within `limit`.
pub(crate) async fn send(
    service: &HttpService,
    request: Request<Body>,
    limit: Duration,
) -> Result<Answer, Failure> {
    let call = async {
        let response = service
            .clone()
            .oneshot(request)
            .await
            .map_err(|error| Failure::NoAnswer(error.to_string()))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await;
        let body = body
            .map(http_body_util::Collected::to_bytes)
            .map_err(|error| error.to_string());
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    };
    let late = |_| Failure::NoAnswer(format!("nothing within {} s", limit.as_secs()));
    tokio::time::timeout(limit, call).await.map_err(late)?
}

/// The pages of a listing that were asked for. However many there are, none comes twice.
#[derive(Debug, Default)]
pub(crate) struct Round(BTreeSet<String>);

impl Round {
    /// Goes on to a page; which number it has, from 1.
    ///
    /// # Errors
    /// When it was asked for before: that would never end.
    pub(crate) fn goes_to(&mut self, page: &str) -> Result<usize, Failure> {
        if !self.0.insert(page.to_owned()) {
            return Err(Failure::Unreadable(
                "its pages lead back to one before".to_owned(),
            ));
        }
        Ok(self.0.len())
    }
}

/// Sorts an answer: 2xx through, everything else into a [`Failure`].
pub(crate) fn sort(answer: Answer, now: Timestamp) -> Result<Answer, Failure> {
    let status = answer.status.as_u16();
    if answer.status.is_success() {
        return Ok(answer);
    }
    let message = message(&answer);
    if let Some(wait) = rate_limit(&answer, &message) {
        let until = now.checked_add(wait).unwrap_or(Timestamp::MAX);
        return Err(Failure::Limited { until, message });
    }
    Err(if answer.status.is_server_error() {
        Failure::ServerError { status, message }
    } else {
        Failure::Refused { status, message }
    })
}

/// How long a rate limit asks to wait; `None` if the answer is no rate limit.
fn rate_limit(answer: &Answer, message: &str) -> Option<Duration> {
    /// What both services ask for when they name no time.
    const UNNAMED: Duration = Duration::from_secs(60);
    /// Limits reset within the hour; a longer wait is a clock gone wrong.
    const LONGEST: Duration = Duration::from_secs(3600);
    let retry_after = answer.number(header::RETRY_AFTER).map(Duration::from_secs);
    let exhausted = answer.number("x-ratelimit-remaining") == Some(0_u64);
    let limited = match answer.status.as_u16() {
        429 => true,
        403 => exhausted || retry_after.is_some() || message.to_lowercase().contains("rate limit"),
        _ => return None,
    };
    let reset = exhausted.then(|| until_reset(answer)).flatten();
    let window = answer.header("ratelimit").and_then(window_seconds);
    limited.then(|| {
        retry_after
            .or(reset)
            .or(window)
            .unwrap_or(UNNAMED)
            .min(LONGEST)
    })
}

fn until_reset(answer: &Answer) -> Option<Duration> {
    let reset = Timestamp::from_second(answer.number("x-ratelimit-reset")?).ok()?;
    let left: SignedDuration = reset.duration_since(answer.date()?);
    Some(Duration::try_from(left).unwrap_or(Duration::ZERO) + Duration::from_secs(1))
}

/// The `t` of `"api";r=0;t=3`, plus one for the rounding.
fn window_seconds(header: &str) -> Option<Duration> {
    let seconds = header
        .split(';')
        .find_map(|part| part.trim().strip_prefix("t="))?;
    seconds
        .parse()
        .ok()
        .map(|seconds: u64| Duration::from_secs(seconds + 1))
}

/// What an error body says: GitHub's `message`, the Hub's `error`, or the header that carries it.
fn message(answer: &Answer) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        message: Option<String>,
        error: Option<String>,
    }
    let said: Option<Said> = answer.json().ok();
    let told = said.and_then(|said| said.message.or(said.error));
    let told = told
        .or_else(|| answer.header("x-error-message").map(str::to_owned))
        .unwrap_or_default();
    told.chars().take(300).collect()
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn parse_http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: i8 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year: i16 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<i8>);
    let (hour, minute, second) = (
        clock.next()?.ok()?,
        clock.next()?.ok()?,
        clock.next()?.ok()?,
    );
    let month = i8::try_from(month + 1).ok()?;
    let date = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_date_header() {
        let date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(date.to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(parse_http_date("1994-11-06"), None);
    }

    #[test]
    fn finds_the_next_page() {
        let mut headers = HeaderMap::new();
        let links = r#"<http://h/x?page=1>; rel="prev", <http://h/x?page=3&a=b>; rel="next""#;
        headers.insert(header::LINK, links.parse().unwrap());
        let answer = Answer {
            status: StatusCode::OK,
            headers,
            body: Ok(Bytes::new()),
        };
        assert_eq!(answer.next_page().as_deref(), Some("http://h/x?page=3&a=b"));
    }
}
