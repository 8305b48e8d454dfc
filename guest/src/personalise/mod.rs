//! What makes a clone somebody of its own.
pub mod network;
