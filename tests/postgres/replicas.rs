//! Three replicas of the released dispatcher on one Postgres, between a served GitHub and Hub, of which the one that leads is
//! killed at random moments. The lab's verdict says whether a job was launched twice, lost, or left behind.

use std::{
    fs,
    hash::{BuildHasher as _, RandomState},
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread::{sleep, spawn},
    time::Duration,
};

use tokio::{runtime::Runtime, time::Instant};
use tokio_postgres::Client;

use crate::cluster::{Cluster, free_port};

const SCENARIO: &str = "\
title: Jobs while the leader is killed
world:
  hf: { cold_start: 1s }
  webhooks: { delay: 0s }
timeline:
  - { at: 1s, queue: { jobs: 3, as: A, labels: hf-jobs-cpu-basic, runs_for: 2s } }
  - { at: 6s, queue: { jobs: 3, as: B, labels: hf-jobs-cpu-basic, runs_for: 2s } }
  - { at: 11s, queue: { jobs: 3, as: C, labels: hf-jobs-t4-small, runs_for: 2s } }
  - { at: 16s, queue: { jobs: 3, as: D, labels: hf-jobs-cpu-basic, runs_for: 2s } }
  - { at: 21s, queue: { jobs: 3, as: E, labels: hf-jobs-t4-small, runs_for: 2s } }
  - { at: 26s, queue: { jobs: 3, as: F, labels: hf-jobs-cpu-basic, runs_for: 2s } }
expect:
  hf_jobs: 18
  settle: 15s
";
/// Another has to lead within this.
const TAKES_OVER: Duration = Duration::from_secs(10);
const REPLICAS: usize = 3;
const KILLS: usize = 6;

/// A child process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _status = self.0.wait();
    }
}

/// A program of the workspace, built beside this test.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join(name);
    assert!(
        program.exists(),
        "{} is missing: run the tests of the whole workspace",
        program.display()
    );
    program
}

/// One replica: its name in the database and where it listens. Its port stays when it is killed and started again.
struct Replica {
    name: String,
    port: u16,
    log: PathBuf,
    process: Option<Process>,
}

impl Replica {
    fn start(&mut self, cluster: &Cluster, environment: &Path) {
        let database = format!("{}?application_name={}", cluster.url(), self.name);
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log);
        let child = Command::new("sh")
            .args(["-c", "set -a; . \"$1\"; exec \"$2\"", "sh"])
            .arg(environment)
            .arg(program("jobs-dispatcher"))
            .env("HOST", "127.0.0.1")
            .env("PORT", self.port.to_string())
            .env("DATABASE", database)
            .env("SURVEY_INTERVAL", "10s")
            .env("HF_POLL_INTERVAL", "5s")
            .env("LOOKUP_GAP", "5s")
            .env("STALE_READS", "10s")
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        self.process = Some(Process(child.unwrap()));
    }
}

/// Passes each connection on to a replica that takes it, in turn, as a load balancer does.
fn balance(listener: TcpListener, ports: Vec<u16>) {
    let turn = AtomicUsize::new(0);
    spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            let first = turn.fetch_add(1, Ordering::Relaxed);
            let replica = (0..ports.len()).find_map(|n| {
                let port = ports[(first + n) % ports.len()];
                TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).ok()
            });
            let Some(replica) = replica else { continue };
            let back = (
                replica.try_clone().unwrap(),
                connection.try_clone().unwrap(),
            );
            spawn(move || copy(connection, replica));
            spawn(move || copy(back.0, back.1));
        }
    });
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        if to.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    // Either may be gone already.
    let _ended = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// Who holds the lock.
fn leader(runtime: &Runtime, sql: &Client) -> Option<String> {
    let query = "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE locktype = 'advisory' AND granted AND objsubid = 2";
    let row = runtime.block_on(sql.query_opt(query, &[])).unwrap();
    row.map(|row| row.get(0))
}

/// Waits until another than `former` leads.
fn next_leader(runtime: &Runtime, sql: &Client, former: Option<&str>) -> String {
    let since = Instant::now();
    loop {
        match leader(runtime, sql) {
            Some(name) if Some(name.as_str()) != former => return name,
            _ => assert!(
                since.elapsed() < TAKES_OVER,
                "nobody leads after {former:?}"
            ),
        }
        sleep(Duration::from_millis(20));
    }
}

fn lab(folder: &Path, environment: &Path, port: u16) -> Process {
    let scenario = folder.join("replicas.yaml");
    fs::write(&scenario, SCENARIO).unwrap();
    let lab = Command::new(program("dispatchlab"))
        .arg("serve")
        .arg(&scenario)
        .args(["--github", "127.0.0.1:0", "--hf", "127.0.0.1:0"])
        .args(["--webhook", &format!("http://127.0.0.1:{port}/webhook")])
        .arg("--env-file")
        .arg(environment)
        .arg("--out")
        .arg(folder.join("out"))
        .stdout(fs::File::create(folder.join("lab.out")).unwrap())
        .stderr(fs::File::create(folder.join("lab.err")).unwrap())
        .spawn();
    let mut lab = Process(lab.unwrap());
    while fs::read_to_string(environment)
        .unwrap_or_default()
        .is_empty()
    {
        sleep(Duration::from_millis(20));
        assert!(
            lab.0.try_wait().unwrap().is_none(),
            "serve ended before it listened"
        );
    }
    lab
}

#[test]
fn a_killed_leader_loses_no_job_and_launches_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let cluster = Cluster::start();
    let sql = runtime.block_on(cluster.sql());
    let environment = folder.path().join("lab.env");
    let balancer = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = balancer.local_addr().unwrap().port();
    let mut replicas: Vec<_> = (1..=REPLICAS)
        .map(|n| Replica {
            name: format!("replica-{n}"),
            port: free_port(),
            log: folder.path().join(format!("replica-{n}.log")),
            process: None,
        })
        .collect();
    balance(
        balancer,
        replicas.iter().map(|replica| replica.port).collect(),
    );
    let mut lab = lab(folder.path(), &environment, port);
    for replica in &mut replicas {
        replica.start(&cluster, &environment);
    }
    // Other moments in every run: what is shown is shown for all of them.
    let chance = RandomState::new();
    let up_to = |ms: u64, what: (&str, usize)| Duration::from_millis(chance.hash_one(what) % ms);
    let mut leads = next_leader(&runtime, &sql, None);
    for kill in 0..KILLS {
        sleep(Duration::from_millis(500) + up_to(4_500, ("kill", kill)));
        let killed = replicas
            .iter_mut()
            .find(|replica| replica.name == leads)
            .unwrap();
        killed.process = None;
        leads = next_leader(&runtime, &sql, Some(&killed.name));
        sleep(up_to(1_000, ("start", kill)));
        killed.start(&cluster, &environment);
    }
    let status = lab.0.wait().unwrap();
    let told = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let logs: String = replicas
        .iter()
        .map(|replica| fs::read_to_string(&replica.log).unwrap())
        .collect();
    println!("{}{}{logs}", told("lab.out"), told("lab.err"));
    assert!(status.success(), "{status}");
    let took_over = logs
        .lines()
        .filter(|line| line.ends_with(": leads"))
        .count();
    // One that is killed as soon as it leads may not have said so.
    assert!(took_over > KILLS / 2, "only {took_over} led");
}
