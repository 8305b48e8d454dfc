//! What happens in the child between fork and exec. Everything was prepared before: nothing here allocates, locks or panics,
//! because the launcher has threads and a fork copies only one of them.

use super::loopback;
use std::ffi::CString;
use std::os::unix::io::RawFd;

/// All that the child needs, made by the parent.
pub struct Plan {
    pub program: CString,
    pub argv: Vec<*const libc::c_char>,
    pub env: Vec<*const libc::c_char>,
    pub cwd: CString,
    pub null: RawFd,
    pub log: RawFd,
    /// Become descriptors 3, 4, 5 …; each is numbered higher than all of those.
    pub descriptors: Vec<RawFd>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub nice: Option<i32>,
    pub netns: Option<NetworkNamespace>,
    pub open_files: libc::rlimit,
    /// Where the errno of a failure is written; closed by a successful exec.
    pub report: RawFd,
}

/// How the child gets a network namespace of its own.
pub enum NetworkNamespace {
    /// By root's right.
    AsRoot,
    /// Through a user namespace in which the user stays who he is; the lines for /proc/self/{uid,gid}_map.
    AsUser { uid_map: CString, gid_map: CString },
}

/// A step that can fail; its number travels through the report pipe.
#[repr(u32)]
#[derive(Clone, Copy)]
pub enum Step {
    Session,
    Descriptors,
    Nice,
    Network,
    Directory,
    Groups,
    User,
    Privileges,
    Exec,
}

/// What was being done at `step`, for people.
pub fn step_name(step: u32) -> &'static str {
    const NAMES: [&str; 9] = [
        "making a session",
        "placing the descriptors",
        "setting the niceness",
        "making a network namespace",
        "entering the working directory",
        "setting the groups",
        "setting the user",
        "giving up privileges",
        "executing the program",
    ];
    NAMES.get(step as usize).copied().unwrap_or("starting")
}

/// Becomes the program, or reports why not and ends.
pub fn become_program(plan: &Plan) -> ! {
    let (step, errno) = match prepare(plan) {
        Err(failed) => failed,
        Ok(()) => unsafe {
            libc::execve(plan.program.as_ptr(), plan.argv.as_ptr(), plan.env.as_ptr());
            (Step::Exec, errno())
        },
    };
    let mut report = [0u8; 8];
    report[..4].copy_from_slice(&(step as u32).to_ne_bytes());
    report[4..].copy_from_slice(&errno.to_ne_bytes());
    unsafe {
        libc::write(plan.report, report.as_ptr().cast(), report.len());
        libc::_exit(127)
    }
}

fn prepare(plan: &Plan) -> Result<(), (Step, i32)> {
    default_signals();
    must(Step::Session, unsafe { libc::setsid() } as i64)?;
    place_descriptors(plan)?;
    unsafe { libc::umask(0o077) };
    limit(plan);
    if let Some(nice) = plan.nice {
        must(Step::Nice, unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) } as i64)?;
    }
    // Refused only when the launcher itself was told to be an even better victim: then that stands.
    write_file(b"/proc/self/oom_score_adj\0", b"500");
    if let Some(network) = &plan.netns {
        enter_network(network).map_err(|errno| (Step::Network, errno))?;
    }
    must(Step::Directory, unsafe { libc::chdir(plan.cwd.as_ptr()) } as i64)?;
    drop_user(plan)?;
    // QEMU asks for huge pages for translated code, of which a short-lived clone would fill the smallest part.
    must(Step::Privileges, unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) } as i64)?;
    must(Step::Privileges, unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } as i64)
}

/// By the system call: the C library keeps two signals for itself and would leave them ignored when our starter ignored them.
fn default_signals() {
    // A kernel's struct sigaction of zeros means SIG_DFL on every architecture; none is larger than this.
    let default = [0u64; 8];
    const SET_BYTES: usize = 8;
    unsafe {
        for signal in 1..=64 {
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), 0usize, SET_BYTES);
        }
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, default.as_ptr(), 0usize, SET_BYTES);
    }
}

fn place_descriptors(plan: &Plan) -> Result<(), (Step, i32)> {
    let place = |from: RawFd, to: RawFd| must(Step::Descriptors, unsafe { libc::dup2(from, to) } as i64);
    place(plan.null, 0)?;
    place(plan.log, 1)?;
    place(plan.log, 2)?;
    for (index, fd) in plan.descriptors.iter().enumerate() {
        place(*fd, 3 + index as RawFd)?;
    }
    Ok(())
}

fn limit(plan: &Plan) {
    // A guest's memory must not end up in a core file.
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe {
        libc::setrlimit(libc::RLIMIT_CORE, &none);
        libc::setrlimit(libc::RLIMIT_NOFILE, &plan.open_files);
    }
}

fn enter_network(network: &NetworkNamespace) -> Result<(), i32> {
    match network {
        NetworkNamespace::AsRoot => unshare(libc::CLONE_NEWNET)?,
        NetworkNamespace::AsUser { uid_map, gid_map } => {
            unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNET)?;
            let written = write_file(b"/proc/self/setgroups\0", b"deny")
                && write_file(b"/proc/self/uid_map\0", uid_map.as_bytes())
                && write_file(b"/proc/self/gid_map\0", gid_map.as_bytes());
            if !written {
                return Err(errno());
            }
        }
    }
    loopback::bring_up()
}

/// Raw system calls: the C library's own would try to tell threads that this process does not have.
fn drop_user(plan: &Plan) -> Result<(), (Step, i32)> {
    if plan.uid.is_none() && plan.gid.is_none() {
        return Ok(());
    }
    let none = std::ptr::null::<libc::gid_t>();
    must(Step::Groups, unsafe { libc::syscall(libc::SYS_setgroups, 0, none) })?;
    if let Some(gid) = plan.gid {
        must(Step::Groups, unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    }
    if let Some(uid) = plan.uid {
        must(Step::User, unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })?;
    }
    Ok(())
}

fn unshare(flags: i32) -> Result<(), i32> {
    if unsafe { libc::unshare(flags) } < 0 {
        Err(errno())
    } else {
        Ok(())
    }
}

/// Whether it was written; errno tells why not. `path` ends with a NUL.
fn write_file(path: &[u8], content: &[u8]) -> bool {
    unsafe {
        let fd = libc::open(path.as_ptr().cast(), libc::O_WRONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return false;
        }
        let written = libc::write(fd, content.as_ptr().cast(), content.len());
        let failed = errno();
        libc::close(fd);
        *libc::__errno_location() = failed;
        written == content.len() as isize
    }
}

fn must(step: Step, result: i64) -> Result<(), (Step, i32)> {
    if result < 0 {
        Err((step, errno()))
    } else {
        Ok(())
    }
}

fn errno() -> i32 {
    unsafe { *libc::__errno_location() }
}
