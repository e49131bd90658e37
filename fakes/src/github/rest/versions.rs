//! Versions of the REST API: which one a request asks for, and what the newer one leaves out.

use bytes::Bytes;
use http::HeaderName;

use crate::{
    calls::{Incoming, Reply},
    github::objects::refusal::Refusal,
};

const ASKED: HeaderName = HeaderName::from_static("x-github-api-version");

/// A version of the REST API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::github) enum ApiVersion {
    #[default]
    V2022_11_28,
    V2026_03_10,
}

impl ApiVersion {
    pub(in crate::github) const fn as_str(self) -> &'static str {
        match self {
            Self::V2022_11_28 => "2022-11-28",
            Self::V2026_03_10 => "2026-03-10",
        }
    }

    /// The version a request asks for. Without the header it is the older one.
    pub(in crate::github) fn of(request: &Incoming) -> Result<Self, Refusal> {
        let Some(asked) = request.header(ASKED) else {
            return Ok(Self::default());
        };
        let known = [Self::V2022_11_28, Self::V2026_03_10];
        known
            .into_iter()
            .find(|version| version.as_str() == asked.trim())
            .ok_or_else(|| Refusal::UnknownVersion(asked.to_owned()))
    }

    /// The answer as this version has it. Of what this fake answers, version 2026-03-10 drops
    /// `has_downloads` from every repository; other differences are its handlers' own.
    pub(in crate::github) fn shape(self, mut reply: Reply) -> Reply {
        const DROPPED: &str = "\"has_downloads\":true,";
        if self == Self::V2026_03_10
            && let Ok(text) = std::str::from_utf8(&reply.body)
            // Inside a JSON string its quotes would be escaped, so this is a key.
            && text.contains(DROPPED)
        {
            reply.body = Bytes::from(text.replace(DROPPED, ""));
        }
        reply
    }
}
