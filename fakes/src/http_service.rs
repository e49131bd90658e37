//! The one seam HTTP goes through: a boxed tower service, so that the same request can travel over a
//! socket, an in-memory pipe, or no wire at all.

use std::convert::Infallible;

use axum::body::Body;

/// Any error a transport can give.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One of the fakes' APIs, as it is called where no byte lies in between.
pub type Answering =
    tower::util::BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Infallible>;

/// Something that answers HTTP requests. An error whose text begins with `connection refused` means
/// that nobody listened, one that begins with `certificate` that the host's was not accepted; any other
/// error means that the connection broke.
pub type HttpService =
    tower::util::BoxCloneSyncService<http::Request<Body>, http::Response<Body>, BoxError>;
