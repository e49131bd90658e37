//! Records as GitHub writes them in JSON: in REST answers and in webhooks.

pub(in crate::github) mod app;
pub(in crate::github) mod body;
pub(in crate::github) mod check_run;
pub(in crate::github) mod hook;
pub(in crate::github) mod installation;
pub(in crate::github) mod invalid;
pub(in crate::github) mod job;
pub(in crate::github) mod log_text;
pub(in crate::github) mod refusal;
pub(in crate::github) mod reply;
pub(in crate::github) mod run;
pub(in crate::github) mod runner;
pub(in crate::github) mod runner_refusal;
