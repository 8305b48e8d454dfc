//! The processes the launcher looks after, by id.

use std::collections::HashMap;
use std::os::unix::io::OwnedFd;

pub struct Child {
    pub pid: i32,
    /// Field 22 of /proc/PID/stat.
    pub start_time: u64,
    pub argv0: Vec<u8>,
    pub pidfd: OwnedFd,
    /// Of another parent: its exit is seen, its exit code is not.
    pub adopted: bool,
}

/// How a process ended. An adopted one has neither code nor signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub id: String,
    pub pid: i32,
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

/// How many exits are kept for a client that will ask; older ones are forgotten.
const UNHEARD_MAX: usize = 4096;

#[derive(Default)]
pub struct Children {
    living: HashMap<String, Child>,
    unheard: Vec<Exit>,
}

impl Children {
    pub fn is_empty(&self) -> bool {
        self.living.is_empty()
    }

    pub fn get(&self, id: &str) -> Option<&Child> {
        self.living.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &Child)> {
        self.living.iter()
    }

    pub fn add(&mut self, id: String, child: Child) {
        self.living.insert(id, child);
    }

    pub fn remove(&mut self, id: &str) -> Option<Child> {
        self.living.remove(id)
    }

    /// Keeps an exit until a client has said that it heard of it.
    pub fn note(&mut self, exit: Exit) {
        if self.unheard.len() == UNHEARD_MAX {
            self.unheard.remove(0);
        }
        self.unheard.push(exit);
    }

    pub fn unheard(&self) -> &[Exit] {
        &self.unheard
    }

    pub fn heard(&mut self, id: &str, pid: i32) {
        self.unheard.retain(|exit| exit.id != id || exit.pid != pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(id: &str, pid: i32) -> Exit {
        Exit { id: id.to_string(), pid, code: Some(0), signal: None }
    }

    #[test]
    fn an_exit_is_kept_until_it_was_heard() {
        let mut children = Children::default();
        children.note(exit("a", 1));
        children.note(exit("a", 2));
        children.heard("a", 1);
        assert_eq!(children.unheard(), [exit("a", 2)]);
    }

    #[test]
    fn only_so_many_exits_are_kept() {
        let mut children = Children::default();
        for pid in 0..UNHEARD_MAX as i32 + 5 {
            children.note(exit("a", pid));
        }
        assert_eq!(children.unheard().len(), UNHEARD_MAX);
        assert_eq!(children.unheard()[0].pid, 5);
    }
}
