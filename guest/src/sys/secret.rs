//! Secrets in memory: overwritten so that the compiler cannot leave it out, compared in constant time.

/// Overwrites `bytes`.
pub fn wipe(bytes: &mut [u8]) {
    for byte in bytes {
        // SAFETY: a valid, aligned byte of ours.
        unsafe { std::ptr::write_volatile(byte, 0) };
    }
}

/// Says whether both are the same; the time it takes depends on their lengths only.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
    // SAFETY: a valid, aligned byte of ours. Volatile: the loop must not stop at the first difference.
    let differences = unsafe { std::ptr::read_volatile(&differences) };
    differences == 0 && a.len() == b.len()
}
