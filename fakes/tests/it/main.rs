//! The fakes seen from outside: their routers, their webhooks, their history.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod assignment;
mod call_faults;
mod deliveries;
mod determinism;
mod dual_subscription;
mod github_api;
mod github_auth;
mod happy;
mod hf_api;
mod hf_life;
mod hook_encoding;
mod hooks_api;
mod jobs;
mod lab;
mod other_events;
mod recordings;
mod runner_faults;
mod secret_rotation;
mod throttling;
mod webhook_faults;
