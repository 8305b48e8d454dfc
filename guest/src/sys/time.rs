//! Clocks.

use super::check;
use std::io::Result;

fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is writable; these clocks always exist.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time
}

/// Milliseconds on a clock that nobody steps; it stands still while the machine is frozen in a snapshot.
pub fn now_ms() -> u64 {
    let time = read(libc::CLOCK_MONOTONIC);
    time.tv_sec as u64 * 1_000 + time.tv_nsec as u64 / 1_000_000
}

/// Nanoseconds since 1970.
pub fn wall_clock_ns() -> i64 {
    let time = read(libc::CLOCK_REALTIME);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Milliseconds since 1970.
pub fn wall_clock_ms() -> u64 {
    (wall_clock_ns() / 1_000_000).max(0) as u64
}

/// Steps the wall clock.
pub fn set_wall_clock_ns(ns: i64) -> Result<()> {
    let time = libc::timespec { tv_sec: ns.div_euclid(1_000_000_000), tv_nsec: ns.rem_euclid(1_000_000_000) };
    // SAFETY: the structure is readable.
    check(unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &time) })?;
    Ok(())
}
