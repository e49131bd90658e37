//! Verbs around the jobs: installations, names, the webhook's secret, and events of other kinds.

use super::{Context, repos::rename};
use crate::{
    error::Flaw,
    plan::{Account, EventName, OtherEvent, Signing, Verb},
    words,
    written::{self, Event, Names, Placed},
};

impl Context<'_> {
    /// The verb of a step that acts around the jobs; nothing if it does not.
    pub(super) fn around(&self, step: &written::Step) -> Result<Option<Verb>, Flaw> {
        let verb = if let Some(suspend) = &step.suspend {
            let owner = self.repos.installation(suspend)?;
            Verb::Suspend(Account { owner })
        } else if let Some(unsuspend) = &step.unsuspend {
            let owner = self.repos.installation(unsuspend)?;
            self.check_suspended(step, unsuspend, &owner)?;
            Verb::Unsuspend(Account { owner })
        } else if let Some(renamed) = &step.rename_repo {
            Verb::RenameRepo(rename(&renamed.value))
        } else if step.rotate_secret.is_some() {
            Verb::RotateSecret
        } else if let Some(event) = &step.event {
            Verb::Event(self.event(step, event)?)
        } else {
            return Ok(None);
        };
        Ok(Some(verb))
    }

    /// Only what was suspended before can go on.
    fn check_suspended(
        &self,
        step: &written::Step,
        unsuspend: &Placed<written::Installation>,
        owner: &str,
    ) -> Result<(), Flaw> {
        let mut suspends = false;
        for other in &self.scenario.timeline.value {
            let Some(suspend) = &other.value.suspend else {
                continue;
            };
            if self.repos.installation(suspend)? != owner {
                continue;
            }
            suspends = true;
            let is_later = match (other.value.at, step.at) {
                (Some(suspended), Some(ends)) => suspended.min > ends.max,
                _ => false,
            };
            if !is_later {
                return Ok(());
            }
        }
        let what = if suspends {
            format!(
                "the installation of `{owner}` is suspended only later\nput `unsuspend` after `suspend`"
            )
        } else {
            format!(
                "nothing suspends the installation of `{owner}`\nadd a step with `suspend: {{ owner: {owner} }}` before this one"
            )
        };
        Err(Flaw::at(unsuspend.place, &what))
    }

    /// `sign: old_secret` needs a secret that was replaced.
    pub(super) fn check_old_secret(&self, deliver: &Placed<written::Deliver>) -> Result<(), Flaw> {
        let mut steps = self.scenario.timeline.value.iter();
        let rotates = self.live || steps.any(|step| step.value.rotate_secret.is_some());
        if deliver.value.sign != Signing::OldSecret || rotates {
            return Ok(());
        }
        let what = "there is no old secret: nothing changes it\nadd a step with `rotate_secret:` before this one";
        Err(Flaw::at(deliver.place, what))
    }

    fn event(&self, step: &written::Step, event: &Placed<Event>) -> Result<OtherEvent, Flaw> {
        let written = &event.value;
        check_keys(event)?;
        let missing = |what: &str| Flaw::at(event.place, what);
        Ok(match written.name {
            EventName::Ping => OtherEvent::Ping,
            EventName::Push => OtherEvent::Push {
                repo: self.repos.named(written.repo.as_ref())?,
            },
            EventName::Repository => {
                action(event, &["renamed"])?;
                let from = written.from.as_ref().ok_or_else(|| {
                    missing("`repository` does not say what it was called before\nadd `from: octo/old-name`")
                })?;
                OtherEvent::Repository {
                    repo: self.repos.named(written.repo.as_ref())?,
                    from: from.value.0.clone(),
                }
            }
            EventName::Installation => OtherEvent::Installation {
                action: action(event, words::INSTALLATION_ACTIONS)?,
                owner: self.repos.owner(written.owner.as_ref(), event.place)?,
            },
            EventName::InstallationRepositories => {
                let (added, removed) = (self.known(&written.added)?, self.known(&written.removed)?);
                if added.is_empty() && removed.is_empty() {
                    return Err(missing(
                        "no repository came or left\nadd `added: [octo/app]` or `removed: [octo/app]`",
                    ));
                }
                OtherEvent::InstallationRepositories {
                    owner: self.repos.owner(written.owner.as_ref(), event.place)?,
                    added,
                    removed,
                }
            }
            EventName::WorkflowRun => {
                let job = written.job.as_ref().ok_or_else(|| {
                    missing("`workflow_run` does not say which run\nadd `job: J1`, a job of it")
                })?;
                OtherEvent::WorkflowRun {
                    job: self.job_or_it(step, job)?,
                    action: action(event, words::RUN_ACTIONS)?,
                }
            }
        })
    }

    fn known(&self, repos: &Option<Names>) -> Result<Vec<String>, Flaw> {
        let repos = repos.iter().flat_map(|names| &names.0);
        repos.map(|repo| self.repos.named(Some(repo))).collect()
    }
}

/// The action of an event, one of `known`.
fn action(event: &Placed<Event>, known: &[&str]) -> Result<String, Flaw> {
    match &event.value.action {
        Some(action) if known.contains(&action.value.as_str()) => Ok(action.value.clone()),
        Some(action) => Err(Flaw::at(
            action.place,
            &words::unknown("action", &action.value, known),
        )),
        None => {
            let what = format!(
                "the action of the event is missing\nadd `action:` with one of: {}",
                known.join(", ")
            );
            Err(Flaw::at(event.place, &what))
        }
    }
}

/// Refuses keys that say nothing about this event.
fn check_keys(event: &Placed<Event>) -> Result<(), Flaw> {
    let written = &event.value;
    let (name, takes): (&str, &[&str]) = match written.name {
        EventName::Ping => ("ping", &[]),
        EventName::Push => ("push", &["repo"]),
        EventName::Repository => ("repository", &["action", "repo", "from"]),
        EventName::Installation => ("installation", &["action", "owner"]),
        EventName::InstallationRepositories => {
            ("installation_repositories", &["owner", "added", "removed"])
        }
        EventName::WorkflowRun => ("workflow_run", &["action", "job"]),
    };
    let given = [
        ("action", written.action.is_some()),
        ("repo", written.repo.is_some()),
        ("from", written.from.is_some()),
        ("owner", written.owner.is_some()),
        ("job", written.job.is_some()),
        ("added", written.added.is_some()),
        ("removed", written.removed.is_some()),
    ];
    let mut foreign = given
        .into_iter()
        .filter(|(key, given)| *given && !takes.contains(key));
    let Some((key, _)) = foreign.next() else {
        return Ok(());
    };
    let takes = match takes {
        [] => "nothing else".to_owned(),
        takes => takes.join(", "),
    };
    let what = format!("`{key}` says nothing about the event `{name}`\nit takes: {takes}");
    Err(Flaw::at(event.place, &what))
}
