//! Lies on the way to a dispatcher: what only the transports and the properties can show.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use dispatchlab::{
    run::{Lab, Listen, serve},
    target::Seams,
    transport::Transport,
};
use fakes::{
    Effect, FaultRule,
    history::{Lost, What, to_json_lines},
};

use crate::plans::{of_text, run, violations};

const ONE_JOB: &str =
    "title: One job\ntimeline:\n  - at: 0s\n    queue: { as: J1, labels: hf-jobs-cpu-basic }\n";

#[test]
fn a_truncated_answer_is_a_broken_one_on_both_transports() {
    let text = format!("{ONE_JOB}faults:\n  - {{ to: hf.create, times: 1, truncate: true }}\n");
    let plan = of_text("truncated.yaml", &text, 1, false);
    let histories = [Transport::Wire, Transport::Direct].map(|transport| {
        let run = Lab::new(transport, Seams::default()).run(&plan).unwrap();
        assert_eq!(violations(&run), Vec::<String>::new());
        let lost = |what: &What| matches!(what, What::CallLost { name, why: Lost::Reset, .. } if name == "hf.create");
        assert_eq!(run.events.iter().filter(|event| lost(&event.event)).count(), 1);
        assert_eq!(run.outcome.hf_jobs, 1, "it was created once, and found again");
        to_json_lines(&run.events).unwrap()
    });
    assert_eq!(histories[0], histories[1]);
}

#[test]
fn a_truncated_answer_breaks_off_on_a_socket() {
    let plan = of_text("one.yaml", ONE_JOB, 1, false);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let listen = Listen {
        hf: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..Listen::default()
    };
    let serving = runtime.block_on(serve(&plan, listen)).unwrap();
    let truncate = FaultRule::always("hf.hardware", Effect::Truncate);
    serving.world().faults().install(vec![truncate]);
    let url = serving.hf_url.as_deref().unwrap();
    let address = url.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address).unwrap();
    socket
        .write_all(b"GET /api/jobs/hardware HTTP/1.1\r\nhost: lab\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    serving.stop();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let promised = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    assert_eq!(body.len(), promised.parse::<usize>().unwrap() / 2, "{head}");
}

#[test]
fn a_webhook_changed_on_the_way_is_refused_and_its_job_served_all_the_same() {
    for tamper in ["flip_bit", "other_body", "sorted_keys", "spaced"] {
        let text = format!("{ONE_JOB}faults:\n  - {{ to: webhook, tamper: {tamper} }}\nheal: 1h\n");
        let run = run(&of_text("tampered.yaml", &text, 1, false), Seams::default());
        assert_eq!(violations(&run), Vec::<String>::new(), "{tamper}");
        assert!(run.outcome.verdicts.exercised("signature"), "{tamper}");
    }
}

/// Only that no busy runner is killed. Whoever is told of a past in which a job was still queued may start a
/// runner too many for it, and a job that no listing shows is found late: the reference dispatcher does both.
#[test]
fn listings_that_omit_or_look_back_kill_no_busy_runner() {
    let mut broken = Vec::new();
    for lie in [
        "{ to: github.list-runners, omit: all }",
        "{ to: github.list-runners, omit: { share: 50% } }",
        "{ to: [github.list-runs, github.list-run-jobs], omit: { share: 50% } }",
        "{ to: hf.list, omit: { share: 50% } }",
        "{ to: github.list-runners, stale: 10s..2m }",
        "{ to: [github.list-runs, github.list-run-jobs, github.get-job], stale: 1m..10m }",
        "{ to: github.*, reorder: { list: true } }",
        "{ to: [github.*, hf.*], chance: 20%, truncate: true }",
    ] {
        let text = format!(
            "title: Lies\ntimeline:\n  - at: 0s..30m\n    queue: {{ jobs: 8, as: J, labels: hf-jobs-cpu-basic, runs_for: 1m..20m }}\nfaults:\n  - {lie}\n  - {{ to: webhook, chance: 30%, drop: unlogged }}\nheal: 1h\n"
        );
        for seed in 1..=5 {
            let run = run(&of_text("lies.yaml", &text, seed, false), Seams::default());
            let found = violations(&run).into_iter();
            let found = found.filter(|what| what.starts_with("never-kill-busy"));
            broken.extend(found.map(|what| format!("{lie} seed {seed}: {what}")));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
