//! The scenes whose histories are edited: small worlds in which the reference dispatcher does right.

use std::sync::LazyLock;

use dispatchlab::{
    properties::Twin,
    run::{End, Lab, Outcome, Tested},
    target::Seams,
    transport::Transport,
};
use fakes::history::{Event, What};
use scenarios::{Choices, Document, plan::Plan};

/// A scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scene {
    /// One job.
    Plain,
    /// Two jobs of one lane at once.
    Pair,
    /// Three jobs in two lanes, one after the other.
    Two,
    /// A job is cancelled before it starts.
    Cancel,
    /// Four jobs and two slots.
    Caps,
    /// The same, by repository.
    CapsOfRepo,
    /// Two jobs of one flavor, and two of another, under a cap of each flavor.
    CapsOfFlavor,
    /// One slot: it goes from lane to lane, to whoever has waited longest.
    Turns,
    /// A job fails and is run again.
    Rerun,
    /// A job waits for an approval.
    Waiting,
    /// The installation is suspended for a while.
    Suspend,
    /// The webhook's secret is rotated.
    Rotate,
    /// The dispatcher crashes.
    Crash,
    /// The `queued` of a job is lost.
    LostQueued,
    /// The `completed` of a job is lost.
    LostCompleted,
    /// A run ends over a job that waits.
    Dead,
    /// The dispatcher's clock is wrong.
    Skew,
    /// One repository is broken, another is not.
    Iso,
    /// A recording starts a job after 40 minutes.
    Recorded,
    /// And two of one lane.
    RecordedPair,
}

/// A scene that was played.
pub(crate) struct Lived {
    pub(crate) plan: Plan,
    pub(crate) events: Vec<Event>,
    pub(crate) end: End,
    pub(crate) twin: Option<Twin>,
}

impl Lived {
    /// What the properties say of a history that could have come of it.
    pub(crate) fn judge(&self, events: &[Event]) -> Outcome {
        let end = End {
            settled: matches!(
                events.last().map(|event| &event.event),
                Some(What::WorldEnded { settled: true })
            ),
            ..self.end.clone()
        };
        Outcome::judge(
            &self.plan,
            events,
            &end,
            Tested::Reference,
            self.twin.clone(),
        )
    }

    fn play(scene: Scene) -> Self {
        let text = format!("title: {scene:?}\n{}{}", scene.text(), scene.recorded());
        let choices = Choices {
            seed: 1,
            ..Choices::default()
        };
        let plan = Document::parse("scene.yaml", &text)
            .and_then(|document| document.plan(&choices))
            .unwrap_or_else(|error| panic!("{scene:?}: {error}"));
        let lab = Lab::new(Transport::Direct, Seams::default());
        let run = lab.run(&plan).unwrap();
        let end = End {
            settled: run.outcome.settled,
            steps_not_taken: run.outcome.steps_not_taken.clone(),
            spending: run.outcome.budget.clone(),
            quiet: std::time::Duration::from_millis(run.outcome.quiet_ms),
            settle: std::time::Duration::from_millis(run.outcome.settle_ms),
        };
        let twin = lab.twin(&plan).unwrap();
        Self {
            plan,
            events: run.events,
            end,
            twin,
        }
    }
}

impl Scene {
    pub(crate) const ALL: [Self; 20] = [
        Self::Plain,
        Self::Pair,
        Self::Two,
        Self::Cancel,
        Self::Caps,
        Self::CapsOfRepo,
        Self::CapsOfFlavor,
        Self::Turns,
        Self::Rerun,
        Self::Waiting,
        Self::Suspend,
        Self::Rotate,
        Self::Crash,
        Self::LostQueued,
        Self::LostCompleted,
        Self::Dead,
        Self::Skew,
        Self::Iso,
        Self::Recorded,
        Self::RecordedPair,
    ];

    /// The scene, played once.
    pub(crate) fn lived(self) -> &'static Lived {
        static LIVED: LazyLock<Vec<Lived>> =
            LazyLock::new(|| Scene::ALL.into_iter().map(Lived::play).collect());
        let place = Self::ALL.iter().position(|scene| *scene == self).unwrap();
        &LIVED[place]
    }

    /// The steps that play recordings.
    fn recorded(self) -> String {
        let count = match self {
            Self::RecordedPair => 2,
            other => u64::from(other == Self::Recorded),
        };
        (100..100 + count).map(recorded).collect()
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Plain => PLAIN,
            Self::Pair => "timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic, runs_for: 10m } }
",
            Self::Two => "world:
  github: { repos: [{ name: octo/app }, { name: octo/other }] }
timeline:
  - { at: 0s, queue: { as: J1, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 10m } }
  - { at: 1s, queue: { as: K1, repo: octo/other, labels: hf-jobs-t4-small, runs_for: 5m } }
  - { at: 1h, queue: { as: J2, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 5m } }
",
            Self::Cancel => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 5s, cancel: { job: J1 } }
  - { at: 2h, queue: { as: G1, labels: hf-jobs-t4-small } }
",
            Self::Caps => "world:
  dispatcher: { caps: { total: 2 } }
timeline:
  - { at: 0s, queue: { jobs: 4, as: J, labels: hf-jobs-cpu-basic, runs_for: 2m } }
",
            Self::CapsOfRepo => "world:
  dispatcher: { caps: { per_repo: 2 } }
timeline:
  - { at: 0s, queue: { jobs: 4, as: J, labels: hf-jobs-cpu-basic, runs_for: 2m } }
",
            Self::CapsOfFlavor => "world:
  dispatcher: { caps: { per_flavor: 2 } }
timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic, runs_for: 10m } }
  - { at: 0s, queue: { jobs: 2, as: K, labels: hf-jobs-t4-small, runs_for: 10m } }
",
            Self::Turns => "world:
  github: { repos: [{ name: octo/app }, { name: octo/other }] }
  dispatcher: { caps: { total: 1 } }
timeline:
  - { at: 0s, queue: { as: J1, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 50m } }
  - { at: 1m, queue: { as: K1, repo: octo/other, labels: hf-jobs-t4-small, runs_for: 5m } }
  - { at: 36m, queue: { as: J2, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 5m } }
",
            Self::Rerun => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 5m, conclusion: failure } }
  - { when: { job: J1, is: completed, plus: 10m }, rerun: { job: J1 } }
",
            Self::Waiting => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, needs_approval: true } }
  - { at: 2h, approve: { job: J1 } }
",
            Self::Suspend => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 30m, suspend: { owner: octo } }
  - { at: 3h, unsuspend: { owner: octo } }
",
            Self::Rotate => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 20m, rotate_secret: {} }
  - { at: 21m, restart: {} }
  - { at: 2h, queue: { as: J2, labels: hf-jobs-cpu-basic } }
",
            Self::Crash => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 10m } }
  - { at: 5m, crash: { restart_after: 2m } }
  - { at: 6m, queue: { as: J2, labels: hf-jobs-cpu-basic } }
",
            Self::LostQueued => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
faults:
  - { to: webhook, for: { job: J1, action: queued }, drop: unlogged }
expect: { served_within: 20m }
",
            Self::LostCompleted => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
faults:
  - { to: webhook, for: { job: J1, action: completed }, drop: unlogged }
  - { to: runner, hang: true }
",
            Self::Dead => "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, needs_approval: true } }
  - { at: 8s, complete_run: { job: J1 } }
  - { at: 2h, queue: { as: G1, labels: hf-jobs-t4-small } }
",
            Self::Skew => "world:
  dispatcher: { clock_skew: 20s }
timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
",
            Self::Iso => "world:
  github: { repos: [{ name: octo/app }, { name: octo/broken }] }
timeline:
  - { at: 0s, queue: { as: B, repo: octo/broken, labels: hf-jobs-cpu-basic } }
  - { at: 20s, queue: { as: J, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 10m } }
faults:
  - { to: [github.jit-config, github.registration-token], for: { repo: octo/broken }, until: 50m, answer: { status: 500 } }
",
            Self::Recorded | Self::RecordedPair => "timeline:\n",
        }
    }
}

const PLAIN: &str = "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic, runs_for: 10m } }
";

/// What GitHub said of a job that waited for 40 minutes.
fn recorded(job: u64) -> String {
    let told = [
        ("0s", "queued", "null"),
        ("40m", "in_progress", "null"),
        ("43m", "completed", "success"),
    ];
    let step = |(at, action, conclusion): (&str, &str, &str)| {
        format!(
            "  - {{ at: {at}, deliver: {{ learn: true, payload: {{ action: {action}, workflow_job: {{ id: {job}, run_id: {job}, run_attempt: 1, name: J{job}, status: {action}, conclusion: {conclusion}, labels: [hf-jobs-cpu-basic] }}, repository: {{ id: 71, name: tool, full_name: acme/tool, owner: {{ login: acme, id: 61 }} }}, installation: {{ id: 51 }} }} }} }}\n"
        )
    };
    told.map(step).concat()
}
