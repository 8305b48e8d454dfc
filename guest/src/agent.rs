//! The event loop: one thread, one epoll, a slice for everybody in turn.

use crate::core::Core;
use crate::link::host::Link;
use crate::link::transport::Transport;
use crate::sys::kernel::Power;
use crate::sys::poll::{Poll, Ready};
use crate::sys::signals::Signals;
use crate::sys::time;
use crate::token::Owner;
use std::io::Result;
use std::os::unix::io::AsRawFd;
use std::rc::Rc;

/// How long a last answer may take to get out.
const LAST_WORD_MS: u64 = 1_000;

/// Signals that end a machine, from busybox (`halt`, `poweroff`, `reboot`), systemd's tools and Ctrl-Alt-Del.
const SIGNALS: [i32; 9] =
    [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT, libc::SIGUSR1, libc::SIGUSR2, libc::SIGHUP, 37, 38, 39];

/// Blocks the signals that `run` reads; to be called before anything is started.
pub fn block_signals() -> Result<Signals> {
    Signals::block(&SIGNALS)
}

/// Why the loop ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending {
    /// The machine shall end.
    Shutdown(Power),
    /// The host's stream ended for good, or a signal ended the service.
    Service,
}

/// Serves the host until the machine or the service ends.
pub fn run(core: &mut Core, transport: Box<dyn Transport>, signals: &Signals) -> Result<Ending> {
    let poll: Rc<Poll> = core.poll.clone();
    poll.add(transport.descriptor(), Owner::Link.token())?;
    poll.add(signals.as_raw_fd(), Owner::Signals.token())?;
    let mut link = Link::new(transport);
    // What came before the descriptor was watched is told by no event.
    link.ready(true, true);
    let mut again = true;
    let mut last_word_until = None;
    loop {
        let timeout = if again { Some(0) } else { until(core.deadline_ms().into_iter().chain(last_word_until).min()) };
        let mut signalled = false;
        poll.wait(timeout, |ready| signalled |= note(&mut link, core, ready))?;
        if signalled {
            if let Some(ending) = obey_signals(core, signals)? {
                return Ok(ending);
            }
        }
        core.expire(time::now_ms());
        again = link.receive(core)?;
        again |= core.turn(&mut link.out);
        let was_full = link.out.is_full();
        link.flush()?;
        // Whoever stood back because the host was slow gets a turn.
        again |= was_full && !link.out.is_full();
        if link.is_over() {
            return Ok(Ending::Service);
        }
        if let Some(power) = core.shutdown {
            let until = *last_word_until.get_or_insert_with(|| time::now_ms() + LAST_WORD_MS);
            if link.is_flushed() || time::now_ms() >= until {
                return Ok(Ending::Shutdown(power));
            }
        }
    }
}

fn until(deadline_ms: Option<u64>) -> Option<u64> {
    deadline_ms.map(|at| at.saturating_sub(time::now_ms()))
}

/// Remembers what is ready; true for a signal.
fn note(link: &mut Link, core: &mut Core, ready: Ready) -> bool {
    match Owner::of(ready.token) {
        Some(Owner::Link) => link.ready(ready.read, ready.write),
        Some(Owner::Signals) => return true,
        _ => core.ready(ready),
    }
    false
}

fn obey_signals(core: &mut Core, signals: &Signals) -> Result<Option<Ending>> {
    while let Some(signal) = signals.next() {
        let power = match signal {
            libc::SIGCHLD => {
                core.reap()?;
                continue;
            }
            libc::SIGHUP => continue,
            libc::SIGTERM | libc::SIGINT | 39 => Power::Reboot,
            _ => Power::Off,
        };
        return Ok(Some(if core.system.init { Ending::Shutdown(power) } else { Ending::Service }));
    }
    Ok(None)
}
