//! IDENTIFY: right after a restore, before any user process runs again.

use super::network::Network;
use super::receipt::{at, Proof, Proven, Receipt};
use super::{clock, entropy, machine_id, place, ssh_keys};
use crate::core::Core;
use crate::refusal::Refusal;
use crate::system::System;
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs;

/// Does it all, in order. What failed is said in the receipt; only a wrong request is refused as a whole.
pub fn identify(core: &mut Core, fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let generation = fields.u64(1)?;
    let seed = entropy::seed(2, fields.bytes(2)?)?;
    let wall_clock_ns = clock::wall_clock(3, fields.i64(3)?)?;
    let id = machine_id::id(4, fields.text(4)?)?;
    let keys = fields.fields_list(5).map(|key| ssh_keys::key(&key?)).collect::<Result<Vec<_>, _>>()?;
    let network = Network::parse(fields)?;

    core.end_holds();
    let system = &core.system;
    let mut receipt = Receipt::default();
    receipt.add("entropy", entropy::apply(seed, system));
    receipt.add("clock", clock::apply(wall_clock_ns, system));
    receipt.add("machine_id", machine_id::apply(id, system));
    receipt.add("ssh_host_keys", ssh_keys::apply(&keys, system));
    receipt.add("mac", network.apply_mac(system));
    receipt.add("address", network.apply_address(system));
    core.gateway = network.gateway();
    core.generation = generation;
    receipt.add("generation", write_generation(generation, system));
    Ok(receipt.into_fields())
}

/// Evidence: the number as it is read.
fn write_generation(generation: u64, system: &System) -> Proven {
    let directory = system.path("/run/hearth");
    let path = directory.join("generation");
    at("/run/hearth", place::directories(&directory))?;
    at("/run/hearth/generation", place::write(&path, format!("{generation}\n").as_bytes(), 0o444))?;
    let read = at("/run/hearth/generation", fs::read_to_string(&path))?;
    Ok(Proof::Done(read.trim_end().to_owned()))
}
