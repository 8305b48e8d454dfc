use super::*;
use crate::message::{encode, Splitter};
use hearth_wire::fields::FieldWriter;

fn spawn_fields() -> FieldWriter {
    let mut fd = FieldWriter::new();
    fd.u64(1, 4).bytes(2, b"/log").u64(3, 0o600);
    let mut w = FieldWriter::new();
    w.text(1, "m-1").bytes(2, b"/bin/true").bytes(2, b"-x").text(3, "A=b").bytes(4, b"/").bytes(5, b"/err");
    w.fields(6, &fd).u64(7, 1000).u64(8, 1000).flag(9, true).i64(10, -5);
    w
}

#[test]
fn a_spawn_is_read_field_by_field() {
    let parsed = parse(2, spawn_fields().as_bytes()).unwrap();
    let expected = SpawnRequest {
        id: "m-1".into(),
        argv: vec![b"/bin/true".to_vec(), b"-x".to_vec()],
        env: vec!["A=b".into()],
        cwd: "/".into(),
        log: "/err".into(),
        descriptors: vec![Wanted::AppendFile { path: "/log".into(), mode: 0o600 }],
        uid: Some(1000),
        gid: Some(1000),
        netns: true,
        nice: Some(-5),
    };
    assert_eq!(parsed, Request::Spawn(Box::new(expected)));
}

#[test]
fn refusals_name_the_field_the_value_and_what_is_allowed() {
    let refusal = |op: u8, fill: &dyn Fn(&mut FieldWriter)| {
        let mut w = FieldWriter::new();
        fill(&mut w);
        parse(op, w.as_bytes()).unwrap_err().text
    };
    assert_eq!(
        refusal(4, &|w| {
            w.text(1, "a").u64(2, 65);
        }),
        "signal: 65 is not allowed; 1 to 64"
    );
    assert_eq!(
        refusal(4, &|w| {
            w.text(1, "").u64(2, 9);
        }),
        "id: 0 bytes are not allowed; 1 to 128, without NUL"
    );
    assert_eq!(
        refusal(5, &|w| {
            w.text(1, "a").u64(2, 0).u64(3, 1);
        }),
        "pid: 0 is not allowed; 1 to 2147483647"
    );
    assert_eq!(
        refusal(15, &|w| {
            w.bytes(1, b"a/b");
        }),
        "path: \"a/b\" is not allowed; an absolute path without NUL"
    );
    assert_eq!(
        refusal(6, &|w| {
            w.bytes(1, b"/a").bytes(2, b"/b").u64(3, 0o4755);
        }),
        "mode: 2541 is not allowed; 0 to 511"
    );
    assert_eq!(
        refusal(6, &|w| {
            w.bytes(1, b"/a").bytes(2, b"/b").u64(3, 0o600).u64(4, u32::MAX.into());
        }),
        "uid: 4294967295 is not allowed; 0 to 4294967294"
    );
}

/// Numbers that look random and are the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn damaged_messages_never_panic_and_what_is_accepted_is_allowed() {
    let fields = spawn_fields();
    let mut numbers = Numbers(0x5eed_1a0c_4e72);
    let mut accepted = 0;
    for _ in 0..30_000 {
        let mut bytes = encode(1 + numbers.below(20) as u8, 7, fields.as_bytes()).unwrap();
        for _ in 0..numbers.below(5) {
            let at = numbers.below(bytes.len());
            match numbers.below(4) {
                0 => bytes[at] = numbers.below(256) as u8,
                1 => bytes[at] ^= 1 << numbers.below(8),
                2 => bytes.truncate(at + 1),
                _ => bytes.insert(at, numbers.below(256) as u8),
            }
        }
        let mut splitter = Splitter::default();
        splitter.push(&bytes);
        while let Ok(Some(message)) = splitter.next() {
            if let Ok(request) = parse(message.op, &message.fields) {
                check(&request);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 1000, "{accepted} were accepted: the mutation is too wild to test anything");
}

fn check(request: &Request) {
    match request {
        Request::Spawn(spawn) => {
            assert!(!spawn.id.is_empty() && spawn.cwd.is_absolute() && spawn.log.is_absolute());
            assert!(spawn.nice.map_or(true, |nice| (-20..=19).contains(&nice)));
        }
        Request::Hash { path } => assert!(path.is_absolute()),
        Request::Kill { signal, .. } => assert!((1..=64).contains(signal)),
        _ => {}
    }
}
