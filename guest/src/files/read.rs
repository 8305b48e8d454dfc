//! READ: the content of a file, from an offset on.

use super::path::path;
use super::stat::describe;
use super::EVENT_STAT;
use crate::link::credit::SendWindow;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::{Obeyed, Step, Work};
use crate::sys::io::Moved;
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;

const CHANNEL: u8 = 1;
const SLICE_BYTES: u64 = 65_536;

/// A file on its way to the host.
pub struct Read {
    file: File,
    window: SendWindow,
}

impl Read {
    pub fn start(stream: u32, fields: &Fields<'_>, out: &mut Outbox) -> Result<Self, Refusal> {
        let path = path(fields, 1)?;
        let offset = fields.u64(2)?;
        let system = |error| Refusal::system(path.display(), &error);
        // Not blocking: a named pipe without a writer would stop everybody.
        let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(system)?;
        let facts = file.metadata().map_err(system)?;
        if facts.is_dir() {
            return Err(Refusal::new(Code::IsDirectory, format!("{} is a directory", path.display())));
        }
        if !facts.is_file() {
            return Err(Refusal::invalid(format!("{} is not a regular file", path.display())));
        }
        if offset > 0 {
            file.seek(SeekFrom::Start(offset)).map_err(system)?;
        }
        out.event(stream, EVENT_STAT, &describe(path, &facts));
        Ok(Self { file, window: SendWindow::new() })
    }
}

impl Work for Read {
    fn turn(&mut self, stream: u32, out: &mut Outbox) -> Step {
        let most = self.window.credit().min(SLICE_BYTES) as usize;
        if most == 0 {
            return Step::Idle;
        }
        let file = &mut self.file;
        let moved = out.data_from(stream, CHANNEL, most, |buffer| {
            file.read(buffer).map(|count| if count == 0 { Moved::End } else { Moved::Bytes(count) })
        });
        match moved {
            Ok(Moved::Bytes(count)) => self.window.sent(count as u64),
            Ok(Moved::Later) => return Step::Again,
            Ok(Moved::End) => {
                out.end(stream, CHANNEL);
                return Step::Done(FieldWriter::new());
            }
            Err(error) => return Step::Failed(Refusal::system("read", &error)),
        }
        Step::Again
    }

    fn credit(&mut self, channel: u8, bytes: u32) -> Obeyed {
        let fits = channel == CHANNEL && self.window.returned(bytes);
        fits.then_some(()).ok_or("CREDIT for more than was sent")
    }
}
