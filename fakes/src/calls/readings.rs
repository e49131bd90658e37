//! False readings: where an answer that a fault has bent shows a runner, a job or an HF job otherwise than it is.
//!
//! What the dispatcher believes it has from answers. Whether a mistake of it was one, or an honest decision on
//! a false reading, shows in the history only if the reading does.

use std::collections::BTreeMap;

use serde::Deserialize;
use vocabulary::{Call, Is, Shows};

use super::{Api, Calls, Reply, serving::Asked};
use crate::{
    history::What,
    ids::{EventId, HfJobId, JobId, RunnerId},
};

/// How the history calls something that is not there, or is not shown.
const ABSENT: &str = "absent";

/// Something that an answer shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shown {
    Runner(RunnerId),
    Job(JobId),
    HfJob(HfJobId),
}

/// Who a call shows, by the table of calls, and whether it lists many.
fn shows(name: &str) -> Option<(Reads, bool)> {
    let call = Call::named(name)?;
    let reads = match call.shows {
        Shows::Nothing => return None,
        Shows::Runners => Reads::Runners,
        Shows::Jobs => Reads::Jobs,
        Shows::HfJobs => Reads::HfJobs,
    };
    Some((reads, call.is(Is::Lists)))
}

/// Whose state an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Runners,
    Jobs,
    HfJobs,
}

/// How a runner is shown.
pub(crate) fn runner_words(online: bool, busy: bool) -> String {
    let link = if online { "online" } else { "offline" };
    let work = if busy { "busy" } else { "idle" };
    format!("{link} {work}")
}

#[derive(Deserialize)]
struct RunnerItem {
    id: u64,
    status: String,
    busy: bool,
}

#[derive(Deserialize)]
struct JobItem {
    id: u64,
    status: String,
}

#[derive(Deserialize)]
struct HfItem {
    id: String,
    status: HfStatus,
}

#[derive(Deserialize)]
struct HfStatus {
    stage: String,
}

#[derive(Deserialize)]
struct RunnerList {
    runners: Vec<RunnerItem>,
}

#[derive(Deserialize)]
struct JobList {
    jobs: Vec<JobItem>,
}

type Seen = BTreeMap<Shown, String>;

/// What an answer shows, as far as it can be read.
fn seen(reads: Reads, many: bool, body: &[u8]) -> Option<Seen> {
    Some(match (reads, many) {
        (Reads::Runners, true) => {
            let list: RunnerList = serde_json::from_slice(body).ok()?;
            list.runners.into_iter().map(RunnerItem::seen).collect()
        }
        (Reads::Runners, false) => {
            let item: RunnerItem = serde_json::from_slice(body).ok()?;
            Seen::from([item.seen()])
        }
        (Reads::Jobs, true) => {
            let list: JobList = serde_json::from_slice(body).ok()?;
            list.jobs.into_iter().map(JobItem::seen).collect()
        }
        (Reads::Jobs, false) => {
            let item: JobItem = serde_json::from_slice(body).ok()?;
            Seen::from([item.seen()])
        }
        (Reads::HfJobs, true) => {
            let list: Vec<HfItem> = serde_json::from_slice(body).ok()?;
            list.into_iter().map(HfItem::seen).collect()
        }
        (Reads::HfJobs, false) => {
            let item: HfItem = serde_json::from_slice(body).ok()?;
            Seen::from([item.seen()])
        }
    })
}

impl RunnerItem {
    fn seen(self) -> (Shown, String) {
        let words = runner_words(self.status == "online", self.busy);
        (Shown::Runner(RunnerId(self.id)), words)
    }
}

impl JobItem {
    fn seen(self) -> (Shown, String) {
        (Shown::Job(JobId(self.id)), self.status)
    }
}

impl HfItem {
    fn seen(self) -> (Shown, String) {
        (Shown::HfJob(HfJobId(self.id)), self.status.stage)
    }
}

fn is_one_of_pages(reply: &Reply) -> bool {
    reply.headers.iter().any(|(name, _)| name == "link")
}

impl Calls {
    /// Records where a bent answer that leaves now is false.
    pub(super) fn note_false_readings<A: Api>(
        &self,
        api: &A,
        asked: &Asked<A>,
        reply: &Reply,
        because: EventId,
    ) {
        let Some((reads, many)) = shows(asked.about.name) else {
            return;
        };
        if !many && reply.status == 404 {
            self.note_denied(api, asked, reads, because);
            return;
        }
        if reply.status != 200 {
            return;
        }
        let Some(shown) = seen(reads, many, &reply.body) else {
            return;
        };
        for (entity, words) in &shown {
            let truth = api.stands(entity).unwrap_or_else(|| ABSENT.to_owned());
            if *words != truth {
                self.note(asked, entity, words, &truth, because);
            }
        }
        if many {
            self.note_left_out(api, asked, reads, (reply, &shown), because);
        }
    }

    /// What the honest answer of now lists and this one does not. Of a listing in pages that is answered as of
    /// earlier nothing is known to be missing: it may be on another page.
    fn note_left_out<A: Api>(
        &self,
        api: &A,
        asked: &Asked<A>,
        reads: Reads,
        (reply, shown): (&Reply, &Seen),
        because: EventId,
    ) {
        let Asked {
            endpoint,
            auth,
            request,
            context,
            ..
        } = asked;
        let Some(honest) = api.truth(endpoint, auth, request, *context) else {
            return;
        };
        let in_pages = is_one_of_pages(reply) || is_one_of_pages(&honest);
        if in_pages && context.as_of_ms.is_some() {
            return;
        }
        for (entity, truth) in seen(reads, true, &honest.body).unwrap_or_default() {
            if !shown.contains_key(&entity) {
                self.note(asked, &entity, ABSENT, &truth, because);
            }
        }
    }

    /// The call asked for one thing and was told that there is none.
    fn note_denied<A: Api>(&self, api: &A, asked: &Asked<A>, reads: Reads, because: EventId) {
        let about = &asked.about;
        let entity = match reads {
            Reads::Runners => about.runner.map(Shown::Runner),
            Reads::Jobs => about.job.as_ref().map(|(job, _)| Shown::Job(*job)),
            Reads::HfJobs => about.hf_job.clone().map(Shown::HfJob),
        };
        let Some(entity) = entity else { return };
        // What this caller may not see is not there for it.
        let Asked {
            endpoint,
            auth,
            request,
            context,
            ..
        } = asked;
        let honest = api.truth(endpoint, auth, request, *context);
        if honest.is_none_or(|honest| honest.status != 200) {
            return;
        }
        if let Some(truth) = api.stands(&entity) {
            self.note(asked, &entity, ABSENT, &truth, because);
        }
    }

    fn note<A: Api>(
        &self,
        asked: &Asked<A>,
        entity: &Shown,
        shown: &str,
        truth: &str,
        because: EventId,
    ) {
        let (mut job, mut runner, mut hf_job) = (None, None, None);
        match entity {
            Shown::Job(id) => job = Some(*id),
            Shown::Runner(id) => runner = Some(*id),
            Shown::HfJob(id) => hf_job = Some(id.clone()),
        }
        self.history.record(
            Some(because),
            What::ReadingFalse {
                call: asked.context.call,
                job,
                runner,
                hf_job,
                shown: shown.to_owned(),
                truth: truth.to_owned(),
            },
        );
    }
}
