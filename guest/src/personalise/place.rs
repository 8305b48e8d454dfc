//! Puts small files in their place.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Writes `content` so that readers see the old file or the new one. A file that something is mounted on cannot be
/// replaced: it is overwritten.
pub fn write(path: &Path, content: &[u8], mode: u32) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".hearth-new");
    let beside = Path::new(&beside);
    match fs::remove_file(beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(beside)?;
    file.write_all(content)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    match fs::rename(beside, path) {
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
            fs::remove_file(beside)?;
            fs::write(path, content)
        }
        renamed => renamed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn replaces_a_file_and_its_mode() {
        let scratch = Scratch::new("place");
        let path = scratch.path().join("file");
        write(&path, b"one", 0o644).unwrap();
        write(&path, b"two", 0o400).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
