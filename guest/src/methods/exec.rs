//! EXEC, ATTACH, SIGNAL, RESIZE.

use super::Answer;
use crate::core::Core;
use crate::exec::request::{terminal_side, AttachRequest, ExecRequest};
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::Subject;
use hearth_wire::fields::{FieldWriter, Fields};

const MAX_SIGNAL: u64 = 64;

pub fn exec(core: &mut Core, stream: u32, fields: &Fields<'_>, out: &mut Outbox) -> Result<Answer, Refusal> {
    core.freezer.check_thawed()?;
    let request = ExecRequest::parse(fields)?;
    let shared = [core.vault.env(), core.vault.secrets()];
    let context = (&core.system, core.freezer.cgroup(), &*core.poll);
    let id = core.execs.start(stream, request, shared, context, out)?;
    Ok(Answer::Stream(Subject::Exec(id)))
}

pub fn attach(core: &mut Core, stream: u32, fields: &Fields<'_>, out: &mut Outbox) -> Result<Answer, Refusal> {
    let request = AttachRequest::parse(fields)?;
    let (id, lost) = core.execs.attach(stream, &request, out)?;
    if let Some(other) = lost {
        core.session.streams.close(other);
        out.error(other, &Refusal::new(Code::Busy, "another stream attached to the process"));
    }
    Ok(Answer::Stream(Subject::Exec(id)))
}

pub fn signal(core: &mut Core, fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let signal = match fields.u64(2)? {
        signal @ 1..=MAX_SIGNAL => signal as i32,
        signal => return Err(Refusal::invalid(format!("field 2 is {signal}, signals are 1 to {MAX_SIGNAL}"))),
    };
    core.execs.find(fields.u64(1)?)?.signal(signal)?;
    Ok(FieldWriter::new())
}

pub fn resize(core: &mut Core, fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let (cols, rows) = (terminal_side(fields.u64(2)?, 2)?, terminal_side(fields.u64(3)?, 3)?);
    core.execs.find(fields.u64(1)?)?.resize(cols, rows)?;
    Ok(FieldWriter::new())
}
