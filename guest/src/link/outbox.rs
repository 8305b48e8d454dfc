//! Frames on their way to the host.

use super::frames::{CREDIT, DATA, END, ERROR, EVENT, HEADER_BYTES, MAX_DATA_BYTES, REPLY};
use super::transport::Transport;
use crate::refusal::Refusal;
use crate::sys::io::Moved;
use hearth_wire::fields::FieldWriter;
use std::io::Result;

/// While more than this waits, nobody adds content.
const FULL_BYTES: usize = 128 * 1024;
/// While more than this waits, nobody adds anything.
const STUFFED_BYTES: usize = 1024 * 1024;
/// Most that is written in one go: what the virtio port takes.
const WRITE_BYTES: usize = 32 * 1024;
const MAX_ERROR_TEXT_BYTES: usize = 4_096;

/// Collects frames and writes them as the transport takes them.
#[derive(Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    written: usize,
}

impl Outbox {
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Says that the host is slow: content and requests have to wait.
    pub fn is_full(&self) -> bool {
        self.bytes.len() - self.written > FULL_BYTES
    }

    /// Says that the host reads nothing at all.
    pub fn is_stuffed(&self) -> bool {
        self.bytes.len() - self.written > STUFFED_BYTES
    }

    /// Forgets what was not written.
    pub fn clear(&mut self) {
        self.bytes = Vec::new();
        self.written = 0;
    }

    /// Adds bytes that are no frame.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn reply(&mut self, stream: u32, fields: &FieldWriter) {
        self.frame(REPLY, stream, &[fields.as_bytes()]);
    }

    pub fn event(&mut self, stream: u32, kind: u16, fields: &FieldWriter) {
        self.frame(EVENT, stream, &[&kind.to_be_bytes(), fields.as_bytes()]);
    }

    pub fn error(&mut self, stream: u32, refusal: &Refusal) {
        let mut end = refusal.text.len().min(MAX_ERROR_TEXT_BYTES);
        while !refusal.text.is_char_boundary(end) {
            end -= 1;
        }
        self.frame(ERROR, stream, &[&(refusal.code as u16).to_be_bytes(), &refusal.text.as_bytes()[..end]]);
    }

    pub fn end(&mut self, stream: u32, channel: u8) {
        self.frame(END, stream, &[&[channel]]);
    }

    pub fn credit(&mut self, stream: u32, channel: u8, bytes: u32) {
        self.frame(CREDIT, stream, &[&[channel], &bytes.to_be_bytes()]);
    }

    /// Adds a DATA frame with `bytes`, at most 65,536.
    pub fn data(&mut self, stream: u32, channel: u8, bytes: &[u8]) {
        self.frame(DATA, stream, &[&[channel], bytes]);
    }

    /// Adds a DATA frame with what `fill` puts into a buffer of at most `most` bytes; none when that is nothing.
    pub fn data_from(
        &mut self,
        stream: u32,
        channel: u8,
        most: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<Moved>,
    ) -> Result<Moved> {
        let start = self.bytes.len();
        let content = start + HEADER_BYTES + 1;
        self.bytes.resize(content + most.min(MAX_DATA_BYTES), 0);
        let moved = fill(&mut self.bytes[content..]);
        match moved {
            Ok(Moved::Bytes(count)) => {
                self.bytes.truncate(content + count);
                let header = header(DATA, stream, count + 1);
                self.bytes[start..start + HEADER_BYTES].copy_from_slice(&header);
                self.bytes[content - 1] = channel;
            }
            _ => self.bytes.truncate(start),
        }
        moved
    }

    /// Writes what the transport takes; `End` when the host is gone.
    pub fn flush(&mut self, transport: &mut dyn Transport) -> Result<Moved> {
        while self.written < self.bytes.len() {
            let end = self.bytes.len().min(self.written + WRITE_BYTES);
            match transport.write(&self.bytes[self.written..end])? {
                Moved::Bytes(count) => self.written += count,
                other => {
                    self.compact();
                    return Ok(other);
                }
            }
        }
        let all = self.written;
        self.compact();
        Ok(Moved::Bytes(all))
    }

    fn compact(&mut self) {
        self.bytes.drain(..self.written);
        self.written = 0;
        if self.bytes.is_empty() && self.bytes.capacity() > FULL_BYTES {
            self.bytes = Vec::new();
        }
    }

    fn frame(&mut self, kind: u8, stream: u32, parts: &[&[u8]]) {
        let payload = parts.iter().map(|part| part.len()).sum();
        self.bytes.extend_from_slice(&header(kind, stream, payload));
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
    }
}

fn header(kind: u8, stream: u32, payload_bytes: usize) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = (payload_bytes as u32 + 5).to_be_bytes();
    let [e, f, g, h] = stream.to_be_bytes();
    [a, b, c, d, kind, e, f, g, h]
}

#[cfg(test)]
impl Outbox {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Code;

    #[test]
    fn writes_frames() {
        let mut outbox = Outbox::default();
        outbox.end(7, 1);
        outbox.credit(7, 0, 65_536);
        outbox.error(8, &Refusal::new(Code::NotFound, "no"));
        assert_eq!(
            outbox.bytes(),
            b"\0\0\0\x06\x03\0\0\0\x07\x01\0\0\0\x0a\x04\0\0\0\x07\0\0\x01\0\0\0\0\0\x09\x12\0\0\0\x08\0\x04no"
        );
    }

    #[test]
    fn data_is_read_in_place() {
        let mut outbox = Outbox::default();
        let moved = outbox.data_from(7, 1, 10, |buffer| {
            assert_eq!(buffer.len(), 10);
            buffer[..2].copy_from_slice(b"hi");
            Ok(Moved::Bytes(2))
        });
        assert_eq!(moved.unwrap(), Moved::Bytes(2));
        assert_eq!(outbox.bytes(), b"\0\0\0\x08\x02\0\0\0\x07\x01hi");
        assert_eq!(outbox.data_from(7, 1, 10, |_| Ok(Moved::Later)).unwrap(), Moved::Later);
        assert_eq!(outbox.bytes().len(), 12);
    }

    #[test]
    fn a_long_error_is_cut_between_letters() {
        let mut outbox = Outbox::default();
        outbox.error(1, &Refusal::new(Code::Io, "é".repeat(4_000)));
        let text = &outbox.bytes()[11..];
        assert_eq!(text.len(), 4_096);
        assert!(std::str::from_utf8(text).is_ok());
    }
}
