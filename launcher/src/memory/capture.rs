//! Carries the pages that a child has made its own onto a copy of the file that it maps privately. The child is paused by its
//! owner meanwhile, so every millisecond here is one in which a machine stands still.

use super::{maps, pagemap, remote};
use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use crate::files::regular;
use crate::sys;
use pagemap::Run;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Small enough to stay in a core's cache between reading and writing.
const BATCH_BYTES: u64 = 512 << 10;
/// Below this a second thread costs more than it brings.
const SECOND_THREAD_BYTES: u64 = 4 << 20;
/// The bitmap must fit into a reply.
const BITMAP_MAX_BYTES: u64 = 512 << 10;

#[derive(Debug, PartialEq, Eq)]
pub struct Captured {
    pub pages: u64,
    pub runs: u64,
    pub bytes: u64,
    /// One bit for each block of the file that holds a captured page, lowest bit first.
    pub blocks: Vec<u8>,
}

/// What to do with the pages that are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Write them.
    Capture,
    /// Only bring their places in the file into memory, contents unchanged. Filling a hole of a file costs three times as much
    /// as writing what is there, and this can be paid before the pause.
    Warm,
}

/// Writes the own pages of the mapping of `mapped` in `pid` to the same offsets of the existing file `to`.
pub fn capture(pid: i32, mapped: &[u8], to: &Path, block_bytes: u64, pass: Pass, cancel: &Cancel) -> Outcome<Captured> {
    let file = regular::open_with(to, OpenOptions::new().read(true).write(true))?;
    let size = file.metadata().map_err(|e| Failure::io(to.display(), &e))?.len();
    check_blocks(block_bytes, size)?;
    let runs = pagemap::own_pages(pid, &maps::find(pid, mapped)?)?;
    if let Some(last) = runs.last() {
        if last.offset + last.length > size {
            let text = format!("{}: {size} bytes are less than what is mapped", to.display());
            return Err(Failure::invalid(text));
        }
    }
    let bytes = runs.iter().map(|run| run.length).sum();
    let source = match pass {
        Pass::Capture => Source::Process(pid),
        Pass::Warm => Source::File,
    };
    copy(source, &runs, bytes, &file, cancel)?;
    let blocks = bitmap(&runs, block_bytes, size);
    Ok(Captured { pages: bytes / sys::page_bytes(), runs: runs.len() as u64, bytes, blocks })
}

fn check_blocks(block_bytes: u64, size: u64) -> Outcome<()> {
    let page = sys::page_bytes();
    if !block_bytes.is_power_of_two() || block_bytes < page {
        return Err(Failure::invalid(format!("blockBytes: {block_bytes} is not allowed; a power of two from {page}")));
    }
    if size / block_bytes / 8 >= BITMAP_MAX_BYTES {
        return Err(Failure::invalid(format!("blockBytes: {block_bytes} is too small for a file of {size} bytes")));
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Source {
    Process(i32),
    /// The file that is written to.
    File,
}

fn copy(source: Source, runs: &[Run], bytes: u64, file: &File, cancel: &Cancel) -> Outcome<()> {
    let batches = remote::batches(runs, BATCH_BYTES);
    let next = AtomicUsize::new(0);
    let work = || -> Outcome<()> {
        let mut buffer = vec![0; BATCH_BYTES as usize];
        while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            cancel.check()?;
            copy_batch(source, batch, &mut buffer, file)?;
        }
        Ok(())
    };
    if bytes < SECOND_THREAD_BYTES {
        return work();
    }
    thread::scope(|scope| {
        let second = thread::Builder::new().stack_size(128 << 10).spawn_scoped(scope, work);
        let first = work();
        match second.map(|thread| thread.join()) {
            Ok(Ok(second)) => first.and(second),
            // No second thread: the first has done it all.
            Err(_) => first,
            Ok(Err(_)) => Err(Failure::new(libc::EIO, "a copying thread ended early")),
        }
    })
}

fn copy_batch(source: Source, batch: &[Run], buffer: &mut [u8], file: &File) -> Outcome<()> {
    let total = batch.iter().map(|run| run.length as usize).sum();
    let buffer = &mut buffer[..total];
    if let Source::Process(pid) = source {
        let places: Vec<(u64, u64)> = batch.iter().map(|run| (run.address, run.length)).collect();
        remote::read(pid, &places, buffer)?;
    }
    let mut rest = buffer;
    for run in batch {
        let (part, after) = rest.split_at_mut(run.length as usize);
        if let Source::File = source {
            file.read_exact_at(part, run.offset).map_err(|e| Failure::io("reading the file to warm", &e))?;
        }
        file.write_all_at(part, run.offset).map_err(|e| Failure::io("writing the captured pages", &e))?;
        rest = after;
    }
    Ok(())
}

fn bitmap(runs: &[Run], block_bytes: u64, size: u64) -> Vec<u8> {
    let blocks = (size + block_bytes - 1) / block_bytes;
    let mut bits = vec![0; ((blocks + 7) / 8) as usize];
    for run in runs {
        for block in run.offset / block_bytes..=(run.offset + run.length - 1) / block_bytes {
            bits[(block / 8) as usize] |= 1 << (block % 8);
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bitmap_marks_every_block_a_run_touches() {
        let run = |offset, length| Run { address: 0, offset, length };
        assert_eq!(bitmap(&[run(0, 4096), run(61_440, 8192), run(589_824, 4096)], 65_536, 655_360), [0b11, 0b10]);
        assert_eq!(bitmap(&[], 65_536, 65_537), [0]);
    }

    #[test]
    fn block_sizes_that_make_no_sense_are_refused() {
        assert!(check_blocks(0, 1 << 20).is_err());
        assert!(check_blocks(5000, 1 << 20).is_err());
        assert!(check_blocks(2048, 1 << 20).is_err());
        assert!(check_blocks(4096, 1 << 40).is_err());
        assert!(check_blocks(65_536, 16 << 30).is_ok());
    }
}
