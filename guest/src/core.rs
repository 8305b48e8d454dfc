//! The agent without its link: the session, and everything that outlives sessions.

use crate::console::{say, Console};
use crate::exec::table::ExecTable;
use crate::files::write::WriteTable;
use crate::freezer::Freezer;
use crate::link::frames::Frame;
use crate::link::host::Listener;
use crate::link::outbox::Outbox;
use crate::methods;
use crate::personalise::hooks::Hooks;
use crate::quiesce::Syncer;
use crate::refusal::{Code, Refusal};
use crate::streams::{Obeyed, Streams, Subject};
use crate::sys::kernel::Power;
use crate::sys::poll::{Poll, Ready};
use crate::sys::process::{self, Children};
use crate::system::System;
use crate::token::Owner;
use crate::vault::Vault;
use hearth_wire::fields::Fields;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;

/// One conversation with a host.
#[derive(Default)]
pub struct Session {
    /// HELLO came, with the right token.
    pub introduced: bool,
    pub streams: Streams,
}

/// State of the agent.
pub struct Core {
    pub poll: Rc<Poll>,
    pub system: System,
    pub session: Session,
    pub execs: ExecTable,
    pub writes: WriteTable,
    pub vault: Vault,
    pub freezer: Freezer,
    pub syncer: Syncer,
    pub console: Console,
    /// What ASSIGN runs in the machine.
    pub hooks: Hooks,
    /// Counted by the host; says which clone this is.
    pub generation: u64,
    /// The way to everywhere, to be set again with the link.
    pub gateway: Option<Ipv4Addr>,
    /// The machine shall end.
    pub shutdown: Option<Power>,
    execs_first: bool,
}

impl Core {
    pub fn new(poll: Rc<Poll>, system: System, freezer: Freezer, console: Console) -> io::Result<Self> {
        Ok(Self {
            poll,
            system,
            session: Session::default(),
            execs: ExecTable::new()?,
            writes: WriteTable::default(),
            vault: Vault::default(),
            freezer,
            syncer: Syncer::new()?,
            console,
            hooks: Hooks::default(),
            generation: 0,
            gateway: None,
            shutdown: None,
            execs_first: false,
        })
    }

    /// A slice for everybody; true when there is more to do at once. Who comes first changes every time, else a few
    /// that always fill the outbox would leave nothing to the others.
    pub fn turn(&mut self, out: &mut Outbox) -> bool {
        self.execs_first = !self.execs_first;
        let mut again = self.console.turn();
        if !self.execs_first {
            again |= self.session.streams.turn(out);
        }
        let streams = &mut self.session.streams;
        again |= self.execs.turn(out, &mut self.console, |stream| drop(streams.close(stream)));
        self.writes.turn(out, |stream| drop(streams.close(stream)));
        let starter = (self.execs.spawner(), self.freezer.cgroup(), &*self.poll);
        again |= self.hooks.turn(out, starter, |stream| drop(streams.close(stream)));
        if self.execs_first {
            again |= streams.turn(out);
        }
        again
    }

    /// When something has to be done next, though nothing happens.
    pub fn deadline_ms(&self) -> Option<u64> {
        let mine =
            [self.execs.deadline_ms(), self.writes.deadline_ms(), self.freezer.deadline_ms(), self.hooks.deadline_ms()];
        mine.into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn expire(&mut self, now_ms: u64) {
        report("thaw", self.freezer.expire(now_ms));
        report("end a process", self.execs.expire(now_ms));
        self.writes.expire(now_ms);
        report("end a hook", self.hooks.expire(now_ms));
    }

    /// This is a clone: nobody comes back for what its source was doing for somebody.
    pub fn end_holds(&mut self) {
        report("end a process", self.execs.end_holds());
        self.writes.end_holds();
    }

    /// A descriptor became ready.
    pub fn ready(&mut self, ready: Ready) {
        match Owner::of(ready.token) {
            Some(Owner::Exec(part, id)) => self.execs.ready(id, part, ready.read, ready.write),
            Some(Owner::Console) if ready.write => self.console.ready(),
            Some(Owner::Hook) if ready.read => self.hooks.ready(),
            Some(Owner::Stream(number)) => {
                if let Ok(Some(stream)) = self.session.streams.find(number) {
                    if let Subject::Own(work) = &mut stream.subject {
                        work.ready(ready);
                    }
                }
            }
            _ => {}
        }
    }

    /// Reaps every child that has ended.
    pub fn reap(&mut self) -> io::Result<Children> {
        loop {
            match process::look()? {
                Children::Ended(pid) => {
                    report("kill what a process left behind", self.execs.about_to_be_reaped(pid));
                    let exit = process::reap(pid)?;
                    self.execs.ended(pid, exit);
                    self.hooks.ended(pid, exit);
                    self.syncer.ended(pid);
                }
                other => return Ok(other),
            }
        }
    }

    fn request(&mut self, stream: u32, method: u16, fields: &[u8], out: &mut Outbox) -> Result<bool, &'static str> {
        self.session.streams.number(stream)?;
        let answered = Fields::parse(fields).map_err(Refusal::from).and_then(|fields| {
            self.check_may_ask(method)?;
            methods::answer(self, stream, method, &fields, out)
        });
        match answered {
            Ok(methods::Answer::Reply(reply)) => out.reply(stream, &reply),
            Ok(methods::Answer::Stream(subject)) => self.session.streams.open(stream, subject),
            Ok(methods::Answer::LastWord(reply)) => {
                out.reply(stream, &reply);
                return Ok(false);
            }
            Err(refusal) => out.error(stream, &refusal),
        }
        Ok(true)
    }

    fn check_may_ask(&self, method: u16) -> Result<(), Refusal> {
        if !self.session.introduced && method != methods::HELLO {
            let code = if self.vault.has_token() { Code::Unauthorized } else { Code::BadState };
            return Err(Refusal::new(code, "HELLO comes first in a session"));
        }
        self.session.streams.check_room()
    }

    fn data(&mut self, stream: u32, channel: u8, bytes: &[u8]) -> Obeyed {
        match self.session.streams.find(stream)?.map(|stream| &mut stream.subject) {
            None => Ok(()),
            Some(Subject::Exec(id)) => self.execs.data(*id, channel, bytes),
            Some(Subject::Write(id)) => self.writes.data(*id, channel, bytes),
            Some(Subject::Own(work)) => work.data(channel, bytes),
            Some(Subject::Hooks) => Err("DATA on a stream that takes none"),
        }
    }

    fn end(&mut self, stream: u32, channel: u8) -> Obeyed {
        match self.session.streams.find(stream)?.map(|stream| &mut stream.subject) {
            None => Ok(()),
            Some(Subject::Exec(id)) => self.execs.end(*id, channel),
            Some(Subject::Write(id)) => self.writes.end(*id, channel),
            Some(Subject::Own(work)) => work.end(channel),
            Some(Subject::Hooks) => Err("END on a stream that takes none"),
        }
    }

    fn credit(&mut self, stream: u32, channel: u8, bytes: u32) -> Obeyed {
        match self.session.streams.find(stream)?.map(|stream| &mut stream.subject) {
            None => Ok(()),
            Some(Subject::Exec(id)) => self.execs.credit(*id, channel, bytes),
            Some(Subject::Write(_) | Subject::Hooks) => Err("CREDIT on a stream that sends nothing"),
            Some(Subject::Own(work)) => work.credit(channel, bytes),
        }
    }

    fn cancel(&mut self, stream: u32) -> Obeyed {
        self.session.streams.find(stream)?;
        match self.session.streams.close(stream).map(|stream| stream.subject) {
            Some(Subject::Exec(id)) => report("end a process", self.execs.close(id)),
            Some(Subject::Write(id)) => self.writes.close(id),
            Some(Subject::Hooks) => report("end a hook", self.hooks.abandon()),
            Some(Subject::Own(_)) | None => {}
        }
        Ok(())
    }
}

impl Listener for Core {
    fn opened(&mut self) {
        self.session = Session::default();
    }

    fn frame(&mut self, frame: Frame<'_>, out: &mut Outbox) -> Result<bool, &'static str> {
        match frame {
            Frame::Request { stream, method, fields } => return self.request(stream, method, fields, out),
            Frame::Data { stream, channel, bytes } => self.data(stream, channel, bytes)?,
            Frame::End { stream, channel } => self.end(stream, channel)?,
            Frame::Credit { stream, channel, bytes } => self.credit(stream, channel, bytes)?,
            Frame::Cancel { stream } => self.cancel(stream)?,
        }
        Ok(true)
    }

    fn closed(&mut self) {
        for stream in self.session.streams.close_all() {
            match stream.subject {
                Subject::Exec(id) => self.execs.hold(id),
                Subject::Write(id) => self.writes.hold(id),
                Subject::Hooks => report("end a hook", self.hooks.abandon()),
                Subject::Own(_) => {}
            }
        }
        self.session = Session::default();
    }
}

/// Says on the console what went wrong where no host asked.
fn report(what: &str, result: io::Result<()>) {
    if let Err(error) = result {
        say(&format!("{what}: {error}"));
    }
}
