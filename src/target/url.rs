//! A dispatcher somebody else runs, reached by the URL of its webhook.

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri, uri::Scheme};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use scenarios::plan::Plan;
use tower::{service_fn, util::BoxCloneSyncService};

use super::{Target, TargetError, given};
use crate::transport::{BoxError, ConnectionRefused, Connections, HttpService};

/// A dispatcher behind a URL. The lab neither starts nor stops it.
#[derive(Clone, Debug)]
pub struct Url {
    webhook: Uri,
    client: Client<HttpConnector, Body>,
}

/// A text that is no webhook's URL.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not the URL of a webhook: {why}")]
pub struct BadUrl {
    text: String,
    why: String,
}

impl Url {
    /// The dispatcher whose webhook is at `text`, such as `http://127.0.0.1:7860/webhook`.
    ///
    /// # Errors
    /// If it is not an absolute `http` URL.
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        let bad = |why: String| BadUrl {
            text: text.to_owned(),
            why,
        };
        let webhook: Uri = text.parse().map_err(|error| bad(format!("{error}")))?;
        if webhook.scheme() != Some(&Scheme::HTTP) {
            return Err(bad("the lab sends over plain http".to_owned()));
        }
        Ok(Self::new(webhook))
    }

    /// Where its webhook is.
    #[must_use]
    pub const fn webhook(&self) -> &Uri {
        &self.webhook
    }

    /// The dispatcher whose webhook is at `webhook`, such as `http://127.0.0.1:7860/webhook`.
    #[must_use]
    pub fn new(webhook: Uri) -> Self {
        // Workers that share a port share new connections, not requests.
        Self::connecting(webhook, Connections::New)
    }

    /// The same dispatcher, with connections that are kept or not.
    #[must_use]
    pub fn with_connections(self, connections: Connections) -> Self {
        Self::connecting(self.webhook, connections)
    }

    fn connecting(webhook: Uri, connections: Connections) -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        let client = client.pool_max_idle_per_host(connections.idle_max());
        Self {
            webhook,
            client: client.build_http(),
        }
    }
}

impl Target for Url {
    fn start(&mut self) -> BoxFuture<'_, Result<(), TargetError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn crash(&mut self) -> Result<(), TargetError> {
        Err(TargetError::OutOfReach("take down"))
    }

    fn stop(&mut self) -> Result<(), TargetError> {
        Err(TargetError::OutOfReach("stop"))
    }

    fn tell_secret(&mut self, _: &str) {}

    fn cannot_be_given(&self, plan: &Plan) -> Vec<String> {
        given::by_whoever_runs_it(plan)
    }

    fn webhooks(&self) -> HttpService {
        let this = self.clone();
        BoxCloneSyncService::new(service_fn(move |mut request: Request<Body>| {
            *request.uri_mut() = this.webhook.clone();
            let sent = this.client.request(request);
            async move {
                match sent.await {
                    Ok(answer) => Ok::<Response<Body>, BoxError>(answer.map(Body::new)),
                    Err(error) if error.is_connect() => Err(ConnectionRefused.into()),
                    Err(error) => Err(error.into()),
                }
            }
        }))
    }
}
