//! Sessions of runners that speak HTTP: each is asked for its next order, and waits for it.
//!
//! The real protocol behind `config.sh` and `run.sh` (a broker, OAuth, signed messages) is nobody's to rely on.
//! This is the lab's own, spoken by the stand-in only. What it changes are the same records, by the same functions,
//! as the runner model's. Waiting for an order is not a call that the history shows, like the model's listening.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{Path, Query, State as Shared},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use tokio::{sync::mpsc::UnboundedReceiver, time::Instant};

use super::listening::run_job;
use crate::{
    github::{
        handle::{
            Github,
            sessions::{Session, Work},
        },
        state::runners::orders::ToRunner,
    },
    history::Conclusion,
    ids::{JobId, RunnerId},
};

/// Where a session asks for its next order.
const MESSAGES: &str = "/_runner/sessions/{session}/message";
/// The longest that one question waits.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Who does not ask for so long has lost its connection. From then on GitHub's own delay runs.
const SILENCE: Duration = Duration::from_secs(10);

/// What a session is told.
#[derive(Debug, PartialEq, Eq)]
enum Order {
    Run { job: JobId, name: String },
    Finish { job: JobId, conclusion: Conclusion },
    Deleted,
}

impl Conclusion {
    fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Cancelled => "cancelled",
            Self::Failure
            | Self::Skipped
            | Self::TimedOut
            | Self::Neutral
            | Self::ActionRequired => "failure",
        }
    }
}

/// The line that a shell script reads: a word, a number, the rest.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { job, name } => write!(f, "run {} {name}", job.0),
            Self::Finish { job, conclusion } => write!(f, "finish {} {}", job.0, conclusion.word()),
            Self::Deleted => f.write_str("deleted"),
        }
    }
}

impl Session {
    /// Waits for what the runner is to do next. Whoever gives up loses nothing.
    async fn next(&self, github: &Github) -> Order {
        let mut orders = self.orders.lock().await;
        loop {
            let work = *self.work();
            let Some(work) = work else {
                match orders.recv().await {
                    Some(ToRunner::Run {
                        job,
                        runs_for,
                        conclusion,
                        because,
                    }) => {
                        *self.work() = Some(Work {
                            job,
                            runs_for,
                            ends: None,
                            conclusion,
                            because,
                            is_over: false,
                        });
                        let name = github.name_of(job);
                        return Order::Run { job, name };
                    }
                    None if self.has_lost_a_job.load(Ordering::Relaxed) => {
                        std::future::pending().await
                    }
                    Some(ToRunner::Deleted(_)) | None => return Order::Deleted,
                    // Nothing to cancel or finish for a runner without a job.
                    Some(ToRunner::Cancel(_) | ToRunner::Finish { .. }) => continue,
                }
            };
            if work.is_over {
                let Work {
                    job, conclusion, ..
                } = work;
                return Order::Finish { job, conclusion };
            }
            let left = work
                .ends
                .map(|ends| ends.saturating_duration_since(Instant::now()));
            let (conclusion, because) =
                run_job(&mut orders, left, work.conclusion, work.because).await;
            *self.work() = Some(Work {
                conclusion,
                because,
                is_over: true,
                ..work
            });
        }
    }
}

/// A question that waits. Once it is over and no other comes, the connection is gone.
struct Asking {
    github: Github,
    id: String,
    session: Arc<Session>,
}

impl Asking {
    fn new(github: &Github, id: &str, session: &Arc<Session>) -> Self {
        session.waiting.fetch_add(1, Ordering::Relaxed);
        session.asked.fetch_add(1, Ordering::Relaxed);
        Self {
            github: github.clone(),
            id: id.to_owned(),
            session: session.clone(),
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.session.waiting.fetch_sub(1, Ordering::Relaxed);
        self.github.watch_for_silence(&self.id, &self.session);
    }
}

#[derive(Deserialize)]
struct Patience {
    wait: Option<u64>,
}

/// Whether this may be the path of that address.
pub(in crate::github) fn is_of_session(path: &str) -> bool {
    path.starts_with("/_runner/")
}

/// `router` with the address where sessions wait for orders.
pub(in crate::github) fn beside(router: axum::Router, github: Github) -> axum::Router {
    let messages = axum::Router::new()
        .route(MESSAGES, axum::routing::get(message))
        .with_state(github);
    router.merge(messages)
}

async fn message(
    Shared(github): Shared<Github>,
    Path(id): Path<String>,
    Query(patience): Query<Patience>,
) -> Response {
    let Some(session) = github.inner.sessions.find(&id) else {
        return (StatusCode::NOT_FOUND, "no such session\n").into_response();
    };
    let wait = patience.wait.map_or(WAIT_MAX, Duration::from_secs);
    let asking = Asking::new(&github, &id, &session);
    let order = tokio::time::timeout(wait.min(WAIT_MAX), session.next(&github)).await;
    drop(asking);
    match order {
        Ok(order) => {
            if order == Order::Deleted {
                github.inner.sessions.close(&id);
            }
            format!("{order}\n").into_response()
        }
        Err(_) => "none\n".into_response(),
    }
}

impl Github {
    /// A session for a runner that has just connected. It takes the place of an older one.
    pub(in crate::github) fn open_session(
        &self,
        id: &str,
        runner: RunnerId,
        orders: UnboundedReceiver<ToRunner>,
    ) {
        let session = Arc::new(Session {
            runner,
            orders: tokio::sync::Mutex::new(orders),
            work: Mutex::default(),
            has_lost_a_job: AtomicBool::default(),
            waiting: AtomicUsize::new(0),
            asked: AtomicU64::new(0),
        });
        {
            let mut known = self.inner.sessions.known();
            known.open.retain(|_, open| open.runner != runner);
            known.open.insert(id.to_owned(), session.clone());
        }
        self.watch_for_silence(id, &session);
    }

    fn watch_for_silence(&self, id: &str, session: &Arc<Session>) {
        let (id, session) = (id.to_owned(), session.clone());
        let asked = session.asked.load(Ordering::Relaxed);
        self.after(SILENCE, move |github| {
            let is_silent = session.waiting.load(Ordering::Relaxed) == 0
                && session.asked.load(Ordering::Relaxed) == asked;
            if is_silent && github.inner.sessions.close(&id).is_some() {
                github.connection_lost(session.runner);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_lines_that_a_shell_can_read() {
        let run = Order::Run {
            job: JobId(7),
            name: "build (linux, 3.12)".to_owned(),
        };
        assert_eq!(run.to_string(), "run 7 build (linux, 3.12)");
        let conclusion = Conclusion::TimedOut;
        let finish = Order::Finish {
            job: JobId(7),
            conclusion,
        };
        assert_eq!(finish.to_string(), "finish 7 failure");
    }
}
