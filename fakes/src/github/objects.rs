//! The JSON object of a runner.

use serde::Serialize;

use super::state::Runner;

#[derive(Serialize)]
pub(super) struct RunnerObject<'a> {
    id: u64,
    runner_group_id: u64,
    name: &'a str,
    os: &'a str,
    status: &'a str,
    busy: bool,
    ephemeral: bool,
    labels: Vec<LabelObject<'a>>,
    version: Option<&'a str>,
}

#[derive(Serialize)]
struct LabelObject<'a> {
    id: u64,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
}

impl<'a> RunnerObject<'a> {
    pub(super) fn of(runner: &'a Runner) -> Self {
        let seen = !matches!(runner.link, super::state::Link::Never);
        let labels = runner
            .labels
            .iter()
            .enumerate()
            .map(|(index, name)| LabelObject {
                id: index as u64 + 1,
                name,
                kind: "custom",
            })
            .collect();
        Self {
            id: runner.id.0,
            runner_group_id: 1,
            name: &runner.name,
            os: if seen { "Linux" } else { "unknown" },
            status: if runner.is_online() {
                "online"
            } else {
                "offline"
            },
            busy: runner.job.is_some(),
            ephemeral: true,
            labels,
            version: seen.then_some("2.336.0"),
        }
    }
}
