//! Deliveries: one that is written out, and earlier ones once more.

use scenarios::{live, plan::Redeliver};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};
use crate::translate::delivery;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Post,
        "/_lab/deliveries",
        "deliver",
        "Sends a webhook as it is, whatever the fake GitHub believes: the `deliver` verb of the scenario language.",
        Media::Json(schema_of::<Deliveries>),
        deliver,
    )
    .takes(live::deliver_schema)
    .creates()
    .refuses(&[(409, "The job has no such event.")]),
    Operation::new(
        Method::Post,
        "/_lab/deliveries/redeliver",
        "redeliver",
        "Sends earlier deliveries again, with the same GUID: the `redeliver` verb of the scenario language.",
        Media::Json(schema_of::<Deliveries>),
        redeliver,
    )
    .takes(live::redeliver_schema)
    .refuses(&[(409, "No delivery of this job had this action.")]),
];

/// Deliveries on their way.
#[derive(Serialize, JsonSchema)]
struct Deliveries {
    /// Their ids, which go beyond 2^53 as GitHub's do.
    deliveries: Vec<u64>,
}

fn deliver(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let written = control.live().deliver(ask.body)?;
    let Some(raw) = delivery::delivery(control.world(), &written) else {
        let error = "the job has no event with this action";
        let help = "GET /_lab/jobs shows what jobs there are";
        return Err(Problem::new(409, "body", error, help));
    };
    let delivery = control.world().github().deliver(raw, None);
    Reply::json(&Deliveries {
        deliveries: vec![delivery.0],
    })
}

fn redeliver(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let written = control.live().redeliver(ask.body)?;
    let github = control.world().github();
    let sent = github.redeliver(
        &delivery::redelivered(control.world(), &written, None),
        None,
    );
    if sent.is_empty() && matches!(written, Redeliver::Job { .. }) {
        let error = "no delivery of this job had this action";
        let help = "its deliveries: GET /_lab/history, `delivery.created`";
        return Err(Problem::new(409, "body", error, help));
    }
    Reply::json(&Deliveries {
        deliveries: sent.into_iter().map(|delivery| delivery.0).collect(),
    })
}
