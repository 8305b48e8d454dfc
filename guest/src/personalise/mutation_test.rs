//! Damaged IDENTIFY and ASSIGN requests, below a root of their own and with the kernel left alone.

use super::assign::assign;
use super::identify::identify;
use crate::console::Console;
use crate::core::Core;
use crate::freezer::Freezer;
use crate::numbers::Numbers;
use crate::scratch::Scratch;
use crate::sys::poll::Poll;
use crate::system::System;
use hearth_wire::fields::{FieldWriter, Fields};
use std::rc::Rc;

fn identify_request() -> FieldWriter {
    let mut key = FieldWriter::new();
    key.text(1, "ed25519").text(2, "PRIVATE").text(3, "ssh-ed25519 AAAA hearth\n");
    let mut fields = FieldWriter::new();
    fields.u64(1, 1).bytes(2, &[7; 32]).i64(3, 1).text(4, "0123456789abcdef0123456789abcdef").fields(5, &key);
    fields.bytes(6, &[2, 0, 0, 0, 0, 1]).text(7, "10.77.3.15/24").text(8, "10.77.3.2").text(9, "10.77.3.3");
    fields
}

fn assign_request() -> FieldWriter {
    let mut file = FieldWriter::new();
    file.text(1, "/etc/motd").u64(2, 0o640).bytes(3, b"hi");
    let mut fields = FieldWriter::new();
    fields.bytes(1, &[7; 32]).i64(2, 1).text(3, "box-1").text(4, "A=1").text(5, "KEY=a=b").fields(6, &file);
    let mut hooks = FieldWriter::new();
    hooks.u64(1, 2_000).u64(2, 4_000).text(3, "warm");
    fields.bytes(7, b"token-of-sixteen").flag(8, true).fields(9, &hooks);
    fields
}

#[test]
fn damaged_requests_never_panic() {
    let scratch = Scratch::new("personalise-mutations");
    std::fs::create_dir_all(scratch.path().join("etc/ssh")).unwrap();
    let system = System::of_service(scratch.path().into(), false);
    let poll = Rc::new(Poll::new().unwrap());
    let mut core = Core::new(poll, system, Freezer::none(), Console::none()).unwrap();
    let mut numbers = Numbers::seeded(12);
    let (whole_identify, whole_assign) = (identify_request(), assign_request());
    let mut accepted = 0;
    for _ in 0..3_000 {
        let damaged = numbers.damage(whole_identify.as_bytes());
        accepted += usize::from(Fields::parse(&damaged).map_or(false, |fields| identify(&mut core, &fields).is_ok()));
        let damaged = numbers.damage(whole_assign.as_bytes());
        accepted += usize::from(Fields::parse(&damaged).map_or(false, |fields| assign(&mut core, 1, &fields).is_ok()));
    }
    assert!(accepted > 0, "some damage is harmless");
}
