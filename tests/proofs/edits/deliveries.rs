//! Wrong edits about deliveries: how they are answered, and what the answers claim.

use fakes::{
    history::{Lost, Origin, Signed, What},
    ids::DeliveryId,
};

use super::{
    Edit, Scene,
    tape::{HOUR, Tape},
};

const QUEUED: (&str, Option<&str>) = ("workflow_job", Some("queued"));

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "signature",
        "a foreign signature is answered 200",
        Scene::Plain,
        |tape| bad(tape, Signed::Wrong, 200),
    ),
    Edit::of(
        "signature",
        "no signature is answered 202",
        Scene::Plain,
        |tape| bad(tape, Signed::None, 202),
    ),
    Edit::of(
        "signature",
        "a changed body is answered 200",
        Scene::Plain,
        |tape| bad(tape, Signed::Tampered, 200),
    ),
    Edit::of(
        "signature",
        "a foreign signature is answered 404",
        Scene::Plain,
        |tape| bad(tape, Signed::Wrong, 404),
    ),
    Edit::of(
        "signature",
        "a good signature is answered 401",
        Scene::Plain,
        |tape| status(tape, 401),
    ),
    Edit::of(
        "signature",
        "a good signature is answered 403",
        Scene::Plain,
        |tape| status(tape, 403),
    ),
    Edit::of(
        "signature",
        "an old secret is good for ever",
        Scene::Rotate,
        |tape| {
            let place = tape.find(|what| matches!(what, What::HookSecretRotated { .. }))?;
            let at = tape.events[place].at_ms + HOUR;
            tape.deliver(at, QUEUED, None, (Origin::Emitted, Signed::OldSecret), 200);
            Some(())
        },
    ),
    Edit::of("fast-ack", "a delivery times out", Scene::Plain, |tape| {
        lost(tape, Lost::TimedOut)
    }),
    Edit::of(
        "fast-ack",
        "a delivery's connection breaks",
        Scene::Plain,
        |tape| lost(tape, Lost::Reset),
    ),
    Edit::of(
        "fast-ack",
        "a delivery is refused a connection",
        Scene::Plain,
        |tape| lost(tape, Lost::Refused),
    ),
    Edit::of(
        "fast-ack",
        "a delivery is answered after eleven seconds",
        Scene::Plain,
        |tape| {
            let place = answered(tape)?;
            let What::DeliveryAnswered { took_ms, .. } = &mut tape.events[place].event else {
                return None;
            };
            *took_ms = 11_000;
            Some(())
        },
    ),
    Edit::of(
        "fast-ack",
        "a delivery is answered 500",
        Scene::Plain,
        |tape| status(tape, 500),
    ),
    Edit::of(
        "fast-ack",
        "a delivery is answered 503",
        Scene::Plain,
        |tape| status(tape, 503),
    ),
    Edit::of(
        "fast-ack",
        "a delivery is answered 404",
        Scene::Plain,
        |tape| status(tape, 404),
    ),
    Edit::of(
        "tolerant-parse",
        "a forged payload is answered 500",
        Scene::Plain,
        |tape| {
            tape.deliver(tape.end(), QUEUED, None, (Origin::Forged, Signed::Lab), 500);
            Some(())
        },
    ),
    Edit::of(
        "tolerant-parse",
        "a recorded payload is answered 502",
        Scene::Plain,
        |tape| {
            tape.deliver(
                tape.end(),
                QUEUED,
                None,
                (Origin::Recorded, Signed::Lab),
                502,
            );
            Some(())
        },
    ),
    Edit::of(
        "tolerant-parse",
        "a push is answered 500",
        Scene::Plain,
        |tape| {
            tape.deliver(
                tape.end(),
                ("push", None),
                None,
                (Origin::Emitted, Signed::Lab),
                500,
            );
            Some(())
        },
    ),
    Edit::of(
        "tolerant-parse",
        "a forged payload breaks the connection",
        Scene::Plain,
        |tape| {
            let at = tape.end();
            let delivery = tape.send(at, QUEUED, None, (Origin::Forged, Signed::Lab));
            let lost = What::DeliveryLost {
                delivery,
                job: None,
                why: Lost::Reset,
                logged: true,
                seen: None,
            };
            tape.add(at + 5, lost);
            Some(())
        },
    ),
    Edit::of(
        "tolerant-parse",
        "after an odd payload the next delivery is not answered",
        Scene::Plain,
        |tape| {
            let place = answered(tape)?;
            let What::DeliveryAnswered { delivery, .. } = &tape.events[place].event else {
                return None;
            };
            let sent = sent_at(tape, *delivery)?;
            lost(tape, Lost::TimedOut)?;
            tape.deliver(
                sent.saturating_sub(20),
                ("push", None),
                None,
                (Origin::Emitted, Signed::Lab),
                200,
            );
            Some(())
        },
    ),
    Edit::of(
        "truthful",
        "an HF job is claimed that never was",
        Scene::Plain,
        |tape| {
            claim(tape, |_| {
                r#"{"hf_job_id":"0123456789abcdef01234567"}"#.to_owned()
            })
        },
    ),
    Edit::of(
        "truthful",
        "an HF job is claimed to be on another flavor",
        Scene::Plain,
        |tape| {
            claim(tape, |id| {
                format!(r#"{{"hf_job_id":"{id}","flavor":"h200"}}"#)
            })
        },
    ),
    Edit::of(
        "truthful",
        "an HF job is claimed to serve another label",
        Scene::Plain,
        |tape| {
            claim(tape, |id| {
                format!(r#"{{"hf_job_id":"{id}","label":"hf-jobs-h200"}}"#)
            })
        },
    ),
    Edit::of(
        "truthful",
        "a cancel is claimed that HF never took",
        Scene::Plain,
        |tape| {
            let hf = tape.worked()?;
            let place = tape.events.iter().position(|event| {
                event.at_ms > hf.online.unwrap_or(0)
                    && hf.ended.is_some_and(|ended| event.at_ms < ended)
                    && matches!(event.event, What::DeliveryAnswered { .. })
            })?;
            let What::DeliveryAnswered { body, .. } = &mut tape.events[place].event else {
                return None;
            };
            *body = Some(format!(r#"{{"cancelled_hf_job_id":"{}"}}"#, hf.id.0));
            Some(())
        },
    ),
    Edit::of(
        "truthful",
        "an HF job is claimed before it was created",
        Scene::Plain,
        |tape| {
            let id = tape.worked()?.id;
            let place = tape
                .events
                .iter()
                .position(|event| matches!(event.event, What::DeliveryAnswered { .. }))?;
            let What::DeliveryAnswered { body, .. } = &mut tape.events[place].event else {
                return None;
            };
            *body = Some(format!(r#"{{"hf_job_id":"{}"}}"#, id.0));
            Some(())
        },
    ),
];

/// A delivery with such a signature, and its answer.
fn bad(tape: &mut Tape<'_>, signed: Signed, status: u16) -> Option<()> {
    tape.deliver(tape.end(), QUEUED, None, (Origin::Emitted, signed), status);
    Some(())
}

/// The answer to some delivery of GitHub's own.
fn answered(tape: &Tape<'_>) -> Option<usize> {
    let real: Vec<DeliveryId> = tape
        .events
        .iter()
        .filter_map(|event| match &event.event {
            What::DeliveryCreated {
                delivery,
                origin: Origin::Emitted,
                signed: Signed::Lab,
                ..
            } => Some(*delivery),
            _ => None,
        })
        .collect();
    tape.find(
        |what| matches!(what, What::DeliveryAnswered { delivery, .. } if real.contains(delivery)),
    )
}

fn sent_at(tape: &Tape<'_>, of: DeliveryId) -> Option<u64> {
    let mut events = tape.events.iter();
    let sent = events.find(
        |event| matches!(&event.event, What::DeliverySent { delivery, .. } if *delivery == of),
    )?;
    Some(sent.at_ms)
}

fn status(tape: &mut Tape<'_>, to: u16) -> Option<()> {
    let place = answered(tape)?;
    let What::DeliveryAnswered { status, body, .. } = &mut tape.events[place].event else {
        return None;
    };
    *status = to;
    *body = None;
    Some(())
}

fn lost(tape: &mut Tape<'_>, why: Lost) -> Option<()> {
    let place = answered(tape)?;
    let What::DeliveryAnswered { delivery, job, .. } = tape.events[place].event else {
        return None;
    };
    tape.events[place].event = What::DeliveryLost {
        delivery,
        job,
        why,
        logged: true,
        seen: None,
    };
    Some(())
}

/// The answer to a delivery that came after an HF job was created claims something of it.
fn claim(tape: &mut Tape<'_>, claims: fn(&str) -> String) -> Option<()> {
    let hf = tape.worked()?;
    let after = tape.events.iter().position(
        |event| matches!(&event.event, What::HfCreated { hf_job, .. } if *hf_job == hf.id),
    )?;
    let events = tape.events.iter_mut().skip(after);
    let mut bodies = events.filter_map(|event| match &mut event.event {
        What::DeliveryAnswered {
            status: 200..300,
            body,
            ..
        } => Some(body),
        _ => None,
    });
    *bodies.next()? = Some(claims(&hf.id.0));
    Some(())
}
