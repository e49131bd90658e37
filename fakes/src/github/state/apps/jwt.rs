//! The App's key, and what a JWT signed with it claims.

use jsonwebtoken::DecodingKey;
use serde::Deserialize;

/// The App's private key: made for this lab, worth nothing elsewhere. Its public half verifies JWTs.
pub const LAB_APP_PRIVATE_KEY_PEM: &str = include_str!("lab-app.private-key.pem");

/// The public half of the lab's key.
pub(in crate::github) fn lab_app_public_key() -> DecodingKey {
    DecodingKey::from_rsa_pem(include_bytes!("lab-app.public-key.pem"))
        .expect("the shipped key is valid PEM")
}

/// The claims that matter, in whatever JSON type the client wrote them.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::github) struct JwtClaims {
    pub(in crate::github) iat: Option<serde_json::Value>,
    pub(in crate::github) exp: Option<serde_json::Value>,
    pub(in crate::github) iss: Option<serde_json::Value>,
}
