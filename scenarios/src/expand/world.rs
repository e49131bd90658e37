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
