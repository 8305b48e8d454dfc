//! Hosts that vanish, flood or read slowly harm nobody else.

mod support;

use hearth_wire::fields::FieldWriter;
use support::{at, exec, noise, shell, Guest, DATA, REPLY, WINDOW};

/// Resident memory of the program, in KiB.
fn resident_kib(guest: &Guest) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", guest.child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_stream_without_credit_stops_and_the_others_go_on() {
    let mut guest = Guest::with_session("no-credit");
    let stuck: Vec<u32> = (0..10).map(|_| guest.request(10, &shell("yes"))).collect();
    let mut got = vec![0; stuck.len()];
    while got.iter().any(|bytes| *bytes < WINDOW) {
        let frame = guest.frame();
        if frame.kind == DATA {
            got[(frame.stream - stuck[0]) as usize] += frame.content().len();
        }
    }
    assert!(got.iter().all(|bytes| *bytes == WINDOW), "{got:?}");
    for _ in 0..20 {
        assert_eq!(guest.shell("exit 6").exit().0, 6);
    }
    assert!(resident_kib(&guest) < 20_000, "{} KiB", resident_kib(&guest));
}

#[test]
fn floods_leave_the_others_alone() {
    let mut guest = Guest::with_session("flood");
    let path = guest.path("zeros");
    std::fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let mut read = at(&path);
    read.u64(2, 0);
    let first = guest.request(10, &shell("cat /dev/zero"));
    for _ in 0..4 {
        guest.request(10, &shell("cat /dev/zero"));
        guest.request(22, &read);
    }
    // Asked of the agent itself: when a process gets a turn is the kernel's affair.
    for _ in 0..30 {
        let asked = guest.request(20, &at(&path));
        let mut between = 0usize;
        loop {
            let frame = guest.frame();
            match frame.kind {
                REPLY if frame.stream == asked => break,
                DATA => {
                    assert!(frame.stream >= first);
                    between += frame.content().len();
                    guest.credit(frame.stream, 1, frame.content().len());
                    assert!(between < 8_000_000, "{between} bytes of floods before an answer");
                }
                _ => {}
            }
        }
    }
}

/// A host that writes all it has before it reads, as a simple program may.
#[test]
fn credit_is_heard_while_nothing_is_read() {
    let mut guest = Guest::with_session("simple-host");
    let stream = guest.request(10, &shell("while :; do echo x; done"));
    let other = guest.request(10, &exec(&["cat"], true));
    let mut got = 0;
    while got < 1_000 {
        let frame = guest.frame_of(stream);
        got += if frame.kind == DATA { frame.content().len() } else { 0 };
    }
    for _ in 0..got {
        guest.credit(stream, 1, 1);
    }
    // Far more than sockets and pipes hold.
    for _ in 0..20_000 {
        guest.send_frame(support::END, other, &[0]);
        guest.send_frame(support::CREDIT, other, &[1, 0, 0, 0, 0]);
    }
    while got < 500_000 {
        let frame = guest.frame_of(stream);
        if frame.kind == DATA {
            got += frame.content().len();
            guest.credit(stream, 1, frame.content().len());
        }
    }
}

/// Sends `count` requests without reading, then reads all answers.
fn flood(guest: &mut Guest, method: u8, count: u32) {
    let mut sender = guest.stream.try_clone().unwrap();
    let flood = std::thread::spawn(move || {
        use std::io::Write;
        for stream in 2..2 + count {
            let frame = [&b"\0\0\0\x07\x01"[..], &stream.to_be_bytes(), &[0, method]].concat();
            sender.write_all(&frame).unwrap();
        }
    });
    for stream in 2..2 + count {
        let frame = guest.frame();
        assert_eq!((frame.kind, frame.stream), (REPLY, stream));
    }
    flood.join().unwrap();
}

#[test]
fn a_flood_of_requests_is_answered_as_it_is_read() {
    let mut guest = Guest::with_session("requests");
    flood(&mut guest, 14, 20_000);
    assert!(resident_kib(&guest) < 10_000);
    // Each of these takes a while: the first answer must not wait until all that was read is done.
    let mut guest = Guest::with_session("slow-requests");
    flood(&mut guest, 31, 100);
}

#[test]
fn a_host_that_reads_nothing_is_not_waited_for_in_memory() {
    let mut guest = Guest::with_session("deaf");
    for _ in 0..20 {
        guest.request(10, &shell("yes"));
    }
    let mut list = at(std::path::Path::new("/usr"));
    list.u64(2, 16);
    guest.request(21, &list);
    // A new session finds the agent as fast as ever: nothing of all that is waited for.
    guest.handshake();
    guest.hello(None);
    assert_eq!(guest.shell("exit 4").exit().0, 4);
    assert!(resident_kib(&guest) < 20_000, "{} KiB", resident_kib(&guest));
}

#[test]
fn a_host_that_vanishes_in_the_middle_of_a_frame_is_followed_by_another() {
    let mut guest = Guest::with_session("vanish");
    let path = guest.path("file");
    let mut write = at(&path);
    write.u64(2, 0o600);
    for round in 0..10u8 {
        let stream = guest.request(23, &write);
        let running = guest.request(10, &exec(&["cat"], true));
        guest.data(stream, &noise(10_000));
        guest.data(running, &noise(1_000));
        // Half of a frame. A new host's first line disappears in it; its next one is heard.
        guest.send(&[&(5 + 44 + u32::from(round)).to_be_bytes()[..], &[DATA, 0, 0, 0, 1]].concat());
        guest.send(&vec![0; 1 + usize::from(round)]);
        guest.send(b"\nHEARTH/1 0123456789abcdef0123456789abcdef\n");
        guest.handshake();
        guest.hello(None);
        assert_eq!(guest.shell("exit 7").exit().0, 7);
    }
}

#[test]
fn a_large_download_and_a_large_upload_share_the_link() {
    let mut guest = Guest::with_session("share");
    let (source, target) = (guest.path("source"), guest.path("target"));
    let content = noise(8_000_000);
    std::fs::write(&source, &content).unwrap();
    let mut write = at(&target);
    write.u64(2, 0o600);
    let mut read = at(&source);
    read.u64(2, 0);
    let (up, down) = (guest.request(23, &write), guest.request(22, &read));
    let (mut credit, mut sent, mut got, mut over) = (WINDOW, 0, Vec::new(), 0);
    while over < 2 {
        while sent < content.len() && credit >= 65_536 {
            let end = content.len().min(sent + 65_536);
            guest.data(up, &content[sent..end]);
            (credit, sent) = (credit - (end - sent), end);
            if sent == content.len() {
                guest.end(up);
            }
        }
        let frame = guest.frame();
        match frame.kind {
            DATA => {
                got.extend_from_slice(frame.content());
                guest.credit(down, 1, frame.content().len());
            }
            support::CREDIT => credit += u32::from_be_bytes(frame.payload[1..].try_into().unwrap()) as usize,
            REPLY => over += 1,
            _ => {}
        }
    }
    assert!(got == content && std::fs::read(&target).unwrap() == content);
    assert_eq!(guest.ask(32, &FieldWriter::new()).kind, REPLY);
}
