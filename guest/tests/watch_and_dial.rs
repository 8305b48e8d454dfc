//! Changes in directories, and streams to ports.

mod support;

use hearth_wire::fields::FieldWriter;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use support::{at, noise, Guest, CREDIT, DATA, END, ERROR, EVENT, REPLY, WINDOW};

/// Kind and path of the next change.
fn change(guest: &mut Guest, stream: u32) -> (u64, String) {
    let frame = guest.frame_of(stream);
    assert_eq!((frame.kind, frame.number()), (EVENT, 5));
    let path = frame.fields().bytes(2).unwrap().to_vec();
    (frame.fields().u64(1).unwrap(), String::from_utf8(path).unwrap())
}

#[test]
fn changes_below_a_directory_are_told() {
    let mut guest = Guest::with_session("watch");
    let root = guest.path("w");
    fs::create_dir_all(root.join("sub")).unwrap();
    let mut fields = at(&root);
    fields.flag(2, true);
    let stream = guest.request(29, &fields);
    assert_eq!(guest.frame().number(), 4);
    fs::write(root.join("sub/file"), b"x").unwrap();
    assert_eq!(change(&mut guest, stream), (0, "sub/file".into()));
    assert_eq!(change(&mut guest, stream), (1, "sub/file".into()));
    fs::rename(root.join("sub/file"), root.join("moved")).unwrap();
    let mut both = [change(&mut guest, stream), change(&mut guest, stream)];
    both.sort();
    assert_eq!(both, [(0, "moved".into()), (3, "sub/file".into())]);
    fs::remove_file(root.join("moved")).unwrap();
    assert_eq!(change(&mut guest, stream), (2, "moved".into()));
    // A directory that appears is watched, and what is in it already is told.
    fs::create_dir(guest.path("outside")).unwrap();
    fs::write(guest.path("outside/inner"), b"").unwrap();
    fs::rename(guest.path("outside"), root.join("inside")).unwrap();
    assert_eq!(change(&mut guest, stream), (0, "inside".into()));
    assert_eq!(change(&mut guest, stream), (0, "inside/inner".into()));
    fs::remove_file(root.join("inside/inner")).unwrap();
    assert_eq!(change(&mut guest, stream), (2, "inside/inner".into()));
    // One that is moved away is not watched any more.
    fs::rename(root.join("inside"), guest.path("outside")).unwrap();
    assert_eq!(change(&mut guest, stream), (3, "inside".into()));
    fs::write(guest.path("outside/unseen"), b"").unwrap();
    fs::write(root.join("seen"), b"").unwrap();
    assert_eq!(change(&mut guest, stream), (0, "seen".into()));
    guest.cancel(stream);
    assert_eq!(guest.ask(32, &FieldWriter::new()).kind, REPLY);
}

#[test]
fn a_large_tree_is_watched_to_its_last_directory() {
    let mut guest = Guest::with_session("watch-large");
    let root = guest.path("w");
    for number in 0..100 {
        fs::create_dir_all(root.join(format!("{number}/deep"))).unwrap();
    }
    let mut fields = at(&root);
    fields.flag(2, true);
    let stream = guest.request(29, &fields);
    assert_eq!(guest.frame().number(), 4);
    for number in 0..100 {
        let name = format!("{number}/deep/file");
        fs::File::create(root.join(&name)).unwrap();
        assert_eq!(change(&mut guest, stream), (0, name));
    }
}

#[test]
fn a_watch_ends_with_its_directory() {
    let mut guest = Guest::with_session("watch-gone");
    let root = guest.path("w");
    fs::create_dir(&root).unwrap();
    let mut fields = at(&root);
    fields.flag(2, false);
    let stream = guest.request(29, &fields);
    assert_eq!(guest.frame().number(), 4);
    fs::remove_dir(&root).unwrap();
    let frame = guest.frame_of(stream);
    assert_eq!((frame.kind, frame.number()), (ERROR, 4));
    assert_eq!(guest.ask(29, &fields).number(), 4);
}

fn dial(port: u16) -> FieldWriter {
    let mut fields = FieldWriter::new();
    fields.u64(1, u64::from(port));
    fields
}

#[test]
fn a_conversation_with_a_port_ends_when_both_sides_did() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = match TcpListener::bind(address) {
            Ok(listener) => listener,
            // A host without IPv6.
            Err(_) => continue,
        };
        let port = listener.local_addr().unwrap().port();
        let echo = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut heard = Vec::new();
            socket.read_to_end(&mut heard).unwrap();
            socket.write_all(&heard).unwrap();
            socket.shutdown(Shutdown::Write).unwrap();
        });
        let mut guest = Guest::with_session("dial");
        let ports = guest.ask(31, &FieldWriter::new());
        assert!(ports.fields().u64_list(1).any(|listed| listed == Ok(u64::from(port))));
        let stream = guest.request(30, &dial(port));
        assert_eq!(guest.frame().number(), 6);
        let content = noise(700_000);
        let (mut credit, mut sent) = (WINDOW, 0);
        let mut heard = Vec::new();
        loop {
            while sent < content.len() && credit > 0 {
                let end = content.len().min(sent + credit.min(65_536));
                guest.data(stream, &content[sent..end]);
                (credit, sent) = (credit - (end - sent), end);
                if sent == content.len() {
                    guest.end(stream);
                }
            }
            let frame = guest.frame_of(stream);
            match frame.kind {
                CREDIT => credit += u32::from_be_bytes(frame.payload[1..].try_into().unwrap()) as usize,
                DATA => {
                    heard.extend_from_slice(frame.content());
                    guest.credit(stream, 1, frame.content().len());
                }
                END => assert_eq!(frame.payload, [1]),
                REPLY => break,
                other => panic!("{other}"),
            }
        }
        echo.join().unwrap();
        assert!(heard == content);
    }
}

#[test]
fn a_port_nobody_listens_on_refuses() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut guest = Guest::with_session("refused");
    assert_eq!(guest.ask(30, &dial(port)).number(), 15);
    assert_eq!(guest.ask(30, &dial(0)).number(), 1);
}
