//! What a fake answered.

use http::HeaderMap;
use serde_json::Value;

/// An HTTP answer with its JSON body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    /// The body as text, for answers that are no JSON.
    pub(crate) text: String,
    pub(crate) reset: bool,
}

impl Answer {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The address behind `rel="next"` of the `Link` header, without its host.
    pub(crate) fn next(&self) -> Option<String> {
        let link = self
            .header("link")
            .split(", ")
            .find(|link| link.contains("rel=\"next\""))?
            .to_owned();
        let url = link.strip_prefix('<')?.split('>').next()?.to_owned();
        Some(
            url[url.find("//")? + 2..]
                .split_once('/')
                .map(|(_, path)| format!("/{path}"))
                .unwrap(),
        )
    }
}
