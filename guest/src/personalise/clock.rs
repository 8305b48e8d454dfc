//! The wall clock, which stood still while the machine was a file.

use super::receipt::{at, Proof, Proven, NO_KERNEL};
use crate::refusal::Refusal;
use crate::sys::time;
use crate::system::System;

/// Closer than this is left alone: what the message took on its way.
const TOLERANCE_NS: i64 = 50_000_000;

/// Checks field `tag`, nanoseconds since 1970.
pub fn wall_clock(tag: u8, ns: i64) -> Result<i64, Refusal> {
    if ns >= 0 {
        return Ok(ns);
    }
    Err(Refusal::invalid(format!("field {tag} (wallClockNs) is {ns}, a time before 1970")))
}

/// Evidence: how far off the clock was and what it says now, in ms.
pub fn apply(ns: i64, system: &System) -> Proven {
    if !system.kernel {
        return NO_KERNEL;
    }
    let off_ns = time::wall_clock_ns().saturating_sub(ns);
    if must_step(off_ns) {
        at("set the clock", time::set_wall_clock_ns(ns))?;
    }
    Ok(Proof::Done(format!("{} {}", off_ns / 1_000_000, time::wall_clock_ms())))
}

fn must_step(off_ns: i64) -> bool {
    off_ns.saturating_abs() > TOLERANCE_NS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_only_past_the_tolerance() {
        const HOUR_NS: i64 = 3_600_000_000_000;
        for off_ns in [-75 * HOUR_NS, HOUR_NS, TOLERANCE_NS + 1, i64::MIN, i64::MAX] {
            assert!(must_step(off_ns), "{off_ns}");
        }
        for off_ns in [0, TOLERANCE_NS, -TOLERANCE_NS] {
            assert!(!must_step(off_ns), "{off_ns}");
        }
    }

    #[test]
    fn no_time_is_before_1970() {
        assert!(wall_clock(3, -1).is_err());
        assert_eq!(wall_clock(3, 0), Ok(0));
    }
}
