//! The launcher as its clients meet it: the real program, real processes, real files.

mod clients;
mod files;
mod home;
mod machine;
mod memory;
mod processes;
mod spawning;
mod support;
