//! at-most-one (I3): no more HF jobs than jobs and spent HF jobs explain, lane by lane. Duplicates, redeliveries, lost answers and
//! crashes are no explanation, and neither is an HF job that the dispatcher gave up before it had a chance.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::{Event, Removal, StageCause, What},
    ids::{CallId, HfJobId, JobId, RunnerId},
};

use super::{
    Context, Judgement,
    lanes::{LaneId, Reach},
    ledger::{Moment, ends_hf_job, moment},
    tally::Tally,
};

/// How far apart an ambiguous create and two listings must be for a second create.
const LOOKUP_MS: u64 = 60_000;

pub(super) fn judge(context: &Context<'_, '_>) -> Judgement {
    let mut watch = Watch {
        context,
        lanes: BTreeMap::new(),
        flavors: BTreeMap::new(),
        jobs: BTreeSet::new(),
        spent: BTreeSet::new(),
        lookups: ambiguous(context),
    };
    let mut judgement = Judgement::new("no HF job was created");
    let mut tally = Tally::new(context);
    for event in context.ledger.events {
        tally.enter(event);
        if let What::HfCreated { hf_job, .. } = &event.event {
            judgement.occasion();
            judgement.breach_if(event.id, watch.create(hf_job));
        } else {
            watch.explain(event, &tally);
        }
    }
    judgement
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    created: usize,
    jobs: usize,
    spent: usize,
    lookups: usize,
    warm: usize,
}

impl Count {
    const fn explained(&self) -> usize {
        self.jobs + self.spent + self.lookups + self.warm
    }

    fn too_many(&self, of: impl FnOnce() -> String) -> Option<String> {
        (self.created > self.explained()).then(|| {
            let of = of();
            format!(
                "HF job number {} of {of}: jobs ({}), HF jobs spent unused ({}), look-ups ({}) and the pool ({}) explain only {}",
                self.created, self.jobs, self.spent, self.lookups, self.warm, self.explained()
            )
        })
    }
}

/// How far the look-up of an HF job whose create was not answered has come.
#[derive(Clone, Copy, Debug)]
enum Lookup {
    /// Nothing was listed long enough after this.
    After(u64),
    /// One listing left it out, at this time.
    Once(u64),
    /// Two did: another may be created.
    Done,
}

struct Watch<'c, 'l, 'a> {
    context: &'c Context<'l, 'a>,
    lanes: BTreeMap<LaneId, Count>,
    /// HF jobs that hide their lane are judged with all others of their flavor.
    flavors: BTreeMap<&'a str, Count>,
    jobs: BTreeSet<JobId>,
    spent: BTreeSet<&'a HfJobId>,
    lookups: BTreeMap<&'a HfJobId, Lookup>,
}

/// HF jobs whose create was answered with a failure or not at all, each with the time its caller knew.
fn ambiguous<'a>(context: &Context<'_, 'a>) -> BTreeMap<&'a HfJobId, Lookup> {
    let ledger = context.ledger;
    let lives = ledger.hf_jobs.iter();
    let open = lives.filter_map(|(hf_job, life)| {
        let call = ledger.calls.get(&life.call?).filter(|call| call.failed())?;
        Some((hf_job, Lookup::After(call.over()?.at_ms)))
    });
    open.collect()
}

impl<'a> Watch<'_, '_, 'a> {
    /// Counts an HF job; why it is one too many, if it is.
    fn create(&mut self, hf_job: &'a HfJobId) -> Option<String> {
        let ledger = self.context.ledger;
        let life = ledger.hf_jobs.get(hf_job)?;
        let reach = ledger.lanes.reach(hf_job)?;
        self.add(reach, life.flavor, |count| count.created += 1);
        match reach {
            Reach::Lane(id) => {
                let lane = ledger.lanes.get(id)?;
                let count = self.lanes.entry(id).or_default();
                count.warm = self.context.warm(id);
                count.too_many(|| {
                    let labels: Vec<_> = lane.labels.iter().map(String::as_str).collect();
                    format!("{} {}", lane.place, labels.join(","))
                })
            }
            Reach::Hidden(flavor) => {
                let of_flavor = ledger
                    .lanes
                    .iter()
                    .filter(|(_, lane)| lane.flavor == flavor);
                let warm = of_flavor.map(|(id, _)| self.context.warm(id)).sum();
                let count = self.flavors.entry(flavor).or_default();
                count.warm = warm;
                count.too_many(|| flavor.to_owned())
            }
        }
    }

    fn add(&mut self, reach: Reach<'a>, flavor: &'a str, change: impl Fn(&mut Count)) {
        if let Reach::Lane(id) = reach {
            change(self.lanes.entry(id).or_default());
        }
        change(self.flavors.entry(flavor).or_default());
    }

    /// Counts what explains an HF job more.
    fn explain(&mut self, event: &'a Event, tally: &Tally<'_, 'a>) {
        let ledger = self.context.ledger;
        if let Some((job, runner)) = ledger.works_on(event) {
            self.works(job, runner, event, tally);
        }
        match &event.event {
            What::JobQueued { job, .. } => self.want(*job),
            // GitHub sometimes announces a job as queued that then waits for an approval after all.
            What::DeliveryCreated {
                delivery,
                job: Some(job),
                action: Some(action),
                ..
            } if action == "queued" => {
                let genuine = ledger
                    .deliveries
                    .get(delivery)
                    .is_some_and(super::Delivery::announces);
                if genuine {
                    self.want(*job);
                }
            }
            What::JobTakenBack { runner, .. } => {
                if let Some(hf_job) = ledger.hf_job_of(*runner, event.id) {
                    self.spend(hf_job, false, moment(event), tally);
                }
            }
            What::CallAnswered {
                call,
                status: 200..300,
                ..
            } => {
                self.look_up(*call, moment(event));
                self.removed(event, tally);
            }
            What::RunnerRemoved { .. } | What::RunnerRefused { .. } | What::CallAnswered { .. } => {
                self.removed(event, tally);
            }
            other => {
                if let Some((hf_job, _, cause)) = ends_hf_job(other) {
                    self.spend(hf_job, cause == StageCause::Cancel, moment(event), tally);
                }
            }
        }
    }

    /// An HF job that works on a job that is none of its lane's is spent.
    fn works(&mut self, job: JobId, runner: RunnerId, event: &'a Event, tally: &Tally<'_, 'a>) {
        let ledger = self.context.ledger;
        let hf_job = ledger.hf_job_of(runner, event.id);
        let its = ledger.routed(job).map(|(lane, _)| lane);
        let Some(reach) = hf_job.and_then(|hf_job| ledger.lanes.reach(hf_job)) else {
            return;
        };
        let stolen = its.is_none_or(|lane| !ledger.lanes.serves(reach, lane));
        if let Some(hf_job) = hf_job.filter(|_| stolen) {
            self.spend(hf_job, false, moment(event), tally);
        }
    }

    fn removed(&mut self, event: &'a Event, tally: &Tally<'_, 'a>) {
        let by_dispatcher = match event.event {
            What::RunnerRemoved { why, .. } => why == Removal::Api,
            What::RunnerRefused { .. } => false,
            _ => true,
        };
        if let Some(hf_job) = self.context.ledger.spends(event) {
            self.spend(hf_job, by_dispatcher, moment(event), tally);
        }
    }

    /// Counts a job of a lane, once.
    fn want(&mut self, job: JobId) {
        let ledger = self.context.ledger;
        let Some((lane, life)) = ledger.routed(job).filter(|_| self.jobs.insert(job)) else {
            return;
        };
        if let Some(flavor) = life.flavor {
            self.add(Reach::Lane(lane), flavor, |count| count.jobs += 1);
        }
    }

    /// Counts an HF job that is spent and had no job of its lane, if it explains another.
    fn spend(
        &mut self,
        hf_job: &'a HfJobId,
        by_dispatcher: bool,
        at: Moment,
        tally: &Tally<'_, 'a>,
    ) {
        let ledger = self.context.ledger;
        let (Some(life), Some(reach)) = (ledger.hf_jobs.get(hf_job), ledger.lanes.reach(hf_job))
        else {
            return;
        };
        if ledger.was_of_use(hf_job, at.event) || !self.spent.insert(hf_job) {
            return;
        }
        let any = |is: &dyn Fn(LaneId) -> bool| match reach {
            Reach::Lane(lane) => is(lane),
            Reach::Hidden(flavor) => {
                let mut lanes = ledger.lanes.iter();
                lanes.any(|(id, lane)| lane.flavor == flavor && is(id))
            }
        };
        // Whoever tears down what he has where his access is gone needs it anew when that is back.
        let away = any(&|lane| self.context.turns.is_away(lane, at.event));
        let wanted = away || any(&|lane| self.is_wanted(lane, tally));
        let its_own_doing = by_dispatcher && !away && !life.had_a_chance(self.context.terms, at);
        if wanted && !its_own_doing {
            self.add(reach, life.flavor, |count| count.spent += 1);
        }
    }

    fn is_wanted(&self, lane: LaneId, tally: &Tally<'_, 'a>) -> bool {
        let waiting = tally
            .lane(lane)
            .is_some_and(|lane| !lane.open.is_empty() || !lane.held.is_empty());
        waiting || self.context.warm(lane) > 0
    }

    /// Notes that a listing left out an HF job whose create had not been answered.
    fn look_up(&mut self, call: CallId, at: Moment) {
        let ledger = self.context.ledger;
        let Some(call) = ledger
            .calls
            .get(&call)
            .filter(|call| call.name == "hf.list")
        else {
            return;
        };
        let absent = call.false_of.iter().filter(|lie| lie.shown == "absent");
        for hf_job in absent.filter_map(|lie| lie.hf_job) {
            let Some(lookup) = self.lookups.get_mut(hf_job) else {
                continue;
            };
            let long_after = |since: u64| call.received.at_ms >= since.saturating_add(LOOKUP_MS);
            match *lookup {
                Lookup::After(since) if long_after(since) => *lookup = Lookup::Once(at.at_ms),
                Lookup::Once(since) if long_after(since) => {
                    *lookup = Lookup::Done;
                    let known = ledger.lanes.reach(hf_job).zip(ledger.hf_jobs.get(hf_job));
                    if let Some((reach, life)) = known {
                        self.add(reach, life.flavor, |count| count.lookups += 1);
                    }
                }
                Lookup::After(_) | Lookup::Once(_) | Lookup::Done => {}
            }
        }
    }
}
