//! The dispatchers that random plans are run against: the reference, and ones with a bug, made by bending its seams. None
//! keeps anything from one world to the next that could change what it does there.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Body;
use dispatchlab::target::{Seam, Seams};
use http::{Method, Request, header};
use tower::ServiceExt;

use super::draws::Draws;
use crate::seams::{Kept, Sent, answer, bend, looks_nowhere, seam, sign};

/// A dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it is.
    Reference,
    /// Right as well: it looks at the log of each HF job, too.
    ReadsLogs,
    /// Asks HF for everything twice.
    CreatesTwice,
    /// Answers `queued` and forgets it; looks nowhere.
    ForgetsQueued,
    /// Takes every delivery for genuine.
    ChecksNothing,
    /// Works before it answers.
    AnswersLate,
    /// Believes that it ended what it did not.
    EndsNothing,
    /// Ends an HF job when it hears that its job started.
    EndsWhatStarts,
    /// Gives runners names that are too long.
    NamesAtLength,
    /// Gives runners a label more.
    AddsALabel,
    /// Keeps its first installation token for ever.
    KeepsItsToken,
    /// Asks again at once what has failed.
    Hammers,
    /// Takes `waiting` for `queued`.
    StartsForWaiting,
    /// Answers 500 to what has no installation, and to every third delivery.
    Breaks,
}

const WRONG: [Kind; 12] = [
    Kind::CreatesTwice,
    Kind::ForgetsQueued,
    Kind::ChecksNothing,
    Kind::AnswersLate,
    Kind::EndsNothing,
    Kind::EndsWhatStarts,
    Kind::NamesAtLength,
    Kind::AddsALabel,
    Kind::KeepsItsToken,
    Kind::Hammers,
    Kind::StartsForWaiting,
    Kind::Breaks,
];

pub(super) fn draw(draws: &Draws) -> Kind {
    if draws.percent(60, "dispatcher", "right") {
        return Kind::Reference;
    }
    *draws.one_of(&WRONG, "dispatcher", "wrong")
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reference => "the reference",
            Self::ReadsLogs => "one that reads logs",
            Self::CreatesTwice => "one that creates twice",
            Self::ForgetsQueued => "one that forgets what is queued",
            Self::ChecksNothing => "one that checks no signature",
            Self::AnswersLate => "one that answers late",
            Self::EndsNothing => "one that ends nothing",
            Self::EndsWhatStarts => "one that ends what starts",
            Self::NamesAtLength => "one that names at length",
            Self::AddsALabel => "one that adds a label",
            Self::KeepsItsToken => "one that keeps its token",
            Self::Hammers => "one that hammers",
            Self::StartsForWaiting => "one that starts for what waits",
            Self::Breaks => "one that breaks",
        }
    }

    pub(super) fn seams(self) -> Seams {
        match self {
            Self::Reference => Seams::default(),
            Self::ReadsLogs => hf(reads_logs()),
            Self::CreatesTwice => hf(creates_twice()),
            Self::ForgetsQueued => Seams {
                webhooks: forgets("queued"),
                github: looks_nowhere(),
                hf: None,
            },
            Self::ChecksNothing => webhooks(bend(|mut sent| async move {
                sign(&mut sent.parts, &sent.body);
                sent.on().await
            })),
            Self::AnswersLate => webhooks(bend(|sent| async move {
                tokio::time::sleep(Duration::from_secs(12)).await;
                sent.on().await
            })),
            Self::EndsNothing => ends_nothing(),
            Self::EndsWhatStarts => ends_what_starts(),
            Self::NamesAtLength => github(minting(|asked| {
                let name = format!("{}-{}", asked["name"].as_str().unwrap(), "x".repeat(64));
                asked["name"] = name.into();
            })),
            Self::AddsALabel => github(minting(|asked| {
                asked["labels"]
                    .as_array_mut()
                    .unwrap()
                    .push("self-hosted".into());
            })),
            Self::KeepsItsToken => github(anew(keeps_its_token)),
            Self::Hammers => Seams {
                webhooks: None,
                github: hammers(),
                hf: hammers(),
            },
            Self::StartsForWaiting => webhooks(bend(|sent| async move {
                if !sent.says("waiting") {
                    return sent.on().await;
                }
                let mut payload = sent.json();
                payload["action"] = "queued".into();
                payload["workflow_job"]["status"] = "queued".into();
                sent.with_payload(&payload).await
            })),
            Self::Breaks => webhooks(bend(|sent| async move {
                if sent.json()["workflow_job"]["id"]
                    .as_u64()
                    .is_none_or(|id| id % 3 == 0)
                {
                    return answer(500, "called `Option::unwrap()` on a `None` value");
                }
                sent.on().await
            })),
        }
    }
}

fn hf(hf: Option<Seam>) -> Seams {
    Seams {
        hf,
        ..Seams::default()
    }
}

fn github(github: Option<Seam>) -> Seams {
    Seams {
        github,
        ..Seams::default()
    }
}

fn webhooks(webhooks: Option<Seam>) -> Seams {
    Seams {
        webhooks,
        ..Seams::default()
    }
}

/// A seam that begins anew with each start of the dispatcher.
fn anew(make: fn() -> Option<Seam>) -> Option<Seam> {
    Some(Arc::new(move |inner| match make() {
        Some(seam) => seam(inner),
        None => inner,
    }))
}

fn forgets(action: &'static str) -> Option<Seam> {
    bend(move |sent| async move {
        if sent.says(action) {
            return answer(200, r#"{"ok":true}"#);
        }
        sent.on().await
    })
}

/// Reads the log and the events of each HF job that it created, and lets go of them after a minute.
fn reads_logs() -> Option<Seam> {
    bend(|sent| async move {
        let (head, body) = sent.on().await?.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await?;
        if sent.is_create() && head.status.is_success() {
            let id = crate::seams::json(&body)["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            for what in ["logs", "events"] {
                let path = format!("{}/{id}/{what}", sent.path());
                let read = async {
                    let answered = sent.ask(Method::GET, &path, "").await?;
                    axum::body::to_bytes(answered.into_body(), usize::MAX)
                        .await
                        .map_err(dispatchlab::transport::BoxError::from)
                };
                let _whatever = tokio::time::timeout(Duration::from_secs(1), read).await;
            }
        }
        Ok(http::Response::from_parts(head, body.into()))
    })
}

fn creates_twice() -> Option<Seam> {
    bend(|sent| async move {
        if sent.is_create() {
            sent.on().await?;
        }
        sent.on().await
    })
}

fn ends_nothing() -> Seams {
    let hf = bend(|sent| async move {
        if sent.is_cancel() {
            return answer(200, "{}");
        }
        sent.on().await
    });
    let github = bend(|sent| async move {
        if sent.deletes_runner() {
            return answer(204, "");
        }
        sent.on().await
    });
    Seams {
        webhooks: None,
        github,
        hf,
    }
}

fn ends_what_starts() -> Seams {
    let created = Kept::default();
    let hf = created.seam_of_created();
    let webhooks = bend(move |sent| {
        let last = created.get().filter(|_| sent.says("in_progress"));
        async move {
            if let Some(last) = last {
                let id = last.json()["id"].as_str().unwrap_or_default().to_owned();
                let path = format!("{}/{id}/cancel", last.path());
                let _whatever = last.ask(Method::POST, &path, "").await;
            }
            sent.on().await
        }
    });
    Seams {
        webhooks,
        github: None,
        hf,
    }
}

/// Asks for runner credentials otherwise.
fn minting(change: fn(&mut serde_json::Value)) -> Option<Seam> {
    bend(move |sent| async move {
        if !sent.is_jit_config() {
            return sent.on().await;
        }
        let mut asked = sent.json();
        change(&mut asked);
        sent.with(asked.to_string()).await
    })
}

fn keeps_its_token() -> Option<Seam> {
    let first = Arc::new(Mutex::new(None));
    seam(move |mut request: Request<Body>, inner| {
        let path = request.uri().path();
        let is_the_apps = path.starts_with("/app") || path.ends_with("/installation");
        let token = request.headers().get(header::AUTHORIZATION).cloned();
        if let (false, Some(token)) = (is_the_apps, token) {
            let kept = first.lock().unwrap().get_or_insert(token).clone();
            request.headers_mut().insert(header::AUTHORIZATION, kept);
        }
        async move { inner.oneshot(request).await }
    })
}

/// Sends what has failed again each second, for two minutes.
fn hammers() -> Option<Seam> {
    bend(|sent: Sent| async move {
        let mut answered = sent.on().await;
        for _ in 0..120 {
            let failed = match &answered {
                Ok(answered) => answered.status().as_u16() >= 400,
                Err(_lost) => true,
            };
            if !failed {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            answered = sent.on().await;
        }
        answered
    })
}
