//! Mounting and changing the root.

use super::check;
use std::ffi::CString;
use std::io::{Error, Result};

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::from_raw_os_error(libc::EINVAL))
}

/// Mounts a file system. `flags` are `MS_…` bits, `options` what the file system understands.
pub fn mount(source: &str, target: &str, kind: &str, flags: libc::c_ulong, options: &str) -> Result<()> {
    let (source, target) = (c_string(source)?, c_string(target)?);
    let (kind, options) = (c_string(kind)?, c_string(options)?);
    // SAFETY: every string ends in NUL.
    check(unsafe {
        libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast())
    })?;
    Ok(())
}

/// Makes the current directory the root directory.
pub fn root_is_here() -> Result<()> {
    // SAFETY: the path ends in NUL.
    check(unsafe { libc::chroot(b".\0".as_ptr().cast()) })?;
    Ok(())
}

/// Writes everything that is not on disk yet; returns when it is.
pub fn sync_all() {
    // SAFETY: no memory is involved.
    unsafe { libc::sync() }
}
