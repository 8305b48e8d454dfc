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

/// A watched directory.
pub struct Watch {
    inotify: Inotify,
    root: PathBuf,
    recursive: bool,
    /// Watched directories, relative to the root.
    directories: BTreeMap<i32, PathBuf>,
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
            ready: false,
            gone: false,
        };
        poll.add(watch.inotify.as_raw_fd(), Owner::Stream(stream).token()).map_err(system)?;
        watch.add(Path::new(""), &mut |_, _| ())?;
        out.event(stream, EVENT_READY, &FieldWriter::new());
        Ok(watch)
    }

    /// Watches `directory` and, if asked, what is below; `tell` hears of everything in there.
    fn add(&mut self, directory: &Path, tell: &mut dyn FnMut(Kind, &Path)) -> Result<(), Refusal> {
        let mut waiting = vec![directory.to_owned()];
        while let Some(directory) = waiting.pop() {
            let full = self.root.join(&directory);
            if self.directories.len() >= MAX_DIRECTORIES {
                return Err(Refusal::new(Code::Limit, format!("more than {MAX_DIRECTORIES} directories to watch")));
            }
            let number = match self.inotify.add(&c_path(&full)?, MASK) {
                // Gone already, or no directory any more: below the root that is only a change.
                Err(error) if !directory.as_os_str().is_empty() && is_gone(&error) => continue,
                number => number.map_err(|error| Refusal::system(full.display(), &error))?,
            };
            self.directories.insert(number, directory.clone());
            if !self.recursive {
                continue;
            }
            for entry in fs::read_dir(&full).into_iter().flatten().flatten() {
                let below = directory.join(entry.file_name());
                tell(Kind::Create, &below);
                if entry.file_type().map_or(false, |kind| kind.is_dir()) {
                    waiting.push(below);
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, change: &Change<'_>, stream: u32, out: &mut Outbox) -> Result<(), Refusal> {
        let mut send = |kind: Kind, path: &Path| {
            let mut fields = FieldWriter::new();
            fields.u64(1, kind as u64).bytes(2, path.as_os_str().as_bytes());
            out.event(stream, EVENT_CHANGE, &fields);
        };
        if change.mask & libc::IN_Q_OVERFLOW != 0 {
            send(Kind::Overflow, Path::new(""));
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
            self.gone |= directory.as_os_str().is_empty() && change.mask & (libc::IN_DELETE_SELF | libc::IN_MOVE_SELF) != 0;
            return Ok(());
        }
        let path = directory.join(OsStr::from_bytes(change.name));
        if let Some(kind) = kind_of(change.mask) {
            send(kind, &path);
        }
        let is_directory = change.mask & libc::IN_ISDIR != 0;
        if self.recursive && is_directory && change.mask & libc::IN_MOVED_FROM != 0 {
            self.stop_below(&path);
        }
        if self.recursive && is_directory && change.mask & (libc::IN_CREATE | libc::IN_MOVED_TO) != 0 {
            self.add(&path, &mut send)?;
        }
        Ok(())
    }

    /// A directory was moved away: its changes have another name now, or none.
    fn stop_below(&mut self, path: &Path) {
        let inotify = &self.inotify;
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
        if !self.ready {
            return Step::Idle;
        }
        let mut buffer = [0; READ_BYTES];
        match self.inotify.read(&mut buffer) {
            Ok(Moved::Bytes(count)) => {
                let mut rest = &buffer[..count];
                while let Some((change, behind)) = split_change(rest) {
                    if let Err(refusal) = self.tell(&change, stream, out) {
                        return Step::Failed(refusal);
                    }
                    rest = behind;
                }
            }
            Ok(Moved::Later | Moved::End) => {
                self.ready = false;
                return Step::Idle;
            }
            Err(error) => return Step::Failed(Refusal::system("watch", &error)),
        }
        Step::Again
    }

    fn ready(&mut self, ready: Ready) {
        self.ready |= ready.read;
    }
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
