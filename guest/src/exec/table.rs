//! All processes that the host started.

use super::environment;
use super::launch;
use super::process::{Attachment, Exec, HOLD_MS};
use super::request::{AttachRequest, ExecRequest};
use super::users;
use crate::console::Console;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::streams::Obeyed;
use crate::sys::poll::Poll;
use crate::sys::process::Exit;
use crate::sys::spawn::Spawner;
use crate::sys::time;
use crate::system::System;
use crate::token::ExecPart;
use hearth_wire::fields::FieldWriter;
use std::ffi::CString;
use std::os::unix::io::BorrowedFd;

/// Most processes that are known at once, ended ones included.
const MAX_EXECS: usize = 512;

/// The event that opens every stream of a process.
pub const EVENT_STARTED: u16 = 1;

/// Processes by id, oldest first.
pub struct ExecTable {
    execs: Vec<Exec>,
    last_id: u32,
    /// Whose turn it is first.
    first: usize,
    spawner: Spawner,
}

impl ExecTable {
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { execs: Vec::new(), last_id: 0, first: 0, spawner: Spawner::new()? })
    }

    /// Starts a process for `stream`. Returns its id; its output follows.
    pub fn start(
        &mut self,
        stream: u32,
        request: ExecRequest,
        shared_env: [&[CString]; 2],
        context: (&System, Option<BorrowedFd<'_>>, &Poll),
        out: &mut Outbox,
    ) -> Result<u32, Refusal> {
        self.make_room()?;
        let (system, cgroup, poll) = context;
        let user = users::find(request.user.as_deref(), system)?;
        let layers = [shared_env[0], shared_env[1], &request.env];
        let env = environment::build(&user, request.terminal.is_some(), &layers);
        let launched = launch::launch(&mut self.spawner, &request, &user, &env, cgroup);
        environment::wipe(env);
        let id = self.last_id + 1;
        let exec = Exec::new(id, launched?, request, stream, poll)
            .map_err(|error| Refusal::system("watch the process", &error))?;
        self.last_id = id;
        out.event(stream, EVENT_STARTED, &exec.started([0, 0]));
        self.execs.push(exec);
        Ok(id)
    }

    /// Starts programs; one at a time, on one stack.
    pub fn spawner(&mut self) -> &mut Spawner {
        &mut self.spawner
    }

    /// Attaches `stream` to a process. Returns its id and the stream that lost it.
    pub fn attach(
        &mut self,
        stream: u32,
        request: &AttachRequest,
        out: &mut Outbox,
    ) -> Result<(u32, Option<u32>), Refusal> {
        let wanted = |exec: &&mut Exec| match (request.exec_id, &request.tag) {
            (Some(id), _) => u64::from(exec.id) == id,
            (None, tag) => exec.tag.is_some() && exec.tag == *tag,
        };
        // The newest first: a tag may have been used before.
        let found = self.execs.iter_mut().rev().find(wanted);
        let exec = found.ok_or_else(|| Refusal::new(Code::NotFound, "there is no such exec"))?;
        let before = exec.attachment;
        let starts = exec.attach(stream, request.from)?;
        exec.on_close = request.on_close.unwrap_or(exec.on_close);
        out.event(stream, EVENT_STARTED, &exec.started(starts));
        let lost = match before {
            Attachment::Stream(other) => Some(other),
            _ => None,
        };
        Ok((exec.id, lost))
    }

    /// EXECS; the oldest are left out when the answer would not fit a frame.
    pub fn list(&self) -> FieldWriter {
        const ROOM_BYTES: usize = 200_000;
        let mut infos = Vec::new();
        let mut bytes = 0;
        for exec in self.execs.iter().rev() {
            let info = exec.info();
            bytes += info.as_bytes().len() + 5;
            if bytes > ROOM_BYTES {
                break;
            }
            infos.push(info);
        }
        let mut fields = FieldWriter::new();
        for info in infos.iter().rev() {
            fields.fields(1, info);
        }
        fields
    }

    pub fn find(&mut self, id: u64) -> Result<&mut Exec, Refusal> {
        let found = self.execs.iter_mut().find(|exec| u64::from(exec.id) == id);
        found.ok_or_else(|| Refusal::new(Code::NotFound, format!("there is no exec {id}")))
    }

    pub fn data(&mut self, id: u32, channel: u8, bytes: &[u8]) -> Obeyed {
        check_channel(channel)?;
        match self.by_id(id).and_then(Exec::input) {
            Some(input) => input.data(bytes),
            None => Ok(()),
        }
    }

    pub fn end(&mut self, id: u32, channel: u8) -> Obeyed {
        check_channel(channel)?;
        if let Some(input) = self.by_id(id).and_then(Exec::input) {
            input.end();
        }
        Ok(())
    }

    pub fn credit(&mut self, id: u32, channel: u8, bytes: u32) -> Obeyed {
        let fits = self.by_id(id).map_or(true, |exec| exec.returned(channel, bytes));
        fits.then_some(()).ok_or("CREDIT for more than was sent")
    }

    pub fn ready(&mut self, id: u32, part: ExecPart, read: bool, write: bool) {
        if let Some(exec) = self.by_id(id) {
            exec.ready(part, read, write);
        }
    }

    /// The host lets go of a process.
    pub fn close(&mut self, id: u32) -> std::io::Result<()> {
        self.by_id(id).map_or(Ok(()), |exec| exec.close(time::now_ms()))
    }

    /// The session is over: processes wait for the next one.
    pub fn hold(&mut self, id: u32) {
        if let Some(exec) = self.by_id(id) {
            exec.attachment = Attachment::Held { until_ms: time::now_ms() + HOLD_MS };
        }
    }

    /// Nobody comes back for what is held.
    pub fn end_holds(&mut self) -> std::io::Result<()> {
        self.close_all(|exec| matches!(exec.attachment, Attachment::Held { .. }))
    }

    /// The agent ends: whatever would not outlive its stream does not outlive the agent.
    pub fn end_all(&mut self) -> std::io::Result<()> {
        self.close_all(|_| true)
    }

    /// Closes every process that `chosen` chooses, also when one of them makes trouble.
    fn close_all(&mut self, chosen: impl Fn(&Exec) -> bool) -> std::io::Result<()> {
        let now = time::now_ms();
        let chosen = self.execs.iter_mut().filter(|exec| chosen(exec));
        chosen.map(|exec| exec.close(now)).fold(Ok(()), std::io::Result::and)
    }

    /// A slice for every process. Returns whether there is more to do at once; `over` is told every stream that ended.
    pub fn turn(&mut self, out: &mut Outbox, console: &mut Console, mut over: impl FnMut(u32)) -> bool {
        let now = time::now_ms();
        let mut again = false;
        self.first = (self.first + 1) % self.execs.len().max(1);
        let (later, sooner) = self.execs.split_at_mut(self.first);
        for exec in sooner.iter_mut().chain(later) {
            let (more, finished) = exec.turn(out, console, now);
            again |= more;
            finished.into_iter().for_each(&mut over);
        }
        again
    }

    /// A child ended and is about to be reaped.
    pub fn about_to_be_reaped(&mut self, pid: i32) -> std::io::Result<()> {
        self.by_pid(pid).map_or(Ok(()), |exec| exec.about_to_be_reaped())
    }

    /// A child was reaped.
    pub fn ended(&mut self, pid: i32, exit: Exit) {
        if let Some(exec) = self.by_pid(pid) {
            exec.ended(exit, time::now_ms());
        }
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        self.execs.iter().filter_map(Exec::deadline_ms).min()
    }

    /// Does what is due.
    pub fn expire(&mut self, now_ms: u64) -> std::io::Result<()> {
        let mut result = Ok(());
        self.execs.retain_mut(|exec| match exec.expire(now_ms) {
            Ok(forget) => !forget,
            Err(error) => {
                result = Err(error);
                true
            }
        });
        result
    }

    /// Forgets the longest ended process nobody reads when there are too many.
    fn make_room(&mut self) -> Result<(), Refusal> {
        if self.execs.len() < MAX_EXECS {
            return Ok(());
        }
        let old = self.execs.iter().position(|e| e.exit.is_some() && e.attachment == Attachment::Nobody);
        match old {
            Some(at) => drop(self.execs.remove(at)),
            None => return Err(Refusal::new(Code::Limit, format!("{MAX_EXECS} processes run, no more are allowed"))),
        }
        Ok(())
    }

    fn by_id(&mut self, id: u32) -> Option<&mut Exec> {
        self.execs.iter_mut().find(|exec| exec.id == id)
    }

    fn by_pid(&mut self, pid: i32) -> Option<&mut Exec> {
        self.execs.iter_mut().find(|exec| exec.pid == pid && exec.exit.is_none())
    }
}

fn check_channel(channel: u8) -> Obeyed {
    if channel == 0 {
        return Ok(());
    }
    Err("hosts send on channel 0 only")
}
