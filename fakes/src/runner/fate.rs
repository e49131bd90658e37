//! What befalls a runner's process from outside: it is killed, stopped, restarted or cut off, at a moment of its
//! life.

use std::{
    future::Future,
    pin::{Pin, pin},
    time::Duration,
};

use futures_util::{
    future::{Either, select, select_all},
    stream::{FuturesUnordered, StreamExt as _},
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

use super::{control::Control, life::Life};
use crate::{
    env::Span,
    faults::{Effect, RunnerPoint, Strike},
    ids::EventId,
};

/// How a process ends that does not end by itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// It is gone.
    Dies(EventId),
    /// It is there, and does nothing any more.
    Freezes(EventId),
    /// It is gone, and its container starts from the beginning; so many times more when it ends.
    Restarts(EventId, u32),
}

/// How far a process has come. Moments that were reached stay reached.
pub(super) struct Progress(watch::Sender<Option<RunnerPoint>>);

impl Progress {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(super) fn reach(&self, point: RunnerPoint) {
        self.0.send_if_modified(|reached| {
            let is_later = *reached < Some(point);
            if is_later {
                *reached = Some(point);
            }
            is_later
        });
    }

    /// Another job begins: what was reached in the one before is ahead again.
    pub(super) fn begin_again_at(&self, point: RunnerPoint) {
        self.0.send_replace(Some(point));
    }

    async fn reached(&self, point: RunnerPoint) {
        let mut reached = self.0.subscribe();
        // The sender lives as long as `self`.
        let _seen = reached
            .wait_for(|reached| *reached >= Some(point))
            .await
            .is_ok();
    }
}

/// The network of a process: up, or down because of something.
pub(super) struct Network(watch::Sender<Option<EventId>>);

impl Network {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Why it is down, if it is.
    pub(super) fn outage(&self) -> Option<EventId> {
        *self.0.borrow()
    }

    fn set(&self, outage: Option<EventId>) {
        self.0.send_replace(outage);
    }

    /// Waits until it is up.
    pub(super) async fn up(&self) {
        let mut seen = self.0.subscribe();
        let _up = seen.wait_for(Option::is_none).await.is_ok();
    }

    /// Waits for an outage and its end.
    pub(super) async fn back(&self) {
        let mut seen = self.0.subscribe();
        let _down = seen.wait_for(Option::is_some).await.is_ok();
        let _up = seen.wait_for(Option::is_none).await.is_ok();
    }
}

/// What is in store for a process because of the job it was assigned.
pub(super) struct StrikesOfJob {
    sender: UnboundedSender<Strike>,
    receiver: tokio::sync::Mutex<UnboundedReceiver<Strike>>,
}

impl StrikesOfJob {
    pub(super) fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        let receiver = tokio::sync::Mutex::new(receiver);
        Self { sender, receiver }
    }

    pub(super) fn come(&self, strike: Strike) {
        // The receiver lives as long as `self`.
        let _sent = self.sender.send(strike);
    }
}

/// When a strike comes, with the name of its draw.
pub(super) fn moment(effect: &Effect) -> Option<(RunnerPoint, Span)> {
    match effect {
        Effect::Freeze { at, after }
        | Effect::Die { at, after }
        | Effect::Restart { at, after }
        | Effect::LoseNetwork { at, after, .. } => Some((*at, *after)),
        _ => None,
    }
}

impl Life<'_> {
    /// Waits for whatever ends the process from outside.
    pub(super) async fn fate(
        &self,
        orders: &mut UnboundedReceiver<Control>,
        strikes: &[Strike],
    ) -> Fate {
        let by_order = async {
            loop {
                match orders.recv().await {
                    Some(Control::Die) => return Fate::Dies(self.running()),
                    Some(Control::Hang) => self.hang(),
                    Some(Control::Restart(more)) => return Fate::Restarts(self.running(), more),
                    None => std::future::pending().await,
                }
            }
        };
        let mut all: Vec<Pin<Box<dyn Future<Output = Fate> + Send + '_>>> =
            vec![Box::pin(by_order)];
        for strike in strikes {
            all.push(Box::pin(self.befall(strike)));
        }
        all.push(Box::pin(self.befall_with_job()));
        select_all(all).await.0
    }

    /// Waits for what comes with a job, and for the first of it that ends the process.
    async fn befall_with_job(&self) -> Fate {
        let mut coming = self.of_job().receiver.lock().await;
        let mut under_way = FuturesUnordered::new();
        loop {
            let next = pin!(coming.recv());
            // An empty set has nothing to wait for.
            let first = async {
                match under_way.next().await {
                    Some(fate) => fate,
                    None => std::future::pending().await,
                }
            };
            match select(next, pin!(first)).await {
                Either::Left((Some(strike), _)) => {
                    under_way.push(async move { self.befall(&strike).await });
                }
                Either::Left((None, _)) => return std::future::pending().await,
                Either::Right((fate, _)) => return fate,
            }
        }
    }

    async fn befall(&self, strike: &Strike) -> Fate {
        let Some((at, after)) = moment(&strike.effect) else {
            return std::future::pending().await;
        };
        self.progress().reached(at).await;
        let after = self.drawn(after, &strike.purpose(strike.effect.name()));
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        let applied = self.applied(strike);
        match &strike.effect {
            Effect::Freeze { .. } => Fate::Freezes(applied),
            Effect::Restart { .. } => Fate::Restarts(applied, 0),
            Effect::LoseNetwork { lasts, .. } => {
                let lasts = self.drawn(*lasts, &strike.purpose("outage"));
                self.lose_network(strike, applied, lasts).await;
                std::future::pending().await
            }
            _ => Fate::Dies(applied),
        }
    }

    async fn lose_network(&self, strike: &Strike, because: EventId, lasts: Duration) {
        if !lasts.is_zero() {
            self.network().set(Some(because));
            self.cut_off(because);
            tokio::time::sleep(lasts).await;
        }
        self.let_on(strike, because);
        self.network().set(None);
    }
}
