//! Long work on threads. Results come back to the loop through an eventfd. Threads exist only while there is work.

use crate::cancel::Cancel;
use crate::failure::{Failure, Outcome};
use crate::sys;
use std::collections::VecDeque;
use std::os::unix::io::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// Work in the quick lane never waits behind work in the slow lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Somebody waits for it: captures, overlays, memory files.
    Quick,
    /// Reading whole files: hashes, comparisons, saving.
    Slow,
}

impl Lane {
    fn threads(self) -> usize {
        match self {
            Lane::Quick => 8,
            Lane::Slow => 4,
        }
    }
}

/// More than these are refused: somebody asks faster than the disk can answer.
const MOST_UNDER_WAY: usize = 4096;
const STACK_BYTES: usize = 256 * 1024;

/// Who asked for the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    pub client: u64,
    pub request: u32,
}

pub struct Done {
    pub asker: Asker,
    /// The fields of the reply.
    pub outcome: Outcome<Vec<u8>>,
}

type Work = Box<dyn FnOnce(&Cancel) -> Outcome<Vec<u8>> + Send>;

struct Job {
    asker: Asker,
    cancel: Cancel,
    work: Work,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Job>,
    threads: usize,
}

struct Shared {
    quick: Mutex<Queue>,
    slow: Mutex<Queue>,
    done: Mutex<Vec<Done>>,
    bell: OwnedFd,
}

pub struct Jobs {
    shared: Arc<Shared>,
    under_way: Vec<(Asker, Cancel)>,
}

impl Jobs {
    pub fn new() -> std::io::Result<Jobs> {
        let shared =
            Shared { quick: Mutex::default(), slow: Mutex::default(), done: Mutex::default(), bell: sys::eventfd()? };
        Ok(Jobs { shared: Arc::new(shared), under_way: Vec::new() })
    }

    /// Readable when `finished` has something to tell.
    pub fn bell_fd(&self) -> RawFd {
        self.shared.bell.as_raw_fd()
    }

    pub fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    pub fn start(
        &mut self,
        lane: Lane,
        asker: Asker,
        work: impl FnOnce(&Cancel) -> Outcome<Vec<u8>> + Send + 'static,
    ) -> Outcome<()> {
        if self.under_way.len() >= MOST_UNDER_WAY {
            return Err(Failure::new(libc::EAGAIN, format!("{MOST_UNDER_WAY} jobs are under way")));
        }
        let cancel = Cancel::default();
        let job = Job { asker, cancel: cancel.clone(), work: Box::new(work) };
        let mut queue = lock(self.shared.queue(lane));
        queue.waiting.push_back(job);
        if queue.threads < lane.threads() {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || run_all(&shared, lane));
            if let (Err(error), 0) = (&thread, queue.threads) {
                queue.waiting.pop_back();
                return Err(Failure::io("starting a thread", error));
            }
            queue.threads += usize::from(thread.is_ok());
        }
        drop(queue);
        self.under_way.push((asker, cancel));
        Ok(())
    }

    /// Asks one job to stop; its result still comes.
    pub fn cancel(&self, asker: Asker) {
        self.under_way.iter().filter(|(who, _)| *who == asker).for_each(|(_, cancel)| cancel.cancel());
    }

    /// Asks all jobs of a client that is gone to stop.
    pub fn cancel_client(&self, client: u64) {
        self.under_way.iter().filter(|(who, _)| who.client == client).for_each(|(_, cancel)| cancel.cancel());
    }

    pub fn finished(&mut self) -> Vec<Done> {
        sys::hush(self.bell_fd());
        let done = std::mem::take(&mut *lock(&self.shared.done));
        for one in &done {
            if let Some(at) = self.under_way.iter().position(|(asker, _)| *asker == one.asker) {
                self.under_way.swap_remove(at);
            }
        }
        done
    }
}

impl Shared {
    fn queue(&self, lane: Lane) -> &Mutex<Queue> {
        match lane {
            Lane::Quick => &self.quick,
            Lane::Slow => &self.slow,
        }
    }
}

fn run_all(shared: &Shared, lane: Lane) {
    loop {
        let job = {
            let mut queue = lock(shared.queue(lane));
            match queue.waiting.pop_front() {
                Some(job) => job,
                None => {
                    queue.threads -= 1;
                    return;
                }
            }
        };
        let outcome = job.cancel.check().and_then(|()| (job.work)(&job.cancel));
        lock(&shared.done).push(Done { asker: job.asker, outcome });
        sys::ring(shared.bell.as_raw_fd());
    }
}

/// A thread that panicked ends the launcher (panic = abort), so a poisoned lock is never met in a release build.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
