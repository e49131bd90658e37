//! Where webhooks go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};
use crate::target::Url;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Put,
        "/_lab/webhook",
        "setWebhook",
        "Sends webhooks to this URL from now on.",
        Media::Json(schema_of::<Webhook>),
        set,
    )
    .takes(schema_of::<NewWebhook>),
    Operation::new(
        Method::Delete,
        "/_lab/webhook",
        "stopWebhook",
        "Refuses deliveries from now on, as a host does where nothing listens.",
        Media::Json(schema_of::<Webhook>),
        stop,
    ),
];

/// Where webhooks shall go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewWebhook {
    /// The dispatcher's webhook, such as `http://127.0.0.1:7860/webhook`.
    url: String,
}

/// Where webhooks go.
#[derive(Serialize, JsonSchema)]
struct Webhook {
    /// The URL; deliveries are refused while there is none.
    url: Option<String>,
}

fn set(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let NewWebhook { url } = ask.decoded()?;
    let target = Url::parse(&url).map_err(|error| {
        let help = "write it as http://HOST:PORT/webhook";
        Problem::new(400, "body, key `url`", &error.to_string(), help)
    })?;
    control.deliver_to(&target);
    now(control)
}

fn stop(control: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    control.deliver_to_nobody();
    now(control)
}

fn now(control: &Control) -> Result<Reply, Problem> {
    let url = control.webhook().clone();
    Reply::json(&Webhook { url })
}
