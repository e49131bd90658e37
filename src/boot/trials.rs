//! The three trials of a mode, and what each finds.

use std::time::Duration;

use fakes::history::{Conclusion, Stage};

use super::{
    BootError, Check, Finding, Flaw, Mode, Report, Trial,
    rig::{LABEL, Rig},
};

/// How long a job takes that is to be done.
const SHORT: Duration = Duration::from_millis(200);
/// How long a job takes in the middle of which its HF job is cancelled.
const LONG: Duration = Duration::from_secs(3600);
/// What the runner says of an option it does not know.
const UNKNOWN_OPTION: &str = "Unrecognized command-line input arguments";

impl Check {
    pub(super) async fn try_mode(&self, mode: Mode, report: &mut Report) -> Result<(), BootError> {
        let serves = self.try_to_serve(mode, report).await?;
        if !serves {
            // What else is wrong would only follow from that.
            return Ok(());
        }
        self.try_to_cancel(mode, report).await?;
        // `run.sh` hides that a JIT configuration was refused, whatever the script does.
        if mode == Mode::Token {
            self.try_to_refuse(mode, report).await?;
        }
        Ok(())
    }

    /// Gives whether the job was taken.
    async fn try_to_serve(&self, mode: Mode, report: &mut Report) -> Result<bool, BootError> {
        let jobs = [("first", SHORT), ("second", SHORT)];
        let (mut rig, jobs) = Rig::start(self, mode, &jobs, false).await?;
        let mut notes = Notes::new(mode, Trial::Serve);
        let came = rig
            .wait(self.patience, |scene| {
                !scene.ended.is_empty() || scene.exit.is_some() || scene.lacks(LABEL)
            })
            .await;
        let scene = rig.scene();
        let taken = !scene.started.is_empty();
        if taken {
            // The second job is given at once to a runner that stays.
            rig.wait(self.linger, |scene| {
                scene.exit.is_some() || scene.started.len() > 1
            })
            .await;
        }
        let scene = rig.scene();
        let log = rig.log();
        let unknown = log.iter().find(|line| line.contains(UNKNOWN_OPTION));
        let in_vain = if came {
            format!("the command ended with exit code {}", code(scene.exit))
        } else {
            format!("nothing happened within {} s", self.patience.as_secs())
        };
        if let Some(line) = unknown {
            notes.add(Flaw::UnknownFlag, line);
        } else if scene.lacks(LABEL) {
            let labels = scene.labels.clone().unwrap_or_default().join(", ");
            let seen = format!("the job wants {LABEL}; the runner has: {labels}");
            notes.add(Flaw::LabelMissing, &seen);
        } else if !scene.online {
            notes.add(Flaw::RunnerNeverRegistered, &in_vain);
        } else if !taken {
            notes.add(Flaw::JobNeverTaken, &in_vain);
        } else if scene.started.len() > 1 {
            notes.add(Flaw::NotEphemeral, "after its first job it took a second");
        } else if scene.exit.is_none() {
            let seen = format!(
                "{} s after its job the command still runs",
                self.linger.as_secs()
            );
            notes.add(Flaw::KeepsRunning, &seen);
        } else if scene.exit != Some(0) {
            let seen = format!("its job was done; exit code {}", code(scene.exit));
            notes.add(Flaw::SuccessHidden, &seen);
        }
        let done = jobs
            .iter()
            .any(|job| scene.ended.get(job) == Some(&Conclusion::Success));
        if scene.exit.is_none() {
            rig.cancel(self.grace).await?;
        }
        notes.hand_in(rig, report);
        Ok(done)
    }

    async fn try_to_cancel(&self, mode: Mode, report: &mut Report) -> Result<(), BootError> {
        let (mut rig, jobs) = Rig::start(self, mode, &[("long", LONG)], false).await?;
        let mut notes = Notes::new(mode, Trial::Cancel);
        rig.wait(self.patience, |scene| {
            !scene.started.is_empty() || scene.exit.is_some()
        })
        .await;
        rig.let_it_hear().await;
        rig.cancel(self.grace).await?;
        let scene = rig.scene();
        let is_over = jobs.iter().all(|job| scene.ended.contains_key(job));
        if !is_over {
            let seen = format!(
                "after the SIGTERM and {} s GitHub still lists {} runner(s), and the job in progress",
                self.grace.as_secs(),
                rig.runners_left()
            );
            notes.add(Flaw::TrapNeverRuns, &seen);
        }
        notes.hand_in(rig, report);
        Ok(())
    }

    async fn try_to_refuse(&self, mode: Mode, report: &mut Report) -> Result<(), BootError> {
        let (mut rig, _) = Rig::start(self, mode, &[], true).await?;
        let mut notes = Notes::new(mode, Trial::Refuse);
        let ended = rig.wait(self.patience, |scene| scene.exit.is_some()).await;
        let scene = rig.scene();
        if !ended {
            let seen = format!("it still runs after {} s", self.patience.as_secs());
            notes.add(Flaw::FailureHidden, &seen);
            rig.cancel(self.grace).await?;
        } else if scene.stage == Some(Stage::Completed) {
            notes.add(
                Flaw::FailureHidden,
                "GitHub refused the token; exit code 0, HF job COMPLETED",
            );
        }
        notes.hand_in(rig, report);
        Ok(())
    }
}

fn code(exit: Option<i32>) -> String {
    exit.map_or_else(|| "unknown".to_owned(), |code| code.to_string())
}

/// The findings of one trial.
struct Notes {
    mode: Mode,
    trial: Trial,
    findings: Vec<Finding>,
}

impl Notes {
    const fn new(mode: Mode, trial: Trial) -> Self {
        Self {
            mode,
            trial,
            findings: Vec::new(),
        }
    }

    fn add(&mut self, name: Flaw, seen: &str) {
        self.findings.push(Finding {
            name,
            mode: self.mode,
            trial: self.trial,
            seen: seen.to_owned(),
            mend: name.mend(),
        });
    }

    /// Adds what every trial can find, and puts everything into the report. The same mistake is found once a mode.
    fn hand_in(mut self, rig: Rig, report: &mut Report) {
        if let Some(line) = rig.exposed.first() {
            let seen = format!("a process of the job: {line}");
            self.add(Flaw::TokenOnCommandLine, &seen);
        }
        if let Some(line) = rig.leak_in_log() {
            self.add(Flaw::SecretInLog, &line);
        }
        for finding in self.findings {
            let is_known =
                |known: &Finding| (known.name, known.mode) == (finding.name, finding.mode);
            if !report.findings.iter().any(is_known) {
                report.findings.push(finding);
            }
        }
        report.tried.push(rig.end(self.trial));
    }
}
