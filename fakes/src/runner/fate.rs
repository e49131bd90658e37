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
use vocabulary::{Length, Moment, OnRunner, Shift};

use super::{control::Control, life::Life};
use crate::{
    faults::{RunnerPoint, Strike},
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
    sender: UnboundedSender<Coming>,
    receiver: tokio::sync::Mutex<UnboundedReceiver<Coming>>,
}

impl StrikesOfJob {
    pub(super) fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        let receiver = tokio::sync::Mutex::new(receiver);
        Self { sender, receiver }
    }

    pub(super) fn come(&self, coming: Coming) {
        // The receiver lives as long as `self`.
        let _sent = self.sender.send(coming);
    }
}

/// What a fault does to a process.
pub(super) enum Done {
    /// It never exits after its job.
    Hangs,
    /// Its container's clock is off by this much.
    ClockIsOff(Shift),
    /// Something befalls it at a moment of its life.
    Later(Moment, Blow),
}

/// What befalls a process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Blow {
    /// It stops for ever.
    Freezes,
    /// It is gone.
    Dies,
    /// It is gone, and its container starts from the beginning.
    Restarts,
    /// It has no network for so long.
    LosesNetwork(Length),
}

impl Done {
    pub(super) fn by(effect: &OnRunner) -> Self {
        match effect {
            OnRunner::Hang => Self::Hangs,
            OnRunner::WrongClock(ahead) => Self::ClockIsOff(*ahead),
            OnRunner::Freeze(moment) => Self::Later(*moment, Blow::Freezes),
            OnRunner::Die(moment) => Self::Later(*moment, Blow::Dies),
            OnRunner::Restart(moment) => Self::Later(*moment, Blow::Restarts),
            OnRunner::LoseNetwork(outage) => {
                Self::Later(outage.from(), Blow::LosesNetwork(outage.lasts))
            }
        }
    }
}

/// A blow that is in store for a process.
pub(super) struct Coming {
    pub(super) strike: Strike<OnRunner>,
    pub(super) moment: Moment,
    pub(super) blow: Blow,
}

impl Coming {
    /// Whether the process outlives it.
    pub(super) fn is_survived(&self) -> bool {
        match self.blow {
            Blow::LosesNetwork(_) => true,
            Blow::Freezes | Blow::Dies | Blow::Restarts => false,
        }
    }
}

impl Life<'_> {
    /// Waits for whatever ends the process from outside.
    pub(super) async fn fate(
        &self,
        orders: &mut UnboundedReceiver<Control>,
        blows: &[Coming],
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
        for coming in blows {
            all.push(Box::pin(self.befall(coming)));
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
                Either::Left((Some(blow), _)) => {
                    under_way.push(async move { self.befall(&blow).await });
                }
                Either::Left((None, _)) => return std::future::pending().await,
                Either::Right((fate, _)) => return fate,
            }
        }
    }

    async fn befall(&self, coming: &Coming) -> Fate {
        let (strike, Moment { at, after }) = (&coming.strike, coming.moment);
        self.progress().reached(at).await;
        let after = self.drawn(after, &strike.purpose(strike.key));
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        let applied = self.applied(strike);
        match coming.blow {
            Blow::Freezes => Fate::Freezes(applied),
            Blow::Dies => Fate::Dies(applied),
            Blow::Restarts => Fate::Restarts(applied, 0),
            Blow::LosesNetwork(lasts) => {
                let lasts = self.drawn(lasts, &strike.purpose("outage"));
                self.lose_network(strike, applied, lasts).await;
                std::future::pending().await
            }
        }
    }

    async fn lose_network(&self, strike: &Strike<OnRunner>, because: EventId, lasts: Duration) {
        if !lasts.is_zero() {
            self.network().set(Some(because));
            self.cut_off(because);
            tokio::time::sleep(lasts).await;
        }
        self.let_on(strike, because);
        self.network().set(None);
    }
}
