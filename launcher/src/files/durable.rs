//! Makes files and directories survive a power cut.

use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use std::fs::File;
use std::path::PathBuf;

/// fsync of each path, in order.
pub fn sync_all(paths: &[PathBuf], cancel: &Cancel) -> Outcome<()> {
    for path in paths {
        cancel.check()?;
        let failed = |e: std::io::Error| Failure::io(path.display(), &e);
        File::open(path).map_err(failed)?.sync_all().map_err(failed)?;
    }
    Ok(())
}
