//! Work on files: sparse copies, hashes, logs.

pub mod durable;
pub mod hash;
pub mod log;
pub mod regular;
pub mod sparse;
