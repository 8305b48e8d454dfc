//! Files: large ones, broken ones, trees.

mod support;

use hearth_wire::fields::FieldWriter;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::{at, noise, Guest, CREDIT, DATA, END, ERROR, EVENT, REPLY, WINDOW};

/// Sends `content` as credit allows; returns the last frame.
fn upload(guest: &mut Guest, stream: u32, content: &[u8]) -> support::Frame {
    let (mut credit, mut sent, mut ended) = (WINDOW, 0, false);
    loop {
        while sent < content.len() && credit > 0 {
            let end = content.len().min(sent + credit.min(65_536));
            guest.data(stream, &content[sent..end]);
            credit -= end - sent;
            sent = end;
        }
        if sent == content.len() && !ended {
            ended = true;
            guest.end(stream);
        }
        let frame = guest.frame_of(stream);
        match frame.kind {
            CREDIT => credit += u32::from_be_bytes(frame.payload[1..].try_into().unwrap()) as usize,
            EVENT => {}
            _ => return frame,
        }
    }
}

fn write(path: &Path, mode: u64) -> FieldWriter {
    let mut fields = at(path);
    fields.u64(2, mode);
    fields
}

#[test]
fn tens_of_megabytes_go_in_and_come_out() {
    let mut guest = Guest::with_session("large");
    let path = guest.path("large");
    let content = noise(30_000_001);
    let stream = guest.request(23, &write(&path, 0o600));
    assert_eq!(upload(&mut guest, stream, &content).kind, REPLY);
    assert!(std::fs::read(&path).unwrap() == content);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut read = at(&path);
    read.u64(2, 1_000_000);
    let stream = guest.request(22, &read);
    let all = guest.collect(stream);
    assert_eq!(all.events[0].fields().u64(3), Ok(content.len() as u64));
    assert!(all.out == content[1_000_000..]);
    assert_eq!((all.ends.as_slice(), all.last.unwrap().kind), (&[1][..], REPLY));
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let mut guest = Guest::with_session("atomic");
    let path = guest.path("file");
    std::fs::write(&path, b"old").unwrap();
    let stream = guest.request(23, &write(&path, 0o644));
    guest.data(stream, b"half");
    assert_eq!(guest.frame().number(), 3);
    assert_eq!(guest.shell("true").exit().0, 0);
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    guest.cancel(stream);
    assert_eq!(guest.shell("true").exit().0, 0);
    assert_eq!(std::fs::read_dir(&guest.root).unwrap().count(), 1, "nothing is left beside it");
    let stream = guest.request(23, &write(&path, 0o644));
    assert_eq!(upload(&mut guest, stream, b"").kind, REPLY);
    assert_eq!(std::fs::read(&path).unwrap(), b"");
}

#[test]
fn an_upload_goes_on_in_the_next_session() {
    let mut guest = Guest::with_session("resume");
    let path = guest.path("file");
    let content = noise(500_000);
    let stream = guest.request(23, &write(&path, 0o644));
    let id = guest.frame().fields().u64(1).unwrap();
    for part in content[..200_000].chunks(50_000) {
        guest.data(stream, part);
    }
    guest.handshake();
    guest.hello(None);
    let mut resume = write(&path, 0o644);
    resume.u64(4, id).u64(5, 100_000);
    let stream = guest.request(23, &resume);
    let received = guest.frame().fields().u64(2).unwrap() as usize;
    assert_eq!(received, 200_000);
    assert_eq!(upload(&mut guest, stream, &content[received..]).kind, REPLY);
    assert!(std::fs::read(&path).unwrap() == content);
}

#[test]
fn a_reader_that_gives_no_credit_gets_one_window() {
    let mut guest = Guest::with_session("window");
    let path = guest.path("file");
    std::fs::write(&path, noise(400_000)).unwrap();
    let mut read = at(&path);
    read.u64(2, 0);
    let stream = guest.request(22, &read);
    let mut got = 0;
    while got < WINDOW {
        let frame = guest.frame_of(stream);
        if frame.kind == DATA {
            got += frame.content().len();
        }
    }
    assert_eq!(guest.shell("true").exit().0, 0);
    guest.credit(stream, 1, got);
    let mut kinds = Vec::new();
    while kinds.last() != Some(&REPLY) {
        let frame = guest.frame_of(stream);
        got += if frame.kind == DATA { frame.content().len() } else { 0 };
        kinds.push(frame.kind);
    }
    assert_eq!(got, 400_000);
    assert!(kinds.contains(&END));
}

#[test]
fn trees_are_made_listed_moved_and_removed() {
    let mut guest = Guest::with_session("trees");
    let (deep, moved) = (guest.path("a/b/c"), guest.path("d"));
    assert_eq!(guest.ask(24, &write(&deep, 0o755)).kind, REPLY);
    for number in 0..300 {
        std::fs::write(deep.join(number.to_string()), b"x").unwrap();
    }
    let mut list = at(&guest.path("a"));
    list.u64(2, 16);
    let stream = guest.request(21, &list);
    let all = guest.collect(stream);
    assert_eq!((all.events.len(), all.last.unwrap().kind), (302, REPLY));
    assert!(all.events.iter().all(|event| event.number() == 2));
    let mut rename = at(&guest.path("a"));
    rename.text(2, moved.to_str().unwrap());
    assert_eq!(guest.ask(25, &rename).kind, REPLY);
    let mut remove = at(&moved);
    remove.flag(2, true);
    assert_eq!(guest.ask(26, &remove).kind, REPLY);
    assert!(!moved.exists());
    let gone = guest.ask(20, &at(&moved));
    assert_eq!((gone.kind, gone.number()), (ERROR, 4));
}

#[test]
fn errors_name_what_was_wrong() {
    let mut guest = Guest::with_session("errors");
    let mut code = |method, fields: &FieldWriter| guest.ask(method, fields).number();
    assert_eq!(code(20, &at(Path::new("relative"))), 1);
    assert_eq!(code(21, &at(Path::new("/"))), 1, "no depth");
    let mut read = at(Path::new("/etc"));
    read.u64(2, 0);
    assert_eq!(code(22, &read), 11);
    let mut list = at(Path::new("/etc/passwd"));
    list.u64(2, 1);
    assert_eq!(code(21, &list), 10);
    assert_eq!(code(23, &write(Path::new("/dev/null"), 0o600)), 1);
    let mut remove = at(Path::new("/etc"));
    remove.flag(2, false);
    assert_eq!(code(26, &remove), 12);
}
