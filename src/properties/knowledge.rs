//! What the dispatcher had been told, truthfully, of each job: by a delivery that it acknowledged, or by an answer to a
//! question of its own. Only what it knew is charged.

use std::collections::{BTreeMap, BTreeSet};

use fakes::{
    history::What,
    ids::{EventId, JobId, RunId},
};

use super::ledger::{CallLife, Kinds, Ledger, Moment, Numbered, moment};

/// Jobs of a run that one page of a listing surely shows.
const PAGE: usize = 30;

/// What one can hear of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It waits for an approval.
    Waiting,
    /// It wants a runner.
    Queued,
    /// It runs.
    Started,
    /// It is over.
    Over,
}

/// A piece of news that reached the dispatcher.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// When.
    pub at: Moment,
    /// What.
    pub news: News,
    /// True if a delivery brought it, false if a call of its own did.
    pub by_delivery: bool,
}

/// What the dispatcher heard, job by job, in the order it heard it.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    by_job: Numbered<JobId, Vec<Heard>>,
}

impl Knowledge {
    /// Reads what a history told its dispatcher.
    #[must_use]
    pub fn read(ledger: &Ledger<'_>) -> Self {
        let mut reader = Reader {
            ledger,
            truth: Numbered::default(),
            untold: BTreeMap::new(),
            knowledge: Self::default(),
        };
        for event in ledger.only(Kinds::LIVES | Kinds::DELIVERED | Kinds::ANSWERED) {
            reader.enter(event.id, &event.event, moment(event));
        }
        reader.knowledge
    }

    /// When the dispatcher had first heard, before an event, that a job is over. What it was told by a delivery it keeps
    /// over a restart; of calls it knows what was answered since it `started`.
    #[must_use]
    pub fn over(&self, job: JobId, before: EventId, started: EventId) -> Option<Moment> {
        let heard = self.by_job.get(&job)?.iter();
        let over = heard.filter(|heard| heard.news == News::Over && heard.at.event < before);
        over.filter(|heard| heard.by_delivery || heard.at.event > started)
            .map(|heard| heard.at)
            .next()
    }

    /// The last it had heard of a job before an event.
    #[must_use]
    pub fn last(&self, job: JobId, before: EventId) -> Option<Heard> {
        let heard = self.by_job.get(&job)?;
        let at = heard.partition_point(|heard| heard.at.event < before);
        heard.get(at.checked_sub(1)?).copied()
    }
}

struct Reader<'l, 'a> {
    ledger: &'l Ledger<'a>,
    truth: Numbered<JobId, News>,
    /// Jobs of which something is true that no listing of their run has shown.
    untold: BTreeMap<RunId, BTreeSet<JobId>>,
    knowledge: Knowledge,
}

impl Reader<'_, '_> {
    fn enter(&mut self, id: EventId, event: &What, at: Moment) {
        match event {
            What::JobQueued { job, .. } | What::JobDispatchable { job } => {
                self.true_now(*job, News::Queued);
            }
            What::JobWaiting { job, .. } => self.true_now(*job, News::Waiting),
            What::JobStarted { job, .. } => self.true_now(*job, News::Started),
            What::JobCompleted { job, .. } => self.true_now(*job, News::Over),
            What::DeliveryAnswered {
                delivery,
                job: Some(job),
                ..
            } => {
                let Some(entry) = self.ledger.deliveries.get(delivery) else {
                    return;
                };
                let heard = entry
                    .accepted()
                    .is_some_and(|accepted| accepted.event == id);
                let news = match entry.action {
                    Some("waiting") => News::Waiting,
                    Some("queued") => News::Queued,
                    Some("in_progress") => News::Started,
                    Some("completed") => News::Over,
                    _ => return,
                };
                if heard && entry.genuine() {
                    self.hear(*job, at, news, true);
                }
            }
            What::CallAnswered {
                call,
                status: 200..300,
                ..
            } => {
                if let Some(call) = self.ledger.calls.get(call) {
                    self.answered(call, at);
                }
            }
            _ => {}
        }
    }

    fn true_now(&mut self, job: JobId, news: News) {
        self.truth.insert(job, news);
        if let Some(life) = self.ledger.jobs.get(&job) {
            self.untold.entry(life.run).or_default().insert(job);
        }
    }

    fn answered(&mut self, call: &CallLife<'_>, at: Moment) {
        let Some(about) = call.about else { return };
        let lied = |job: JobId| call.false_of.iter().any(|lie| lie.job == Some(job));
        match call.name {
            "github.get-job" => {
                let truth = about
                    .job
                    .and_then(|job| Some((job, *self.truth.get(&job)?)));
                if let Some((job, news)) = truth.filter(|(job, _)| !lied(*job)) {
                    self.hear(job, at, news, false);
                }
            }
            "github.list-run-jobs" | "github.list-run-attempt-jobs" => {
                let Some(run) = about.run else { return };
                let shown = self
                    .ledger
                    .runs
                    .get(&run)
                    .is_some_and(|jobs| jobs.len() <= PAGE);
                let untold = self.untold.get_mut(&run).filter(|_| shown);
                let Some(untold) = untold.map(std::mem::take) else {
                    return;
                };
                for job in untold {
                    match self.truth.get(&job).copied() {
                        Some(news) if !lied(job) => self.hear(job, at, news, false),
                        Some(_) | None => {
                            self.untold.entry(run).or_default().insert(job);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, job: JobId, at: Moment, news: News, by_delivery: bool) {
        let heard = Heard {
            at,
            news,
            by_delivery,
        };
        let by_job = &mut self.knowledge.by_job;
        match by_job.get_mut(&job) {
            Some(known) => known.push(heard),
            None => by_job.insert(job, vec![heard]),
        }
    }
}
