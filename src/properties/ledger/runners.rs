//! The life of a runner's record at GitHub, and the HF jobs it ran in.

use std::collections::BTreeMap;

use fakes::{
    history::{Event, Removal, What},
    ids::{CallId, EventId, HfJobId, RunnerId},
};

use super::{Ledger, Moment, call_of, moment};

/// The life of a runner record.
#[derive(Clone, Debug)]
pub struct RunnerLife<'a> {
    /// Its name.
    pub name: &'a str,
    /// The repository or organisation it serves.
    pub repo: &'a str,
    /// Its labels.
    pub labels: &'a [String],
    /// When GitHub had a record of it.
    pub created: Moment,
    /// The dispatcher's call that minted it, if one did.
    pub minted_by: Option<CallId>,
    /// When it first listened for work.
    pub online: Option<Moment>,
    /// When and why its record was gone.
    pub removed: Option<(Moment, Removal)>,
    /// The HF job it runs in: the one it came online in, or the one that was given its name.
    pub hf_job: Option<&'a HfJobId>,
    /// Each time it came online, and in which HF job.
    homes: Vec<(Moment, Option<&'a HfJobId>)>,
    /// HF jobs that were given its name, each with its creation, in order.
    namesakes: Vec<(Moment, &'a HfJobId)>,
}

impl<'a> RunnerLife<'a> {
    /// The HF job it ran in at this event: the one it had come online in last; before that, the one that had last been given
    /// its name.
    #[must_use]
    pub fn hf_job_at(&self, by: EventId) -> Option<&'a HfJobId> {
        let mut homes = self.homes.iter().rev();
        if let Some((_, hf_job)) = homes.find(|(online, _)| online.event <= by) {
            return *hf_job;
        }
        let mut namesakes = self.namesakes.iter().rev();
        let named = namesakes.find(|(created, _)| created.event <= by);
        named.map(|(_, hf_job)| *hf_job)
    }

    /// The HF jobs it ran in, one after the other, each from when on.
    pub(super) fn hf_jobs(&self) -> Vec<(Moment, Option<&'a HfJobId>)> {
        let first = self.homes.first().map(|(online, _)| online.event);
        let named = self.namesakes.iter();
        let before = named.filter(|(at, _)| first.is_none_or(|first| at.event < first));
        let before = before.map(|(at, hf_job)| (*at, Some(*hf_job)));
        before.chain(self.homes.iter().copied()).collect()
    }
}

impl<'a> Ledger<'a> {
    /// The HF job that a runner ran in at this event.
    #[must_use]
    pub fn hf_job_of(&self, runner: RunnerId, by: EventId) -> Option<&'a HfJobId> {
        self.runners.get(&runner)?.hf_job_at(by)
    }

    pub(super) fn enter_runner(&mut self, event: &'a Event) {
        match &event.event {
            What::RunnerCreated {
                runner,
                name,
                repo,
                labels,
            } => {
                let life = RunnerLife {
                    name,
                    repo,
                    labels,
                    created: moment(event),
                    minted_by: event
                        .because
                        .and_then(|cause| call_of(&self.event(cause)?.event)),
                    online: None,
                    removed: None,
                    hf_job: None,
                    homes: Vec::new(),
                    namesakes: Vec::new(),
                };
                self.runners.insert(*runner, life);
            }
            What::RunnerOnline { runner, hf_job, .. } => {
                if let Some(life) = self.runners.get_mut(runner) {
                    life.online.get_or_insert(moment(event));
                    life.hf_job = hf_job.as_ref();
                    life.homes.push((moment(event), hf_job.as_ref()));
                }
            }
            What::RunnerRemoved { runner, why } => {
                if let Some(life) = self.runners.get_mut(runner) {
                    life.removed.get_or_insert((moment(event), *why));
                }
            }
            _ => {}
        }
    }

    /// A runner that never came online is known by the name its HF job was given.
    pub(super) fn name_runners(&mut self) {
        let mut given: BTreeMap<(&str, &str), Vec<(Moment, &'a HfJobId)>> = BTreeMap::new();
        for (hf_job, life) in self.hf_jobs.iter() {
            if let (Some(repo), Some(name)) = (life.repo, life.runner_name) {
                let named = given.entry((self.lanes.place(repo), name)).or_default();
                named.push((life.created, hf_job));
            }
        }
        for named in given.values_mut() {
            named.sort_unstable_by_key(|(created, _)| created.event);
        }
        let lanes = &self.lanes;
        for life in self.runners.values_mut() {
            let place = lanes.place(life.repo);
            let named = given.get(&(place, life.name));
            life.namesakes = named.cloned().unwrap_or_default();
            let last = life.namesakes.last().map(|(_, hf_job)| *hf_job);
            life.hf_job = life.hf_job.or(last);
        }
    }
}
