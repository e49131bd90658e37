//! What a running job uses, second by second, within what its hardware has.
//!
//! The numbers are drawn for the job and the second, so two viewers see the same.

use serde::Serialize;

use crate::{
    drawn_text::{HEX, drawn},
    env::Env,
    hf::{handle::HfJobs, job::flavors::Flavor},
    ids::HfJobId,
};

const LOWER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const GIGABYTE: u64 = 1_000_000_000;
/// What a job may send or receive in a second.
const NETWORK_BYTES_MAX: u64 = GIGABYTE / 8;

#[derive(Serialize)]
struct Metrics {
    cpu_usage_pct: u64,
    cpu_millicores: u64,
    memory_used_bytes: u64,
    memory_total_bytes: u64,
    rx_bps: u64,
    tx_bps: u64,
    gpus: serde_json::Map<String, serde_json::Value>,
    replica: String,
}

#[derive(Serialize)]
struct Gpu {
    utilization: u64,
    memory_used_bytes: u64,
    memory_total_bytes: u64,
}

/// The number that a text of the price list begins with: `8 vCPU`, `30 GB`.
fn leading_number(text: &str) -> u64 {
    let number = text.split(' ').next().map(str::parse);
    number.and_then(Result::ok).unwrap_or_default()
}

/// What is drawn for one second of a job.
struct Second<'a> {
    env: &'a Env,
    entity: &'a str,
    second: u64,
}

impl Second<'_> {
    /// A number up to `max`.
    fn up_to(&self, max: u64, what: &str) -> u64 {
        let purpose = format!("metrics.{}.{what}", self.second);
        self.env.draw.bits(self.entity, &purpose) % max.saturating_add(1)
    }

    fn metrics(&self, flavor: &Flavor) -> Metrics {
        let memory_total_bytes = leading_number(flavor.ram) * GIGABYTE;
        let gpus = flavor.accelerator.iter().flat_map(|gpu| {
            let quantity = leading_number(gpu.quantity);
            let memory = leading_number(gpu.vram) * GIGABYTE / quantity.max(1);
            (0..quantity).map(move |index| self.gpu(index, memory))
        });
        Metrics {
            cpu_usage_pct: self.up_to(100, "cpu"),
            cpu_millicores: leading_number(flavor.cpu) * 1_000,
            memory_used_bytes: self.up_to(memory_total_bytes, "memory"),
            memory_total_bytes,
            rx_bps: self.up_to(NETWORK_BYTES_MAX, "rx"),
            tx_bps: self.up_to(NETWORK_BYTES_MAX, "tx"),
            gpus: gpus.collect(),
            replica: drawn(self.env, self.entity, "replica", LOWER, 5),
        }
    }

    fn gpu(&self, index: u64, memory_total_bytes: u64) -> (String, serde_json::Value) {
        let id = drawn(self.env, self.entity, &format!("gpu{index}"), HEX, 8);
        let memory = self.up_to(memory_total_bytes, &format!("gpu{index}.memory"));
        let gpu = Gpu {
            utilization: self.up_to(100, &format!("gpu{index}.utilization")),
            memory_used_bytes: memory,
            memory_total_bytes,
        };
        (id, serde_json::to_value(gpu).unwrap_or_default())
    }
}

impl HfJobs {
    /// The event of this second, if the job runs.
    pub(in crate::hf) fn metric_event(&self, id: &HfJobId) -> Option<String> {
        let (entity, flavor, started_at) = {
            let state = self.state();
            let job = state
                .get(id)
                .filter(|job| !job.status.stage.is_terminal())?;
            (job.entity(), job.spec.flavor, job.status.started_at?)
        };
        let second = Second {
            env: self.env(),
            entity: &entity,
            second: self
                .env()
                .clock
                .now()
                .duration_since(started_at)
                .as_secs()
                .unsigned_abs(),
        };
        let data = serde_json::to_string(&second.metrics(flavor)).unwrap_or_default();
        Some(format!("event: metric\ndata: {data}\n\n"))
    }
}
