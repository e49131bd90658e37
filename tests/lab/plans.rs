//! Plans for the tests: of built-in scenarios, and of scenario text.

use dispatchlab::{
    run::{Lab, Run},
    target::Seams,
    transport::Transport,
};
use scenarios::{Choices, Document, plan::Plan};

/// The plan of a built-in scenario; `vary` draws its parameters too.
pub(crate) fn built_in(name: &str, seed: u64, vary: bool) -> Plan {
    let entry = scenarios::corpus().iter().find(|entry| entry.name == name);
    let entry = entry.unwrap_or_else(|| panic!("no built-in scenario {name}"));
    of_text(entry.file, entry.text, seed, vary)
}

/// The plan of a scenario given as text.
pub(crate) fn of_text(file: &str, text: &str, seed: u64, vary: bool) -> Plan {
    let document = Document::parse(file, text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let choices = Choices {
        seed,
        vary,
        ..Choices::default()
    };
    document
        .plan(&choices)
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Runs a plan on the wire transport against the reference dispatcher with these seams.
pub(crate) fn run(plan: &Plan, seams: Seams) -> Run {
    Lab::new(Transport::Wire, seams).run(plan).unwrap()
}

/// The violations of a run, for messages.
pub(crate) fn violations(run: &Run) -> Vec<String> {
    let violated = run.outcome.verdicts.violated();
    violated
        .iter()
        .map(|(name, found)| format!("{name} at event {}: {}", found.event.0, found.in_words()))
        .collect()
}

/// A step that plays what GitHub said of a job.
pub(crate) fn recorded(at: &str, job: u64, action: &str, conclusion: &str) -> String {
    let payload = format!(
        r#"{{ action: {action}, workflow_job: {{ id: {job}, run_id: 10, run_attempt: 1, name: job-{job}, status: {action}, conclusion: {conclusion}, labels: [hf-jobs-cpu-basic] }}, repository: {{ id: 5551, name: tool, full_name: acme/tool, private: true, owner: {{ login: acme, id: 22 }} }}, installation: {{ id: 7 }} }}"#
    );
    format!("  - {{ at: {at}, deliver: {{ learn: true, payload: {payload} }} }}\n")
}
