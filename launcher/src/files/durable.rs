//! Makes files and directories survive a power cut.

use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// fsync of each path, in order.
pub fn sync_all(paths: &[PathBuf], cancel: &Cancel) -> Outcome<()> {
    for path in paths {
        cancel.check()?;
        let failed = |e: std::io::Error| Failure::io(path.display(), &e);
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
        file.sync_all().map_err(failed)?;
    }
    Ok(())
}
