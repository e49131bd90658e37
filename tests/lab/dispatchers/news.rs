//! What passes between a dispatcher's endpoint and its loop: word that something happened, and what may be claimed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::sync::Notify;

/// Word that something happened.
#[derive(Clone, Default)]
pub(super) struct News {
    came: Arc<Notify>,
    endings: Arc<AtomicU64>,
    /// The HF job of each runner.
    claims: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl News {
    /// Something happened; `ends` if it ended a job.
    pub(super) fn come(&self, ends: bool) {
        self.endings.fetch_add(u64::from(ends), Ordering::Relaxed);
        self.came.notify_one();
    }

    /// Waits for the next.
    pub(super) async fn next(&self) {
        self.came.notified().await;
    }

    /// How many jobs have ended.
    pub(super) fn endings(&self) -> u64 {
        self.endings.load(Ordering::Relaxed)
    }

    /// An HF job was created: from now on it may be named.
    pub(super) fn claim(&self, runner: &str, hf_job: &str, flavor: &str, label: &str) {
        let claim = json!({ "hf_job_id": hf_job, "flavor": flavor, "label": label });
        self.claims.lock().unwrap().insert(runner.to_owned(), claim);
    }

    /// What there is to say of the job of this runner.
    pub(super) fn of_runner(&self, runner: &str) -> Option<Value> {
        self.claims.lock().unwrap().get(runner).cloned()
    }
}
