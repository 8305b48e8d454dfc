//! Reading and writing descriptors that never block.

use super::check;
use std::io::{ErrorKind, Result};
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// What a read or write that does not block came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// That many bytes, at least one.
    Bytes(usize),
    /// Nothing now; readiness will be told.
    Later,
    /// The other side is gone.
    End,
}

/// Reads once into `buffer`, which must not be empty.
pub fn read(fd: RawFd, buffer: &mut [u8]) -> Result<Moved> {
    loop {
        // SAFETY: the buffer is writable for its whole length.
        let got = check(unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) });
        match got {
            Ok(0) => return Ok(Moved::End),
            Ok(bytes) => return Ok(Moved::Bytes(bytes as usize)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Moved::Later),
            // A terminal whose last process is gone.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => return Ok(Moved::End),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(Moved::End),
            Err(error) => return Err(error),
        }
    }
}

/// Writes once from `bytes`, which must not be empty.
pub fn write(fd: RawFd, bytes: &[u8]) -> Result<Moved> {
    loop {
        // SAFETY: the bytes are readable for their whole length.
        let put = check(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) });
        match put {
            Ok(0) => return Ok(Moved::Later),
            Ok(count) => return Ok(Moved::Bytes(count as usize)),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Moved::Later),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EPIPE | libc::EIO | libc::ECONNRESET)) => {
                return Ok(Moved::End)
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes the open file description behind `fd` return instead of block.
pub fn set_nonblocking(fd: RawFd) -> Result<()> {
    // SAFETY: no memory is involved.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) })?;
    Ok(())
}

/// Makes `fd` close in every program that is started.
pub fn set_close_on_exec(fd: RawFd) -> Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    Ok(())
}

/// Gives the file behind `fd` to a user, and to a group unless that stays.
pub fn set_owner(fd: RawFd, uid: u32, gid: Option<u32>) -> Result<()> {
    // SAFETY: no memory is involved; -1 leaves the group as it is.
    check(unsafe { libc::fchown(fd, uid, gid.unwrap_or(u32::MAX)) })?;
    Ok(())
}

/// Bytes that can be read from a pipe or terminal now.
pub fn waiting_bytes(fd: RawFd) -> u64 {
    let mut count: libc::c_int = 0;
    // SAFETY: the argument is a writable int, as FIONREAD wants.
    match check(unsafe { libc::ioctl(fd, libc::FIONREAD, &mut count) }) {
        Ok(_) => count as u64,
        Err(_) => 0,
    }
}

/// Lets the modes of new files be exactly what they are asked to be.
pub fn mask_no_modes() {
    // SAFETY: no memory is involved; this cannot fail.
    unsafe { libc::umask(0) };
}

/// A pipe: the end to read, the end to write. Both close on exec, both block.
pub fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: the array has room for the two descriptors.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok((own(ends[0]), own(ends[1])))
}

/// Takes over a descriptor that a system call just made.
pub(super) fn own(fd: RawFd) -> OwnedFd {
    // SAFETY: callers pass a descriptor that was just made and has no other owner.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Takes over a descriptor that was inherited under a number given on the command line; refuses one that is not open.
pub fn inherit(fd: RawFd) -> Result<OwnedFd> {
    set_close_on_exec(fd)?;
    Ok(own(fd))
}

/// Makes `fd` the standard input, output and error of this process.
pub fn become_standard(fd: &OwnedFd) -> Result<()> {
    for target in 0..3 {
        // SAFETY: no memory is involved.
        check(unsafe { libc::dup2(fd.as_raw_fd(), target) })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_bytes_later_and_end_apart() {
        let (reader, writer) = pipe().unwrap();
        set_nonblocking(reader.as_raw_fd()).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(read(reader.as_raw_fd(), &mut buffer).unwrap(), Moved::Later);
        assert_eq!(write(writer.as_raw_fd(), b"abc").unwrap(), Moved::Bytes(3));
        assert_eq!(read(reader.as_raw_fd(), &mut buffer).unwrap(), Moved::Bytes(3));
        drop(writer);
        assert_eq!(read(reader.as_raw_fd(), &mut buffer).unwrap(), Moved::End);
    }

    #[test]
    fn a_reader_that_is_gone_is_an_end() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        assert_eq!(write(writer.as_raw_fd(), b"abc").unwrap(), Moved::End);
    }

    #[test]
    fn refuses_a_number_that_is_no_descriptor() {
        assert!(inherit(9_999).is_err());
    }
}
