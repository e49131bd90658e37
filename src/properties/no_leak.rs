//! no-leak (I7): an HF job that has no work and no reason to live ends within the bound. Work is a job
//! that runs on it. A reason is a queued job of its flavor that no older HF job is there for.

use std::collections::BTreeMap;

use fakes::{
    history::{Event, What},
    ids::{EventId, HfJobId, JobId},
};

use super::{
    Judgement, Terms,
    ledger::{Ledger, ends_hf_job, moment},
};

pub(super) fn judge(ledger: &Ledger<'_>, terms: &Terms) -> Judgement {
    let mut watch = Watch::new(ledger, terms.bounds.reclaimed_within_ms);
    watch.judgement.occasions(ledger.hf_jobs.len());
    for event in ledger.events {
        if watch.enter(event) {
            watch.reconsider(event);
        }
    }
    if let Some(last) = ledger.events.last() {
        watch.reconsider(last);
    }
    if !ledger.settled {
        watch.leave_open();
    }
    watch.judgement
}

/// A live HF job.
struct Alive<'a> {
    flavor: &'a str,
    job: Option<JobId>,
    /// Its runner cannot take a job any more (or never could).
    spent: bool,
    useless_since: Option<(EventId, u64)>,
}

struct Watch<'a> {
    ledger: &'a Ledger<'a>,
    bound_ms: u64,
    queued: BTreeMap<JobId, &'a str>,
    alive: BTreeMap<&'a HfJobId, Alive<'a>>,
    judgement: Judgement,
}

impl<'a> Watch<'a> {
    fn new(ledger: &'a Ledger<'a>, bound_ms: u64) -> Self {
        Self {
            ledger,
            bound_ms,
            queued: BTreeMap::new(),
            alive: BTreeMap::new(),
            judgement: Judgement::new("no HF job was created"),
        }
    }

    /// Takes an event in; true if it may have changed who is useful.
    fn enter(&mut self, event: &'a Event) -> bool {
        match &event.event {
            What::JobQueued { job, .. } => {
                let flavor = self.ledger.jobs.get(job).and_then(|life| life.flavor);
                self.queued.extend(flavor.map(|flavor| (*job, flavor)));
            }
            What::JobStarted { job, runner, .. } => {
                self.queued.remove(job);
                let life = runner.and_then(|runner| self.ledger.runners.get(&runner));
                let hf_job = life.and_then(|life| life.hf_job);
                if let Some(alive) = hf_job.and_then(|hf_job| self.alive.get_mut(hf_job)) {
                    alive.job = Some(*job);
                }
            }
            What::JobCompleted { job, .. } => {
                self.queued.remove(job);
                for alive in self
                    .alive
                    .values_mut()
                    .filter(|alive| alive.job == Some(*job))
                {
                    (alive.job, alive.spent) = (None, true);
                }
            }
            What::HfCreated { hf_job, flavor, .. } => {
                let alive = Alive {
                    flavor,
                    job: None,
                    spent: false,
                    useless_since: None,
                };
                self.alive.insert(hf_job, alive);
            }
            What::RunnerRefused { hf_job, .. } | What::RunnerExited { hf_job, .. } => {
                let Some(alive) = self.alive.get_mut(hf_job) else {
                    return false;
                };
                alive.spent = true;
            }
            other => {
                let Some((hf_job, ..)) = ends_hf_job(other) else {
                    return false;
                };
                let ended = self.alive.remove(hf_job);
                self.check(hf_job, ended.and_then(|alive| alive.useless_since), event);
            }
        }
        true
    }

    /// Decides anew who is useful: the oldest HF jobs of a flavor, as many as jobs are queued for it.
    fn reconsider(&mut self, event: &Event) {
        let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
        for flavor in self.queued.values() {
            *wanted.entry(flavor).or_default() += 1;
        }
        let mut by_age: Vec<_> = self.alive.keys().copied().collect();
        by_age.sort_by_key(|hf_job| {
            self.ledger
                .hf_jobs
                .get(hf_job)
                .map(|life| life.created.event)
        });
        let mut overdue = Vec::new();
        for hf_job in by_age {
            let Some(alive) = self.alive.get_mut(hf_job) else {
                continue;
            };
            let useful =
                alive.job.is_some() || (!alive.spent && take_one(&mut wanted, alive.flavor));
            if useful {
                overdue.extend(alive.useless_since.take().map(|since| (hf_job, since)));
            } else {
                let now = moment(event);
                let since = *alive.useless_since.get_or_insert((now.event, now.at_ms));
                overdue.push((hf_job, since));
            }
        }
        for (hf_job, since) in overdue {
            self.check(hf_job, Some(since), event);
        }
    }

    fn check(&mut self, hf_job: &HfJobId, since: Option<(EventId, u64)>, now: &Event) {
        let Some((from, from_ms)) = since else { return };
        let idle_ms = now.at_ms.saturating_sub(from_ms);
        if idle_ms > self.bound_ms {
            let why = format!(
                "{hf_job} had no work and no reason from {} s on and lived {} s longer, more than {} s",
                from_ms / 1000,
                idle_ms / 1000,
                self.bound_ms / 1000
            );
            self.judgement.breach(from, why);
        }
    }

    /// The run is over before the bound of what lives without work is: nobody knows whether it would have ended.
    fn leave_open(&mut self) {
        for (hf_job, alive) in &self.alive {
            if let Some((from, from_ms)) = alive.useless_since {
                let why = format!(
                    "{hf_job} had no work and no reason from {} s on, and the run ended before its {} s were over",
                    from_ms / 1000,
                    self.bound_ms / 1000
                );
                self.judgement.undecided(from, why);
            }
        }
    }
}

fn take_one(wanted: &mut BTreeMap<&str, usize>, flavor: &str) -> bool {
    match wanted.get_mut(flavor) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}
