//! The cgroup of user processes: where they are put, and how they are frozen and thawed (cgroup v2).

use crate::refusal::{Code, Refusal};
use crate::sys::{poll, time};
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::io::{AsFd, AsRawFd, BorrowedFd};
use std::path::PathBuf;

/// Where init mode makes the cgroup.
pub const USER_CGROUP: &str = "/sys/fs/cgroup/hearth";

/// The cgroup, when there is one, and whether it is frozen.
pub struct Freezer {
    cgroup: Option<(PathBuf, File)>,
    thaw_at_ms: Option<u64>,
}

impl Freezer {
    /// Uses the cgroup whose directory is `path`.
    pub fn open(path: &str) -> Result<Self> {
        let directory = File::open(path)?;
        fs::metadata(format!("{path}/cgroup.freeze"))?;
        Ok(Self { cgroup: Some((path.into(), directory)), thaw_at_ms: None })
    }

    /// There is no cgroup: nothing can be frozen.
    pub fn none() -> Self {
        Self { cgroup: None, thaw_at_ms: None }
    }

    pub fn is_able(&self) -> bool {
        self.cgroup.is_some()
    }

    /// The cgroup's directory.
    pub fn cgroup(&self) -> Option<BorrowedFd<'_>> {
        self.cgroup.as_ref().map(|(_, directory)| directory.as_fd())
    }

    pub fn is_frozen(&self) -> bool {
        self.thaw_at_ms.is_some()
    }

    /// Freezes and waits until every process stands still, at most until the deadline; thaws again when one does not.
    pub fn freeze(&mut self, deadline_ms: u64) -> Result<()> {
        let (path, _) = self.cgroup.as_ref().ok_or_else(|| Error::new(ErrorKind::Unsupported, "no cgroup v2"))?;
        self.thaw_at_ms = Some(time::now_ms() + deadline_ms);
        if let Err(error) = set(path, true).and_then(|()| wait_frozen(path, deadline_ms)) {
            self.thaw()?;
            return Err(error);
        }
        Ok(())
    }

    /// Puts the moment of the thaw off.
    pub fn restart_timer(&mut self, deadline_ms: u64) {
        self.thaw_at_ms = Some(time::now_ms() + deadline_ms);
    }

    /// Lets everybody go on. Fine when nobody is frozen.
    pub fn thaw(&mut self) -> Result<()> {
        self.thaw_at_ms = None;
        self.cgroup.as_ref().map_or(Ok(()), |(path, _)| set(path, false))
    }

    /// When everybody goes on though nobody said so.
    pub fn deadline_ms(&self) -> Option<u64> {
        self.thaw_at_ms
    }

    pub fn expire(&mut self, now_ms: u64) -> Result<()> {
        match self.thaw_at_ms {
            Some(at) if at <= now_ms => self.thaw(),
            _ => Ok(()),
        }
    }

    /// Refuses what would change something while frozen.
    pub fn check_thawed(&self) -> std::result::Result<(), Refusal> {
        if self.is_frozen() {
            return Err(Refusal::new(Code::Frozen, "user processes are frozen for a snapshot"));
        }
        Ok(())
    }
}

fn set(cgroup: &std::path::Path, frozen: bool) -> Result<()> {
    fs::write(cgroup.join("cgroup.freeze"), if frozen { "1" } else { "0" })
}

/// `cgroup.events` tells of changes with POLLPRI.
fn wait_frozen(cgroup: &std::path::Path, deadline_ms: u64) -> Result<()> {
    let path = cgroup.join("cgroup.events");
    let end = time::now_ms() + deadline_ms;
    loop {
        let events = File::open(&path)?;
        if says_frozen(&fs::read_to_string(&path)?) {
            return Ok(());
        }
        let left = end.saturating_sub(time::now_ms());
        if left == 0 {
            return Err(Error::new(ErrorKind::TimedOut, "some processes did not stand still in time"));
        }
        // Looked again now and then: a change between opening and reading tells nothing.
        poll::wait_for(events.as_raw_fd(), libc::POLLPRI, left.min(20))?;
    }
}

fn says_frozen(events: &str) -> bool {
    events.lines().any(|line| line == "frozen 1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn cgroup(name: &str, events: &str) -> (Scratch, Freezer) {
        let scratch = Scratch::new(name);
        fs::write(scratch.path().join("cgroup.freeze"), "0").unwrap();
        fs::write(scratch.path().join("cgroup.events"), events).unwrap();
        let freezer = Freezer::open(scratch.path().to_str().unwrap()).unwrap();
        (scratch, freezer)
    }

    #[test]
    fn freezes_until_thawed() {
        let (scratch, mut freezer) = cgroup("frozen", "populated 1\nfrozen 1\n");
        freezer.freeze(1_000).unwrap();
        assert_eq!(fs::read(scratch.path().join("cgroup.freeze")).unwrap(), b"1");
        assert_eq!(freezer.check_thawed().unwrap_err().code, Code::Frozen);
        freezer.thaw().unwrap();
        assert_eq!(fs::read(scratch.path().join("cgroup.freeze")).unwrap(), b"0");
        assert!(freezer.check_thawed().is_ok());
    }

    #[test]
    fn thaws_by_itself() {
        let (scratch, mut freezer) = cgroup("thaws", "frozen 1\n");
        freezer.freeze(1_000).unwrap();
        freezer.expire(time::now_ms()).unwrap();
        assert!(freezer.is_frozen());
        freezer.expire(time::now_ms() + 1_001).unwrap();
        assert!(!freezer.is_frozen());
        assert_eq!(fs::read(scratch.path().join("cgroup.freeze")).unwrap(), b"0");
    }

    #[test]
    fn a_process_that_does_not_stand_still_fails_the_freeze() {
        let (scratch, mut freezer) = cgroup("restless", "populated 1\nfrozen 0\n");
        assert_eq!(freezer.freeze(30).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(!freezer.is_frozen());
        assert_eq!(fs::read(scratch.path().join("cgroup.freeze")).unwrap(), b"0");
    }

    #[test]
    fn without_a_cgroup_nothing_freezes() {
        assert_eq!(Freezer::none().freeze(10).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
