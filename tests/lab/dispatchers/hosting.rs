//! What makes such a dispatcher a target of the lab: it starts, crashes, and listens if it takes webhooks. It stores nothing.

use axum::Router;
use dispatchlab::{
    target::{LAB_WEBHOOK_SECRET, Place, Process, Target, TargetError},
    transport::{HttpService, TaskGroup},
};
use futures_util::future::BoxFuture;
use scenarios::plan::Plan;

use super::{
    news::News,
    orders::{Habits, Orders},
    reconciling::Reconciler,
};

/// Makes the endpoint for webhooks that are signed with a secret.
pub(super) type Endpoint = fn(News, String) -> Router;

/// A dispatcher of these tests as a target.
pub(super) struct Hosted {
    place: Place,
    orders: Orders,
    habits: Habits,
    endpoint: Option<Endpoint>,
    secret: String,
    process: Process,
}

impl Hosted {
    pub(super) fn new(
        place: Place,
        plan: &Plan,
        habits: Habits,
        endpoint: Option<Endpoint>,
    ) -> Self {
        Self {
            place,
            orders: Orders::of(plan),
            habits,
            endpoint,
            secret: LAB_WEBHOOK_SECRET.to_owned(),
            process: Process::default(),
        }
    }
}

impl Target for Hosted {
    fn start(&mut self) -> BoxFuture<'_, Result<(), TargetError>> {
        Box::pin(async {
            self.process.crash();
            let tasks = TaskGroup::default();
            let news = News::default();
            let router = self
                .endpoint
                .map(|endpoint| endpoint(news.clone(), self.secret.clone()));
            let (orders, habits) = (self.orders.clone(), self.habits.clone());
            let reconciler = Reconciler::new(&self.place, &tasks, orders, habits, news);
            tasks.spawn(reconciler.run());
            self.process.come_up(tasks, router);
            Ok(())
        })
    }

    fn crash(&mut self) -> Result<(), TargetError> {
        self.process.crash();
        Ok(())
    }

    fn stop(&mut self) -> Result<(), TargetError> {
        self.process.stop();
        Ok(())
    }

    fn tell_secret(&mut self, secret: &str) {
        secret.clone_into(&mut self.secret);
    }

    fn cannot_be_given(&self, plan: &Plan) -> Vec<String> {
        let dispatcher = &plan.world.dispatcher;
        let mut refused = Vec::new();
        if dispatcher.rules.is_some() {
            refused.push("world.dispatcher.rules: it knows the convention only".to_owned());
        }
        if !dispatcher.warm.is_empty() && self.habits.warm.is_empty() {
            refused.push("world.dispatcher.warm: it keeps no runners ready".to_owned());
        }
        let of_store = |fault: &scenarios::plan::Fault| fault.to.iter().any(|to| to == "store");
        if plan.faults.iter().any(of_store) {
            refused.push("a fault of the store: it stores nothing".to_owned());
        }
        refused
    }

    fn webhooks(&self) -> HttpService {
        self.place
            .from_github(self.process.listener(), |webhooks| webhooks)
    }
}
