//! Opens a journal, or says why not in the words of whoever has to mend it.

use std::{
    fmt,
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::lock::{self, Refused};

/// Marks a file as ours, where SQLite has a place for that: `jobd`.
const APPLICATION: i32 = 0x6a6f_6264;
/// The form of the tables below; of a higher one we know nothing.
const FORMAT: i32 = 1;

/// Why a journal cannot be used, which file it is, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the journal {} {problem}\n  {}", path.display(), problem.way_out())]
pub struct OpenError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Failed(String),
    InUse(Option<u32>),
    NoDatabase,
    Foreign(String),
    Newer(i32),
    Damaged(String),
}

impl OpenError {
    pub(super) fn failed(path: &Path, error: &dyn fmt::Display) -> Self {
        Self::new(path, Problem::Failed(error.to_string()))
    }

    fn new(path: &Path, problem: Problem) -> Self {
        Self {
            path: path.to_owned(),
            problem,
        }
    }

    fn of_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let problem = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Problem::NoDatabase,
            Some(ErrorCode::DatabaseCorrupt) => Problem::Damaged(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Problem::InUse(None),
            _ => Problem::Failed(error.to_string()),
        };
        Self::new(path, problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "cannot be opened: {error}"),
            Self::InUse(Some(process)) => write!(f, "is in use by process {process}"),
            Self::InUse(None) => f.write_str("is in use by another process"),
            Self::NoDatabase => f.write_str("is no SQLite database"),
            Self::Foreign(what) => write!(f, "is a database of another program: {what}"),
            Self::Newer(format) => write!(
                f,
                "was written by a newer jobs-dispatcher: it has format {format}, this one knows {FORMAT}"
            ),
            Self::Damaged(how) => write!(f, "is damaged: {how}"),
        }
    }
}

impl Problem {
    fn way_out(&self) -> &'static str {
        match self {
            Self::Failed(_) => {
                "DATABASE must name a file in a folder that exists and that this user may write in"
            }
            Self::InUse(_) => {
                "two dispatchers on one journal would launch everything twice: stop the other one, or give this one \
                 a DATABASE of its own"
            }
            Self::NoDatabase | Self::Foreign(_) => {
                "set DATABASE to the right file, or to one that does not exist yet; this one was left as it is"
            }
            Self::Newer(_) => {
                "start the newer version again, or set DATABASE to a file that does not exist yet: queued jobs and HF \
                 jobs of ours are found again without a journal"
            }
            Self::Damaged(_) => {
                "put a copy back, or move it away and start without: queued jobs and HF jobs of ours are found again"
            }
        }
    }
}

/// The journal, ready, and the lock that keeps others away from it.
pub(super) fn open(path: &Path) -> Result<(Connection, File), OpenError> {
    let wrap = |error: rusqlite::Error| OpenError::of_sqlite(path, &error);
    let lock = lock::take(path).map_err(|refused| match refused {
        Refused::Held(process) => OpenError::new(path, Problem::InUse(process)),
        Refused::Failed(error) => OpenError::failed(path, &error),
    })?;
    let connection = Connection::open(path).map_err(wrap)?;
    if let Some(problem) = examine(&connection).map_err(wrap)? {
        return Err(OpenError::new(path, problem));
    }
    prepare(&connection).map_err(wrap)?;
    Ok((connection, lock))
}

/// Looks at a file before anything is changed in it.
fn examine(connection: &Connection) -> rusqlite::Result<Option<Problem>> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get(0));
    let (application, format): (i32, i32) = (number("application_id")?, number("user_version")?);
    let strange: Option<String> = connection
        .query_row(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('journal', 'checked') LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if application != APPLICATION {
        // The first journals carried no mark: a table of one name was all there was to them.
        let unmarked = application == 0 && format == 0;
        match strange {
            Some(table) => return Ok(Some(Problem::Foreign(format!("it has a table {table}")))),
            None if unmarked => {}
            None => {
                let mark = format!("its application_id is {application:#x}");
                return Ok(Some(Problem::Foreign(mark)));
            }
        }
    }
    if format > FORMAT {
        return Ok(Some(Problem::Newer(format)));
    }
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // Its first line only names the database.
    let how = sound.lines().last().unwrap_or_default().to_owned();
    Ok((sound != "ok").then_some(Problem::Damaged(how)))
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;
         BEGIN;
         CREATE TABLE IF NOT EXISTS journal (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
         CREATE TABLE IF NOT EXISTS checked (id INTEGER PRIMARY KEY, times INTEGER NOT NULL);
         PRAGMA application_id={APPLICATION}; PRAGMA user_version={FORMAT};
         COMMIT;"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_folder(prepare: impl FnOnce(&Path)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        prepare(&path);
        match open(&path) {
            Ok(_) => "opened".to_owned(),
            Err(error) => {
                let told = error.to_string();
                assert!(told.contains(path.to_str().unwrap()), "{told}");
                assert!(told.lines().count() == 2, "a way out is missing: {told}");
                told
            }
        }
    }

    fn sql(path: &Path, statements: &str) {
        Connection::open(path)
            .unwrap()
            .execute_batch(statements)
            .unwrap();
    }

    #[test]
    fn opens_new_own_and_unmarked_journals() {
        assert_eq!(in_folder(|_| {}), "opened");
        assert_eq!(
            in_folder(|path| std::fs::write(path, "").unwrap()),
            "opened"
        );
        assert_eq!(in_folder(|path| drop(open(path).unwrap())), "opened");
        let unmarked =
            "CREATE TABLE journal (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;";
        assert_eq!(in_folder(|path| sql(path, unmarked)), "opened");
    }

    #[test]
    fn refuses_what_is_no_journal_and_leaves_it_as_it_is() {
        let text = "not a database, and long enough to be read as a broken header of one".repeat(9);
        let told = in_folder(|path| std::fs::write(path, &text).unwrap());
        assert!(told.contains("is no SQLite database"), "{told}");
        let told = in_folder(|path| sql(path, "CREATE TABLE bookmarks (x);"));
        assert!(
            told.contains("another program: it has a table bookmarks"),
            "{told}"
        );
        let told =
            in_folder(|path| sql(path, "PRAGMA application_id=7; CREATE TABLE journal (x);"));
        assert!(told.contains("application_id is 0x7"), "{told}");
        let told = in_folder(|path| std::fs::create_dir(path).unwrap());
        assert!(told.contains("cannot be opened"), "{told}");

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        sql(&path, "CREATE TABLE bookmarks (x);");
        let before = std::fs::read(&path).unwrap();
        open(&path).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn refuses_a_newer_journal() {
        let told = in_folder(|path| {
            drop(open(path).unwrap());
            sql(path, "PRAGMA user_version=2;");
        });
        assert!(
            told.contains("newer jobs-dispatcher: it has format 2, this one knows 1"),
            "{told}"
        );
    }

    #[test]
    fn refuses_a_damaged_journal() {
        let told = in_folder(|path| {
            drop(open(path).unwrap());
            let rows: String = (0..2000)
                .map(|n| {
                    format!(
                        "INSERT INTO journal VALUES ('job/1/{n}', '{}');",
                        "x".repeat(100)
                    )
                })
                .collect();
            sql(
                path,
                &format!("BEGIN; {rows} COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"),
            );
            let mut bytes = std::fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..middle + 8192].fill(0x5a);
            std::fs::write(path, bytes).unwrap();
        });
        assert!(told.contains("is damaged"), "{told}");
    }

    #[test]
    fn a_second_one_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let first = open(&path).unwrap();
        let told = open(&path).unwrap_err().to_string();
        let process = format!("is in use by process {}", std::process::id());
        assert!(told.contains(&process), "{told}");
        #[cfg(unix)]
        {
            let alias = folder.path().join("alias.db");
            std::os::unix::fs::symlink(&path, &alias).unwrap();
            assert!(open(&alias).unwrap_err().to_string().contains(&process));
        }
        drop(first);
        open(&path).unwrap();
    }
}
