//! Faults: inject one in the words of a scenario, look at them, end them.

use fakes::Window;
use scenarios::{live, plan::Fault as Written};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    Control,
    operation::{Ask, Media, Method, Operation, Reply, schema_of},
    problem::Problem,
};
use crate::translate::fault::fault_rule;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        Method::Get,
        "/_lab/faults",
        "listFaults",
        "Every fault, ended ones too.",
        Media::Json(schema_of::<Faults>),
        list,
    ),
    Operation::new(
        Method::Post,
        "/_lab/faults",
        "injectFault",
        "Injects a fault, in the words of the scenario language: `to`, conditions, and exactly one effect. It begins now and ends with DELETE.",
        Media::Json(schema_of::<Fault>),
        inject,
    )
    .takes(live::fault_schema)
    .creates(),
    Operation::new(
        Method::Delete,
        "/_lab/faults/{fault}",
        "endFault",
        "Ends one fault.",
        Media::Json(schema_of::<Fault>),
        end,
    )
    .refuses(&[(404, "There is no fault with this number.")]),
    Operation::new(
        Method::Delete,
        "/_lab/faults",
        "heal",
        "Ends every fault.",
        Media::Json(schema_of::<Faults>),
        heal,
    ),
];

/// Faults.
#[derive(Serialize, JsonSchema)]
struct Faults {
    /// In the order they were injected.
    faults: Vec<Fault>,
}

/// A fault.
#[derive(Serialize, JsonSchema)]
pub(super) struct Fault {
    /// Its number, as `fault.applied` in the history names it.
    fault: usize,
    /// Whether it may strike.
    open: bool,
    /// How often it can still strike; no limit if null.
    left: Option<u32>,
    /// What it is, in the words of the scenario language.
    rule: Value,
}

/// A fault in its own words.
pub(super) fn as_written(fault: &Written) -> Value {
    serde_json::to_value(fault).unwrap_or_default()
}

fn all(control: &Control) -> Vec<Fault> {
    let written = control.written_faults();
    let states = control.world().faults().states().into_iter().enumerate();
    states
        .map(|(fault, state)| Fault {
            fault,
            open: state.open && state.left != Some(0),
            left: state.left,
            rule: written.get(&fault).cloned().unwrap_or_default(),
        })
        .collect()
}

fn list(control: &Control, _: &Ask<'_>) -> Result<Reply, Problem> {
    Reply::json(&Faults {
        faults: all(control),
    })
}

fn inject(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let written = control.live().fault(ask.body)?;
    Reply::json(&control.inject(&written, Window::default())?)
}

impl Control {
    /// Adds a fault that strikes within this window.
    pub(super) fn inject(&self, written: &Written, window: Window) -> Result<Fault, Problem> {
        let rule = fault_rule(written);
        let index = self.world().faults().add_within(rule, window);
        self.written_faults().insert(index, as_written(written));
        one(self, index)
    }
}

fn one(control: &Control, index: usize) -> Result<Fault, Problem> {
    all(control).into_iter().nth(index).ok_or_else(|| {
        let error = format!("there is no fault {index}");
        Problem::unknown("fault", &error, "GET /_lab/faults lists them")
    })
}

fn end(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    let index = usize::try_from(ask.number("fault")?).unwrap_or(usize::MAX);
    control.world().faults().remove(index);
    Reply::json(&one(control, index)?)
}

fn heal(control: &Control, ask: &Ask<'_>) -> Result<Reply, Problem> {
    control.world().faults().heal();
    list(control, ask)
}
