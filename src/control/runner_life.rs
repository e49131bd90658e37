//! What happens to a runner from outside: it ages, a stand-in connects it, it loses its connection.

use fakes::ids::RunnerId;
use scenarios::Fixed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};

const NO_SUCH_RUNNER: (u16, &str) = (404, "There is no runner with this id.");

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Post,
        "/_lab/runners/{runner_id}/age",
        "ageRunner",
        "Makes a runner that is not connected look as if it had been away for so much longer; GitHub removes it if that is too long.",
        Media::Json(schema_of::<Outcome>),
        age,
    )
    .takes(schema_of::<Age>)
    .refuses(&[NO_SUCH_RUNNER, (409, "The runner is connected.")]),
    Operation::new(
        Method::Post,
        "/_lab/runners/{runner_id}/connect",
        "connectRunner",
        "Connects a runner that has no process here: a stand-in runs the jobs it is given.",
        Media::Json(schema_of::<Outcome>),
        connect,
    )
    .refuses(&[NO_SUCH_RUNNER, (409, "GitHub refuses the connection.")]),
    Operation::new(
        Method::Post,
        "/_lab/runners/{runner_id}/disconnect",
        "disconnectRunner",
        "Cuts the connection of a runner.",
        Media::Json(schema_of::<Outcome>),
        disconnect,
    )
    .refuses(&[NO_SUCH_RUNNER, (409, "The runner is not connected.")]),
];

/// How much older a runner's absence gets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Age {
    /// So much longer it has been offline: `1d`, `14d`.
    offline_for: Fixed,
}

/// What became of a runner.
#[derive(Serialize, JsonSchema)]
struct Outcome {
    /// Its id.
    runner: u64,
    /// Whether GitHub still has a record of it.
    registered: bool,
    /// Whether GitHub takes it for online.
    online: bool,
}

/// The runner of the path, which exists.
fn runner_of(control: &Control, ask: &Ask<'_>) -> Result<RunnerId, Problem> {
    let id = RunnerId(ask.number("runner_id")?);
    let runners = control.world().github().runners();
    if runners.iter().any(|runner| runner.runner == id) {
        return Ok(id);
    }
    let error = format!("there is no runner {}", id.0);
    let help = "GET /_lab/runners lists them";
    Err(Problem::unknown("runner_id", &error, help))
}

fn outcome(control: &Control, id: RunnerId) -> Result<Reply, Problem> {
    let runners = control.world().github().runners();
    let found = runners.iter().find(|runner| runner.runner == id);
    Reply::json(&Outcome {
        runner: id.0,
        registered: found.is_some(),
        online: found.is_some_and(|runner| runner.online),
    })
}

fn age(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let id = runner_of(control, ask)?;
    let Age { offline_for } = ask.decoded()?;
    let github = control.world().github();
    if !github.age_runner(id, offline_for.0, None) {
        let help = "POST /_lab/runners/{runner_id}/disconnect cuts its connection";
        let error = "this runner is connected, so it does not age";
        return Err(Problem::conflict("runner_id", error, help));
    }
    outcome(control, id)
}

fn connect(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let id = runner_of(control, ask)?;
    let connected = control.world().github().connect_runner(id, None);
    connected.map_err(|refusal| {
        let status = refusal.status();
        let error = format!("GitHub refuses the connection: {refusal} ({status})");
        let help = "make a new runner; a just-in-time configuration connects once and soon";
        Problem::conflict("runner_id", &error, help)
    })?;
    outcome(control, id)
}

fn disconnect(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let id = runner_of(control, ask)?;
    if !control.world().github().disconnect_runner(id, None) {
        let error = "this runner is not connected";
        return Err(Problem::conflict(
            "runner_id",
            error,
            "there is nothing to cut",
        ));
    }
    outcome(control, id)
}
