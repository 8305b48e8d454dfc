//! Pseudo-terminals, without the C library's helpers (they need a file system lookup and are not made for static programs).

use super::check;
use super::io::own;
use std::fs::OpenOptions;
use std::io::Result;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::io::{AsRawFd, OwnedFd, RawFd};

/// `ioctl` that opens the other end of a terminal (Linux 4.13, linux/tty.h).
const TIOCGPTPEER: libc::c_ulong = 0x5441;

/// A new terminal: our end, which never blocks, and the end for the process.
pub fn open(cols: u16, rows: u16) -> Result<(OwnedFd, OwnedFd)> {
    let flags = libc::O_NOCTTY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let ours: OwnedFd = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/ptmx")?.into();
    let unlocked: libc::c_int = 0;
    // SAFETY: the argument is a readable int, as TIOCSPTLCK wants.
    check(unsafe { libc::ioctl(ours.as_raw_fd(), libc::TIOCSPTLCK, &unlocked) })?;
    resize(ours.as_raw_fd(), cols, rows)?;
    // SAFETY: the argument of TIOCGPTPEER is a number.
    let theirs =
        check(unsafe { libc::ioctl(ours.as_raw_fd(), TIOCGPTPEER, libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) })?;
    Ok((ours, own(theirs)))
}

/// Tells the terminal its size; its foreground processes get SIGWINCH.
pub fn resize(fd: RawFd, cols: u16, rows: u16) -> Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the argument is a readable winsize.
    check(unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &size) })?;
    Ok(())
}
