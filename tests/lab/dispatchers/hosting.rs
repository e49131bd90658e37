//! What makes such a dispatcher a target of the lab: it starts, crashes, and listens if it takes webhooks. It stores nothing.

use axum::Router;
use dispatchlab::{
    target::{Place, Target, TargetError},
    transport::{HttpService, Listener, TaskGroup},
};
use futures_util::future::BoxFuture;
use scenarios::plan::Plan;

use super::reconciling::{Habits, News, Orders, Reconciler};

/// Makes the endpoint for webhooks.
pub(super) type Endpoint = fn(News) -> Router;

/// A dispatcher of these tests as a target.
pub(super) struct Hosted {
    place: Place,
    orders: Orders,
    habits: Habits,
    endpoint: Option<Endpoint>,
    listener: Listener,
    up: Option<TaskGroup>,
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
            listener: Listener::default(),
            up: None,
        }
    }
}

impl Target for Hosted {
    fn start(&mut self) -> BoxFuture<'_, Result<(), TargetError>> {
        Box::pin(async {
            self.crash()?;
            let tasks = TaskGroup::default();
            let news = News::default();
            if let Some(endpoint) = self.endpoint {
                self.listener.open(endpoint(news.clone()), tasks.clone());
            }
            let (orders, habits) = (self.orders.clone(), self.habits.clone());
            let reconciler = Reconciler::new(&self.place, &tasks, orders, habits, news);
            tasks.spawn(reconciler.run());
            self.up = Some(tasks);
            Ok(())
        })
    }

    fn crash(&mut self) -> Result<(), TargetError> {
        self.listener.close();
        if let Some(tasks) = self.up.take() {
            tasks.abort_all();
        }
        Ok(())
    }

    fn webhooks(&self) -> HttpService {
        self.place.from_github(&self.listener, |webhooks| webhooks)
    }
}
