//! A call that has been received and not yet answered.

use crate::{
    calls::CallContext,
    history::{History, Lost, What},
    ids::{CallId, EventId},
};

/// A call that has been received and not yet answered. Dropped in that state, the caller has given up.
pub(super) struct OpenCall {
    pub(super) history: History,
    pub(super) call: CallId,
    pub(super) name: &'static str,
    pub(super) because: EventId,
    pub(super) open: bool,
}

impl OpenCall {
    pub(super) fn new(history: History, call: CallContext, name: &'static str) -> Self {
        Self {
            history,
            call: call.call,
            name,
            because: call.received,
            open: true,
        }
    }

    pub(super) fn lost(&mut self, why: Lost) -> EventId {
        self.open = false;
        let (call, name) = (self.call, self.name.to_owned());
        self.history
            .record(Some(self.because), What::CallLost { call, name, why })
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if self.open {
            self.lost(Lost::TimedOut);
        }
    }
}
