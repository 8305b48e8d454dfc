//! One process that the host started: its channels, who is attached, and how it ends.

use super::input::Input;
use super::launch::{Ends, Launched};
use super::output::{Keep, Output};
use super::request::{ExecRequest, OnClose};
use crate::console::Console;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::sys::poll::Poll;
use crate::sys::process::{self, Exit};
use crate::sys::{pty, time};
use crate::token::{ExecPart, Owner};
use hearth_wire::fields::FieldWriter;
use std::ffi::CString;
use std::os::unix::io::{AsRawFd, OwnedFd};
use std::rc::Rc;

/// How long streams of a broken session wait for the next one.
pub const HOLD_MS: u64 = 30_000;
/// How long an ended process can be asked for.
const REMEMBER_MS: u64 = 30_000;
/// From TERM or HUP to KILL.
const KILL_AFTER_MS: u64 = 2_000;
/// How long output is awaited from processes that an ended one left behind.
const LEFT_BEHIND_MS: u64 = 200;

/// Who reads a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// A stream of the session.
    Stream(u32),
    /// Whoever comes back before that time.
    Held { until_ms: u64 },
    /// Nobody.
    Nobody,
}

/// A process with its streams.
pub struct Exec {
    pub id: u32,
    pub pid: i32,
    pub tag: Option<String>,
    pub attachment: Attachment,
    pub on_close: OnClose,
    pub exit: Option<Exit>,
    argv: Vec<CString>,
    started_at_ms: u64,
    terminal: Option<Rc<OwnedFd>>,
    input: Option<Input>,
    outputs: Vec<Output>,
    to_console: bool,
    kill_at_ms: Option<u64>,
    close_outputs_at_ms: Option<u64>,
    forget_at_ms: Option<u64>,
}

impl Exec {
    /// Takes over a process that was started for `stream`.
    pub fn new(id: u32, launched: Launched, request: ExecRequest, stream: u32, poll: &Poll) -> std::io::Result<Self> {
        let mut exec = Self {
            id,
            pid: launched.pid,
            tag: request.tag,
            attachment: Attachment::Stream(stream),
            on_close: request.on_close,
            exit: None,
            argv: request.argv,
            started_at_ms: time::wall_clock_ms(),
            terminal: None,
            input: None,
            outputs: Vec::new(),
            to_console: request.to_console,
            kill_at_ms: None,
            close_outputs_at_ms: None,
            forget_at_ms: None,
        };
        let watch = |fd: &OwnedFd, part| poll.add(fd.as_raw_fd(), Owner::Exec(part, id).token());
        match launched.ends {
            Ends::Terminal(terminal) => {
                watch(&terminal, ExecPart::Terminal)?;
                let terminal = Rc::new(terminal);
                exec.input = Some(Input::new(terminal.clone(), true));
                exec.outputs.push(Output::new(1, terminal.clone()));
                exec.terminal = Some(terminal);
            }
            Ends::Pipes(input, output, errors) => {
                watch(&output, ExecPart::Output)?;
                watch(&errors, ExecPart::Errors)?;
                exec.outputs.push(Output::new(1, Rc::new(output)));
                exec.outputs.push(Output::new(2, Rc::new(errors)));
                if let Some(input) = input {
                    watch(&input, ExecPart::Input)?;
                    exec.input = Some(Input::new(Rc::new(input), false));
                }
            }
        }
        Ok(exec)
    }

    /// What the host is told when a stream begins: {execId, pid, stdinReceived, out1Start, out2Start}.
    pub fn started(&self, starts: [u64; 2]) -> FieldWriter {
        let mut fields = FieldWriter::new();
        fields.u64(1, u64::from(self.id)).u64(2, self.pid as u64);
        fields.u64(3, self.input.as_ref().map_or(0, Input::taken)).u64(4, starts[0]).u64(5, starts[1]);
        fields
    }

    /// One entry of EXECS.
    pub fn info(&self) -> FieldWriter {
        let mut fields = FieldWriter::new();
        fields.u64(1, u64::from(self.id)).u64(2, self.pid as u64);
        for argument in &self.argv {
            fields.bytes(3, argument.as_bytes());
        }
        if let Some(tag) = &self.tag {
            fields.text(4, tag);
        }
        fields.flag(5, self.exit.is_none());
        if let Some(exit) = &self.exit {
            write_exit(&mut fields, 6, exit);
        }
        fields.u64(8, self.started_at_ms);
        fields
    }

    /// A descriptor became ready.
    pub fn ready(&mut self, part: ExecPart, read: bool, write: bool) {
        let output = match part {
            ExecPart::Output | ExecPart::Terminal => self.outputs.get_mut(0),
            ExecPart::Errors => self.outputs.get_mut(1),
            ExecPart::Input => None,
        };
        if let (Some(output), true) = (output, read) {
            output.ready();
        }
        if let (Some(input), true, ExecPart::Input | ExecPart::Terminal) = (&mut self.input, write, part) {
            input.ready();
        }
    }

    /// The standard input, when it has one.
    pub fn input(&mut self) -> Option<&mut Input> {
        self.input.as_mut()
    }

    /// The host took output; false when it took more than it got.
    #[must_use]
    pub fn returned(&mut self, channel: u8, bytes: u32) -> bool {
        let output = usize::from(channel).checked_sub(1).and_then(|at| self.outputs.get_mut(at));
        output.map_or(false, |output| output.returned(bytes))
    }

    /// Hands the process over to a stream. Says where both outputs go on; nothing changes when that is impossible.
    pub fn attach(&mut self, stream: u32, from: [Option<u64>; 2]) -> Result<[u64; 2], Refusal> {
        if let Some((_, at)) = self.outputs.iter().zip(from).find(|(output, at)| !output.reaches(at.unwrap_or(0))) {
            return Err(Refusal::invalid(format!("output goes on at {at:?}, the process has not written that much")));
        }
        let mut starts = [0; 2];
        for ((output, start), from) in self.outputs.iter_mut().zip(&mut starts).zip(from) {
            *start = output.attach(from);
        }
        if let Some(input) = &mut self.input {
            input.attach();
        }
        self.attachment = Attachment::Stream(stream);
        Ok(starts)
    }

    /// One slice for every channel. Returns whether there is more to do at once, and the stream that is now over.
    pub fn turn(&mut self, out: &mut Outbox, console: &mut Console, now_ms: u64) -> (bool, Option<u32>) {
        let stream = match self.attachment {
            Attachment::Stream(stream) => Some(stream),
            _ => None,
        };
        let keep = if self.attachment == Attachment::Nobody { Keep::Latest } else { Keep::Everything };
        let mut again = self.input.as_mut().map_or(false, |input| input.turn(stream, out));
        for output in &mut self.outputs {
            let console = if self.to_console { Some(&mut *console) } else { None };
            again |= output.fill(keep, console);
            if let Some(stream) = stream {
                again |= output.send(stream, out);
            }
        }
        if self.is_over() {
            self.input = None;
            self.terminal = None;
            self.forget_at_ms.get_or_insert(now_ms + REMEMBER_MS);
        }
        (again && !out.is_full(), stream.filter(|stream| self.finish(*stream, out)))
    }

    /// The process ended, and everything it wrote was read.
    fn is_over(&self) -> bool {
        self.exit.is_some() && self.outputs.iter().all(Output::ended)
    }

    fn finish(&mut self, stream: u32, out: &mut Outbox) -> bool {
        let exit = match &self.exit {
            Some(exit) if self.outputs.iter().all(Output::delivered) => exit,
            _ => return false,
        };
        let mut fields = FieldWriter::new();
        write_exit(&mut fields, 1, exit);
        out.reply(stream, &fields);
        self.attachment = Attachment::Nobody;
        true
    }

    /// The process has ended but is not reaped: its group cannot be anybody else's yet.
    pub fn about_to_be_reaped(&self) -> std::io::Result<()> {
        match self.kill_at_ms {
            Some(_) => process::signal_group(self.pid, libc::SIGKILL),
            None => Ok(()),
        }
    }

    /// The process was reaped.
    pub fn ended(&mut self, exit: Exit, now_ms: u64) {
        self.exit = Some(exit);
        self.kill_at_ms = None;
        self.close_outputs_at_ms = Some(now_ms + LEFT_BEHIND_MS);
        self.outputs.iter_mut().for_each(Output::process_ended);
    }

    /// The host has no more interest.
    pub fn close(&mut self, now_ms: u64) -> std::io::Result<()> {
        self.attachment = Attachment::Nobody;
        if self.on_close == OnClose::Keep || self.exit.is_some() {
            return Ok(());
        }
        self.kill_at_ms = Some(now_ms + KILL_AFTER_MS);
        process::signal_group(self.pid, if self.terminal.is_some() { libc::SIGHUP } else { libc::SIGTERM })?;
        process::signal_group(self.pid, libc::SIGCONT)
    }

    /// Signals the process group.
    pub fn signal(&self, signal: i32) -> Result<(), Refusal> {
        self.check_running()?;
        process::signal_group(self.pid, signal).map_err(|error| Refusal::system(format!("signal {signal}"), &error))
    }

    /// Changes the size of the terminal.
    pub fn resize(&self, cols: u16, rows: u16) -> Result<(), Refusal> {
        self.check_running()?;
        let terminal = self.terminal.as_ref();
        let terminal = terminal.ok_or_else(|| Refusal::new(Code::BadState, "the process has no terminal"))?;
        pty::resize(terminal.as_raw_fd(), cols, rows).map_err(|error| Refusal::system("resize", &error))
    }

    /// When something has to be done next, though nothing happens.
    pub fn deadline_ms(&self) -> Option<u64> {
        let hold = match self.attachment {
            Attachment::Held { until_ms } => Some(until_ms),
            _ => None,
        };
        let forget = self.forget_at_ms.filter(|_| self.attachment == Attachment::Nobody);
        let outputs = self.close_outputs_at_ms.filter(|_| !self.outputs.iter().all(Output::ended));
        [hold, forget, outputs, self.kill_at_ms].into_iter().flatten().min()
    }

    /// Does what is due; true when the process can be forgotten.
    pub fn expire(&mut self, now_ms: u64) -> std::io::Result<bool> {
        let due = |at: Option<u64>| at.map_or(false, |at| at <= now_ms);
        if let Attachment::Held { until_ms } = self.attachment {
            if until_ms <= now_ms {
                self.close(now_ms)?;
            }
        }
        if due(self.kill_at_ms) {
            self.kill_at_ms = Some(now_ms + KILL_AFTER_MS);
            process::signal_group(self.pid, libc::SIGKILL)?;
        }
        if due(self.close_outputs_at_ms) {
            self.close_outputs_at_ms = None;
            self.outputs.iter_mut().filter(|output| output.has_its_own()).for_each(Output::close);
            if !self.outputs.iter().all(Output::ended) {
                self.close_outputs_at_ms = Some(now_ms + LEFT_BEHIND_MS);
            }
        }
        Ok(due(self.forget_at_ms) && self.attachment == Attachment::Nobody)
    }

    fn check_running(&self) -> Result<(), Refusal> {
        match self.exit {
            None => Ok(()),
            Some(_) => Err(Refusal::new(Code::BadState, format!("exec {} has ended", self.id))),
        }
    }
}

/// Writes {code, signal-} under `tag` and the one behind it.
fn write_exit(fields: &mut FieldWriter, tag: u8, exit: &Exit) {
    fields.u64(tag, exit.code);
    if let Some(signal) = exit.signal {
        fields.u64(tag + 1, signal);
    }
}
