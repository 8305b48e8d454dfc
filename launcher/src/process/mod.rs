//! Starting, watching and ending processes.

pub mod children;
pub mod descriptors;
pub mod exec;
pub mod loopback;
pub mod proc_stat;
pub mod spawn;
