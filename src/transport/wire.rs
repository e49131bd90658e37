//! The `wire` transport: HTTP/1.1 bytes over an in-memory pipe, with a keep-alive pool.
//!
//! hyper's own `Date` header is off (it reads the real clock; the fakes set theirs), and no hyper timer is
//! armed, so that an idle connection does not die in the middle of a virtual hour.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use http::{Request, Response, Uri};
use hyper::{
    body::Incoming,
    rt::{Read, ReadBufCursor, Write},
};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, Connection},
    },
    rt::TokioIo,
};
use tokio::io::DuplexStream;
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};

use super::{
    BoxError, ConnectionRefused, Connections, HttpService, Listener, Served, TaskGroup,
    unless_reset,
};

/// Room in each direction of a pipe, bytes: more than a usual webhook, less than a large one.
const PIPE_BYTES: usize = 64 * 1024;

/// A service that reaches whatever listens over pipes; `client` owns the client side's connection tasks.
pub(super) fn connect(
    listener: Listener,
    client: TaskGroup,
    connections: Connections,
) -> HttpService {
    let pool = Client::builder(client)
        .pool_idle_timeout(None)
        .pool_max_idle_per_host(connections.idle_max())
        .build::<_, Body>(Dial(listener));
    BoxCloneSyncService::new(service_fn(move |mut request: Request<Body>| {
        let pool = pool.clone();
        async move {
            make_absolute(request.uri_mut())?;
            match pool.request(request).await {
                Ok(answer) => Ok::<Response<Body>, BoxError>(answer.map(Body::new)),
                Err(error) if error.is_connect() => Err(ConnectionRefused.into()),
                Err(error) => Err(error.into()),
            }
        }
    }))
}

/// Gives a path without a host the one host there is: hyper's pool is keyed by it.
fn make_absolute(uri: &mut Uri) -> Result<(), BoxError> {
    if uri.authority().is_none() {
        *uri = format!("http://lab{uri}").parse()?;
    }
    Ok(())
}

/// Opens a pipe to whatever listens.
#[derive(Clone)]
struct Dial(Listener);

impl Service<Uri> for Dial {
    type Response = Pipe;
    type Error = ConnectionRefused;
    type Future = std::future::Ready<Result<Pipe, ConnectionRefused>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        std::future::ready(self.0.current().map(|listening| {
            let (near, far) = tokio::io::duplex(PIPE_BYTES);
            listening.tasks.spawn(serve(far, listening.served));
            Pipe(TokioIo::new(near))
        }))
    }
}

/// Answers the requests of one connection until either side closes it.
async fn serve(far: DuplexStream, served: Served) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let answer = served.clone().oneshot(request.map(Body::new));
        // An error of the service is what makes hyper cut the connection.
        async move { unless_reset(answer.await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(TokioIo::new(far), service);
    // A client that goes away in the middle is its own business: the history shows the lost call.
    let _ = connection.await;
}

/// The near end of a pipe, as hyper's client wants it.
struct Pipe(TokioIo<DuplexStream>);

impl Connection for Pipe {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
