//! Ctrl-C, or SIGTERM: the first one asks the command to stop and report what is known; a second one ends the process.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{Either, select},
};

/// How long the start of a thread may take before the command goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Set once the user asked to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C and SIGTERM, on a thread of its own. Returns once it does, so that whoever is told that the
    /// command has begun can end it.
    pub(super) fn listen() -> Self {
        let interrupt = Self::default();
        let flag = interrupt.0.clone();
        let (listens, listening) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            // Without a runtime Ctrl-C keeps its usual meaning.
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async move {
                let mut first = Box::pin(asked_to_end());
                // The first look at it installs the handlers.
                let early = (&mut first).now_or_never();
                drop(listens);
                let asked = match early {
                    Some(asked) => asked,
                    None => first.await,
                };
                if asked.is_ok() {
                    flag.store(true, Ordering::Relaxed);
                }
                if asked_to_end().await.is_ok() {
                    std::process::exit(i32::from(crate::exit::ExitStatus::Interrupted as u8));
                }
            });
        });
        // Nothing is sent: the channel closes when the thread listens, or cannot.
        let _closed = listening.recv_timeout(PATIENCE);
        interrupt
    }

    /// True once the user asked to stop.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits for Ctrl-C, or for what ends a service or a container.
async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        match select(pin!(tokio::signal::ctrl_c()), pin!(terminate.recv())).await {
            Either::Left((asked, _)) => asked,
            Either::Right(_) => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
