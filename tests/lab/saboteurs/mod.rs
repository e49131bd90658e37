//! Saboteurs: the reference dispatcher with exactly one bug, put in at one of its seams. Each property must
//! catch its own, and say at which event, and in words that name the mistake.

mod compute;
mod credentials;
mod demand;
mod limits;
mod recorded;
mod recovery;
mod states;
mod supply;
mod telling;
mod webhooks;

use dispatchlab::{
    report::{Failure, describe},
    run::Run,
    target::Seams,
    transport::HttpService,
};
use scenarios::plan::Plan;
use tower::ServiceExt;

use crate::{
    plans::{built_in, of_text, run, violations},
    seams::{
        Answer, Count, Kept, NO_RUNS, Sent, answer, bend, create_anew, each_asks_again, json,
        looks_nowhere, seam, sign, tells_nobody, told,
    },
};

/// A property, and a scenario in which it is put to the test and held without the bug.
struct Trial {
    property: &'static str,
    scenario: String,
    plan: Plan,
    sound: Seams,
}

impl Trial {
    fn built_in(property: &'static str, scenario: &str) -> Self {
        Self {
            property,
            scenario: scenario.to_owned(),
            plan: built_in(scenario, 1, false),
            sound: Seams::default(),
        }
    }

    /// In a scenario of its own; `text` is what follows its title.
    fn of(property: &'static str, text: &str) -> Self {
        let text = format!("title: The trial of {property}\n{text}");
        let scenario = format!("{property}.yaml");
        Self {
            property,
            plan: of_text(&scenario, &text, 1, false),
            scenario,
            sound: Seams::default(),
        }
    }

    /// The seams of a dispatcher without the bug, where the reference never comes to where it lies.
    fn beside(self, sound: Seams) -> Self {
        Self { sound, ..self }
    }

    /// The property holds of the sound dispatcher, and catches the one with the bug, at an event and in these words.
    fn catches(self, bug: Seams, words: &str) -> Run {
        self.holds_without();
        let run = run(&self.plan, bug);
        self.caught(run, words)
    }

    fn holds_without(&self) {
        let sound = run(&self.plan, self.sound.clone());
        let none: Vec<String> = Vec::new();
        assert_eq!(violations(&sound), none, "without the bug");
        assert!(
            sound.outcome.verdicts.exercised(self.property),
            "{} is not even put to the test: {:?}",
            self.property,
            sound.outcome.verdicts.0[self.property]
        );
        assert!(
            !sound.outcome.verdicts.0[self.property].is_undecided(),
            "{:?}",
            sound.outcome.verdicts.0[self.property]
        );
    }

    fn caught(&self, run: Run, words: &str) -> Run {
        let violated = run.outcome.verdicts.violated();
        let found = violated.iter().find(|(name, _)| *name == self.property);
        let (_, found) = found.unwrap_or_else(|| {
            panic!(
                "{} did not catch its saboteur: {:?}, but {:?}",
                self.property,
                run.outcome.verdicts.0[self.property],
                violations(&run)
            )
        });
        let (event, why) = (found.event, &found.why);
        assert!(why.contains(words), "{words} is not in: {why}");
        assert!(
            event.0 >= 1 && event.0 <= run.events.len() as u64,
            "event {event} is not in the history"
        );
        let failure = Failure {
            run: &run,
            name: &self.scenario,
            steps: self.plan.timeline.len(),
            plan: Some("out/plan.json".as_ref()),
        };
        let text = describe(&failure);
        assert!(
            text.contains(&format!("event {}", event.0)) && text.contains(why),
            "{text}"
        );
        let replay = "replay: dispatchlab run out/plan.json";
        assert!(text.contains(replay), "{text}");
        run
    }
}

/// The seams must not hide a bug of their own: one that does nothing changes nothing.
#[test]
fn a_seam_that_does_nothing_changes_nothing() {
    let pass = || seam(|request, inner: HttpService| inner.oneshot(request));
    let read = || bend(|sent| async move { sent.on().await });
    let plan = built_in("happy-path", 1, false);
    let reference = run(&plan, Seams::default());
    for bent in [(pass(), pass(), pass()), (read(), read(), read())] {
        let (webhooks, github, hf) = bent;
        let seams = Seams {
            webhooks,
            github,
            hf,
        };
        assert_eq!(run(&plan, seams).events, reference.events);
    }
    assert!(reference.events.len() > 20);
}
