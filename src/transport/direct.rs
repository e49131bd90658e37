//! The `direct` transport: what listens, called as a service, in the caller's own task.

use axum::body::Body;
use http::Request;
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use super::{HttpService, Listener, unless_reset};

/// A service that calls whatever listens, without a byte in between.
pub(super) fn connect(listener: Listener) -> HttpService {
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let listening = listener.current();
        async move {
            let answer = listening?.served.oneshot(request).await;
            Ok(unless_reset(answer)?)
        }
    }))
}
