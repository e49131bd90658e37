//! The tables of the journal: made by whoever comes first, refused when a newer version made them.

use super::{Session, StoreError, failed};

/// Of the tables below. A journal of a higher number is not opened.
const VERSION: i32 = 1;
/// Keys of advisory locks of ours begin with this: "jobs".
pub(super) const LOCKS: i32 = 0x6a6f_6273;

const MAKE: &str = "
    BEGIN;
    SELECT pg_advisory_xact_lock(1785684595, 0);
    CREATE TABLE IF NOT EXISTS jobs_dispatcher_journal (key text COLLATE \"C\" PRIMARY KEY, record text NOT NULL);
    CREATE SEQUENCE IF NOT EXISTS jobs_dispatcher_handed;
    CREATE TABLE IF NOT EXISTS jobs_dispatcher_version (version integer NOT NULL);
    INSERT INTO jobs_dispatcher_version SELECT 1 WHERE NOT EXISTS (SELECT FROM jobs_dispatcher_version);
    COMMIT;";

pub(super) async fn prepare(session: &Session) -> Result<(), StoreError> {
    let client = &session.client;
    // The version is written last: where it is, all else is. And who may not make tables may use those that are there.
    let there = client
        .query_one(
            "SELECT to_regclass('jobs_dispatcher_version') IS NOT NULL",
            &[],
        )
        .await
        .map_err(failed)?;
    if !there.get::<_, bool>(0) {
        client.batch_execute(MAKE).await.map_err(failed)?;
    }
    let row = client
        .query_one("SELECT max(version) FROM jobs_dispatcher_version", &[])
        .await
        .map_err(failed)?;
    match row.get::<_, Option<i32>>(0) {
        Some(VERSION) => Ok(()),
        Some(other) => Err(StoreError(format!(
            "the tables are of version {other} of the journal, and this program knows version {VERSION}: \
             start the version that wrote them, or name another database"
        ))),
        None => Err(StoreError(
            "jobs_dispatcher_version is empty: drop the tables jobs_dispatcher_* to begin anew"
                .to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_the_tables_is_one_of_ours() {
        assert!(MAKE.contains(&format!("pg_advisory_xact_lock({LOCKS}, 0)")));
        assert!(MAKE.contains(&format!("SELECT {VERSION} WHERE")));
    }
}
