//! `GET /api/jobs/hardware`: what can be rented, and for how much.

use serde::Serialize;

use super::route::{Access, Ask, Route};
use crate::{
    calls::Reply,
    hf::{handle::HfJobs, job::flavors::flavors, objects::refusal::Answer},
};

pub(in crate::hf) const ROUTES: &[Route] = &[Route::get(
    "/api/jobs/hardware",
    "hf.hardware",
    Access::Public(hardware),
)];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HardwareObject {
    name: &'static str,
    pretty_name: &'static str,
    cpu: &'static str,
    ram: &'static str,
    ephemeral_storage: &'static str,
    accelerator: Option<AcceleratorObject>,
    #[serde(rename = "unitCostMicroUSD")]
    unit_cost_micro_usd: u64,
    #[serde(rename = "unitCostUSD")]
    unit_cost_usd: f64,
    unit_label: &'static str,
}

#[derive(Serialize)]
struct AcceleratorObject {
    #[serde(rename = "type")]
    kind: &'static str,
    model: &'static str,
    quantity: &'static str,
    vram: &'static str,
    manufacturer: &'static str,
}

fn hardware(_: &HfJobs, _: &Ask<'_>) -> Answer {
    let sold: Vec<HardwareObject> = flavors()
        .iter()
        .filter(|flavor| flavor.is_sold())
        .map(|flavor| HardwareObject {
            name: flavor.name,
            pretty_name: flavor.pretty_name,
            cpu: flavor.cpu,
            ram: flavor.ram,
            ephemeral_storage: flavor.disk,
            accelerator: flavor.accelerator.as_ref().map(|gpu| AcceleratorObject {
                kind: "gpu",
                model: gpu.model,
                quantity: gpu.quantity,
                vram: gpu.vram,
                manufacturer: "Nvidia",
            }),
            unit_cost_micro_usd: flavor.micro_usd_per_minute(),
            unit_cost_usd: flavor.micro_usd_per_minute() as f64 / 1_000_000.0,
            unit_label: "minute",
        })
        .collect();
    Ok(Reply::json(200, &sold))
}
