//! File systems of a machine: a read-only base on /dev/vda, what is written on /dev/vdb, both overlaid as the root.

use crate::console::say;
use crate::devices;
use crate::sys::mounting::{mount, root_is_here};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{symlink, DirBuilderExt, PermissionsExt};
use std::path::Path;

const BASE_DISK: &str = "/dev/vda";
const SCRATCH_DISK: &str = "/dev/vdb";

/// What tells one clone from another, in files of /etc.
const IDENTITY_FILES: [&str; 4] = ["hostname", "hosts", "machine-id", "resolv.conf"];

const NO_PROGRAMS: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
const NO_DEVICES: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV;

/// What the initramfs needs: processes, devices, kernel objects.
pub fn first() -> Result<()> {
    at("proc", "/proc", "proc", NO_PROGRAMS, "")?;
    at("sysfs", "/sys", "sysfs", NO_PROGRAMS, "")?;
    at("devtmpfs", "/dev", "devtmpfs", libc::MS_NOSUID, "mode=0755")?;
    let console = OpenOptions::new().read(true).write(true).open("/dev/console")?;
    crate::sys::io::become_standard(&console.into())
}

/// Waits for the disks, overlays them and makes that the root.
pub fn enter_root(deadline_ms: u64) -> Result<()> {
    wait_for(BASE_DISK, deadline_ms)?;
    wait_for(SCRATCH_DISK, deadline_ms)?;
    at(BASE_DISK, "/base", "squashfs", libc::MS_RDONLY, "")?;
    // Nothing is written early when a file replaces another: QUIESCE and SHUTDOWN sync, a power cut ends the machine.
    at(SCRATCH_DISK, "/scratch", "ext4", libc::MS_NOATIME, "noauto_da_alloc")?;
    directory("/scratch/upper", 0o755)?;
    directory("/scratch/work", 0o755)?;
    let layers = "lowerdir=/base,upperdir=/scratch/upper,workdir=/scratch/work";
    at("overlay", "/newroot", "overlay", libc::MS_NOATIME, layers)?;
    for moved in ["proc", "sys", "dev"] {
        let target = format!("/newroot/{moved}");
        directory(&target, 0o755)?;
        named(&target, mount(&format!("/{moved}"), &target, "", libc::MS_MOVE, ""))?;
    }
    forget_initramfs();
    std::env::set_current_dir("/newroot")?;
    named("/newroot", mount("/newroot", "/", "", libc::MS_MOVE, ""))?;
    root_is_here()?;
    std::env::set_current_dir("/")?;
    inside_root()
}

/// What programs expect of a running system.
fn inside_root() -> Result<()> {
    at("devpts", "/dev/pts", "devpts", libc::MS_NOSUID | libc::MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666")?;
    at("tmpfs", "/dev/shm", "tmpfs", NO_DEVICES, "mode=1777")?;
    at("tmpfs", "/run", "tmpfs", NO_DEVICES, "mode=0755")?;
    directory("/tmp", 0o1777)?;
    fs::set_permissions("/tmp", Permissions::from_mode(0o1777))?;
    for (link, target) in
        [("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "fd/0"), ("/dev/stdout", "fd/1"), ("/dev/stderr", "fd/2")]
    {
        match symlink(target, link) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    directory("/run/hearth", 0o755)?;
    for name in IDENTITY_FILES {
        if let Err(error) = keep_in_memory(name) {
            say(&format!("/etc/{name}: {error}"));
        }
    }
    if let Err(error) = cgroups() {
        say(&format!("cgroup v2: {error}"));
    }
    Ok(())
}

/// Puts a file of /etc into memory: what a clone writes when it is made its own then touches no disk, which costs
/// a clone less time and memory than anything else it does.
fn keep_in_memory(name: &str) -> Result<()> {
    let place = format!("/etc/{name}");
    let kept = format!("/run/hearth/etc/{name}");
    if fs::symlink_metadata(&place).map_or(false, |facts| !facts.is_file()) {
        return Ok(());
    }
    directory("/run/hearth/etc", 0o755)?;
    let content =
        fs::read(&place).or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(vec![]) } else { Err(error) })?;
    OpenOptions::new().append(true).create(true).open(&place)?;
    fs::write(&kept, content)?;
    fs::set_permissions(&kept, Permissions::from_mode(0o644))?;
    mount(&kept, &place, "", libc::MS_BIND, "")
}

fn cgroups() -> Result<()> {
    at("cgroup2", "/sys/fs/cgroup", "cgroup2", NO_PROGRAMS, "")?;
    directory(crate::freezer::USER_CGROUP, 0o755)
}

/// Gives the memory of the initramfs back. This program's own stays: it runs.
fn forget_initramfs() {
    for path in ["/init", "/modules"] {
        let path = Path::new(path);
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => say(&format!("{}: {error}", path.display())),
            _ => {}
        }
    }
}

fn wait_for(disk: &str, deadline_ms: u64) -> Result<()> {
    let found = devices::wait_until(Path::new("/dev"), deadline_ms, || File::open(disk).ok())?;
    let missing = || Error::new(ErrorKind::NotFound, format!("{disk} did not appear within {deadline_ms} ms"));
    found.map(drop).ok_or_else(missing)
}

fn at(source: &str, target: &str, kind: &str, flags: libc::c_ulong, options: &str) -> Result<()> {
    directory(target, 0o755)?;
    named(target, mount(source, target, kind, flags, options))
}

fn directory(path: &str, mode: u32) -> Result<()> {
    named(path, DirBuilder::new().recursive(true).mode(mode).create(path))
}

fn named(what: &str, result: Result<()>) -> Result<()> {
    result.map_err(|error| Error::new(error.kind(), format!("{what}: {error}")))
}
