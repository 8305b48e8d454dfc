//! Starting programs the way `vfork` does: the child borrows this process's memory until it runs the program,
//! so that nothing is copied. It has a stack of its own and makes system calls only.

use super::check;
use std::ffi::{CStr, CString};
use std::io::{Error, Result};
use std::os::raw::{c_char, c_int, c_void};
use std::os::unix::io::{AsRawFd, BorrowedFd};

const STACK_BYTES: usize = 64 * 1024;

/// Whose rights a program gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// User.
    pub uid: u32,
    /// Main group.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// Everything about a program to start.
pub struct Program<'a> {
    /// Where the program may be; the first that can be run is.
    pub candidates: &'a [CString],
    /// Its arguments, the name first.
    pub argv: &'a [CString],
    /// Its environment, `K=V`.
    pub env: &'a [CString],
    /// Its working directory.
    pub cwd: &'a CStr,
    /// It starts in the root directory when it may not enter its own.
    pub cwd_may_be_root: bool,
    /// Its standard input, output and error.
    pub stdio: [BorrowedFd<'a>; 3],
    /// Its standard input is a terminal that it shall own.
    pub terminal: bool,
    /// Whose rights it gets; none when it keeps ours.
    pub rights: Option<&'a Rights>,
    /// The directory of the cgroup it is put into.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// How gladly the kernel kills it for want of memory; as gladly as us when absent.
    pub oom_score_adj: Option<&'a CStr>,
}

/// What went wrong in the child.
#[derive(Debug)]
pub enum SpawnError {
    /// The working directory cannot be entered.
    Directory(Error),
    /// The program cannot be run.
    Program(Error),
    /// Anything else.
    System(Error),
}

/// Memory for the child's stack, used by one child at a time.
pub struct Spawner {
    stack: *mut c_void,
}

/// What the child is handed, and where it leaves its error.
struct Orders {
    candidates: Vec<*const c_char>,
    argv: Vec<*const c_char>,
    env: Vec<*const c_char>,
    cwd: *const c_char,
    cwd_may_be_root: bool,
    stdio: [c_int; 3],
    terminal: bool,
    groups: *const u32,
    group_count: usize,
    ids: Option<(u32, u32)>,
    join_cgroup: c_int,
    oom_score_adj: *const c_char,
    oom_score_adj_bytes: usize,
    stage: u8,
    errno: c_int,
}

const STAGE_SYSTEM: u8 = 1;
const STAGE_DIRECTORY: u8 = 2;
const STAGE_PROGRAM: u8 = 3;

impl Spawner {
    /// Sets aside address space for the stack; a page of it is used when a program is started.
    pub fn new() -> Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let stack = unsafe { libc::mmap(std::ptr::null_mut(), STACK_BYTES, protection, flags, -1, 0) };
        if stack == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        Ok(Self { stack })
    }

    /// Starts `program` as the leader of its own session and process group; returns its process id.
    pub fn spawn(&mut self, program: &Program<'_>) -> std::result::Result<i32, SpawnError> {
        let mut orders = orders(program);
        let pid = self.clone_into(&mut orders, program.cgroup).map_err(SpawnError::System)?;
        if orders.stage == 0 {
            return Ok(pid);
        }
        super::process::reap(pid).map_err(SpawnError::System)?;
        let error = Error::from_raw_os_error(orders.errno);
        Err(match orders.stage {
            STAGE_DIRECTORY => SpawnError::Directory(error),
            STAGE_PROGRAM => SpawnError::Program(error),
            _ => SpawnError::System(error),
        })
    }

    /// Makes the child inside the cgroup where the kernel can (5.7); elsewhere the child joins by itself.
    fn clone_into(&mut self, orders: &mut Orders, cgroup: Option<BorrowedFd<'_>>) -> Result<i32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(cgroup) = cgroup {
            match self.clone3(orders, cgroup.as_raw_fd()) {
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL | libc::EPERM)) => {}
                result => return result,
            }
        }
        orders.join_cgroup = cgroup.map_or(-1, |fd| fd.as_raw_fd());
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        // SAFETY: the stack is ours and no other child uses it, for CLONE_VFORK returns only when the child has left
        // our memory; `orders` outlives the call for the same reason.
        check(unsafe {
            let top = self.stack.cast::<u8>().add(STACK_BYTES).cast();
            libc::clone(child_of_clone, top, flags, (orders as *mut Orders).cast())
        })
    }

    #[cfg(target_arch = "x86_64")]
    fn clone3(&mut self, orders: &mut Orders, cgroup: c_int) -> Result<i32> {
        const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
        // struct clone_args (clone3(2)): flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls,
        // set_tid, set_tid_size, cgroup.
        let flags = (libc::CLONE_VM | libc::CLONE_VFORK) as u64 | CLONE_INTO_CGROUP;
        let stack = self.stack as u64;
        let args: [u64; 11] = [flags, 0, 0, 0, libc::SIGCHLD as u64, stack, STACK_BYTES as u64, 0, 0, 0, cgroup as u64];
        let returned: isize;
        // SAFETY: as for `clone`: own stack, and `orders` outlives the child's stay in our memory. The child enters
        // `child_main` and never comes back, so only the parent sees the registers afterwards.
        unsafe {
            std::arch::asm!(
                "syscall",
                "test rax, rax",
                "jnz 2f",
                "xor ebp, ebp",
                "mov rdi, r13",
                "call r12",
                "ud2",
                "2:",
                inlateout("rax") libc::SYS_clone3 as isize => returned,
                in("rdi") args.as_ptr(),
                in("rsi") std::mem::size_of_val(&args),
                in("r12") child_main as extern "C" fn(*mut Orders) -> !,
                in("r13") orders as *mut Orders,
                lateout("rcx") _,
                lateout("r11") _,
            );
        }
        if returned < 0 {
            Err(Error::from_raw_os_error(-returned as i32))
        } else {
            Ok(returned as i32)
        }
    }
}

fn orders(program: &Program<'_>) -> Orders {
    let pointers = |strings: &[CString]| {
        strings.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect::<Vec<*const c_char>>()
    };
    let groups = program.rights.map_or(&[][..], |rights| &rights.groups);
    Orders {
        candidates: pointers(program.candidates),
        argv: pointers(program.argv),
        env: pointers(program.env),
        cwd: program.cwd.as_ptr(),
        cwd_may_be_root: program.cwd_may_be_root,
        stdio: program.stdio.map(|fd| fd.as_raw_fd()),
        terminal: program.terminal,
        groups: groups.as_ptr(),
        group_count: groups.len(),
        ids: program.rights.filter(|rights| !are_ours(rights)).map(|rights| (rights.uid, rights.gid)),
        join_cgroup: -1,
        oom_score_adj: program.oom_score_adj.map_or(std::ptr::null(), CStr::as_ptr),
        oom_score_adj_bytes: program.oom_score_adj.map_or(0, |text| text.to_bytes().len()),
        stage: 0,
        errno: 0,
    }
}

/// Root's programs, most often: changing nothing would still cost the kernel three copies of the credentials.
fn are_ours(rights: &Rights) -> bool {
    let mut groups = [0; 32];
    // SAFETY: the kernel writes at most as many groups as there is room for; the other calls touch no memory.
    unsafe {
        let count = libc::getgroups(groups.len() as c_int, groups.as_mut_ptr());
        libc::geteuid() == rights.uid
            && libc::getegid() == rights.gid
            && usize::try_from(count).map_or(false, |count| groups[..count] == rights.groups[..])
    }
}

extern "C" fn child_of_clone(orders: *mut c_void) -> c_int {
    child_main(orders.cast())
}

extern "C" fn child_main(orders: *mut Orders) -> ! {
    // SAFETY: the parent handed its orders over and waits; nobody else looks at them meanwhile.
    unsafe {
        let failed = run(&*orders);
        (*orders).errno = *libc::__errno_location();
        (*orders).stage = failed;
        loop {
            libc::syscall(libc::SYS_exit, 127);
        }
    }
}

/// Does everything between the clone and the program; returns the stage that failed.
///
/// # Safety
/// Only in the child, with orders whose pointers are valid.
unsafe fn run(orders: &Orders) -> u8 {
    // SAFETY: system calls on memory that the parent keeps valid.
    unsafe {
        if !prepare(orders) {
            return STAGE_SYSTEM;
        }
        if libc::chdir(orders.cwd) != 0 && !(orders.cwd_may_be_root && libc::chdir(b"/\0".as_ptr().cast()) == 0) {
            return STAGE_DIRECTORY;
        }
        let none = std::mem::zeroed::<libc::sigset_t>();
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
        let mut kept = libc::ENOENT;
        for candidate in &orders.candidates[..orders.candidates.len() - 1] {
            libc::execve(*candidate, orders.argv.as_ptr(), orders.env.as_ptr());
            match *libc::__errno_location() {
                libc::ENOENT | libc::ENOTDIR => {}
                errno => kept = errno,
            }
        }
        *libc::__errno_location() = kept;
        STAGE_PROGRAM
    }
}

/// # Safety
/// As for `run`.
unsafe fn prepare(orders: &Orders) -> bool {
    // SAFETY: as for `run`.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        if libc::setsid() < 0 {
            return false;
        }
        for (target, fd) in (0..).zip(orders.stdio) {
            if libc::dup2(fd, target) < 0 {
                return false;
            }
        }
        if orders.terminal && libc::ioctl(0, libc::TIOCSCTTY, 0) != 0 {
            return false;
        }
        if orders.oom_score_adj_bytes > 0 {
            write_file(libc::AT_FDCWD, b"/proc/self/oom_score_adj\0", orders.oom_score_adj, orders.oom_score_adj_bytes);
        }
        if orders.join_cgroup >= 0 && !write_file(orders.join_cgroup, b"cgroup.procs\0", b"0\0".as_ptr().cast(), 1) {
            return false;
        }
        libc::umask(0o022);
        match orders.ids {
            None => true,
            // The system calls themselves: the C library's functions would look for threads.
            Some((uid, gid)) => {
                libc::syscall(libc::SYS_setgroups, orders.group_count, orders.groups) == 0
                    && libc::syscall(libc::SYS_setresgid, gid, gid, gid) == 0
                    && libc::syscall(libc::SYS_setresuid, uid, uid, uid) == 0
            }
        }
    }
}

/// # Safety
/// `path` ends in NUL, `content` is readable for `bytes`.
unsafe fn write_file(directory: c_int, path: &[u8], content: *const c_char, bytes: usize) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        let fd = libc::openat(directory, path.as_ptr().cast(), libc::O_WRONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return false;
        }
        let written = libc::write(fd, content.cast(), bytes);
        libc::close(fd);
        written == bytes as isize
    }
}

/// Syncs all disks in a process of its own that shares our memory, so that nobody has to wait for it. Returns its id.
pub fn sync_beside(spawner: &mut SyncStack) -> Result<i32> {
    extern "C" fn sync_and_exit(_: *mut c_void) -> c_int {
        // SAFETY: system calls without memory; neither sets errno, which is shared with the parent.
        unsafe {
            libc::syscall(libc::SYS_sync);
            libc::syscall(libc::SYS_exit, 0);
        }
        0
    }
    let flags = libc::CLONE_VM | libc::CLONE_FILES | libc::SIGCHLD;
    // SAFETY: the stack is kept for ever and the caller starts no second child on it while one lives.
    check(unsafe {
        let top = spawner.0.stack.cast::<u8>().add(STACK_BYTES).cast();
        libc::clone(sync_and_exit, top, flags, std::ptr::null_mut())
    })
}

/// A stack for `sync_beside`, apart from the one that programs are started on.
pub struct SyncStack(Spawner);

impl SyncStack {
    /// Sets the stack aside.
    pub fn new() -> Result<Self> {
        Ok(Self(Spawner::new()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;
    use std::os::unix::io::AsFd;

    fn strings(texts: &[&str]) -> Vec<CString> {
        texts.iter().map(|text| CString::new(*text).unwrap()).collect()
    }

    fn start(candidates: &[&str], argv: &[&str], cwd: &str) -> (std::result::Result<i32, SpawnError>, String) {
        let (reader, writer) = crate::sys::io::pipe().unwrap();
        let null = File::open("/dev/null").unwrap();
        let cwd = CString::new(cwd).unwrap();
        let result = Spawner::new().unwrap().spawn(&Program {
            candidates: &strings(candidates),
            argv: &strings(argv),
            env: &strings(&["A=b"]),
            cwd: &cwd,
            cwd_may_be_root: false,
            stdio: [null.as_fd(), writer.as_fd(), writer.as_fd()],
            terminal: false,
            rights: None,
            cgroup: None,
            oom_score_adj: Some(CStr::from_bytes_with_nul(b"100\0").unwrap()),
        });
        drop(writer);
        let mut output = String::new();
        File::from(reader).read_to_string(&mut output).unwrap();
        (result, output)
    }

    #[test]
    fn runs_the_first_candidate_that_exists() {
        let (result, output) = start(
            &["/nowhere/sh", "/bin/sh"],
            &["sh", "-c", "echo $A $PWD; cat /proc/self/oom_score_adj; exit 7"],
            "/usr",
        );
        assert_eq!(crate::sys::process::reap(result.unwrap()).unwrap().code, 7);
        assert_eq!(output, "b /usr\n100\n");
    }

    #[test]
    fn tells_what_failed() {
        let (missing, _) = start(&["/nowhere/sh"], &["sh"], "/");
        assert!(matches!(missing, Err(SpawnError::Program(error)) if error.raw_os_error() == Some(libc::ENOENT)));
        let (denied, _) = start(&["/etc/passwd", "/nowhere"], &["sh"], "/");
        assert!(matches!(denied, Err(SpawnError::Program(error)) if error.raw_os_error() == Some(libc::EACCES)));
        let (lost, _) = start(&["/bin/sh"], &["sh"], "/nowhere");
        assert!(matches!(lost, Err(SpawnError::Directory(_))));
    }
}
