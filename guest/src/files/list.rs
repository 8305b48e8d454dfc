//! LIST: what is below a directory, a few entries a turn.

use super::path::path;
use super::stat::describe;
use super::EVENT_STAT;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::{Step, Work};
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs::{self, ReadDir};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const MAX_DEPTH: u64 = 16;
const MAX_ENTRIES: usize = 100_000;
const ENTRIES_A_TURN: usize = 64;

/// A walk in progress: open directories, the deepest last.
pub struct List {
    open: Vec<ReadDir>,
    depth: usize,
    told: usize,
}

impl List {
    pub fn start(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let path = path(fields, 1)?;
        let depth = match fields.u64(2)? {
            depth @ 1..=MAX_DEPTH => depth as usize,
            depth => return Err(Refusal::invalid(format!("field 2 (depth) is {depth}, allowed are 1 to {MAX_DEPTH}"))),
        };
        Ok(Self { open: vec![open(path)?], depth, told: 0 })
    }

    /// The next entry, or `None` when the walk is over.
    fn next(&mut self) -> Result<Option<PathBuf>, Refusal> {
        while let Some(directory) = self.open.last_mut() {
            match directory.next() {
                Some(Ok(entry)) => return Ok(Some(entry.path())),
                Some(Err(error)) => return Err(Refusal::system("read a directory", &error)),
                None => drop(self.open.pop()),
            }
        }
        Ok(None)
    }

    fn tell(&mut self, path: &Path, stream: u32, out: &mut Outbox) -> Result<(), Refusal> {
        let facts = match fs::symlink_metadata(path) {
            // Gone since the directory was read.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            facts => facts.map_err(|error| Refusal::system(path.display(), &error))?,
        };
        self.told += 1;
        if self.told > MAX_ENTRIES {
            return Err(Refusal::new(Code::Limit, format!("there are more than {MAX_ENTRIES} entries")));
        }
        out.event(stream, EVENT_STAT, &describe(path, &facts));
        if facts.is_dir() && self.open.len() < self.depth {
            match fs::read_dir(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                directory => self.open.push(directory.map_err(|error| Refusal::system(path.display(), &error))?),
            }
        }
        Ok(())
    }
}

impl Work for List {
    fn turn(&mut self, stream: u32, out: &mut Outbox) -> Step {
        for _ in 0..ENTRIES_A_TURN {
            let told = match self.next() {
                Ok(None) => return Step::Done(FieldWriter::new()),
                Ok(Some(path)) => self.tell(&path, stream, out),
                Err(refusal) => Err(refusal),
            };
            if let Err(refusal) = told {
                return Step::Failed(refusal);
            }
        }
        Step::Again
    }
}

fn open(path: &Path) -> Result<ReadDir, Refusal> {
    fs::read_dir(path).map_err(|error| Refusal::system(path.display(), &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::ffi::OsStrExt;

    fn listed(path: &Path, depth: u64) -> usize {
        let mut fields = FieldWriter::new();
        fields.bytes(1, path.as_os_str().as_bytes()).u64(2, depth);
        let mut list = List::start(&Fields::parse(fields.as_bytes()).unwrap()).unwrap();
        let mut out = Outbox::default();
        while let Step::Again = list.turn(1, &mut out) {}
        list.told
    }

    #[test]
    fn goes_as_deep_as_asked_and_never_through_links() {
        let scratch = Scratch::new("list");
        fs::create_dir_all(scratch.path().join("a/b/c")).unwrap();
        std::os::unix::fs::symlink("/", scratch.path().join("a/root")).unwrap();
        assert_eq!(listed(scratch.path(), 1), 1);
        assert_eq!(listed(scratch.path(), 2), 3);
        assert_eq!(listed(scratch.path(), 16), 4);
    }

    #[test]
    fn a_large_directory_takes_many_turns() {
        let scratch = Scratch::new("list-large");
        for number in 0..200 {
            fs::write(scratch.path().join(number.to_string()), b"").unwrap();
        }
        assert_eq!(listed(scratch.path(), 1), 200);
    }
}
