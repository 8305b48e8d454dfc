//! The system calls that `std` does not offer, each behind a safe function. All `unsafe` of the agent lives here.

pub mod entropy;
pub mod inotify;
pub mod io;
pub mod kernel;
pub mod mounting;
pub mod netif;
pub mod poll;
pub mod process;
pub mod pty;
pub mod secret;
pub mod signals;
pub mod socket;
pub mod spawn;
pub mod time;
pub mod xattr;

use std::io::{Error, Result};

/// Turns the `-1 and errno` of the C library into a `Result`.
fn check<T: PartialOrd + Default>(returned: T) -> Result<T> {
    if returned < T::default() {
        Err(Error::last_os_error())
    } else {
        Ok(returned)
    }
}
