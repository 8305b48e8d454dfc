use super::*;
use crate::link::frames::Frame;
use std::collections::VecDeque;
use std::os::unix::io::RawFd;

const LINE: &[u8] = b"\nHEARTH/1 0123456789abcdef0123456789abcdef\n";
const ANSWER: &[u8] = b"\nHEARTH/1 OK 0123456789abcdef0123456789abcdef\n";
const CANCEL: &[u8] = b"\0\0\0\x05\x05\0\0\0\x01";

/// Reads what it is told to, one piece at a time; an empty piece is an end of file.
#[derive(Default)]
struct Script {
    pieces: VecDeque<Vec<u8>>,
}

impl Transport for Script {
    fn read(&mut self, buffer: &mut [u8]) -> Result<Moved> {
        Ok(match self.pieces.pop_front() {
            None => Moved::Later,
            Some(piece) if piece.is_empty() => Moved::End,
            Some(piece) => {
                buffer[..piece.len()].copy_from_slice(&piece);
                Moved::Bytes(piece.len())
            }
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Moved> {
        Ok(Moved::Bytes(bytes.len()))
    }

    fn read_bytes(&self) -> usize {
        4_096
    }

    fn descriptor(&self) -> RawFd {
        -1
    }

    fn ends_for_good(&self) -> bool {
        false
    }
}

/// Writes down what it hears.
#[derive(Default)]
struct Heard(Vec<String>);

impl Listener for Heard {
    fn opened(&mut self) {
        self.0.push("opened".into());
    }

    fn frame(&mut self, frame: Frame<'_>, _out: &mut Outbox) -> std::result::Result<bool, &'static str> {
        self.0.push(format!("{frame:?}"));
        Ok(true)
    }

    fn closed(&mut self) {
        self.0.push("closed".into());
    }
}

fn hear(pieces: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
    let script = Script { pieces: pieces.iter().map(|piece| piece.to_vec()).collect() };
    let mut link = Link::new(Box::new(script));
    let mut heard = Heard::default();
    for _ in pieces {
        link.ready(true, false);
        link.receive(&mut heard).unwrap();
    }
    (heard.0, link.out.bytes().to_vec())
}

#[test]
fn answers_the_handshake_and_hands_frames_over() {
    let (heard, sent) = hear(&[b"garbage\0\0\0\x05", LINE, CANCEL]);
    assert_eq!(heard, ["opened", "Cancel { stream: 1 }"]);
    assert_eq!(sent, ANSWER);
}

#[test]
fn an_end_before_the_first_frame_is_the_news_of_the_host_being_late() {
    let (heard, _) = hear(&[LINE, b"", CANCEL]);
    assert_eq!(heard, ["opened", "Cancel { stream: 1 }"]);
}

#[test]
fn an_end_after_a_frame_ends_the_session() {
    let (heard, sent) = hear(&[LINE, CANCEL, b"", LINE]);
    assert_eq!(heard, ["opened", "Cancel { stream: 1 }", "closed", "opened"]);
    assert_eq!(sent, ANSWER);
}

#[test]
fn a_handshake_inside_a_session_begins_a_new_one_in_any_two_pieces() {
    for cut in 1..LINE.len() {
        let (heard, _) = hear(&[LINE, CANCEL, &LINE[..cut], &LINE[cut..]]);
        assert_eq!(heard, ["opened", "Cancel { stream: 1 }", "closed", "opened"], "cut at {cut}");
    }
}

#[test]
fn a_frame_that_cannot_be_read_ends_the_session_with_a_reason() {
    let (heard, sent) = hear(&[LINE, b"\0\0\0\x05\x77\0\0\0\x01", CANCEL]);
    assert_eq!(heard, ["opened", "closed"]);
    assert_eq!(&sent[..ANSWER.len()], ANSWER);
    assert_eq!(&sent[ANSWER.len() + 4..ANSWER.len() + 11], b"\x12\0\0\0\0\0\x01");
}

#[test]
fn damaged_conversations_never_panic() {
    let mut numbers = crate::numbers::Numbers::seeded(7);
    let whole = [LINE, CANCEL, b"\0\0\0\x0a\x04\0\0\0\x07\0\0\x01\0\0", CANCEL, LINE, CANCEL].concat();
    for _ in 0..5_000 {
        let damaged = numbers.damage(&whole);
        let cut = numbers.below(damaged.len() + 1);
        hear(&[&damaged[..cut], &damaged[cut..], LINE]);
    }
}

#[test]
fn a_stale_line_without_its_end_does_not_swallow_the_next() {
    let (heard, sent) = hear(&[&LINE[..42], LINE, CANCEL]);
    assert_eq!(heard, ["opened", "closed", "opened", "Cancel { stream: 1 }"]);
    assert_eq!(sent, ANSWER);
}

#[test]
fn a_host_that_does_not_read_is_still_heard_but_for_its_requests() {
    let request = b"\0\0\0\x07\x01\0\0\0\x02\0\x20";
    let script = Script { pieces: [LINE, CANCEL].into_iter().map(<[u8]>::to_vec).collect() };
    let mut link = Link::new(Box::new(script));
    let mut heard = Heard::default();
    link.ready(true, false);
    link.receive(&mut heard).unwrap();
    link.out.raw(&[0; 200_000]);
    link.inbox = Inbox::of(&[CANCEL, request, CANCEL].concat());
    assert!(!link.receive(&mut heard).unwrap());
    assert_eq!(heard.0, ["opened", "Cancel { stream: 1 }", "Cancel { stream: 1 }"]);
    link.out.clear();
    link.receive(&mut heard).unwrap();
    assert_eq!(heard.0.len(), 5);
    link.out.raw(&[0; 2_000_000]);
    link.inbox = Inbox::of(CANCEL);
    assert!(!link.receive(&mut heard).unwrap());
    assert_eq!(heard.0.len(), 5, "there is an end to what is kept");
}
