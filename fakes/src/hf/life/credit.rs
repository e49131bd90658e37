//! The credit of namespaces: who can still pay, and what happens to those who cannot.
//!
//! A minute is paid for at the moment it starts. The balance of a namespace ends at the moment a minute
//! starts that it does not cover: all its jobs are cancelled there and then, none is overdrawn, and no new
//! job is accepted.

use std::time::Duration;

use super::ending::Change;
use crate::{
    hf::{handle::HfJobs, objects::refusal::Refusal, state::State},
    history::{Stage, StageCause},
    ids::HfJobId,
};

/// `cancelReason` of a job that nobody pays for any more; from HF's OpenAPI description.
const NO_CREDITS: &str = "NO_CREDITS";

impl HfJobs {
    /// Refuses a new job in a namespace whose balance is used up.
    pub(in crate::hf) fn must_be_paid(
        &self,
        state: &State,
        namespace: &str,
    ) -> Result<(), Refusal> {
        let Some(&balance) = self.settings().balances.get(namespace) else {
            return Ok(());
        };
        let spent = due(state, namespace, self.env().clock.elapsed_ms());
        let broke = spent >= balance || state.broke.contains(namespace);
        if broke { Err(Refusal::Unpaid) } else { Ok(()) }
    }

    /// Whether the namespace can pay for the first minute of this job, unless that is paid for already.
    pub(in crate::hf) fn can_start(&self, id: &HfJobId) -> bool {
        let state = self.state();
        let Some(job) = state.get(id) else {
            return false;
        };
        let Some(balance) = self.settings().balances.get(&job.namespace) else {
            return true;
        };
        let spent = due(&state, &job.namespace, self.env().clock.elapsed_ms());
        job.meter.runs() || spent + job.meter.micro_usd_per_minute() <= *balance
    }

    /// Waits for a minute of this job to start that its namespace cannot pay for.
    pub(in crate::hf) async fn out_of_credit(&self, id: &HfJobId) {
        loop {
            match self.next_payment(id) {
                Payment::Refused => return,
                Payment::In(wait) => tokio::time::sleep(wait).await,
                Payment::Never => std::future::pending().await,
            }
        }
    }

    fn next_payment(&self, id: &HfJobId) -> Payment {
        let now_ms = self.env().clock.elapsed_ms();
        let state = self.state();
        let Some(job) = state.get(id) else {
            return Payment::Never;
        };
        let Some(balance) = self.settings().balances.get(&job.namespace) else {
            return Payment::Never;
        };
        let Some(next_ms) = job.meter.next_minute_ms(now_ms) else {
            return Payment::Never;
        };
        if due(&state, &job.namespace, now_ms) > *balance {
            return Payment::Refused;
        }
        Payment::In(Duration::from_millis(next_ms - now_ms))
    }

    /// Cancels every job of this job's namespace: nobody pays for them.
    pub(in crate::hf) fn balance_ended(&self, id: &HfJobId) {
        let (namespace, because) = match self.state().get(id) {
            Some(job) => (job.namespace.clone(), job.last_event),
            None => return,
        };
        let mut state = self.state();
        state.broke.insert(namespace.clone());
        let live: Vec<HfJobId> = state
            .live()
            .filter(|job| job.namespace == namespace)
            .map(|job| job.id.clone())
            .collect();
        drop(state);
        for id in live {
            let change = Change {
                cancel_reason: Some(NO_CREDITS.to_owned()),
                ..Change::new(Stage::Canceled, StageCause::Platform, Some(because))
            };
            self.stop(&id, change);
        }
    }
}

enum Payment {
    /// The minute that starts now is not covered.
    Refused,
    /// The next minute starts so much later.
    In(Duration),
    /// Nothing is to be paid, or it is always paid.
    Never,
}

/// What a namespace has to pay for all its jobs by now.
fn due(state: &State, namespace: &str, now_ms: u64) -> u64 {
    let jobs = state.jobs.iter().filter(|job| job.namespace == namespace);
    jobs.map(|job| job.meter.due_micro_usd(now_ms)).sum()
}
