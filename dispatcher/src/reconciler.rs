//! The loop that owns the core: inputs in, writes to the journal, then calls. It waits for the journal and for nothing
//! else, so a webhook is durable within one write whatever GitHub and the Hub are doing.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    core::{Command, Core, Input, JobSighting, Status, Write},
    executor::Executor,
    health::Health,
    host::Host,
    store::Store,
};

/// Inputs taken in before the journal is written once for all of them.
const BATCH: usize = 256;
/// Before a failed write is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);
/// Slept at most, so that a clock that was set back does no lasting harm.
const SLEEP_MAX: Duration = Duration::from_secs(300);

/// Whether a delivery is durable, or why not.
pub(crate) type Durable = Result<(), String>;

enum Message {
    Input(Input),
    /// A webhook, and where to say whether it is durable.
    Delivery(Delivery, oneshot::Sender<Durable>),
    Status(oneshot::Sender<Status>),
}

struct Delivery {
    sighting: JobSighting,
    guid: String,
    /// The key of the record that another replica left it under.
    handed: Option<String>,
}

/// The way into the loop.
#[derive(Clone)]
pub(crate) struct Inbox(mpsc::UnboundedSender<Message>);

impl Inbox {
    /// Hands in a webhook, and waits until it is durable.
    pub(crate) async fn deliver(&self, sighting: JobSighting, guid: String) -> Durable {
        let handed = None;
        self.send(Delivery {
            sighting,
            guid,
            handed,
        })
        .await
    }

    /// Hands in a webhook that another replica left under `key`, and waits until what became of it is in the place of that record.
    #[cfg(feature = "postgres")]
    pub(crate) async fn take_over(
        &self,
        sighting: JobSighting,
        guid: String,
        key: String,
    ) -> Durable {
        let handed = Some(key);
        self.send(Delivery {
            sighting,
            guid,
            handed,
        })
        .await
    }

    async fn send(&self, delivery: Delivery) -> Durable {
        let gone = || "the dispatcher has stopped".to_owned();
        let (reply, durable) = oneshot::channel();
        let sent = self.0.send(Message::Delivery(delivery, reply));
        sent.map_err(|_| gone())?;
        durable.await.map_err(|_| gone())?
    }

    /// A snapshot of the state.
    pub(crate) async fn status(&self) -> Option<Status> {
        let (reply, status) = oneshot::channel();
        self.0.send(Message::Status(reply)).ok()?;
        status.await.ok()
    }

    fn answer(&self, input: Input) {
        // A closed inbox means that the loop was dropped, and with it whoever cared.
        drop(self.0.send(Message::Input(input)));
    }
}

/// The loop.
pub(crate) struct Reconciler {
    core: Core,
    host: Host,
    store: Arc<dyn Store>,
    health: Arc<Health>,
    executor: Arc<Executor>,
    inbox: Inbox,
    messages: mpsc::UnboundedReceiver<Message>,
    /// Writes that are not durable yet, oldest first.
    writes: Vec<Write>,
    /// Calls that wait for them.
    calls: Vec<Command>,
    replies: Vec<oneshot::Sender<Durable>>,
    write_failed: bool,
}

impl Reconciler {
    pub(crate) fn new(
        core: Core,
        host: Host,
        store: Arc<dyn Store>,
        health: Arc<Health>,
        executor: Arc<Executor>,
    ) -> (Self, Inbox) {
        let (sender, messages) = mpsc::unbounded_channel();
        let inbox = Inbox(sender);
        let reconciler = Self {
            core,
            host,
            store,
            health,
            executor,
            inbox: inbox.clone(),
            messages,
            writes: Vec::new(),
            calls: Vec::new(),
            replies: Vec::new(),
            write_failed: false,
        };
        (reconciler, inbox)
    }

    pub(crate) async fn run(mut self) {
        self.step(Input::Tick);
        loop {
            self.save().await;
            let sleep = self.sleep();
            match timeout(sleep, self.messages.recv()).await {
                Ok(Some(message)) => self.take(message),
                Ok(None) => return,
                Err(_) => self.step(Input::Tick),
            }
            for _ in 1..BATCH {
                let Some(Some(message)) = self.messages.recv().now_or_never() else {
                    break;
                };
                self.take(message);
            }
        }
    }

    fn sleep(&self) -> Duration {
        if self.write_failed {
            return WRITE_AGAIN;
        }
        self.core
            .wake_at()
            .map_or(SLEEP_MAX, |at| self.host.clock.until(at))
            .min(SLEEP_MAX)
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Input(input) => self.step(input),
            Message::Delivery(delivery, reply) => {
                self.step(Input::Event(delivery.sighting));
                self.step(Input::Delivered(delivery.guid));
                self.writes.extend(delivery.handed.map(Write::Delete));
                self.replies.push(reply);
            }
            // Nobody waits any more if this fails.
            Message::Status(reply) => drop(reply.send(self.core.status(self.host.clock.now()))),
        }
    }

    fn step(&mut self, input: Input) {
        for command in self.core.step(self.host.clock.now(), input) {
            match command {
                Command::Write(write) => self.writes.push(write),
                call => self.calls.push(call),
            }
        }
    }

    /// Makes everything durable, then answers the webhooks and starts the calls. When the journal fails the webhooks
    /// are told so at once, and the calls wait until it works again: no call without its intent written down.
    async fn save(&mut self) {
        if !self.writes.is_empty() {
            if let Err(error) = self.store.write(self.writes.clone()).await {
                tracing::error!(%error, "nothing is started until the journal can be written");
                self.write_failed = true;
                self.health.wrote(Err(&error));
                self.reply(&Err(error.to_string()));
                return;
            }
            self.writes.clear();
            self.health.wrote(Ok(()));
        }
        self.write_failed = false;
        self.reply(&Ok(()));
        for call in std::mem::take(&mut self.calls) {
            let (executor, inbox) = (Arc::clone(&self.executor), self.inbox.clone());
            self.host.spawner.spawn(async move {
                if let Some(input) = executor.execute(call).await {
                    inbox.answer(input);
                }
            });
        }
    }

    fn reply(&mut self, durable: &Durable) {
        for reply in self.replies.drain(..) {
            // GitHub may have hung up; then nobody minds.
            let _heard = reply.send(durable.clone());
        }
    }
}
