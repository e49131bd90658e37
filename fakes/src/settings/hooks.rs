//! How GitHub's webhooks behave: the App's own hook, and what is done with every delivery.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Serialize};

use crate::github::NewHook;

/// How a hook wants its payload encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContentType {
    /// The payload is the body.
    Json,
    /// The body is a form with one field, `payload`. What the API gives a hook that names none.
    Form,
}

/// How the delivery log words one kind of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogStatus {
    /// `status`.
    pub text: String,
    /// `status_code`.
    pub code: u16,
}

impl LogStatus {
    fn new(text: &str, code: u16) -> Self {
        let text = text.to_owned();
        Self { text, code }
    }
}

/// The fake GitHub's webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Where the App's hook points. Requests only use its path; who answers is the world's target.
    pub app_url: String,
    /// How the App's hook encodes its payload.
    pub app_content_type: ContentType,
    /// The hooks of repositories and organisations that are there from the start. Nobody pings them.
    pub of_owners: Vec<NewHook>,
    /// Whether all hooks that hear of one event get the same `X-GitHub-Delivery`, as GitHub documents it.
    /// Without it each hook gets a GUID of its own, as has been reported.
    pub one_guid_per_event: bool,
    /// Whether the older `X-Hub-Signature` (SHA-1) is sent beside the one of today, as GitHub does.
    pub legacy_signature: bool,
    /// How many hooks of a repository or an organisation may subscribe to the same event. GitHub's is 20.
    pub per_event_max: usize,
    /// Above this size an event is not sent at all. GitHub says 25 MB; that it means MiB is unconfirmed.
    pub payload_bytes_max: usize,
    /// How many deliveries of one hook leave in any minute; the others wait and show a `throttled_at`.
    /// GitHub throttles surges and gives no figure. Off by default.
    pub throttle_per_minute: Option<NonZeroU32>,
    /// How long a delivery is shown and can be sent again: three days on github.com.
    pub retention: Duration,
    /// Whether payloads of repositories name their organisation, as GitHub's do.
    pub organization_in_payload: bool,
    /// Whether payloads name an enterprise, as those of its members' organisations do. Off by default: one
    /// older schema of payloads refuses the key.
    pub enterprise_in_payload: bool,
    /// The log's words when nothing listened. The text is GitHub's; its code is unconfirmed.
    pub status_refused: LogStatus,
    /// When the answer did not come in time. The text is GitHub's; its code is unconfirmed.
    pub status_timed_out: LogStatus,
    /// When the host could not be reached or the connection broke. Confirmed for an unreachable host.
    pub status_unreachable: LogStatus,
    /// When the host's certificate was not accepted. The text is GitHub's; its code is unconfirmed.
    pub status_untrusted: LogStatus,
    /// What stands before the code of an answer that is no success. Unconfirmed.
    pub status_answer_prefix: String,
}

impl Default for HookSettings {
    fn default() -> Self {
        Self {
            app_url: "https://dispatcher.example/webhook".to_owned(),
            app_content_type: ContentType::Json,
            of_owners: Vec::new(),
            one_guid_per_event: true,
            legacy_signature: true,
            per_event_max: 20,
            payload_bytes_max: 25 * 1024 * 1024,
            throttle_per_minute: None,
            retention: Duration::from_secs(3 * 24 * 3600),
            organization_in_payload: true,
            enterprise_in_payload: false,
            status_refused: LogStatus::new("failed to connect to network", 502),
            status_timed_out: LogStatus::new("timed out", 504),
            status_unreachable: LogStatus::new("failed to connect to host", 502),
            status_untrusted: LogStatus::new(
                "Peer certificate cannot be authenticated with given CA certificates",
                502,
            ),
            status_answer_prefix: "Invalid HTTP Response: ".to_owned(),
        }
    }
}
