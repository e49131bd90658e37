//! Wrong edits about recorded jobs, for which an HF job has to idle in time, since only their recording starts them; and a
//! harmless one.

use super::{
    Edit, Scene,
    tape::{HOUR, Hf, Job, MINUTE, Tape},
};

pub(super) const WRONG: &[Edit] = &[
    Edit::of(
        "served-or-told",
        "the HF job that idled for a recorded job never was",
        Scene::Recorded,
        never_idles,
    ),
    Edit::of(
        "served-or-told",
        "the HF job that idles for a recorded job comes after the bound",
        Scene::Recorded,
        idles_late,
    ),
    Edit::of(
        "served-or-told",
        "of two recorded jobs one has no HF job that idles",
        Scene::RecordedPair,
        never_idles,
    ),
    Edit::of(
        "supply-covers-demand",
        "the HF job that idled for a recorded job never was",
        Scene::Recorded,
        never_idles,
    ),
    Edit::of(
        "supply-covers-demand",
        "the HF job that idles for a recorded job comes after the bound",
        Scene::Recorded,
        idles_late,
    ),
    Edit::of(
        "supply-covers-demand",
        "of two recorded jobs one has no HF job that idles",
        Scene::RecordedPair,
        never_idles,
    ),
];

/// A recorded job, and an HF job that idled until it started or longer.
fn idle(tape: &Tape<'_>) -> Option<(Job, Hf)> {
    let recorded = tape.recorded();
    let jobs = tape.jobs().into_iter();
    let pairs = jobs
        .filter(|job| recorded.contains(&job.id))
        .flat_map(|job| tape.hf_jobs().into_iter().map(move |hf| (job.clone(), hf)));
    let idles = |(job, hf): &(Job, Hf)| {
        let over = job.started.or(job.completed);
        let is_there = hf.online.zip(over).is_some_and(|(online, over)| {
            online < over && hf.ended.is_none_or(|ended| ended > over)
        });
        let is_its_lane = hf.repo.as_ref() == Some(&job.repo) && hf.labels == job.labels;
        is_there && is_its_lane && hf.assigned.is_none()
    };
    tape.pick(pairs.filter(idles).collect())
}

fn never_idles(tape: &mut Tape<'_>) -> Option<()> {
    let (job, hf) = idle(tape)?;
    tape.never_was(&hf.id)?;
    tape.until(job.announced + 2 * HOUR);
    Some(())
}

fn idles_late(tape: &mut Tape<'_>) -> Option<()> {
    let (job, hf) = idle(tape)?;
    tape.never_was(&hf.id)?;
    let at = job.announced + tape.served_within() + MINUTE;
    let late = tape.create(at, &job);
    tape.comes_up(at + MINUTE, &late);
    tape.until(job.announced + 2 * HOUR);
    Some(())
}

/// The recording starts a job an hour later, for which an HF job idles all the while.
pub(super) fn starts_later(tape: &mut Tape<'_>) -> Option<()> {
    let (job, _) = idle(tape)?;
    tape.postpone(job.started?, HOUR);
    Some(())
}
