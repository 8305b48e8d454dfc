//! QUIESCE: user processes stand still, disks are written, and nothing is known that a clone must not know.

use crate::freezer::Freezer;
use crate::refusal::Refusal;
use crate::sys::spawn::{self, SyncStack};
use crate::sys::{poll, process, time};
use crate::system::System;
use crate::vault::Vault;
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs::File;
use std::io;
use std::os::unix::io::AsRawFd;

const MAX_DEADLINE_MS: u64 = 3_600_000;

/// Writes disks in a process beside this one, so that a slow disk cannot hold the agent up.
pub struct Syncer {
    stack: SyncStack,
    running: Option<i32>,
}

impl Syncer {
    pub fn new() -> io::Result<Self> {
        Ok(Self { stack: SyncStack::new()?, running: None })
    }

    /// A child was reaped.
    pub fn ended(&mut self, pid: i32) {
        if self.running == Some(pid) {
            self.running = None;
        }
    }

    /// Syncs; says whether that was done in time.
    fn sync(&mut self, deadline_ms: u64) -> io::Result<bool> {
        let pid = match self.running {
            Some(pid) => pid,
            None => spawn::sync_beside(&mut self.stack)?,
        };
        self.running = Some(pid);
        let watch = process::watch(pid)?;
        let done = wait_readable(&watch, deadline_ms)?;
        if done {
            process::reap(pid)?;
            self.running = None;
        }
        Ok(done)
    }
}

/// Does it all. What could not be done is said in the answer; the session is over in any case.
pub fn quiesce(
    fields: &Fields<'_>,
    freezer: &mut Freezer,
    syncer: &mut Syncer,
    vault: &mut Vault,
    system: &System,
) -> Result<FieldWriter, Refusal> {
    let deadline_ms = match fields.u64(1)? {
        ms @ 1..=MAX_DEADLINE_MS => ms,
        ms => {
            return Err(Refusal::invalid(format!("field 1 (deadlineMs) is {ms}, allowed are 1 to {MAX_DEADLINE_MS}")))
        }
    };
    let mut details = Vec::new();
    let mut note = |what: &str, result: io::Result<bool>| match result {
        Ok(true) => true,
        Ok(false) => {
            details.push(format!("{what}: not done in time"));
            false
        }
        Err(error) => {
            details.push(format!("{what}: {error}"));
            false
        }
    };
    let already = freezer.is_frozen();
    let frozen = if already { true } else { note("freeze", freezer.freeze(deadline_ms / 2 + 1).map(|()| true)) };
    let synced = note("sync", syncer.sync(deadline_ms / 2));
    note("forget", vault.forget(system).map(|()| true));
    if frozen {
        freezer.restart_timer(deadline_ms);
    }
    let mut reply = FieldWriter::new();
    reply.flag(1, frozen).flag(2, synced);
    if !details.is_empty() {
        reply.text(3, &details.join("; "));
    }
    Ok(reply)
}

fn wait_readable(file: &File, deadline_ms: u64) -> io::Result<bool> {
    let end = time::now_ms() + deadline_ms;
    loop {
        let left = end.saturating_sub(time::now_ms());
        if poll::wait_for(file.as_raw_fd(), libc::POLLIN, left)? {
            return Ok(true);
        }
        if left == 0 {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn asked(deadline_ms: u64) -> Vec<u8> {
        let mut fields = FieldWriter::new();
        fields.u64(1, deadline_ms);
        fields.into_bytes()
    }

    #[test]
    fn syncs_and_forgets_even_when_it_cannot_freeze() {
        let scratch = Scratch::new("quiesce");
        let system = System::of_service(scratch.path().into(), false);
        let mut vault = Vault::default();
        vault.set_token(b"0123456789abcdef");
        let request = asked(120_000);
        let reply = quiesce(
            &Fields::parse(&request).unwrap(),
            &mut Freezer::none(),
            &mut Syncer::new().unwrap(),
            &mut vault,
            &system,
        );
        let reply = reply.unwrap().into_bytes();
        let reply = Fields::parse(&reply).unwrap();
        assert_eq!((reply.flag(1), reply.flag(2)), (Ok(false), Ok(true)));
        assert_eq!(reply.text(3), Ok("freeze: no cgroup v2"));
        assert!(!vault.has_token());
    }
}
