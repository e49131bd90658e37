//! The questions asked on a timer: our HF jobs, the App's installations, queued jobs, failed deliveries.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    backoff,
    engine::{Core, Dirty, later, since},
    message::{Command, FailedDelivery, Failure, HfJob, Stage, Survey},
    model::{
        CredentialKind, InstallationId, Lane, Launch, LaunchId, Live, Repo, RepoId, State, Trust,
    },
};

/// A repository GitHub says is not ours is asked about again after this time, if jobs of it still turn up.
const REFUSED_AGAIN: Duration = Duration::from_secs(300);
/// While caps keep jobs waiting, a freed slot should be noticed soon.
const STARVED_POLL: Duration = Duration::from_secs(15);
/// How long a stray HF job gets until it is doubted.
const STRAY_DEADLINE: Duration = Duration::from_secs(30);
/// How often one delivery is asked for again.
const REDELIVERIES: u32 = 3;
const GUID_MEMORY: Duration = Duration::from_secs(3 * 24 * 3600);

/// When each question is due.
#[derive(Debug)]
pub(super) struct Polls {
    pub(super) started_at: Timestamp,
    /// The Hub has told once what is running, so that a restart does not launch it again.
    pub(super) adopted: bool,
    /// Caps keep jobs waiting.
    pub(super) starved: bool,
    hf_listed_at: Option<Timestamp>,
    hf_listing: bool,
    survey_at: Timestamp,
    surveying: bool,
    pub(super) expired_at: Timestamp,
    pub(super) deliveries: Deliveries,
}

/// What is known of GitHub's delivery log.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// The log was read up to here.
    pub(super) read_until: Option<Timestamp>,
    arrived: BTreeMap<String, Timestamp>,
    asked: BTreeMap<String, (u32, Timestamp)>,
}

impl Deliveries {
    /// A delivery arrived: it needs no redelivery.
    pub(super) fn delivered(&mut self, now: Timestamp, guid: String) {
        self.arrived.insert(guid, now);
    }

    fn prune(&mut self, now: Timestamp) {
        self.arrived.retain(|_, at| since(now, *at) < GUID_MEMORY);
        self.asked
            .retain(|_, (_, at)| since(now, *at) < GUID_MEMORY);
    }
}

impl Polls {
    pub(super) fn starting(now: Timestamp) -> Self {
        Self {
            started_at: now,
            adopted: false,
            starved: false,
            hf_listed_at: None,
            hf_listing: false,
            survey_at: now,
            surveying: false,
            expired_at: now,
            deliveries: Deliveries::default(),
        }
    }
}

impl Core {
    /// Asks GitHub about every repository that has open jobs or launches and is not confirmed.
    pub(super) fn ask_installations(&mut self, now: Timestamp) {
        let waiting: Vec<(RepoId, Timestamp, String)> = self
            .repos
            .iter()
            .filter(|(_, repo)| !repo.asking)
            .filter_map(|(id, repo)| match repo.trust {
                Trust::Unknown(at) | Trust::Refused { again_at: at, .. } => {
                    Some((*id, at, repo.name.clone()))
                }
                Trust::Confirmed(_) => None,
            })
            .collect();
        for (repo, at, name) in waiting {
            let needed = self.jobs.keys().any(|key| key.repo == repo)
                || self
                    .launches
                    .values()
                    .any(|launch| launch.lane.repo == repo);
            if needed && self.due(now, at) {
                self.calls.push(Command::AskInstallation { repo, name });
                if let Some(known) = self.repos.get_mut(&repo) {
                    known.asking = true;
                }
            }
        }
    }

    pub(super) fn installation_answered(
        &mut self,
        now: Timestamp,
        repo: RepoId,
        answer: Result<InstallationId, Failure>,
    ) {
        let failed = self.repos.get(&repo).map_or(0, |known| known.failed_calls) + 1;
        let bits = self.bits(&format!("installation/{repo}/{failed}"));
        let Some(known) = self.repos.get_mut(&repo) else {
            return;
        };
        known.asking = false;
        known.trust = match answer {
            Ok(installation) => {
                known.failed_calls = 0;
                Trust::Confirmed(installation)
            }
            Err(failure) => {
                known.failed_calls = failed;
                match failure.refused() {
                    Some(_) => {
                        let reason = format!("the App is not installed, or suspended: {failure}");
                        Trust::Refused {
                            reason,
                            again_at: later(now, REFUSED_AGAIN),
                        }
                    }
                    None => {
                        let wait = backoff::delay(
                            failed,
                            Duration::from_secs(2),
                            Duration::from_secs(300),
                            bits,
                        );
                        Trust::Unknown(failure.limited_until().unwrap_or_else(|| later(now, wait)))
                    }
                }
            }
        };
    }

    /// GitHub refused something in this repository: the installation may have changed.
    pub(super) fn doubt_access(&mut self, now: Timestamp, repo: RepoId) {
        if let Some(known) = self.repos.get_mut(&repo)
            && matches!(known.trust, Trust::Confirmed(_))
        {
            known.failed_calls += 1;
            let wait = Duration::from_secs(u64::from(known.failed_calls.min(10)) * 10);
            known.trust = Trust::Unknown(later(now, wait));
        }
    }

    /// Lists our HF jobs: at the start, and while any launch is alive.
    pub(super) fn poll_hf(&mut self, now: Timestamp) {
        if self.polls.hf_listing {
            return;
        }
        let due_at = match self.polls.hf_listed_at {
            None => now,
            Some(at) => {
                let alive = self
                    .launches
                    .values()
                    .filter(|launch| launch.hf_job.is_some());
                let steady = |launch: &Launch| matches!(launch.state, State::Busy { .. });
                let every = match alive.clone().count() {
                    _ if !self.polls.adopted => STARVED_POLL,
                    0 => return,
                    _ if self.polls.starved => STARVED_POLL,
                    _ if alive.clone().all(steady) => self.settings.hf_poll * 3,
                    _ => self.settings.hf_poll,
                };
                later(at, every)
            }
        };
        if self.due(now, due_at) {
            self.polls.hf_listing = true;
            self.polls.hf_listed_at = Some(now);
            self.calls.push(Command::ListHfJobs);
        }
    }

    pub(super) fn hf_listed(
        &mut self,
        now: Timestamp,
        asked_at: Timestamp,
        answer: Result<Vec<HfJob>, Failure>,
    ) {
        self.polls.hf_listing = false;
        let Ok(list) = answer else { return };
        self.polls.adopted = true;
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
        let known = |id: &&LaunchId| self.launches.contains_key(*id) || self.ended.contains(id);
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

    /// Surveys GitHub at the start and every few minutes: webhooks get lost.
    pub(super) fn poll_github(&mut self, now: Timestamp) {
        if self.polls.surveying || !self.due(now, self.polls.survey_at) {
            return;
        }
        self.polls.surveying = true;
        self.polls.survey_at = later(now, self.settings.survey_every);
        self.polls.deliveries.prune(now);
        self.calls
            .push(Command::ListDeliveries(self.polls.deliveries.read_until));
        self.calls.push(Command::Survey {
            open_runs: self.open_runs(),
        });
    }

    pub(super) fn surveyed(&mut self, now: Timestamp, survey: Survey) {
        self.polls.surveying = false;
        for (repo, name, installation) in survey.repos {
            if let Some(known) = self.repos.get_mut(&repo) {
                known.trust = Trust::Confirmed(installation);
                known.failed_calls = 0;
                if known.name != name {
                    known.name = name;
                    self.dirty.insert(Dirty::Repo(repo));
                }
            } else if survey.jobs.iter().any(|job| job.repo == repo) {
                let trust = Trust::Confirmed(installation);
                let known = Repo {
                    name,
                    trust,
                    asking: false,
                    listing: false,
                    no_jit: false,
                    failed_calls: 0,
                };
                self.repos.insert(repo, known);
                self.dirty.insert(Dirty::Repo(repo));
            }
        }
        for job in survey.jobs {
            self.sight_job(now, job);
        }
        if !survey.complete {
            tracing::warn!("the survey of queued jobs was incomplete");
        }
    }

    pub(super) fn deliveries_listed(
        &mut self,
        now: Timestamp,
        answer: Result<Vec<FailedDelivery>, Failure>,
    ) {
        /// The log may show a delivery late.
        const OVERLAP: Duration = Duration::from_secs(600);
        let Ok(mut list) = answer else { return };
        list.sort_by_key(|delivery| std::cmp::Reverse((delivery.delivered_at, delivery.id)));
        let deliveries = &mut self.polls.deliveries;
        deliveries.read_until = now.checked_sub(OVERLAP).ok();
        self.dirty.insert(Dirty::Deliveries);
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        for delivery in list {
            newest.entry(delivery.guid).or_insert(delivery.id);
        }
        for (guid, id) in newest {
            if deliveries.arrived.contains_key(&guid) {
                continue;
            }
            let (times, asked_at) = deliveries
                .asked
                .get(&guid)
                .copied()
                .unwrap_or((0, Timestamp::MIN));
            if times < REDELIVERIES && since(now, asked_at) >= Duration::from_secs(120) {
                deliveries.asked.insert(guid, (times + 1, now));
                self.calls.push(Command::Redeliver(id));
            }
        }
    }
}
