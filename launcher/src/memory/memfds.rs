//! Memory files by id: what clones map. A sealed one can be written by nobody, not even by a VMM that was taken over.

use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use crate::files::{regular, sparse};
use crate::jobs::lock;
use crate::sys;
use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::os::unix::io::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

/// memfd_create(2): a name has at most 249 bytes.
pub const ID_MAX_BYTES: usize = 249;

#[derive(Debug, Clone)]
pub struct Memfd {
    pub fd: Arc<OwnedFd>,
    pub size: u64,
    pub sealed: bool,
}

enum Slot {
    /// Another thread fills it.
    Filling,
    Ready(Memfd),
}

/// Shared by the loop and the threads that fill.
#[derive(Default)]
pub struct Memfds {
    slots: Mutex<HashMap<String, Slot>>,
    changed: Condvar,
}

impl Memfds {
    pub fn get(&self, id: &str) -> Option<Memfd> {
        match lock(&self.slots).get(id) {
            Some(Slot::Ready(memfd)) => Some(memfd.clone()),
            _ => None,
        }
    }

    /// Forgets it; processes that map it keep it.
    pub fn drop_id(&self, id: &str) {
        let mut slots = lock(&self.slots);
        if let Some(Slot::Ready(_)) = slots.get(id) {
            slots.remove(id);
        }
    }

    pub fn list(&self) -> Vec<(String, Memfd)> {
        let slots = lock(&self.slots);
        let ready = slots.iter().filter_map(|(id, slot)| match slot {
            Slot::Ready(memfd) => Some((id.clone(), memfd.clone())),
            Slot::Filling => None,
        });
        ready.collect()
    }

    /// Finds the one of that id, or makes it and fills it from `from`. Two that ask at once get the same.
    pub fn find_or_make(
        &self,
        id: &str,
        size: u64,
        from: Option<&Path>,
        seal: bool,
        cancel: &Cancel,
    ) -> Outcome<Memfd> {
        if let Some(mut found) = self.wait_or_claim(id) {
            if found.size != size {
                let text = format!("memfd {id}: it has {} bytes, not {size}", found.size);
                return Err(Failure::new(libc::EEXIST, text));
            }
            if seal && !found.sealed {
                seal_writes(&found.fd)?;
                found.sealed = true;
                lock(&self.slots).insert(id.to_string(), Slot::Ready(found.clone()));
            }
            return Ok(found);
        }
        let made = make(id, size, from, seal, cancel);
        let mut slots = lock(&self.slots);
        match &made {
            Ok(memfd) => slots.insert(id.to_string(), Slot::Ready(memfd.clone())),
            Err(_) => slots.remove(id),
        };
        self.changed.notify_all();
        made
    }

    /// The ready one; or `None` and the id is the caller's to fill.
    fn wait_or_claim(&self, id: &str) -> Option<Memfd> {
        let mut slots = lock(&self.slots);
        loop {
            match slots.get(id) {
                Some(Slot::Ready(memfd)) => return Some(memfd.clone()),
                Some(Slot::Filling) => {
                    slots = self.changed.wait(slots).unwrap_or_else(|poisoned| poisoned.into_inner());
                }
                None => {
                    slots.insert(id.to_string(), Slot::Filling);
                    return None;
                }
            }
        }
    }
}

fn make(id: &str, size: u64, from: Option<&Path>, seal: bool, cancel: &Cancel) -> Outcome<Memfd> {
    let failed = |e: std::io::Error| Failure::io(format!("memfd {id}"), &e);
    let name = CString::new(id).map_err(|_| Failure::invalid("id: a NUL byte is not allowed"))?;
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    let fd = sys::check(unsafe { libc::memfd_create(name.as_ptr(), flags) } as libc::c_long).map_err(failed)?;
    let file = unsafe { File::from_raw_fd(fd as RawFd) };
    file.set_len(size).map_err(failed)?;
    if let Some(path) = from {
        let source = regular::open(path)?;
        let found = source.metadata().map_err(|e| Failure::io(path.display(), &e))?.len();
        if found != size {
            return Err(Failure::invalid(format!("{}: it has {found} bytes, not {size}", path.display())));
        }
        sparse::copy_data(&source, &file, cancel)?;
    }
    let fd = Arc::new(OwnedFd::from(file));
    add_seals(&fd, libc::F_SEAL_SHRINK | libc::F_SEAL_GROW).map_err(failed)?;
    if seal {
        seal_writes(&fd)?;
    }
    Ok(Memfd { fd, size, sealed: seal })
}

fn seal_writes(fd: &OwnedFd) -> Outcome<()> {
    let sealed = match add_seals(fd, libc::F_SEAL_WRITE) {
        // Somebody still has a writable mapping: then at least nobody gets a new one.
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => add_seals(fd, libc::F_SEAL_FUTURE_WRITE),
        other => other,
    };
    sealed.map_err(|e| Failure::io("sealing", &e))
}

fn add_seals(fd: &OwnedFd, seals: i32) -> std::io::Result<()> {
    sys::check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_ADD_SEALS, seals) } as libc::c_long).map(drop)
}
