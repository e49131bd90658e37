//! A dispatcher in this process as it comes and goes: what it listens on, and its tasks while it is up.

use axum::Router;

use crate::transport::{Listener, Served, TaskGroup};

/// One that is down until it is told otherwise.
#[derive(Debug, Default)]
pub struct Process {
    listener: Listener,
    up: Option<TaskGroup>,
}

impl Process {
    /// Where it listens.
    #[must_use]
    pub const fn listener(&self) -> &Listener {
        &self.listener
    }

    /// Whether it came up and has not crashed since.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.up.is_some()
    }

    /// It is up with these tasks, and takes webhooks if it has a router for them.
    pub fn come_up(&mut self, tasks: TaskGroup, router: Option<Router>) {
        if let Some(router) = router {
            self.listener.open(Served::new(router), tasks.clone());
        }
        self.up = Some(tasks);
    }

    /// Takes it down where it stands.
    pub fn crash(&mut self) {
        self.listener.close();
        if let Some(tasks) = self.up.take() {
            tasks.abort_all();
        }
    }

    /// Takes it down in order: see [`TaskGroup::wind_down`].
    pub fn stop(&self) {
        self.listener.close();
        if let Some(tasks) = &self.up {
            tasks.wind_down();
        }
    }
}
