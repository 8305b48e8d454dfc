//! Randomness of its own: without it, every clone draws the same keys.

use super::receipt::{at, Proof, Proven, NO_KERNEL};
use crate::refusal::Refusal;
use crate::sys::entropy::{add, draw, DEVICE, MAX_SEED_BYTES};
use crate::system::System;
use hearth_wire::hex;
use std::path::Path;

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
    reseed(Path::new(DEVICE), seed)
}

fn reseed(device: &Path, seed: &[u8]) -> Proven {
    at("add entropy", add(device, seed))?;
    let drawn = at("draw random bytes", draw::<16>())?;
    Ok(Proof::Done(hex::encode(&drawn)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personalise::receipt::{Receipt, Status};
    use crate::scratch::Scratch;

    #[test]
    fn a_kernel_that_refuses_is_a_failed_item() {
        let scratch = Scratch::new("entropy");
        let no_device = scratch.path().join("urandom");
        std::fs::write(&no_device, b"").unwrap();
        let proven = reseed(&no_device, &[7; 64]);
        assert!(
            matches!(&proven, Err(problem) if problem.starts_with("add entropy: Inappropriate ioctl")),
            "{proven:?}"
        );
        assert_eq!(std::fs::read(&no_device).unwrap(), b"", "nothing was written where it would count for nothing");
        let mut receipt = Receipt::default();
        receipt.put("clock", Status::Done, "0 1", "");
        receipt.add("entropy", proven);
        assert_eq!(receipt.first_failed(), Some("entropy"));
        assert!(reseed(&scratch.path().join("nothing"), &[7; 64]).is_err());
    }

    #[test]
    fn seeds_have_bounds() {
        for bytes in [0, 31, 513] {
            assert!(seed(2, &vec![7; bytes]).is_err(), "{bytes}");
        }
        assert!(seed(2, &[7; 32]).is_ok() && seed(2, &[7; 512]).is_ok());
    }
}
