//! The lead: one at a time, lost with its connection, and what replicas hand over to it.

use std::{sync::Arc, time::Duration};

use dispatcher::{
    Postgres, Store,
    core::{InstallationId, JobId, JobSighting, JobStatus, RepoId, RunId},
    store::{
        Write,
        postgres::{Handed, Lead},
    },
};
use tokio::{runtime::Runtime, time::timeout};

use crate::cluster::{Cluster, password, spawner};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn put(key: &str) -> Vec<Write> {
    vec![Write::Put(key.to_owned(), "1".to_owned().into())]
}

fn handed(job: u64) -> Handed {
    Handed {
        sighting: JobSighting {
            repo: RepoId(1),
            repo_name: "octo/app".to_owned(),
            claim: Some(InstallationId(42)),
            job: JobId(job),
            run: RunId(7),
            label: "hf-jobs-cpu-basic".to_owned(),
            status: JobStatus::Queued,
            runner: None,
            created_at: None,
        },
        guid: format!("guid-{job}"),
    }
}

/// What was handed over, as its keys and job numbers.
async fn taken(lead: &Lead) -> Vec<(String, u64)> {
    let rows = lead.handed().await.unwrap().into_iter();
    rows.map(|(key, handed)| (key, handed.unwrap().sighting.job.0))
        .collect()
}

/// A server whose tables are made, and what a dispatcher has of it.
fn with_tables(test: impl AsyncFnOnce(Cluster, Arc<Postgres>)) {
    Runtime::new().unwrap().block_on(async {
        let cluster = Cluster::start();
        let postgres = cluster.postgres();
        postgres.prepare().await.unwrap();
        test(cluster, postgres).await;
    });
}

#[test]
fn one_leads_and_the_next_follows_when_it_ends() {
    Runtime::new().unwrap().block_on(async {
        let cluster = Cluster::start();
        let (one, two) = (cluster.postgres(), cluster.postgres());
        one.prepare().await.unwrap();
        two.prepare().await.unwrap();
        let first = one.lead().await.unwrap();
        let waits = timeout(Duration::from_secs(1), two.lead()).await;
        assert!(waits.is_err(), "two lead at once");
        drop(first);
        let second = timeout(PATIENCE, two.lead()).await.unwrap().unwrap();
        second.write(put("a")).await.unwrap();
    });
}

#[test]
fn who_lost_its_connection_writes_nothing_any_more() {
    with_tables(async |cluster, postgres| {
        let first = postgres.lead().await.unwrap();
        first.write(put("before")).await.unwrap();
        assert_eq!(cluster.cut("true").await, 1);
        let second = timeout(PATIENCE, postgres.lead()).await.unwrap().unwrap();
        assert!(first.write(put("after")).await.is_err());
        assert!(first.handed().await.is_err());
        let keys = second.load().await.unwrap();
        assert_eq!(keys, [("before".to_owned(), "1".to_owned())]);
    });
}

#[test]
fn what_is_handed_over_waits_for_the_leader_in_order() {
    with_tables(async |cluster, postgres| {
        let hand_over = postgres.hand_over();
        for job in 1..=3 {
            hand_over.leave(&handed(job)).await.unwrap();
        }
        // The connection that it keeps breaks: it makes another one.
        assert_eq!(cluster.cut("true").await, 1);
        while hand_over.leave(&handed(4)).await.is_err() {}
        let lead = postgres.lead().await.unwrap();
        let found = taken(&lead).await;
        let jobs: Vec<_> = found.iter().map(|(_, job)| *job).collect();
        assert_eq!(jobs, [1, 2, 3, 4]);
        assert_eq!(
            lead.load().await.unwrap(),
            [],
            "it is no record of the core"
        );
        assert_eq!(postgres.read().await.unwrap(), []);
        let gone = found.into_iter().map(|(key, _)| Write::Delete(key));
        lead.write(gone.collect()).await.unwrap();
        assert_eq!(taken(&lead).await, []);
    });
}

#[test]
fn the_leader_hears_at_once_what_is_handed_over() {
    with_tables(async |_cluster, postgres| {
        let lead = postgres.lead().await.unwrap();
        let hand_over = postgres.hand_over();
        lead.news().await; // the time without news is over
        let mut heard = 0;
        for job in 1..=10 {
            hand_over.leave(&handed(job)).await.unwrap();
            if timeout(Duration::from_millis(500), lead.news())
                .await
                .is_ok()
            {
                heard += 1;
            }
        }
        assert_eq!(heard, 10, "it waits for the next look");
        assert_eq!(taken(&lead).await.len(), 10);
    });
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    with_tables(async |cluster, postgres| {
        postgres.prepare().await.unwrap();
        let sql = cluster.sql().await;
        let newer = "UPDATE jobs_dispatcher_version SET version = 2";
        assert_eq!(sql.execute(newer, &[]).await.unwrap(), 1);
        let error = postgres.prepare().await.unwrap_err().to_string();
        assert!(error.contains("of version 2"), "{error}");
        assert!(error.contains("another database"), "{error}");
    });
}

#[test]
fn who_may_make_no_tables_uses_those_that_are_there() {
    Runtime::new().unwrap().block_on(async {
        let cluster = Cluster::start();
        cluster.postgres().prepare().await.unwrap();
        let grants = format!(
            "CREATE ROLE lesser LOGIN PASSWORD '{}';
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO lesser;
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lesser;",
            password()
        );
        cluster.sql().await.batch_execute(&grants).await.unwrap();
        let postgres = Postgres::new(&cluster.url_of("lesser"), None, spawner()).unwrap();
        postgres.prepare().await.unwrap();
        let lead = postgres.lead().await.unwrap();
        lead.write(put("a")).await.unwrap();
    });
}

#[test]
fn many_replicas_may_begin_at_once() {
    Runtime::new().unwrap().block_on(async {
        let cluster = Cluster::start();
        let all = (0..8).map(|_| {
            let postgres = cluster.postgres();
            async move { postgres.prepare().await }
        });
        for prepared in futures_util::future::join_all(all).await {
            prepared.unwrap();
        }
    });
}

#[test]
fn errors_tell_the_reason_and_no_password() {
    Runtime::new().unwrap().block_on(async {
        let cluster = Cluster::start();
        let wrong = Postgres::new(&cluster.url_of("nobody"), None, spawner()).unwrap();
        let refused = wrong.prepare().await.unwrap_err().to_string();
        assert!(refused.contains("nobody"), "{refused}");
        let secret = password();
        let unreadable = format!("postgres://u:{secret}@host:port/x?{secret}=1");
        let unreadable = Postgres::new(&unreadable, None, spawner()).unwrap_err();
        for text in [refused, unreadable.to_string(), format!("{wrong:?}")] {
            assert!(!text.contains(secret), "{text}");
        }
    });
}

#[test]
fn a_file_of_roots_must_hold_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    std::fs::write(&file, "nothing of the kind").unwrap();
    let open = |file| Postgres::new("postgres://u@host/x", Some(file), spawner());
    let empty = open(&file).unwrap_err().to_string();
    assert!(empty.contains("roots.pem: holds no certificate"), "{empty}");
    let missing = open(&folder.path().join("none.pem")).unwrap_err();
    assert!(missing.to_string().contains("none.pem"), "{missing}");
}
