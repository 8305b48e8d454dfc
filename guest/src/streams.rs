//! The streams of one session.

use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::sys::poll::Ready;
use hearth_wire::fields::FieldWriter;

/// Most streams that are open at once.
const MAX_OPEN: usize = 256;

/// `Err` says what the host did that it must not do; the session is over then.
pub type Obeyed = Result<(), &'static str>;

/// What came of one slice of work.
pub enum Step {
    /// Nothing more to do until something happens.
    Idle,
    /// There is more to do at once.
    Again,
    /// The stream is over, well.
    Done(FieldWriter),
    /// The stream is over, badly.
    Failed(Refusal),
}

/// Work that lives no longer than its stream.
pub trait Work {
    /// Does one slice: at most 64 KiB, or as many small steps as take about as long.
    fn turn(&mut self, stream: u32, out: &mut Outbox) -> Step;

    /// Content from the host.
    fn data(&mut self, _channel: u8, _bytes: &[u8]) -> Obeyed {
        Err("DATA on a stream that takes none")
    }

    /// The host sends no more content.
    fn end(&mut self, _channel: u8) -> Obeyed {
        Err("END on a stream that takes none")
    }

    /// The host took content.
    fn credit(&mut self, _channel: u8, _bytes: u32) -> Obeyed {
        Err("CREDIT on a stream that sends nothing")
    }

    /// A descriptor of this work became ready.
    fn ready(&mut self, _ready: Ready) {}
}

/// What a stream is about.
pub enum Subject {
    /// A process; it lives on without the stream.
    Exec(u32),
    /// A file being written; it can be resumed.
    Write(u32),
    /// An ASSIGN whose hooks run.
    Hooks,
    /// Anything that ends with the stream.
    Own(Box<dyn Work>),
}

/// An open stream.
pub struct Stream {
    pub number: u32,
    pub subject: Subject,
}

/// Open streams, and which numbers were used.
#[derive(Default)]
pub struct Streams {
    open: Vec<Stream>,
    highest: u32,
}

impl Streams {
    /// Takes note of a new number. Numbers rise within a session.
    pub fn number(&mut self, number: u32) -> Obeyed {
        if number <= self.highest {
            return Err("a REQUEST has a stream number that was used before");
        }
        self.highest = number;
        Ok(())
    }

    /// Says that one more may be opened.
    pub fn check_room(&self) -> Result<(), Refusal> {
        if self.open.len() < MAX_OPEN {
            return Ok(());
        }
        Err(Refusal::new(Code::Limit, format!("{MAX_OPEN} streams are open, no more are allowed")))
    }

    pub fn open(&mut self, number: u32, subject: Subject) {
        self.open.push(Stream { number, subject });
    }

    /// The open stream, `None` for one that is over, an error for one that never was.
    pub fn find(&mut self, number: u32) -> Result<Option<&mut Stream>, &'static str> {
        if number > self.highest {
            return Err("a frame has the number of a stream that was never opened");
        }
        Ok(self.open.iter_mut().find(|stream| stream.number == number))
    }

    pub fn close(&mut self, number: u32) -> Option<Stream> {
        let at = self.open.iter().position(|stream| stream.number == number)?;
        Some(self.open.remove(at))
    }

    pub fn close_all(&mut self) -> Vec<Stream> {
        std::mem::take(&mut self.open)
    }

    /// Gives every work one slice; true when some have more to do. Whoever was first is last the next time.
    pub fn turn(&mut self, out: &mut Outbox) -> bool {
        let mut again = false;
        if !self.open.is_empty() {
            self.open.rotate_left(1);
        }
        self.open.retain_mut(|stream| {
            let work = match &mut stream.subject {
                Subject::Own(work) if !out.is_full() => work,
                _ => return true,
            };
            match work.turn(stream.number, out) {
                Step::Idle => {}
                Step::Again => again = true,
                Step::Done(fields) => {
                    out.reply(stream.number, &fields);
                    return false;
                }
                Step::Failed(refusal) => {
                    out.error(stream.number, &refusal);
                    return false;
                }
            }
            true
        });
        again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Endless(u32);

    impl Work for Endless {
        fn turn(&mut self, stream: u32, out: &mut Outbox) -> Step {
            self.0 -= 1;
            out.data(stream, 1, &[0; 1000]);
            match self.0 {
                0 => Step::Done(FieldWriter::new()),
                _ => Step::Again,
            }
        }
    }

    #[test]
    fn numbers_rise_and_unknown_ones_are_errors() {
        let mut streams = Streams::default();
        assert!(streams.number(3).is_ok());
        assert!(streams.number(3).is_err());
        assert!(streams.find(4).is_err());
        assert!(matches!(streams.find(2), Ok(None)));
    }

    #[test]
    fn everybody_gets_a_slice_until_done() {
        let mut streams = Streams::default();
        let mut out = Outbox::default();
        streams.open(1, Subject::Own(Box::new(Endless(1))));
        streams.open(2, Subject::Own(Box::new(Endless(2))));
        assert!(streams.turn(&mut out));
        assert!(!streams.turn(&mut out));
        assert!(streams.close_all().is_empty());
    }

    #[test]
    fn a_full_outbox_stops_the_work() {
        let mut streams = Streams::default();
        let mut out = Outbox::default();
        out.raw(&[0; 200_000]);
        streams.open(1, Subject::Own(Box::new(Endless(1))));
        assert!(!streams.turn(&mut out));
        assert_eq!(out.bytes().len(), 200_000);
    }

    #[test]
    fn refuses_the_257th() {
        let mut streams = Streams::default();
        for number in 1..=256 {
            streams.check_room().unwrap();
            streams.open(number, Subject::Exec(number));
        }
        assert_eq!(streams.check_room().unwrap_err().code, Code::Limit);
    }
}
