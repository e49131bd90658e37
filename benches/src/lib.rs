//! What the benches share: a webhook of real size, its signature, and plans of known work.

mod growth;
mod hashed;
pub mod instructions;
mod machine;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use scenarios::{Choices, Document, plan::Plan};
use sha2::Sha256;

pub use growth::Growth;
pub use hashed::{Hashed, hash};
pub use machine::{cpu, cpu_of, memory_bytes_peak};

/// The allocator of the command line, so that the figures are the product's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RECORDING: &str = include_str!("../../scenarios/corpus/recordings/recorded-life.jsonl");

/// The secret of every webhook here.
pub const SECRET: &[u8] = b"bench-secret";

/// A `workflow_job` webhook body of the size GitHub sends (about 6 kB), for a label that is not ours to serve,
/// so that accepting it starts no work in the background.
#[must_use]
pub fn foreign_webhook() -> Bytes {
    webhook("ubuntu-latest")
}

/// A `workflow_job` webhook body for this label.
#[must_use]
pub fn webhook(label: &str) -> Bytes {
    let line = RECORDING.lines().next().unwrap_or_default();
    let delivery: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    let mut payload = delivery["payload"].clone();
    payload["workflow_job"]["labels"] = serde_json::json!([label]);
    Bytes::from(payload.to_string())
}

/// `sha256=` and the hexadecimal HMAC of the body: the floor of every signature check.
#[must_use]
pub fn sign(body: &[u8]) -> String {
    let digest = hmac(body);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// The bare HMAC of the body.
///
/// # Panics
/// Never: HMAC takes a key of any length.
#[must_use]
pub fn hmac(body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("HMAC takes a key of any length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// A plan of so many jobs, spread over one hour.
///
/// # Panics
/// If the scenario language no longer reads this text.
#[must_use]
pub fn an_hour_of(jobs: u32, seed: u64) -> Plan {
    planned(&hour_of(jobs), seed)
}

/// The scenario of so many jobs, spread over one hour, which is read once for all its seeds.
///
/// # Panics
/// If the scenario language no longer reads this text.
#[must_use]
pub fn hour_of(jobs: u32) -> Document {
    let text = format!(
        "title: An hour of {jobs} jobs
world: {{ hf: {{ cold_start: 20s..2m }} }}
timeline:
  - at: 0s..1h
    queue: {{ as: J, jobs: {jobs}, labels: hf-jobs-cpu-basic, runs_for: 10s..10m }}
"
    );
    document(&text)
}

/// The plan of a scenario.
///
/// # Panics
/// If the scenario language does not read this text.
#[must_use]
pub fn plan(text: &str, seed: u64) -> Plan {
    planned(&document(text), seed)
}

fn document(text: &str) -> Document {
    Document::parse("bench.yaml", text)
        .unwrap_or_else(|error| panic!("the text is no scenario: {error}"))
}

/// A scenario's plan for one seed.
///
/// # Panics
/// If it cannot be planned.
#[must_use]
pub fn planned(document: &Document, seed: u64) -> Plan {
    let choices = Choices {
        seed,
        ..Choices::default()
    };
    let plan = document.plan(&choices);
    plan.unwrap_or_else(|error| panic!("the scenario cannot be planned: {error}"))
}
