//! The methods of the guest protocol, by number.

mod about;
mod exec;
mod machine;

use crate::core::Core;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::Subject;
use hearth_wire::fields::{FieldWriter, Fields};

pub const HELLO: u16 = 1;

/// What becomes of a request.
pub enum Answer {
    /// The stream is over.
    Reply(FieldWriter),
    /// The stream stays open.
    Stream(Subject),
    /// The session is over.
    LastWord(FieldWriter),
}

/// Answers a request. Events may be sent before the answer.
pub fn answer(
    core: &mut Core,
    stream: u32,
    method: u16,
    fields: &Fields<'_>,
    out: &mut Outbox,
) -> Result<Answer, Refusal> {
    match method {
        HELLO => about::hello(core, fields).map(Answer::Reply),
        4 => machine::quiesce(core, fields).map(Answer::LastWord),
        5 => machine::thaw(core, fields).map(Answer::Reply),
        10 => exec::exec(core, stream, fields, out),
        11 => exec::attach(core, stream, fields, out),
        12 => exec::signal(core, fields).map(Answer::Reply),
        13 => exec::resize(core, fields).map(Answer::Reply),
        14 => Ok(Answer::Reply(core.execs.list())),
        33 => machine::shutdown(core, fields).map(Answer::Reply),
        _ => Err(Refusal::new(Code::Unsupported, format!("this agent knows no method {method}"))),
    }
}
