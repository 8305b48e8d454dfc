//! What the guest says of itself.

use crate::core::Core;
use crate::personalise::network::INTERFACE;
use crate::refusal::{Code, Refusal};
use crate::sys::netif::Interface;
use crate::sys::{kernel, time};
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs;

const PROTOCOL: u64 = 1;

/// HELLO: opens the session, when the token is right.
pub fn hello(core: &mut Core, fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    if !core.vault.opens(fields.optional_bytes(1)?) {
        return Err(Refusal::new(Code::Unauthorized, "the token is missing or wrong"));
    }
    let names = kernel::uname().map_err(|error| Refusal::system("uname", &error))?;
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_err(|error| Refusal::system("read the boot id", &error))?;
    let mut reply = FieldWriter::new();
    reply.u64(1, PROTOCOL).text(2, env!("CARGO_PKG_VERSION"));
    for capability in capabilities(core) {
        reply.text(3, capability);
    }
    reply.text(4, boot_id.trim_end()).text(5, &names.release).flag(6, core.system.init);
    reply.u64(7, core.generation).u64(8, time::now_ms());
    core.session.introduced = true;
    Ok(reply)
}

fn capabilities(core: &Core) -> impl Iterator<Item = &'static str> {
    let network = core.system.kernel && Interface::open(INTERFACE).is_ok();
    let all = [
        ("pty", fs::metadata("/dev/ptmx").is_ok()),
        ("watch", true),
        ("freeze", core.freezer.is_able()),
        ("dial", true),
        ("xattr", true),
        ("network", network),
        ("hooks", true),
    ];
    all.into_iter().filter(|capability| capability.1).map(|capability| capability.0)
}
