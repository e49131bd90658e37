//! The router: puts the operations in front of a fake, behind the guard.

use std::{borrow::Cow, collections::BTreeMap};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request},
    response::Response,
    routing::{MethodFilter, any, on},
};
use http::{HeaderValue, StatusCode, header};

use super::{
    Control, Reach, guard,
    operation::{Ask, Method, Operation, Reply},
    operations::operations,
    problem::Problem,
};

/// No request needs more: the largest is a webhook's body, some 20 kB, and this is a multiple of it.
const BODY_BYTES_MAX: usize = 1024 * 1024;

impl Control {
    /// `fake` with this control API at `/_lab`, which its own calls never use.
    pub fn in_front_of(&self, fake: Router, reach: Reach) -> Router {
        let mut router = Router::new();
        for operation in operations() {
            let control = self.clone();
            let filter = match operation.method {
                Method::Get => MethodFilter::GET,
                Method::Post => MethodFilter::POST,
                Method::Put => MethodFilter::PUT,
                Method::Delete => MethodFilter::DELETE,
            };
            let answer = move |params: RawPathParams, request: Request| {
                let control = control.clone();
                async move { control.answer(operation, reach, &params, request).await }
            };
            router = router.route(operation.path, on(filter, answer));
        }
        let unknown = move |request: Request| async move {
            let refused = guard::check(request.headers(), reach);
            let unknown = format!(
                "{} {} does not exist",
                request.method(),
                request.uri().path()
            );
            let help = "GET /_lab/openapi.json lists what does";
            respond(
                Err(refused
                    .err()
                    .unwrap_or_else(|| Problem::new(404, "path", &unknown, help))),
                200,
            )
        };
        router
            .method_not_allowed_fallback(unknown)
            .route("/_lab/", any(unknown))
            .route("/_lab/{*rest}", any(unknown))
            .fallback_service(fake)
    }

    async fn answer(
        &self,
        operation: &Operation,
        reach: Reach,
        params: &RawPathParams,
        request: Request,
    ) -> Response {
        let answered = self.try_answer(operation, reach, params, request).await;
        respond(answered, operation.status)
    }

    async fn try_answer(
        &self,
        operation: &Operation,
        reach: Reach,
        params: &RawPathParams,
        request: Request,
    ) -> Result<Reply, Problem> {
        guard::check(request.headers(), reach)?;
        let query = query(operation, request.uri().query().unwrap_or_default())?;
        let body = body(operation, request).await?;
        let path = params.iter();
        let ask = Ask {
            path: &path
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            query: &query,
            body: &body,
        };
        (operation.handler)(self, &ask)
    }
}

fn query(operation: &Operation, text: &str) -> Result<BTreeMap<String, String>, Problem> {
    let mut found = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, "true"));
        if !operation.query.iter().any(|known| known.name == name) {
            let known: Vec<_> = operation.query.iter().map(|known| known.name).collect();
            let help = if known.is_empty() {
                Cow::Borrowed("this operation has none")
            } else {
                Cow::Owned(format!("known: {}", known.join(", ")))
            };
            let error = format!("unknown query parameter `{name}`");
            return Err(Problem::new(400, "query", &error, &help));
        }
        found.insert(name.to_owned(), value.to_owned());
    }
    Ok(found)
}

async fn body(operation: &Operation, request: Request) -> Result<String, Problem> {
    let bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| {
        let error = "the body broke off, or is longer than 1 MiB";
        Problem::new(413, "body", error, "send less at a time")
    })?;
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| {
        let help = "JSON is UTF-8; other bytes of a payload are written as \\u escapes";
        Problem::new(400, "body", "the body is not UTF-8", help)
    })?;
    let is_empty = text.trim().is_empty();
    match operation.body {
        None if !is_empty && text.trim() != "{}" => Err(Problem::new(
            400,
            "body",
            "this operation takes no body",
            "send none; what it takes stands in its path",
        )),
        Some((_, true)) if is_empty => Err(Problem::new(
            400,
            "body",
            "the body is missing",
            "send a JSON object; its keys: GET /_lab/openapi.json",
        )),
        _ => Ok(text),
    }
}

fn respond(answered: Result<Reply, Problem>, status: u16) -> Response {
    let (status, content_type, body) = match answered {
        Ok(reply) => (status, reply.content_type, reply.body),
        Err(problem) => {
            // A problem is three strings, which always are JSON.
            let text = serde_json::to_string(&problem).unwrap_or_default();
            (
                problem.status,
                "application/problem+json",
                Body::from(text + "\n"),
            )
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // What a world says now it need not say a moment later.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
