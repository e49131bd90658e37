//! Webhook signatures: HMAC-SHA256 over the raw bytes, compared in constant time, with two secrets during a rotation.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &str = "sha256=";

/// The secrets that a webhook may be signed with.
#[derive(Clone)]
pub struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// The current secret, and the previous one while a rotation lasts. Empty ones do not count.
    #[must_use]
    pub fn new(current: &[u8], previous: Option<&[u8]>) -> Self {
        let all = [Some(current), previous];
        Self(
            all.into_iter()
                .flatten()
                .filter(|secret| !secret.is_empty())
                .map(<[u8]>::to_vec)
                .collect(),
        )
    }

    /// Whether there is no secret at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `header`, the value of `X-Hub-Signature-256`, is the signature of `body` under one of the secrets.
    #[must_use]
    pub fn accept(&self, header: &[u8], body: &[u8]) -> bool {
        let Some(claimed) = parse(header) else {
            return false;
        };
        // Every secret is tried, so that the time taken does not tell which one fits.
        self.0.iter().fold(false, |accepted, secret| {
            accepted | fits(secret, &claimed, body)
        })
    }
}

/// Whether `header` has the form of a signature: what is not even that is refused before the body is read.
#[must_use]
pub fn is_well_formed(header: &[u8]) -> bool {
    parse(header).is_some()
}

/// Whether two secrets are the same, in a time that tells nothing about either.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let digest = |text| {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(other).expect("HMAC takes a key of any length");
        mac.update(text);
        mac
    };
    digest(one)
        .verify(&digest(other).finalize().into_bytes())
        .is_ok()
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

fn fits(secret: &[u8], claimed: &[u8; 32], body: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.verify_slice(claimed).is_ok()
}

/// The 32 bytes in `sha256=` plus 64 hex digits; anything else is malformed.
fn parse(header: &[u8]) -> Option<[u8; 32]> {
    let digits = header.strip_prefix(PREFIX.as_bytes())?;
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex(pair[0])? << 4 | hex(pair[1])?;
    }
    Some(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sign(secret: &[u8], body: &[u8]) -> Vec<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(body);
        let digits: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("sha256={digits}").into_bytes()
    }

    #[test]
    fn accepts_the_vector_github_publishes() {
        let header = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secrets = Secrets::new(b"It's a Secret to Everybody", None);
        assert!(secrets.accept(header, b"Hello, World!"));
        assert!(!secrets.accept(header, b"Hello, World?"));
    }

    #[test]
    fn rejects_malformed_headers() {
        let secrets = Secrets::new(b"s", None);
        let good = sign(b"s", b"body");
        for header in [
            &b""[..],
            b"sha256=",
            b"sha1=00",
            &good[7..],
            &good[..70],
            &[good.as_slice(), b"0"].concat(),
        ] {
            assert!(!secrets.accept(header, b"body"));
        }
    }

    #[test]
    fn accepts_nothing_without_a_secret() {
        assert!(!Secrets::new(b"", Some(b"")).accept(&sign(b"", b"body"), b"body"));
    }

    proptest! {
        #[test]
        fn accepts_both_secrets_of_a_rotation(
            body: Vec<u8>, old in prop::collection::vec(any::<u8>(), 1..80), new in prop::collection::vec(any::<u8>(), 1..80),
        ) {
            let secrets = Secrets::new(&new, Some(&old));
            prop_assert!(secrets.accept(&sign(&old, &body), &body));
            prop_assert!(secrets.accept(&sign(&new, &body), &body));
        }

        #[test]
        fn rejects_a_body_or_signature_with_one_flipped_bit(
            body in prop::collection::vec(any::<u8>(), 1..200), secret in prop::collection::vec(any::<u8>(), 1..80),
            at: prop::sample::Index, bit in 0_u8..8,
        ) {
            let secrets = Secrets::new(&secret, None);
            let header = sign(&secret, &body);
            let mut flipped = body.clone();
            flipped[at.index(body.len())] ^= 1 << bit;
            prop_assert!(!secrets.accept(&header, &flipped));
            // Bit 5 turns a hex letter into the same letter in the other case, which is the same signature.
            let mut broken = header.clone();
            let place = 7 + at.index(64);
            broken[place] ^= 1 << bit;
            let same = broken[place].eq_ignore_ascii_case(&header[place]);
            prop_assert_eq!(secrets.accept(&broken, &body), same);
        }

        #[test]
        fn rejects_any_header_that_is_not_the_signature(header: Vec<u8>, body: Vec<u8>) {
            prop_assert!(!Secrets::new(b"secret", None).accept(&header, &body));
        }

        #[test]
        fn rejects_other_secrets(body: Vec<u8>, secret in "[a-z]{1,20}", other in "[A-Z]{1,20}") {
            prop_assert!(!Secrets::new(secret.as_bytes(), None).accept(&sign(other.as_bytes(), &body), &body));
        }
    }
}
