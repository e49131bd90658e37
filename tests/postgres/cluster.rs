//! A Postgres server in a temporary folder, which ends with the test.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use dispatcher::{Postgres, Spawner};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::{Client, NoTls};

/// Who owns everything in it, and may do all.
pub(crate) const USER: &str = "dispatcher";
const PASSWORD: &str = "not-to-be-told";

pub(crate) struct Cluster {
    server: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The server's user has to get there.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&data));
        }
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        run(as_server("initdb")
            .args([
                "--no-sync",
                "--no-instructions",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .args(["--auth=scram-sha-256", "--username", USER])
            .arg("--pwfile")
            .arg(&password)
            .arg(&data));
        let port = free_port();
        let server = as_server("postgres")
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args([
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off",
                "-c",
                "ssl=off",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut cluster = Self {
            server,
            port,
            _folder: folder,
        };
        cluster.wait_until_it_listens();
        cluster
    }

    fn wait_until_it_listens(&mut self) {
        for _ in 0..1_000 {
            if run_ok(as_server("pg_isready").args([
                "-q",
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
            ])) {
                return;
            }
            assert!(
                self.server.try_wait().unwrap().is_none(),
                "the server ended"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server does not listen");
    }

    pub(crate) fn url(&self) -> String {
        self.url_of(USER)
    }

    pub(crate) fn url_of(&self, user: &str) -> String {
        format!(
            "postgres://{user}:{PASSWORD}@127.0.0.1:{}/postgres",
            self.port
        )
    }

    pub(crate) fn postgres(&self) -> Arc<Postgres> {
        Arc::new(Postgres::new(&self.url(), None, spawner()).unwrap())
    }

    /// A connection past the dispatcher, to do with its tables what it would not.
    pub(crate) async fn sql(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        spawner().spawn(async { drop(connection.await) });
        client
    }

    /// Ends all connections of the dispatcher that are in a state that the condition describes.
    pub(crate) async fn cut(&self, condition: &str) -> i64 {
        let query = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE application_name = 'jobs-dispatcher' AND {condition}"
        );
        self.sql()
            .await
            .query_one(&query, &[])
            .await
            .unwrap()
            .get(0)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // "Immediate": nothing in it is to be kept.
        let server = Pid::from_child(&self.server);
        let _ended = kill_process(server, Signal::QUIT);
        let _status = self.server.wait();
    }
}

pub(crate) fn password() -> &'static str {
    PASSWORD
}

pub(crate) fn spawner() -> Spawner {
    #[expect(clippy::disallowed_methods, reason = "a test owns its runtime")]
    Spawner::new(|task| drop(tokio::spawn(task)))
}

pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of the server's package. The server does not run as root, so root gives it to the user of the package.
fn as_server(program: &str) -> Command {
    let program = programs().join(program);
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ]);
        command.arg(program);
        command.current_dir("/");
        return command;
    }
    Command::new(program)
}

/// Where Debian keeps the newest version's programs, which are not on the path.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<u32>().ok())
        .max()
        .expect("Debian's package postgresql is missing: ci/check installs it");
    Path::new("/usr/lib/postgresql")
        .join(newest.to_string())
        .join("bin")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn run_ok(command: &mut Command) -> bool {
    command.status().unwrap().success()
}
