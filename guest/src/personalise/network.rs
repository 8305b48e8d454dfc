//! Address, hardware address and link of the one network interface.

/// The interface that is personalised.
pub const INTERFACE: &str = "eth0";
