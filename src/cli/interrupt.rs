//! Ctrl-C: the first one asks the command to stop and report what is known; a second one ends the process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use futures_util::FutureExt as _;

/// How long the start of a thread may take before the command goes on without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Set once the user asked to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C, on a thread of its own. Returns once it does, so that whoever is told that the
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
                let mut first = Box::pin(tokio::signal::ctrl_c());
                // The first look at it installs the handler.
                let early = (&mut first).now_or_never();
                drop(listens);
                let asked = match early {
                    Some(asked) => asked,
                    None => first.await,
                };
                if asked.is_ok() {
                    flag.store(true, Ordering::Relaxed);
                }
                if tokio::signal::ctrl_c().await.is_ok() {
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
