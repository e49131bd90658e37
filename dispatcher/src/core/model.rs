//! What the core knows: jobs (demand), launches (supply) and repositories, as they are kept in memory and in the journal.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! number_id {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    RepoId,
    "GitHub's number of a repository; it outlives a rename."
);
number_id!(JobId, "GitHub's number of one job of one attempt.");
number_id!(
    RunId,
    "GitHub's number of a workflow run; shared by all its attempts."
);
number_id!(RunnerId, "GitHub's number of a registered runner.");
number_id!(
    InstallationId,
    "GitHub's number of one installation of the App."
);

macro_rules! text_id {
    ($name:ident, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id!(
    LaunchId,
    "Our own name of one attempt to supply a runner; the HF job carries it as a label."
);
text_id!(HfJobId, "The Hub's name of an HF job.");

/// When somebody said how far a job is. A question of the same moment is later than news of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LastWord {
    pub at: Timestamp,
    pub asked: bool,
}

/// One job of one repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobKey {
    /// The repository.
    pub repo: RepoId,
    /// The job.
    pub job: JobId,
}

/// Where demand and supply meet: one repository and one label. Runners are fungible within a lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lane {
    /// The repository.
    pub repo: RepoId,
    /// The one label, lower case.
    pub label: String,
}

/// How far a job has come. The order is the rank: events move a job up, never down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Waits for an approval; not demand.
    Waiting,
    /// Wants a runner.
    Queued,
    /// Runs somewhere.
    InProgress,
    /// Over, whatever the conclusion.
    Completed,
}

impl JobStatus {
    /// GitHub's word for it, which is also that of the webhook that tells of it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }

    /// The state that GitHub has this word for, if it is one of these.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let all = [
            Self::Waiting,
            Self::Queued,
            Self::InProgress,
            Self::Completed,
        ];
        all.into_iter().find(|status| status.word() == word)
    }
}

/// A job that is not over, as far as we know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    /// The run it belongs to.
    pub run: RunId,
    /// Its repository and label.
    pub lane: Lane,
    /// How far it has come.
    pub status: JobStatus,
    /// The installation its webhook named; `None` when GitHub itself told us of the job.
    pub claim: Option<InstallationId>,
    /// When we first heard of it.
    pub first_seen: Timestamp,
    /// When we last learned how far it is.
    pub status_at: Timestamp,
    /// GitHub said that it waits for something else than a runner.
    pub held: bool,
    /// Its webhook came late: it may have run meanwhile, so GitHub is asked before anything is launched for it.
    #[serde(default)]
    pub late: bool,
    /// When GitHub was last asked about it and said that it is queued: the time of the question.
    #[serde(default)]
    pub confirmed_at: Option<Timestamp>,
    /// When to ask GitHub about it next.
    pub check_at: Timestamp,
    /// Answers in a row that called it queued although an event had called it in progress.
    #[serde(default)]
    pub requeue_readings: u8,
    /// Why it cannot be served, once that is known.
    #[serde(default)]
    pub unservable: Option<String>,
    /// Answers in a row that knew no such job.
    #[serde(skip)]
    pub gone_readings: u8,
    /// Since when a question about it is under way.
    #[serde(skip)]
    pub asking: Option<Timestamp>,
}

impl Job {
    /// The last word that it is queued.
    pub(super) fn last_word(&self) -> LastWord {
        let told = LastWord {
            at: self.status_at,
            asked: false,
        };
        let asked = self.confirmed_at.map(|at| LastWord { at, asked: true });
        asked.map_or(told, |asked| asked.max(told))
    }

    /// A job that nothing is known of but where it belongs.
    pub(super) fn waiting(
        now: Timestamp,
        run: RunId,
        lane: Lane,
        claim: Option<InstallationId>,
        check_at: Timestamp,
    ) -> Self {
        Self {
            run,
            lane,
            status: JobStatus::Waiting,
            claim,
            first_seen: now,
            status_at: now,
            held: false,
            late: false,
            confirmed_at: None,
            check_at,
            requeue_readings: 0,
            unservable: None,
            gone_readings: 0,
            asking: None,
        }
    }
}

/// A job that is out of the way: over, dead, or not ours to serve.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ClosedJob {
    /// When.
    pub at: Timestamp,
    /// Its label, for the status page.
    pub label: String,
    /// Completed jobs never come back; the others do when GitHub itself reports them queued.
    pub completed: bool,
    /// Why it left.
    pub reason: String,
}

/// How a runner identifies itself to GitHub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// A just-in-time configuration: GitHub creates the runner record at once.
    Jit,
    /// A registration token: the runner creates its record when it boots.
    RegistrationToken,
}

/// How far a launch has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Decided, nothing asked of anybody yet, or the credential call's effect is unknown (`unclear`).
    Intended {
        /// A runner record of this name may exist at GitHub.
        unclear: bool,
    },
    /// A credential is in hand; no HF job was asked for (or it was refused for sure).
    Credentialed,
    /// An HF job was asked for.
    Creating {
        /// The answer was lost: look the tag up instead of asking again.
        unclear: bool,
        /// Look-ups that found nothing.
        lookups: u8,
    },
    /// The HF job exists; no runner seen yet.
    Booting {
        /// When to ask GitHub what became of it.
        deadline: Timestamp,
    },
    /// GitHub showed the runner online and not busy.
    Idle {
        /// Since when.
        since: Timestamp,
    },
    /// The runner has a job.
    Busy {
        /// Which, when known.
        job: Option<JobId>,
        /// Since when.
        since: Timestamp,
        /// When its job was reported over.
        done_at: Option<Timestamp>,
    },
    /// On its way out: first the runner record, then the HF job.
    Retiring {
        /// GitHub confirmed that the record is gone, so no job can come any more.
        removed: bool,
        /// No HF job of it can exist: none was asked for, or the Hub refused it for sure.
        #[serde(default)]
        never_ran: bool,
    },
}

/// One attempt to supply a runner to a lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Launch {
    /// Its repository and label.
    pub lane: Lane,
    /// The runner's name at GitHub.
    pub runner: String,
    /// How the runner identifies itself.
    pub credential: CredentialKind,
    /// GitHub's number of the runner, when known.
    pub runner_id: Option<RunnerId>,
    /// The HF job, when known.
    pub hf_job: Option<HfJobId>,
    /// How far it is.
    pub state: State,
    /// When it was decided.
    pub intended_at: Timestamp,
    /// When the credential was asked for.
    pub minted_at: Option<Timestamp>,
    /// When the credential dies.
    pub valid_until: Option<Timestamp>,
    /// When the HF job was created, by our clock.
    pub created_at: Option<Timestamp>,
    /// Calls to mint a credential so far.
    pub mints: u32,
    /// Calls to create the HF job so far.
    pub creates: u32,
    /// It has had a job.
    pub ran: bool,
    /// When its HF job was seen over, if we never learned whether it had a job.
    #[serde(default)]
    pub vanished_at: Option<Timestamp>,
    /// Why it is being retired, or what went wrong last.
    pub reason: String,
    /// What only the running process knows.
    #[serde(skip)]
    pub live: Live,
}

impl Launch {
    /// It wants to mint or to create, or is at it: while its lane fails, one launch does so at a time.
    pub(super) fn tries(&self) -> bool {
        matches!(
            self.state,
            State::Intended { .. } | State::Credentialed | State::Creating { unclear: false, .. }
        )
    }

    /// GitHub reported the job it ran as over.
    pub(super) fn is_done(&self) -> bool {
        matches!(
            self.state,
            State::Busy {
                done_at: Some(_),
                ..
            }
        )
    }
}

/// The part of a launch that a restart may forget.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    /// The credential itself; never written down.
    pub secret: Option<Secret>,
    /// A call for this launch is under way.
    pub calling: bool,
    /// An inspection of its HF job is under way.
    pub inspecting: bool,
    /// Do nothing before this time.
    pub not_before: Option<Timestamp>,
    /// The doubt that the runner readings are to settle.
    pub suspicion: Option<Suspicion>,
    /// Since when its lane has had one runner too many.
    pub surplus_since: Option<Timestamp>,
    /// When a reading last showed it online.
    pub online_at: Option<Timestamp>,
    /// When a reading of its runner was last asked for without a suspicion.
    pub looked_at: Option<Timestamp>,
    /// The HF job was seen running.
    pub running: bool,
    /// The HF job was seen over.
    pub hf_over: bool,
    /// Calls in a row that failed.
    pub failed_calls: u32,
    /// When its last mint or create was asked for.
    pub tried_at: Option<Timestamp>,
    /// A lane waited for a slot when its job was over: its HF job's end is looked for at once.
    pub awaited: bool,
}

/// A doubt about a launch. Two readings, some time apart, must agree before anything is removed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspicion {
    /// What is doubted.
    pub why: Doubt,
    /// Readings that showed the runner not busy.
    pub readings: u8,
    /// When the next reading is due.
    pub next_at: Timestamp,
}

/// Why a launch may have to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It did not come online in time.
    BootDeadline,
    /// The lane has more runners than it needs.
    Surplus,
    /// It was online and is no longer.
    Offline,
}

/// A launch that is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct EndedLaunch {
    /// When.
    pub at: Timestamp,
    /// The runner's name; it is never given out again.
    pub runner: String,
    /// The HF job it had.
    pub hf_job: Option<HfJobId>,
    /// Why it ended.
    pub reason: String,
    /// Where and when its HF job was seen over, if we never learned whether it had a job.
    #[serde(default)]
    pub vanished: Option<(Lane, Timestamp)>,
}

/// A credential. Its text shows up nowhere but in the HF job's secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The credential, for the one request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A repository we have heard of.
#[derive(Clone, Debug)]
pub(super) struct Repo {
    /// `owner/name`, the newest we know.
    pub name: String,
    /// Whether GitHub confirms that the App is installed there.
    pub trust: Trust,
    /// The look-up is under way.
    pub asking: bool,
    /// A list of its runners is under way.
    pub listing: bool,
    /// Just-in-time configurations are refused as unknown here.
    pub no_jit: bool,
    /// Look-ups in a row that failed.
    pub failed_calls: u32,
}

impl Repo {
    /// A repository that nothing has been asked about yet.
    pub(super) fn new(name: String, trust: Trust) -> Self {
        Self {
            name,
            trust,
            asking: false,
            listing: false,
            no_jit: false,
            failed_calls: 0,
        }
    }
}

/// Whether the App may act in a repository, by GitHub's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Ask at this time.
    Unknown(Timestamp),
    /// GitHub names this installation.
    Confirmed(InstallationId),
    /// GitHub says no; ask again at the time given.
    Refused {
        /// Why.
        reason: String,
        /// When to ask again.
        again_at: Timestamp,
    },
}
