//! The parent of every VMM process of one Hearth home (docs/launcher-protocol.md).

#![deny(unsafe_op_in_unsafe_fn, unused_must_use, unused, rust_2018_idioms)]

mod args;
mod cancel;
mod client;
mod dispatch;
mod failure;
mod fields;
mod files;
mod home;
mod jobs;
mod memory;
mod message;
mod process;
mod request;
mod server;
mod sys;

use failure::{Failure, Outcome};
use home::Start;
use std::io::Write;
use std::process::ExitCode;

const USAGE_EXIT: u8 = 2;
/// Another launcher has this home, and it listens.
const TAKEN_EXIT: u8 = 3;

fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os().skip(1)) {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("hearth-launcher: {problem}\n{}", args::USAGE);
            return ExitCode::from(USAGE_EXIT);
        }
    };
    match run(&args) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("hearth-launcher: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &args::Args) -> Outcome<ExitCode> {
    sys::be_a_daemon();
    let (home, listener) = match home::become_launcher(&args.lock, &args.socket)? {
        Start::First(home, listener) => (home, listener),
        Start::Taken => return Ok(ExitCode::from(TAKEN_EXIT)),
    };
    let failed = |e: std::io::Error| Failure::io("the event loop", &e);
    let mut server = server::Server::new(listener, args.idle_exit).map_err(failed)?;
    tell_ready()?;
    server.run().map_err(failed)?;
    home.leave()?;
    Ok(ExitCode::SUCCESS)
}

/// One line on stdout, then no stdout any more: whoever waits for it gets the end of file.
fn tell_ready() -> Outcome<()> {
    let mut stdout = std::io::stdout();
    let said = stdout.write_all(b"ready\n").and_then(|()| stdout.flush());
    sys::close_stdout();
    said.or_else(|error| match error.kind() {
        // Nobody waits any more; clients can come all the same.
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::io("stdout", &error)),
    })
}
