//! Mounting and changing the root.

use super::check;
use std::ffi::CString;
use std::io::{Error, Result};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::from_raw_os_error(libc::EINVAL))
}

/// Mounts a file system. `flags` are `MS_…` bits, `options` what the file system understands.
pub fn mount(source: &str, target: &str, kind: &str, flags: libc::c_ulong, options: &str) -> Result<()> {
    let (source, target) = (c_string(source)?, c_string(target)?);
    let (kind, options) = (c_string(kind)?, c_string(options)?);
    // SAFETY: every string ends in NUL.
    check(unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast()) })?;
    Ok(())
}

/// Whether something is mounted on `path` itself.
pub fn is_mount(path: &Path) -> bool {
    // linux/stat.h, Linux 5.8.
    const STATX_ATTR_MOUNT_ROOT: u64 = 0x2000;
    let path = match CString::new(path.as_os_str().as_bytes()) {
        Ok(path) => path,
        Err(_) => return false,
    };
    // SAFETY: zeroes are a valid `statx`.
    let mut facts: libc::statx = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends in NUL and `facts` is ours.
    let status = unsafe { libc::statx(libc::AT_FDCWD, path.as_ptr(), libc::AT_SYMLINK_NOFOLLOW, 0, &mut facts) };
    status == 0 && facts.stx_attributes & STATX_ATTR_MOUNT_ROOT != 0
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_mounts_from_what_lies_in_them() {
        assert!(is_mount(Path::new("/proc")));
        assert!(!is_mount(Path::new("/proc/self/status")));
        assert!(!is_mount(Path::new("/there/is/nothing")));
    }
}
