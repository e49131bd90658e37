//! Faults: checks places and effects, and resolves whom a fault strikes to a list of jobs.

use std::{num::NonZeroU32, time::Duration};

use vocabulary::{Narrowing, Which, all_places, effects_at};

use super::{Context, effect::the_effect, jobs::share_of, step::known_action};
use crate::{
    error::{Flaw, Place},
    plan::{Effect, Fault, Only},
    words,
    written::{self, For, Half, Moment, Names, Placed},
};

impl Context<'_> {
    /// Expands one fault.
    pub(super) fn expand_fault(
        &self,
        index: usize,
        fault: &Placed<written::Fault>,
    ) -> Result<Fault, Flaw> {
        let written = &fault.value;
        let entity = format!("fault{index}");
        let effect = the_effect(fault)?;
        let (kind, known) = (effect.kind(), all_places());
        if written.to.0.is_empty() {
            return Err(Flaw::at(
                fault.place,
                "the fault strikes nowhere\nadd `to: webhook`, or the name of a call",
            ));
        }
        for place in &written.to.0 {
            if !known.contains(&place.value.as_str()) {
                return Err(Flaw::at(
                    place.place,
                    &words::unknown_name("place of a fault", &place.value, &known),
                ));
            }
            if !kind.can_strike(&place.value) {
                let what = format!(
                    "`{}` cannot happen to `{}`\nwhat can: {}",
                    kind.word(),
                    place.value,
                    effects_at(&place.value).join(", ")
                );
                return Err(Flaw::at(place.place, &what));
            }
        }
        if written.hold && written.until.is_none() && self.scenario.heal.is_none() {
            let what = "what is held here is held back for ever\nadd `until: 30m`, or `heal: 30m` to the scenario";
            return Err(Flaw::at(fault.place, what));
        }
        self.can_strike(fault)?;
        let only = match &written.only {
            Some(only) => {
                can_narrow(&only.value, only.place, fault, &effect)?;
                self.only(&only.value, only.place, &entity)?
            }
            None => Only::default(),
        };
        let moment = |moment: &Option<_>, purpose| {
            moment
                .as_ref()
                .map(|moment| self.moment(moment, &entity, purpose))
                .transpose()
        };
        Ok(Fault {
            to: written
                .to
                .0
                .iter()
                .map(|place| place.value.clone())
                .collect(),
            from: moment(&written.from, "from")?,
            until: moment(&written.until, "until")?,
            times: written.times.as_ref().map(|times| times.value),
            chance: written.chance.map(|chance| chance.0),
            may_miss: written.may_miss,
            only,
            effect,
            line: fault.place.line,
        })
    }

    /// Refuses a fault that could never be open, whatever happens.
    fn can_strike(&self, fault: &Placed<written::Fault>) -> Result<(), Flaw> {
        let written = &fault.value;
        if let Some(times) = written.times.as_ref().filter(|times| times.value == 0) {
            let what =
                "a fault that strikes 0 times is none\nwrite `times: 1`, or remove the fault";
            return Err(Flaw::at(times.place, what));
        }
        // What a plan has was drawn: a window may come to nothing there.
        if self.scenario.seed.is_some() {
            return Ok(());
        }
        let at = |moment: &Option<Placed<Moment>>| match moment.as_ref()? {
            Placed {
                value: Moment::At(at),
                place,
            } => Some((*at, *place)),
            Placed {
                value: Moment::When(_),
                ..
            } => None,
        };
        let (from, until) = (at(&written.from), at(&written.until));
        if let Some((until, place)) = until
            && until.max <= from.map_or(Duration::ZERO, |(from, _)| from.min)
        {
            let what = match from {
                Some(_) => "the fault is over when it begins\nlet `until` come after `from`",
                None => "the fault is over when the world begins\nlet `until` come later",
            };
            return Err(Flaw::at(place, what));
        }
        // A world that runs heals when it is asked to.
        if let (Some((from, place)), Some(heal)) = (from, self.scenario.heal)
            && !heal.max.is_zero()
            && from.min >= heal.max
        {
            let what = "the fault begins when `heal` has ended every fault\nlet `from` come before `heal`, or `heal` later";
            return Err(Flaw::at(place, what));
        }
        Ok(())
    }

    fn only(&self, only: &For, for_place: Place, entity: &str) -> Result<Only, Flaw> {
        let jobs = only
            .job
            .as_ref()
            .map(|names| self.jobs.of_all(names))
            .transpose()?;
        if jobs.is_none() && (only.half.is_some() || only.share.is_some()) {
            return Err(Flaw::at(
                for_place,
                "`half` and `share` are parts of a group\nadd `job: J`, the group's name",
            ));
        }
        let jobs = jobs.map(|mut jobs| {
            if let Some(half) = only.half {
                let second = jobs.split_off(jobs.len().div_ceil(2));
                if half == Half::Second {
                    jobs = second;
                }
            }
            match only.share {
                Some(share) => share_of(self.keyed, &jobs, share, &format!("{entity}.share")),
                None => jobs,
            }
        });
        Ok(Only {
            job: jobs,
            action: only.action.as_ref().map(known_action).transpose()?,
            repo: only
                .repo
                .as_ref()
                .map(|repo| self.repos.named(Some(repo)))
                .transpose()?,
            flavor: only.flavor.as_ref().map(known_flavor).transpose()?,
            hf_job: only.hf_job.as_ref().map(hf_jobs).transpose()?,
            runner: only.runner.as_ref().map(runners).transpose()?,
        })
    }
}

/// Refuses what cannot narrow a fault at one of its places, because it would then never strike there.
fn can_narrow(
    only: &For,
    for_place: Place,
    fault: &Placed<written::Fault>,
    effect: &Effect,
) -> Result<(), Flaw> {
    for key in Narrowing::ALL {
        let is_set = match key {
            Narrowing::Job => only.job.is_some(),
            Narrowing::Action => only.action.is_some(),
            Narrowing::Repo => only.repo.is_some(),
            Narrowing::Flavor => only.flavor.is_some(),
            Narrowing::HfJob => only.hf_job.is_some(),
            Narrowing::Runner => only.runner.is_some(),
        };
        if !is_set {
            continue;
        }
        let mut places = fault.value.to.0.iter();
        if let Some(place) = places.find(|place| !key.suits(&place.value)) {
            let what = format!(
                "`{}` cannot narrow a fault of `{}`, which is about no {}\n`{}` can narrow: {}; elsewhere use `times`, `from` or `chance`",
                key.word(),
                place.value,
                key.subject(),
                key.word(),
                key.places().join(", ")
            );
            return Err(Flaw::at(for_place, &what));
        }
    }
    let strikes_runners = fault.value.to.0.iter().any(|place| place.value == "runner");
    match effect.before_any_job() {
        Some(why) if strikes_runners && only.job.is_some() => {
            let what = format!(
                "`job` cannot narrow this: {why}\nlet it strike at `in_job` or `after_job`, or narrow it by `repo`, `times` or `chance`"
            );
            Err(Flaw::at(for_place, &what))
        }
        Some(_) | None => Ok(()),
    }
}

/// The HF jobs that are meant: nobody knows their ids before they are there.
fn hf_jobs(names: &Names) -> Result<Vec<Which>, Flaw> {
    let is_id = |name: &str| name.len() == 24 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let read = |name: &Placed<String>| match which(name)? {
        Which::Named(id) if !is_id(&id) => {
            let what = format!(
                "`{id}` is no HF job\nwrite its place in the order of their creation, `hf_job: 2`, or its id of 24 hexadecimal digits"
            );
            Err(Flaw::at(name.place, &what))
        }
        which @ (Which::Nth(_) | Which::Named(_)) => Ok(which),
    };
    names.0.iter().map(read).collect()
}

/// The runners that are meant.
fn runners(names: &Names) -> Result<Vec<Which>, Flaw> {
    names.0.iter().map(which).collect()
}

/// A number counts, all else is a name.
fn which(name: &Placed<String>) -> Result<Which, Flaw> {
    let Ok(nth) = name.value.parse::<u32>() else {
        return Ok(Which::Named(name.value.clone()));
    };
    let none = || Flaw::at(name.place, "there is no 0th\nthe first one is `1`");
    Ok(Which::Nth(NonZeroU32::new(nth).ok_or_else(none)?))
}

fn known_flavor(flavor: &Placed<String>) -> Result<String, Flaw> {
    if words::FLAVORS.contains(&flavor.value.as_str()) {
        return Ok(flavor.value.clone());
    }
    let what = words::unknown("flavor", &flavor.value, words::FLAVORS);
    Err(Flaw::at(flavor.place, &what))
}
