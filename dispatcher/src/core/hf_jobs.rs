//! The list of our HF jobs: what runs at the Hub, and what runs there that no live launch knows.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later},
    message::{Command, Failure, HfJob, Stage},
    model::{CredentialKind, HfJobId, Lane, Launch, LaunchId, Live, Repo, State, Trust},
};

/// Between two lists while there is a reason to hurry.
const STARVED_POLL: Duration = Duration::from_secs(15);
/// While every HF job of ours is at work, they are listed so many times less often.
const STEADY: u32 = 6;
/// How long a stray HF job gets until it is doubted.
const STRAY_DEADLINE: Duration = Duration::from_secs(30);

/// When the list is due, and whether there has been one.
#[derive(Debug, Default)]
pub(super) struct HfPoll {
    /// The Hub has told once what is running, so that a restart does not launch it again.
    pub(super) adopted: bool,
    listed_at: Option<Timestamp>,
    listing: bool,
}

impl Core {
    /// Lists our HF jobs: at the start, and while any launch is alive.
    pub(super) fn poll_hf(&mut self, now: Timestamp) {
        if self.hf_poll.listing {
            return;
        }
        let due_at = match self.hf_poll.listed_at {
            None => now,
            Some(at) => {
                let every = match self.launches.with_hf_job() {
                    _ if !self.hf_poll.adopted => STARVED_POLL,
                    0 => return,
                    // While caps keep jobs waiting, a freed slot should be noticed soon.
                    _ if !self.starved.is_empty() => STARVED_POLL,
                    _ if self.launches.unsteady() == 0 => self.settings.hf_poll * STEADY,
                    _ => self.settings.hf_poll,
                };
                later(at, every)
            }
        };
        if self.due(now, due_at) {
            self.hf_poll.listing = true;
            self.hf_poll.listed_at = Some(now);
            self.calls.push(Command::ListHfJobs);
        }
    }

    pub(super) fn hf_listed(
        &mut self,
        now: Timestamp,
        asked_at: Timestamp,
        answer: Result<Vec<HfJob>, Failure>,
    ) {
        self.hf_poll.listing = false;
        let Ok(list) = answer else { return };
        if !self.hf_poll.adopted {
            self.hf_poll.adopted = true;
            // They may have waited for this.
            let lanes = self.lanes.iter().map(|(lane, _)| lane.clone());
            self.touched.lanes.extend(lanes);
        }
        for hf_job in &list {
            self.see_hf_job(now, hf_job);
        }
        let listed: BTreeSet<&HfJobId> = list.iter().map(|seen| &seen.id).collect();
        let missing: Vec<(LaunchId, bool)> = self
            .launches
            .iter()
            .filter(|(_, launch)| {
                launch.created_at.is_some_and(|at| at < asked_at) && !launch.live.hf_over
            })
            .filter(|(_, launch)| launch.hf_job.as_ref().is_none_or(|id| !listed.contains(id)))
            .map(|(id, launch)| (id.clone(), launch.is_done()))
            .collect();
        // A list that lacks a job proves nothing, unless GitHub has said as well that the work is done. Should
        // the HF job be alive after all, a later list shows a stray.
        for (id, done) in missing {
            if done {
                self.hf_over(now, &id, "no longer listed");
            } else {
                self.inspect(&id);
            }
        }
    }

    fn see_hf_job(&mut self, now: Timestamp, seen: &HfJob) {
        if matches!(seen.stage, Stage::Over(_)) {
            return;
        }
        let holder = self.launches.of_hf_job(&seen.id).next().cloned();
        if let Some(id) = holder {
            self.sees_running(&id, seen.stage);
            return;
        }
        let tagged = seen.launch.as_ref().and_then(|id| self.launches.get(id));
        if let (Some(id), Some(launch)) = (&seen.launch, tagged)
            && launch.hf_job.is_none()
        {
            let waits = matches!(launch.state, State::Creating { .. });
            let retires = matches!(launch.state, State::Retiring { .. });
            let (calling, id) = (launch.live.calling, id.clone());
            if waits && !calling {
                self.boots(now, &id, seen.id.clone());
            } else if retires {
                self.change(&id, |launch| launch.hf_job = Some(seen.id.clone()));
            }
            return;
        }
        if !self.just_ended(now, &seen.id) {
            self.adopt_stray(now, seen);
        }
    }

    /// The Hub shows the HF job of this launch.
    pub(super) fn sees_running(&mut self, id: &LaunchId, stage: Stage) {
        let news = |launch: &&Launch| stage == Stage::Running && !launch.live.running;
        if self.launches.get(id).filter(news).is_some() {
            self.with_launch(id, |launch| launch.live.running = true);
        }
    }

    /// Takes in an HF job of ours that no live launch knows. It is supply like any other: it serves a queued job,
    /// or it is found surplus and goes the usual way out, runner record first.
    fn adopt_stray(&mut self, now: Timestamp, seen: &HfJob) {
        let text = |key: &str| seen.environment.get(key).cloned();
        let (Some(repo), Some(name), Some(label), Some(runner)) = (
            seen.repo,
            text("GH_REPO"),
            text("RUNNER_LABELS"),
            text("RUNNER_NAME"),
        ) else {
            tracing::warn!(hf_job = %seen.id, "an HF job carries our tag but does not name its repository; left alone");
            return;
        };
        let known =
            |id: &&LaunchId| self.launches.contains_key(*id) || self.ended.contains_key(*id);
        let id = match &seen.launch {
            Some(id) if !known(&id) => id.clone(),
            _ => LaunchId(seen.id.0.clone()),
        };
        tracing::info!(hf_job = %seen.id, launch = %id, runner, "adopting an HF job");
        if !self.repos.contains_key(&repo) {
            self.insert_repo(repo, Repo::new(name, Trust::Unknown(now)));
        }
        self.dirty.insert(Dirty::Repo(repo));
        let deadline = later(now, STRAY_DEADLINE);
        let launch = Launch {
            lane: Lane { repo, label },
            runner,
            credential: CredentialKind::RegistrationToken,
            runner_id: None,
            hf_job: Some(seen.id.clone()),
            state: State::Booting { deadline },
            intended_at: now,
            minted_at: None,
            valid_until: None,
            created_at: Some(now),
            mints: 0,
            creates: 0,
            ran: false,
            vanished_at: None,
            reason: "adopted".to_owned(),
            live: Live {
                running: seen.stage == Stage::Running,
                ..Live::default()
            },
        };
        self.ended.remove(&id);
        self.insert_launch(id.clone(), launch);
        self.dirty.insert(Dirty::Launch(id));
    }
}
