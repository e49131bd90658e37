//! Sessions of runners that speak HTTP, behind locks of their own.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};

use crate::{
    github::state::runners::orders::ToRunner,
    history::Conclusion,
    ids::{EventId, JobId, RunnerId},
};

/// The clients that registered, and their sessions.
#[derive(Default)]
pub(in crate::github) struct Sessions(Mutex<Known>);

#[derive(Default)]
pub(in crate::github) struct Known {
    /// Who registered with a token, by the client id it was given.
    pub(in crate::github) clients: BTreeMap<String, RunnerId>,
    pub(in crate::github) open: BTreeMap<String, Arc<Session>>,
}

pub(in crate::github) struct Session {
    pub(in crate::github) runner: RunnerId,
    /// Held by whoever waits for the next order.
    pub(in crate::github) orders: tokio::sync::Mutex<UnboundedReceiver<ToRunner>>,
    pub(in crate::github) work: Mutex<Option<Work>>,
    /// It was assigned a job that it did not get: once its registration is gone, it hears nothing of that.
    pub(in crate::github) has_lost_a_job: AtomicBool,
    /// How many questions wait now, and how many there have been.
    pub(in crate::github) waiting: AtomicUsize,
    pub(in crate::github) asked: AtomicU64,
}

/// The job a session has.
#[derive(Clone, Copy)]
pub(in crate::github) struct Work {
    pub(in crate::github) job: JobId,
    /// How long it takes; without, until somebody says that it is over.
    pub(in crate::github) runs_for: Option<Duration>,
    /// When it is over, unless somebody says so earlier: known once it is acquired.
    pub(in crate::github) ends: Option<Instant>,
    pub(in crate::github) conclusion: Conclusion,
    pub(in crate::github) because: EventId,
    pub(in crate::github) is_over: bool,
}

impl Sessions {
    pub(in crate::github) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::github) fn find(&self, session: &str) -> Option<Arc<Session>> {
        self.known().open.get(session).cloned()
    }

    /// Remembers whose client id this is.
    pub(in crate::github) fn register(&self, client: String, runner: RunnerId) {
        self.known().clients.insert(client, runner);
    }

    /// Whether this runner registered and was given this client id.
    pub(in crate::github) fn is_client(&self, client: &str, runner: RunnerId) -> bool {
        self.known().clients.get(client) == Some(&runner)
    }

    /// The runner of an open session.
    pub(in crate::github) fn runner_of(&self, session: &str) -> Option<RunnerId> {
        self.find(session).map(|found| found.runner)
    }

    /// The session's job starts.
    pub(in crate::github) fn acquired(&self, session: &str) {
        if let Some(found) = self.find(session)
            && let Some(work) = found.work().as_mut()
        {
            work.ends = work.runs_for.map(|runs_for| Instant::now() + runs_for);
        }
    }

    /// The session does not get the job it was assigned.
    pub(in crate::github) fn lost_job(&self, session: &str) {
        if let Some(found) = self.find(session) {
            found.has_lost_a_job.store(true, Ordering::Relaxed);
            *found.work() = None;
        }
    }

    /// The session's job is reported.
    pub(in crate::github) fn reported(&self, session: &str) {
        if let Some(found) = self.find(session) {
            *found.work() = None;
        }
    }

    /// Forgets a session. Gives its runner.
    pub(in crate::github) fn close(&self, session: &str) -> Option<RunnerId> {
        let closed = self.known().open.remove(session)?;
        Some(closed.runner)
    }
}

impl Session {
    pub(in crate::github) fn work(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
