//! The two signatures of a webhook, made with its secret over the bytes that are sent.

use hmac::{Hmac, KeyInit as _, Mac};
use sha1::Sha1;
use sha2::Sha256;

use crate::drawn_text::HEX;

/// A webhook's secret, ready to sign with. The secret itself is not kept.
#[derive(Clone)]
pub(in crate::github) struct Keys {
    sha256: Hmac<Sha256>,
    sha1: Hmac<Sha1>,
}

/// The values of the signature headers.
pub(in crate::github) struct Signatures {
    /// `X-Hub-Signature-256`.
    pub(in crate::github) sha256: String,
    /// `X-Hub-Signature`, if that is still sent.
    pub(in crate::github) sha1: Option<String>,
}

impl Keys {
    /// The keys of a secret; an empty one is none.
    pub(in crate::github) fn of(secret: &[u8]) -> Option<Self> {
        let any = "HMAC takes keys of any length";
        (!secret.is_empty()).then(|| Self {
            sha256: Hmac::new_from_slice(secret).expect(any),
            sha1: Hmac::new_from_slice(secret).expect(any),
        })
    }

    /// What is the same for the same secret, and tells nothing of it.
    pub(in crate::github) fn mark(&self) -> String {
        self.sign(&[], false).sha256
    }

    /// Signs these parts as if they were one, the older way too if that is wanted.
    pub(in crate::github) fn sign(&self, parts: &[&[u8]], legacy: bool) -> Signatures {
        Signatures {
            sha256: finish("sha256=", self.sha256.clone(), parts),
            sha1: legacy.then(|| finish("sha1=", self.sha1.clone(), parts)),
        }
    }
}

fn finish(prefix: &str, mut mac: impl Mac, parts: &[&[u8]]) -> String {
    for part in parts {
        mac.update(part);
    }
    let digest = mac.finalize().into_bytes();
    let mut text = String::with_capacity(prefix.len() + 2 * digest.len());
    text.push_str(prefix);
    for byte in digest {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GitHub's own example for the newer one; the older one was computed with another program.
    #[test]
    fn signs_githubs_example_as_github_does() {
        let keys = Keys::of(b"It's a Secret to Everybody").unwrap();
        let signed = keys.sign(&[b"Hello, ", b"World!"], true);
        assert_eq!(
            signed.sha256,
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
        assert_eq!(
            signed.sha1.as_deref(),
            Some("sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59")
        );
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        assert!(Keys::of(b"").is_none());
    }
}
