//! A world on loopback in real time. The runtime works in threads of its own, so that a test may block.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use axum::body::Body;
use dispatchlab::{
    run::{Listen, Serving, serve},
    target::environment_of,
};
use fakes::{
    BoxError, HttpService, NewJob, World,
    history::{Event, What},
    ids::JobId,
};
use http::{Request, Response};
use scenarios::{Choices, Document, plan::Plan};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The repository everything happens in.
pub(crate) const REPOSITORY: &str = "octo/app";
/// Its one label.
pub(crate) const LABEL: &str = "hf-jobs-cpu-basic";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Lab {
    // Dropped before the runtime whose tasks it owns.
    pub(crate) serving: Serving,
    plan: Plan,
    /// Where a client keeps what it wants to keep.
    pub(crate) home: TempDir,
    pub(crate) runtime: Runtime,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with_github_clock("0s")
    }

    /// A GitHub whose clock is so far ahead of this machine's; may be negative.
    pub(crate) fn with_github_clock(ahead: &str) -> Self {
        Self::with_world(&format!(
            "github: {{ clock_skew: {ahead} }}, webhooks: {{ delay: 0s }}"
        ))
    }

    /// A world with these settings, in the words of the scenario language.
    pub(crate) fn with_world(world: &str) -> Self {
        let text = format!(
            "title: Clients\n\
             world: {{ {world} }}\n\
             timeline:\n  - {{ at: 0s, restart: {{}} }}\n"
        );
        let document = Document::parse("clients", &text).unwrap();
        let plan = document.plan(&Choices::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let any = Some("127.0.0.1:0".parse().unwrap());
        let listen = Listen {
            github: any,
            hf: any,
            expose_control: false,
        };
        let serving = runtime.block_on(serve(&plan, listen)).unwrap();
        Self {
            serving,
            plan,
            home: tempfile::tempdir().unwrap(),
            runtime,
        }
    }

    pub(crate) fn world(&self) -> &World {
        self.serving.world()
    }

    /// What a dispatcher would be given to work here.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let serving = &self.serving;
        environment_of(
            &self.plan,
            serving.github_url.as_deref(),
            serving.hf_url.as_deref(),
        )
    }

    pub(crate) fn queue(&self, name: &str) -> JobId {
        let _tasks = self.runtime.enter();
        let job = NewJob::new(name, REPOSITORY, vec![LABEL.to_owned()]);
        self.world().github().queue(job, None).unwrap()
    }

    /// A queued job whose webhook nobody took, and from now on somebody who takes them.
    pub(crate) fn queue_with_a_lost_webhook(&self, name: &str) {
        self.queue(name);
        self.wait_for("the webhook to be lost", |event| {
            matches!(event, What::DeliveryLost { .. })
        });
        self.world().deliver_to(HttpService::new(tower::service_fn(
            async |_: Request<Body>| Ok::<_, BoxError>(Response::new(Body::from("ok"))),
        )));
    }

    /// Everything that happened so far.
    pub(crate) fn events(&self) -> Vec<What> {
        let events = self.serving.events_so_far();
        events
            .into_iter()
            .map(|Event { event, .. }| event)
            .collect()
    }

    /// How the calls of this name were answered, in order.
    pub(crate) fn statuses(&self, call: &str) -> Vec<u16> {
        let answered = |event| match event {
            What::CallAnswered { name, status, .. } if name == call => Some(status),
            _ => None,
        };
        self.events().into_iter().filter_map(answered).collect()
    }

    /// Waits for an event that fits and gives the first.
    pub(crate) fn wait_for(&self, what: &str, fits: impl Fn(&What) -> bool) -> What {
        let begun = now();
        loop {
            if let Some(found) = self.events().into_iter().find(&fits) {
                return found;
            }
            let waited = now().duration_since(begun).unwrap_or_default();
            assert!(
                waited < PATIENCE,
                "waited in vain for {what}: {:#?}",
                self.events()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The machine's time, which the clients live by too.
#[expect(clippy::disallowed_methods, reason = "real clients live in real time")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
