//! Signals as something to read.

use super::check;
use super::io::own;
use std::io::Result;
use std::os::unix::io::{AsRawFd, OwnedFd, RawFd};

/// Signals that stay blocked and are read instead.
pub struct Signals {
    fd: OwnedFd,
}

impl Signals {
    /// Blocks `wanted` for this process and lets them be read.
    pub fn block(wanted: &[i32]) -> Result<Self> {
        let set = set_of(wanted);
        // SAFETY: the set is valid; the old mask is not asked for.
        check(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) })?;
        // SAFETY: the set is valid; -1 asks for a new descriptor.
        let fd = check(unsafe { libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) })?;
        Ok(Self { fd: own(fd) })
    }

    /// The next signal that arrived, if any.
    pub fn next(&self) -> Option<i32> {
        let mut info = std::mem::MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let size = std::mem::size_of::<libc::signalfd_siginfo>();
        // SAFETY: the structure is writable for its size.
        let got = unsafe { libc::read(self.fd.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        // SAFETY: zeroed is a valid value of this structure, so it is initialised in any case.
        (got == size as isize).then(|| unsafe { info.assume_init() }.ssi_signo as i32)
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    let mut set = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: sigemptyset initialises the set; sigaddset refuses numbers that are none.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), *signal);
        }
        set.assume_init()
    }
}
