//! What carries the bytes: a virtio port, or a descriptor that was handed over.

use crate::sys::io::{self, Moved};
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::io::{AsRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

/// A byte stream to the host that never blocks.
pub trait Transport {
    /// Reads once. `End` means that no host is there.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Moved>;
    /// Writes once.
    fn write(&mut self, bytes: &[u8]) -> Result<Moved>;
    /// Most that one read can give, in bytes.
    fn read_bytes(&self) -> usize;
    /// What to wait on, edge triggered.
    fn descriptor(&self) -> RawFd;
    /// Whether an end is the last word, or a host may come again.
    fn ends_for_good(&self) -> bool;
}

/// A virtio-serial port. It is opened once and kept: what a host sends while nobody has it open is lost.
pub struct VirtioPort {
    file: File,
}

impl VirtioPort {
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        Ok(Self { file })
    }
}

impl Transport for VirtioPort {
    fn read(&mut self, buffer: &mut [u8]) -> Result<Moved> {
        io::read(self.file.as_raw_fd(), buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Moved> {
        io::write(self.file.as_raw_fd(), bytes)
    }

    /// The driver hands out one page at a time (drivers/char/virtio_console.c).
    fn read_bytes(&self) -> usize {
        4_096
    }

    fn descriptor(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    fn ends_for_good(&self) -> bool {
        false
    }
}

/// A stream socket that was inherited.
pub struct Inherited {
    fd: OwnedFd,
}

impl Inherited {
    pub fn open(fd: RawFd) -> Result<Self> {
        let fd = io::inherit(fd)?;
        io::set_nonblocking(fd.as_raw_fd())?;
        Ok(Self { fd })
    }
}

impl Transport for Inherited {
    fn read(&mut self, buffer: &mut [u8]) -> Result<Moved> {
        io::read(self.fd.as_raw_fd(), buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Moved> {
        io::write(self.fd.as_raw_fd(), bytes)
    }

    fn read_bytes(&self) -> usize {
        65_536
    }

    fn descriptor(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    fn ends_for_good(&self) -> bool {
        true
    }
}

/// The device of the virtio port called `name`, once it is there.
pub fn find_virtio_port(name: &str, deadline_ms: u64) -> Result<PathBuf> {
    crate::devices::wait_until(Path::new("/dev"), deadline_ms, || named_port(name))?
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no virtio port is called {name}")))
}

fn named_port(name: &str) -> Option<PathBuf> {
    let ports = fs::read_dir("/sys/class/virtio-ports").ok()?;
    let found = ports
        .flatten()
        .find(|port| fs::read_to_string(port.path().join("name")).map_or(false, |text| text.trim_end() == name))?;
    let device = Path::new("/dev").join::<&OsStr>(&found.file_name());
    device.exists().then_some(device)
}
