//! The dispatcher's own web server: hyper on sockets of our own, so that strangers cannot make it go quiet.
//!
//! Whoever sends nothing, or slowly, or never reads, holds a place (`seats`) until its time is up, and loses it at once when
//! somebody new comes and there is no other. Only a delivery whose signature was verified keeps its place to the end.

mod connection;
mod limits;
mod seats;

use std::{fmt, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use futures_util::future::{Either, select};
use tokio::{
    net::{TcpListener, TcpSocket, lookup_host},
    sync::watch,
    time::{Instant, timeout},
};

use self::seats::Seats;
use crate::{host::Spawner, refusals::Sparing};

/// Connections that wait for us in the kernel; it may hold fewer.
const BACKLOG: u32 = 4096;
/// What is under way at the end may take so long …
const DRAIN_WITHIN: Duration = Duration::from_secs(3);
/// … and who has not begun to ask by then is not waited for.
const DRAIN_IDLE: Duration = Duration::from_millis(300);
/// Between two tries when the machine has nothing left to accept with.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);

/// A server that listens and does not serve yet.
pub struct Server {
    listener: TcpListener,
    connections_max: usize,
}

impl Server {
    /// Listens on `host:port`.
    ///
    /// # Errors
    /// When the address is none, or is taken.
    pub async fn bind(address: &str) -> io::Result<Self> {
        let mut last = io::Error::other("the name has no address");
        for address in lookup_host(address).await? {
            match listen(address) {
                Ok(listener) => {
                    let connections_max = limits::connections_max();
                    return Ok(Self {
                        listener,
                        connections_max,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// So many connections may be open at once.
    #[must_use]
    pub fn connections_max(&self) -> usize {
        self.connections_max
    }

    /// Serves until `stop`, then lets what is under way come to its end, for a few seconds at most.
    pub async fn serve(self, router: Router, spawner: &Spawner, stop: impl Future<Output = ()>) {
        let seats = Arc::new(Seats::new(self.connections_max));
        let (closing, closed) = watch::channel(false);
        {
            let accepting = std::pin::pin!(accept(&self.listener, &seats, |stream, peer, seat| {
                let (router, closed) = (router.clone(), closed.clone());
                spawner.spawn(connection::serve(stream, peer, router, seat, closed));
            }));
            let Either::Right(_) = select(accepting, std::pin::pin!(stop)).await;
        }
        drop(self.listener);
        // Every connection holds a receiver, unless there is none.
        let _none = closing.send(true);
        drain(&seats).await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // What a former process left in TIME_WAIT is no reason not to start.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts for ever. What fails here fails for one connection, never for the server.
async fn accept(
    listener: &TcpListener,
    seats: &Arc<Seats>,
    mut serve: impl FnMut(tokio::net::TcpStream, SocketAddr, seats::Seat),
) -> std::convert::Infallible {
    let sparing = Sparing::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let (seat, made_room) = match seats.take() {
                    Ok(taken) => taken,
                    Err(seats::Full) => {
                        say(&sparing, "connection refused: all are at work", seats.len());
                        continue;
                    }
                };
                if made_room {
                    say(
                        &sparing,
                        "too many connections: the longest idle gave way",
                        seats.len(),
                    );
                }
                serve(stream, peer, seat);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Most likely there is no file descriptor left. One of ours makes room, in a moment.
                let gave_way = seats.make_room();
                if let Some(left_out) = sparing.may_say("accept") {
                    tracing::error!(%error, open = seats.len(), gave_way, left_out, "cannot accept connections");
                }
                let closed = timeout(ACCEPT_AGAIN, seats.left()).await;
                if !gave_way && closed.is_ok() {
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            }
        }
    }
}

fn say(sparing: &Sparing, what: &'static str, open: usize) {
    if let Some(left_out) = sparing.may_say(what) {
        tracing::warn!(open, left_out, "{what}");
    }
}

/// Whether accepting failed because the one that was to be accepted had gone.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Waits for what is under way, then cuts it.
async fn drain(seats: &Seats) {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    let began = Instant::now();
    while seats.len() > 0 {
        let waited = began.elapsed();
        if waited >= DRAIN_WITHIN {
            tracing::warn!(
                open = seats.len(),
                "connections cut: they did not end in time"
            );
            seats.cut_all();
            return;
        }
        if waited >= DRAIN_IDLE {
            seats.cut_idle();
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
