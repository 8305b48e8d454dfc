//! Clients that are slow, broken or hostile harm nobody else.

use crate::support::{message, op, spawn, Client, Launcher};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

fn connect(launcher: &Launcher) -> Client {
    Client::over(UnixStream::connect(launcher.folder.path("launcher.sock")).unwrap())
}

#[test]
fn hello_says_who_answers() {
    let launcher = Launcher::start();
    let mut client = connect(&launcher);
    let reply = client.call(op::HELLO, |_| {}).unwrap();
    let fields = hearth_wire::fields::Fields::parse(&reply).unwrap();
    assert_eq!((fields.text(1).unwrap(), fields.u64(2).unwrap()), (env!("CARGO_PKG_VERSION"), launcher.pid().into()));
}

#[test]
fn an_impossible_length_ends_the_connection_and_no_other() {
    let launcher = Launcher::start();
    let mut good = launcher.client();
    for length in [0u32, 4, (1 << 20) + 1, u32::MAX] {
        let mut bad = connect(&launcher);
        bad.stream.write_all(&length.to_be_bytes()).unwrap();
        assert!(bad.read_message().is_none());
    }
    assert!(good.list().is_empty());
}

#[test]
fn bad_requests_are_answered_and_the_connection_goes_on() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    assert_eq!(client.call(99, |_| {}).unwrap_err().errno, libc::ENOSYS);
    assert_eq!(
        client
            .call(op::KILL, |w| {
                w.text(1, "a");
            })
            .unwrap_err()
            .text,
        "signal: field 2 is missing"
    );
    let refused = client.call(op::HASH, |w| {
        w.bytes(1, b"relative");
    });
    assert!(refused.unwrap_err().text.contains("an absolute path"));
    client.stream.write_all(&message(op::LIST, 77, b"\x01\xff\xff\xff\xff")).unwrap();
    assert_eq!(client.read_message().unwrap().0, 0x81);
    assert!(client.list().is_empty());
}

#[test]
fn requests_may_come_in_pieces_and_many_at_once() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    for byte in message(op::LIST, 500, b"") {
        client.stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(client.read_message().unwrap(), (0x80, 500, Vec::new()));
    let many: Vec<u8> = (1000..3000).flat_map(|request| message(op::LIST, request, b"")).collect();
    client.stream.write_all(&many).unwrap();
    for request in 1000..3000 {
        assert_eq!(client.read_message().unwrap().1, request);
    }
}

#[test]
fn a_client_that_asks_and_never_reads_is_cut_off() {
    let launcher = Launcher::start();
    let mut good = launcher.client();
    spawn(&mut good, &launcher.folder, "a", &["/bin/sleep", "60"], |_| {}).unwrap();
    let flood = connect(&launcher);
    let lists: Vec<u8> = (0..200_000u32).flat_map(|request| message(op::LIST, request, b"")).collect();
    let mut stream = flood.stream;
    // It fails when the launcher has had enough.
    assert!(stream.write_all(&lists).is_err() || drain(&mut stream) < lists.len() * 4);
    assert_eq!(good.list().len(), 1);
    let status = std::fs::read_to_string(format!("/proc/{}/status", launcher.pid())).unwrap();
    let peak_kib: u64 =
        status.lines().find(|l| l.starts_with("VmHWM")).unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(peak_kib < 32 * 1024, "the launcher took {peak_kib} KiB");
}

fn drain(stream: &mut UnixStream) -> usize {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) | Err(_) => bytes.len(),
    }
}

#[test]
fn a_client_that_vanishes_in_the_middle_of_a_message_is_forgotten() {
    let launcher = Launcher::start();
    let mut good = launcher.client();
    let before = crate::support::open_descriptors(launcher.pid());
    for cut in 1..12 {
        let mut client = connect(&launcher);
        client.stream.write_all(&message(op::LIST, 1, b"\x01\0\0\0\0")[..cut]).unwrap();
    }
    // Each answer is a round of the loop, in which it accepts one of them and lets go of those that closed.
    let rounds = 100;
    let settled = (0..rounds).any(|_| {
        good.list();
        crate::support::open_descriptors(launcher.pid()) == before
    });
    assert!(settled, "some are still open after {rounds} rounds");
}
