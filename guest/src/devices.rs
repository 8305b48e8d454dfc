//! Waiting for devices to appear.

use crate::sys::inotify::Inotify;
use crate::sys::{poll, time};
use std::ffi::CString;
use std::io::{Error, Result};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::io::AsRawFd;
use std::path::Path;

/// Asks `look` now and whenever something changed in `directory`, until it finds something or the deadline is over.
pub fn wait_until<T>(directory: &Path, deadline_ms: u64, mut look: impl FnMut() -> Option<T>) -> Result<Option<T>> {
    let path = CString::new(directory.as_os_str().as_bytes()).map_err(|_| Error::from_raw_os_error(libc::EINVAL))?;
    let changes = Inotify::new()?;
    changes.add(&path, libc::IN_CREATE | libc::IN_ATTRIB | libc::IN_MOVED_TO)?;
    let end = time::now_ms() + deadline_ms;
    let mut buffer = [0; 1024];
    loop {
        if let Some(found) = look() {
            return Ok(Some(found));
        }
        let left = end.saturating_sub(time::now_ms());
        if left == 0 {
            return Ok(None);
        }
        if poll::wait_for(changes.as_raw_fd(), libc::POLLIN, left)? {
            changes.read(&mut buffer)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn finds_what_appears_later() {
        let scratch = Scratch::new("devices");
        let wanted = scratch.path().join("vda");
        let maker = std::thread::spawn({
            let wanted = wanted.clone();
            move || std::fs::write(wanted, b"").unwrap()
        });
        let found = wait_until(scratch.path(), 5_000, || wanted.exists().then_some(())).unwrap();
        maker.join().unwrap();
        assert_eq!(found, Some(()));
    }

    #[test]
    fn gives_up_at_the_deadline() {
        let scratch = Scratch::new("devices-none");
        assert_eq!(wait_until(scratch.path(), 10, || None::<()>).unwrap(), None);
    }
}
