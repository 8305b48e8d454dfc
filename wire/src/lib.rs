//! What the guest agent and the launcher have in common on the wire: lists of fields, and SHA-256.

#![deny(missing_docs, unsafe_op_in_unsafe_fn, unused_must_use, unused, rust_2018_idioms)]

pub mod fields;
pub mod hex;
pub mod sha256;
#[cfg(target_arch = "x86_64")]
mod sha256_x86;
