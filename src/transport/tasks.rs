//! The tasks of one host, dropped together when the host crashes.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::JoinSet;

/// The tasks of one host. Clones share the group; [`TaskGroup::abort_all`] is the crash.
#[derive(Clone, Debug, Default)]
pub struct TaskGroup(Arc<Mutex<JoinSet<()>>>);

impl TaskGroup {
    /// Starts `task` on the current runtime as one of the group.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Finished tasks are let go as new ones come, so that a long run does not collect them.
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }

    /// Drops every task of the group where it stands.
    pub fn abort_all(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for TaskGroup {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
