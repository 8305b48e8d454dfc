//! One connected client: bytes in, messages out, neither without bound.

use crate::failure::Failure;
use crate::fields::Reply;
use crate::message::{self, BadLength, Message, Splitter};
use std::fmt::{self, Display};
use std::io::{self, Read, Write};
use std::os::unix::io::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// A client that leaves this much unread is cut off.
const OUTPUT_MAX_BYTES: usize = 8 << 20;
const READ_BYTES: usize = 64 << 10;

pub struct Client {
    stream: UnixStream,
    input: Splitter,
    output: Vec<u8>,
    /// It has said HELLO: exits are told to it.
    pub listening: bool,
    /// epoll tells when there is room to write.
    pub waits_for_room: bool,
}

/// Why a client is let go.
pub enum Gone {
    Closed,
    Broken(io::Error),
    Garbage(BadLength),
    TooSlow,
}

impl Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gone::Closed => f.write_str("it closed"),
            Gone::Broken(error) => write!(f, "{error}"),
            Gone::Garbage(BadLength(length)) => write!(f, "{length} is no length of a message"),
            Gone::TooSlow => write!(f, "more than {OUTPUT_MAX_BYTES} bytes are unread"),
        }
    }
}

impl Client {
    pub fn new(stream: UnixStream) -> io::Result<Client> {
        stream.set_nonblocking(true)?;
        Ok(Client { stream, input: Splitter::default(), output: Vec::new(), listening: false, waits_for_room: false })
    }

    pub fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    /// Reads once, so that one busy client cannot keep the others waiting; epoll tells again when there is more.
    pub fn read(&mut self) -> Result<Vec<Message>, Gone> {
        let mut buffer = [0; READ_BYTES];
        match self.stream.read(&mut buffer) {
            Ok(0) => return Err(Gone::Closed),
            Ok(read) => self.input.push(&buffer[..read]),
            Err(error) if is_later(&error) => return Ok(Vec::new()),
            Err(error) => return Err(Gone::Broken(error)),
        }
        let mut messages = Vec::new();
        while let Some(message) = self.input.next().map_err(Gone::Garbage)? {
            messages.push(message);
        }
        Ok(messages)
    }

    pub fn reply(&mut self, request: u32, outcome: Result<Vec<u8>, Failure>) {
        let outcome = outcome.map(|fields| message::encode(message::OK, request, &fields));
        let bytes = match outcome {
            Ok(Some(bytes)) => bytes,
            Ok(None) => error(request, &Failure::new(libc::EMSGSIZE, "the reply is longer than a message may be")),
            Err(failure) => error(request, &failure),
        };
        self.output.extend_from_slice(&bytes);
    }

    pub fn event(&mut self, op: u8, fields: &[u8]) {
        self.output.extend(message::encode(op, 0, fields).unwrap_or_default());
    }

    /// Whether more lies in the buffer than may.
    pub fn is_flooded(&self) -> bool {
        self.output.len() > OUTPUT_MAX_BYTES
    }

    /// Writes what fits. Tells whether something is left.
    pub fn flush(&mut self) -> Result<bool, Gone> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(written) => drop(self.output.drain(..written)),
                Err(error) if is_later(&error) => break,
                Err(error) => return Err(Gone::Broken(error)),
            }
        }
        if self.is_flooded() {
            return Err(Gone::TooSlow);
        }
        Ok(!self.output.is_empty())
    }
}

fn error(request: u32, failure: &Failure) -> Vec<u8> {
    let fields = Reply::default().number(1, failure.errno as u64).text(2, &failure.text).done();
    message::encode(message::ERROR, request, &fields).unwrap_or_default()
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
