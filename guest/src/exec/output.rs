//! One output of a process: read into a ring, sent as the host takes it.

use super::ring::Ring;
use crate::console::Console;
use crate::link::credit::{SendWindow, START_BYTES};
use crate::link::frames::MAX_DATA_BYTES;
use crate::link::outbox::Outbox;
use crate::sys::io::{self, Moved};
use std::os::unix::io::{AsRawFd, OwnedFd};
use std::rc::Rc;

/// What is kept for somebody who attaches, at least.
const REPLAY_BYTES: u64 = 65_536;
/// What is read in one turn.
const TURN_BYTES: usize = 65_536;

/// Whether bytes that nobody took may be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Somebody is attached, or may come back: reading stops instead.
    Everything,
    /// Nobody is: the oldest bytes go.
    Latest,
}

/// An output and who reads it.
pub struct Output {
    channel: u8,
    source: Option<Rc<OwnedFd>>,
    ring: Ring,
    ready: bool,
    sent: u64,
    window: SendWindow,
    end_sent: bool,
    own_end: u64,
}

impl Output {
    pub fn new(channel: u8, source: Rc<OwnedFd>) -> Self {
        Self {
            channel,
            source: Some(source),
            ring: Ring::default(),
            ready: false,
            sent: 0,
            window: SendWindow::new(),
            end_sent: false,
            own_end: u64::MAX,
        }
    }

    /// There may be something to read.
    pub fn ready(&mut self) {
        self.ready = true;
    }

    /// Everything was read that will ever come.
    pub fn ended(&self) -> bool {
        self.source.is_none()
    }

    /// Everything was sent, the end too.
    pub fn delivered(&self) -> bool {
        self.end_sent
    }

    /// The process ended: what it wrote and nobody read yet is in the pipe.
    pub fn process_ended(&mut self) {
        // There may be no event of its own for that.
        self.ready = true;
        let waiting = self.source.as_ref().map_or(0, |source| io::waiting_bytes(source.as_raw_fd()));
        self.own_end = self.ring.end() + waiting;
    }

    /// Everything was read that the process itself wrote.
    pub fn has_its_own(&self) -> bool {
        !self.ready || self.ring.end() >= self.own_end
    }

    /// Stops reading: what comes now comes from processes that were left behind.
    pub fn close(&mut self) {
        self.source = None;
    }

    /// Reads some; true when there is more to read at once.
    pub fn fill(&mut self, keep: Keep, console: Option<&mut Console>) -> bool {
        let source = match &self.source {
            Some(source) if self.ready => source.as_raw_fd(),
            _ => return false,
        };
        let before = self.ring.end();
        let mut left = TURN_BYTES.min(self.room(keep));
        while left > 0 {
            self.ring.forget_before(self.kept_from(keep));
            match self.ring.fill(left, |buffer| io::read(source, buffer)) {
                Ok(Moved::Bytes(count)) => left -= count,
                Ok(Moved::Later) => {
                    self.ready = false;
                    break;
                }
                Ok(Moved::End) | Err(_) => {
                    self.source = None;
                    break;
                }
            }
        }
        if let Some(console) = console {
            self.copy_to(before, console);
        }
        self.source.is_some() && self.ready && self.room(keep) > 0
    }

    /// Sends some; true when more could be sent at once.
    pub fn send(&mut self, stream: u32, out: &mut Outbox) -> bool {
        if out.is_full() {
            return false;
        }
        let most = self.window.credit().min(MAX_DATA_BYTES as u64) as usize;
        let bytes = self.ring.slice(self.sent, most);
        if !bytes.is_empty() {
            out.data(stream, self.channel, bytes);
            self.sent += bytes.len() as u64;
            self.window.sent(bytes.len() as u64);
        }
        let all_sent = self.sent == self.ring.end();
        if all_sent && self.ended() && !self.end_sent {
            out.end(stream, self.channel);
            self.end_sent = true;
        }
        !all_sent && self.window.credit() > 0
    }

    /// The host took bytes; false when it took more than it got.
    #[must_use]
    pub fn returned(&mut self, bytes: u32) -> bool {
        self.window.returned(bytes)
    }

    /// So much was written.
    pub fn reaches(&self, offset: u64) -> bool {
        offset <= self.ring.end()
    }

    /// Somebody attaches who has everything before `from`, or nothing. Says where it goes on.
    pub fn attach(&mut self, from: Option<u64>) -> u64 {
        self.sent = from.unwrap_or(0).clamp(self.ring.start(), self.ring.end());
        self.window = SendWindow::new();
        self.end_sent = false;
        self.sent
    }

    /// Bytes that may be read now.
    fn room(&self, keep: Keep) -> usize {
        match keep {
            Keep::Latest => TURN_BYTES,
            Keep::Everything => START_BYTES.saturating_sub(self.ring.end() - self.taken()) as usize,
        }
    }

    /// The offset before which the host surely has everything.
    fn taken(&self) -> u64 {
        self.sent - self.window.unreturned()
    }

    fn kept_from(&self, keep: Keep) -> u64 {
        let replay = self.ring.end().saturating_sub(REPLAY_BYTES);
        match keep {
            Keep::Latest => replay,
            Keep::Everything => replay.min(self.taken()),
        }
    }

    fn copy_to(&self, from: u64, console: &mut Console) {
        let mut from = from;
        while from < self.ring.end() {
            let bytes = self.ring.slice(from, TURN_BYTES);
            if bytes.is_empty() {
                break;
            }
            console.add(bytes);
            from += bytes.len() as u64;
        }
    }
}

#[cfg(test)]
#[path = "output_test.rs"]
mod tests;
