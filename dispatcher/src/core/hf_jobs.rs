//! The list of our HF jobs: what runs at the Hub, and what runs there that no live launch knows.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    engine::{Core, Dirty, later},
    message::{Command, Failure, HfJob, Stage},
    model::{CredentialKind, Lane, Launch, LaunchId, Live, Repo, State, Trust},
};

/// While caps keep jobs waiting, a freed slot should be noticed soon.
const STARVED_POLL: Duration = Duration::from_secs(15);
/// How long a stray HF job gets until it is doubted.
const STRAY_DEADLINE: Duration = Duration::from_secs(30);

/// When the list is due, and whether there has been one.
#[derive(Debug, Default)]
pub(super) struct HfPoll {
    /// The Hub has told once what is running, so that a restart does not launch it again.
    pub(super) adopted: bool,
    /// Caps keep jobs waiting.
    pub(super) starved: bool,
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
                let alive = self
                    .launches
                    .values()
                    .filter(|launch| launch.hf_job.is_some());
                let steady = |launch: &Launch| matches!(launch.state, State::Busy { .. });
                let every = match alive.clone().count() {
                    _ if !self.hf_poll.adopted => STARVED_POLL,
                    0 => return,
                    _ if self.hf_poll.starved => STARVED_POLL,
                    _ if alive.clone().all(steady) => self.settings.hf_poll * 3,
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
        self.hf_poll.adopted = true;
        for hf_job in &list {
            self.see_hf_job(now, hf_job);
        }
        let missing: Vec<(LaunchId, bool)> = self
            .launches
            .iter()
            .filter(|(_, launch)| {
                launch.created_at.is_some_and(|at| at < asked_at) && !launch.live.hf_over
            })
            .filter(|(_, launch)| {
                !list
                    .iter()
                    .any(|seen| Some(&seen.id) == launch.hf_job.as_ref())
            })
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
        if let Some(launch) = self
            .launches
            .values_mut()
            .find(|launch| launch.hf_job.as_ref() == Some(&seen.id))
        {
            launch.live.running |= seen.stage == Stage::Running;
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
        self.repos.entry(repo).or_insert_with(|| Repo {
            name,
            trust: Trust::Unknown(now),
            asking: false,
            listing: false,
            no_jit: false,
            failed_calls: 0,
        });
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
            reason: "adopted".to_owned(),
            live: Live {
                running: seen.stage == Stage::Running,
                ..Live::default()
            },
        };
        self.ended.remove(&id);
        self.launches.insert(id.clone(), launch);
        self.dirty.insert(Dirty::Launch(id));
    }
}
