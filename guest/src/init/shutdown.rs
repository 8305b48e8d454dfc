//! The end of a machine: everybody is asked, then told, then the disks are written.

use crate::console::say;
use crate::core::Core;
use crate::sys::kernel::{self, Power};
use crate::sys::mounting::{mount, sync_all};
use crate::sys::process::{self, Children};
use crate::sys::signals::Signals;
use crate::sys::{poll, time};
use std::io::Result;
use std::os::unix::io::AsRawFd;

const TERM_MS: u64 = 5_000;
const KILL_MS: u64 = 2_000;

/// TERM to every process, KILL to those that are left after 5 s.
pub fn end_processes(core: &mut Core, signals: &Signals) -> Result<()> {
    core.freezer.thaw()?;
    process::signal_everyone(libc::SIGTERM)?;
    process::signal_everyone(libc::SIGCONT)?;
    if !wait_alone(core, signals, TERM_MS)? {
        process::signal_everyone(libc::SIGKILL)?;
        wait_alone(core, signals, KILL_MS)?;
    }
    Ok(())
}

/// Writes the disks and ends the machine; comes back only when the kernel refuses.
pub fn now(power: Power) -> std::io::Error {
    sync_all();
    if let Err(error) = mount("", "/", "", libc::MS_REMOUNT | libc::MS_RDONLY, "") {
        say(&format!("remount / read-only: {error}"));
    }
    sync_all();
    kernel::end_machine(power)
}

/// PID 1 is the parent of everybody who has none: without children it is alone.
fn wait_alone(core: &mut Core, signals: &Signals, timeout_ms: u64) -> Result<bool> {
    let end = time::now_ms() + timeout_ms;
    loop {
        while signals.next().is_some() {}
        if core.reap()? == Children::None {
            return Ok(true);
        }
        let left = end.saturating_sub(time::now_ms());
        if left == 0 {
            return Ok(false);
        }
        poll::wait_for(signals.as_raw_fd(), libc::POLLIN, left)?;
    }
}
