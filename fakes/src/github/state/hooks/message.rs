//! A webhook as it is kept: what is of this event alone. Bodies and headers are made whenever somebody
//! needs them, because a log of a hundred thousand deliveries would hold as many copies of a repository.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{self, CONTENT_TYPE},
};

use super::signing::Signatures;
use crate::{
    github::state::accounts::repository::Repository,
    history::Signed,
    ids::{HookId, JobId},
    json_text::push_all,
    settings::ContentType,
};

/// A payload. Those of a repository share what they all end with.
#[derive(Clone)]
pub(in crate::github) struct Payload {
    /// All of it, or what comes before the ending: `{"action":…,"workflow_job":{…}`.
    head: Box<[u8]>,
    ending: Option<Ending>,
}

/// What the payloads of a repository end with.
#[derive(Clone)]
pub(in crate::github) struct Ending {
    pub(in crate::github) repo: Arc<Repository>,
    /// Only the App's payloads name one.
    pub(in crate::github) installation: Option<u64>,
}

impl Payload {
    /// The payload of a repository's event.
    pub(in crate::github) fn of_repository(head: String, ending: Ending) -> Self {
        Self {
            head: head.into_bytes().into(),
            ending: Some(ending),
        }
    }

    /// A payload as somebody wrote it.
    pub(in crate::github) fn written(text: impl Into<Box<[u8]>>) -> Self {
        Self {
            head: text.into(),
            ending: None,
        }
    }

    /// Its bytes: the same ones every time.
    pub(in crate::github) fn bytes(&self) -> Bytes {
        let Some(ending) = &self.ending else {
            return Bytes::copy_from_slice(&self.head);
        };
        let tail = ending.tail();
        let mut out = Vec::with_capacity(self.len());
        out.extend_from_slice(&self.head);
        out.push(b',');
        out.extend_from_slice(ending.repo.payload_tail.as_bytes());
        out.extend_from_slice(tail.as_bytes());
        Bytes::from(out)
    }

    /// How many bytes it has.
    pub(in crate::github) fn len(&self) -> usize {
        match &self.ending {
            Some(ending) => {
                self.head.len() + 1 + ending.repo.payload_tail.len() + ending.tail_len()
            }
            None => self.head.len(),
        }
    }
}

/// What an installation is called in a payload, before its id, between that and the same id again, and behind it.
const INSTALLATION: [&str; 3] = [
    ",\"installation\":{\"id\":",
    ",\"node_id\":\"MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u",
    "\"}",
];

impl Ending {
    /// What follows the repository's own part.
    fn tail(&self) -> String {
        let mut tail = String::with_capacity(self.tail_len());
        if let Some(id) = self.installation {
            let ([before, between, behind], id) = (INSTALLATION, id.to_string());
            push_all(&mut tail, &[before, &id, between, &id, behind]);
        }
        tail.push('}');
        tail
    }

    /// Its length. It is asked for more often than what it is the length of.
    fn tail_len(&self) -> usize {
        let digits = |id: u64| id.checked_ilog10().unwrap_or(0) as usize + 1;
        let texts: usize = INSTALLATION.iter().map(|text| text.len()).sum();
        1 + self.installation.map_or(0, |id| texts + 2 * digits(id))
    }
}

/// The hook a message leaves through, as the hook was when the message was made.
#[derive(Clone)]
pub(in crate::github) struct Sender {
    pub(in crate::github) hook: HookId,
    /// `X-GitHub-Hook-Installation-Target-Type`, and its id.
    pub(in crate::github) target_type: &'static str,
    pub(in crate::github) target_id: u64,
    pub(in crate::github) content_type: ContentType,
}

/// A webhook ready to go, shared by all attempts to deliver it.
#[derive(Clone)]
pub(in crate::github) struct Message {
    pub(in crate::github) sender: Sender,
    pub(in crate::github) event: String,
    pub(in crate::github) action: Option<String>,
    pub(in crate::github) guid: String,
    pub(in crate::github) job: Option<(JobId, String)>,
    pub(in crate::github) repo: Option<String>,
    pub(in crate::github) installation_id: Option<u64>,
    pub(in crate::github) repository_id: Option<u64>,
    /// Headers that the scenario wrote itself. They win over GitHub's.
    pub(in crate::github) own_headers: HeaderMap,
    pub(in crate::github) payload: Payload,
    pub(in crate::github) signed: Signed,
    /// The base of its attempts' draw keys.
    pub(in crate::github) key: String,
}

impl Message {
    pub(in crate::github) fn hook(&self) -> HookId {
        self.sender.hook
    }

    pub(in crate::github) fn job_id(&self) -> Option<JobId> {
        self.job.as_ref().map(|(job, _)| *job)
    }

    /// What is sent and signed: the payload, or a form around it.
    pub(in crate::github) fn body(&self) -> Bytes {
        let payload = self.payload.bytes();
        match self.sender.content_type {
            ContentType::Json => payload,
            // Who writes the content type writes the body for it.
            ContentType::Form if self.own_headers.contains_key(CONTENT_TYPE) => payload,
            ContentType::Form => form_of(&payload),
        }
    }

    /// The headers of an attempt that was signed so.
    pub(in crate::github) fn headers(&self, signatures: Option<&Signatures>) -> HeaderMap {
        let content_type = match self.sender.content_type {
            ContentType::Json => "application/json",
            ContentType::Form => "application/x-www-form-urlencoded",
        };
        let mut headers = HeaderMap::with_capacity(14);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let user_agent = HeaderValue::from_static("GitHub-Hookshot/044aadd");
        headers.insert(header::USER_AGENT, user_agent);
        set(&mut headers, DELIVERY, &self.guid);
        set(&mut headers, EVENT, &self.event);
        headers.insert(HOOK_ID, self.sender.hook.0.into());
        headers.insert(TARGET_ID, self.sender.target_id.into());
        let target_type = HeaderValue::from_static(self.sender.target_type);
        headers.insert(TARGET_TYPE, target_type);
        if let Some(signatures) = signatures {
            set(&mut headers, SIGNATURE_256, &signatures.sha256);
            if let Some(sha1) = &signatures.sha1 {
                set(&mut headers, SIGNATURE, sha1);
            }
        }
        for (name, value) in &self.own_headers {
            headers.insert(name.clone(), value.clone());
        }
        headers
    }
}

const DELIVERY: HeaderName = HeaderName::from_static("x-github-delivery");
const EVENT: HeaderName = HeaderName::from_static("x-github-event");
const HOOK_ID: HeaderName = HeaderName::from_static("x-github-hook-id");
const TARGET_ID: HeaderName = HeaderName::from_static("x-github-hook-installation-target-id");
const TARGET_TYPE: HeaderName = HeaderName::from_static("x-github-hook-installation-target-type");
const SIGNATURE_256: HeaderName = HeaderName::from_static("x-hub-signature-256");
const SIGNATURE: HeaderName = HeaderName::from_static("x-hub-signature");

/// Sets a header; one that no header can be is left out.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The JSON of a body that may be a form around it.
pub(in crate::github) fn payload_of(body: &[u8]) -> Cow<'_, [u8]> {
    let is_json = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let payload = (!is_json).then(|| {
        let mut fields = form_urlencoded::parse(body);
        fields.find(|(name, _)| name == "payload")
    });
    match payload.flatten() {
        Some((_, payload)) => Cow::Owned(payload.into_owned().into_bytes()),
        None => Cow::Borrowed(body),
    }
}

/// `payload=…`, the payload in the encoding of HTML forms.
fn form_of(payload: &[u8]) -> Bytes {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(payload.len() * 3 / 2);
    out.extend_from_slice(b"payload=");
    for &byte in payload {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(byte),
            b' ' => out.push(b'+'),
            _ => {
                let digit = |nibble: u8| DIGITS[usize::from(nibble)];
                out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    Bytes::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{GithubSettings, RepoSettings};

    #[test]
    fn the_payloads_of_a_repository_are_whole_and_hold_it_once() {
        let repo = Arc::new(Repository::new(
            &RepoSettings::installed("octo/app"),
            7,
            Some(9),
            &GithubSettings::default(),
        ));
        for installation in [None, Some(0), Some(9), Some(10), Some(51_234_567)] {
            let head = String::from("{\"action\":\"queued\"");
            let payload = Payload::of_repository(
                head,
                Ending {
                    repo: repo.clone(),
                    installation,
                },
            );
            let bytes = payload.bytes();
            assert_eq!(bytes.len(), payload.len());
            let read: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(read["repository"]["id"], 7);
            assert_eq!(read["organization"]["login"], "octo");
            assert_eq!(read["installation"]["id"].as_u64(), installation);
        }
        let written = Payload::written(*b"anything");
        assert_eq!(
            (written.bytes().as_ref(), written.len()),
            (&b"anything"[..], 8)
        );
    }

    #[test]
    fn a_form_escapes_all_that_html_forms_escape() {
        let form = form_of("{\"a b\":\"ü&=+~\"}".as_bytes());
        assert_eq!(
            form.as_ref(),
            b"payload=%7B%22a+b%22%3A%22%C3%BC%26%3D%2B%7E%22%7D"
        );
    }
}
