//! Processes that outlive streams and sessions.

mod support;

use hearth_wire::fields::FieldWriter;
use support::{exec, shell, Guest, DATA, ERROR, EVENT, REPLY};

fn attach(id: u64, out_from: Option<u64>) -> FieldWriter {
    let mut fields = FieldWriter::new();
    fields.u64(1, id);
    if let Some(from) = out_from {
        fields.u64(3, from);
    }
    fields
}

/// Reads DATA of channel 1 into `into` until `enough` frames came or the stream is over; says whether it is.
fn read_some(guest: &mut Guest, stream: u32, into: &mut Vec<u8>, enough: usize) -> bool {
    for _ in 0..enough {
        let frame = guest.frame_of(stream);
        match frame.kind {
            DATA => {
                into.extend_from_slice(frame.content());
                guest.credit(stream, 1, frame.content().len());
            }
            REPLY => return true,
            _ => {}
        }
    }
    false
}

#[test]
fn no_byte_is_lost_or_doubled_over_many_sessions() {
    let mut guest = Guest::with_session("sessions");
    let stream = guest.request(10, &shell("seq 1 2000000"));
    let id = guest.frame().fields().u64(1).unwrap();
    let mut content = Vec::new();
    let (mut stream, mut sessions, mut over) = (stream, 1, false);
    while !over {
        over = read_some(&mut guest, stream, &mut content, 1 + sessions % 5);
        if !over && sessions < 40 {
            sessions += 1;
            guest.handshake();
            guest.hello(None);
            stream = guest.request(11, &attach(id, Some(content.len() as u64)));
            let started = guest.frame();
            assert_eq!((started.kind, started.fields().u64(4)), (EVENT, Ok(content.len() as u64)));
        }
    }
    assert_eq!(sessions, 40);
    let expected: String = (1..=2_000_000).map(|number| format!("{number}\n")).collect();
    assert!(content == expected.as_bytes(), "{} bytes for {}", content.len(), expected.len());
}

#[test]
fn stdin_goes_on_where_the_process_was() {
    let mut guest = Guest::with_session("stdin-sessions");
    // Reads so slowly that most of what is sent waits in the agent when the session breaks.
    let command = "dd bs=1000 count=1 2>/dev/null | wc -c; read -r _ < go; cat | sha256sum";
    let fifo = guest.path("go");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut fields = exec(&["/bin/sh", "-c", command], true);
    fields.text(3, guest.root.clone().to_str().unwrap());
    let stream = guest.request(10, &fields);
    let id = guest.frame().fields().u64(1).unwrap();
    let content = support::noise(600_000);
    for part in content[..support::WINDOW].chunks(65_536) {
        guest.data(stream, part);
    }
    let mut first = guest.frame_of(stream);
    while first.kind != DATA {
        first = guest.frame_of(stream);
    }
    assert_eq!(first.content(), b"1000\n");
    let mut stream = stream;
    let mut sent = 0;
    for _ in 0..3 {
        guest.handshake();
        guest.hello(None);
        stream = guest.request(11, &attach(id, Some(5)));
        sent = guest.frame().fields().u64(3).unwrap() as usize;
        assert!((1_000..=content.len()).contains(&sent), "{sent}");
        let end = content.len().min(sent + support::WINDOW);
        for part in content[sent..end].chunks(65_536) {
            guest.data(stream, part);
        }
        sent = end;
    }
    std::fs::write(&fifo, "go\n").unwrap();
    let mut text = String::new();
    let mut credit = 0;
    loop {
        if sent < content.len() && credit > 0 {
            let end = content.len().min(sent + credit.min(65_536));
            guest.data(stream, &content[sent..end]);
            credit -= end - sent;
            sent = end;
            continue;
        }
        if sent == content.len() {
            guest.end(stream);
            sent += 1;
        }
        let frame = guest.frame_of(stream);
        match frame.kind {
            support::CREDIT => credit += u32::from_be_bytes(frame.payload[1..].try_into().unwrap()) as usize,
            DATA => text.push_str(&String::from_utf8_lossy(frame.content())),
            REPLY => break,
            _ => {}
        }
    }
    let rest: Vec<u8> = content[1_000..].to_vec();
    let expected = hearth_wire::hex::encode(&hearth_wire::sha256::sha256(&rest));
    assert_eq!(text, format!("{expected}  -\n"));
}

#[test]
fn a_second_attachment_takes_the_process_over() {
    let mut guest = Guest::with_session("takeover");
    let first = guest.request(10, &exec(&["cat"], true));
    let id = guest.frame().fields().u64(1).unwrap();
    guest.data(first, b"one");
    assert_eq!(guest.frame_of(first).content(), b"one");
    let second = guest.request(11, &attach(id, None));
    let lost = guest.frame_of(first);
    assert_eq!((lost.kind, lost.number()), (ERROR, 9));
    guest.data(first, b"to nobody");
    guest.data(second, b"two");
    guest.end(second);
    let all = guest.collect(second);
    assert_eq!((all.text().as_str(), all.exit().0), ("onetwo", 0), "the replay comes first");
}

#[test]
fn a_kept_process_goes_on_and_the_latest_output_is_replayed() {
    let mut guest = Guest::with_session("kept");
    let done = guest.path("done");
    let mut fields = FieldWriter::new();
    let command = format!("seq 1 100000; touch {}; sleep 100", done.display());
    for argument in ["/bin/sh", "-c", &command] {
        fields.text(1, argument);
    }
    fields.flag(7, false).text(8, "service").u64(9, 1);
    let stream = guest.request(10, &fields);
    guest.frame();
    guest.cancel(stream);
    while !done.exists() {
        assert_eq!(guest.ask(32, &FieldWriter::new()).kind, REPLY);
    }
    let mut by_tag = FieldWriter::new();
    by_tag.text(2, "service").u64(3, 0);
    let stream = guest.request(11, &by_tag);
    let started = guest.frame_of(stream);
    let from = started.fields().u64(4).unwrap();
    let expected: String = (1..=100_000).map(|number| format!("{number}\n")).collect();
    assert!(from > 0, "the oldest output is gone");
    assert!(expected.len() as u64 - from >= 65_536, "at least 64 KiB are kept");
    let mut content = Vec::new();
    while content.len() < expected.len() - from as usize {
        read_some(&mut guest, stream, &mut content, 1);
    }
    assert!(content == expected.as_bytes()[from as usize..]);
}

#[test]
fn an_ended_process_can_be_asked_for() {
    let mut guest = Guest::with_session("ended");
    let stream = guest.request(10, &shell("echo bye; exit 9"));
    let all = guest.collect(stream);
    let id = all.events[0].fields().u64(1).unwrap();
    for _ in 0..2 {
        let again = guest.request(11, &attach(id, None));
        let all = guest.collect(again);
        assert_eq!((all.text().as_str(), all.exit().0), ("bye\n", 9));
    }
    let future = guest.request(11, &attach(id, Some(1_000)));
    assert_eq!(guest.collect(future).error().0, 1);
    assert_eq!(guest.ask(11, &attach(999, None)).number(), 4);
    assert_eq!(guest.ask(11, &FieldWriter::new()).number(), 1);
}
