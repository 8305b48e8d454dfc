//! Messages: `u32 length (1..1 MiB) | u8 op | u32 request id | fields`, big-endian (docs/launcher-protocol.md).

/// The largest value of a message's length field, in bytes.
pub const MAX_LENGTH: usize = 1 << 20;
const HEAD: usize = 5;

pub const OK: u8 = 0x80;
pub const ERROR: u8 = 0x81;
pub const EXIT: u8 = 0x90;

#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    pub op: u8,
    pub request: u32,
    pub fields: Vec<u8>,
}

/// Collects bytes and cuts them into messages. Holds at most one message and one read.
#[derive(Default)]
pub struct Splitter {
    bytes: Vec<u8>,
    start: usize,
}

/// A length that no message has: the stream cannot be followed any further.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLength(pub u32);

impl Splitter {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        if self.bytes.is_empty() && self.bytes.capacity() > MAX_LENGTH / 4 {
            self.bytes = Vec::new();
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, or `None` until more bytes arrive.
    pub fn next(&mut self) -> Result<Option<Message>, BadLength> {
        let rest = &self.bytes[self.start..];
        if rest.len() < 4 {
            return Ok(None);
        }
        let length = be32(rest);
        if (length as usize) < HEAD || length as usize > MAX_LENGTH {
            return Err(BadLength(length));
        }
        let end = 4 + length as usize;
        if rest.len() < end {
            return Ok(None);
        }
        let message = Message { op: rest[4], request: be32(&rest[5..]), fields: rest[4 + HEAD..end].to_vec() };
        self.start += end;
        Ok(Some(message))
    }
}

/// One message as bytes. `None` when it would be longer than a message may be.
pub fn encode(op: u8, request: u32, fields: &[u8]) -> Option<Vec<u8>> {
    let length = HEAD + fields.len();
    if length > MAX_LENGTH {
        return None;
    }
    let mut bytes = Vec::with_capacity(4 + length);
    bytes.extend_from_slice(&(length as u32).to_be_bytes());
    bytes.push(op);
    bytes.extend_from_slice(&request.to_be_bytes());
    bytes.extend_from_slice(fields);
    Some(bytes)
}

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_whole_however_the_bytes_arrive() {
        let mut stream = encode(2, 7, b"abc").unwrap();
        stream.extend(encode(1, u32::MAX, b"").unwrap());
        for step in 1..stream.len() {
            let mut splitter = Splitter::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(step) {
                splitter.push(piece);
                while let Some(message) = splitter.next().unwrap() {
                    seen.push(message);
                }
            }
            assert_eq!(
                seen,
                [
                    Message { op: 2, request: 7, fields: b"abc".to_vec() },
                    Message { op: 1, request: u32::MAX, fields: Vec::new() }
                ]
            );
        }
    }

    #[test]
    fn a_length_outside_the_limits_is_refused_before_its_bytes_arrive() {
        for length in [0u32, 4, MAX_LENGTH as u32 + 1, u32::MAX] {
            let mut splitter = Splitter::default();
            splitter.push(&length.to_be_bytes());
            assert_eq!(splitter.next(), Err(BadLength(length)));
        }
    }

    #[test]
    fn nothing_longer_than_the_limit_is_made() {
        assert!(encode(OK, 1, &vec![0; MAX_LENGTH - HEAD]).is_some());
        assert!(encode(OK, 1, &vec![0; MAX_LENGTH - HEAD + 1]).is_none());
    }
}
