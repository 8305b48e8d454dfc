//! The kernel's random number generator (random(4)).

use super::check;
use std::fs::OpenOptions;
use std::io::{Error, Result};
use std::os::unix::io::AsRawFd;
use std::path::Path;

const RNDADDENTROPY: libc::c_ulong = 0x4008_5203;
const RNDRESEEDCRNG: libc::c_ulong = 0x5207;

/// The kernel's generator.
pub const DEVICE: &str = "/dev/urandom";
/// Bytes of seed that one call takes at most.
pub const MAX_SEED_BYTES: usize = 512;

#[repr(C)]
struct Pool {
    bits: libc::c_int,
    bytes: libc::c_int,
    content: [u8; MAX_SEED_BYTES],
}

/// Adds `seed` to the generator behind `device`, credited in full, and makes it be used at once. Needs root.
pub fn add(device: &Path, seed: &[u8]) -> Result<()> {
    let mut pool = Pool { bits: seed.len() as i32 * 8, bytes: seed.len() as i32, content: [0; MAX_SEED_BYTES] };
    let content = pool.content.get_mut(..seed.len()).ok_or_else(|| Error::from_raw_os_error(libc::EINVAL))?;
    content.copy_from_slice(seed);
    let device = OpenOptions::new().write(true).open(device)?;
    // SAFETY: the argument is a rand_pool_info whose sizes are those of its content.
    check(unsafe { libc::ioctl(device.as_raw_fd(), RNDADDENTROPY, &pool) })?;
    // SAFETY: RNDRESEEDCRNG takes no argument.
    check(unsafe { libc::ioctl(device.as_raw_fd(), RNDRESEEDCRNG) })?;
    Ok(())
}

/// Draws random bytes.
pub fn draw<const BYTES: usize>() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    // SAFETY: the buffer is writable for its length.
    let got = check(unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), BYTES, 0) })?;
    if got as usize == BYTES {
        Ok(bytes)
    } else {
        Err(Error::from_raw_os_error(libc::EIO))
    }
}
