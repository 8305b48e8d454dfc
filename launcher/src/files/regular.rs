//! Opens what must be a plain file: a FIFO or a device in its place would make a thread wait for ever.

use crate::failure::{Failure, Outcome};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opened for reading.
pub fn open(path: &Path) -> Outcome<File> {
    open_with(path, OpenOptions::new().read(true))
}

pub fn open_with(path: &Path, options: &mut OpenOptions) -> Outcome<File> {
    let failed = |e: std::io::Error| Failure::io(path.display(), &e);
    // For a plain file O_NONBLOCK means nothing.
    let file = options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(Failure::invalid(format!("{}: it is not a plain file", path.display())));
    }
    Ok(file)
}
