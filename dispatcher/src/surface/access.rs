//! Who may read the state: it names repositories and reasons.

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{config::StatusAccess, core::Secret, http::text_header, signature::is_same};

/// The answer to whoever may not.
pub(super) fn refusal(access: &StatusAccess, headers: &HeaderMap) -> Option<Response> {
    let (status, reason) = match access {
        StatusAccess::Public => return None,
        StatusAccess::Token(token) if is_token(headers, token) => return None,
        StatusAccess::Token(_) => (
            StatusCode::UNAUTHORIZED,
            "send STATUS_TOKEN as a bearer token, or as the password",
        ),
        StatusAccess::Closed => (
            StatusCode::FORBIDDEN,
            "nobody may read this yet: set STATUS_TOKEN, or STATUS_PUBLIC to true",
        ),
    };
    let body = Json(json!({ "ok": false, "error": reason }));
    let mut answer = (status, body).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let how = "Basic realm=\"jobs-dispatcher\"";
        answer.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            http::HeaderValue::from_static(how),
        );
    }
    Some(answer)
}

/// Whether the token was sent: as itself, or as a browser sends a password.
fn is_token(headers: &HeaderMap, token: &Secret) -> bool {
    let sent = text_header(headers, header::AUTHORIZATION);
    let Some((scheme, sent)) = sent.split_once(' ') else {
        return false;
    };
    let decoded = || {
        let pair = STANDARD.decode(sent.trim()).ok()?;
        let colon = pair.iter().position(|byte| *byte == b':')?;
        Some(pair[colon + 1..].to_vec())
    };
    let claimed = if scheme.eq_ignore_ascii_case("bearer") {
        Some(sent.trim().as_bytes().to_vec())
    } else if scheme.eq_ignore_ascii_case("basic") {
        decoded()
    } else {
        None
    };
    // Of equal length or not, it takes the same time.
    claimed.is_some_and(|claimed| is_same(&claimed, token.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(access: &StatusAccess, authorization: Option<&str>) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        refusal(access, &headers).map_or(200, |answer| answer.status().as_u16())
    }

    #[test]
    fn the_token_opens_and_nothing_else() {
        let access = StatusAccess::Token(Secret::new("abc:def".to_owned()));
        assert_eq!(status(&access, Some("Bearer abc:def")), 200);
        assert_eq!(status(&access, Some("bearer  abc:def")), 200);
        // Of Basic the user may be anything, and the password may hold colons.
        assert_eq!(
            status(
                &access,
                Some(&format!("Basic {}", STANDARD.encode("me:abc:def")))
            ),
            200
        );
        for wrong in [
            "Bearer abc:de",
            "Bearer abc:def2",
            "Bearer",
            "Bearer ",
            "Basic abc:def",
            "Basic !",
            "Digest abc:def",
            "abc:def",
        ] {
            assert_eq!(status(&access, Some(wrong)), 401, "{wrong}");
        }
        assert_eq!(
            status(&access, Some(&format!("Basic {}", STANDARD.encode("abc")))),
            401
        );
        assert_eq!(status(&access, None), 401);
        assert_eq!(status(&StatusAccess::Closed, Some("Bearer ")), 403);
        assert_eq!(status(&StatusAccess::Public, None), 200);
    }
}
