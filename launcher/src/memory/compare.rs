//! Compares a child's mapping of a file with a file, byte for byte. For tests of what `capture` wrote.

use super::{maps, remote};
use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use crate::files::regular;
use std::os::unix::fs::FileExt;
use std::path::Path;

const PIECE_BYTES: u64 = 1 << 20;

/// The offset of the first byte that differs; `None` when the whole mapping equals `with`.
pub fn first_difference(pid: i32, mapped: &[u8], with: &Path, cancel: &Cancel) -> Outcome<Option<u64>> {
    let failed = |e: std::io::Error| Failure::io(with.display(), &e);
    let file = regular::open(with)?;
    let mut memory = vec![0; PIECE_BYTES as usize];
    let mut stored = vec![0; PIECE_BYTES as usize];
    for mapping in maps::find(pid, mapped)? {
        let mut done = 0;
        while done < mapping.length {
            cancel.check()?;
            let length = PIECE_BYTES.min(mapping.length - done);
            let (memory, stored) = (&mut memory[..length as usize], &mut stored[..length as usize]);
            remote::read(pid, &[(mapping.address + done, length)], memory)?;
            file.read_exact_at(stored, mapping.offset + done).map_err(failed)?;
            if let Some(at) = memory.iter().zip(stored.iter()).position(|(a, b)| a != b) {
                return Ok(Some(mapping.offset + done + at as u64));
            }
            done += length;
        }
    }
    Ok(None)
}
