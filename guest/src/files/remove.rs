//! REMOVE: a file at once, a tree a few entries a turn.

use super::path::path;
use crate::link::outbox::Outbox;
use crate::methods::Answer;
use crate::refusal::Refusal;
use crate::streams::{Step, Subject, Work};
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs::{self, ReadDir};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const ENTRIES_A_TURN: usize = 64;

pub fn remove(fields: &Fields<'_>) -> Result<Answer, Refusal> {
    let path = path(fields, 1)?;
    let recursive = fields.flag(2)?;
    let system = |error| Refusal::system(path.display(), &error);
    if path.parent().is_none() {
        return Err(Refusal::invalid("the root directory cannot be removed"));
    }
    let facts = fs::symlink_metadata(path).map_err(system)?;
    if facts.is_dir() && recursive {
        let tree = Tree { open: vec![(path.to_owned(), fs::read_dir(path).map_err(system)?)] };
        return Ok(Answer::Stream(Subject::Own(Box::new(tree))));
    }
    if facts.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) }.map_err(system)?;
    Ok(Answer::Reply(FieldWriter::new()))
}

/// A tree being removed: open directories, the deepest last.
struct Tree {
    open: Vec<(PathBuf, ReadDir)>,
}

impl Tree {
    /// Removes one thing; false when nothing is left.
    fn step(&mut self) -> std::io::Result<bool> {
        let (directory, entries) = match self.open.last_mut() {
            None => return Ok(false),
            Some((directory, entries)) => (directory, entries),
        };
        match entries.next().transpose()? {
            None => {
                gone(fs::remove_dir(directory))?;
                self.open.pop();
            }
            Some(entry) if entry.file_type()?.is_dir() => self.enter(&entry.path())?,
            Some(entry) => gone(fs::remove_file(entry.path()))?,
        }
        Ok(true)
    }

    fn enter(&mut self, path: &Path) -> std::io::Result<()> {
        match fs::read_dir(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            entries => self.open.push((path.to_owned(), entries?)),
        }
        Ok(())
    }
}

/// Somebody else was faster: fine.
fn gone(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl Work for Tree {
    fn turn(&mut self, _stream: u32, _out: &mut Outbox) -> Step {
        for _ in 0..ENTRIES_A_TURN {
            match self.step() {
                Ok(true) => {}
                Ok(false) => return Step::Done(FieldWriter::new()),
                Err(error) => {
                    let at = self.open.last().map(|open| open.0.display().to_string()).unwrap_or_default();
                    return Step::Failed(Refusal::system(at, &error));
                }
            }
        }
        Step::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Code;
    use crate::scratch::Scratch;
    use std::os::unix::ffi::OsStrExt;

    fn asked(path: &Path, recursive: bool) -> Result<(), Refusal> {
        let mut fields = FieldWriter::new();
        fields.bytes(1, path.as_os_str().as_bytes()).flag(2, recursive);
        match remove(&Fields::parse(fields.as_bytes()).unwrap())? {
            Answer::Stream(Subject::Own(mut work)) => loop {
                match work.turn(1, &mut Outbox::default()) {
                    Step::Again => {}
                    Step::Done(_) => return Ok(()),
                    Step::Failed(refusal) => return Err(refusal),
                    Step::Idle => panic!("removing never waits"),
                }
            },
            _ => Ok(()),
        }
    }

    #[test]
    fn removes_a_tree_but_not_what_links_point_to() {
        let scratch = Scratch::new("remove");
        let (tree, kept) = (scratch.path().join("tree"), scratch.path().join("kept"));
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::create_dir_all(&kept).unwrap();
        fs::write(kept.join("file"), b"").unwrap();
        std::os::unix::fs::symlink(&kept, tree.join("a/link")).unwrap();
        for number in 0..150 {
            fs::write(tree.join(number.to_string()), b"").unwrap();
        }
        assert_eq!(asked(&tree, false).unwrap_err().code, Code::NotEmpty);
        asked(&tree, true).unwrap();
        assert!(!tree.exists() && kept.join("file").exists());
    }

    #[test]
    fn the_root_stays() {
        assert_eq!(asked(Path::new("/"), true).unwrap_err().code, Code::Invalid);
        assert_eq!(asked(Path::new("/nowhere"), true).unwrap_err().code, Code::NotFound);
    }
}
