//! Histories that are written by hand, and what a property says of them.

use std::time::Duration;

use dispatchlab::{
    properties::{Verdict, Verdicts},
    run::{End, Outcome, Tested, terms_of},
    target::Seams,
    transport::Transport,
};
use fakes::{
    history::{
        CallAbout, Caller, Conclusion, CredentialKind, CredentialState, CredentialUse, Event,
        Removal, Stage, StageCause, What,
    },
    ids::{CallId, EventId, HfJobId, JobId, RunId, RunnerId},
};
use scenarios::{Choices, Document, plan::Plan};

use crate::{agreement::said, oracles, scene::Scene};

pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const REPO: &str = "octo/app";
pub(super) const LABEL: &str = "hf-jobs-cpu-basic";
pub(super) const OTHER_LABEL: &str = "hf-jobs-t4-small";

/// A history that is being written.
pub(super) struct Written(Vec<Event>);

impl Written {
    pub(super) fn new() -> Self {
        let mut history = Self(Vec::new());
        history.at(0, What::DispatcherStarted {});
        history
    }

    pub(super) fn at(&mut self, at_ms: u64, event: What) -> EventId {
        self.because(at_ms, None, event)
    }

    pub(super) fn because(&mut self, at_ms: u64, because: Option<EventId>, event: What) -> EventId {
        let id = EventId(self.0.len() as u64 + 1);
        self.0.push(Event {
            id,
            at_ms,
            because,
            event,
        });
        id
    }

    /// What a property says of it under these settings, if it goes on until then.
    pub(super) fn judged(self, settings: &str, end_ms: u64, property: &str) -> Verdict {
        self.judged_of(&plan(settings), end_ms, property)
    }

    /// The same as the history of a plan. The second judge says so, too.
    pub(super) fn judged_of(mut self, plan: &Plan, end_ms: u64, property: &str) -> Verdict {
        self.at(end_ms, What::WorldEnded { settled: true });
        let mut verdicts = self.verdicts(plan);
        let mut all = oracles::ALL.iter();
        let (_, judge) = all.find(|(name, _)| *name == property).unwrap();
        let second = judge(&Scene::read(&self.0, &terms_of(plan))).says();
        assert_eq!(said(&verdicts, property), second, "the second judge");
        verdicts.0.remove(property).unwrap()
    }

    /// What the properties say of it as the history of a plan.
    pub(super) fn verdicts(&self, plan: &Plan) -> Verdicts {
        let run = dispatchlab::run::Lab::new(Transport::Direct, Seams::default())
            .run(plan)
            .unwrap();
        let end = End {
            settled: true,
            steps_not_taken: Vec::new(),
            spending: run.outcome.budget,
            quiet: Duration::ZERO,
            settle: Duration::ZERO,
        };
        Outcome::judge(plan, &self.0, &end, Tested::Reference, None).verdicts
    }

    pub(super) fn queued(&mut self, at_ms: u64, job: u64, label: &str) -> EventId {
        self.at(
            at_ms,
            What::JobQueued {
                job: JobId(job),
                name: format!("J{job}"),
                run: RunId(job),
                attempt: 1,
                repo: REPO.to_owned(),
                labels: vec![label.to_owned()],
                held_by: None,
            },
        )
    }

    pub(super) fn started(&mut self, at_ms: u64, job: u64, runner: Option<u64>) -> EventId {
        self.at(
            at_ms,
            What::JobStarted {
                job: JobId(job),
                runner: runner.map(RunnerId),
                runner_name: "runner".to_owned(),
            },
        )
    }

    pub(super) fn completed(&mut self, at_ms: u64, job: u64, runner: Option<u64>) -> EventId {
        self.at(
            at_ms,
            What::JobCompleted {
                job: JobId(job),
                conclusion: Conclusion::Success,
                runner: runner.map(RunnerId),
            },
        )
    }

    pub(super) fn created(&mut self, at_ms: u64, hf_job: u64, label: &str) -> EventId {
        let flavor = label.trim_start_matches("hf-jobs-").to_owned();
        self.at(
            at_ms,
            What::HfCreated {
                hf_job: hf(hf_job),
                call: Some(CallId(hf_job)),
                namespace: "lab".to_owned(),
                flavor,
                timeout_s: 36_000,
                repo: Some(REPO.to_owned()),
                runner_name: Some(format!("runner-{hf_job}")),
                runner_labels: vec![label.to_owned()],
            },
        )
    }

    /// It ends by itself.
    pub(super) fn ended(&mut self, at_ms: u64, hf_job: u64) -> EventId {
        self.at(
            at_ms,
            What::HfStage {
                hf_job: hf(hf_job),
                stage: Stage::Error,
                cause: StageCause::Exit,
                message: None,
                cancel_reason: None,
                cost_micro_usd: None,
            },
        )
    }

    pub(super) fn refused(&mut self, at_ms: u64, hf_job: u64) -> EventId {
        self.at(
            at_ms,
            What::RunnerRefused {
                hf_job: hf(hf_job),
                why: "404".to_owned(),
                credential: JIT,
            },
        )
    }

    /// Its runner registers and comes online.
    pub(super) fn online(&mut self, at_ms: u64, hf_job: u64) -> EventId {
        self.at(at_ms, registered(hf_job));
        self.at(
            at_ms,
            What::RunnerOnline {
                runner: RunnerId(hf_job),
                hf_job: Some(hf(hf_job)),
                credential: JIT,
            },
        )
    }

    /// GitHub keeps its runner for a recorded job.
    pub(super) fn kept(&mut self, at_ms: u64, hf_job: u64, job: u64) -> EventId {
        self.at(
            at_ms,
            What::RunnerKept {
                runner: RunnerId(hf_job),
                job: JobId(job),
                hf_job: Some(hf(hf_job)),
            },
        )
    }

    /// GitHub gives its runner a job.
    pub(super) fn assigned(&mut self, at_ms: u64, hf_job: u64, job: u64) -> EventId {
        self.at(
            at_ms,
            What::RunnerAssigned {
                runner: RunnerId(hf_job),
                job: JobId(job),
                hf_job: Some(hf(hf_job)),
            },
        )
    }

    pub(super) fn taken_back(&mut self, at_ms: u64, job: u64, runner: u64) -> EventId {
        self.at(
            at_ms,
            What::JobTakenBack {
                job: JobId(job),
                runner: RunnerId(runner),
            },
        )
    }

    /// The first fault of the plan strikes a call that asks for an HF job for this lane.
    pub(super) fn struck(&mut self, at_ms: u64, call: u64) -> EventId {
        self.struck_at(at_ms, call, "hf.create")
    }

    /// And one of this name.
    pub(super) fn struck_at(&mut self, at_ms: u64, call: u64, place: &str) -> EventId {
        self.at(
            at_ms,
            What::FaultApplied {
                fault: 0,
                place: place.to_owned(),
                effect: "answer".to_owned(),
                job: None,
                delivery: None,
                call: Some(CallId(call)),
                hf_job: None,
                runner: None,
                run: None,
                repo: Some(REPO.to_owned()),
                flavor: None,
            },
        )
    }

    /// The dispatcher deletes the runner of this number.
    pub(super) fn deleted(&mut self, at_ms: u64, runner: u64) -> EventId {
        self.at(
            at_ms,
            What::RunnerRemoved {
                runner: RunnerId(runner),
                why: Removal::Api,
            },
        )
    }

    /// The dispatcher cancels the run of a job.
    pub(super) fn cancelled(&mut self, at_ms: u64, job: u64) -> EventId {
        self.at(
            at_ms,
            What::RunCancelRequested {
                run: RunId(job),
                call: Some(CallId(1_000 + job)),
            },
        )
    }

    /// A call of the dispatcher comes; gives the event.
    pub(super) fn called(
        &mut self,
        at_ms: u64,
        call: u64,
        name: &str,
        credential: CredentialUse,
    ) -> EventId {
        self.at(
            at_ms,
            What::CallReceived {
                call: CallId(call),
                by: Caller::Dispatcher,
                name: name.to_owned(),
                method: "GET".to_owned(),
                path: "/".to_owned(),
                credential: Some(credential),
                about: Some(Box::new(CallAbout {
                    repo: Some(REPO.to_owned()),
                    labels: vec![LABEL.to_owned()],
                    runner_name: Some("runner-1".to_owned()),
                    ..CallAbout::default()
                })),
            },
        )
    }

    pub(super) fn answered(&mut self, at_ms: u64, call: u64, name: &str, status: u16) -> EventId {
        self.at(
            at_ms,
            What::CallAnswered {
                call: CallId(call),
                name: name.to_owned(),
                status,
                retry_after_s: None,
                limited: false,
            },
        )
    }
}

pub(super) const JIT: CredentialUse = CredentialUse {
    kind: CredentialKind::JitConfig,
    state: CredentialState::Fresh,
};

pub(super) const HF_TOKEN: CredentialUse = CredentialUse {
    kind: CredentialKind::HfToken,
    state: CredentialState::Fresh,
};

pub(super) fn hf(number: u64) -> HfJobId {
    HfJobId(format!("{number:024x}"))
}

pub(super) fn exited(hf_job: u64) -> What {
    What::RunnerExited {
        hf_job: hf(hf_job),
        code: Some(1),
    }
}

pub(super) fn registered(hf_job: u64) -> What {
    What::RunnerCreated {
        runner: RunnerId(hf_job),
        name: format!("runner-{hf_job}"),
        repo: REPO.to_owned(),
        labels: vec![LABEL.to_owned()],
    }
}

pub(super) fn plan(settings: &str) -> Plan {
    let step = format!("{{ at: 0s, queue: {{ as: J, labels: {LABEL} }} }}");
    plan_of(&format!("{settings}timeline: [{step}]\n"))
}

pub(super) fn plan_of(text: &str) -> Plan {
    let text = format!("title: Written by hand\n{text}");
    let document = Document::parse("written.yaml", &text).unwrap();
    document.plan(&Choices::default()).unwrap()
}

pub(super) fn violated_by(verdict: &Verdict) -> Option<EventId> {
    match verdict {
        Verdict::Violated(found) => Some(found.event),
        _ => None,
    }
}
