use super::*;
use std::fs::File;
use std::io::Write;

fn piped() -> (Output, File) {
    let (reader, writer) = io::pipe().unwrap();
    io::set_nonblocking(reader.as_raw_fd()).unwrap();
    let mut output = Output::new(1, Rc::new(reader));
    output.ready();
    (output, File::from(writer))
}

/// The content of all DATA frames.
fn sent(out: &Outbox) -> Vec<u8> {
    let (mut rest, mut content) = (out.bytes(), Vec::new());
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        if rest[4] == 2 {
            content.extend_from_slice(&rest[10..4 + length]);
        }
        rest = &rest[4 + length..];
    }
    content
}

#[test]
fn sends_what_was_written_and_then_the_end() {
    let (mut output, mut writer) = piped();
    writer.write_all(b"hello").unwrap();
    drop(writer);
    assert!(!output.fill(Keep::Everything, None));
    let mut out = Outbox::default();
    output.send(7, &mut out);
    assert_eq!(sent(&out), b"hello");
    assert!(output.ended() && output.delivered());
}

#[test]
fn reading_stops_when_nobody_takes_it() {
    let (mut output, mut writer) = piped();
    let mut out = Outbox::default();
    let mut total = 0u64;
    for _ in 0..20 {
        writer.write_all(&[b'x'; 32_768]).unwrap();
        output.ready();
        total += 32_768;
        while output.fill(Keep::Everything, None) {}
        out.clear();
        output.send(7, &mut out);
        if output.ring.end() < total {
            break;
        }
    }
    assert_eq!(output.ring.end(), START_BYTES);
    assert_eq!(output.ring.start(), 0, "nothing that was not taken is dropped");
    assert!(output.returned(65_536));
    output.fill(Keep::Everything, None);
    assert!(output.ring.end() > START_BYTES);
}

#[test]
fn the_oldest_bytes_go_when_nobody_is_there() {
    let (mut output, mut writer) = piped();
    for _ in 0..20 {
        writer.write_all(&[b'x'; 32_768]).unwrap();
        output.ready();
        while output.fill(Keep::Latest, None) {}
    }
    assert_eq!(output.ring.end(), 20 * 32_768);
    assert!(output.ring.end() - output.ring.start() >= REPLAY_BYTES);
    assert!(output.ring.end() - output.ring.start() <= 2 * REPLAY_BYTES);
    assert_eq!(output.attach(Some(5)), output.ring.start());
}

#[test]
fn goes_on_exactly_where_the_host_was() {
    let (mut output, mut writer) = piped();
    writer.write_all(b"0123456789").unwrap();
    output.fill(Keep::Everything, None);
    output.send(7, &mut Outbox::default());
    assert_eq!(output.attach(Some(4)), 4);
    let mut out = Outbox::default();
    output.send(9, &mut out);
    assert_eq!(sent(&out), b"456789");
    assert!(output.reaches(10) && !output.reaches(11));
}

#[test]
fn the_end_is_told_to_everybody_who_attaches() {
    let (mut output, writer) = piped();
    drop(writer);
    output.fill(Keep::Everything, None);
    output.send(7, &mut Outbox::default());
    output.attach(Some(0));
    let mut out = Outbox::default();
    output.send(9, &mut out);
    assert_eq!(out.bytes(), b"\0\0\0\x06\x03\0\0\0\x09\x01");
}
