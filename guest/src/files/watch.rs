//! WATCH: changes in a directory, and in all below it.

use super::path::{c_path, path};
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::{Step, Work};
use crate::sys::inotify::{split_change, Change, Inotify};
use crate::sys::io::Moved;
use crate::sys::poll::{Poll, Ready};
use crate::token::Owner;
use hearth_wire::fields::{FieldWriter, Fields};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::io::AsRawFd;
use std::path::{Path, PathBuf};

const MAX_DIRECTORIES: usize = 8_192;
const DIRECTORIES_A_TURN: usize = 16;
const READ_BYTES: usize = 8_192;
const EVENT_READY: u16 = 4;
const EVENT_CHANGE: u16 = 5;

const MASK: u32 = libc::IN_CREATE
    | libc::IN_MODIFY
    | libc::IN_DELETE
    | libc::IN_MOVED_FROM
    | libc::IN_MOVED_TO
    | libc::IN_ATTRIB
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_ONLYDIR
    | libc::IN_DONT_FOLLOW;

/// Kinds of changes, as the protocol numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Create = 0,
    Write = 1,
    Remove = 2,
    Rename = 3,
    Chmod = 4,
    Overflow = 5,
}

/// A directory that is to be watched.
struct Found {
    /// Relative to the root.
    path: PathBuf,
    /// It appeared just now: what is in it is news.
    news: bool,
}

/// A watched directory.
pub struct Watch {
    inotify: Inotify,
    root: PathBuf,
    recursive: bool,
    /// Watched directories, relative to the root.
    directories: BTreeMap<i32, PathBuf>,
    /// Directories to be watched, a few a turn.
    found: Vec<Found>,
    announced: bool,
    ready: bool,
    gone: bool,
}

impl Watch {
    pub fn start(stream: u32, fields: &Fields<'_>, poll: &Poll, out: &mut Outbox) -> Result<Self, Refusal> {
        let root = path(fields, 1)?;
        let system = |error| Refusal::system(root.display(), &error);
        let mut watch = Self {
            inotify: Inotify::new().map_err(system)?,
            // A link to a directory is watched as that directory.
            root: fs::canonicalize(root).map_err(system)?,
            recursive: fields.flag(2)?,
            directories: BTreeMap::new(),
            found: Vec::new(),
            announced: false,
            ready: false,
            gone: false,
        };
        poll.add(watch.inotify.as_raw_fd(), Owner::Stream(stream).token()).map_err(system)?;
        watch.add(Found { path: PathBuf::new(), news: false }, stream, out)?;
        watch.add_found(stream, out)?;
        Ok(watch)
    }

    /// Watches a directory; finds what is below if that shall be watched too.
    fn add(&mut self, found: Found, stream: u32, out: &mut Outbox) -> Result<(), Refusal> {
        let full = self.root.join(&found.path);
        if self.directories.len() >= MAX_DIRECTORIES {
            return Err(Refusal::new(Code::Limit, format!("more than {MAX_DIRECTORIES} directories to watch")));
        }
        let number = match self.inotify.add(&c_path(&full)?, MASK) {
            // Gone already, or no directory any more: below the root that is only a change.
            Err(error) if !found.path.as_os_str().is_empty() && is_gone(&error) => return Ok(()),
            number => number.map_err(|error| Refusal::system(full.display(), &error))?,
        };
        self.directories.insert(number, found.path.clone());
        if !self.recursive {
            return Ok(());
        }
        for entry in fs::read_dir(&full).into_iter().flatten().flatten() {
            let below = found.path.join(entry.file_name());
            if found.news {
                send(Kind::Create, &below, stream, out);
            }
            if entry.file_type().map_or(false, |kind| kind.is_dir()) {
                self.found.push(Found { path: below, news: found.news });
            }
        }
        Ok(())
    }

    /// Watches a few of the directories that were found; true when there are more.
    fn add_found(&mut self, stream: u32, out: &mut Outbox) -> Result<bool, Refusal> {
        for _ in 0..DIRECTORIES_A_TURN {
            match self.found.pop() {
                Some(found) => self.add(found, stream, out)?,
                None => break,
            }
        }
        if self.found.is_empty() && !self.announced {
            self.announced = true;
            out.event(stream, EVENT_READY, &FieldWriter::new());
        }
        Ok(!self.found.is_empty())
    }

    /// Tells the changes that happened; true when there may be more.
    fn tell_changes(&mut self, stream: u32, out: &mut Outbox) -> Result<bool, Refusal> {
        let mut buffer = [0; READ_BYTES];
        let moved = self.inotify.read(&mut buffer).map_err(|error| Refusal::system("watch", &error))?;
        let mut rest = match moved {
            Moved::Bytes(count) => &buffer[..count],
            Moved::Later | Moved::End => {
                self.ready = false;
                return Ok(false);
            }
        };
        while let Some((change, behind)) = split_change(rest) {
            self.tell(&change, stream, out)?;
            rest = behind;
        }
        Ok(true)
    }

    fn tell(&mut self, change: &Change<'_>, stream: u32, out: &mut Outbox) -> Result<(), Refusal> {
        if change.mask & libc::IN_Q_OVERFLOW != 0 {
            send(Kind::Overflow, Path::new(""), stream, out);
            return Ok(());
        }
        let directory = match self.directories.get(&change.watch) {
            None => return Ok(()),
            Some(directory) => directory.clone(),
        };
        if change.mask & libc::IN_IGNORED != 0 {
            self.directories.remove(&change.watch);
        }
        if change.name.is_empty() {
            let went = change.mask & (libc::IN_DELETE_SELF | libc::IN_MOVE_SELF) != 0;
            self.gone |= went && directory.as_os_str().is_empty();
            return Ok(());
        }
        let path = directory.join(OsStr::from_bytes(change.name));
        if let Some(kind) = kind_of(change.mask) {
            send(kind, &path, stream, out);
        }
        if self.recursive && change.mask & libc::IN_ISDIR != 0 {
            if change.mask & libc::IN_MOVED_FROM != 0 {
                self.stop_below(&path);
            }
            if change.mask & (libc::IN_CREATE | libc::IN_MOVED_TO) != 0 {
                self.add(Found { path, news: true }, stream, out)?;
            }
        }
        Ok(())
    }

    /// A directory was moved away: its changes have another name now, or none.
    fn stop_below(&mut self, path: &Path) {
        let inotify = &self.inotify;
        self.found.retain(|found| !found.path.starts_with(path));
        self.directories.retain(|number, directory| {
            let below = directory.starts_with(path);
            // That the kernel dropped it first is as good.
            below.then(|| drop(inotify.remove(*number)));
            !below
        });
    }
}

impl Work for Watch {
    fn turn(&mut self, stream: u32, out: &mut Outbox) -> Step {
        if self.gone {
            return Step::Failed(Refusal::new(Code::NotFound, "the watched directory is gone"));
        }
        let more = match self.add_found(stream, out) {
            // What happened before everything is watched is told afterwards.
            Ok(false) if self.ready => self.tell_changes(stream, out),
            other => other,
        };
        match more {
            Err(refusal) => Step::Failed(refusal),
            Ok(true) => Step::Again,
            Ok(false) => Step::Idle,
        }
    }

    fn ready(&mut self, ready: Ready) {
        self.ready |= ready.read;
    }
}

fn send(kind: Kind, path: &Path, stream: u32, out: &mut Outbox) {
    let mut fields = FieldWriter::new();
    fields.u64(1, kind as u64).bytes(2, path.as_os_str().as_bytes());
    out.event(stream, EVENT_CHANGE, &fields);
}

fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(libc::ENOTDIR)
}

fn kind_of(mask: u32) -> Option<Kind> {
    let kinds = [
        (libc::IN_CREATE | libc::IN_MOVED_TO, Kind::Create),
        (libc::IN_MODIFY, Kind::Write),
        (libc::IN_DELETE, Kind::Remove),
        (libc::IN_MOVED_FROM, Kind::Rename),
        (libc::IN_ATTRIB, Kind::Chmod),
    ];
    kinds.into_iter().find(|kind| mask & kind.0 != 0).map(|kind| kind.1)
}
