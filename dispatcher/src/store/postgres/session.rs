//! One connection to the database: made within a time, noticed when it breaks.

use std::{future::poll_fn, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::timeout,
};
use tokio_postgres::{AsyncMessage, Client, Config, Connection};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{StoreError, failed};
use crate::{causes::with_causes, host::Spawner};

/// A connection takes no longer.
const CONNECTS: Duration = Duration::from_secs(5);
/// A silent peer is asked after this, then each second.
const KEEPALIVE: Duration = Duration::from_secs(2);
/// Bytes that nobody confirms end the connection after this, at either end. With what the others wait it is how soon a
/// leader whose machine is gone is replaced.
const UNCONFIRMED: Duration = Duration::from_secs(5);

/// A connection. It ends when this is dropped.
pub(super) struct Session {
    pub(super) client: Client,
    /// Told of each notification of a channel that the session listens on.
    pub(super) news: Arc<Notify>,
}

/// The limits of every connection that a URL does not set.
pub(super) fn limit(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("jobs-dispatcher");
    }
    config.connect_timeout(CONNECTS);
    config.keepalives_idle(KEEPALIVE);
    config.keepalives_interval(Duration::from_secs(1));
    config.keepalives_retries(3);
    config.tcp_user_timeout(UNCONFIRMED);
}

impl Session {
    pub(super) async fn open(
        config: &Config,
        tls: MakeRustlsConnect,
        spawner: &Spawner,
    ) -> Result<Self, StoreError> {
        let news = Arc::new(Notify::new());
        let opened = async {
            let (client, connection) = config.connect(tls).await.map_err(failed)?;
            spawner.spawn(drive(connection, Arc::clone(&news)));
            // The server's side of the same limits, and none that would end a wait for the lead.
            let settings = format!(
                "SET tcp_keepalives_idle = {idle}; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3;
                 SET tcp_user_timeout = {unconfirmed}; SET statement_timeout = 0; SET lock_timeout = 0;
                 SET synchronous_commit = on",
                idle = KEEPALIVE.as_secs(),
                unconfirmed = UNCONFIRMED.as_millis(),
            );
            client.batch_execute(&settings).await.map_err(failed)?;
            Ok(client)
        };
        match timeout(CONNECTS * 2, opened).await {
            Ok(client) => Ok(Self {
                client: client?,
                news,
            }),
            Err(_) => Err(StoreError("the database does not answer".to_owned())),
        }
    }
}

/// Moves a connection's messages until it ends.
async fn drive<S, T>(mut connection: Connection<S, T>, news: Arc<Notify>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(_)) => news.notify_one(),
            // Notices are for people at a prompt.
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(error = %with_causes(&error), "a connection to the database ended");
                return;
            }
        }
    }
}
