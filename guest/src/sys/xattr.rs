//! Extended attributes.

use super::check;
use std::ffi::CStr;
use std::io::Result;

/// The longest value the kernel takes.
pub const MAX_VALUE_BYTES: usize = 65_536;

/// The value of attribute `name` of `path`.
pub fn get(path: &CStr, name: &CStr) -> Result<Vec<u8>> {
    let mut value = vec![0; MAX_VALUE_BYTES];
    // SAFETY: both strings end in NUL; the buffer is writable for its length.
    let got = check(unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) })?;
    value.truncate(got as usize);
    Ok(value)
}

/// Sets attribute `name` of `path`.
pub fn set(path: &CStr, name: &CStr, value: &[u8]) -> Result<()> {
    // SAFETY: both strings end in NUL; the value is readable for its length.
    check(unsafe { libc::setxattr(path.as_ptr(), name.as_ptr(), value.as_ptr().cast(), value.len(), 0) })?;
    Ok(())
}
