//! How a dispatcher of these tests calls GitHub and HF: credentials, time limits, rate limits, and patience with each
//! place that failed.

use std::{collections::BTreeMap, time::Duration};

use axum::body::Body;
use dispatchlab::{
    run::{GITHUB_URL, HF_URL},
    target::{LAB_APP_ID, LAB_HF_TOKEN, Place},
    transport::{HttpService, TaskGroup},
};
use fakes::LAB_APP_PRIVATE_KEY_PEM;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

use super::reply::{Reply, date, is_busy, limit};

/// How long one call may take.
const CALL: Duration = Duration::from_secs(30);
/// Pages followed before a listing is taken to be broken.
const PAGES_MAX: usize = 100;
/// After so many refusals in a row a place is left alone for [`GIVEN_UP`].
const REFUSALS_MAX: u32 = 3;
const GIVEN_UP: Duration = Duration::from_secs(11 * 60);
/// How long a stream is listened to.
const STREAM: Duration = Duration::from_secs(5);

/// In whose name a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    App,
    Installation(u64),
    Hf,
}

/// Why a call came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It was not made: this place or credential has to wait.
    NotYet,
    /// Asking again will not help.
    Refused(u16),
    /// A rate limit.
    Limited,
    /// The runner is busy, the credential is not taken, or the thing is being changed.
    Conflict(u16),
    /// No answer, an error of the server, or one that cannot be read: it may have taken effect.
    Unknown,
}

/// The patience with one place.
#[derive(Clone, Copy)]
struct Patience {
    failures: u32,
    refusals: u32,
    until: Instant,
}

/// An installation token and when to get another.
struct Token {
    text: String,
    until: Instant,
}

/// Calls to GitHub and HF.
pub(super) struct Wire {
    github: HttpService,
    hf: HttpService,
    place: Place,
    /// GitHub's clock minus this dispatcher's, as the last answer showed; until GitHub has answered, HF's.
    offset: SignedDuration,
    is_github_heard: bool,
    calls: u32,
    has_written: bool,
    jwt: Option<(String, Instant)>,
    tokens: BTreeMap<u64, Token>,
    limits: BTreeMap<Who, Instant>,
    patience: BTreeMap<String, Patience>,
}

impl Wire {
    pub(super) fn new(place: &Place, tasks: &TaskGroup) -> Self {
        Self {
            github: place.to_github(tasks),
            hf: place.to_hf(tasks),
            place: place.clone(),
            offset: SignedDuration::ZERO,
            is_github_heard: false,
            calls: 0,
            has_written: false,
            jwt: None,
            tokens: BTreeMap::new(),
            limits: BTreeMap::new(),
            patience: BTreeMap::new(),
        }
    }

    /// The time as this dispatcher's own clock shows it.
    pub(super) fn now(&self) -> Timestamp {
        self.place.env.clock.now() + SignedDuration::from_millis(self.place.clock_skew_ms)
    }

    /// How many calls were made since this was asked the last time.
    pub(super) fn take_calls(&mut self) -> u32 {
        std::mem::take(&mut self.calls)
    }

    /// Whether anything but a question was sent since this was asked the last time.
    pub(super) fn take_written(&mut self) -> bool {
        std::mem::take(&mut self.has_written)
    }

    /// The same as GitHub's clock shows it.
    pub(super) fn time_of_github(&self) -> Timestamp {
        self.now() + self.offset
    }

    /// What a stream of HF brings at first.
    pub(super) async fn beginning_of(&mut self, path: &str) -> Result<String, Failure> {
        if !self.is_patient_with(path) {
            return Err(Failure::NotYet);
        }
        let request = Request::builder()
            .uri(format!("{HF_URL}{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {LAB_HF_TOKEN}"));
        let request = request
            .body(Body::empty())
            .map_err(|_| Failure::Refused(400))?;
        let mut text = Vec::new();
        let reading = async {
            let mut reply = self.hf.clone().oneshot(request).await.ok()?;
            let is_good = reply.status().is_success();
            while let Some(Ok(frame)) = reply.body_mut().frame().await {
                text.extend(frame.into_data().unwrap_or_default());
            }
            Some(is_good)
        };
        // A stream that goes on is cut off: its beginning is what counts.
        let ended = tokio::time::timeout(STREAM, reading).await;
        if ended == Ok(None) || ended == Ok(Some(false)) {
            self.lose_patience(path, Failure::Unknown);
            return Err(Failure::Unknown);
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// All items of a listing, and when the server made its last page.
    pub(super) async fn list(
        &mut self,
        who: Who,
        path: &str,
        items: &str,
    ) -> Result<(Vec<Value>, Timestamp), Failure> {
        let place = format!("GET {}", path.split('?').next().unwrap_or(path));
        let mut next = Some(path.to_owned());
        let mut all = Vec::new();
        let mut made_at = self.now();
        for _ in 0..PAGES_MAX {
            let Some(page) = next.take() else {
                return Ok((all, made_at));
            };
            let reply = self.call(who, Method::GET, &page, None, &place).await?;
            next = reply.next();
            made_at = reply.date().unwrap_or(made_at);
            let list = if items.is_empty() {
                reply.body.as_array()
            } else {
                reply.body[items].as_array()
            };
            all.extend(list.ok_or(Failure::Unknown)?.iter().cloned());
        }
        Err(Failure::Unknown)
    }

    /// One call. Calls of one `place` share their patience.
    pub(super) async fn call(
        &mut self,
        who: Who,
        method: Method,
        path: &str,
        body: Option<&Value>,
        place: &str,
    ) -> Result<Reply, Failure> {
        if !self.is_patient_with(place) {
            return Err(Failure::NotYet);
        }
        let result = self.attempt(who, method, path, body).await;
        match &result {
            Ok(_) => {
                self.patience.remove(place);
            }
            Err(Failure::Refused(404)) if path.contains("/actions/runners/") => {}
            Err(failure) => self.lose_patience(place, *failure),
        }
        result
    }

    /// Whether a place may be asked now.
    pub(super) fn is_patient_with(&self, place: &str) -> bool {
        let wait = self.patience.get(place);
        wait.is_none_or(|wait| wait.until <= Instant::now())
    }

    /// Leaves a place alone for at least this long.
    pub(super) fn rest(&mut self, place: &str, length: Duration) {
        let until = Instant::now() + length;
        let fresh = Patience {
            failures: 0,
            refusals: 0,
            until,
        };
        let patience = self.patience.entry(place.to_owned()).or_insert(fresh);
        patience.until = patience.until.max(until);
    }

    fn lose_patience(&mut self, place: &str, failure: Failure) {
        let fresh = Patience {
            failures: 0,
            refusals: 0,
            until: Instant::now(),
        };
        let patience = self.patience.entry(place.to_owned()).or_insert(fresh);
        let wait = match failure {
            Failure::NotYet | Failure::Limited | Failure::Conflict(_) => return,
            Failure::Refused(_) => {
                patience.refusals += 1;
                if patience.refusals < REFUSALS_MAX {
                    Duration::from_secs(60)
                } else {
                    GIVEN_UP
                }
            }
            Failure::Unknown => {
                patience.refusals = 0;
                patience.failures += 1;
                Duration::from_secs(25 << patience.failures.min(3))
            }
        };
        patience.until = Instant::now() + wait;
    }

    async fn attempt(
        &mut self,
        who: Who,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        let bearer = match who {
            Who::App => self.jwt()?,
            Who::Installation(id) => self.token(id).await?,
            Who::Hf => LAB_HF_TOKEN.to_owned(),
        };
        let result = self.send(who, method, path, body, &bearer).await;
        if result.as_ref().err() == Some(&Failure::Conflict(401)) {
            match who {
                Who::App => self.jwt = None,
                Who::Installation(id) => drop(self.tokens.remove(&id)),
                Who::Hf => {}
            }
        }
        result
    }

    async fn send(
        &mut self,
        who: Who,
        method: Method,
        path: &str,
        body: Option<&Value>,
        bearer: &str,
    ) -> Result<Reply, Failure> {
        if self
            .limits
            .get(&who)
            .is_some_and(|until| *until > Instant::now())
        {
            return Err(Failure::NotYet);
        }
        self.calls += 1;
        self.has_written |= method != Method::GET && !path.ends_with("/access_tokens");
        let (base, service) = match who {
            Who::App | Who::Installation(_) => (GITHUB_URL, self.github.clone()),
            Who::Hf => (HF_URL, self.hf.clone()),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{base}{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {bearer}"))
            .header(header::USER_AGENT, "a-correct-but-different-dispatcher")
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(body).map_err(|_| Failure::Refused(400))?;
        let exchange = async {
            let (parts, body) = service.oneshot(request).await.ok()?.into_parts();
            let bytes = body.collect().await.ok()?.to_bytes();
            Some((parts, bytes))
        };
        let answered = tokio::time::timeout(CALL, exchange).await;
        let (parts, bytes) = answered.ok().flatten().ok_or(Failure::Unknown)?;
        let is_github = who != Who::Hf;
        if let Some(date) = date(&parts.headers).filter(|_| is_github || !self.is_github_heard) {
            self.offset = date.duration_since(self.now());
            self.is_github_heard |= is_github;
        }
        let status = parts.status.as_u16();
        let parsed = serde_json::from_slice(&bytes);
        let reply = Reply {
            body: parsed.as_ref().cloned().unwrap_or_default(),
            headers: parts.headers,
        };
        match status {
            // An answer without a body says nothing that could be misread.
            200..300 if parsed.is_ok() || bytes.is_empty() => Ok(reply),
            401 | 409 => Err(Failure::Conflict(status)),
            403 | 429 => match limit(&reply, status) {
                Some(wait) => {
                    self.limits.insert(who, Instant::now() + wait);
                    Err(Failure::Limited)
                }
                None => Err(Failure::Refused(status)),
            },
            422 if is_busy(&reply) => Err(Failure::Conflict(status)),
            400 | 404 | 410 | 422 | 451 => Err(Failure::Refused(status)),
            // What is not paid for may be paid for later.
            _ => Err(Failure::Unknown),
        }
    }

    /// A JSON web token of the App, issued a minute ago by GitHub's clock.
    fn jwt(&mut self) -> Result<String, Failure> {
        let now = Instant::now();
        if let Some((text, until)) = &self.jwt
            && now < *until
        {
            return Ok(text.clone());
        }
        let seconds = self.time_of_github().as_second();
        let claims =
            json!({ "iat": seconds - 60, "exp": seconds + 540, "iss": LAB_APP_ID.to_string() });
        let key = EncodingKey::from_rsa_pem(LAB_APP_PRIVATE_KEY_PEM.as_bytes());
        let text = key
            .and_then(|key| jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key))
            .map_err(|_| Failure::Refused(401))?;
        self.jwt = Some((text.clone(), now + Duration::from_secs(420)));
        Ok(text)
    }

    /// An installation token with some life left.
    async fn token(&mut self, installation: u64) -> Result<String, Failure> {
        let asked = Instant::now();
        if let Some(token) = self.tokens.get(&installation)
            && asked < token.until
        {
            return Ok(token.text.clone());
        }
        let place = format!("token of {installation}");
        if !self.is_patient_with(&place) {
            return Err(Failure::NotYet);
        }
        let jwt = self.jwt()?;
        let path = format!("/app/installations/{installation}/access_tokens");
        let minted = self.send(Who::App, Method::POST, &path, None, &jwt).await;
        let reply = match minted {
            Ok(reply) => reply,
            Err(failure) => {
                if failure == Failure::Conflict(401) {
                    self.jwt = None;
                }
                self.lose_patience(&place, failure);
                return Err(failure);
            }
        };
        self.patience.remove(&place);
        let text = reply.body["token"].as_str().ok_or(Failure::Unknown)?;
        let ends = reply.body["expires_at"]
            .as_str()
            .and_then(|at| at.parse().ok());
        let ends: Timestamp = ends.ok_or(Failure::Unknown)?;
        let begins = reply.date().unwrap_or_else(|| self.now());
        let life = Duration::try_from(ends.duration_since(begins)).unwrap_or_default();
        let token = Token {
            text: text.to_owned(),
            until: asked + life * 9 / 10,
        };
        let text = token.text.clone();
        self.tokens.insert(installation, token);
        Ok(text)
    }
}
