//! Ended children, and signals to processes.

use super::check;
use super::io::own;
use std::fs::File;
use std::io::{ErrorKind, Result};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The exit code, or 128 + signal.
    pub code: u64,
    /// The signal that ended it.
    pub signal: Option<u64>,
}

/// What there is to know about children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Children {
    /// This one has ended; it stays a zombie, its number in use, until `reap`.
    Ended(i32),
    /// There are some, none has ended.
    Running,
    /// There are none.
    None,
}

/// Looks for a child that has ended, without reaping it.
pub fn look() -> Result<Children> {
    loop {
        let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::zeroed();
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: the structure is writable.
        match check(unsafe { libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), options) }) {
            Ok(_) => {
                // SAFETY: zeroed is a valid value; the kernel filled it in or left it zero.
                let pid = unsafe { info.assume_init().si_pid() };
                return Ok(if pid == 0 { Children::Running } else { Children::Ended(pid) });
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(Children::None),
            Err(error) => return Err(error),
        }
    }
}

/// Reaps the child `pid`, waiting for its end.
pub fn reap(pid: i32) -> Result<Exit> {
    loop {
        let mut status = 0;
        // SAFETY: the status is writable.
        match check(unsafe { libc::waitpid(pid, &mut status, 0) }) {
            Ok(_) if libc::WIFSIGNALED(status) => {
                let signal = libc::WTERMSIG(status) as u64;
                return Ok(Exit { code: 128 + signal, signal: Some(signal) });
            }
            Ok(_) => return Ok(Exit { code: libc::WEXITSTATUS(status) as u64, signal: None }),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
    }
}

/// A descriptor that becomes readable when the child `pid` ends (pidfd_open(2)).
pub fn watch(pid: i32) -> Result<File> {
    // SAFETY: no memory is involved.
    let fd = check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    Ok(own(fd as i32).into())
}

/// Sends a signal to one process. That it is gone is no error.
pub fn signal(pid: i32, signal: i32) -> Result<()> {
    // SAFETY: no memory is involved.
    ignore_gone(unsafe { libc::kill(pid, signal) })
}

/// Sends a signal to every process of a group. That there is none left is no error.
pub fn signal_group(group: i32, signal: i32) -> Result<()> {
    // SAFETY: no memory is involved.
    ignore_gone(unsafe { libc::killpg(group, signal) })
}

/// Sends a signal to every process but this one. For PID 1.
pub fn signal_everyone(signal: i32) -> Result<()> {
    // SAFETY: no memory is involved.
    ignore_gone(unsafe { libc::kill(-1, signal) })
}

fn ignore_gone(returned: i32) -> Result<()> {
    match check(returned) {
        Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error),
        _ => Ok(()),
    }
}
