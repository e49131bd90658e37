//! One connection, from its first byte to its last. Every wait for the other side has an end.

use std::{
    future::poll_fn,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use futures_util::future::{BoxFuture, select};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until, timeout},
};
use tower::ServiceExt;

use super::seats::{Doing, Seat};
use crate::webhook::{Genuine, Peer};

/// The head of a request comes within so long; a connection may also lie idle for that.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// GitHub's are a tenth of it.
const HEAD_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;
/// What hyper reads at once, and holds for each connection.
const BUFFER_BYTES_MAX: usize = 32 << 10;
/// Nothing that a connection does takes longer, reading an answer included.
const STANDSTILL_MAX: Duration = Duration::from_secs(30);
/// How long what is still coming is thrown away after an answer, so that the other side reads it before it learns that we hung up.
const LINGER: Duration = Duration::from_secs(2);

/// Serves one connection until it ends, its place is wanted or its time is up.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    seat: Seat,
    closing: watch::Receiver<bool>,
) {
    // Without it a small answer may wait for the other side's acknowledgement.
    let _as_well_without = stream.set_nodelay(true);
    let seat = Arc::new(seat);
    let left = {
        let served = pin!(converse(stream, peer, router, &seat, closing));
        match select(served, pin!(until_wanted_or_still(&seat))).await {
            futures_util::future::Either::Left((left, _)) => left,
            futures_util::future::Either::Right(_) => return,
        }
    };
    if let Some(stream) = left {
        seat.change(Doing::Idle);
        let lingering = pin!(timeout(LINGER, linger(stream)));
        select(lingering, pin!(seat.wanted())).await;
    }
}

/// Answers requests. Gives the stream back if the other side may still be sending.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    seat: &Arc<Seat>,
    mut closing: watch::Receiver<bool>,
) -> Option<TcpStream> {
    let at = Arc::clone(seat);
    let service = service_fn(move |request: Request<Incoming>| {
        at.change(Doing::Request);
        answer(request, peer, router.clone(), Arc::clone(&at))
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX);
    let mut connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut told = false;
    let mut closed = Box::pin(async move { drop(closing.wait_for(|closing| *closing).await) });
    let ended = poll_fn(|context| {
        if !told && closed.as_mut().poll(context).is_ready() {
            told = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(context)
    })
    .await;
    ended
        .is_ok()
        .then(|| connection.into_parts().io.into_inner())
}

fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    router: Router,
    seat: Arc<Seat>,
) -> BoxFuture<'static, Result<Response, std::convert::Infallible>> {
    Box::pin(async move {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Genuine(seat.genuine()));
        request.extensions_mut().insert(Peer(peer));
        let answer = router.oneshot(request).await;
        seat.change(Doing::Idle);
        answer
    })
}

/// Until the place is wanted for somebody else, or nothing has changed for too long.
async fn until_wanted_or_still(seat: &Seat) {
    let still = async {
        loop {
            let end = seat.since() + STANDSTILL_MAX;
            if end <= Instant::now() {
                return;
            }
            sleep_until(end).await;
        }
    };
    select(pin!(seat.wanted()), pin!(still)).await;
}

/// Says that nothing more comes from us, and throws away what still comes.
async fn linger(mut stream: TcpStream) {
    let mut scrap = [0; 4096];
    if stream.shutdown().await.is_ok() {
        while stream.read(&mut scrap).await.is_ok_and(|read| read > 0) {}
    }
}
