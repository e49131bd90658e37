//! The fakes seen from outside: their routers, their webhooks, their history.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod ageing;
mod assignment;
mod assignment_rules;
mod call_faults;
mod deliveries;
mod determinism;
mod github_api;
mod github_auth;
mod happy;
mod hf_api;
mod hf_life;
mod jobs;
mod lab;
mod org_runners;
mod recordings;
mod runner_faults;
mod runner_groups;
mod runner_labels;
mod webhook_faults;
