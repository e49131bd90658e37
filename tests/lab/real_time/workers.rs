//! Several workers of a dispatcher behind one port, in real time: who of them gets deliveries.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// A worker that shares its port with others, and counts what it is sent.
struct Worker {
    deliveries: Arc<AtomicUsize>,
    /// How many connections they came over.
    connections: Arc<AtomicUsize>,
    /// Told when nobody needs it any more.
    ended: Arc<AtomicBool>,
}

impl Worker {
    fn at(address: SocketAddr) -> (Self, SocketAddr) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        let listener = runtime.unwrap().block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.set_reuseport(true).unwrap();
            socket.bind(address).unwrap();
            socket.listen(64).unwrap().into_std().unwrap()
        });
        listener.set_nonblocking(false).unwrap();
        let address = listener.local_addr().unwrap();
        let worker = Self {
            deliveries: Arc::default(),
            connections: Arc::default(),
            ended: Arc::default(),
        };
        let (deliveries, connections) = (worker.deliveries.clone(), worker.connections.clone());
        let ended = worker.ended.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (deliveries, connections) = (deliveries.clone(), connections.clone());
                std::thread::spawn(move || {
                    let answered = answer(connection.unwrap(), &deliveries);
                    connections.fetch_add(usize::from(answered > 0), Ordering::Relaxed);
                });
            }
        });
        (worker, address)
    }
}

/// Answers 200 to whatever comes over this connection, for as long as it is kept. Gives how much that was.
fn answer(mut connection: TcpStream, deliveries: &AtomicUsize) -> usize {
    let (mut seen, mut answered) = (Vec::new(), 0);
    let mut chunk = [0; 4096];
    loop {
        while let Some(length) = whole(&seen) {
            seen.drain(..length);
            deliveries.fetch_add(1, Ordering::Relaxed);
            answered += 1;
            let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if connection.write_all(ok).is_err() {
                return answered;
            }
        }
        match connection.read(&mut chunk) {
            Ok(0) | Err(_) => return answered,
            Ok(read) => seen.extend_from_slice(&chunk[..read]),
        }
    }
}

/// How many bytes the first request has, if all of them are there.
fn whole(seen: &[u8]) -> Option<usize> {
    let head = seen.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&seen[..head]).unwrap().to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))?;
    let length: usize = length.trim().parse().unwrap();
    (seen.len() >= head + length).then_some(head + length)
}

/// How many deliveries each of two workers behind one port gets, and over how many connections.
fn two_workers(world: &str) -> [(usize, usize); 2] {
    let folder = tempfile::tempdir().unwrap();
    let again: String = (0..30)
        .map(|number| {
            let at = 1500 + number * 50;
            format!("  - {{ at: {at}ms, redeliver: {{ job: J1, action: queued }} }}\n")
        })
        .collect();
    let text = format!(
        "title: A dispatcher of two processes\n{world}timeline:\n  - {{ at: 0s, queue: {{ as: J1, labels: hf-jobs-cpu-basic }} }}\n{again}expect: {{ bound: 6s }}\n"
    );
    let scenario = folder.path().join("workers.yaml");
    fs::write(&scenario, text).unwrap();
    let (first, address) = Worker::at("127.0.0.1:0".parse().unwrap());
    let (second, _) = Worker::at(address);
    let ended = Command::new(env!("CARGO_BIN_EXE_dispatchlab"))
        .arg("serve")
        .arg(&scenario)
        .args(["--github", "127.0.0.1:0", "--hf", "127.0.0.1:0"])
        .args(["--webhook", &format!("http://{address}/webhook")])
        .arg("--out")
        .arg(folder.path().join("out"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(ended.code().is_some(), "{ended}");
    std::thread::sleep(Duration::from_millis(200));
    [first, second].map(|worker| {
        worker.ended.store(true, Ordering::Relaxed);
        let count = |counted: &AtomicUsize| counted.load(Ordering::Relaxed);
        (count(&worker.deliveries), count(&worker.connections))
    })
}

#[test]
fn two_workers_behind_one_port_both_get_deliveries() {
    let [first, second] = two_workers("");
    assert_eq!(first.0 + second.0, 31);
    assert!(first.0 > 0 && second.0 > 0, "{first:?} and {second:?}");
    for (deliveries, connections) in [first, second] {
        assert_eq!(connections, deliveries, "each has one of its own");
    }
}

#[test]
fn connections_that_are_kept_carry_more_than_one_delivery() {
    let [first, second] = two_workers("world: { webhooks: { connection: kept } }\n");
    assert_eq!(first.0 + second.0, 31);
    assert!(first.1 + second.1 < 31, "{first:?} and {second:?}");
}
