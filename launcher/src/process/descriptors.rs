//! The things a child is born with: files, listening sockets, memory files.

use crate::failure::{Failure, Outcome};
use crate::sys;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `sun_path` holds 108 bytes and the last one is a NUL (unix(7)).
const SOCKET_PATH_BYTES: usize = 107;

/// One descriptor, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    ReadFile { path: PathBuf },
    ReadWriteFile { path: PathBuf },
    Listen { path: PathBuf },
    Memfd { id: String },
    AppendFile { path: PathBuf, mode: u32 },
}

/// Who shall own a socket that is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Owner {
    pub uid: Option<u32>,
    pub gid: Option<u32>,
}

/// Sockets on disk that vanish again unless they are kept.
#[derive(Debug, Default)]
pub struct MadeSockets(Vec<PathBuf>);

impl MadeSockets {
    pub fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for MadeSockets {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = fs::remove_file(path) {
                eprintln!("socket {} is left behind: {error}", path.display());
            }
        }
    }
}

/// Opens one descriptor; a socket made on the way is noted in `made`.
pub fn open(
    wanted: &Wanted,
    owner: Owner,
    made: &mut MadeSockets,
    memfd: impl Fn(&str) -> Option<Arc<OwnedFd>>,
) -> Outcome<Arc<OwnedFd>> {
    match wanted {
        Wanted::ReadFile { path } => open_file(path, libc::O_RDONLY).map(Arc::new),
        Wanted::ReadWriteFile { path } => open_file(path, libc::O_RDWR | libc::O_NOFOLLOW).map(Arc::new),
        Wanted::Listen { path } => listen(path, owner, made).map(Arc::new),
        Wanted::Memfd { id } => {
            memfd(id).ok_or_else(|| Failure::new(libc::ENOENT, format!("memfd {id}: there is none")))
        }
        Wanted::AppendFile { path, mode } => open_append(path, *mode).map(Arc::new),
    }
}

/// A file opened for append, made when there is none.
pub fn open_append(path: &Path, mode: u32) -> Outcome<OwnedFd> {
    let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let fd = raw_open(path, flags, mode & 0o7777)?;
    blocking_again(path, fd)
}

fn open_file(path: &Path, flags: i32) -> Outcome<OwnedFd> {
    // Without O_NONBLOCK a FIFO would stop the launcher until somebody writes to it.
    let fd = raw_open(path, flags | libc::O_NONBLOCK, 0)?;
    blocking_again(path, fd)
}

fn raw_open(path: &Path, flags: i32, mode: u32) -> Outcome<OwnedFd> {
    let c_path = sys::c_path(path).map_err(|e| Failure::io(path.display(), &e))?;
    let fd = unsafe { libc::open(c_path.as_ptr(), flags | libc::O_CLOEXEC | libc::O_NOCTTY, mode as libc::c_uint) };
    if fd < 0 {
        return Err(Failure::last(path.display()));
    }
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn blocking_again(path: &Path, fd: OwnedFd) -> Outcome<OwnedFd> {
    let file = fs::File::from(fd);
    let kind = file.metadata().map_err(|e| Failure::io(path.display(), &e))?.file_type();
    if !(kind.is_file() || kind.is_block_device() || kind.is_char_device()) {
        return Err(Failure::invalid(format!("{}: it is neither a file nor a device", path.display())));
    }
    sys::set_nonblocking(file.as_raw_fd(), false).map_err(|e| Failure::io(path.display(), &e))?;
    Ok(OwnedFd::from(file))
}

fn listen(path: &Path, owner: Owner, made: &mut MadeSockets) -> Outcome<OwnedFd> {
    let shown = path.display();
    let c_path = sys::c_path(path).map_err(|e| Failure::io(&shown, &e))?;
    let (address, length) = unix_address(path, &c_path)?;
    remove_stale(path, &address, length)?;
    let socket = unix_socket().map_err(|e| Failure::io(&shown, &e))?;
    // The mode set before bind is the mode the path is born with: there is no moment in which others could connect.
    if unsafe { libc::fchmod(socket.as_raw_fd(), 0o600) } < 0 {
        return Err(Failure::last(&shown));
    }
    let address = (&address as *const libc::sockaddr_un).cast();
    if unsafe { libc::bind(socket.as_raw_fd(), address, length) } < 0 {
        return Err(Failure::last(&shown));
    }
    made.0.push(path.to_path_buf());
    if owner.uid.is_some() || owner.gid.is_some() {
        give_away(path, &c_path, owner)?;
    }
    if unsafe { libc::listen(socket.as_raw_fd(), 16) } < 0 {
        return Err(Failure::last(&shown));
    }
    Ok(socket)
}

fn unix_address(path: &Path, c_path: &CString) -> Outcome<(libc::sockaddr_un, libc::socklen_t)> {
    let bytes = c_path.as_bytes();
    if bytes.len() > SOCKET_PATH_BYTES {
        let text = format!(
            "{}: {} bytes are too long for a socket; allowed: {SOCKET_PATH_BYTES}",
            path.display(),
            bytes.len()
        );
        return Err(Failure::new(libc::ENAMETOOLONG, text));
    }
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as libc::c_char;
    }
    Ok((address, std::mem::size_of::<libc::sockaddr_un>() as libc::socklen_t))
}

/// Removes a socket nobody listens on any more. Refuses anything else that is in the way.
fn remove_stale(path: &Path, address: &libc::sockaddr_un, length: libc::socklen_t) -> Outcome<()> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io(path.display(), &error)),
    };
    if !kind.is_socket() {
        return Err(Failure::new(libc::EEXIST, format!("{}: there is something that is no socket", path.display())));
    }
    let probe = unix_socket().map_err(|e| Failure::io(path.display(), &e))?;
    let address = (address as *const libc::sockaddr_un).cast();
    let refused = unsafe { libc::connect(probe.as_raw_fd(), address, length) } < 0
        && io::Error::last_os_error().raw_os_error() == Some(libc::ECONNREFUSED);
    if !refused {
        return Err(Failure::new(libc::EADDRINUSE, format!("{}: somebody listens there", path.display())));
    }
    fs::remove_file(path).map_err(|e| Failure::io(path.display(), &e))
}

fn unix_socket() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let fd = sys::check(unsafe { libc::socket(libc::AF_UNIX, kind, 0) } as libc::c_long)?;
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Changes the owner of the socket itself, never of what somebody may have put in its place.
fn give_away(path: &Path, c_path: &CString, owner: Owner) -> Outcome<()> {
    let fd = unsafe { libc::open(c_path.as_ptr(), libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC) };
    if fd < 0 {
        return Err(Failure::last(path.display()));
    }
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    if unsafe { libc::fstat(fd.as_raw_fd(), &mut stat) } < 0 {
        return Err(Failure::last(path.display()));
    }
    if stat.st_mode & libc::S_IFMT != libc::S_IFSOCK {
        return Err(Failure::new(libc::EEXIST, format!("{}: it was replaced while it was made", path.display())));
    }
    let (uid, gid) = (owner.uid.unwrap_or(u32::MAX), owner.gid.unwrap_or(u32::MAX));
    if unsafe { libc::fchownat(fd.as_raw_fd(), b"\0".as_ptr().cast(), uid, gid, libc::AT_EMPTY_PATH) } < 0 {
        return Err(Failure::last(path.display()));
    }
    Ok(())
}
