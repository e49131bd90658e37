//! Recorded jobs of a random plan: payloads that GitHub takes for true, as `import` writes them, which alone start and end
//! their jobs. Some plans have none, and are what they would be without this file.

use serde_json::json;

use super::{draws::Draws, world::World};

/// The life of one job, as it was recorded.
struct Life {
    number: u64,
    run: u64,
    attempt: u64,
    /// Its payloads in order: when, in seconds, and what.
    told: Vec<(u64, Action)>,
    runner: String,
    conclusion: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Waiting,
    Queued,
    InProgress,
    Completed,
}

/// Ids are recorded, too, and far from those a world gives.
const JOBS_FROM: u64 = 91_000;
const RUNS_FROM: u64 = 81_000;

/// The last of what can be told of a job: its whole life.
const WHOLE: u64 = 11;

/// Steps that play recorded jobs, and the names of these with when they are announced.
pub(super) fn draw(draws: &Draws, world: &World) -> (Vec<String>, Vec<(String, u64)>) {
    let (mut steps, mut jobs) = (Vec::new(), Vec::new());
    let repos = &world.served;
    for life in lives(draws) {
        let alone = draws.percent(40, &life.entity(), "alone");
        let whose = if alone {
            life.entity()
        } else {
            "recorded".to_owned()
        };
        let repo = draws.one_of(repos, &whose, "repo");
        // The jobs that a world queues itself are in few lanes: some of them are in this one.
        let labels = draws.one_of(&world.labels, &whose, "labels");
        for (place, (at_s, action)) in life.told.iter().enumerate() {
            let payload = life.payload(*action, repo, labels);
            let fails = draws.percent(6, &life.entity(), &format!("fails {place}"));
            let failed = if fails {
                ", failed: { status: timed out }"
            } else {
                ""
            };
            let late = match late_s(draws, &life.entity(), place) {
                0 => String::new(),
                late_s => format!(", late: {late_s}s"),
            };
            steps.push(format!(
                "at: {at_s}s, deliver: {{ learn: true{failed}{late}, body: '{payload}' }}"
            ));
        }
        let first = life.told.first().map_or(0, |(at_s, _)| *at_s);
        jobs.push((life.name(), first));
    }
    (steps, jobs)
}

/// How many minutes a run may last so that the last payload is not its end.
pub(super) fn lasts_minutes(draws: &Draws) -> u64 {
    let comes_s = |life: &Life| {
        let told = life.told.iter().enumerate();
        told.map(|(place, (at_s, _))| at_s + late_s(draws, &life.entity(), place))
            .max()
    };
    let last_s = lives(draws).iter().filter_map(comes_s).max();
    (last_s.unwrap_or(0) / 60 + 50).max(90)
}

/// How long what GitHub learns is on its way: mostly it is told at once.
fn late_s(draws: &Draws, entity: &str, place: usize) -> u64 {
    let what = |what: &str| format!("{what} {place}");
    if !draws.percent(12, entity, &what("is late")) {
        return 0;
    }
    let is_long = draws.percent(30, entity, &what("is very late"));
    let (min, max) = if is_long { (600, 7_200) } else { (20, 600) };
    draws.between(min, max, entity, &what("late"))
}

fn lives(draws: &Draws) -> Vec<Life> {
    if !draws.percent(20, "recorded", "any") {
        return Vec::new();
    }
    let count = draws.between(1, 3, "recorded", "jobs");
    let one_run = draws.percent(40, "recorded", "one run");
    (0..count)
        .map(|number| life(draws, number, count, one_run))
        .collect()
}

fn life(draws: &Draws, number: u64, count: u64, one_run: bool) -> Life {
    let entity = &entity(number);
    let run = |number| RUNS_FROM + if one_run { 0 } else { number };
    // Two jobs, each started by the runner that was made for the other: recordings know nothing of what is lent to whom.
    let is_crossed = count > 1 && draws.percent(40, "recorded", "crossed");
    // Jobs of one push come at once.
    let at_s = if draws.percent(50, "recorded", "together") || is_crossed {
        draws.between(0, 900, "recorded", "at") + draws.between(0, 30, entity, "after")
    } else {
        draws.between(0, 900, entity, "at")
    };
    let wait_s = if is_crossed {
        draws.between(180, 420, entity, "waits")
    } else {
        wait_s(draws, entity)
    };
    let start_s = at_s + wait_s;
    let end_s = start_s + draws.between(5, 400, entity, "runs for");
    let (queued, start, end) = (
        (at_s, Action::Queued),
        (start_s, Action::InProgress),
        (end_s, Action::Completed),
    );
    let told = if is_crossed {
        WHOLE
    } else {
        draws.between(0, WHOLE, entity, "told")
    };
    let (told, conclusion) = match told {
        0 => (vec![queued, start], "success"),
        1 => (vec![queued, end], "success"),
        2 | 3 => (vec![queued, (start_s, Action::Completed)], "cancelled"),
        4 => (vec![start, end], "failure"),
        5 => (vec![(at_s, Action::Waiting), start, end], "success"),
        6 => {
            let later_s = at_s + draws.between(5, 600, entity, "waits for");
            let waits = (at_s, Action::Waiting);
            let told = vec![waits, (later_s, Action::Queued), end];
            (told, "success")
        }
        // GitHub gives it to a runner, as it does with what it queued itself.
        7 => (vec![queued], "success"),
        _whole => (vec![queued, start, end], "success"),
    };
    let of = |number| format!("hfjobs-{}-{}", run(number), JOBS_FROM + number);
    let runner = match draws.between(0, 4, entity, "runner") {
        _ if is_crossed => of((number + 1) % count),
        0 => of(number),
        1 => of((number + 1) % count),
        _nobody => "runner-of-then".to_owned(),
    };
    Life {
        number,
        run: run(number),
        attempt: 1 + u64::from(draws.percent(10, entity, "again")),
        told,
        runner,
        conclusion,
    }
}

/// From its `queued` to its start: as long as runners take, or as long as somebody took to notice.
fn wait_s(draws: &Draws, entity: &str) -> u64 {
    let (min, max) = match draws.between(0, 9, entity, "how late") {
        0..=3 => (20, 300),
        4..=6 => (300, 1_500),
        7 | 8 => (600, 3_600),
        _very => (3_600, 10_800),
    };
    draws.between(min, max, entity, "waits")
}

fn entity(number: u64) -> String {
    format!("recorded{number}")
}

impl Life {
    fn entity(&self) -> String {
        entity(self.number)
    }

    fn name(&self) -> String {
        format!("then{}", self.number)
    }

    fn payload(&self, action: Action, repo: &str, labels: &str) -> String {
        let (action, status) = match action {
            Action::Waiting => ("waiting", "waiting"),
            Action::Queued => ("queued", "queued"),
            Action::InProgress => ("in_progress", "in_progress"),
            Action::Completed => ("completed", "completed"),
        };
        let has_runner = status == "in_progress"
            || (status == "completed" && self.told.iter().any(|(_, it)| *it == Action::InProgress));
        let runner = has_runner.then_some(&self.runner);
        let conclusion = (status == "completed").then_some(self.conclusion);
        let (owner, name) = repo.split_once('/').expect("an owner and a name");
        let ids = repo.bytes().map(u64::from).sum::<u64>();
        let owner_id = owner.bytes().map(u64::from).sum::<u64>();
        json!({
            "action": action,
            "workflow_job": {
                "id": JOBS_FROM + self.number,
                "run_id": self.run,
                "run_attempt": self.attempt,
                "name": self.name(),
                "status": status,
                "conclusion": conclusion,
                "labels": [labels],
                "runner_name": runner,
            },
            "repository": {
                "id": 71_000 + ids,
                "name": name,
                "full_name": repo,
                "owner": { "login": owner, "id": 61_000 + owner_id },
            },
            "installation": { "id": 51_000 + owner_id },
        })
        .to_string()
    }
}
