//! The journal in Postgres, which several replicas share. One of them leads: it holds an advisory lock on the session that
//! all its writes go through, so that what lost the lock can write nothing. The others keep the webhooks that they take
//! among the records, where the leader finds them.

mod hand_over;
mod lead;
mod schema;
mod session;

use std::{path::Path, sync::Arc};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use self::session::Session;
pub use self::{
    hand_over::HandOver,
    lead::{Handed, Lead},
};
use super::StoreError;
use crate::{causes::with_causes, host::Spawner};

/// A database that holds a journal, and how to reach it. Clones share nothing but that.
#[derive(Clone)]
pub struct Postgres {
    config: Config,
    tls: MakeRustlsConnect,
    spawner: Spawner,
}

impl Postgres {
    /// The database that a URL (`postgres://user:password@host/name`) names. TLS certificates are held against the public
    /// roots, and those in the PEM file `roots`. Nothing is connected yet.
    ///
    /// # Errors
    /// When the URL cannot be understood or the file holds no certificate. No error repeats the URL: it has a password.
    pub fn new(url: &str, roots: Option<&Path>, spawner: Spawner) -> Result<Self, StoreError> {
        let mut config: Config = url
            .parse()
            .map_err(|error| StoreError(format!("not a Postgres URL: {}", with_causes(&error))))?;
        session::limit(&mut config);
        Ok(Self {
            config,
            tls: MakeRustlsConnect::new(trusting(roots)?),
            spawner,
        })
    }

    /// Connects once, and makes the tables if they are missing.
    ///
    /// # Errors
    /// When the database cannot be reached, does not let us, or holds the journal of a newer version.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let session = self.session().await?;
        schema::prepare(&session).await
    }

    /// Waits until no other process leads, and leads.
    ///
    /// # Errors
    /// When the connection cannot be made or breaks while it waits.
    pub async fn lead(&self) -> Result<Lead, StoreError> {
        Lead::wait(self.session().await?).await
    }

    /// Where a replica that does not lead leaves what it accepts. Its connection is made when it is first needed, and anew
    /// when it broke.
    #[must_use]
    pub fn hand_over(self: &Arc<Self>) -> HandOver {
        HandOver::start(Arc::clone(self))
    }

    /// Everything written and not deleted, by key, without what was handed over. Needs no lead.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn read(&self) -> Result<Vec<(String, String)>, StoreError> {
        lead::records(&self.session().await?).await
    }

    async fn session(&self) -> Result<Session, StoreError> {
        Session::open(&self.config, self.tls.clone(), &self.spawner).await
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

fn trusting(roots: Option<&Path>) -> Result<ClientConfig, StoreError> {
    let mut trusted = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(file) = roots {
        let bad = |why: String| StoreError(format!("{}: {why}", file.display()));
        let found = CertificateDer::pem_file_iter(file).map_err(|error| bad(error.to_string()))?;
        let before = trusted.len();
        for certificate in found {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            trusted
                .add(certificate)
                .map_err(|error| bad(error.to_string()))?;
        }
        if trusted.len() == before {
            return Err(bad("holds no certificate".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError(error.to_string()))?
        .with_root_certificates(trusted)
        .with_no_client_auth())
}

/// What the server said of an error is among its causes.
#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
fn failed(error: tokio_postgres::Error) -> StoreError {
    StoreError(with_causes(&error))
}
