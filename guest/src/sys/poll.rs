//! One epoll instance, edge triggered: readiness is told once and remembered by whoever asked.

use super::check;
use super::io::own;
use std::io::{ErrorKind, Result};
use std::os::unix::io::{AsRawFd, OwnedFd, RawFd};

const EVENTS_A_TURN: usize = 32;

/// Something that became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// What the descriptor was added with.
    pub token: u64,
    /// Reading may give something (bytes, an end, an error).
    pub read: bool,
    /// Writing may take something, or fail.
    pub write: bool,
}

/// Waits for many descriptors at once.
pub struct Poll {
    fd: OwnedFd,
}

impl Poll {
    /// A poll of nothing.
    pub fn new() -> Result<Self> {
        // SAFETY: no memory is involved.
        Ok(Self { fd: own(check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?) })
    }

    /// Watches `fd` until it is closed. What is ready already is told at once.
    pub fn add(&self, fd: RawFd, token: u64) -> Result<()> {
        let events = (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32;
        let mut event = libc::epoll_event { events, u64: token };
        // SAFETY: the structure is valid for the call.
        check(unsafe { libc::epoll_ctl(self.fd.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) })?;
        Ok(())
    }

    /// Waits at most `timeout_ms` (for ever when `None`) and hands everything that became ready to `tell`.
    pub fn wait(&self, timeout_ms: Option<u64>, mut tell: impl FnMut(Ready)) -> Result<()> {
        let timeout = timeout_ms.map_or(-1, |ms| ms.min(i32::MAX as u64) as i32);
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS_A_TURN];
        // SAFETY: the array has room for that many events.
        let count =
            check(unsafe { libc::epoll_wait(self.fd.as_raw_fd(), events.as_mut_ptr(), EVENTS_A_TURN as i32, timeout) });
        let count = match count {
            Ok(count) => count as usize,
            Err(error) if error.kind() == ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        for event in &events[..count] {
            let flags = event.events as i32;
            let gone = flags & (libc::EPOLLHUP | libc::EPOLLERR) != 0;
            tell(Ready {
                token: event.u64,
                read: gone || flags & (libc::EPOLLIN | libc::EPOLLRDHUP) != 0,
                write: gone || flags & libc::EPOLLOUT != 0,
            });
        }
        Ok(())
    }
}

/// Waits until `fd` has one of `events`, at most `timeout_ms`; says whether it has.
pub fn wait_for(fd: RawFd, events: i16, timeout_ms: u64) -> Result<bool> {
    let mut wanted = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one valid structure.
    match check(unsafe { libc::poll(&mut wanted, 1, timeout_ms.min(i32::MAX as u64) as i32) }) {
        Ok(count) => Ok(count > 0),
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}
