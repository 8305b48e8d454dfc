//! The standard input of a process: what the host sends, written as the process takes it.

use crate::link::credit::ReceiveWindow;
use crate::link::outbox::Outbox;
use crate::streams::Obeyed;
use crate::sys::io::{self, Moved};
use std::os::unix::io::{AsRawFd, OwnedFd};
use std::rc::Rc;

/// Ctrl-D, which a terminal turns into an end of file.
const END_OF_TRANSMISSION: u8 = 4;

/// What is written in one turn.
const TURN_BYTES: usize = 65_536;

/// An input and what waits for it. Never more than the credit of one stream.
pub struct Input {
    target: Option<Rc<OwnedFd>>,
    terminal: bool,
    queue: Vec<u8>,
    ready: bool,
    ended: bool,
    end_told: bool,
    taken: u64,
    window: ReceiveWindow,
}

impl Input {
    pub fn new(target: Rc<OwnedFd>, terminal: bool) -> Self {
        Self {
            target: Some(target),
            terminal,
            queue: Vec::new(),
            ready: false,
            ended: false,
            end_told: false,
            taken: 0,
            window: ReceiveWindow::new(),
        }
    }

    /// Writing may work now.
    pub fn ready(&mut self) {
        self.ready = true;
    }

    /// Bytes that the process was given since it started.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// The host sent bytes.
    pub fn data(&mut self, bytes: &[u8]) -> Obeyed {
        if !self.window.arrived(bytes.len()) {
            return Err("DATA beyond the credit");
        }
        if self.ended {
            return Err("DATA behind the END of its channel");
        }
        self.queue.extend_from_slice(bytes);
        Ok(())
    }

    /// The host sends no more. Saying it again does no harm.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Somebody else attaches: what was not given to the process is sent again.
    pub fn attach(&mut self) {
        self.queue = Vec::new();
        self.ended = false;
        self.window = ReceiveWindow::new();
    }

    /// Gives the process some; true when there is more to do at once.
    pub fn turn(&mut self, stream: Option<u32>, out: &mut Outbox) -> bool {
        let written = self.write();
        self.queue.drain(..written);
        self.taken += written as u64;
        if self.queue.is_empty() && self.queue.capacity() > TURN_BYTES {
            self.queue = Vec::new();
        }
        if let (Some(credit), Some(stream)) = (self.window.taken(written), stream) {
            out.credit(stream, 0, credit);
        }
        if self.queue.is_empty() && self.ended {
            self.tell_end();
        }
        self.ready && self.target.is_some() && !self.queue.is_empty()
    }

    fn write(&mut self) -> usize {
        let mut written = 0;
        let most = self.queue.len().min(TURN_BYTES);
        while written < most {
            let target = match &self.target {
                // Nobody reads: as good as written, else the host would wait for ever.
                None => return self.queue.len(),
                Some(_) if !self.ready => break,
                Some(target) => target.as_raw_fd(),
            };
            match io::write(target, &self.queue[written..most]) {
                Ok(Moved::Bytes(count)) => written += count,
                Ok(Moved::Later) => self.ready = false,
                Ok(Moved::End) | Err(_) => self.target = None,
            }
        }
        written
    }

    fn tell_end(&mut self) {
        if !self.terminal {
            self.target = None;
        } else if let (Some(target), false) = (&self.target, self.end_told) {
            self.end_told = !matches!(io::write(target.as_raw_fd(), &[END_OF_TRANSMISSION]), Ok(Moved::Later));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;

    fn piped() -> (Input, File) {
        let (reader, writer) = io::pipe().unwrap();
        io::set_nonblocking(writer.as_raw_fd()).unwrap();
        let mut input = Input::new(Rc::new(writer), false);
        input.ready();
        (input, File::from(reader))
    }

    #[test]
    fn gives_everything_and_then_the_end() {
        let (mut input, mut reader) = piped();
        input.data(b"hello").unwrap();
        input.end();
        input.end();
        assert!(!input.turn(Some(7), &mut Outbox::default()));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), input.taken()), ("hello", 5));
    }

    #[test]
    fn returns_credit_only_for_what_was_taken() {
        let (mut input, mut reader) = piped();
        for _ in 0..4 {
            input.data(&[0; 65_536]).unwrap();
        }
        assert!(input.data(b"x").is_err(), "beyond the credit");
        let mut out = Outbox::default();
        while input.turn(Some(7), &mut out) {}
        assert_eq!(input.taken(), 65_536, "a pipe takes 64 KiB");
        assert_eq!(out.bytes(), b"\0\0\0\x0a\x04\0\0\0\x07\0\0\x01\0\0");
        reader.read_exact(&mut [0; 65_536]).unwrap();
        input.ready();
        input.turn(None, &mut out);
        assert_eq!(input.taken(), 131_072);
    }

    #[test]
    fn forgets_the_queue_when_somebody_else_attaches() {
        let (mut input, _reader) = piped();
        input.data(&[0; 65_536]).unwrap();
        input.data(&[0; 65_536]).unwrap();
        input.end();
        while input.turn(Some(7), &mut Outbox::default()) {}
        input.attach();
        assert_eq!(input.taken(), 65_536);
        input.data(&[0; 65_536]).unwrap();
    }

    #[test]
    fn a_process_that_reads_nothing_any_more_takes_everything() {
        let (mut input, reader) = piped();
        drop(reader);
        input.data(&[0; 65_536]).unwrap();
        let mut out = Outbox::default();
        while input.turn(Some(7), &mut out) {}
        assert_eq!(input.taken(), 65_536);
        assert!(!out.is_empty(), "credit came back");
    }
}
