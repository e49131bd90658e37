//! Where a dispatcher in this process lives, and what it can reach from there.

use fakes::{Faults, env::Env};

use crate::transport::{Connections, HttpService, Latency, Line, Listener, TaskGroup, Transport};

/// Where the dispatcher lives and what it can reach.
#[derive(Clone, Debug)]
pub struct Place {
    /// The world's environment.
    pub env: Env,
    /// How far the dispatcher's clock is ahead of the world's, milliseconds.
    pub clock_skew_ms: i64,
    /// How its requests travel.
    pub transport: Transport,
    /// How long they travel.
    pub network: Latency,
    /// The fake GitHub's listener.
    pub github: Listener,
    /// The fake HF's listener.
    pub hf: Listener,
    /// Who owns GitHub's side of the webhook connections.
    pub caller: TaskGroup,
    /// Whether those are kept.
    pub deliveries: Connections,
    /// What bends its store.
    pub faults: Faults,
}

impl Place {
    /// The way to the fake GitHub. The dispatcher's `tasks` own its connections.
    #[must_use]
    pub fn to_github(&self, tasks: &TaskGroup) -> HttpService {
        self.outgoing(Line::ToGithub, &self.github, tasks)
    }

    /// The way to the fake HF. The dispatcher's `tasks` own its connections.
    #[must_use]
    pub fn to_hf(&self, tasks: &TaskGroup) -> HttpService {
        self.outgoing(Line::ToHf, &self.hf, tasks)
    }

    /// The way of webhooks to what `listener` lets in. What `bend` puts around it stands at the dispatcher's end of
    /// the network.
    #[must_use]
    pub fn from_github(
        &self,
        listener: &Listener,
        bend: impl FnOnce(HttpService) -> HttpService,
    ) -> HttpService {
        let caller = self.caller.clone();
        let connected = self
            .transport
            .connect(listener.clone(), caller, self.deliveries);
        let door = listener.in_front_of(bend(connected));
        self.network.in_front_of(Line::ToDispatcher, door)
    }

    fn outgoing(&self, line: Line, to: &Listener, tasks: &TaskGroup) -> HttpService {
        let connected = self
            .transport
            .connect(to.clone(), tasks.clone(), Connections::default());
        tasks.calls(&self.network, line, connected)
    }
}
