//! The world of a random plan: repositories, clocks, lives, cold starts, limits, and what is expected. Bounds are short
//! enough to be over before the run is.

use super::{draws::Draws, recorded};

/// A world.
pub(super) struct World {
    /// `world` and `expect`.
    pub(super) text: String,
    /// The repositories, by name.
    pub(super) repos: Vec<&'static str>,
    /// Those the App is installed on.
    pub(super) served: Vec<&'static str>,
    /// The label sets that jobs ask for.
    pub(super) labels: Vec<&'static str>,
}

const FLAVORS: [&str; 4] = ["cpu-basic", "t4-small", "a10g-small", "l4x1"];
const LABELS: [&str; 4] = [
    "hf-jobs-cpu-basic",
    "hf-jobs-t4-small",
    "hf-jobs-a10g-small",
    "hf-jobs-l4x1",
];

/// `pages`: its listings have many.
pub(super) fn draw(draws: &Draws, pages: bool) -> World {
    let repos = ["octo/app", "octo/web", "acme/lib"];
    let repos = &repos[..draws.between(1, 3, "world", "repos") as usize];
    let count = draws.between(1, 3, "world", "labels") as usize;
    let skip = draws.between(0, 1, "world", "first label") as usize;
    let labels = &LABELS[skip..skip + count];
    let mut github = vec![repositories(draws, repos)];
    github.extend(of_github(draws, pages));
    let dispatcher = of_dispatcher(draws, labels);
    let text = format!(
        "world:\n  github: {{ {} }}\n  webhooks: {{ delay: {} }}\n  hf: {{ {} }}\n{dispatcher}  latency: {}\n{}",
        github.join(", "),
        draws.one_of(
            &["10ms..50ms", "100ms..900ms", "1s..5s"],
            "webhooks",
            "delay"
        ),
        of_hf(draws).join(", "),
        draws.one_of(
            &["1ms..5ms", "1ms..20ms", "50ms..300ms"],
            "world",
            "latency"
        ),
        expect(draws),
    );
    World {
        text,
        repos: repos.to_vec(),
        served: (0..repos.len())
            .filter(|place| !is_foreign(draws, *place, repos))
            .map(|place| repos[place])
            .collect(),
        labels: labels.to_vec(),
    }
}

fn repositories(draws: &Draws, repos: &[&str]) -> String {
    let listed = repos.iter().enumerate().map(|(place, name)| {
        let foreign = is_foreign(draws, place, repos);
        format!(
            "{{ name: {name}{} }}",
            if foreign { ", installed: false" } else { "" }
        )
    });
    format!("repos: [{}]", listed.collect::<Vec<_>>().join(", "))
}

fn is_foreign(draws: &Draws, place: usize, repos: &[&str]) -> bool {
    place > 0 && draws.percent(10, repos[place], "foreign")
}

fn of_github(draws: &Draws, pages: bool) -> Vec<String> {
    let mut set = vec![format!(
        "assignment: {{ policy: {}, delay: {} }}",
        draws.one_of(&["oldest", "newest", "random"], "github", "policy"),
        draws.one_of(&["100ms..1s", "1s..10s"], "github", "assignment")
    )];
    let lives = ["installation_token", "registration_token", "jit_config"];
    set.extend(
        lives
            .iter()
            .filter(|life| draws.percent(50, life, "set"))
            .map(|life| {
                let minutes = draws.between(10, 60, life, "minutes");
                format!("{life}: {minutes}m")
            }),
    );
    if pages {
        set.push("page_size_max: 1".to_owned());
    } else if draws.percent(30, "github", "pages") {
        set.push(format!(
            "page_size_max: {}",
            draws.between(1, 3, "github", "page size")
        ));
    }
    if draws.percent(25, "github", "skewed") {
        set.push(format!("clock_skew: {}", skew(draws, "github")));
    }
    if draws.percent(8, "github", "limited") {
        let left = draws.between(20, 200, "github", "remaining");
        set.push(format!(
            "rate_limit: {{ limit: 300, remaining: {left}, resets_in: 10m }}"
        ));
    }
    set
}

fn skew(draws: &Draws, whose: &str) -> String {
    if draws.percent(15, whose, "far off") {
        return (*draws.one_of(&["5m", "-5m"], whose, "skew")).to_owned();
    }
    let sign = if draws.percent(50, whose, "behind") {
        "-"
    } else {
        ""
    };
    format!("{sign}{}s", draws.between(1, 25, whose, "skew"))
}

fn of_hf(draws: &Draws) -> Vec<String> {
    let mut set = vec![match draws.between(0, 3, "hf", "cold start") {
        0 => "cold_start: 5s..20s".to_owned(),
        1 => "cold_start: 30s..90s".to_owned(),
        2 => format!(
            "cold_start: {{ {}: 10s..30s, default: 20s..60s }}",
            draws.one_of(&FLAVORS, "hf", "slow flavor")
        ),
        _parts => "cold_start: { default: { schedule: 5s..40s, pull: 0s..20s, boot: { p50: 10s, max: 40s } } }".to_owned(),
    }];
    let choices = [
        ("stage_lag: 0s..2s", 30),
        ("cancel_latency: 0s..5s", 30),
        ("grace: 10s", 15),
        ("retention: 1m", 5),
        ("scheduling_is_billed: true", 20),
        ("default_timeout: 10m", 20),
    ];
    let drawn = choices
        .iter()
        .filter(|(text, percent)| draws.percent(*percent, "hf", text));
    set.extend(drawn.map(|(text, _)| (*text).to_owned()));
    if draws.percent(5, "hf", "poor") {
        set.push(format!(
            "balance_usd: 0.{:02}",
            draws.between(1, 20, "hf", "balance")
        ));
    }
    set
}

fn of_dispatcher(draws: &Draws, labels: &[&str]) -> String {
    let mut set = Vec::new();
    if draws.percent(25, "dispatcher", "cap in all") {
        let total = draws.between(1, 4, "dispatcher", "total");
        let per_repo = draws.between(1, 3, "dispatcher", "per repo");
        set.push(match draws.between(0, 2, "dispatcher", "which caps") {
            0 => format!("caps: {{ total: {total} }}"),
            1 => format!("caps: {{ per_repo: {per_repo} }}"),
            _both => format!("caps: {{ total: {total}, per_repo: {per_repo} }}"),
        });
    }
    let choices = [
        ("idle_timeout: 30s", 25),
        ("idle_timeout: 3m", 15),
        ("boot_deadline: 4m", 20),
        ("job_timeout: 20m", 30),
        ("allow_repos: [octo/app]", 8),
    ];
    for (text, percent) in choices {
        let key = text.split(':').next().unwrap_or_default();
        if draws.percent(percent, "dispatcher", text) && !set.iter().any(|one| one.starts_with(key))
        {
            set.push(text.to_owned());
        }
    }
    if draws.percent(20, "dispatcher", "skewed") {
        set.push(format!("clock_skew: {}", skew(draws, "dispatcher")));
    }
    if draws.percent(12, "dispatcher", "warm") {
        let count = draws.between(1, 2, "dispatcher", "pool");
        set.push(format!("warm: {{ {}: {count} }}", labels[0]));
    }
    if draws.percent(8, "dispatcher", "rules") {
        // What the convention says, in rules: jobs of other labels that look meant must then be told.
        let rules = LABELS.iter().zip(FLAVORS);
        let rules: Vec<_> = rules
            .map(|(label, flavor)| format!("{{ labels: {label}, flavor: {flavor} }}"))
            .collect();
        set.push(format!("rules: [{}]", rules.join(", ")));
    }
    if set.is_empty() {
        return String::new();
    }
    format!("  dispatcher: {{ {} }}\n", set.join(", "))
}

fn expect(draws: &Draws) -> String {
    format!(
        "expect: {{ served_within: {}m, told_within: {}m, reclaimed_within: {}m, settle: {}s, bound: {}m }}\n",
        draws.between(6, 15, "expect", "served"),
        draws.between(15, 30, "expect", "told"),
        draws.between(4, 15, "expect", "reclaimed"),
        draws.one_of(&[0, 60, 120], "expect", "settle"),
        recorded::lasts_minutes(draws),
    )
}
