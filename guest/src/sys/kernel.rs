//! Host name, kernel release, modules, power.

use super::check;
use std::ffi::CStr;
use std::fs::File;
use std::io::Result;
use std::os::unix::io::AsRawFd;

/// What `uname` says: node name and kernel release.
pub struct Uname {
    /// The host name.
    pub node: String,
    /// The kernel's release.
    pub release: String,
}

/// Asks the kernel for its names.
pub fn uname() -> Result<Uname> {
    let mut names = std::mem::MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the structure is writable.
    check(unsafe { libc::uname(names.as_mut_ptr()) })?;
    // SAFETY: the call filled it in; every member ends in NUL.
    let (names, text) = unsafe {
        let text = |chars: &[libc::c_char]| CStr::from_ptr(chars.as_ptr()).to_string_lossy().into_owned();
        (names.assume_init(), text)
    };
    Ok(Uname { node: text(&names.nodename), release: text(&names.release) })
}

/// Sets the host name.
pub fn set_host_name(name: &str) -> Result<()> {
    // SAFETY: the bytes are readable for their length.
    check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) })?;
    Ok(())
}

/// Loads a kernel module.
pub fn load_module(file: &File) -> Result<()> {
    // SAFETY: the parameters are an empty string; no flags.
    check(unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), b"\0".as_ptr(), 0) })?;
    Ok(())
}

/// What becomes of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It is switched off.
    Off,
    /// It starts again.
    Reboot,
}

/// Ends the machine now; returns only when the kernel refuses.
pub fn end_machine(power: Power) -> std::io::Error {
    let order = match power {
        Power::Off => libc::RB_POWER_OFF,
        Power::Reboot => libc::RB_AUTOBOOT,
    };
    // SAFETY: no memory is involved.
    unsafe { libc::reboot(order) };
    std::io::Error::last_os_error()
}

/// Makes Ctrl-Alt-Del a signal to PID 1 instead of a reboot.
pub fn catch_ctrl_alt_del() -> Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::reboot(libc::RB_DISABLE_CAD) })?;
    Ok(())
}

/// The page size and totals of a file system, in bytes: all, used.
pub fn disk_bytes(path: &CStr) -> Result<(u64, u64)> {
    let mut facts = std::mem::MaybeUninit::<libc::statvfs>::zeroed();
    // SAFETY: the path ends in NUL; the structure is writable.
    check(unsafe { libc::statvfs(path.as_ptr(), facts.as_mut_ptr()) })?;
    // SAFETY: the call filled it in.
    let facts = unsafe { facts.assume_init() };
    let total = facts.f_blocks.saturating_mul(facts.f_frsize);
    Ok((total, total.saturating_sub(facts.f_bfree.saturating_mul(facts.f_frsize))))
}

/// Gives this process root's own group, so that programs run as root need no change of theirs.
pub fn join_root_group() -> Result<()> {
    // SAFETY: the list has one entry.
    check(unsafe { libc::setgroups(1, &0) })?;
    Ok(())
}
