//! Keeps log files that other processes append to from growing without end.

use super::regular;
use crate::failure::{Failure, Outcome};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// When the file is larger than `max_bytes`: its last `keep_bytes` replace PATH.1 and it becomes empty. Tells whether it was.
/// Its writers append, so they go on at the new end.
pub fn trim(path: &Path, max_bytes: u64, keep_bytes: u64) -> Outcome<bool> {
    let failed = |e: io::Error| Failure::io(path.display(), &e);
    let log = regular::open_with(path, OpenOptions::new().read(true).write(true))?;
    if log.metadata().map_err(failed)?.len() <= max_bytes {
        return Ok(false);
    }
    let hidden = with_ending(path, ".1.new");
    match fs::remove_file(&hidden) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Failure::io(hidden.display(), &error)),
        _ => {}
    }
    let kept = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&hidden).map_err(failed)?;
    keep_tail(&log, &kept, keep_bytes).map_err(failed)?;
    log.set_len(0).map_err(failed)?;
    fs::rename(&hidden, with_ending(path, ".1")).map_err(failed)?;
    Ok(true)
}

/// Reads until the end is reached, so that only what is written in the very last moment is lost.
fn keep_tail(log: &File, kept: &File, keep_bytes: u64) -> io::Result<()> {
    let mut at = log.metadata()?.len().saturating_sub(keep_bytes);
    let mut written = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = log.read_at(&mut buffer, at)?;
        if read == 0 || written > keep_bytes + (1 << 20) {
            return Ok(());
        }
        kept.write_all_at(&buffer[..read], written)?;
        at += read as u64;
        written += read as u64;
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut bytes = path.as_os_str().as_bytes().to_vec();
    bytes.extend_from_slice(ending.as_bytes());
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}
