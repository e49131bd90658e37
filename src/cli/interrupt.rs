//! Ctrl-C: the first one asks the command to stop and report what is known; a second one ends the process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Set once the user asked to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C from now on, on a thread of its own.
    pub(super) fn listen() -> Self {
        let interrupt = Self::default();
        let flag = interrupt.0.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            // Without a runtime Ctrl-C keeps its usual meaning.
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async move {
                if tokio::signal::ctrl_c().await.is_ok() {
                    flag.store(true, Ordering::Relaxed);
                }
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(i32::from(crate::exit::ExitStatus::Interrupted as u8));
                }
            });
        });
        interrupt
    }

    /// True once the user asked to stop.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
