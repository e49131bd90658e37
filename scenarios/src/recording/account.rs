//! [`Account`]: what a recording tells of each job, what is missing from it, and what that means for a dispatcher.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use serde_json::Value;

use super::{Delivery, Failed, Import, life::rank};
use vocabulary::{Fixed, duration_text};

/// What happened in a recording, by job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The jobs, in the order they appear.
    pub jobs: Vec<JobAccount>,
    /// How many deliveries are about something else.
    pub other_deliveries: usize,
}

/// What happened to one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JobAccount {
    /// Its id.
    pub job: u64,
    /// Its name.
    pub name: String,
    /// Its repository.
    pub repo: String,
    /// Its deliveries, in the order of their times.
    pub deliveries: Vec<Attempt>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

/// One attempt to deliver an event of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// When, from the start of the recording.
    pub at: Fixed,
    /// The action.
    pub action: String,
    /// How it failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// Whether GitHub had sent it before.
    pub redelivery: bool,
    #[serde(skip)]
    late_by: Option<Duration>,
    #[serde(skip)]
    conclusion: Option<String>,
    /// Whether its payload names a runner.
    #[serde(skip)]
    on_runner: bool,
}

/// What is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// An event of which there is no delivery.
    Missing,
    /// An attempt that failed.
    Failed,
    /// An event that was delivered more than once.
    Doubled,
    /// A delivery that came long after what it is about.
    Late,
    /// A delivery that came after one of a later moment of the job's life.
    OutOfOrder,
}

impl FindingKind {
    /// All of them, in the order they are told.
    pub const ALL: [Self; 5] = [
        Self::Missing,
        Self::Failed,
        Self::Doubled,
        Self::Late,
        Self::OutOfOrder,
    ];

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Doubled => "doubled",
            Self::Late => "late",
            Self::OutOfOrder => "out of order",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// The action it is about.
    pub action: String,
    /// What there is to see.
    pub what: String,
    /// What that means for a dispatcher.
    pub means: String,
}

impl Account {
    /// Of a recording, its deliveries in the order of their times.
    #[must_use]
    pub fn of(recording: &Import) -> Self {
        let mut account = Self::default();
        let mut known: BTreeMap<u64, usize> = BTreeMap::new();
        for delivery in &recording.deliveries {
            let Some(moment) = delivery.moment else {
                account.other_deliveries += 1;
                continue;
            };
            let payload: Value = serde_json::from_str(&delivery.payload).unwrap_or_default();
            let index = *known.entry(moment.job).or_insert_with(|| {
                account.jobs.push(JobAccount::new(moment.job, &payload));
                account.jobs.len() - 1
            });
            account.jobs[index]
                .deliveries
                .push(attempt(delivery, &payload));
        }
        for job in &mut account.jobs {
            job.find();
        }
        account
    }

    /// How many findings of this kind there are.
    #[must_use]
    pub fn count(&self, kind: FindingKind) -> usize {
        let findings = self.jobs.iter().flat_map(|job| &job.findings);
        findings.filter(|finding| finding.kind == kind).count()
    }
}

fn text_at(payload: &Value, path: &str) -> String {
    let text = payload.pointer(path).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn attempt(delivery: &Delivery, payload: &Value) -> Attempt {
    let conclusion = payload.pointer("/workflow_job/conclusion");
    Attempt {
        at: Fixed(delivery.offset),
        action: text_at(payload, "/action"),
        failed: delivery.failed.clone(),
        redelivery: delivery.redelivery,
        late_by: delivery.late_by(),
        conclusion: conclusion.and_then(Value::as_str).map(str::to_owned),
        on_runner: !text_at(payload, "/workflow_job/runner_name").is_empty(),
    }
}

impl JobAccount {
    fn new(job: u64, payload: &Value) -> Self {
        Self {
            job,
            name: text_at(payload, "/workflow_job/name"),
            repo: text_at(payload, "/repository/full_name"),
            deliveries: Vec::new(),
            findings: Vec::new(),
        }
    }

    fn find(&mut self) {
        let mut findings = self.missing();
        findings.extend(self.failed());
        findings.extend(self.doubled());
        findings.extend(self.late());
        findings.extend(self.out_of_order());
        self.findings = findings;
    }

    fn of<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Attempt> {
        self.deliveries
            .iter()
            .filter(move |attempt| attempt.action == action)
    }

    fn has(&self, action: &str) -> bool {
        self.of(action).next().is_some()
    }

    /// Whether it ended with this conclusion without having run, as far as is recorded.
    fn ended_unrun(&self, conclusion: &str) -> bool {
        let ran = self.has("in_progress") || self.deliveries.iter().any(|one| one.on_runner);
        let mut ends = self.of("completed");
        !ran && ends.any(|end| end.conclusion.as_deref() == Some(conclusion))
    }

    fn missing(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut miss = |action: &str, means: &str| {
            findings.push(Finding {
                kind: FindingKind::Missing,
                action: action.to_owned(),
                what: format!("no `{action}`"),
                means: means.to_owned(),
            });
        };
        let (started, ended) = (self.has("in_progress"), self.has("completed"));
        let (skipped, cancelled) = (self.ended_unrun("skipped"), self.ended_unrun("cancelled"));
        // A job that is skipped may never have been queued.
        if !self.has("queued") && !skipped {
            miss(
                "queued",
                if cancelled {
                    "nothing tells of the job before its end: it was cancelled before it was queued, or nobody was told that it waited"
                } else {
                    "nothing tells of the job before it is under way: a dispatcher has to look for queued jobs by itself"
                },
            );
        }
        if !started && !skipped && !cancelled {
            miss(
                "in_progress",
                if ended {
                    "nothing tells which runner took the job: one started for it may seem idle, and another may be started"
                } else {
                    "the recording ends before the job starts: if that is all there was, its queue was stuck"
                },
            );
        }
        if !ended {
            miss(
                "completed",
                if started {
                    "nothing tells of the end: what runs for the job has to be found and ended by other means, or it is paid for"
                } else {
                    "nothing tells of the end: if the job was cancelled meanwhile, a dispatcher still believes it waits"
                },
            );
        }
        findings
    }

    fn failed(&self) -> Vec<Finding> {
        let failed = self.deliveries.iter().enumerate();
        let failed = failed.filter_map(|(index, attempt)| {
            let how = attempt.failed.as_ref()?;
            let later = self.deliveries[index..]
                .iter()
                .find(|later| later.action == attempt.action && later.failed.is_none());
            let action = &attempt.action;
            let told = match later {
                Some(later) => {
                    let after = later.at.0.saturating_sub(attempt.at.0);
                    format!("delivered {} later", duration_text(after))
                }
                None => "and never delivered after that".to_owned(),
            };
            Some(Finding {
                kind: FindingKind::Failed,
                action: action.clone(),
                what: format!("`{action}` at {} failed ({how}), {told}", attempt.at),
                means: failed_means(action, later.is_some()),
            })
        });
        failed.collect()
    }

    fn doubled(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut seen = Vec::new();
        for attempt in &self.deliveries {
            let action = &attempt.action;
            if seen.contains(&action) {
                continue;
            }
            seen.push(action);
            let arrived: Vec<String> = self
                .of(action)
                .filter(|attempt| attempt.failed.is_none())
                .map(|attempt| attempt.at.to_string())
                .collect();
            if arrived.len() > 1 {
                findings.push(Finding {
                    kind: FindingKind::Doubled,
                    action: action.clone(),
                    what: format!(
                        "`{action}` was delivered {} times, at {}",
                        arrived.len(),
                        arrived.join(", ")
                    ),
                    means: match action.as_str() {
                        "queued" if self.is_repeated_too_late() => {
                            "no runner must be started for it: the job had one, or had ended, by the last of them"
                        }
                        "queued" => "a second runner must not be started for it",
                        "in_progress" => "it is one start, whatever is counted by it",
                        "completed" => {
                            "it is one end: nothing else may be ended or counted down for it"
                        }
                        _ => "it must have no second effect",
                    }
                    .to_owned(),
                });
            }
        }
        findings
    }

    /// Whether the last `queued` arrived after the job had started or ended.
    fn is_repeated_too_late(&self) -> bool {
        let arrived = self.deliveries.iter().rev();
        let arrived = arrived.filter(|one| one.failed.is_none());
        let mut before = arrived.skip_while(|one| one.action != "queued").skip(1);
        before.any(|one| rank(&one.action) > rank("queued"))
    }

    fn late(&self) -> Vec<Finding> {
        // What had to wait is queued later than it was created.
        let waited = self.deliveries.iter().any(|it| it.action == "waiting");
        let late = self
            .deliveries
            .iter()
            .filter(|attempt| attempt.failed.is_none() && !(waited && attempt.action == "queued"));
        let mut known: Vec<&str> = Vec::new();
        let late = late.filter_map(|attempt| {
            // A repetition tells nothing new, however late.
            if known.contains(&attempt.action.as_str()) {
                return None;
            }
            known.push(&attempt.action);
            let by = attempt.late_by?;
            let action = &attempt.action;
            Some(Finding {
                kind: FindingKind::Late,
                action: action.clone(),
                what: format!("`{action}` at {} came {} late", attempt.at, duration_text(by)),
                means: match action.as_str() {
                    "queued" => "so long the job waited before a dispatcher that only listens could know of it",
                    "completed" => "so long what ran for the job could go on unnoticed",
                    _ => "so long a dispatcher believed what was no longer true",
                }
                .to_owned(),
            })
        });
        late.collect()
    }

    fn out_of_order(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut furthest: Option<&Attempt> = None;
        let mut seen: Vec<&str> = Vec::new();
        for attempt in self.deliveries.iter().filter(|one| one.failed.is_none()) {
            // A repetition of what is known already is doubled, not out of order.
            let again = seen.contains(&attempt.action.as_str());
            seen.push(&attempt.action);
            let own = rank(&attempt.action);
            match furthest.filter(|furthest| rank(&furthest.action) > own) {
                Some(furthest) if !again => findings.push(Finding {
                    kind: FindingKind::OutOfOrder,
                    action: attempt.action.clone(),
                    what: format!(
                        "`{}` at {} came after `{}` at {}",
                        attempt.action, attempt.at, furthest.action, furthest.at
                    ),
                    means: match attempt.action.as_str() {
                        "queued" => {
                            "it must not start a runner for a job that has one or has ended"
                        }
                        _ => "it must not take back what is known already",
                    }
                    .to_owned(),
                }),
                Some(_) => {}
                None => furthest = Some(attempt),
            }
        }
        findings
    }
}

fn failed_means(action: &str, delivered_later: bool) -> String {
    let means = match (action, delivered_later) {
        ("queued", true) => {
            "until then a dispatcher that only listens does not know of the job; it is not sent this attempt when the recording is played"
        }
        ("queued", false) => {
            "a dispatcher that only listens never knows of the job: it has to look for queued jobs, or for failed deliveries, by itself"
        }
        ("completed", _) => {
            "the end of the job has to be noticed by other means, or what runs for it is paid for"
        }
        ("in_progress", _) => {
            "nothing tells that a runner took the job: one started for it may seem idle"
        }
        _ => "it is not sent to the dispatcher when the recording is played",
    };
    means.to_owned()
}
