//! One launcher for each home: its lock, and the socket that only the holder of the lock may make.
//!
//! Two locks are on the one file. `flock` is held for as long as the launcher runs. A record lock (fcntl(2), open file
//! description) is held while it starts and while it ends. So whoever finds the flock taken, with the record lock in hand,
//! knows that a launcher listens.

use crate::failure::{Failure, Outcome};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::io::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

pub struct Home {
    lock: File,
    socket: PathBuf,
}

/// What became of an attempt to be the launcher.
pub enum Start {
    First(Home, UnixListener),
    /// Another one listens already.
    Taken,
}

/// Waits until nobody else starts or ends, then becomes the launcher if there is none.
pub fn become_launcher(lock_path: &Path, socket: &Path) -> Outcome<Start> {
    let failed = |e: io::Error| Failure::io(lock_path.display(), &e);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    let lock = options.open(lock_path).map_err(failed)?;
    set_record_lock(&lock, libc::F_WRLCK).map_err(failed)?;
    match take_flock(&lock, libc::LOCK_EX | libc::LOCK_NB) {
        Err(error) if error.raw_os_error() == Some(libc::EWOULDBLOCK) => {
            if UnixStream::connect(socket).is_ok() {
                return Ok(Start::Taken);
            }
            // It was killed in the midst of a spawn: the child has its lock until it executes its program.
            take_flock(&lock, libc::LOCK_EX).map_err(failed)?;
        }
        taken => taken.map_err(failed)?,
    }
    let listener = listen(socket)?;
    set_record_lock(&lock, libc::F_UNLCK).map_err(failed)?;
    Ok(Start::First(Home { lock, socket: socket.to_path_buf() }, listener))
}

fn listen(socket: &Path) -> Outcome<UnixListener> {
    let failed = |e: io::Error| Failure::io(socket.display(), &e);
    // We hold the lock: whatever lies there was left by a launcher that is gone.
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    UnixListener::bind(socket).map_err(|error| match error.raw_os_error() {
        Some(_) => failed(error),
        None => Failure::new(
            libc::ENAMETOOLONG,
            format!("{}: it is too long for a socket; allowed: 107 bytes", socket.display()),
        ),
    })
}

impl Home {
    /// Removes the socket. The locks go with the process, so the next launcher starts when this one is gone.
    pub fn leave(self) -> Outcome<()> {
        set_record_lock(&self.lock, libc::F_WRLCK).map_err(|e| Failure::io("locking", &e))?;
        fs::remove_file(&self.socket).map_err(|e| Failure::io(self.socket.display(), &e))?;
        std::mem::forget(self.lock);
        Ok(())
    }
}

fn take_flock(file: &File, operation: i32) -> io::Result<()> {
    loop {
        if unsafe { libc::flock(file.as_raw_fd(), operation) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn set_record_lock(file: &File, kind: i32) -> io::Result<()> {
    let mut wanted: libc::flock = unsafe { std::mem::zeroed() };
    wanted.l_type = kind as libc::c_short;
    wanted.l_whence = libc::SEEK_SET as libc::c_short;
    wanted.l_len = 1;
    loop {
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLKW, &wanted) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
