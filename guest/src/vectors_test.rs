//! Recorded exchanges, shared with the host's side (packages/protocol/vectors/README.md): we must understand the host's
//! bytes and write the guest's.

use crate::link::frames::{self, Frame};
use crate::link::handshake::{self, Scanner};
use crate::link::outbox::Outbox;
use hearth_wire::fields::{FieldWriter, Fields};
use hearth_wire::hex;
use std::path::Path;

/// One line of a file.
#[derive(Debug)]
struct Recorded {
    from: String,
    kind: String,
    stream: u32,
    name: String,
    fields: Vec<String>,
    bytes: Vec<u8>,
}

fn recorded() -> Vec<(String, Recorded)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packages/protocol/vectors");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(&directory).expect("the recorded exchanges") {
        let path = entry.expect("an entry").path();
        if path.extension().map_or(false, |extension| extension == "json") {
            let text = std::fs::read_to_string(&path).expect("a file");
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            all.extend(text.lines().filter_map(line).map(|step| (name.clone(), step)));
        }
    }
    all
}

/// Takes a step apart: its keys have a fixed order.
fn line(line: &str) -> Option<Recorded> {
    let mut rest = line.trim().strip_prefix("{\"from\":")?;
    let from = string(&mut rest);
    let kind = string(skip(&mut rest, ",\"type\":"));
    skip(&mut rest, ",\"stream\":");
    let (stream, behind) = rest.split_once(',').expect("a stream");
    rest = behind;
    let name = string(skip(&mut rest, "\"name\":"));
    skip(&mut rest, ",\"fields\":[");
    let mut fields = Vec::new();
    while !rest.starts_with(']') {
        rest = rest.strip_prefix(',').unwrap_or(rest);
        fields.push(string(&mut rest));
    }
    let digits = string(skip(&mut rest, "],\"hex\":"));
    Some(Recorded { from, kind, stream: stream.parse().expect("a number"), name, fields, bytes: unhex(&digits) })
}

fn skip<'a, 'b>(rest: &'a mut &'b str, prefix: &str) -> &'a mut &'b str {
    *rest = rest.strip_prefix(prefix).unwrap_or_else(|| panic!("{prefix} before {rest}"));
    rest
}

/// A JSON string; the files have no escapes but these.
fn string(rest: &mut &str) -> String {
    let mut text = String::new();
    let mut chars = rest.strip_prefix('"').expect("a string").char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => {
                *rest = &rest[at + 2..];
                return text;
            }
            '\\' => match chars.next().expect("an escape").1 {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
    panic!("a string without an end");
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
}

/// `TAG TYPE VALUE`, one text per field.
fn write_fields(described: &[String]) -> FieldWriter {
    let mut fields = FieldWriter::new();
    for text in described {
        let mut parts = text.splitn(3, ' ');
        let (tag, kind) = (parts.next().expect("a tag").parse().expect("a tag"), parts.next().expect("a type"));
        let value = parts.next().unwrap_or("");
        match kind {
            "u" => fields.u64(tag, value.parse().expect("u")),
            "i" => fields.i64(tag, value.parse().expect("i")),
            "s" => fields.text(tag, value),
            "b" => fields.bytes(tag, &unhex(value)),
            "?" => fields.flag(tag, value == "1"),
            _ => {
                let inner = value.trim_start_matches('(').trim_end_matches(')');
                let inner: Vec<String> = inner.split("; ").map(Into::into).collect();
                fields.fields(tag, &write_fields(&inner))
            }
        };
    }
    fields
}

/// What `Fields` reads of the same description.
fn check_fields(bytes: &[u8], described: &[String], at: &str) {
    let fields = Fields::parse(bytes).expect(at);
    assert_eq!(fields.iter().count(), described.len(), "{at}");
    for ((tag, bytes), text) in fields.iter().zip(described) {
        let written = write_fields(std::slice::from_ref(text)).into_bytes();
        assert_eq!(Fields::parse(&written).expect(at).bytes(tag), Ok(bytes), "{at}: {text}");
    }
}

#[test]
fn the_hosts_bytes_are_understood() {
    let all = recorded();
    assert!(all.len() > 100, "only {} steps were found", all.len());
    for (name, step) in all.iter().filter(|(_, step)| step.from == "host" && step.kind != "RAW") {
        let at = format!("{name}: {} {} {}", step.kind, step.stream, step.name);
        if step.kind == "HANDSHAKE" {
            let (nonce, used) = Scanner::default().scan(&step.bytes).expect(&at);
            assert_eq!((nonce.as_slice(), used), (step.fields[0].as_bytes(), step.bytes.len()), "{at}");
            continue;
        }
        match frames::parse(&step.bytes[4..]).expect(&at) {
            Frame::Request { stream, fields, .. } => {
                assert_eq!((stream, "REQUEST"), (step.stream, step.kind.as_str()), "{at}");
                check_fields(fields, &step.fields, &at);
            }
            Frame::Data { stream, channel, bytes } => {
                assert_eq!((stream, channel.to_string()), (step.stream, step.name.clone()), "{at}");
                assert_eq!(hex::encode(bytes), step.fields[0], "{at}");
            }
            Frame::End { stream, channel } => {
                assert_eq!((stream, channel.to_string(), "END"), (step.stream, step.name.clone(), step.kind.as_str()));
            }
            Frame::Credit { stream, bytes, .. } => {
                assert_eq!((stream, bytes.to_string()), (step.stream, step.fields[0].clone()), "{at}");
            }
            Frame::Cancel { stream } => assert_eq!((stream, "CANCEL"), (step.stream, step.kind.as_str()), "{at}"),
        }
    }
}

#[test]
fn the_guests_bytes_are_what_we_write() {
    for (name, step) in recorded().iter().filter(|(_, step)| step.from == "guest") {
        let mut out = Outbox::default();
        let number = || step.name.parse().expect("a channel");
        match step.kind.as_str() {
            "HANDSHAKE" => {
                let nonce = step.fields[0].as_bytes().try_into().expect("32 digits");
                out.raw(&handshake::answer(nonce));
            }
            "REPLY" => out.reply(step.stream, &write_fields(&step.fields)),
            "EVENT" => {
                // The kind is the one thing that the description leaves to the document.
                let kind = u16::from_be_bytes([step.bytes[9], step.bytes[10]]);
                out.event(step.stream, kind, &write_fields(&step.fields));
            }
            "DATA" => out.data(step.stream, number(), &unhex(&step.fields[0])),
            "END" => out.end(step.stream, number()),
            "CREDIT" => out.credit(step.stream, number(), step.fields[0].parse().expect("bytes")),
            // Their numbers may be of a later version, for which we have no name; RAW is no frame.
            _ => continue,
        }
        assert_eq!(hex::encode(out.bytes()), hex::encode(&step.bytes), "{name}: {} {}", step.kind, step.name);
    }
}
