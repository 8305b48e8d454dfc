//! What makes a clone somebody of its own. Everything is read back after the change and proven in a receipt.

pub mod assign;
mod clock;
mod entropy;
mod files;
mod hook_run;
pub mod hooks;
mod hostname;
pub mod identify;
mod machine_id;
#[cfg(test)]
mod mutation_test;
pub mod network;
mod place;
mod receipt;
mod ssh_keys;
