//! The faults of a random plan: every effect of the language at places where it makes a difference, each with a window, a
//! count, a chance, or without an end.

use std::{borrow::Cow, sync::LazyLock};

use vocabulary::{EffectKind, Narrowing, all_places};

use super::{dispatchers::Kind, draws::Draws, timeline::Timeline, world::World};

/// A fault as it can be drawn. In its texts `@d` is a length of time, `@j` a job, `@r` a repository, `@f` a flavor.
pub(super) struct Row {
    /// Where.
    pub(super) to: &'static str,
    /// What.
    pub(super) effect: Cow<'static, str>,
    /// Whom, if not everybody.
    only: &'static str,
    /// The dispatcher that makes the calls it strikes, if the reference does not.
    needs: Option<Kind>,
}

const fn row(to: &'static str, effect: &'static str) -> Row {
    Row {
        to,
        effect: Cow::Borrowed(effect),
        only: "",
        needs: None,
    }
}

const fn narrowed(to: &'static str, only: &'static str, effect: &'static str) -> Row {
    Row {
        to,
        effect: Cow::Borrowed(effect),
        only,
        needs: None,
    }
}

const fn of(needs: Kind, to: &'static str, effect: &'static str) -> Row {
    Row {
        to,
        effect: Cow::Borrowed(effect),
        only: "",
        needs: Some(needs),
    }
}

/// Every fault that can be drawn: those that are known to make a difference, and of each effect that has none among them the
/// example of the vocabulary, where it can come.
pub(super) static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let mut rows = chosen();
    for kind in EffectKind::ALL {
        let key = format!("{}: ", kind.key());
        if rows.iter().any(|row| row.effect.starts_with(&key)) {
            continue;
        }
        let mut places = all_places().into_iter();
        let written = serde_json::to_value(kind.example()).unwrap();
        rows.push(Row {
            to: places.find(|place| kind.can_strike(place)).unwrap(),
            effect: Cow::Owned(format!("{key}{}", written[kind.key()])),
            only: "",
            needs: None,
        });
    }
    rows
});

fn chosen() -> Vec<Row> {
    vec![
        row("webhook", "drop: logged"),
        row("webhook", "drop: unlogged"),
        row("webhook", "delay: 1s..@d"),
        row("webhook", "duplicate: { after: 1s..@d }"),
        row("webhook", "reorder: { within: @d }"),
        row("webhook", "answer: { status: 500 }"),
        row("webhook", "pretend: { workflow_job.id: 0 }"),
        row("webhook", "pretend: { workflow_job.labels: [] }"),
        row("webhook", "tamper: flip_bit"),
        row("webhook", "tamper: other_body"),
        row("webhook", "tamper: sorted_keys"),
        row("webhook", "tamper: spaced"),
        row("webhook", "hold: true"),
        narrowed("webhook", "job: @j", "drop: logged"),
        narrowed("webhook", "action: queued", "drop: unlogged"),
        narrowed("webhook", "action: completed", "drop: unlogged"),
        narrowed("webhook", "repo: @r", "delay: @d"),
        row("store", "delay: 1s..10s"),
        row("store", "full: true"),
        row("store", "broken: true"),
        row("runner", "hang: true"),
        row("runner", "hang: { at: listening, after: 1s }"),
        row("runner", "die: { after: 0s..20s }"),
        row("runner", "die: { at: in_job, after: 3s }"),
        row("runner", "die: { at: after_job }"),
        row("runner", "restart: { at: registered }"),
        row("runner", "restart: { at: in_job, after: 3s }"),
        row("runner", "lose_network: { at: in_job, for: 10s..@d }"),
        row("runner", "lose_network: { for: 1m..@d }"),
        row("runner", "wrong_clock: 10m"),
        row("hf.schedule", "delay: 1m..@d"),
        row("hf.schedule", "hold: true"),
        row("hf.schedule", "stuck: { every: 10m }"),
        row("hf.schedule", "limbo: true"),
        row(
            "hf.schedule",
            "fail: { after: 1s..1m, stage: error, message: no capacity }",
        ),
        row(
            "hf.schedule",
            "fail: { after: 1s..3m, cancel_reason: NO_CREDITS }",
        ),
        narrowed("hf.schedule", "flavor: @f", "delay: @d"),
        row("hf.create", "answer: { status: 500 }"),
        row("hf.create", "answer: { status: 400, body: no such flavor }"),
        row(
            "hf.create",
            "answer: { status: 429, headers: { retry-after: '120' } }",
        ),
        row("hf.create", "no_answer: true"),
        row("hf.create", "after_effect: reset"),
        row("hf.create", "after_effect: { status: 502 }"),
        row("hf.create", "truncate: true"),
        narrowed("hf.create", "flavor: @f", "answer: { status: 402 }"),
        row(
            "[github.jit-config, github.registration-token]",
            "answer: { status: 429, headers: { retry-after: '60' } }",
        ),
        row(
            "[github.jit-config, github.registration-token]",
            "answer: { status: 404 }",
        ),
        row(
            "[github.jit-config, github.registration-token]",
            "after_effect: no_answer",
        ),
        narrowed("github.jit-config", "repo: @r", "answer: { status: 500 }"),
        row("github.create-token", "reset: true"),
        row("github.create-token", "delay: 5s..20s"),
        row("github.installations", "omit: all"),
        row("github.installations", "answer: { status: 503 }"),
        row("github.list-runs", "omit: { share: 50% }"),
        row("github.list-runs", "truncate: true"),
        row("github.list-runs", "stale: 30s..@d"),
        row("github.list-run-jobs", "pretend: { status: completed }"),
        row(
            "[github.list-runs, github.list-run-jobs, github.list-runners]",
            "reorder: { list: true }",
        ),
        row(
            "[github.list-runners, github.get-runner]",
            "pretend: { busy: false }",
        ),
        row("[github.list-runners, github.get-runner]", "stale: 30s..@d"),
        row("[github.list-runners, github.list-runs]", "omit: all"),
        row("github.delete-runner", "answer: { status: 422 }"),
        row("github.list-deliveries", "no_answer: true"),
        row("hf.cancel", "answer: { status: 500 }"),
        row("hf.cancel", "after_effect: reset"),
        row("hf.list", "omit: all"),
        row("[hf.list, hf.inspect]", "stale: 30s..@d"),
        row("github.*", "delay: 1s..8s"),
        row("github.*", "answer: { status: 500 }"),
        row("github.*", "reset: true"),
        row("hf.*", "no_answer: true"),
        row("hf.*", "pretend: { status.stage: RUNNING }"),
        row("runner.*", "reset: true"),
        row("runner.open-session", "answer: { status: 500 }"),
        row("runner.acquire-job", "answer: { status: 404 }"),
        row("runner.acquire-job", "no_answer: true"),
        row("runner.finish-job", "after_effect: reset"),
        of(Kind::ReadsLogs, "hf.logs", "stall: { after: 0s..10s }"),
        of(
            Kind::ReadsLogs,
            "[hf.logs, hf.events]",
            "end_early: { after: 0s..5s }",
        ),
    ]
}

/// The faults of a plan.
pub(super) struct Faults {
    /// `faults`, and `heal`.
    pub(super) text: String,
    /// Of each, its place in the table.
    pub(super) rows: Vec<usize>,
    /// The dispatcher that one of them needs.
    pub(super) needs: Option<Kind>,
}

/// The rows of the faults of a plan.
pub(super) fn rows(draws: &Draws) -> Vec<usize> {
    // One is drawn in turn, so that a few hundred seeds have each several times.
    let mut rows = vec![draws.seed() as usize % (TABLE.len() + 7)];
    rows.retain(|row| *row < TABLE.len());
    for number in 0..draws.between(0, 2, "faults", "more") {
        let last = TABLE.len() as u64 - 1;
        rows.push(draws.between(0, last, &format!("more{number}"), "row") as usize);
    }
    rows
}

/// Whether one of them strikes where a listing has pages.
pub(super) fn bends_pages(rows: &[usize]) -> bool {
    rows.iter()
        .any(|row| TABLE[*row].effect.starts_with("reorder: { list"))
}

pub(super) fn draw(draws: &Draws, world: &World, timeline: &Timeline, rows: Vec<usize>) -> Faults {
    let needs = rows.iter().find_map(|row| TABLE[*row].needs);
    if rows.is_empty() {
        return Faults {
            text: String::new(),
            rows,
            needs,
        };
    }
    let mut text = "faults:\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        let entity = format!("fault{number}");
        let written = fill(
            draws,
            world,
            timeline,
            &entity,
            &write(draws, &entity, &TABLE[*row]),
        );
        text += &format!("  - {{ {written} }}\n");
    }
    if draws.percent(20, "faults", "heal") {
        text += &format!("heal: {}m\n", draws.between(15, 40, "faults", "healed at"));
    }
    Faults { text, rows, needs }
}

/// Whom a fault strikes only: as its row says, or now and then one HF job or one runner, where its places are about one.
fn only(draws: &Draws, entity: &str, row: &Row) -> Option<String> {
    if !row.only.is_empty() {
        return Some(row.only.to_owned());
    }
    let places = || row.to.trim_matches(['[', ']']).split(", ");
    let keys = [Narrowing::HfJob, Narrowing::Runner];
    let mut keys: Vec<Narrowing> = keys.into();
    keys.retain(|key| places().all(|place| key.suits(place)));
    if keys.is_empty() || !draws.percent(12, entity, "of one only") {
        return None;
    }
    let key = draws.one_of(&keys, entity, "of which kind").word();
    let nth = draws.between(1, 3, entity, "of which one");
    Some(format!("{key}: {nth}"))
}

/// A fault with its conditions.
fn write(draws: &Draws, entity: &str, row: &Row) -> String {
    let mut keys = vec![format!("to: {}", row.to)];
    if let Some(only) = only(draws, entity, row) {
        keys.push(format!("for: {{ {only} }}"));
    }
    let how = draws.between(0, 99, entity, "how");
    if how < 45 {
        keys.push(format!("times: {}", draws.between(1, 4, entity, "times")));
    } else if how < 75 {
        keys.push(format!("until: {}m", draws.between(5, 30, entity, "until")));
    }
    if (45..60).contains(&how) {
        keys.push(format!("from: {}s", draws.between(0, 240, entity, "from")));
    }
    if (60..90).contains(&how) {
        keys.push(format!(
            "chance: {}%",
            draws.between(20, 80, entity, "chance")
        ));
    }
    let holds = row.effect.starts_with("hold");
    if holds && !(45..75).contains(&how) {
        keys.push(format!(
            "until: {}m",
            draws.between(3, 20, entity, "held until")
        ));
    }
    keys.push(row.effect.to_string());
    keys.join(", ")
}

/// Puts what is drawn in its place.
fn fill(draws: &Draws, world: &World, timeline: &Timeline, entity: &str, text: &str) -> String {
    let (job, _) = draws.one_of(&timeline.jobs, entity, "job");
    let repo = draws.one_of(&world.repos, entity, "repo");
    let label = draws.one_of(&world.labels, entity, "flavor");
    let flavor = label.strip_prefix("hf-jobs-").unwrap_or(label);
    let lasts = format!("{}s", draws.between(90, 480, entity, "length"));
    text.replace("@d", &lasts)
        .replace("@j", job)
        .replace("@r", repo)
        .replace("@f", flavor)
}
