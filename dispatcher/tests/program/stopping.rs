//! How it ends: in time and with 0, whatever its clients do; at once when it is asked twice.

use std::{
    io::{Read, Write},
    time::Duration,
};

use rustix::process::Signal;

use super::{Program, assert_accepted, forged_head, queued, webhook};

const IN_TIME: Duration = Duration::from_secs(5);

#[test]
fn ends_in_time_whatever_its_clients_do() {
    let mut program = Program::start();
    let mut clients = Vec::new();
    for sent in [
        b"".to_vec(),
        b"POST /webhook HTT".to_vec(),
        forged_head(1000),
        [forged_head(1000), vec![b' '; 500]].concat(),
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
    ] {
        for _ in 0..3 {
            let mut client = program.connect();
            client.write_all(&sent).unwrap();
            clients.push(client);
        }
    }
    assert_accepted(&program.deliver(1).0);
    program.signal(Signal::TERM);
    let ended = program.ended_within(IN_TIME).expect("it ends within 5 s");
    assert_eq!(ended.code(), Some(0), "{}", program.log());
}

#[test]
fn what_is_under_way_is_answered_and_nothing_new_is_taken() {
    let mut program = Program::start();
    let request = webhook(&queued(1), "");
    let (most, rest) = request.split_at(request.len() - 10);
    let mut client = program.connect();
    client.write_all(most).unwrap();
    // Until its head is read it may count as idle.
    std::thread::sleep(Duration::from_millis(300));
    program.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(700));
    assert!(
        std::net::TcpStream::connect(program.address).is_err(),
        "it still listens"
    );
    client.write_all(rest).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_accepted(&answer);
    let ended = program.ended_within(IN_TIME).expect("it ends within 5 s");
    assert_eq!(ended.code(), Some(0), "{}", program.log());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut program = Program::start();
    let mut client = program.connect();
    client.write_all(&forged_head(1000)).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    program.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(500));
    assert!(
        program.ended_within(Duration::ZERO).is_none(),
        "it waits for its client"
    );
    program.signal(Signal::TERM);
    let ended = program
        .ended_within(Duration::from_millis(500))
        .expect("it ends at once");
    assert_eq!(ended.code(), Some(130));
}
