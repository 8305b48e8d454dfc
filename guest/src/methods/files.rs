//! The methods on files and directories.

use super::Answer;
use crate::core::Core;
use crate::files;
use crate::files::watch::Watch;
use crate::link::outbox::Outbox;
use crate::refusal::Refusal;
use crate::streams::Subject;
use hearth_wire::fields::Fields;

const STAT: u16 = 20;
const LIST: u16 = 21;
const READ: u16 = 22;
const WRITE: u16 = 23;
const MKDIR: u16 = 24;
const MOVE: u16 = 25;
const REMOVE: u16 = 26;
const GETXATTR: u16 = 27;
const SETXATTR: u16 = 28;

/// The methods that are answered here.
pub const METHODS: std::ops::RangeInclusive<u16> = STAT..=29;

pub fn answer(
    core: &mut Core,
    stream: u32,
    method: u16,
    fields: &Fields<'_>,
    out: &mut Outbox,
) -> Result<Answer, Refusal> {
    if matches!(method, WRITE | MKDIR | MOVE | REMOVE | SETXATTR) {
        core.freezer.check_thawed()?;
    }
    match method {
        STAT => files::stat(fields).map(Answer::Reply),
        LIST => Ok(Answer::Stream(Subject::Own(Box::new(files::List::start(fields)?)))),
        READ => Ok(Answer::Stream(Subject::Own(Box::new(files::Read::start(stream, fields, out)?)))),
        WRITE => core.writes.start(stream, fields, &core.system, out).map(|id| Answer::Stream(Subject::Write(id))),
        MKDIR => files::make_directory(fields).map(Answer::Reply),
        MOVE => files::move_path(fields).map(Answer::Reply),
        REMOVE => files::remove(fields),
        GETXATTR => files::get_xattr(fields).map(Answer::Reply),
        SETXATTR => files::set_xattr(fields).map(Answer::Reply),
        _ => Ok(Answer::Stream(Subject::Own(Box::new(Watch::start(stream, fields, &core.poll, out)?)))),
    }
}
