//! The guest agent: what runs inside a machine and does what the host asks (docs/guest-protocol.md).

#![deny(unsafe_op_in_unsafe_fn, unused, unused_must_use, rust_2018_idioms)]

mod agent;
mod base64;
mod cli;
mod console;
mod core;
mod devices;
mod dial;
mod exec;
mod files;
mod freezer;
mod init;
mod link;
mod methods;
mod metrics;
#[cfg(test)]
mod numbers;
mod personalise;
mod ports;
mod quiesce;
mod refusal;
#[cfg(test)]
mod scratch;
mod service;
mod streams;
mod sys;
mod system;
mod token;
mod vault;
#[cfg(test)]
mod vectors_test;

use std::process::ExitCode;

const EXIT_FAILED: u8 = 1;
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    sys::io::mask_no_modes();
    let args: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    match cli::parse(std::process::id() == 1, &args) {
        Ok(cli::Command::Init) => init::run(),
        Ok(cli::Command::Serve(service)) => match service::run(service) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                console::say(&error.to_string());
                ExitCode::from(EXIT_FAILED)
            }
        },
        Err(wrong) => {
            eprint!("hearth-guest: {wrong}\n{}", cli::USAGE);
            ExitCode::from(EXIT_USAGE)
        }
    }
}
