//! SHA-256 of a whole file, holes as zeros.

use super::{regular, sparse};
use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use hearth_wire::sha256::Sha256;
use std::os::unix::fs::FileExt;
use std::path::Path;

const PIECE_BYTES: usize = 256 << 10;

/// (digest, size in bytes)
pub fn sha256(path: &Path, cancel: &Cancel) -> Outcome<([u8; 32], u64)> {
    let failed = |e: std::io::Error| Failure::io(path.display(), &e);
    let file = regular::open(path)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE_BYTES];
    let zeros = vec![0; PIECE_BYTES];
    let mut at = 0;
    while at < size {
        let (start, end) = sparse::next_data(&file, at, size).map_err(failed)?.unwrap_or((size, size));
        while at < start {
            cancel.check()?;
            let length = PIECE_BYTES.min((start - at) as usize);
            hash.update(&zeros[..length]);
            at += length as u64;
        }
        while at < end {
            cancel.check()?;
            let wanted = PIECE_BYTES.min((end - at) as usize);
            file.read_exact_at(&mut buffer[..wanted], at).map_err(failed)?;
            hash.update(&buffer[..wanted]);
            at += wanted as u64;
        }
    }
    Ok((hash.finish(), size))
}
