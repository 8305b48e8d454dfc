//! WRITE: a file is written beside its place and put there at its end. It can be resumed in the next session.

use super::path::{mode, path};
use crate::exec::users;
use crate::link::credit::ReceiveWindow;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::Obeyed;
use crate::sys::io::set_owner;
use crate::sys::time;
use crate::system::System;
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::io::AsRawFd;
use std::path::{Path, PathBuf};

/// How long a broken or a finished write is known.
const REMEMBER_MS: u64 = 30_000;
/// Most writes that are known at once.
const MAX_WRITES: usize = 512;
const EVENT_WRITING: u16 = 3;

/// Where the bytes are.
enum Place {
    /// Beside the place, in this file.
    Beside(File),
    /// In place: only the answer may have to be repeated.
    Finished,
    /// Nowhere any more.
    Failed(Refusal),
}

/// A file on its way into the guest.
struct Write {
    id: u32,
    stream: Option<u32>,
    target: PathBuf,
    beside: PathBuf,
    mode: u32,
    owner: Option<(u32, u32)>,
    place: Place,
    received: u64,
    ended: bool,
    window: ReceiveWindow,
    credit_due: Option<u32>,
    forget_at_ms: Option<u64>,
}

impl Write {
    fn data(&mut self, channel: u8, bytes: &[u8]) -> Obeyed {
        if channel != 0 || !self.window.arrived(bytes.len()) {
            return Err("DATA beyond the credit");
        }
        if self.ended {
            return Err("DATA behind the END of its channel");
        }
        if let Place::Beside(file) = &mut self.place {
            if let Err(error) = file.write_all(bytes) {
                self.fail(Refusal::system(self.target.display(), &error));
            }
        }
        self.received += bytes.len() as u64;
        if let Some(credit) = self.window.taken(bytes.len()) {
            self.credit_due = Some(self.credit_due.unwrap_or(0) + credit);
        }
        Ok(())
    }

    /// Puts the file in its place, with mode and owner.
    fn finish(&mut self) {
        let file = match &self.place {
            Place::Beside(file) => file,
            _ => return,
        };
        let done = self
            .owner
            .map_or(Ok(()), |(uid, gid)| set_owner(file.as_raw_fd(), uid, Some(gid)))
            // After the owner, whose change clears set-user-id.
            .and_then(|()| file.set_permissions(Permissions::from_mode(self.mode)))
            .and_then(|()| put(&self.beside, &self.target));
        match done {
            Ok(()) => self.place = Place::Finished,
            Err(error) => self.fail(Refusal::system(self.target.display(), &error)),
        }
    }

    fn fail(&mut self, refusal: Refusal) {
        self.discard();
        self.place = Place::Failed(refusal);
    }

    /// Removes what is beside the place.
    fn discard(&mut self) {
        if let Place::Beside(_) = self.place {
            // That it is gone already, with its directory, is as good.
            drop(fs::remove_file(&self.beside));
        }
    }

    fn writing(&self) -> FieldWriter {
        let mut fields = FieldWriter::new();
        fields.u64(1, u64::from(self.id)).u64(2, self.received);
        fields
    }
}

/// All writes that are under way, or may be resumed.
#[derive(Default)]
pub struct WriteTable {
    writes: Vec<Write>,
    last_id: u32,
}

impl WriteTable {
    /// Begins or resumes a write for `stream`. Returns its id.
    pub fn start(
        &mut self,
        stream: u32,
        fields: &Fields<'_>,
        system: &System,
        out: &mut Outbox,
    ) -> Result<u32, Refusal> {
        let id = match fields.optional_u64(4)? {
            Some(id) => self.resume(stream, id, fields)?,
            None => self.begin(stream, fields, system)?,
        };
        if let Some(write) = self.by_id(id) {
            out.event(stream, EVENT_WRITING, &write.writing());
        }
        Ok(id)
    }

    fn begin(&mut self, stream: u32, fields: &Fields<'_>, system: &System) -> Result<u32, Refusal> {
        if self.writes.len() >= MAX_WRITES {
            return Err(Refusal::new(Code::Limit, format!("{MAX_WRITES} files are being written")));
        }
        let (named, mode) = (path(fields, 1)?, mode(fields, 2)?);
        let owner = fields.optional_text(3)?.map(|owner| users::owner(owner, system)).transpose()?;
        let (target, before) = real_target(named)?;
        let id = self.last_id + 1;
        let beside = beside(&target, id)?;
        let file = create(&beside).map_err(|error| Refusal::system(target.display(), &error))?;
        self.last_id = id;
        self.writes.push(Write {
            id,
            stream: Some(stream),
            target,
            beside,
            mode,
            owner: owner.or(before),
            place: Place::Beside(file),
            received: 0,
            ended: false,
            window: ReceiveWindow::new(),
            credit_due: None,
            forget_at_ms: None,
        });
        Ok(id)
    }

    fn resume(&mut self, stream: u32, id: u64, fields: &Fields<'_>) -> Result<u32, Refusal> {
        let first_kept = fields.u64(5)?;
        let found = self.writes.iter_mut().find(|write| u64::from(write.id) == id && write.stream.is_none());
        let write = found.ok_or_else(|| Refusal::new(Code::NotFound, format!("there is no write {id} to resume")))?;
        if write.received < first_kept {
            let text = format!("field 5 (offset) is {first_kept}, the guest has {} bytes only", write.received);
            return Err(Refusal::invalid(text));
        }
        write.stream = Some(stream);
        write.window = ReceiveWindow::new();
        write.credit_due = None;
        write.forget_at_ms = None;
        Ok(write.id)
    }

    pub fn data(&mut self, id: u32, channel: u8, bytes: &[u8]) -> Obeyed {
        self.by_id(id).map_or(Ok(()), |write| write.data(channel, bytes))
    }

    pub fn end(&mut self, id: u32, channel: u8) -> Obeyed {
        if channel != 0 {
            return Err("hosts send on channel 0 only");
        }
        if let Some(write) = self.by_id(id) {
            write.ended = true;
            write.finish();
        }
        Ok(())
    }

    /// Sends credit and answers. `over` is told every stream that ended.
    pub fn turn(&mut self, out: &mut Outbox, mut over: impl FnMut(u32)) {
        for write in &mut self.writes {
            let stream = match write.stream {
                Some(stream) if !out.is_full() => stream,
                _ => continue,
            };
            match (&write.place, write.credit_due.take()) {
                (Place::Beside(_), credit) => {
                    credit.into_iter().for_each(|bytes| out.credit(stream, 0, bytes));
                    continue;
                }
                (Place::Finished, _) => out.reply(stream, &FieldWriter::new()),
                (Place::Failed(refusal), _) => out.error(stream, refusal),
            }
            over(stream);
            write.stream = None;
            write.forget_at_ms = Some(time::now_ms() + REMEMBER_MS);
        }
    }

    /// The host lets go: what was written goes.
    pub fn close(&mut self, id: u32) {
        if let Some(at) = self.writes.iter().position(|write| write.id == id) {
            self.writes.remove(at).discard();
        }
    }

    /// The session is over: the write waits for the next one.
    pub fn hold(&mut self, id: u32) {
        if let Some(write) = self.by_id(id) {
            write.stream = None;
            write.forget_at_ms = Some(time::now_ms() + REMEMBER_MS);
        }
    }

    /// Nobody comes back for what is held.
    pub fn end_holds(&mut self) {
        self.forget(|write| write.stream.is_none());
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        self.writes.iter().filter_map(|write| write.forget_at_ms).min()
    }

    pub fn expire(&mut self, now_ms: u64) {
        self.forget(|write| write.forget_at_ms.map_or(false, |at| at <= now_ms));
    }

    fn forget(&mut self, due: impl Fn(&Write) -> bool) {
        self.writes.retain_mut(|write| {
            let forget = due(write);
            if forget {
                write.discard();
            }
            !forget
        });
    }

    fn by_id(&mut self, id: u32) -> Option<&mut Write> {
        self.writes.iter_mut().find(|write| write.id == id)
    }
}

/// Where the bytes shall be in the end: a link leads to its target. Also who owns what is there.
fn real_target(path: &Path) -> Result<(PathBuf, Option<(u32, u32)>), Refusal> {
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((path.to_owned(), None)),
        Err(error) => return Err(Refusal::system(path.display(), &error)),
    };
    let facts = fs::metadata(&target).map_err(|error| Refusal::system(path.display(), &error))?;
    match facts.file_type() {
        kind if kind.is_file() => Ok((target, Some((facts.uid(), facts.gid())))),
        kind if kind.is_dir() => Err(Refusal::new(Code::IsDirectory, format!("{} is a directory", path.display()))),
        _ => Err(Refusal::invalid(format!("{} is not a regular file", path.display()))),
    }
}

/// Renames; a file that is a mount of its own cannot be replaced, it gets the content.
fn put(beside: &Path, target: &Path) -> std::io::Result<()> {
    match fs::rename(beside, target) {
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
            std::io::copy(&mut File::open(beside)?, &mut OpenOptions::new().write(true).truncate(true).open(target)?)?;
            fs::remove_file(beside)
        }
        renamed => renamed,
    }
}

/// A hidden name in the same directory, so that the rename stays on one file system.
fn beside(target: &Path, id: u32) -> Result<PathBuf, Refusal> {
    if target.file_name().is_none() || target.as_os_str().to_string_lossy().ends_with('/') {
        return Err(Refusal::invalid(format!("{} does not name a file", target.display())));
    }
    Ok(target.with_file_name(format!(".hearth-write-{}-{id}", std::process::id())))
}

fn create(path: &Path) -> std::io::Result<File> {
    let make = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match make() {
        // Left behind by an agent that was killed.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            make()
        }
        made => made,
    }
}

#[cfg(test)]
#[path = "write_test.rs"]
mod tests;
