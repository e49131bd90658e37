//! The fakes seen from outside: their routers, their webhooks, their history.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod ageing;
mod api_versions;
mod app_tokens;
mod assignment;
mod assignment_rules;
mod attempts;
mod call_faults;
mod check_runs;
mod concurrency;
mod deliveries;
mod determinism;
mod dual_subscription;
mod github_api;
mod github_auth;
mod happy;
mod hf_api;
mod hf_life;
mod hf_logs;
mod hook_encoding;
mod hooks_api;
mod installations;
mod jobs;
mod lab;
mod lies;
mod logs;
mod manifest;
mod org_runners;
mod other_events;
mod rate_limits;
mod recordings;
mod renames;
mod run_api;
mod runner_disorder;
mod runner_faults;
mod runner_groups;
mod runner_labels;
mod runner_starts;
mod secret_rotation;
mod throttling;
mod webhook_faults;
mod webhook_lies;
