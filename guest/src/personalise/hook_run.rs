//! One ASSIGN whose hooks run: one after the other, each in a process group of its own, until one fails or all are done.

use super::hooks::{Hook, Order};
use super::receipt::{Receipt, Status};
use crate::exec::environment;
use crate::exec::launch::oom_score_adj;
use crate::sys::io::{self, Moved};
use crate::sys::poll::Poll;
use crate::sys::process::{self, Exit};
use crate::sys::spawn::{Program, SpawnError, Spawner};
use crate::sys::time;
use crate::token::Owner;
use std::collections::VecDeque;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{Error, Result};
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What is kept of what a hook says: its last words.
const KEPT_BYTES: usize = 256;
/// What all of them may say in a receipt.
const DETAIL_BYTES: usize = 2_000;
const READ_BYTES: usize = 4_096;
const READS_A_TURN: usize = 16;

/// What starts hooks: the spawner, the cgroup of user processes, and who watches their output.
pub type Starter<'a> = (&'a mut Spawner, Option<BorrowedFd<'a>>, &'a Poll);

/// Hooks that are being run, and the receipt that waits for them.
pub struct Run {
    pub stream: u32,
    receipt: Receipt,
    waiting: VecDeque<Hook>,
    current: Option<Current>,
    env: Vec<CString>,
    each_ms: u64,
    until_ms: u64,
    codes: Vec<String>,
    words: Vec<String>,
    problem: Option<String>,
}

/// The hook that runs.
struct Current {
    name: String,
    pid: i32,
    output: OwnedFd,
    readable: bool,
    tail: Vec<u8>,
    until_ms: u64,
    killed: bool,
    exit: Option<Exit>,
}

impl Run {
    pub fn new(stream: u32, receipt: Receipt, hooks: Vec<Hook>, env: Vec<CString>, order: &Order<'_>) -> Self {
        Self {
            stream,
            receipt,
            waiting: hooks.into(),
            current: None,
            env,
            each_ms: order.each_ms,
            until_ms: time::now_ms() + order.all_ms,
            codes: Vec::new(),
            words: Vec::new(),
            problem: None,
        }
    }

    /// Goes on. `None`: it is over. Otherwise says whether there is more to do at once.
    pub fn turn(&mut self, (spawner, cgroup, poll): Starter<'_>) -> Option<bool> {
        loop {
            if let Some(current) = &mut self.current {
                let again = current.read();
                if current.exit.is_none() {
                    return Some(again);
                }
            }
            if let Some(current) = self.current.take() {
                self.note(&current);
            }
            let hook = match self.waiting.pop_front() {
                Some(hook) if self.problem.is_none() => hook,
                _ => return None,
            };
            let now = time::now_ms();
            if now >= self.until_ms {
                self.problem = Some(format!("no time was left for {}", hook.name));
                return None;
            }
            match start(&hook, &self.env, spawner, cgroup, poll) {
                Ok((pid, output)) => {
                    let until_ms = self.until_ms.min(now + self.each_ms);
                    self.current = Some(Current::new(hook.name, pid, output, until_ms));
                }
                Err(error) => {
                    self.problem = Some(format!("run {}: {error}", hook.name));
                    return None;
                }
            }
        }
    }

    fn note(&mut self, current: &Current) {
        let code = current.exit.map_or(0, |exit| exit.code);
        self.codes.push(format!("{}={code}", current.name));
        let said = current.words();
        if code != 0 || current.killed {
            let how = match current.exit.and_then(|exit| exit.signal) {
                _ if current.killed => "was not done in time".to_owned(),
                Some(signal) => format!("was ended by signal {signal}"),
                None => format!("ended with {code}"),
            };
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            self.problem = Some(format!("{} {how}{said}", current.name));
        } else if !said.is_empty() && self.words.iter().map(String::len).sum::<usize>() < DETAIL_BYTES {
            self.words.push(format!("{}: {said}", current.name));
        }
    }

    /// The receipt with the item `hooks`. Evidence: `NAME=CODE` of those that ended, in order.
    pub fn into_receipt(mut self) -> Receipt {
        environment::wipe(std::mem::take(&mut self.env));
        let mut receipt = self.receipt;
        let codes = self.codes.join(" ");
        match self.problem {
            None => receipt.put("hooks", Status::Done, &codes, &self.words.join("; ")),
            Some(problem) => receipt.put("hooks", Status::Failed, &codes, &problem),
        }
        receipt
    }

    pub fn ready(&mut self) {
        if let Some(current) = &mut self.current {
            current.readable = true;
        }
    }

    pub fn ended(&mut self, pid: i32, exit: Exit) {
        if let Some(current) = self.current.as_mut().filter(|current| current.pid == pid) {
            current.exit = Some(exit);
            // What it wrote last came before its end.
            current.readable = true;
        }
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        self.current.as_ref().filter(|current| !current.killed).map(|current| current.until_ms)
    }

    /// Kills the hook whose time is over.
    pub fn expire(&mut self, now_ms: u64) -> Result<()> {
        match &mut self.current {
            Some(current) if !current.killed && current.exit.is_none() && current.until_ms <= now_ms => {
                current.killed = true;
                process::signal_group(current.pid, libc::SIGKILL)
            }
            _ => Ok(()),
        }
    }

    /// Kills the hook that runs; no other follows.
    pub fn kill(self) -> Result<()> {
        environment::wipe(self.env);
        match self.current {
            Some(current) if current.exit.is_none() => process::signal_group(current.pid, libc::SIGKILL),
            _ => Ok(()),
        }
    }
}

impl Current {
    fn new(name: String, pid: i32, output: OwnedFd, until_ms: u64) -> Self {
        Self { name, pid, output, readable: true, tail: Vec::new(), until_ms, killed: false, exit: None }
    }

    /// Reads some of its output; true when there may be more.
    fn read(&mut self) -> bool {
        let mut buffer = [0; READ_BYTES];
        for _ in 0..READS_A_TURN {
            if !self.readable {
                return false;
            }
            match io::read(self.output.as_raw_fd(), &mut buffer) {
                Ok(Moved::Bytes(count)) => {
                    self.tail.extend_from_slice(&buffer[..count]);
                    let surplus = self.tail.len().saturating_sub(KEPT_BYTES);
                    self.tail.drain(..surplus);
                }
                // Its words matter less than its code.
                Ok(Moved::Later | Moved::End) | Err(_) => self.readable = false,
            }
        }
        true
    }

    /// Its last words on one line, in printable characters.
    fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let words = text.split(|char: char| char.is_control() || char.is_whitespace()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
}

fn start(
    hook: &Hook,
    env: &[CString],
    spawner: &mut Spawner,
    cgroup: Option<BorrowedFd<'_>>,
    poll: &Poll,
) -> Result<(i32, OwnedFd)> {
    let input = File::open("/dev/null")?;
    let (output, theirs) = io::pipe()?;
    io::set_nonblocking(output.as_raw_fd())?;
    poll.add(output.as_raw_fd(), Owner::Hook.token())?;
    let pid = spawner.spawn(&Program {
        candidates: std::slice::from_ref(&hook.path),
        argv: std::slice::from_ref(&hook.path),
        env,
        cwd: CStr::from_bytes_with_nul(b"/\0").unwrap_or_default(),
        cwd_may_be_root: true,
        stdio: [input.as_fd(), theirs.as_fd(), theirs.as_fd()],
        terminal: false,
        rights: None,
        cgroup,
        oom_score_adj: oom_score_adj(),
    });
    match pid {
        Ok(pid) => Ok((pid, output)),
        Err(SpawnError::Directory(error) | SpawnError::Program(error) | SpawnError::System(error)) => {
            Err(Error::new(error.kind(), error.to_string()))
        }
    }
}
