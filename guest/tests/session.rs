//! Handshake, HELLO, token, and hosts that break the rules.

mod support;

use hearth_wire::fields::FieldWriter;
use support::{noise, shell, Guest, DATA, ERROR, REPLY};

const TOKEN: &[u8] = b"token-of-sixteen";

fn assigned(guest: &mut Guest) {
    let mut fields = FieldWriter::new();
    fields.bytes(1, &[7; 64]).i64(2, 1_795_400_000_000_000_000).text(3, "box-1").bytes(7, TOKEN).flag(8, false);
    assert_eq!(guest.ask(3, &fields).kind, REPLY);
}

#[test]
fn a_handshake_is_found_behind_anything() {
    let mut guest = Guest::start("garbage");
    let garbage = noise(100_000);
    guest.send(&garbage);
    guest.send(b"\nHEARTH/1 0123456789abcdef0123456789abcde");
    guest.handshake();
    let hello = guest.hello(None);
    assert_eq!(hello.fields().u64(1), Ok(1));
    assert_eq!(hello.fields().flag(6), Ok(false));
    assert!(hello.fields().text_list(3).any(|capability| capability == Ok("pty")));
    assert!(!hello.fields().text_list(3).any(|capability| capability == Ok("freeze")));
}

#[test]
fn hello_comes_first() {
    let mut guest = Guest::start("hello-first");
    guest.handshake();
    assert_eq!(guest.ask(14, &FieldWriter::new()).number(), 14);
    assert_eq!(guest.hello(None).kind, REPLY);
    assert_eq!(guest.ask(14, &FieldWriter::new()).kind, REPLY);
    assert_eq!(guest.ask(999, &FieldWriter::new()).number(), 2);
}

#[test]
fn a_token_is_asked_for_once_it_is_set_and_until_quiesce() {
    let mut guest = Guest::with_session("token");
    assigned(&mut guest);
    assert_eq!(guest.shell("exit 3").exit().0, 3, "the session that set it goes on");
    for shown in [None, Some(&b"token-of-sixteeN"[..])] {
        guest.handshake();
        assert_eq!(guest.hello(shown).number(), 3);
        assert_eq!(guest.shell("true").error().0, 3);
    }
    guest.handshake();
    assert_eq!(guest.hello(Some(TOKEN)).kind, REPLY);
    let mut quiesce = FieldWriter::new();
    quiesce.u64(1, 120_000);
    assert_eq!(guest.ask(4, &quiesce).fields().flag(2), Ok(true));
    guest.handshake();
    assert_eq!(guest.hello(None).kind, REPLY, "a snapshot contains no token");
    let mut thaw = FieldWriter::new();
    thaw.text(1, "A=1").bytes(3, TOKEN);
    assert_eq!(guest.ask(5, &thaw).kind, REPLY);
    assert_eq!(guest.shell("echo $A").text(), "1\n");
    guest.handshake();
    assert_eq!(guest.hello(None).number(), 3);
}

#[test]
fn requests_may_be_pipelined_and_are_answered_in_order() {
    let mut guest = Guest::with_session("pipelined");
    let streams: Vec<u32> = (0..50).map(|_| guest.request(32, &FieldWriter::new())).collect();
    for stream in streams {
        let frame = guest.frame();
        assert_eq!((frame.kind, frame.stream), (REPLY, stream));
    }
}

#[test]
fn a_length_that_no_frame_has_begins_a_new_handshake() {
    let mut guest = Guest::with_session("oversize");
    guest.send(&[0xff; 1_000]);
    guest.handshake();
    assert_eq!(guest.hello(None).kind, REPLY);
}

#[test]
fn broken_rules_end_the_session_with_a_reason() {
    type Breaking<'a> = &'a dyn Fn(&mut Guest);
    let break_it: [(&str, Breaking<'_>); 6] = [
        ("beyond the credit", &|guest| {
            let stream = guest.request(10, &support::exec(&["/bin/sleep", "100"], true));
            // A pipe takes one of them.
            for _ in 0..6 {
                guest.data(stream, &[0; 65_536]);
            }
        }),
        ("never opened", &|guest| guest.data(1_000, b"x")),
        ("used before", &|guest| guest.send_frame(1, 1, &[0, 1])),
        ("more than was sent", &|guest| {
            let stream = guest.request(10, &shell("sleep 100"));
            guest.credit(stream, 1, 1);
        }),
        ("hosts do not send", &|guest| guest.send_frame(0x77, 1, &[])),
        ("does not fit", &|guest| guest.send_frame(DATA, 1, &[])),
    ];
    for (reason, act) in break_it {
        let mut guest = Guest::with_session("rules");
        act(&mut guest);
        let frame = guest.frame_of(0);
        assert_eq!(frame.kind, ERROR);
        assert!(frame.error_text().contains(reason), "{} for {reason}", frame.error_text());
        guest.handshake();
        assert_eq!(guest.hello(None).kind, REPLY);
    }
}

#[test]
fn frames_for_streams_that_are_over_are_dropped() {
    let mut guest = Guest::with_session("over");
    let stream = guest.request(10, &shell("true"));
    guest.collect(stream);
    guest.data(stream, b"late");
    guest.end(stream);
    guest.credit(stream, 1, 4_096);
    guest.cancel(stream);
    assert_eq!(guest.shell("exit 5").exit().0, 5);
}

#[test]
fn the_service_ends_with_its_stream() {
    let mut guest = Guest::with_session("ends");
    guest.stream.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(guest.child.wait().unwrap().success());
}

#[test]
fn no_more_than_256_streams() {
    let mut guest = Guest::with_session("limit");
    let root = guest.root.clone();
    let mut watch = support::at(&root);
    watch.flag(2, false);
    let watches: Vec<u32> = (0..256).map(|_| guest.request(29, &watch)).collect();
    for stream in &watches {
        assert_eq!(guest.frame().stream, *stream);
    }
    assert_eq!(guest.ask(29, &watch).number(), 7);
    guest.cancel(watches[100]);
    assert_eq!(guest.ask(32, &FieldWriter::new()).kind, REPLY);
}
