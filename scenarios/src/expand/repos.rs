//! The repositories of a scenario: those of its world, and the names that its timeline gives them later.

use std::time::Duration;

use vocabulary::Length;

use crate::{
    error::{Flaw, Place},
    plan::RenameRepo,
    words,
    written::{self, Placed, Scenario},
};

/// Every name a repository has at some time.
#[derive(Debug)]
pub(super) struct Repos {
    names: Vec<Name>,
    place: Place,
}

#[derive(Debug)]
struct Name {
    name: String,
    /// Whether the App is installed where it is.
    installed: bool,
    /// The step that gives it, and when at the latest; nothing of the world's own names.
    given: Option<(usize, Option<Duration>)>,
}

impl Repos {
    /// Reads the names, and refuses renames of what is not there and to what is taken.
    pub(super) fn read(scenario: &Scenario) -> Result<Self, Flaw> {
        let own = scenario.world.github.repos.iter().map(|repo| Name {
            name: repo.name.0.clone(),
            installed: repo.installed,
            given: None,
        });
        let mut all = Self {
            names: own.collect(),
            place: scenario.timeline.place,
        };
        let mut current: Vec<String> = all.names.iter().map(|it| it.name.clone()).collect();
        for (number, step) in scenario.timeline.value.iter().enumerate() {
            let Some(rename) = &step.value.rename_repo else {
                continue;
            };
            let (from, to) = (&rename.value.from, &rename.value.to);
            let at = current
                .iter()
                .position(|name| name.eq_ignore_ascii_case(&from.value));
            let Some(at) = at else {
                let known: Vec<&str> = current.iter().map(String::as_str).collect();
                let what = words::unknown("repository", &from.value, &known);
                return Err(Flaw::at(from.place, &what));
            };
            let new = &to.value.0;
            let taken = current
                .iter()
                .enumerate()
                .any(|(other, name)| other != at && name.eq_ignore_ascii_case(new));
            if taken || current[at] == *new {
                let what = format!("a repository is called `{new}` already\nchoose a free name");
                return Err(Flaw::at(to.place, &what));
            }
            let installed = all.is_installed_on(owner_of(new));
            let since = step.value.at.map(|at: Length| at.max);
            if !all.names.iter().any(|known| known.name == *new) {
                all.names.push(Name {
                    name: new.clone(),
                    installed,
                    given: Some((number, since)),
                });
            }
            current[at].clone_from(new);
        }
        Ok(all)
    }

    fn is_installed_on(&self, owner: &str) -> bool {
        self.names
            .iter()
            .any(|known| known.installed && owner_of(&known.name).eq_ignore_ascii_case(owner))
    }

    /// The repository of this name, at whatever time; without one, the first of the world.
    pub(super) fn named(&self, repo: Option<&Placed<String>>) -> Result<String, Flaw> {
        let Some(repo) = repo else {
            return self.names.first().map_or_else(
                || {
                    let what = "the world has no repository\nadd one to `world.github.repos`";
                    Err(Flaw::at(self.place, what))
                },
                |first| Ok(first.name.clone()),
            );
        };
        if self.names.iter().any(|known| known.name == repo.value) {
            return Ok(repo.value.clone());
        }
        let known: Vec<&str> = self.names.iter().map(|known| known.name.as_str()).collect();
        let what = words::unknown("repository", &repo.value, &known);
        Err(Flaw::at(repo.place, &what))
    }

    /// The same for step `number` at this time: a name that a repository gets later cannot stand there.
    pub(super) fn named_at(
        &self,
        repo: Option<&Placed<String>>,
        number: usize,
        at: Option<Length>,
    ) -> Result<String, Flaw> {
        let name = self.named(repo)?;
        let given = self.names.iter().find(|known| known.name == name);
        let Some((Some(repo), Some(at), (step, Some(since)))) =
            given.and_then(|known| Some((repo, at, known.given?)))
        else {
            return Ok(name);
        };
        if at.min > since || (at.min == since && number > step) {
            return Ok(name);
        }
        let what = format!(
            "no repository is called `{name}` yet\n`rename_repo` gives the name at {}: act after that, or use the name of before",
            vocabulary::duration_text(since)
        );
        Err(Flaw::at(repo.place, &what))
    }

    /// The account of this name, on which the App must be installed; without one, that of the first repository.
    pub(super) fn owner(&self, owner: Option<&Placed<String>>, at: Place) -> Result<String, Flaw> {
        let (owner, place) = match owner {
            Some(owner) => (owner.value.clone(), owner.place),
            None => (owner_of(&self.named(None)?).to_owned(), at),
        };
        if self.is_installed_on(&owner) {
            return Ok(owner);
        }
        let mut known: Vec<&str> = Vec::new();
        for name in self.names.iter().filter(|known| known.installed) {
            if !known.contains(&owner_of(&name.name)) {
                known.push(owner_of(&name.name));
            }
        }
        let what = format!(
            "the App is not installed for `{owner}`\n{}",
            words::help_for(&owner, &known)
        );
        Err(Flaw::at(place, &what))
    }

    /// The account that an installation is written with: its own name, or one of its repositories.
    pub(super) fn installation(
        &self,
        written: &Placed<written::Installation>,
    ) -> Result<String, Flaw> {
        match (&written.value.owner, &written.value.repo) {
            (Some(owner), None) => self.owner(Some(owner), written.place),
            (None, Some(repo)) => {
                let name = self.named(Some(repo))?;
                let owner = Placed {
                    value: owner_of(&name).to_owned(),
                    place: repo.place,
                };
                self.owner(Some(&owner), written.place)
            }
            _ => {
                let what = "an installation is named by its owner or by a repository\nwrite `{ owner: octo }` or `{ repo: octo/app }`";
                Err(Flaw::at(written.place, what))
            }
        }
    }
}

/// The rename as a plan has it; [`Repos::read`] has looked at it.
pub(super) fn rename(written: &written::RenameRepo) -> RenameRepo {
    RenameRepo {
        from: written.from.value.clone(),
        to: written.to.value.0.clone(),
    }
}

/// The account in `owner/name`.
fn owner_of(repo: &str) -> &str {
    repo.split('/').next().unwrap_or(repo)
}
