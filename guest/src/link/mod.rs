//! The byte stream to the host: transport, handshake, frames in and out, credit.
pub mod credit;
pub mod frames;
pub mod handshake;
pub mod host;
pub mod inbox;
pub mod outbox;
pub mod transport;
