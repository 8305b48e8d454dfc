//! Service mode: the agent as an ordinary process of a system that has an init of its own.

use crate::agent;
use crate::cli::{Reach, Service};
use crate::console::Console;
use crate::core::Core;
use crate::freezer::Freezer;
use crate::link::transport::{Inherited, Transport, VirtioPort};
use crate::sys::poll::Poll;
use crate::system::System;
use std::io::Result;
use std::rc::Rc;

/// Serves until the stream ends for good, or a signal ends the service.
pub fn run(service: Service) -> Result<()> {
    let transport: Box<dyn Transport> = match service.reach {
        Reach::Device(path) => Box::new(VirtioPort::open(&path)?),
        Reach::Inherited(fd) => Box::new(Inherited::open(fd)?),
    };
    let signals = agent::block_signals()?;
    let freezer = service.cgroup.map_or_else(|| Ok(Freezer::none()), |path| Freezer::open(&path))?;
    let poll = Rc::new(Poll::new()?);
    let system = System::of_service(service.root, service.kernel);
    let mut core = Core::new(poll, system, freezer, Console::none())?;
    agent::run(&mut core, transport, &signals)?;
    core.execs.end_all()
}
