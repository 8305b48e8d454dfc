//! System calls that `std` does not have, each as one small safe function.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;

/// Turns a -1 into the errno, anything else into the value.
pub fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    // SAFETY: the kernel just gave us this descriptor; nobody else knows it.
    check(result).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

pub fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

pub fn pidfd_open(pid: libc::pid_t) -> io::Result<OwnedFd> {
    owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })
}

pub fn pidfd_send_signal(pidfd: &OwnedFd, signal: i32) -> io::Result<()> {
    let none = std::ptr::null::<libc::siginfo_t>();
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, none, 0) }).map(drop)
}

/// A wake-up that other threads can ring.
pub fn eventfd() -> io::Result<OwnedFd> {
    owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) } as libc::c_long)
}

/// Rings an eventfd. Full means that the reader has yet to wake up: nothing is lost.
pub fn ring(eventfd: RawFd) {
    let one = 1u64.to_ne_bytes();
    unsafe { libc::write(eventfd, one.as_ptr().cast(), one.len()) };
}

/// Empties an eventfd.
pub fn hush(eventfd: RawFd) {
    let mut count = [0u8; 8];
    unsafe { libc::read(eventfd, count.as_mut_ptr().cast(), count.len()) };
}

/// A pipe whose ends are closed by exec: (read, write).
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } as libc::c_long)?;
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

pub fn set_nonblocking(fd: RawFd, on: bool) -> io::Result<()> {
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) } as libc::c_long)? as i32;
    let flags = if on { flags | libc::O_NONBLOCK } else { flags & !libc::O_NONBLOCK };
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags) } as libc::c_long).map(drop)
}

/// A second descriptor of the same thing, numbered `from` or higher, closed by exec.
pub fn duplicate(fd: RawFd, from: RawFd) -> io::Result<OwnedFd> {
    owned(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, from) } as libc::c_long)
}

/// A second descriptor of the same thing, closed by exec.
pub fn duplicate_of(fd: &OwnedFd) -> io::Result<OwnedFd> {
    duplicate(fd.as_raw_fd(), 3)
}

/// Whatever the one who started us left open must not reach our children.
pub fn close_on_exec_from(first: RawFd) {
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

pub fn is_root() -> bool {
    unsafe { libc::geteuid() == 0 }
}

/// The size of a memory page in bytes.
pub fn page_bytes() -> u64 {
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) as u64 }
}

pub struct Epoll(OwnedFd);

impl Epoll {
    pub fn new() -> io::Result<Self> {
        owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) } as libc::c_long).map(Epoll)
    }

    pub fn add(&self, fd: RawFd, events: i32, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, events, token)
    }

    pub fn change(&self, fd: RawFd, events: i32, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, events, token)
    }

    fn control(&self, what: i32, fd: RawFd, events: i32, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: events as u32, u64: token };
        check(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), what, fd, &mut event) } as libc::c_long).map(drop)
    }

    /// Waits for something to happen, at most `timeout_ms` (-1: for ever). Returns (token, events) pairs.
    pub fn wait(&self, timeout_ms: i32) -> io::Result<Vec<(u64, i32)>> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        let n = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), events.len() as i32, timeout_ms) };
        match check(n as libc::c_long) {
            Ok(n) => Ok(events[..n as usize].iter().map(|e| (e.u64, e.events as i32)).collect()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(Vec::new()),
            Err(e) => Err(e),
        }
    }
}

/// Nothing of whoever started us shall matter later: not its terminal, not its descriptors, not its file mode mask.
pub fn be_a_daemon() {
    close_on_exec_from(3);
    unsafe {
        libc::umask(0o077);
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
        libc::signal(libc::SIGINT, libc::SIG_IGN);
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        // Threads come and go; a heap for each would only keep memory.
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Takes as many descriptors as allowed (one for each child, at least); returns the limit as it was, for the children.
pub fn raise_descriptor_limit() -> libc::rlimit {
    let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut before);
        libc::setrlimit(libc::RLIMIT_NOFILE, &libc::rlimit { rlim_cur: before.rlim_max, ..before });
    }
    before
}

/// Puts /dev/null in the place of stdout.
pub fn close_stdout() {
    unsafe {
        let null = libc::open(b"/dev/null\0".as_ptr().cast(), libc::O_WRONLY | libc::O_CLOEXEC);
        libc::dup2(null, libc::STDOUT_FILENO);
        libc::close(null);
    }
}
