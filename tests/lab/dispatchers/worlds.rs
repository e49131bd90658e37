//! Further worlds for the two dispatchers: each is about something that the corpus does not show, and may break nothing.

/// A world: its name, and its scenario after the title.
pub(super) const WORLDS: &[(&str, &str)] = &[
    (
        "caps",
        "params:
  jobs: { chosen: 6, vary: 3..12 }
world:
  github: { repos: [{ name: octo/app }, { name: octo/other }] }
  dispatcher: { caps: { total: 3, per_repo: 2 }, idle_timeout: 2m }
timeline:
  - { at: 0s, queue: { jobs: $jobs, as: A, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 3m } }
  - { at: 30s, queue: { jobs: 3, as: B, repo: octo/other, labels: hf-jobs-t4-small, runs_for: 5m } }
expect: { bound: 12h }
",
    ),
    (
        "a-cap-of-one-flavor",
        "world:
  dispatcher: { caps: { per_flavor: 2 }, idle_timeout: 2m }
timeline:
  - { at: 0s, queue: { jobs: 5, as: A, labels: hf-jobs-a10g-small, runs_for: 3m } }
  - { at: 10s, queue: { as: B, labels: hf-jobs-t4-small, runs_for: 3m } }
",
    ),
    (
        "one-lane-refused",
        "world:
  github: { repos: [{ name: octo/app }, { name: octo/other }] }
timeline:
  - { at: 0s, queue: { jobs: 2, as: A, repo: octo/app, labels: hf-jobs-cpu-basic } }
  - { at: 1m, queue: { jobs: 2, as: B, repo: octo/other, labels: hf-jobs-a10g-small } }
  - { at: 40m, queue: { as: C, repo: octo/app, labels: hf-jobs-cpu-basic } }
  - { at: 2h, queue: { as: D, repo: octo/other, labels: hf-jobs-a10g-small } }
  - { at: 150m, cancel: { jobs: [B1, B2, D] } }
faults:
  - { to: hf.create, for: { flavor: a10g-small }, answer: { status: 400 } }
",
    ),
    (
        "no-money-ever",
        "timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic } }
  - { at: 150m, cancel: { job: J } }
faults:
  - { to: hf.create, answer: { status: 402 } }
",
    ),
    (
        "hf-is-broken-for-ever",
        "timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic } }
  - { at: 150m, cancel: { job: J } }
faults:
  - { to: hf.create, answer: { status: 503 } }
",
    ),
    (
        "hf-jobs-fail-for-ever",
        "timeline:
  - { at: 0s, queue: { as: J, labels: hf-jobs-a10g-small } }
  - { at: 150m, cancel: { job: J } }
faults:
  - { to: hf.schedule, for: { flavor: a10g-small }, fail: { after: 1m, stage: error, message: no machine } }
",
    ),
    (
        "no-machine-ever",
        "timeline:
  - { at: 0s, queue: { as: J, labels: hf-jobs-a10g-small } }
  - { at: 150m, cancel: { job: J } }
faults:
  - { to: hf.schedule, for: { flavor: a10g-small }, stuck: { every: 10m } }
",
    ),
    (
        "every-second-create-fails",
        "params:
  jobs: { chosen: 4, vary: 1..8 }
timeline:
  - { at: 0s, queue: { jobs: $jobs, as: J, labels: hf-jobs-cpu-basic } }
faults:
  - { to: [hf.create, github.jit-config], chance: 50%, answer: { status: 502 } }
",
    ),
    (
        "credentials-refused-in-one-repository",
        "world:
  github: { repos: [{ name: octo/app }, { name: octo/other }] }
timeline:
  - { at: 0s, queue: { as: A, repo: octo/app, labels: hf-jobs-cpu-basic } }
  - { at: 0s, queue: { as: B, repo: octo/other, labels: hf-jobs-cpu-basic } }
  - { at: 150m, cancel: { job: A } }
faults:
  - { to: github.jit-config, for: { repo: octo/app }, answer: { status: 403 } }
",
    ),
    (
        "suspended",
        "params:
  away: { chosen: 1h, vary: 20m..3h }
timeline:
  - { at: 0s, queue: { jobs: 2, as: A, labels: hf-jobs-cpu-basic, runs_for: 10m } }
  - { at: 20s, suspend: { repo: octo/app } }
  - { at: 5m, queue: { as: B, labels: hf-jobs-cpu-basic } }
  - { when: { job: B, is: queued, plus: $away }, unsuspend: { repo: octo/app } }
",
    ),
    (
        "suspended-at-work",
        "timeline:
  - { at: 0s, queue: { as: A, labels: hf-jobs-cpu-basic, runs_for: 40m } }
  - { at: 5m, suspend: { repo: octo/app } }
  - { at: 2h, unsuspend: { repo: octo/app } }
  - { at: 150m, queue: { as: B, labels: hf-jobs-cpu-basic } }
",
    ),
    (
        "run-over-its-jobs",
        "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 8s, complete_run: { job: J1 } }
  - { at: 2h, queue: { as: J2, labels: hf-jobs-t4-small } }
",
    ),
    (
        "run-over-before-anybody-looks",
        "timeline:
  - { at: 0s, queue: { jobs: 3, as: J, run: R, labels: hf-jobs-a10g-small } }
  - { at: 1s, complete_run: { run: R, conclusion: startup_failure } }
  - { at: 1h, queue: { as: K, labels: hf-jobs-cpu-basic } }
",
    ),
    (
        "a-day-old",
        "timeline:
  - { at: 0s, queue: { as: J1, labels: hf-jobs-cpu-basic } }
  - { at: 26h, queue: { as: J2, labels: hf-jobs-t4-small } }
faults:
  - { to: hf.create, until: 25h, answer: { status: 503 } }
",
    ),
    (
        "pools",
        "params:
  jobs: { chosen: 5, vary: 1..9 }
world:
  dispatcher: { idle_timeout: 3m, warm: { hf-jobs-cpu-basic: 2, hf-jobs-t4-small: 1 } }
timeline:
  - { at: 10m, queue: { jobs: $jobs, as: J, labels: hf-jobs-cpu-basic, runs_for: 2m } }
  - { at: 40m, queue: { as: K, labels: hf-jobs-t4-small } }
  - { at: 3h, queue: { jobs: 3, as: L, labels: hf-jobs-cpu-basic } }
",
    ),
    (
        "crash-at-a-create",
        "params:
  down: { chosen: 30s, vary: 5s..20m }
timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic, runs_for: 4m } }
  - { when: { call: hf.create, phase: effect }, crash: { restart_after: $down } }
  - { at: 1h, queue: { as: K, labels: hf-jobs-cpu-basic } }
  - { at: 62m, restart: {} }
",
    ),
    (
        "crash-at-a-credential",
        "timeline:
  - { at: 0s, queue: { as: J, labels: hf-jobs-cpu-basic, runs_for: 4m } }
  - { when: { call: github.jit-config, phase: effect }, crash: { restart_after: 2m } }
  - { at: 20m, stop: { restart_after: 30m } }
  - { at: 25m, queue: { as: K, labels: hf-jobs-t4-small } }
",
    ),
    (
        "waiting",
        "params:
  approved: { chosen: 90m, vary: 1m..5h }
timeline:
  - { at: 0s, queue: { as: A, labels: hf-jobs-cpu-basic, needs_approval: true } }
  - { when: { job: A, is: waiting, plus: $approved }, approve: { job: A } }
  - { at: 10s, queue: { as: G1, labels: hf-jobs-t4-small, concurrency: deploy, runs_for: 10m } }
  - { at: 20s, queue: { as: G2, labels: hf-jobs-t4-small, concurrency: deploy, runs_for: 10m } }
  - { at: 30s, queue: { jobs: 6, as: M, labels: hf-jobs-a10g-small, max_parallel: 2, runs_for: 5m } }
expect: { bound: 12h }
",
    ),
    (
        "reruns",
        "timeline:
  - { at: 0s, queue: { jobs: 2, as: J, run: R, labels: hf-jobs-cpu-basic, conclusion: failure, runs_for: 2m } }
  - { when: { job: J1, is: completed, plus: 5m }, rerun: { run: R, failed_only: true } }
  - { at: 1h, queue: { as: K, labels: hf-jobs-cpu-basic } }
  - { at: 3605s, cancel: { job: K } }
  - { at: 61m, rerun: { job: K } }
",
    ),
    (
        "cancelled",
        "params:
  after: { chosen: 5s, vary: 1s..3m }
timeline:
  - { at: 0s, queue: { jobs: 3, as: J, labels: hf-jobs-cpu-basic } }
  - { when: { job: J1, is: queued, plus: $after }, cancel: { job: J } }
  - { at: 1h, queue: { as: K, labels: hf-jobs-t4-small } }
",
    ),
    (
        "late-and-twice",
        "timeline:
  - { at: 0s, queue: { as: J, labels: hf-jobs-cpu-basic } }
  - { when: { job: J, is: completed, plus: 5m }, deliver: { job: J, action: queued } }
  - { when: { job: J, is: completed, plus: 6m }, redeliver: { job: J, action: in_progress } }
  - { when: { job: J, is: completed, plus: 7m }, redeliver: { job: J, action: completed } }
faults:
  - { to: webhook, duplicate: { after: 20s } }
  - { to: webhook, reorder: { within: 30s } }
heal: 2h
",
    ),
    (
        "no-webhook-arrives",
        "timeline:
  - { at: 0s, queue: { jobs: 3, as: J, labels: hf-jobs-cpu-basic, runs_for: 3m } }
  - { at: 20m, queue: { as: K, labels: hf-jobs-t4-small } }
  - { at: 1h, queue: { as: L, labels: hf-jobs-cpu-basic } }
  - { at: 3602s, cancel: { job: L } }
faults:
  - { to: webhook, drop: unlogged }
",
    ),
    (
        "listings-of-hf-omit",
        "timeline:
  - { at: 0s..20m, queue: { jobs: 5, as: J, labels: hf-jobs-cpu-basic, runs_for: 1m..10m } }
faults:
  - { to: hf.list, omit: { share: 50% } }
heal: 2h
",
    ),
    (
        "listings-of-runners-omit",
        "timeline:
  - { at: 0s..20m, queue: { jobs: 5, as: J, labels: hf-jobs-cpu-basic, runs_for: 1m..10m } }
faults:
  - { to: github.list-runners, omit: all }
heal: 2h
",
    ),
    (
        "listings-look-back",
        "timeline:
  - { at: 0s..20m, queue: { jobs: 5, as: J, labels: hf-jobs-cpu-basic, runs_for: 1m..10m } }
faults:
  - { to: [github.list-runs, github.list-run-jobs], stale: 30s..5m }
  - { to: github.list-runners, stale: 10s..1m }
  - { to: hf.list, stale: 10s..2m }
heal: 2h
",
    ),
    (
        "no-list-of-runners",
        "timeline:
  - { at: 0s..10m, queue: { jobs: 4, as: J, labels: hf-jobs-cpu-basic, runs_for: 5m } }
faults:
  - { to: [github.list-runners, hf.list], from: 1s, answer: { status: 502 } }
",
    ),
    (
        "answers-are-lost",
        "timeline:
  - { at: 0s, queue: { jobs: 3, as: J, labels: hf-jobs-cpu-basic } }
  - { at: 30m, queue: { jobs: 3, as: K, labels: hf-jobs-cpu-basic } }
faults:
  - { to: hf.create, times: 2, after_effect: no_answer }
  - { to: github.jit-config, times: 1, after_effect: reset }
  - { to: [github.*, hf.*], until: 20m, chance: 10%, truncate: true }
  - { to: github.delete-runner, times: 1, after_effect: { status: 502 } }
",
    ),
    (
        "limited",
        "timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic } }
faults:
  - { to: github.jit-config, until: 10m, answer: { status: 429, headers: { retry-after: '300' } } }
  - { to: hf.create, times: 2, answer: { status: 429, headers: { retry-after: '60' } } }
",
    ),
    (
        "clock-behind",
        "world:
  dispatcher: { clock_skew: -20m }
timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic } }
  - { at: 70m, queue: { as: K, labels: hf-jobs-cpu-basic } }
",
    ),
    (
        "clock-ahead",
        "world:
  dispatcher: { clock_skew: 20m }
  github: { installation_token: 10m }
timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic, runs_for: 30m } }
  - { at: 70m, queue: { as: K, labels: hf-jobs-cpu-basic } }
  - { at: 80m, restart: {} }
",
    ),
    (
        "renamed",
        "timeline:
  - { at: 0s, queue: { jobs: 2, as: A, repo: octo/app, labels: hf-jobs-cpu-basic, runs_for: 10m } }
  - { at: 30s, rename_repo: { from: octo/app, to: octo/new } }
  - { at: 40m, queue: { as: B, repo: octo/new, labels: hf-jobs-cpu-basic } }
",
    ),
    (
        "another-secret",
        "timeline:
  - { at: 0s, queue: { as: A, labels: hf-jobs-cpu-basic } }
  - { at: 10m, rotate_secret: {} }
  - { at: 11m, queue: { as: B, labels: hf-jobs-cpu-basic } }
  - { at: 13m, restart: {} }
  - { at: 14m, queue: { as: C, labels: hf-jobs-cpu-basic } }
  - { at: 15m, deliver: { job: C, action: queued, sign: old_secret } }
",
    ),
    (
        "odd-deliveries",
        "timeline:
  - { at: 0s, event: { name: ping } }
  - { at: 1s, event: { name: push } }
  - { at: 2s, deliver: { body: '[1, 2' } }
  - { at: 3s, deliver: { payload: { action: queued, workflow_job: 7 } } }
  - { at: 4s, deliver: { payload: { action: dreamt } , headers: { x-github-event: sleep } } }
  - { at: 5s, queue: { as: J, labels: hf-jobs-cpu-basic } }
  - { at: 6s, deliver: { job: J, action: queued, sign: wrong } }
  - { at: 7s, deliver: { job: J, action: queued, tamper: flip_bit } }
",
    ),
    (
        "runners-fail",
        "timeline:
  - { at: 0s, queue: { jobs: 4, as: J, labels: hf-jobs-cpu-basic, runs_for: 10m } }
  - { at: 90m, queue: { jobs: 2, as: K, labels: hf-jobs-t4-small, runs_for: 10m } }
faults:
  - { to: runner, times: 1, die: { at: boot } }
  - { to: runner, times: 1, hang: { at: listening } }
  - { to: runner, times: 1, lose_network: { at: in_job, after: 1m, for: 5m } }
  - { to: runner, times: 1, die: { at: in_job, after: 2m } }
expect: { bound: 24h }
",
    ),
    (
        "hf-fails",
        "timeline:
  - { at: 0s, queue: { jobs: 4, as: J, labels: hf-jobs-cpu-basic, runs_for: 10m } }
faults:
  - { to: hf.schedule, times: 1, limbo: true }
  - { to: hf.schedule, times: 1, stuck: { every: 10m } }
  - { to: hf.schedule, times: 1, fail: { after: 20s, stage: error, message: no machine } }
expect: { bound: 24h }
",
    ),
    (
        "not-ours",
        "world:
  github: { repos: [{ name: octo/app }, { name: octo/other }, { name: stranger/app, installed: false }] }
  dispatcher: { allow_repos: [octo/app] }
timeline:
  - { at: 0s, queue: { as: A, repo: octo/app, labels: hf-jobs-cpu-basic } }
  - { at: 1s, queue: { as: B, repo: octo/other, labels: hf-jobs-cpu-basic } }
  - { at: 2s, queue: { as: C, repo: stranger/app, labels: hf-jobs-cpu-basic } }
  - { at: 3s, queue: { as: D, repo: octo/app, labels: ubuntu-latest } }
",
    ),
    (
        "long-jobs",
        "world:
  dispatcher: { job_timeout: 6h }
timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic, runs_for: 5h } }
  - { at: 4h, queue: { as: K, labels: hf-jobs-cpu-basic, runs_for: 2m } }
",
    ),
    (
        "busy-runners-look-idle",
        "world:
  dispatcher: { idle_timeout: 1m }
timeline:
  - { at: 0s, queue: { jobs: 2, as: J, labels: hf-jobs-cpu-basic, runs_for: 40m } }
faults:
  - { to: [github.list-runners, github.get-runner], until: 90m, pretend: { busy: false, status: offline } }
",
    ),
];
