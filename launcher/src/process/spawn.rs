//! Starts a process: everything is opened and prepared first, then fork, then the child makes itself (`exec.rs`).
//! Whether exec worked comes through a pipe that exec closes, so the launcher never waits for it.

use super::descriptors::{self, MadeSockets, Owner, Wanted};
use super::exec::{self, NetworkNamespace, Plan};
use super::proc_stat;
use crate::failure::{words, Failure, Outcome};
use crate::sys;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::io::{AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpawnRequest {
    pub id: String,
    pub argv: Vec<Vec<u8>>,
    pub env: Vec<String>,
    pub cwd: PathBuf,
    /// Both stdout and stderr of the child are appended to it.
    pub log: PathBuf,
    pub descriptors: Vec<Wanted>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub netns: bool,
    pub nice: Option<i32>,
}

/// A child that was forked and has yet to say whether exec worked.
pub struct Starting {
    pub pid: i32,
    pub start_time: u64,
    pub pidfd: OwnedFd,
    report: File,
    made: MadeSockets,
}

impl Starting {
    /// Becomes readable when exec worked or did not.
    pub fn report_fd(&self) -> RawFd {
        self.report.as_raw_fd()
    }

    /// Ends a child that nobody can look after.
    pub fn abandon(self) {
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, ptr::null_mut(), 0);
        }
    }

    /// Call it once the report is readable. Of a child that failed nothing is left: it is reaped, its sockets are removed.
    pub fn finish(mut self) -> Outcome<(i32, u64, OwnedFd)> {
        let mut report = Vec::with_capacity(8);
        let read = self.report.read_to_end(&mut report);
        if report.is_empty() && read.is_ok() {
            self.made.keep();
            return Ok((self.pid, self.start_time, self.pidfd));
        }
        let number = |range: std::ops::Range<usize>| {
            let bytes = report.get(range).and_then(|b| b.try_into().ok()).unwrap_or([0u8; 4]);
            u32::from_ne_bytes(bytes)
        };
        let errno = number(4..8) as i32;
        // It ends right after its report, so this does not wait for long.
        unsafe { libc::waitpid(self.pid, ptr::null_mut(), 0) };
        Err(Failure::new(errno, format!("{}: {}", exec::step_name(number(0..4)), words(errno))))
    }
}

/// Opens, forks, and returns at once.
pub fn start(
    request: &SpawnRequest,
    open_files: libc::rlimit,
    memfd: impl Fn(&str) -> Option<Arc<OwnedFd>>,
) -> Outcome<Starting> {
    let (uid, gid) = (request.uid, request.gid);
    if (uid.is_some() || gid.is_some()) && !sys::is_root() {
        return Err(Failure::new(libc::EPERM, "uid, gid: only a launcher that runs as root can change them"));
    }
    let mut made = MadeSockets::default();
    let mut held = Vec::with_capacity(request.descriptors.len());
    for wanted in &request.descriptors {
        held.push(descriptors::open(wanted, Owner { uid, gid }, &mut made, &memfd)?);
    }
    let log = descriptors::open_append(&request.log, 0o600)?;
    let (report, report_end) = sys::pipe().map_err(|e| Failure::io("pipe", &e))?;
    let fork = Fork::prepare(request, open_files, &held, &[&log, &report_end])?;
    let (pid, pidfd) = fork.run()?;
    let start_time = proc_stat::read(pid).map_or(0, |stat| stat.start_time);
    Ok(Starting { pid, start_time, pidfd, report: File::from(report), made })
}

/// Owns what a `Plan` points to.
struct Fork {
    plan: Plan,
    _strings: Vec<CString>,
    _descriptors: Vec<OwnedFd>,
}

impl Fork {
    /// `own` are the log and the end of the report pipe.
    fn prepare(
        request: &SpawnRequest,
        open_files: libc::rlimit,
        held: &[Arc<OwnedFd>],
        own: &[&OwnedFd; 2],
    ) -> Outcome<Fork> {
        let null = File::open("/dev/null").map_err(|e| Failure::io("/dev/null", &e))?;
        let all =
            held.iter().map(|fd| fd.as_raw_fd()).chain([null.as_raw_fd(), own[0].as_raw_fd(), own[1].as_raw_fd()]);
        let moved = above(3 + held.len() as RawFd, all)?;
        let numbers: Vec<RawFd> = moved.iter().map(|fd| fd.as_raw_fd()).collect();
        let (descriptors, special) = numbers.split_at(held.len());

        let argv = request.argv.iter().map(|a| c_string("argv", a)).collect::<Outcome<Vec<_>>>()?;
        let env = request.env.iter().map(|e| c_string("env", e.as_bytes())).collect::<Outcome<Vec<_>>>()?;
        let program = argv.first().cloned().ok_or_else(|| Failure::invalid("argv: it is empty"))?;
        if program.as_bytes().first() != Some(&b'/') {
            return Err(Failure::invalid(format!("argv: {program:?} is not an absolute path")));
        }
        let plan = Plan {
            program,
            argv: pointers(&argv),
            env: pointers(&env),
            cwd: sys::c_path(&request.cwd).map_err(|e| Failure::io("cwd", &e))?,
            null: special[0],
            log: special[1],
            descriptors: descriptors.to_vec(),
            uid: request.uid,
            gid: request.gid,
            nice: request.nice,
            netns: request.netns.then(network_namespace).transpose()?,
            open_files,
            report: special[2],
        };
        Ok(Fork { plan, _strings: argv.into_iter().chain(env).collect(), _descriptors: moved })
    }

    fn run(self) -> Outcome<(i32, OwnedFd)> {
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            exec::become_program(&self.plan);
        }
        if pid < 0 {
            return Err(Failure::last("fork"));
        }
        sys::pidfd_open(pid).map(|pidfd| (pid, pidfd)).map_err(|error| {
            // Nobody could watch it, so it must not live.
            unsafe {
                libc::kill(pid, libc::SIGKILL);
                libc::waitpid(pid, ptr::null_mut(), 0);
            }
            Failure::io("pidfd_open", &error)
        })
    }
}

/// Copies that are numbered `first` or higher, so that placing one never overwrites another.
fn above(first: RawFd, fds: impl Iterator<Item = RawFd>) -> Outcome<Vec<OwnedFd>> {
    fds.map(|fd| sys::duplicate(fd, first).map_err(|e| Failure::io("duplicating a descriptor", &e))).collect()
}

fn network_namespace() -> Outcome<NetworkNamespace> {
    if sys::is_root() {
        return Ok(NetworkNamespace::AsRoot);
    }
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    Ok(NetworkNamespace::AsUser {
        uid_map: c_string("uid_map", format!("{uid} {uid} 1").as_bytes())?,
        gid_map: c_string("gid_map", format!("{gid} {gid} 1").as_bytes())?,
    })
}

fn c_string(field: &str, bytes: &[u8]) -> Outcome<CString> {
    CString::new(bytes).map_err(|_| Failure::invalid(format!("{field}: a NUL byte is not allowed")))
}

/// The NULL-terminated array that execve wants.
fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect()
}

/// Waits for a child that has ended and says how: (code, signal). `None` while it runs or when it is not ours.
pub fn reap(pidfd: &OwnedFd) -> io::Result<Option<(Option<i32>, Option<i32>)>> {
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG;
    let result = unsafe { libc::waitid(libc::P_PIDFD, pidfd.as_raw_fd() as libc::id_t, &mut info, options) };
    sys::check(result as libc::c_long)?;
    if unsafe { info.si_pid() } == 0 {
        return Ok(None);
    }
    let status = unsafe { info.si_status() };
    Ok(Some(match info.si_code {
        libc::CLD_EXITED => (Some(status), None),
        _ => (None, Some(status)),
    }))
}
