//! Incidents: what happened to GitHub once, started in the running world.

use std::collections::BTreeMap;

use fakes::Window;
use scenarios::{
    Fragment, fragments,
    live::Brought,
    plan::{Fault as Written, Trigger},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Control,
    faults::{self, Fault},
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};

/// Where incidents are among the fragments.
const FOLDER: &str = "incidents/";

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Get,
        "/_lab/incidents",
        "listIncidents",
        "The incidents that can be started, each as it was reported.",
        Media::Json(schema_of::<Incidents>),
        list,
    ),
    Operation::new(
        Method::Post,
        "/_lab/incidents/{incident}",
        "startIncident",
        "Starts an incident: adds its faults, whose `from` and `until` count from now, and tells what of it a running world cannot do.",
        Media::Json(schema_of::<Started>),
        start,
    )
    .may_take(schema_of::<Start>)
    .creates()
    .refuses(&[(404, "There is no incident of this name.")]),
];

/// Incidents.
#[derive(Serialize, JsonSchema)]
struct Incidents {
    incidents: Vec<Incident>,
}

/// An incident.
#[derive(Serialize, JsonSchema)]
struct Incident {
    /// Its name. A scenario takes it over with `use: [incidents/NAME]`.
    name: &'static str,
    /// What happened, in one line.
    about: String,
    /// The parameters that can be set when it is started.
    parameters: Vec<String>,
}

/// How an incident is started.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Start {
    /// Values for its parameters, as a scenario would say them; the others are as reported.
    #[serde(default)]
    set: BTreeMap<String, String>,
}

/// An incident that was started.
#[derive(Serialize, JsonSchema)]
struct Started {
    /// Its name.
    incident: &'static str,
    /// What happened, in one line.
    about: String,
    /// The faults that were added. Each ends by itself at its `until`, or earlier with DELETE.
    faults: Vec<Fault>,
    /// What a running world cannot do.
    not_applied: Vec<NotApplied>,
}

/// A part of an incident that was left out.
#[derive(Serialize, JsonSchema)]
struct NotApplied {
    /// Which part, in the words of a scenario.
    part: String,
    /// Why.
    why: String,
}

/// All incidents, with their names.
fn incidents() -> impl Iterator<Item = (&'static str, &'static Fragment)> {
    let named = |fragment: &'static Fragment| Some((fragment.name.strip_prefix(FOLDER)?, fragment));
    fragments().iter().filter_map(named)
}

fn list(_: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    let incidents = incidents().map(|(name, fragment)| Incident {
        name,
        about: fragment.title(),
        parameters: fragment.param_names(),
    });
    Reply::json(&Incidents {
        incidents: incidents.collect(),
    })
}

fn start(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let wanted = ask.path.get("incident").map_or("", String::as_str);
    let found = incidents().find(|(name, _)| *name == wanted);
    let (incident, fragment) = found.ok_or_else(|| unknown(wanted))?;
    let Start { set } = ask.decoded()?;
    let Brought { faults, settings } = control.live().fragment(fragment, &set)?;
    let left_out = settings.into_iter().map(|setting| NotApplied {
        part: format!("{}: {}", setting.path, setting.value),
        why: "a world has its settings from the beginning: serve a scenario that uses the incident"
            .to_owned(),
    });
    let mut not_applied: Vec<NotApplied> = left_out.collect();
    let mut added = Vec::new();
    for fault in &faults {
        match window(fault) {
            Some(window) => added.push(control.inject(fault, window)?),
            None => not_applied.push(NotApplied {
                part: faults::as_written(fault).to_string(),
                why: "it begins or ends with an event, and only a timeline waits for events"
                    .to_owned(),
            }),
        }
    }
    Reply::json(&Started {
        incident,
        about: fragment.title(),
        faults: added,
        not_applied,
    })
}

/// When it strikes, if only time decides that.
fn window(fault: &Written) -> Option<Window> {
    let moment = |trigger: &Option<Trigger>| match trigger {
        None => Some(None),
        Some(Trigger::At(at)) => Some(Some(*at)),
        Some(Trigger::When(_)) => None,
    };
    Some(Window {
        from: moment(&fault.from)?,
        until: moment(&fault.until)?,
    })
}

fn unknown(wanted: &str) -> Problem {
    let names: Vec<&str> = incidents().map(|(name, _)| name).collect();
    let error = format!("there is no incident `{wanted}`");
    Problem::unknown(
        "incident",
        &error,
        &format!("there are: {}", names.join(", ")),
    )
}
