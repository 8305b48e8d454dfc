//! The link to the host: finds sessions and hands over their frames.

use super::frames;
use super::handshake::{self, Scanner};
use super::inbox::{Front, Inbox};
use super::outbox::Outbox;
use super::transport::Transport;
use crate::refusal::Refusal;
use crate::sys::io::Moved;
use std::io::Result;

/// Read in one turn at most.
const TURN_BYTES: usize = 65_536;
/// Looked at in one turn at most: each may be a request that takes its time.
const TURN_FRAMES: usize = 32;

/// What the owner of a link hears from it.
pub trait Listener {
    /// A host introduced itself: whatever was before is over.
    fn opened(&mut self);
    /// A frame arrived. `Err` says what is wrong with it; `Ok(false)` ends the session.
    fn frame(&mut self, frame: frames::Frame<'_>, out: &mut Outbox) -> std::result::Result<bool, &'static str>;
    /// The session is over.
    fn closed(&mut self);
}

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nobody introduced himself.
    Scanning,
    /// Somebody did. An end counts only after a first frame: what the host sends can overtake the news of its arrival.
    Greeted,
    /// Frames go to and fro.
    Talking,
}

/// What became of the front of what arrived.
enum Look {
    /// Something was done; there may be more.
    More,
    /// There is not enough to be looked at.
    Nothing,
    /// It waits until the host has read some.
    Waits,
}

/// Transport, buffers and phase.
pub struct Link {
    transport: Box<dyn Transport>,
    inbox: Inbox,
    pub out: Outbox,
    scanner: Scanner,
    phase: Phase,
    readable: bool,
    writable: bool,
    over: bool,
}

impl Link {
    pub fn new(transport: Box<dyn Transport>) -> Self {
        Self {
            transport,
            inbox: Inbox::default(),
            out: Outbox::default(),
            scanner: Scanner::default(),
            phase: Phase::Scanning,
            readable: false,
            writable: true,
            over: false,
        }
    }

    /// The stream ended and no host will ever come again.
    pub fn is_over(&self) -> bool {
        self.over
    }

    pub fn ready(&mut self, read: bool, write: bool) {
        self.readable |= read;
        self.writable |= write;
    }

    /// Takes in a slice of what arrived; true when there is more to take at once. A slow host's requests wait, for each
    /// adds to what it does not read; everything else goes on, for the host may be unable to read before it was written.
    pub fn receive(&mut self, listener: &mut dyn Listener) -> Result<bool> {
        let (mut taken, mut frames_left) = (0, TURN_FRAMES);
        loop {
            match self.look(listener, &mut frames_left) {
                Look::Waits => return Ok(false),
                Look::More => return Ok(true),
                Look::Nothing if !self.readable || taken >= TURN_BYTES => return Ok(self.readable),
                Look::Nothing => {}
            }
            match self.inbox.fill(&mut *self.transport)? {
                Moved::Bytes(count) => taken += count,
                Moved::Later => self.readable = false,
                Moved::End => {
                    self.readable = false;
                    self.host_left(listener);
                }
            }
        }
    }

    /// Writes what the transport takes.
    pub fn flush(&mut self) -> Result<()> {
        if self.writable && !self.out.is_empty() {
            if let Moved::Later | Moved::End = self.out.flush(&mut *self.transport)? {
                self.writable = false;
            }
        }
        Ok(())
    }

    /// Everything that can be written now was written.
    pub fn is_flushed(&self) -> bool {
        self.out.is_empty()
    }

    fn look(&mut self, listener: &mut dyn Listener, frames_left: &mut usize) -> Look {
        // Taken out while its bytes are looked at, for looking at them changes the link.
        let mut inbox = std::mem::take(&mut self.inbox);
        let look = loop {
            if *frames_left == 0 {
                break Look::More;
            }
            *frames_left -= 1;
            match self.look_at_front(&mut inbox, listener) {
                Look::More => {}
                other => break other,
            }
        };
        self.inbox = inbox;
        look
    }

    fn look_at_front(&mut self, inbox: &mut Inbox, listener: &mut dyn Listener) -> Look {
        if self.phase == Phase::Scanning {
            return self.scan(inbox, listener);
        }
        match inbox.front() {
            Front::Partial => Look::Nothing,
            Front::Frame(body) if self.must_wait(body) => Look::Waits,
            Front::BadLength => {
                // A new handshake begins here; the length is part of it.
                self.close(listener);
                Look::More
            }
            Front::Frame(body) => {
                let bytes = body.len();
                self.phase = Phase::Talking;
                let told = frames::parse(body).and_then(|frame| listener.frame(frame, &mut self.out));
                if let Err(wrong) = told {
                    self.out.error(0, &Refusal::invalid(wrong));
                }
                if told != Ok(true) {
                    self.close(listener);
                }
                inbox.drop_frame(bytes);
                Look::More
            }
        }
    }

    fn must_wait(&self, body: &[u8]) -> bool {
        self.out.is_full() && (body.first() == Some(&frames::REQUEST) || self.out.is_stuffed())
    }

    fn scan(&mut self, inbox: &mut Inbox, listener: &mut dyn Listener) -> Look {
        match self.scanner.scan(inbox.rest()) {
            None => {
                inbox.drop_bytes(inbox.rest().len());
                Look::Nothing
            }
            Some((nonce, used)) => {
                inbox.drop_bytes(used);
                self.out.clear();
                self.out.raw(&handshake::answer(&nonce));
                self.phase = Phase::Greeted;
                listener.opened();
                Look::More
            }
        }
    }

    fn host_left(&mut self, listener: &mut dyn Listener) {
        self.over = self.transport.ends_for_good();
        if self.phase == Phase::Talking || self.over {
            self.out.clear();
            self.close(listener);
        }
    }

    fn close(&mut self, listener: &mut dyn Listener) {
        if self.phase == Phase::Talking {
            self.scanner = Scanner::default();
        }
        self.phase = Phase::Scanning;
        listener.closed();
    }
}

#[cfg(test)]
#[path = "host_test.rs"]
mod tests;
