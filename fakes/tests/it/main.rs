//! The fakes seen from outside: their routers, their webhooks, their history.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod assignment;
mod attempts;
mod call_faults;
mod check_runs;
mod concurrency;
mod deliveries;
mod determinism;
mod github_api;
mod github_auth;
mod happy;
mod hf_api;
mod hf_life;
mod jobs;
mod lab;
mod logs;
mod recordings;
mod run_api;
mod runner_faults;
mod webhook_faults;
