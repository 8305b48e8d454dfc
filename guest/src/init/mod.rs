//! PID 1 of a machine: brings the system up, serves the host, brings the system down.

mod modules;
mod mounts;
mod shutdown;

use crate::agent::{self, Ending};
use crate::console::{say, Console};
use crate::core::Core;
use crate::freezer::{Freezer, USER_CGROUP};
use crate::link::transport::{find_virtio_port, VirtioPort};
use crate::sys::kernel::{self, Power};
use crate::sys::netif::Interface;
use crate::sys::poll::Poll;
use crate::sys::signals::Signals;
use crate::system::System;
use std::fs;
use std::io::{Error, Result};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

const DEVICE_DEADLINE_MS: u64 = 20_000;
/// A kernel that hears when the machine was cloned (vmgenid). Without it the event means nothing to anybody, and handling
/// it would cost every clone five milliseconds of interpreted firmware code.
const GENERATION_DRIVER: &str = "/sys/bus/acpi/drivers/vmgenid";
/// Where QEMU's PC reports it (ACPI_VMGENID_CHANGE_STATUS in hw/acpi).
const GENERATION_EVENT: &str = "/sys/firmware/acpi/interrupts/gpe05";
const DEFAULT_PORT: &str = "hearth.agent";
const DEFAULT_HOST_NAME: &str = "hearth";

/// Never returns in a machine: PID 1 ends with it.
pub fn run() -> ExitCode {
    let power = match serve() {
        Ok(power) => power,
        Err(error) => {
            say(&format!("cannot go on, the machine is switched off: {error}"));
            Power::Off
        }
    };
    say(&format!("end: {}", shutdown::now(power)));
    ExitCode::FAILURE
}

fn serve() -> Result<Power> {
    let signals = agent::block_signals()?;
    mounts::first()?;
    modules::load_all()?;
    mounts::enter_root(DEVICE_DEADLINE_MS)?;
    let port = bring_up()?;
    let poll = Rc::new(Poll::new()?);
    let mut core = Core::new(poll.clone(), System::of_init(), freezer(), console(&poll))?;
    let power = serve_port(&mut core, &port, &signals)?;
    shutdown::end_processes(&mut core, &signals)?;
    Ok(power)
}

fn serve_port(core: &mut Core, name: &str, signals: &Signals) -> Result<Power> {
    let path = find_virtio_port(name, DEVICE_DEADLINE_MS)?;
    let port = VirtioPort::open(&path)
        .map_err(|error| Error::new(error.kind(), format!("open {}: {error}", path.display())))?;
    match agent::run(core, Box::new(port), signals)? {
        Ending::Shutdown(power) => Ok(power),
        Ending::Service => Ok(Power::Off),
    }
}

/// Loopback, host name, Ctrl-Alt-Del. Returns the name of the virtio port.
fn bring_up() -> Result<String> {
    note("lo", Interface::open("lo").and_then(|lo| lo.set_up(true)));
    let name = fs::read_to_string("/etc/hostname").unwrap_or_default();
    let name = name.lines().next().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(DEFAULT_HOST_NAME);
    // Before anything else, the kernel kills what a user started; never PID 1.
    note("oom_score_adj", fs::write("/proc/self/oom_score_adj", "100"));
    if !Path::new(GENERATION_DRIVER).exists() {
        note(GENERATION_EVENT, fs::write(GENERATION_EVENT, "mask\n"));
    }
    note("groups", kernel::join_root_group());
    note("host name", kernel::set_host_name(name));
    note("ctrl-alt-del", kernel::catch_ctrl_alt_del());
    let line = fs::read_to_string("/proc/cmdline")?;
    Ok(port_name(&line).into())
}

fn freezer() -> Freezer {
    Freezer::open(USER_CGROUP).unwrap_or_else(|error| {
        say(&format!("{USER_CGROUP}: {error}; user processes cannot be frozen"));
        Freezer::none()
    })
}

fn console(poll: &Poll) -> Console {
    Console::open("/dev/console", poll).unwrap_or_else(|error| {
        say(&format!("/dev/console: {error}; output is not copied"));
        Console::none()
    })
}

/// The value of `hearth.port=` on the kernel's command line.
fn port_name(line: &str) -> &str {
    line.split_whitespace().find_map(|word| word.strip_prefix("hearth.port=")).unwrap_or(DEFAULT_PORT)
}

/// Says what failed; the machine comes up all the same.
fn note(what: &str, result: Result<()>) {
    if let Err(error) = result {
        say(&format!("{what}: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_port_on_the_kernels_command_line() {
        assert_eq!(port_name("quiet hearth.port=org.example.0 panic=-1\n"), "org.example.0");
        assert_eq!(port_name("quiet\n"), DEFAULT_PORT);
    }
}
