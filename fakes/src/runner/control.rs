//! What somebody does to a process from outside: it dies, hangs, or its container starts again.

use super::handle::Runners;
use crate::ids::HfJobId;

/// What befalls a process.
pub(super) enum Control {
    Die,
    Hang,
    /// Its container starts again, now and so many times more when it ends.
    Restart(u32),
}

impl Runners {
    /// Kills the process in this HF job, as the out-of-memory killer would. Gives whether one ran there, as the
    /// following do.
    pub fn die(&self, hf_job: &HfJobId) -> bool {
        self.control(hf_job, Control::Die)
    }

    /// Makes the process in this HF job hang instead of exiting.
    pub fn hang(&self, hf_job: &HfJobId) -> bool {
        self.control(hf_job, Control::Hang)
    }

    /// Kills the process in this HF job and starts its container again, with what it was started with; and again, when
    /// it ends, until that has been done so many `times`. A process of this machine is not started again: HF's
    /// platform alone could do that.
    pub fn restart(&self, hf_job: &HfJobId, times: u32) -> bool {
        let more = times.checked_sub(1);
        more.is_some_and(|more| self.control(hf_job, Control::Restart(more)))
    }

    fn control(&self, hf_job: &HfJobId, control: Control) -> bool {
        let state = self.state();
        // A process that has ended is beyond control, and one of this machine can only be killed.
        let modelled = state.processes.get(hf_job);
        let modelled = modelled.filter(|process| !process.ended);
        let modelled = modelled.map(|process| &process.control);
        let real = || state.real.get(hf_job).map(|process| &process.control);
        let process = modelled.or_else(|| real().filter(|_| matches!(control, Control::Die)));
        process.is_some_and(|process| process.send(control).is_ok())
    }
}
