//! Puts small files in their place.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::sys::mounting::is_mount;

/// Makes a directory and its parents. Existing ones are fine.
pub fn directories(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Writes `content` so that readers see the old file or the new one. A file that is a mount of its own cannot be
/// replaced: it is overwritten. As few steps as possible, for a claim waits for them.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    if is_mount(path) {
        return fs::write(path, content);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".hearth-new");
    let beside = Path::new(&beside);
    let make = || OpenOptions::new().write(true).create_new(true).mode(mode).open(beside);
    let mut file = match make() {
        // Left behind by an agent that was killed.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(beside)?;
            make()?
        }
        made => made?,
    };
    file.write_all(content)?;
    fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn replaces_a_file_and_its_mode() {
        let scratch = Scratch::new("place");
        let path = scratch.path().join("file");
        write(&path, b"one", 0o644).unwrap();
        fs::write(scratch.path().join("file.hearth-new"), b"left behind").unwrap();
        write(&path, b"two", 0o400).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
