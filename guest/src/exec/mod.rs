//! Processes that the host starts, and their streams.

pub mod environment;
mod input;
pub mod launch;
mod output;
mod process;
pub mod request;
mod ring;
pub mod table;
pub mod users;
