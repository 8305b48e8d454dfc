//! Reads the memory of another process (process_vm_readv(2)).

use super::pagemap::Run;
use crate::failure::{Failure, Outcome};
use crate::sys;

/// What the kernel takes at once (UIO_MAXIOV).
const MOST_PARTS: usize = 1024;

/// Fills `buffer` with the parts at `places` (address, length), one behind the other. They sum up to the buffer's length.
pub fn read(pid: i32, places: &[(u64, u64)], buffer: &mut [u8]) -> Outcome<()> {
    let mut filled = 0;
    for group in places.chunks(MOST_PARTS) {
        let mut group: Vec<libc::iovec> = group
            .iter()
            .map(|(at, length)| libc::iovec { iov_base: *at as *mut _, iov_len: *length as usize })
            .collect();
        let mut left = &mut group[..];
        while !left.is_empty() {
            let wanted: usize = left.iter().map(|part| part.iov_len).sum();
            let local = libc::iovec { iov_base: buffer[filled..filled + wanted].as_mut_ptr().cast(), iov_len: wanted };
            let result =
                unsafe { libc::process_vm_readv(pid, &local, 1, left.as_ptr(), left.len() as libc::c_ulong, 0) };
            let read = sys::check(result as libc::c_long).map_err(|e| explain(pid, &e))? as usize;
            if read == 0 {
                return Err(Failure::new(libc::EFAULT, format!("process {pid}: its memory ends early")));
            }
            filled += read;
            left = skip(left, read);
        }
    }
    Ok(())
}

fn skip(mut parts: &mut [libc::iovec], mut bytes: usize) -> &mut [libc::iovec] {
    while bytes > 0 {
        let part = &mut parts[0];
        if bytes < part.iov_len {
            part.iov_base = unsafe { part.iov_base.add(bytes) };
            part.iov_len -= bytes;
            return parts;
        }
        bytes -= part.iov_len;
        parts = &mut parts[1..];
    }
    parts
}

fn explain(pid: i32, error: &std::io::Error) -> Failure {
    let mut failure = Failure::io(format!("reading the memory of process {pid}"), error);
    if failure.errno == libc::EPERM {
        failure.text.push_str("; without root it must be a child of this launcher (sysctl kernel.yama.ptrace_scope)");
    }
    failure
}

/// Cuts `runs` into batches of at most `batch_bytes` (longer runs are split).
pub fn batches(runs: &[Run], batch_bytes: u64) -> Vec<Vec<Run>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut room = batch_bytes;
    for run in runs {
        let mut rest = *run;
        while rest.length > 0 {
            let length = rest.length.min(room);
            batch.push(Run { length, ..rest });
            rest = Run { address: rest.address + length, offset: rest.offset + length, length: rest.length - length };
            room -= length;
            if room == 0 {
                batches.push(std::mem::take(&mut batch));
                room = batch_bytes;
            }
        }
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_every_byte_once() {
        let run = |offset, length| Run { address: 0x1000 + offset, offset, length };
        let cut = batches(&[run(0, 10), run(20, 3), run(30, 7)], 8);
        assert_eq!(cut, [vec![run(0, 8)], vec![run(8, 2), run(20, 3), run(30, 3)], vec![run(33, 4)]]);
        assert!(batches(&[], 8).is_empty());
    }

    #[test]
    fn this_process_reads_itself_in_pieces() {
        let text = *b"hello, world";
        let at = text.as_ptr() as u64;
        let mut buffer = [0; 7];
        read(std::process::id() as i32, &[(at + 7, 5), (at, 2)], &mut buffer).unwrap();
        assert_eq!(&buffer, b"worldhe");
    }

    #[test]
    fn unmapped_memory_is_an_error() {
        let mut buffer = [0; 8];
        assert_eq!(read(std::process::id() as i32, &[(0, 8)], &mut buffer).unwrap_err().errno, libc::EFAULT);
    }
}
