//! Copies of files that keep their holes: a clone of the blocks where the file system can, else only the data.

use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::io::AsRawFd;
use std::path::Path;

/// How much is copied between two looks at the cancel flag.
const PIECE_BYTES: u64 = 16 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// What a new file shall look like.
#[derive(Debug, Clone, Copy)]
pub struct NewFile {
    pub mode: u32,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

/// Copies `from` into the new file `to`; `to` is removed again when that fails. Returns the size in bytes.
pub fn copy_to_new(from: &File, to: &Path, new: NewFile, durable: bool, cancel: &Cancel) -> Outcome<u64> {
    // 0600 until it is complete: nobody reads half a copy.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|e| Failure::io(to.display(), &e))?;
    let copied = fill_new(from, &file, to, new, durable, cancel);
    if copied.is_err() {
        if let Err(error) = fs::remove_file(to) {
            eprintln!("{} is left behind: {error}", to.display());
        }
    }
    copied
}

fn fill_new(from: &File, file: &File, to: &Path, new: NewFile, durable: bool, cancel: &Cancel) -> Outcome<u64> {
    let failed = |e: io::Error| Failure::io(to.display(), &e);
    let bytes =
        if clone_blocks(from, file) { from.metadata().map_err(failed)?.len() } else { copy_data(from, file, cancel)? };
    if new.uid.is_some() || new.gid.is_some() {
        let (uid, gid) = (new.uid.unwrap_or(u32::MAX), new.gid.unwrap_or(u32::MAX));
        if unsafe { libc::fchown(file.as_raw_fd(), uid, gid) } < 0 {
            return Err(Failure::last(to.display()));
        }
    }
    file.set_permissions(Permissions::from_mode(new.mode & 0o7777)).map_err(failed)?;
    if durable {
        file.sync_all().map_err(failed)?;
    }
    Ok(bytes)
}

/// Copies the data of `from` to the same offsets of `to` and gives `to` the same size, which is returned.
/// `to` is empty or all holes.
pub fn copy_data(from: &File, to: &File, cancel: &Cancel) -> Outcome<u64> {
    let read_failed = |e: io::Error| Failure::io("reading the file to copy", &e);
    let size = from.metadata().map_err(read_failed)?.len();
    if to.metadata().map_err(read_failed)?.len() != size {
        to.set_len(size).map_err(|e| Failure::io("sizing the copy", &e))?;
    }
    let mut buffer = Vec::new();
    let mut offset = 0;
    while let Some((start, end)) = next_data(from, offset, size).map_err(read_failed)? {
        let mut at = start;
        while at < end {
            cancel.check()?;
            let piece = PIECE_BYTES.min(end - at);
            at += copy_piece(from, to, at, piece, &mut buffer)?;
        }
        offset = end;
    }
    Ok(size)
}

/// The next stretch of `file` from `offset` on that is no hole, cut at `size`.
pub fn next_data(file: &File, offset: u64, size: u64) -> io::Result<Option<(u64, u64)>> {
    if offset >= size {
        return Ok(None);
    }
    let seek = |from: u64, whence: i32| -> io::Result<Option<u64>> {
        let at = unsafe { libc::lseek64(file.as_raw_fd(), from as i64, whence) };
        if at >= 0 {
            return Ok(Some(at as u64));
        }
        let error = io::Error::last_os_error();
        // ENXIO: nothing but a hole from here on.
        if error.raw_os_error() == Some(libc::ENXIO) {
            return Ok(None);
        }
        Err(error)
    };
    match seek(offset, libc::SEEK_DATA)? {
        Some(start) if start < size => Ok(Some((start, seek(start, libc::SEEK_HOLE)?.unwrap_or(size).min(size)))),
        _ => Ok(None),
    }
}

/// Copies a part of `length` at `at` and says how much. `buffer` is empty for as long as the kernel does it.
fn copy_piece(from: &File, to: &File, at: u64, length: u64, buffer: &mut Vec<u8>) -> Outcome<u64> {
    if buffer.is_empty() {
        let (mut read_at, mut write_at) = (at as i64, at as i64);
        let (read_fd, write_fd) = (from.as_raw_fd(), to.as_raw_fd());
        let copied =
            unsafe { libc::copy_file_range(read_fd, &mut read_at, write_fd, &mut write_at, length as usize, 0) };
        if copied > 0 {
            return Ok(copied as u64);
        }
        // Two file systems, or one that cannot: by hand from here on. A full disk stays an error there too.
        buffer.resize(BUFFER_BYTES, 0);
    }
    let wanted = buffer.len().min(length as usize);
    let read = from.read_at(&mut buffer[..wanted], at).map_err(|e| Failure::io("reading the file to copy", &e))?;
    if read == 0 {
        return Err(Failure::new(libc::EIO, "the file became shorter while it was copied"));
    }
    to.write_all_at(&buffer[..read], at).map_err(|e| Failure::io("writing the copy", &e))?;
    Ok(read as u64)
}

/// Shares the blocks of `from` (ioctl_ficlonerange(2)); false where the file system cannot.
fn clone_blocks(from: &File, to: &File) -> bool {
    unsafe { libc::ioctl(to.as_raw_fd(), libc::FICLONE as _, from.as_raw_fd()) == 0 }
}
