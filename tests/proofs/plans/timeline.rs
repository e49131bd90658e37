//! The timeline of a random plan: jobs, and what people, GitHub and machines do to them.

use super::{draws::Draws, recorded, world::World};

/// A timeline.
pub(super) struct Timeline {
    /// `timeline`.
    pub(super) text: String,
    /// The jobs whose names later keys can use, each with when it is queued at the earliest, in seconds.
    pub(super) jobs: Vec<(String, u64)>,
}

pub(super) fn draw(draws: &Draws, world: &World) -> Timeline {
    let (mut steps, mut jobs) = (Vec::new(), Vec::new());
    for number in 0..draws.between(1, 5, "timeline", "queues") {
        queue(draws, world, number, &mut steps, &mut jobs);
    }
    let (played, recorded) = recorded::draw(draws, world);
    steps.extend(played);
    jobs.extend(recorded);
    for number in 0..draws.between(0, 3, "timeline", "acts") {
        steps.extend(act(draws, &jobs, &format!("act{number}")));
    }
    if draws.percent(35, "timeline", "outage") {
        steps.extend(outage(draws));
    }
    if draws.percent(15, "timeline", "access") {
        steps.extend(access(draws, world));
    }
    if draws.percent(20, "timeline", "odd") {
        steps.push(odd(draws, &jobs));
    }
    let lines: Vec<_> = steps
        .iter()
        .map(|step| format!("  - {{ {step} }}\n"))
        .collect();
    Timeline {
        text: format!("timeline:\n{}", lines.concat()),
        jobs,
    }
}

fn queue(
    draws: &Draws,
    world: &World,
    number: u64,
    steps: &mut Vec<String>,
    jobs: &mut Vec<(String, u64)>,
) {
    let group = format!("{}", char::from(b'A' + number as u8));
    let at_s = draws.between(0, 600, &group, "at");
    let count = draws.between(1, 3, &group, "jobs");
    let name = if count > 1 {
        format!("{group}1")
    } else {
        group.clone()
    };
    let labels = if draws.percent(6, &group, "unrouted") {
        let strange = ["ubuntu-latest", "hf-jobs-cpu-basc"];
        *draws.one_of(&strange, &group, "which unrouted")
    } else {
        *draws.one_of(&world.labels, &group, "labels")
    };
    let mut keys = vec![
        format!("as: {group}"),
        format!("repo: {}", draws.one_of(&world.repos, &group, "repo")),
        format!("labels: {labels}"),
        format!("runs_for: {}s", draws.between(5, 400, &group, "runs_for")),
    ];
    if count > 1 {
        keys.push(format!("jobs: {count}"));
    }
    let held = draws.percent(12, &group, "approval");
    let choices = [
        ("needs_approval: true", held),
        (
            "max_parallel: 1",
            count > 1 && draws.percent(25, &group, "parallel"),
        ),
        (
            "concurrency: deploy",
            count == 1 && draws.percent(12, &group, "group"),
        ),
        (
            "concurrency: { group: release, cancel_in_progress: true }",
            count == 1 && draws.percent(6, &group, "replaced"),
        ),
        ("conclusion: failure", draws.percent(15, &group, "fails")),
    ];
    for (text, is) in choices {
        let key = text.split(':').next().unwrap_or_default();
        if is && !keys.iter().any(|one| one.starts_with(key)) {
            keys.push(text.to_owned());
        }
    }
    steps.push(format!("at: {at_s}s, queue: {{ {} }}", keys.join(", ")));
    if held && draws.percent(70, &group, "approved") {
        let later_s = at_s + draws.between(10, 900, &group, "approved at");
        steps.push(format!("at: {later_s}s, approve: {{ job: {group} }}"));
    }
    jobs.push((name, at_s));
}

/// Something that is done to a job, or to whoever runs it.
fn act(draws: &Draws, jobs: &[(String, u64)], act: &str) -> Vec<String> {
    let (job, at_s) = draws.one_of(jobs, act, "job");
    let soon_s = at_s + draws.between(1, 120, act, "soon");
    let late_s = at_s + draws.between(60, 1_200, act, "late");
    let nth = draws.between(1, 2, act, "nth");
    let one = match draws.between(0, 13, act, "what") {
        0 | 1 => format!("at: {soon_s}s, cancel: {{ job: {job} }}"),
        2 => format!("at: {late_s}s, cancel: {{ job: {job} }}"),
        3 => format!("when: {{ job: {job}, is: completed, plus: 30s }}, rerun: {{ job: {job} }}"),
        4 => format!("at: {soon_s}s, complete_run: {{ job: {job}, conclusion: stale }}"),
        5 => format!(
            "when: {{ call: runner.acquire-job, phase: received, nth: {nth} }}, take_back: {{ job: it }}"
        ),
        6 => format!(
            "when: {{ job: {job}, is: completed, plus: 3m }}, deliver: {{ job: {job}, action: queued }}"
        ),
        7 => format!(
            "when: {{ job: {job}, is: queued, plus: 1m }}, redeliver: {{ job: {job}, action: queued }}"
        ),
        8 => format!("at: {late_s}s, redeliver: {{ failed: true }}"),
        9 => format!(
            "when: {{ hf_job: running, nth: {nth} }}, hf_stage: {{ hf_job: it, stage: error, message: lost }}"
        ),
        10 => format!("when: {{ runner: idle, nth: {nth} }}, runner: {{ die: it }}"),
        11 => format!(
            "when: {{ runner: busy, nth: {nth}, plus: 5s }}, runner: {{ restart: it, times: 2 }}"
        ),
        12 => format!("when: {{ runner: idle, nth: {nth} }}, cancel: {{ job: {job} }}"),
        _hangs => format!("when: {{ runner: online, nth: {nth} }}, runner: {{ hang: it }}"),
    };
    vec![one]
}

/// One outage of the dispatcher: the language has no word for a crash of what is already down.
fn outage(draws: &Draws) -> Vec<String> {
    let at_s = draws.between(1, 900, "outage", "at");
    let down_s = draws.between(1, 400, "outage", "down");
    match draws.between(0, 5, "outage", "what") {
        0 | 1 => vec![format!(
            "at: {at_s}s, crash: {{ restart_after: {down_s}s }}"
        )],
        2 => vec![format!("at: {at_s}s, stop: {{ restart_after: {down_s}s }}")],
        3 => vec![format!(
            "when: {{ call: hf.create, phase: effect }}, crash: {{ restart_after: {down_s}s }}"
        )],
        4 => vec![format!("at: {at_s}s, restart: {{}}")],
        _secret => vec![
            format!("at: {at_s}s, rotate_secret: {{}}"),
            format!("at: {}s, restart: {{}}", at_s + down_s),
        ],
    }
}

/// An installation or a repository that is not what it was.
fn access(draws: &Draws, world: &World) -> Vec<String> {
    let at_s = draws.between(60, 900, "access", "at");
    let later_s = at_s + draws.between(60, 1_200, "access", "for");
    let repo = *draws.one_of(&world.repos, "access", "repo");
    if draws.percent(40, "access", "renamed") {
        let to = repo
            .replace("app", "application")
            .replace("web", "site")
            .replace("lib", "library");
        return vec![format!(
            "at: {at_s}s, rename_repo: {{ from: {repo}, to: {to} }}"
        )];
    }
    let mut steps = vec![format!("at: {at_s}s, suspend: {{ repo: octo/app }}")];
    if draws.percent(75, "access", "again") {
        steps.push(format!("at: {later_s}s, unsuspend: {{ repo: octo/app }}"));
    }
    steps
}

/// Something that is not as GitHub would send it, or not about a job.
fn odd(draws: &Draws, jobs: &[(String, u64)]) -> String {
    let (job, at_s) = draws.one_of(jobs, "odd", "job");
    let at_s = at_s + draws.between(1, 900, "odd", "at");
    let what = match draws.between(0, 6, "odd", "what") {
        0 => format!("deliver: {{ job: {job}, action: in_progress, sign: wrong }}"),
        1 => format!("deliver: {{ job: {job}, action: queued, sign: none }}"),
        2 => format!("deliver: {{ job: {job}, action: completed, tamper: flip_bit }}"),
        3 => FOREIGN.to_owned(),
        4 => "deliver: { body: '{]' }".to_owned(),
        5 => "event: { name: push }".to_owned(),
        _ping => "event: { name: ping }".to_owned(),
    };
    format!("at: {at_s}s, {what}")
}

/// A job of somebody who never installed the App.
const FOREIGN: &str = "deliver: { payload: { action: queued, workflow_job: { id: 9003, run_id: 8003, run_attempt: 1, name: foreign, status: queued, labels: [hf-jobs-cpu-basic] }, repository: { id: 7001, name: app, full_name: stranger/app, owner: { login: stranger, id: 6001 } }, installation: { id: 66001122 } } }";
