//! The memory of children, and memory files.

pub mod capture;
pub mod compare;
pub mod maps;
pub mod memfds;
pub mod pagemap;
pub mod remote;
