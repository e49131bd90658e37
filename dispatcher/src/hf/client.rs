//! Calls to the Hub: create, list, inspect and cancel HF jobs.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Body;
use http::{Method, Request, header};
use jiff::Timestamp;
use serde::Deserialize;

use super::order::{APP, LAUNCH, MANAGED_BY, REPO_ID, label_value, spec};
use crate::{
    config::Config,
    core::{Failure, HfJob, HfJobId, HfJobOrder, LaunchId, RepoId, Stage},
    host::Clock,
    http::{Answer, HttpService, send, sort},
    labels::Labels,
};

/// Creating may take the Hub long, and an answer given up on costs two look-ups.
const CREATE_LIMIT: Duration = Duration::from_secs(30);
const CALL_LIMIT: Duration = Duration::from_secs(15);
/// Pages followed before a listing is taken to be broken.
const PAGES_MAX: usize = 100;

/// The Hub's Jobs API.
pub struct HfClient {
    service: HttpService,
    clock: Clock,
    config: Arc<Config>,
    labels: Arc<Labels>,
    limited_until: Mutex<Option<Timestamp>>,
}

#[derive(Deserialize)]
struct WireJob {
    id: String,
    status: WireStatus,
    #[serde(default)]
    labels: Option<BTreeMap<String, Option<String>>>,
    #[serde(default)]
    environment: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct WireStatus {
    stage: String,
    #[serde(default)]
    message: Option<String>,
}

impl HfClient {
    /// A client for the namespace in `config`.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        labels: Arc<Labels>,
        clock: Clock,
        service: HttpService,
    ) -> Self {
        Self {
            service,
            clock,
            config,
            labels,
            limited_until: Mutex::default(),
        }
    }

    /// Creates an HF job.
    ///
    /// # Errors
    /// See [`Failure`]. When the effect is unknown the HF job may exist.
    pub async fn create(&self, order: &HfJobOrder) -> Result<HfJobId, Failure> {
        #[derive(Deserialize)]
        struct Created {
            id: String,
        }
        let spec = spec(&self.config, &self.labels, order)?;
        let body = serde_json::to_vec(&spec).map_err(|error| unusable(&error))?;
        let answer = self
            .call(Method::POST, &self.path(""), Some(body), CREATE_LIMIT)
            .await?;
        Ok(HfJobId(answer.json::<Created>()?.id))
    }

    /// Our HF jobs that are scheduling or running.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn list_live(&self) -> Result<Vec<HfJob>, Failure> {
        let (key, value) = MANAGED_BY;
        let query = format!("?stage=SCHEDULING&stage=RUNNING&label={key}%3D{value}");
        let app = label_value(&self.config.app_id);
        let ours = |job: &WireJob| {
            job.label(APP).is_none_or(|of| of == app) && job.label(key) == Some(value)
        };
        Ok(self
            .pages(&self.path(&query))
            .await?
            .into_iter()
            .filter(ours)
            .map(HfJob::from)
            .collect())
    }

    /// HF jobs of one launch, in any stage, oldest last as the Hub lists them.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn list_tagged(&self, launch: &LaunchId) -> Result<Vec<HfJob>, Failure> {
        let query = format!("?label={LAUNCH}%3D{launch}");
        let tagged = |job: &WireJob| job.label(LAUNCH) == Some(launch.0.as_str());
        Ok(self
            .pages(&self.path(&query))
            .await?
            .into_iter()
            .filter(tagged)
            .map(HfJob::from)
            .collect())
    }

    /// One HF job.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn inspect(&self, job: &HfJobId) -> Result<HfJob, Failure> {
        let answer = self
            .call(
                Method::GET,
                &self.path(&format!("/{job}")),
                None,
                CALL_LIMIT,
            )
            .await?;
        Ok(answer.json::<WireJob>()?.into())
    }

    /// Ends an HF job.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn cancel(&self, job: &HfJobId) -> Result<(), Failure> {
        self.call(
            Method::POST,
            &self.path(&format!("/{job}/cancel")),
            None,
            CALL_LIMIT,
        )
        .await
        .map(drop)
    }

    fn path(&self, rest: &str) -> String {
        format!(
            "{}/api/jobs/{}{rest}",
            self.config.hf_endpoint, self.config.hf_namespace
        )
    }

    async fn pages(&self, first: &str) -> Result<Vec<WireJob>, Failure> {
        let mut next = Some(first.to_owned());
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let Some(address) = next.take() else {
                return Ok(all);
            };
            let answer = self.call(Method::GET, &address, None, CALL_LIMIT).await?;
            next = answer.next_page().map(|link| self.absolute(&link));
            all.extend(answer.json::<Vec<WireJob>>()?);
        }
        Err(Failure::Unreadable(format!("more than {PAGES_MAX} pages")))
    }

    /// A link to the next page, on our endpoint: the token goes nowhere else.
    fn absolute(&self, link: &str) -> String {
        let path = match link.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => link,
        };
        format!("{}{path}", self.config.hf_endpoint)
    }

    async fn call(
        &self,
        method: Method,
        uri: &str,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        self.check_limit()?;
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.config.hf_token.expose()),
            )
            .header(
                header::USER_AGENT,
                concat!("jobs-dispatcher/", env!("CARGO_PKG_VERSION")),
            );
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body)),
            None => request.body(Body::empty()),
        };
        let answer = send(
            &self.service,
            request.map_err(|error| unusable(&error))?,
            limit,
        )
        .await?;
        let sorted = sort(answer, self.clock.now());
        if let Err(Failure::Limited { until, .. }) = &sorted {
            *self
                .limited_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(*until);
        }
        sorted
    }

    fn check_limit(&self) -> Result<(), Failure> {
        let limited_until = *self
            .limited_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match limited_until.filter(|until| *until > self.clock.now()) {
            Some(until) => Err(Failure::Limited {
                until,
                message: "still within an earlier limit".to_owned(),
            }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for HfClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HfClient")
            .field("endpoint", &self.config.hf_endpoint)
            .finish_non_exhaustive()
    }
}

fn unusable(error: &dyn fmt::Display) -> Failure {
    Failure::Refused {
        status: 400,
        message: error.to_string(),
    }
}

impl WireJob {
    fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.get(key)?.as_deref()
    }
}

impl From<WireJob> for HfJob {
    fn from(job: WireJob) -> Self {
        let stage = match job.status.stage.as_str() {
            "SCHEDULING" => Stage::Scheduling,
            "RUNNING" => Stage::Running,
            "COMPLETED" => Stage::Over("COMPLETED"),
            "CANCELED" => Stage::Over("CANCELED"),
            "ERROR" => Stage::Over("ERROR"),
            "DELETED" => Stage::Over("DELETED"),
            _ => Stage::Other,
        };
        let launch = job.label(LAUNCH).map(|id| LaunchId(id.to_owned()));
        let repo = job
            .label(REPO_ID)
            .and_then(|id| id.parse().ok())
            .map(RepoId);
        let environment = job.environment.unwrap_or_default();
        let text =
            |(key, value): (String, serde_json::Value)| Some((key, value.as_str()?.to_owned()));
        Self {
            id: HfJobId(job.id),
            stage,
            message: job.status.message,
            launch,
            repo,
            environment: environment.into_iter().filter_map(text).collect(),
        }
    }
}
