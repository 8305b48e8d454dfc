//! The shape of frames: `u32 length | u8 type | u32 stream | payload`.

/// Least and most that the length of a frame may say.
pub const MIN_LENGTH: usize = 5;
pub const MAX_LENGTH: usize = 262_144;

/// Bytes in front of the payload.
pub const HEADER_BYTES: usize = 9;

/// Most bytes of content in one DATA frame.
pub const MAX_DATA_BYTES: usize = 65_536;

pub const REQUEST: u8 = 0x01;
pub const DATA: u8 = 0x02;
pub const END: u8 = 0x03;
pub const CREDIT: u8 = 0x04;
pub const CANCEL: u8 = 0x05;
pub const REPLY: u8 = 0x11;
pub const ERROR: u8 = 0x12;
pub const EVENT: u8 = 0x13;

/// What the host may send.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Request { stream: u32, method: u16, fields: &'a [u8] },
    Data { stream: u32, channel: u8, bytes: &'a [u8] },
    End { stream: u32, channel: u8 },
    Credit { stream: u32, channel: u8, bytes: u32 },
    Cancel { stream: u32 },
}

/// Reads what follows the length. `Err` says what is wrong with it, in words for the host.
pub fn parse(body: &[u8]) -> Result<Frame<'_>, &'static str> {
    let (header, payload) = (body.get(..MIN_LENGTH).ok_or("a frame is shorter than its header")?, &body[MIN_LENGTH..]);
    let stream = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
    if stream == 0 {
        return Err("stream 0 is never used");
    }
    match (header[0], payload) {
        (REQUEST, [high, low, fields @ ..]) => {
            Ok(Frame::Request { stream, method: u16::from_be_bytes([*high, *low]), fields })
        }
        (DATA, [channel, bytes @ ..]) if !bytes.is_empty() && bytes.len() <= MAX_DATA_BYTES => {
            Ok(Frame::Data { stream, channel: *channel, bytes })
        }
        (END, [channel]) => Ok(Frame::End { stream, channel: *channel }),
        (CREDIT, [channel, a, b, c, d]) => {
            Ok(Frame::Credit { stream, channel: *channel, bytes: u32::from_be_bytes([*a, *b, *c, *d]) })
        }
        (CANCEL, []) => Ok(Frame::Cancel { stream }),
        (REQUEST | DATA | END | CREDIT | CANCEL, _) => Err("the payload does not fit the type of its frame"),
        _ => Err("a frame has a type that hosts do not send"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    #[test]
    fn reads_every_type() {
        let request = Frame::Request { stream: 7, method: 0x010a, fields: b"f" };
        assert_eq!(parse(b"\x01\0\0\0\x07\x01\x0af"), Ok(request));
        assert_eq!(parse(b"\x02\0\0\0\x07\0hi"), Ok(Frame::Data { stream: 7, channel: 0, bytes: b"hi" }));
        assert_eq!(parse(b"\x03\0\0\0\x07\0"), Ok(Frame::End { stream: 7, channel: 0 }));
        assert_eq!(parse(b"\x04\0\0\0\x07\x01\0\x01\0\0"), Ok(Frame::Credit { stream: 7, channel: 1, bytes: 65_536 }));
        assert_eq!(parse(b"\x05\0\0\0\x07"), Ok(Frame::Cancel { stream: 7 }));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        for bad in
            [&b"\x05\0\0\0\0"[..], b"\x01\0\0\0\x01\0", b"\x02\0\0\0\x01\0", b"\x03\0\0\0\x01", b"\x11\0\0\0\x01"]
        {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse(&[&b"\x02\0\0\0\x01\0"[..], &[0; MAX_DATA_BYTES + 1]].concat()).is_err());
    }

    #[test]
    fn damaged_frames_never_panic() {
        let mut numbers = Numbers::seeded(2);
        for whole in [&b"\x01\0\0\0\x07\x01\x0afields"[..], b"\x02\0\0\0\x07\0hello", b"\x04\0\0\0\x07\x01\0\x01\0\0"] {
            for _ in 0..5_000 {
                let damaged = numbers.damage(whole);
                if let Ok(Frame::Data { bytes, .. }) = parse(&damaged) {
                    assert!(bytes.len() < damaged.len());
                }
            }
        }
    }
}
