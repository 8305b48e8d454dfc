//! Changes in directories (inotify(7)).

use super::check;
use super::io::{self, own, Moved};
use std::ffi::CStr;
use std::io::Result;
use std::os::unix::io::{AsRawFd, OwnedFd, RawFd};

const HEADER_BYTES: usize = 16;

/// One change as the kernel tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// The watch it belongs to, -1 for a lost event.
    pub watch: i32,
    /// `IN_…` bits.
    pub mask: u32,
    /// Name inside the watched directory; empty for the directory itself.
    pub name: &'a [u8],
}

/// A set of watched directories.
pub struct Inotify {
    fd: OwnedFd,
}

impl Inotify {
    /// Watches nothing yet.
    pub fn new() -> Result<Self> {
        // SAFETY: no memory is involved.
        Ok(Self { fd: own(check(unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) })?) })
    }

    /// Watches `path` for the `IN_…` bits of `mask`; returns the number that its changes carry.
    pub fn add(&self, path: &CStr, mask: u32) -> Result<i32> {
        // SAFETY: the path ends in NUL.
        check(unsafe { libc::inotify_add_watch(self.fd.as_raw_fd(), path.as_ptr(), mask) })
    }

    /// Watches no longer.
    pub fn remove(&self, watch: i32) -> Result<()> {
        // SAFETY: no memory is involved.
        check(unsafe { libc::inotify_rm_watch(self.fd.as_raw_fd(), watch) })?;
        Ok(())
    }

    /// Reads changes that have happened into `buffer`.
    pub fn read(&self, buffer: &mut [u8]) -> Result<Moved> {
        io::read(self.fd.as_raw_fd(), buffer)
    }
}

impl AsRawFd for Inotify {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// Takes the first change off `bytes`; `None` when there is none, or half of one.
pub fn split_change(bytes: &[u8]) -> Option<(Change<'_>, &[u8])> {
    let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let length = usize::try_from(word(12)?).ok()?;
    let end = HEADER_BYTES.checked_add(length)?;
    let padded = bytes.get(HEADER_BYTES..end)?;
    let name = padded.split(|byte| *byte == 0).next().unwrap_or(padded);
    Some((Change { watch: word(0)? as i32, mask: word(4)?, name }, &bytes[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    #[test]
    fn splits_a_change_off() {
        let mut bytes = Vec::new();
        for word in [7u32, libc::IN_CREATE, 0, 16] {
            bytes.extend_from_slice(&word.to_ne_bytes());
        }
        bytes.extend_from_slice(b"name\0\0\0\0\0\0\0\0\0\0\0\0rest");
        let (change, rest) = split_change(&bytes).unwrap();
        assert_eq!(change, Change { watch: 7, mask: libc::IN_CREATE, name: b"name" });
        assert_eq!(rest, b"rest");
    }

    #[test]
    fn damaged_changes_never_panic() {
        let mut numbers = Numbers::seeded(3);
        for _ in 0..5_000 {
            let bytes = numbers.bytes(64);
            let mut rest = &bytes[..];
            while let Some((_, behind)) = split_change(rest) {
                assert!(behind.len() < rest.len());
                rest = behind;
            }
        }
    }
}
