//! The requests of one host that are under way, so that it can be stopped in order: no new ones, and those answered.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::body::Body;
use http::Request;
use tokio::sync::Notify;
use tower::{service_fn, util::BoxCloneSyncService};

use super::{HttpService, Latency, Line};

/// What comes to a host and goes out of it. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_closing: AtomicBool,
    under_way: AtomicUsize,
    fewer: Notify,
}

/// A request that is under way as long as this lives.
struct UnderWay(Traffic);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
        self.0.0.fewer.notify_waiters();
    }
}

impl Traffic {
    fn enter(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    /// No request begins from now on.
    pub(super) fn close(&self) {
        self.0.is_closing.store(true, Ordering::Relaxed);
    }

    /// True if no request is under way.
    pub(super) fn is_over(&self) -> bool {
        self.0.under_way.load(Ordering::Relaxed) == 0
    }

    /// Waits until no request is under way.
    pub(super) async fn over(&self) {
        loop {
            let fewer = self.0.fewer.notified();
            if self.is_over() {
                return;
            }
            fewer.await;
        }
    }

    /// Runs something as a request of the host.
    pub(super) async fn carry<T>(&self, request: impl Future<Output = T>) -> T {
        let under_way = self.enter();
        let answer = request.await;
        drop(under_way);
        answer
    }

    /// `inner` over a network, as the host calls it. What it would begin when it is stopping is begun by nobody: the process is
    /// over first.
    pub(super) fn outgoing(
        &self,
        network: &Latency,
        line: Line,
        inner: HttpService,
    ) -> HttpService {
        let shared = Arc::new((self.clone(), network.clone()));
        BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
            let (shared, inner) = (Arc::clone(&shared), inner.clone());
            async move {
                let (traffic, network) = &*shared;
                if traffic.0.is_closing.load(Ordering::Relaxed) {
                    return std::future::pending().await;
                }
                traffic.carry(network.carry(line, inner, request)).await
            }
        }))
    }
}
