//! What the world's settings name: hooks of owners that are there, pools of label sets that are served.

use super::Context;
use crate::{
    error::Flaw,
    plan::{Hook, WarmPool, Word, flavor_of, label_set},
    words,
};

impl Context<'_> {
    /// Refuses what the world's settings name and nobody knows.
    pub(super) fn check_world(&self) -> Result<(), Flaw> {
        let world = &self.scenario.world;
        for hook in &world.github.hooks {
            self.check_hook(hook)?;
        }
        let pools = &world.dispatcher.warm.0;
        for (number, pool) in pools.iter().enumerate() {
            self.check_pool(pool, &pools[..number])?;
            self.check_caps(pool, &pools[..number])?;
        }
        Ok(())
    }

    /// Refuses a pool that the caps leave no room for, with those before it.
    fn check_caps(&self, pool: &WarmPool, others: &[WarmPool]) -> Result<(), Flaw> {
        let dispatcher = &self.scenario.world.dispatcher;
        let flavor = |pool: &WarmPool| {
            let labels = label_set(pool.labels.iter().map(Word::as_str));
            flavor_of(dispatcher.rules.as_deref(), &labels)
        };
        let all = || others.iter().chain([pool]);
        let of_flavor = all().filter(|other| flavor(other) == flavor(pool));
        let (caps, count) = (&dispatcher.caps, |pool: &WarmPool| u64::from(pool.count));
        let room = [
            ("total", caps.total, all().map(count).sum::<u64>()),
            ("per_repo", caps.per_repo, all().map(count).sum()),
            ("per_flavor", caps.per_flavor, of_flavor.map(count).sum()),
        ];
        for (key, cap, kept) in room {
            if let Some(cap) = cap.filter(|cap| kept > u64::from(*cap)) {
                let what = format!(
                    "{kept} runners are to be kept ready, and `caps.{key}` allows {cap} HF jobs\nkeep fewer, or raise the cap"
                );
                let place = pool.labels.first().map(Word::place).unwrap_or_default();
                return Err(Flaw::at(place, &what));
            }
        }
        Ok(())
    }

    fn check_hook(&self, hook: &Hook) -> Result<(), Flaw> {
        let on = hook.on.as_str();
        let repos = self.scenario.world.github.repos.iter();
        let mut known: Vec<&str> = repos.map(|repo| repo.name.0.as_str()).collect();
        let owners: Vec<&str> = known
            .iter()
            .filter_map(|repo| repo.split('/').next())
            .collect();
        known.extend(owners);
        known.dedup();
        if known.iter().any(|name| name.eq_ignore_ascii_case(on)) {
            return Ok(());
        }
        let what = words::unknown("owner of a hook", on, &known);
        Err(Flaw::at(hook.on.place(), &what))
    }

    fn check_pool(&self, pool: &WarmPool, others: &[WarmPool]) -> Result<(), Flaw> {
        let set = |pool: &WarmPool| label_set(pool.labels.iter().map(Word::as_str));
        let labels = set(pool);
        // A pool without a label was refused when it was read.
        let place = pool.labels.first().map(Word::place).unwrap_or_default();
        if others.iter().any(|other| set(other) == labels) {
            let what = "there is a pool of these labels already\nadd the counts up";
            return Err(Flaw::at(place, what));
        }
        let rules = self.scenario.world.dispatcher.rules.as_deref();
        if flavor_of(rules, &labels).is_some() {
            return Ok(());
        }
        let words: Vec<&str> = labels.iter().map(String::as_str).collect();
        let help = match rules {
            Some(_) => "name labels that one of `world.dispatcher.rules` serves",
            None => {
                "name a label of the convention, such as `hf-jobs-cpu-basic`, or say what is served in `world.dispatcher.rules`"
            }
        };
        let what = format!(
            "no job with the labels `{}` is served, so no runner waits for one\n{help}",
            words.join(", ")
        );
        Err(Flaw::at(place, &what))
    }
}
