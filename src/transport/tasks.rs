//! The tasks of one host, dropped together when the host crashes, or once it has stopped in order.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;

use super::{HttpService, Latency, Line, traffic::Traffic};

/// How long a host that stops waits for the answers it still owes and is owed.
pub const STOP_GRACE: Duration = Duration::from_secs(10);

/// How long it takes to write down what the last answer said.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The tasks of one host. Clones share the group; [`TaskGroup::abort_all`] is the crash, [`TaskGroup::wind_down`] the stop.
#[derive(Clone, Debug, Default)]
pub struct TaskGroup {
    tasks: Arc<Mutex<JoinSet<()>>>,
    traffic: Traffic,
}

impl TaskGroup {
    /// Starts `task` on the current runtime as one of the group.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Finished tasks are let go as new ones come, so that a long run does not collect them.
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }

    /// Drops every task of the group where it stands.
    pub fn abort_all(&self) {
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
    }

    /// Begins no request from now on, and drops every task once those under way are answered, or the grace is over.
    pub fn wind_down(&self) {
        self.traffic.close();
        let group = self.clone();
        self.spawn(async move {
            let quiet = async {
                loop {
                    group.traffic.over().await;
                    tokio::time::sleep(LAST_WORDS).await;
                    if group.traffic.is_over() {
                        return;
                    }
                }
            };
            let _late = tokio::time::timeout(STOP_GRACE, quiet).await;
            group.abort_all();
        });
    }

    /// `service`, as this host calls it over a network.
    #[must_use]
    pub fn calls(&self, network: &Latency, line: Line, service: HttpService) -> HttpService {
        self.traffic.outgoing(network, line, service)
    }

    /// Runs something that the host does not leave behind half done when it is stopped in order.
    pub async fn carry<T>(&self, work: impl Future<Output = T>) -> T {
        self.traffic.carry(work).await
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for TaskGroup {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
