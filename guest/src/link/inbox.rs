//! Bytes that arrived from the host and have not been looked at.

use super::frames::{MAX_LENGTH, MIN_LENGTH, REQUEST};
use super::transport::Transport;
use crate::sys::io::Moved;
use crate::sys::secret;
use std::io::Result;

const LENGTH_BYTES: usize = 4;
const FIRST_BYTES: usize = 64 * 1024;
/// Kept when everything was looked at; more goes back to the system.
const KEPT_BYTES: usize = 128 * 1024;

/// What stands at the front.
#[derive(Debug, PartialEq, Eq)]
pub enum Front<'a> {
    /// Not a whole frame yet.
    Partial,
    /// What follows the length of a whole frame.
    Frame(&'a [u8]),
    /// A length that no frame has.
    BadLength,
}

/// Collects bytes; holds at most one frame and one read.
#[derive(Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    taken: usize,
}

impl Inbox {
    /// Reads once.
    pub fn fill(&mut self, transport: &mut dyn Transport) -> Result<Moved> {
        self.compact();
        let before = self.bytes.len();
        self.bytes.resize(before + transport.read_bytes(), 0);
        let moved = transport.read(&mut self.bytes[before..]);
        let got = if let Ok(Moved::Bytes(count)) = moved { count } else { 0 };
        self.bytes.truncate(before + got);
        moved
    }

    /// What has not been looked at.
    pub fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// The frame at the front, if it is whole.
    pub fn front(&self) -> Front<'_> {
        let rest = self.rest();
        let length = match rest.get(..LENGTH_BYTES) {
            None => return Front::Partial,
            Some(bytes) => u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize,
        };
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
            return Front::BadLength;
        }
        rest.get(LENGTH_BYTES..LENGTH_BYTES + length).map_or(Front::Partial, Front::Frame)
    }

    /// Drops the frame at the front. A request is overwritten: it may have held secrets.
    pub fn drop_frame(&mut self, body_bytes: usize) {
        let body = self.taken + LENGTH_BYTES;
        let end = body + body_bytes;
        if self.bytes[body] == REQUEST {
            secret::wipe(&mut self.bytes[self.taken..end]);
        }
        self.taken = end;
    }

    /// Drops bytes at the front.
    pub fn drop_bytes(&mut self, count: usize) {
        self.taken += count;
    }

    fn compact(&mut self) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        // Not grown bit by bit, which would leave copies behind; untouched memory costs nothing.
        self.bytes.reserve(FIRST_BYTES.saturating_sub(self.bytes.len()));
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
impl Inbox {
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), taken: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_for_a_whole_frame() {
        assert_eq!(Inbox::of(b"\0\0").front(), Front::Partial);
        assert_eq!(Inbox::of(b"\0\0\0\x05\x05\0\0\0").front(), Front::Partial);
        assert_eq!(Inbox::of(b"\0\0\0\x05\x05\0\0\0\x01next").front(), Front::Frame(b"\x05\0\0\0\x01"));
    }

    #[test]
    fn a_handshake_is_a_bad_length() {
        for bad in [&b"\nHEA"[..], b"\0\0\0\x04", b"\0\x04\0\x01"] {
            assert_eq!(Inbox::of(bad).front(), Front::BadLength, "{bad:?}");
        }
    }

    #[test]
    fn a_dropped_request_leaves_no_trace() {
        let mut inbox = Inbox::of(b"\0\0\0\x0d\x01\0\0\0\x01\0\x03secretnext");
        inbox.drop_frame(13);
        assert_eq!(inbox.rest(), b"next");
        assert!(inbox.bytes[..17].iter().all(|byte| *byte == 0));
    }
}
