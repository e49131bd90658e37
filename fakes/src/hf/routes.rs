//! HF's paths, credentials and answers.

use http::Method;

use super::{HfJobs, answers::hardware};
use crate::{
    calls::{About, Api, CallContext, Incoming, Reply},
    history::{CredentialKind, CredentialState, CredentialUse},
    ids::{CallId, HfJobId},
    json_text::http_date,
};

/// A method and path the fake knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Whoami,
    Hardware,
    Create(String),
    List(String),
    Inspect(String, HfJobId),
    Cancel(String, HfJobId),
    Unknown,
}

impl Endpoint {
    fn recognise(method: &Method, path: &str) -> Self {
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let id = |id: &str| HfJobId(id.to_owned());
        match (method, segments.as_slice()) {
            (&Method::GET, ["api", "whoami-v2"]) => Self::Whoami,
            (&Method::GET, ["api", "jobs", "hardware"]) => Self::Hardware,
            (&Method::POST, ["api", "jobs", namespace]) => Self::Create((*namespace).to_owned()),
            (&Method::GET, ["api", "jobs", namespace]) => Self::List((*namespace).to_owned()),
            (&Method::GET, ["api", "jobs", namespace, job]) => {
                Self::Inspect((*namespace).to_owned(), id(job))
            }
            (&Method::POST, ["api", "jobs", namespace, job, "cancel"]) => {
                Self::Cancel((*namespace).to_owned(), id(job))
            }
            _ => Self::Unknown,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Whoami => "hf.whoami",
            Self::Hardware => "hf.hardware",
            Self::Create(_) => "hf.create",
            Self::List(_) => "hf.list",
            Self::Inspect(..) => "hf.inspect",
            Self::Cancel(..) => "hf.cancel",
            Self::Unknown => "hf.unknown",
        }
    }

    /// The namespace it acts on, and the permission that takes.
    fn namespace(&self) -> Option<(&str, &'static str)> {
        match self {
            Self::Create(namespace) | Self::Cancel(namespace, _) => Some((namespace, "job.write")),
            Self::List(namespace) | Self::Inspect(namespace, _) => Some((namespace, "job.read")),
            Self::Whoami | Self::Hardware | Self::Unknown => None,
        }
    }
}

/// The body of every error, and the header some clients read instead.
pub(super) fn error(status: u16, message: &str) -> Reply {
    // Header values hold visible ASCII only.
    let text: String = message
        .chars()
        .map(|c| {
            if c.is_ascii() && !c.is_ascii_control() {
                c
            } else {
                '?'
            }
        })
        .collect();
    Reply::json(status, &serde_json::json!({ "error": message }))
        .with_header("x-error-message", text)
}

/// The fake HF as the call layer sees it.
#[derive(Clone)]
pub(super) struct HfApi(pub(super) HfJobs);

impl Api for HfApi {
    type Endpoint = Endpoint;
    /// The refusal of a caller that is not let in.
    type Auth = Option<Reply>;

    fn recognise(&self, method: &Method, path: &str) -> Endpoint {
        Endpoint::recognise(method, path)
    }

    fn about(&self, endpoint: &Endpoint) -> About {
        About {
            name: endpoint.name(),
            ..About::default()
        }
    }

    fn authenticate(
        &self,
        endpoint: &Endpoint,
        request: &Incoming,
    ) -> (Option<Reply>, Option<CredentialUse>) {
        let text = request
            .authorization()
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let good = text.is_some_and(|(_, token)| token == self.0.settings().token);
        let state = if good {
            CredentialState::Fresh
        } else {
            CredentialState::Unknown
        };
        let credential = text.map(|_| CredentialUse {
            kind: CredentialKind::HfToken,
            state,
        });
        if matches!(endpoint, Endpoint::Hardware | Endpoint::Unknown) {
            return (None, credential);
        }
        if !good {
            return (
                Some(error(401, "Invalid credentials in Authorization header")),
                credential,
            );
        }
        let refusal = endpoint.namespace().filter(|(namespace, _)| !self.0.may_use(namespace)).map(
            |(namespace, permission)| {
                error(
                    403,
                    &format!(
                        "You don't have the required permissions to complete this action on namespace {namespace}, missing permissions: {permission}"
                    ),
                )
            },
        );
        (refusal, credential)
    }

    fn answer(
        &self,
        endpoint: Endpoint,
        refusal: &Option<Reply>,
        request: &Incoming,
        call: CallContext,
    ) -> Reply {
        if let Some(refusal) = refusal {
            return refusal.clone();
        }
        match endpoint {
            Endpoint::Whoami => self.0.whoami(),
            Endpoint::Hardware => hardware(),
            Endpoint::Create(namespace) => self.0.create(&namespace, request, call),
            Endpoint::List(namespace) => self.0.list(&namespace, request),
            Endpoint::Inspect(namespace, job) => self.0.inspect(&namespace, &job),
            Endpoint::Cancel(namespace, job) => self.0.cancel(&namespace, &job, call),
            Endpoint::Unknown => error(404, "Sorry, we can't find the page you are looking for."),
        }
    }

    fn common_headers(
        &self,
        call: CallId,
        _refusal: &Option<Reply>,
    ) -> Vec<(&'static str, String)> {
        vec![
            ("date", http_date(self.0.env().clock.now())),
            ("x-request-id", format!("Root=1-{:08x}-lab", call.0)),
            ("ratelimit", "\"api\";r=990;t=300".to_owned()),
            (
                "ratelimit-policy",
                "\"fixed window\";\"api\";q=1000;w=300".to_owned(),
            ),
        ]
    }
}
