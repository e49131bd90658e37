//! The App's key, and what a JWT signed with it claims.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

/// The App's private key: made for this lab, worth nothing elsewhere. Its public half verifies JWTs.
pub const LAB_APP_PRIVATE_KEY_PEM: &str = include_str!("lab-app.private-key.pem");

/// The public half of the lab's key, and what it has verified.
struct LabKey {
    key: DecodingKey,
    verified: Mutex<BTreeMap<String, JwtClaims>>,
}

/// It is the same in all worlds, and so is what a signature proves: a sweep meets the same JWTs again and again, and checking
/// one costs as much as a hundred calls.
static LAB_KEY: LazyLock<LabKey> = LazyLock::new(|| LabKey {
    key: DecodingKey::from_rsa_pem(include_bytes!("lab-app.public-key.pem"))
        .expect("the shipped key is valid PEM"),
    verified: Mutex::default(),
});

/// So many verified JWTs are remembered.
const REMEMBERED: usize = 256;

/// The claims of a JWT whose signature is right. When it is valid is not looked at.
pub(in crate::github) fn claims_of(text: &str) -> Option<JwtClaims> {
    let LabKey { key, verified } = &*LAB_KEY;
    let mut verified = verified.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = verified.get(text) {
        return Some(known.clone());
    }
    let mut validation = Validation::new(Algorithm::RS256);
    // This crate's time checks read the real clock; ours are where it is judged.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<JwtClaims>(text, key, &validation).ok()?;
    if verified.len() >= REMEMBERED {
        verified.clear();
    }
    verified.insert(text.to_owned(), decoded.claims.clone());
    Some(decoded.claims)
}

/// The claims that matter, in whatever JSON type the client wrote them.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::github) struct JwtClaims {
    pub(in crate::github) iat: Option<serde_json::Value>,
    pub(in crate::github) exp: Option<serde_json::Value>,
    pub(in crate::github) iss: Option<serde_json::Value>,
}
