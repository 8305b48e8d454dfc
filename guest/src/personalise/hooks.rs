//! Programs of the image that make themselves new when their machine was cloned: `/etc/hearth/personalise.d`.

use super::hook_run::{Run, Starter};
use super::receipt::{at, Receipt};
use crate::core::Core;
use crate::exec::{environment, users};
use crate::freezer::Freezer;
use crate::link::outbox::Outbox;
use crate::refusal::{Code, Refusal};
use crate::sys::process::Exit;
use crate::system::System;
use hearth_wire::fields::Fields;
use std::ffi::CString;
use std::fs::{self, DirEntry};
use std::io::{ErrorKind, Result as IoResult};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const DIRECTORY: &str = "/etc/hearth/personalise.d";
const MAX_HOOKS: usize = 32;
const MAX_NAME_BYTES: usize = 64;
const MAX_DEADLINE_MS: u64 = 600_000;

/// The evidence where there is no hook.
pub const NONE: &str = "none";

/// What the host says of hooks.
#[derive(Debug, PartialEq, Eq)]
pub struct Order<'a> {
    /// The longest that one may take.
    pub each_ms: u64,
    /// The longest that all may take.
    pub all_ms: u64,
    /// Why the machine is personalised.
    pub boot: &'a str,
}

/// A program to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Hook {
    pub name: String,
    pub path: CString,
}

/// Reads {1 eachMs, 2 allMs, 3 boot}.
pub fn order<'a>(fields: &Fields<'a>) -> Result<Order<'a>, Refusal> {
    let boot = fields.text(3)?;
    if !(1..=16).contains(&boot.len()) || !boot.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Refusal::invalid(format!(
            "the reason for hooks is {boot:?}, allowed are 1 to 16 lower-case letters"
        )));
    }
    Ok(Order { each_ms: deadline(1, fields.u64(1)?)?, all_ms: deadline(2, fields.u64(2)?)?, boot })
}

fn deadline(tag: u8, ms: u64) -> Result<u64, Refusal> {
    if (1..=MAX_DEADLINE_MS).contains(&ms) {
        return Ok(ms);
    }
    Err(Refusal::invalid(format!("the deadline of hooks {tag} is {ms} ms, allowed are 1 to {MAX_DEADLINE_MS}")))
}

/// The hooks to run, in order. They are for a machine that is its own: not when something before them failed, nor while
/// those they talk to stand still.
pub fn find(before: &Receipt, freezer: &Freezer, system: &System) -> Result<Vec<Hook>, String> {
    let found = in_directory(&system.path(DIRECTORY))?;
    match (found.is_empty(), before.first_failed()) {
        (false, Some(item)) => Err(format!("not run, for {item} failed")),
        (false, None) if freezer.is_frozen() => Err("not run, for user processes are frozen".into()),
        _ => Ok(found),
    }
}

fn in_directory(directory: &Path) -> Result<Vec<Hook>, String> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => at(DIRECTORY, entries)?,
    };
    let mut hooks = Vec::new();
    for entry in entries {
        hooks.extend(hook(&at(DIRECTORY, entry)?)?);
    }
    if hooks.len() > MAX_HOOKS {
        return Err(format!("{DIRECTORY} has {} hooks, allowed are {MAX_HOOKS}", hooks.len()));
    }
    hooks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(hooks)
}

/// Files that are hidden or cannot be executed are none. One that can and has a strange name is a mistake: it was meant to run.
fn hook(entry: &DirEntry) -> Result<Option<Hook>, String> {
    let name = entry.file_name();
    if name.as_bytes().starts_with(b".") {
        return Ok(None);
    }
    let name = name.to_string_lossy().into_owned();
    let facts = at(&name, fs::metadata(entry.path()))?;
    if !facts.is_file() || facts.permissions().mode() & 0o111 == 0 {
        return Ok(None);
    }
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !plain || name.len() > MAX_NAME_BYTES {
        return Err(format!("the hook {name:?} needs a name of up to {MAX_NAME_BYTES} letters, digits, dots, _ and -"));
    }
    let path = at(&name, CString::new(entry.path().as_os_str().as_bytes()))?;
    Ok(Some(Hook { name, path }))
}

/// What hooks find in their environment: root's, the owner's variables (secrets are in /run/hearth/secrets), and what is new.
pub fn environment(order: &Order<'_>, hostname: &str, core: &Core) -> Vec<CString> {
    let id = fs::read_to_string(core.system.path("/etc/machine-id")).unwrap_or_default();
    let news = [
        format!("HEARTH_BOOT={}", order.boot),
        format!("HEARTH_GENERATION={}", core.generation),
        format!("HEARTH_HOSTNAME={hostname}"),
        format!("HEARTH_MACHINE_ID={}", id.trim_end()),
    ];
    let news: Vec<CString> = news.into_iter().filter_map(|entry| CString::new(entry).ok()).collect();
    environment::build(&users::root(&core.system), false, &[core.vault.env(), &news])
}

/// The hooks of one ASSIGN, if some run now.
#[derive(Default)]
pub struct Hooks {
    run: Option<Run>,
}

impl Hooks {
    /// Refuses a second ASSIGN while hooks of the first still run.
    pub fn check_idle(&self) -> Result<(), Refusal> {
        match self.run {
            None => Ok(()),
            Some(_) => Err(Refusal::new(Code::Busy, "hooks of another ASSIGN are running")),
        }
    }

    /// Begins with the next turn; the answer on `stream` follows when all have ended.
    pub fn start(&mut self, stream: u32, receipt: Receipt, hooks: Vec<Hook>, env: Vec<CString>, order: &Order<'_>) {
        self.run = Some(Run::new(stream, receipt, hooks, env, order));
    }

    /// Goes on where that is possible; true when there is more to do at once. `over` is told the stream that ended.
    pub fn turn(&mut self, out: &mut Outbox, starter: Starter<'_>, over: impl FnOnce(u32)) -> bool {
        let run = match &mut self.run {
            None => return false,
            Some(run) => run,
        };
        match run.turn(starter) {
            Some(again) => again,
            None => {
                if let Some(run) = self.run.take() {
                    over(run.stream);
                    out.reply(run.stream, &run.into_receipt().into_fields());
                }
                false
            }
        }
    }

    /// The hook that runs wrote something.
    pub fn ready(&mut self) {
        if let Some(run) = &mut self.run {
            run.ready();
        }
    }

    /// A child was reaped.
    pub fn ended(&mut self, pid: i32, exit: Exit) {
        if let Some(run) = &mut self.run {
            run.ended(pid, exit);
        }
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        self.run.as_ref().and_then(Run::deadline_ms)
    }

    /// Kills a hook whose time is over.
    pub fn expire(&mut self, now_ms: u64) -> IoResult<()> {
        self.run.as_mut().map_or(Ok(()), |run| run.expire(now_ms))
    }

    /// Nobody waits for the answer any more.
    pub fn abandon(&mut self) -> IoResult<()> {
        self.run.take().map_or(Ok(()), Run::kill)
    }
}
