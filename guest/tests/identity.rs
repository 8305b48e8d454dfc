//! Identify and assign, as far as a service with a root of its own may.

mod support;

use hearth_wire::fields::FieldWriter;
use std::fs;
use support::{shell, Frame, Guest, REPLY};

const ID: &str = "0123456789abcdef0123456789abcdef";

fn items(reply: &Frame) -> Vec<(String, u64, String)> {
    assert_eq!(reply.kind, REPLY, "{}", reply.error_text());
    let item = |fields: hearth_wire::fields::Fields<'_>| {
        (fields.text(1).unwrap().to_owned(), fields.u64(2).unwrap(), fields.text(3).unwrap().to_owned())
    };
    reply.fields().fields_list(1).map(|fields| item(fields.unwrap())).collect()
}

fn identify(generation: u64) -> FieldWriter {
    let mut key = FieldWriter::new();
    key.text(1, "ed25519").text(2, "PRIVATE").text(3, "ssh-ed25519 AAAA hearth\n");
    let mut fields = FieldWriter::new();
    fields.u64(1, generation).bytes(2, &[7; 64]).i64(3, 1_795_400_000_000_000_000).text(4, ID).fields(5, &key);
    fields.bytes(6, &[2, 0, 0, 0, 0, 1]).text(7, "10.77.3.15/24").text(8, "10.77.3.2").text(9, "10.77.3.3");
    fields
}

#[test]
fn identify_changes_files_and_says_what_it_left_alone() {
    let mut guest = Guest::with_session("identify");
    fs::create_dir_all(guest.path("etc/ssh")).unwrap();
    let receipt = items(&guest.ask(2, &identify(7)));
    let names: Vec<&str> = receipt.iter().map(|item| item.0.as_str()).collect();
    assert_eq!(names, ["entropy", "clock", "machine_id", "ssh_host_keys", "mac", "address", "generation"]);
    let states: Vec<u64> = receipt.iter().map(|item| item.1).collect();
    assert_eq!(states, [1, 1, 0, 0, 1, 1, 0], "{receipt:?}");
    assert_eq!((receipt[2].2.as_str(), receipt[6].2.as_str()), (ID, "7"));
    assert!(receipt[3].2.starts_with("SHA256:"));
    assert_eq!(fs::read_to_string(guest.path("run/hearth/generation")).unwrap(), "7\n");
    assert_eq!(fs::read_to_string(guest.path("etc/ssh/ssh_host_ed25519_key")).unwrap(), "PRIVATE");
    guest.handshake();
    assert_eq!(guest.hello(None).fields().u64(7), Ok(7));
}

#[test]
fn identify_ends_what_the_source_was_doing() {
    let mut guest = Guest::with_session("source");
    let held = guest.request(10, &shell("sleep 1000"));
    assert_eq!(guest.frame().stream, held);
    guest.handshake();
    guest.hello(None);
    guest.ask(2, &identify(2));
    let mut attach = FieldWriter::new();
    attach.u64(1, 1);
    let stream = guest.request(11, &attach);
    assert_eq!(guest.collect(stream).exit(), (143, Some(15)));
}

#[test]
fn assign_hands_the_machine_over_and_quiesce_forgets_it() {
    let mut guest = Guest::with_session("assign");
    let mut file = FieldWriter::new();
    file.text(1, "/etc/motd").u64(2, 0o640).bytes(3, b"hi");
    let mut fields = FieldWriter::new();
    fields.bytes(1, &[7; 64]).i64(2, 1_795_400_000_000_000_000).text(3, "box-1").text(4, "A=1").text(4, "B=");
    fields.text(5, "KEY=a=b").fields(6, &file).bytes(7, b"token-of-sixteen").flag(8, true);
    let receipt = items(&guest.ask(3, &fields));
    let names: Vec<&str> = receipt.iter().map(|item| item.0.as_str()).collect();
    assert_eq!(names, ["clock", "entropy", "hostname", "env", "secrets", "files", "token", "link"]);
    let states: Vec<u64> = receipt.iter().map(|item| item.1).collect();
    assert_eq!(states, [1, 1, 1, 0, 0, 0, 0, 1], "{receipt:?}");
    assert_eq!((receipt[3].2.as_str(), receipt[4].2.as_str()), ("2", "1"));
    let digest = |bytes: &[u8]| hearth_wire::hex::encode(&hearth_wire::sha256::sha256(bytes));
    assert_eq!((&receipt[5].2, &receipt[6].2), (&digest(b"hi"), &digest(b"token-of-sixteen")));
    assert_eq!(fs::read_to_string(guest.path("etc/hostname")).unwrap(), "box-1\n");
    assert_eq!(guest.shell("echo $A-$B-$KEY").text(), "1--a=b\n");
    let secret = guest.path("run/hearth/secrets/KEY");
    assert_eq!(fs::read(&secret).unwrap(), b"a=b");
    let mut quiesce = FieldWriter::new();
    quiesce.u64(1, 120_000);
    let reply = guest.ask(4, &quiesce);
    assert_eq!((reply.fields().flag(1), reply.fields().flag(2)), (Ok(false), Ok(true)));
    assert!(!secret.exists());
    guest.handshake();
    guest.hello(None);
    assert_eq!(guest.shell("echo $A-$KEY").text(), "-\n");
}

#[test]
fn wrong_requests_change_nothing() {
    let mut guest = Guest::with_session("wrong");
    let mut fields = FieldWriter::new();
    fields.u64(1, 9).bytes(2, &[7; 31]).i64(3, 0).text(4, ID);
    assert_eq!(guest.ask(2, &fields).number(), 1);
    let mut fields = FieldWriter::new();
    fields.bytes(1, &[7; 64]).i64(2, 0).text(3, "not a name").bytes(7, b"token-of-sixteen").flag(8, true);
    assert_eq!(guest.ask(3, &fields).number(), 1);
    let mut shutdown = FieldWriter::new();
    shutdown.u64(1, 0);
    assert_eq!(guest.ask(33, &shutdown).number(), 2, "a service does not end its machine");
    assert_eq!(fs::read_dir(&guest.root).unwrap().count(), 0);
}
