//! From the deliveries of a plan to those that the fake GitHub sends.

use std::time::Duration;

use bytes::Bytes;
use fakes::{
    RawDelivery, World,
    history::{Origin, Signed},
    ids::JobId,
    settings::LogStatus,
    tampered,
};
use scenarios::plan::{Deliver, DeliverJob, DeliverRaw, Failed, IT, Redeliver, Signing, Tamper};

/// The deliveries that are sent again.
pub(crate) fn redelivered(
    world: &World,
    redeliver: &Redeliver,
    it: Option<JobId>,
) -> fakes::Redeliver {
    match redeliver {
        Redeliver::Failed => fakes::Redeliver {
            failed: true,
            ..fakes::Redeliver::default()
        },
        Redeliver::Job { job, action } => fakes::Redeliver {
            job: if job == IT {
                it
            } else {
                world.github().job_by_name(job)
            },
            action: Some(action.clone()),
            failed: false,
        },
    }
}

/// What is delivered; nothing if the job is not there.
pub(crate) fn delivery(world: &World, deliver: &Deliver) -> Option<RawDelivery> {
    match deliver {
        Deliver::Raw(raw) => Some(raw_delivery(raw)),
        Deliver::Job(about) => job_delivery(world, about),
    }
}

/// A delivery as it is written.
pub(crate) fn raw_delivery(raw: &DeliverRaw) -> RawDelivery {
    RawDelivery {
        event: raw.event.clone(),
        guid: raw.guid.clone(),
        headers: raw.headers.clone().into_iter().collect(),
        body: sent(&raw.body, raw.tamper),
        signed: signed(raw.sign, raw.tamper),
        origin: match (raw.learn, raw.redelivery) {
            (true, true) => Origin::Repeated,
            (true, false) => Origin::Recorded,
            (false, _) => Origin::Forged,
        },
        learn: raw
            .learn
            .then(|| Bytes::copy_from_slice(raw.body.as_bytes())),
        late: raw.late.map_or(Duration::ZERO, |late| late.0),
        failed: raw.failed.as_ref().map(log_status),
        redelivery: raw.redelivery,
    }
}

/// A failure as the log of deliveries shows it.
fn log_status(failed: &Failed) -> LogStatus {
    LogStatus {
        text: failed.status.clone(),
        code: failed.status_code,
    }
}

/// The event GitHub would send of this job, with a GUID of its own, whatever it believes.
pub(crate) fn job_delivery(world: &World, about: &DeliverJob) -> Option<RawDelivery> {
    let github = world.github();
    let body = github.job_event_body(github.job_by_name(&about.job)?, &about.action)?;
    Some(RawDelivery {
        event: "workflow_job".to_owned(),
        guid: None,
        headers: Vec::new(),
        body: sent(std::str::from_utf8(&body).ok()?, about.tamper),
        signed: signed(about.sign, about.tamper),
        origin: Origin::Forged,
        learn: None,
        late: Duration::ZERO,
        failed: about.failed.as_ref().map(log_status),
        redelivery: false,
    })
}

fn sent(body: &str, tamper: Option<Tamper>) -> Bytes {
    match tamper {
        Some(how) => Bytes::from(tampered(body, how)),
        None => Bytes::copy_from_slice(body.as_bytes()),
    }
}

const fn signed(sign: Signing, tamper: Option<Tamper>) -> Signed {
    match (sign, tamper) {
        (Signing::None, _) => Signed::None,
        (Signing::Wrong, _) => Signed::Wrong,
        (Signing::OldSecret, _) => Signed::OldSecret,
        (Signing::Lab, Some(_)) => Signed::Tampered,
        (Signing::Lab, None) => Signed::Lab,
    }
}
