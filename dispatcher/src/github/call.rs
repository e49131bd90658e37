//! How a call to GitHub is made: authentication, one refresh after a 401, rate limits remembered, pages followed.

use std::{sync::PoisonError, time::Duration};

use axum::body::Body;
use http::{HeaderName, HeaderValue, Method, Request, header};
use serde::Serialize;

use super::{
    client::GithubClient,
    tokens::{CachedToken, Lease},
    wire::{Page, Token},
};
use crate::{
    core::{Failure, InstallationId, Secret},
    http::{Answer, Round, request, send, sort, unusable},
    in_vain::request_key,
};

const VERSION: HeaderName = HeaderName::from_static("x-github-api-version");

/// The time limit of one call. GitHub itself cuts requests after as long.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// As whom a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum As {
    App,
    Installation(InstallationId),
}

impl GithubClient {
    pub(super) async fn pages<P: Page>(
        &self,
        who: As,
        path: &str,
    ) -> Result<Vec<P::Item>, Failure> {
        let mut next = path.to_owned();
        let mut all = Vec::new();
        let mut round = Round::default();
        loop {
            let number = round.goes_to(&next)? + 1;
            let answer = self.call(who, Method::GET, &next, &()).await?;
            let link = answer.next_page();
            let page: P = answer.json()?;
            let total = page.total();
            let items = page.items();
            let got = items.len();
            all.extend(items);
            let short = total.is_some_and(|total| (all.len() as u64) < total);
            next = match link {
                Some(link) => self.local(&link),
                None if got > 0 && short => format!("{path}&page={number}"),
                None => return Ok(all),
            };
        }
    }

    /// A link of GitHub's as a path of ours.
    pub(super) fn local(&self, link: &str) -> String {
        link.strip_prefix(&self.base).map_or_else(
            || {
                let after_host = link
                    .split_once("://")
                    .and_then(|(_, rest)| rest.split_once('/'));
                after_host.map_or_else(|| link.to_owned(), |(_, path)| format!("/{path}"))
            },
            str::to_owned,
        )
    }

    /// Makes a call; after a 401 once more with a new credential, after a redirect of a GET once more there.
    pub(super) async fn call<B: Serialize + Sync>(
        &self,
        who: As,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<Answer, Failure> {
        self.call_for("", who, method, path, body).await
    }

    /// A call that asks another thing for each label.
    pub(super) async fn call_for<B: Serialize + Sync>(
        &self,
        for_whom: &str,
        who: As,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<Answer, Failure> {
        let _seat = self.seats.acquire().await;
        // Whoever waited for the seat may have been overtaken by a limit.
        self.check_limit(who)?;
        let key = || request_key(&method, path, for_whom);
        self.in_vain.check(self.clock.now(), key)?;
        let sorted = self.redirected(who, &method, path, body).await;
        // A runner that is busy now need not be so later.
        let is_busy = method == Method::DELETE
            && sorted.as_ref().err().and_then(Failure::refused) == Some(422);
        if !is_busy {
            self.in_vain.answered(self.clock.now(), &sorted, key);
        }
        self.learn_limit(who, &sorted);
        sorted
    }

    async fn redirected<B: Serialize + Sync>(
        &self,
        who: As,
        method: &Method,
        path: &str,
        body: &B,
    ) -> Result<Answer, Failure> {
        let mut path = path.to_owned();
        let mut answer = self.attempt(who, method, &path, body).await?;
        if *method == Method::GET
            && answer.status.is_redirection()
            && let Some(location) = answer.header("location")
        {
            path = self.local(location);
            answer = self.attempt(who, method, &path, body).await?;
        }
        if answer.status == 401 {
            answer = self.attempt(who, method, &path, body).await?;
        }
        sort(answer, self.clock.now())
    }

    fn learn_limit<T>(&self, who: As, answer: &Result<T, Failure>) {
        if let Err(Failure::Limited { until, .. }) = answer {
            let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
            limits.insert(who, *until);
        }
    }

    fn check_limit(&self, who: As) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.retain(|_, until| *until > now);
        limits.get(&who).map_or(Ok(()), |until| {
            Err(Failure::Limited {
                until: *until,
                message: "still within an earlier limit".to_owned(),
            })
        })
    }

    async fn attempt<B: Serialize + Sync>(
        &self,
        who: As,
        method: &Method,
        path: &str,
        body: &B,
    ) -> Result<Answer, Failure> {
        let token = match who {
            As::App => self.app_token()?,
            As::Installation(id) => {
                self.tokens
                    .get(self.clock.now(), id, self.mint_token(id))
                    .await?
            }
        };
        let answer = send(
            &self.service,
            self.request(method, path, body, &token)?,
            CALL_LIMIT,
        )
        .await?;
        if answer.status == 401 {
            match who {
                As::App => self.signer.refused(self.clock.now(), answer.date()),
                As::Installation(id) => self.tokens.refused(id, &token).await,
            }
        }
        Ok(answer)
    }

    fn app_token(&self) -> Result<Secret, Failure> {
        let signed = self.signer.token(self.clock.now());
        signed.map_err(|error| Failure::Refused {
            status: 401,
            message: error.to_string(),
        })
    }

    async fn mint_token(&self, installation: InstallationId) -> Result<CachedToken, Failure> {
        let path = format!("/app/installations/{installation}/access_tokens");
        self.check_limit(As::App)?;
        let key = || request_key(&Method::POST, &path, "");
        self.in_vain.check(self.clock.now(), key)?;
        let asked_at = self.clock.now();
        let mut answer = self.attempt_as_app(&path).await?;
        if answer.status == 401 {
            answer = self.attempt_as_app(&path).await?;
        }
        let sorted = sort(answer, self.clock.now());
        self.in_vain.answered(self.clock.now(), &sorted, key);
        self.learn_limit(As::App, &sorted);
        let answer = sorted?;
        let token: Token = answer.json()?;
        let lease = Lease::new(asked_at, token.expires_at, answer.date());
        Ok(CachedToken {
            token: Secret::new(token.token),
            lease,
        })
    }

    /// One `POST` as the App. Apart from `attempt`, so that minting a token does not contain itself.
    async fn attempt_as_app(&self, path: &str) -> Result<Answer, Failure> {
        let token = self.app_token()?;
        let answer = send(
            &self.service,
            self.request(&Method::POST, path, &(), &token)?,
            CALL_LIMIT,
        )
        .await?;
        if answer.status == 401 {
            self.signer.refused(self.clock.now(), answer.date());
        }
        Ok(answer)
    }

    fn request<B: Serialize>(
        &self,
        method: &Method,
        path: &str,
        body: &B,
        token: &Secret,
    ) -> Result<Request<Body>, Failure> {
        // `()` stands for no body.
        let body = serde_json::to_vec(body).map_err(|error| unusable(&error))?;
        let body = (body != b"null").then_some(body);
        let uri = [&*self.base, path].concat();
        let mut request = request(method.clone(), &uri, token, body)?;
        let headers = request.headers_mut();
        let accept = HeaderValue::from_static("application/vnd.github+json");
        headers.insert(header::ACCEPT, accept);
        headers.insert(VERSION, HeaderValue::from_static("2022-11-28"));
        Ok(request)
    }
}
