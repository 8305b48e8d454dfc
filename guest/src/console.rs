//! The console, which the host logs: short messages of our own, and copies of output.

use crate::sys::io::{self, Moved};
use crate::sys::poll::Poll;
use crate::token::Owner;
use std::fs::OpenOptions;
use std::io::{Result, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::io::{AsRawFd, OwnedFd};

/// Copies that wait for the console; when there are more, the oldest are dropped.
const MAX_WAITING_BYTES: usize = 65_536;
const TURN_BYTES: usize = 4_096;

/// Says something on standard error, which is the console of a machine. That it cannot be said is nobody's concern.
pub fn say(message: &str) {
    let line = format!("hearth-guest: {message}\n");
    drop(std::io::stderr().write_all(line.as_bytes()));
}

/// Where copies of output go, without ever making anybody wait.
pub struct Console {
    target: Option<OwnedFd>,
    waiting: Vec<u8>,
    ready: bool,
}

impl Console {
    /// Copies to the device `path`.
    pub fn open(path: &str, poll: &Poll) -> Result<Self> {
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_CLOEXEC;
        let target: OwnedFd = OpenOptions::new().write(true).custom_flags(flags).open(path)?.into();
        poll.add(target.as_raw_fd(), Owner::Console.token())?;
        Ok(Self { target: Some(target), waiting: Vec::new(), ready: true })
    }

    /// Copies nowhere.
    pub fn none() -> Self {
        Self { target: None, waiting: Vec::new(), ready: false }
    }

    /// Writing may work now.
    pub fn ready(&mut self) {
        self.ready = true;
    }

    /// Takes a copy.
    pub fn add(&mut self, bytes: &[u8]) {
        if self.target.is_none() {
            return;
        }
        self.waiting.extend_from_slice(bytes);
        let excess = self.waiting.len().saturating_sub(MAX_WAITING_BYTES);
        self.waiting.drain(..excess);
    }

    /// Writes some; true when there is more to write at once.
    pub fn turn(&mut self) -> bool {
        let target = match &self.target {
            Some(target) if self.ready && !self.waiting.is_empty() => target.as_raw_fd(),
            _ => return false,
        };
        let most = self.waiting.len().min(TURN_BYTES);
        match io::write(target, &self.waiting[..most]) {
            Ok(Moved::Bytes(count)) => drop(self.waiting.drain(..count)),
            Ok(Moved::Later) => self.ready = false,
            Ok(Moved::End) | Err(_) => {
                self.target = None;
                self.waiting = Vec::new();
            }
        }
        self.ready && !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_oldest_when_the_console_is_slow() {
        let (_reader, writer) = io::pipe().unwrap();
        let mut console = Console { target: Some(writer), waiting: Vec::new(), ready: false };
        console.add(&[b'a'; 65_536]);
        console.add(b"end");
        assert!(!console.turn());
        assert_eq!(console.waiting.len(), 65_536);
        assert!(console.waiting.ends_with(b"end"));
    }
}
