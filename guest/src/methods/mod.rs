//! The methods of the guest protocol, by number.

mod about;
mod exec;
mod files;
mod machine;

use crate::core::Core;
use crate::dial::Dial;
use crate::link::outbox::Outbox;
use crate::metrics::metrics;
use crate::personalise::assign::assign;
use crate::personalise::identify::identify;
use crate::ports::ports;
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
        2 => identify(core, fields).map(Answer::Reply),
        3 => assign(core, stream, fields),
        4 => machine::quiesce(core, fields).map(Answer::LastWord),
        5 => machine::thaw(core, fields).map(Answer::Reply),
        10 => exec::exec(core, stream, fields, out),
        11 => exec::attach(core, stream, fields, out),
        12 => exec::signal(core, fields).map(Answer::Reply),
        13 => exec::resize(core, fields).map(Answer::Reply),
        14 => Ok(Answer::Reply(core.execs.list())),
        method if files::METHODS.contains(&method) => files::answer(core, stream, method, fields, out),
        30 => Ok(Answer::Stream(Subject::Own(Box::new(Dial::start(stream, fields, &core.poll)?)))),
        31 => ports().map(Answer::Reply),
        32 => metrics().map(Answer::Reply),
        33 => machine::shutdown(core, fields).map(Answer::Reply),
        _ => Err(Refusal::new(Code::Unsupported, format!("this agent knows no method {method}"))),
    }
}
