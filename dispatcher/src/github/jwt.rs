//! The App's own credential: a JSON web token, signed rarely because a signature costs a third of a millisecond.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use serde::Serialize;

use crate::core::Secret;

/// Issued in the past, because our clock may be ahead of GitHub's.
const BACKDATE: SignedDuration = SignedDuration::from_secs(60);
/// GitHub allows 600 s from its own now; the rest is for our clock again.
const LIFE: SignedDuration = SignedDuration::from_secs(540);
/// Signed anew this long before the end.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A private key that is none, or cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RSA private key in PEM form")]
pub struct KeyError;

/// How many signed tokens a key remembers.
const REMEMBERED: usize = 1024;

/// The App's private key. Clones share it (parsing costs six times as much as signing) and what it signed:
/// such a signature depends on nothing but the claims, and a laboratory that starts the same hour a thousand
/// times asks for the same ones.
#[derive(Clone)]
pub struct AppKey(Arc<Shared>);

struct Shared {
    pair: RsaKeyPair,
    signed: Mutex<BTreeMap<Vec<u8>, Secret>>,
}

impl AppKey {
    /// Parses a PEM text, PKCS#1 as GitHub hands it out or PKCS#8.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError)? {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(KeyError),
        };
        let pair = key.map_err(|_| KeyError)?;
        let signed = Mutex::default();
        Ok(Self(Arc::new(Shared { pair, signed })))
    }

    /// A JSON web token with these claims.
    fn sign(&self, claims: &Claims<'_>) -> Result<Secret, KeyError> {
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError)?;
        let mut signed = self.0.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = signed.get(&claims) {
            return Ok(token.clone());
        }
        let token = self.sign_anew(&claims)?;
        if signed.len() >= REMEMBERED {
            signed.pop_first();
        }
        signed.insert(claims, token.clone());
        Ok(token)
    }

    fn sign_anew(&self, claims: &[u8]) -> Result<Secret, KeyError> {
        /// `{"typ":"JWT","alg":"RS256"}`
        const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9";
        let message = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.0.pair.public_modulus_len()];
        let signed = self.0.pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut signature,
        );
        signed.map_err(|_| KeyError)?;
        Ok(Secret::new(format!(
            "{message}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKey(…)")
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// Signs as the App.
pub(super) struct Signer {
    issuer: String,
    key: AppKey,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// GitHub's clock minus ours, once a refusal has shown that they differ.
    offset: SignedDuration,
    token: Option<(Timestamp, Secret)>,
}

impl Signer {
    pub(super) fn new(issuer: String, key: AppKey) -> Self {
        Self {
            issuer,
            key,
            state: Mutex::default(),
        }
    }

    /// A token that is valid now.
    pub(super) fn token(&self, now: Timestamp) -> Result<Secret, KeyError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((until, token)) = &state.token
            && now < *until
        {
            return Ok(token.clone());
        }
        let there = now + state.offset;
        let claims = Claims {
            iat: (there - BACKDATE).as_second(),
            exp: (there + LIFE).as_second(),
            iss: &self.issuer,
        };
        let token = self.key.sign(&claims)?;
        state.token = Some((now + LIFE - MARGIN, token.clone()));
        Ok(token)
    }

    /// GitHub refused a token: believe its clock from now on, and sign again.
    pub(super) fn refused(&self, now: Timestamp, date: Option<Timestamp>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(date) = date {
            let offset = date.duration_since(now);
            let small = Duration::from_secs(2);
            state.offset = if offset.unsigned_abs() <= small {
                SignedDuration::ZERO
            } else {
                offset
            };
        }
        state.token = None;
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A throw-away key made for these tests.
    const KEY: &str = include_str!("../../tests/app-key.pem");

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn signs_once_for_eight_minutes() {
        let signer = Signer::new("1".to_owned(), AppKey::from_pem(KEY).unwrap());
        let first = signer.token(at(1_000)).unwrap();
        assert_eq!(signer.token(at(1_479)).unwrap(), first);
        assert_ne!(
            signer.token(at(1_480)).unwrap(),
            first,
            "60 s before its end"
        );
    }

    #[test]
    fn follows_githubs_clock_after_a_refusal() {
        let signer = Signer::new("1".to_owned(), AppKey::from_pem(KEY).unwrap());
        let ahead = signer.token(at(1_061)).unwrap();
        signer.refused(at(1_061), Some(at(1_000)));
        let right = signer.token(at(1_061)).unwrap();
        assert_ne!(right, ahead);
        let fresh = Signer::new("1".to_owned(), AppKey::from_pem(KEY).unwrap());
        assert_eq!(
            right,
            fresh.token(at(1_000)).unwrap(),
            "the token a right clock would have signed"
        );
    }

    #[test]
    fn refuses_a_key_that_is_none() {
        assert!(AppKey::from_pem("nonsense").is_err());
    }

    #[test]
    fn another_library_accepts_the_token() {
        use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
        let key = AppKey::from_pem(KEY).unwrap();
        let token = Signer::new("12".to_owned(), key)
            .token(at(1_800_000_000))
            .unwrap();
        let public =
            DecodingKey::from_rsa_pem(include_bytes!("../../tests/app-key.pub.pem")).unwrap();
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_exp = false;
        let claims = decode::<serde_json::Value>(token.expose(), &public, &rules)
            .unwrap()
            .claims;
        let expected =
            serde_json::json!({ "iat": 1_799_999_940_i64, "exp": 1_800_000_540_i64, "iss": "12" });
        assert_eq!(claims, expected);
    }
}
