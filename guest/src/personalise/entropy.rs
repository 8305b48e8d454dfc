//! Randomness of its own: without it, every clone draws the same keys.

use super::receipt::{at, Proof, Proven, NO_KERNEL};
use crate::refusal::Refusal;
use crate::sys::entropy::{add, draw, MAX_SEED_BYTES};
use crate::system::System;
use hearth_wire::hex;

const MIN_SEED_BYTES: usize = 32;

/// Checks field `tag`, the seed.
pub fn seed(tag: u8, seed: &[u8]) -> Result<&[u8], Refusal> {
    if (MIN_SEED_BYTES..=MAX_SEED_BYTES).contains(&seed.len()) {
        return Ok(seed);
    }
    let allowed = format!("allowed are {MIN_SEED_BYTES} to {MAX_SEED_BYTES}");
    Err(Refusal::invalid(format!("field {tag} (entropy) has {} bytes, {allowed}", seed.len())))
}

/// Evidence: 16 bytes drawn afterwards.
pub fn apply(seed: &[u8], system: &System) -> Proven {
    if !system.kernel {
        return NO_KERNEL;
    }
    at("add entropy", add(seed))?;
    let drawn = at("draw random bytes", draw::<16>())?;
    Ok(Proof::Done(hex::encode(&drawn)))
}
