//! Starts a process with its pipes or its terminal.

use super::environment;
use super::request::ExecRequest;
use super::users::User;
use crate::refusal::{Code, Refusal};
use crate::sys::io;
use crate::sys::pty;
use crate::sys::spawn::{Program, SpawnError, Spawner};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// Our ends of what a process reads and writes.
pub enum Ends {
    /// One terminal for everything.
    Terminal(OwnedFd),
    /// Pipes: standard input if wanted, output, errors.
    Pipes(Option<OwnedFd>, OwnedFd, OwnedFd),
}

/// A process that was started.
pub struct Launched {
    pub pid: i32,
    pub ends: Ends,
}

/// Starts what `request` asks for.
pub fn launch(
    spawner: &mut Spawner,
    request: &ExecRequest,
    user: &User,
    env: &[CString],
    cgroup: Option<BorrowedFd<'_>>,
) -> Result<Launched, Refusal> {
    let system = |error| Refusal::system("start a process", &error);
    let (ends, stdio) = match request.terminal {
        Some(size) => open_terminal(size, user),
        None => open_pipes(request.stdin),
    }
    .map_err(system)?;
    let home = CString::new(user.home.as_str()).map_err(|_| Refusal::invalid("the user's home contains NUL"))?;
    let candidates = environment::candidates(&request.argv[0], env);
    let program = Program {
        candidates: &candidates,
        argv: &request.argv,
        env,
        cwd: request.cwd.as_deref().unwrap_or(&home),
        cwd_may_be_root: request.cwd.is_none(),
        stdio: [stdio[0].as_fd(), stdio[1].as_fd(), stdio[2].as_fd()],
        terminal: request.terminal.is_some(),
        rights: Some(&user.rights),
        cgroup,
        oom_score_adj: oom_score_adj(),
    };
    let pid = spawner.spawn(&program).map_err(|error| refusal(request, program.cwd, error))?;
    Ok(Launched { pid, ends })
}

type Opened = (Ends, [OwnedFd; 3]);

fn open_terminal(size: (u16, u16), user: &User) -> std::io::Result<Opened> {
    let (ours, theirs) = pty::open(size.0, size.1)?;
    io::set_owner(theirs.as_raw_fd(), user.rights.uid, None)?;
    let copies = [theirs.try_clone()?, theirs.try_clone()?];
    let [second, third] = copies;
    Ok((Ends::Terminal(ours), [theirs, second, third]))
}

fn open_pipes(stdin: bool) -> std::io::Result<Opened> {
    let (input, their_input) = if stdin {
        let (theirs, ours) = io::pipe()?;
        io::set_nonblocking(ours.as_raw_fd())?;
        (Some(ours), theirs)
    } else {
        (None, File::open("/dev/null")?.into())
    };
    let (output, their_output) = io::pipe()?;
    let (errors, their_errors) = io::pipe()?;
    io::set_nonblocking(output.as_raw_fd())?;
    io::set_nonblocking(errors.as_raw_fd())?;
    Ok((Ends::Pipes(input, output, errors), [their_input, their_output, their_errors]))
}

fn refusal(request: &ExecRequest, cwd: &CStr, error: SpawnError) -> Refusal {
    let program = request.argv[0].to_string_lossy();
    match error {
        SpawnError::Directory(error) => Refusal::system(format!("enter {}", cwd.to_string_lossy()), &error),
        SpawnError::Program(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
            Refusal::new(Code::Denied, format!("run {program}: {error}"))
        }
        SpawnError::Program(error) => Refusal::system(format!("run {program}"), &error),
        SpawnError::System(error) => Refusal::system(format!("start {program}"), &error),
    }
}

/// Children of PID 1 have it from their parent, which the kernel never kills: one step less for every exec.
pub fn oom_score_adj() -> Option<&'static CStr> {
    (std::process::id() != 1).then(|| c_str(b"100\0"))
}

fn c_str(bytes: &'static [u8]) -> &'static CStr {
    CStr::from_bytes_with_nul(bytes).unwrap_or_default()
}
