//! Starts launchers in folders of their own and talks to them.

use hearth_wire::fields::{FieldWriter, Fields};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub mod op {
    pub const HELLO: u8 = 1;
    pub const SPAWN: u8 = 2;
    pub const LIST: u8 = 3;
    pub const KILL: u8 = 4;
    pub const ADOPT: u8 = 5;
    pub const COPY: u8 = 6;
    pub const CAPTURE: u8 = 7;
    pub const MEMFD: u8 = 8;
    pub const MEMFD_SAVE: u8 = 9;
    pub const MEMFD_DROP: u8 = 10;
    pub const MEMFDS: u8 = 11;
    pub const TRIM_LOG: u8 = 12;
    pub const SHUTDOWN: u8 = 13;
    pub const FSYNC: u8 = 14;
    pub const HASH: u8 = 15;
    pub const COMPARE: u8 = 16;
    pub const HEARD: u8 = 17;
    pub const CANCEL: u8 = 18;
}

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that is gone when the test is.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("hearth-launcher-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The launcher program, not started.
pub fn launcher_command(folder: &Folder, idle_exit_ms: u32) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hearth-launcher"));
    command.arg("--socket").arg(folder.path("launcher.sock"));
    command.arg("--lock").arg(folder.path("launcher.lock"));
    command.arg("--idle-exit-ms").arg(idle_exit_ms.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits for the launcher's word: true when it is ready, false when it ended without.
pub fn until_ready(child: &mut Child) -> bool {
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    said == "ready\n"
}

/// A running launcher; killed, with all its children, when the test is over.
pub struct Launcher {
    pub folder: Folder,
    pub child: Child,
}

impl Launcher {
    pub fn start() -> Launcher {
        let folder = Folder::new();
        let child = Launcher::start_in(&folder);
        Launcher { folder, child }
    }

    pub fn start_in(folder: &Folder) -> Child {
        let mut child = launcher_command(folder, 60_000).stderr(Stdio::null()).spawn().unwrap();
        assert!(until_ready(&mut child));
        child
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.folder.path("launcher.sock"))
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills the launcher alone, then starts the next one for the same folder.
    pub fn replace(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.child = Launcher::start_in(&self.folder);
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        if let Ok(stream) = UnixStream::connect(self.folder.path("launcher.sock")) {
            let mut client = Client::over(stream);
            for child in client.list() {
                let _gone_already = client.call(op::KILL, |w| {
                    w.text(1, &child.id).u64(2, 9);
                });
            }
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub pid: i32,
    pub start_time: u64,
    pub argv0: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    pub id: String,
    pub pid: i32,
    pub code: Option<u64>,
    pub signal: Option<u64>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub errno: i32,
    pub text: String,
}

/// A client that speaks the protocol by itself, so that the tests do not trust the launcher's own code.
pub struct Client {
    pub stream: UnixStream,
    next_request: u32,
    exits: Vec<Exit>,
}

impl Client {
    pub fn connect(socket: &Path) -> Client {
        let mut client = Client::over(UnixStream::connect(socket).unwrap());
        client.call(op::HELLO, |_| {}).unwrap();
        client
    }

    /// Without HELLO.
    pub fn over(stream: UnixStream) -> Client {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { stream, next_request: 1, exits: Vec::new() }
    }

    /// Sends a request and returns its number.
    pub fn send(&mut self, op: u8, fill: impl FnOnce(&mut FieldWriter)) -> u32 {
        let mut fields = FieldWriter::new();
        fill(&mut fields);
        let request = self.next_request;
        self.next_request += 1;
        let bytes = message(op, request, fields.as_bytes());
        self.stream.write_all(&bytes).unwrap();
        request
    }

    /// The answer to `request`; answers to others must not come in between, events may.
    pub fn answer(&mut self, request: u32) -> Result<Vec<u8>, Refused> {
        loop {
            let (op, number, fields) = self.read_message().unwrap();
            if op == 0x90 {
                self.exits.push(parse_exit(&fields));
                continue;
            }
            assert_eq!(number, request);
            if op == 0x80 {
                return Ok(fields);
            }
            assert_eq!(op, 0x81);
            let fields = Fields::parse(&fields).unwrap();
            let errno = fields.u64(1).unwrap() as i32;
            return Err(Refused { errno, text: fields.text(2).unwrap().to_string() });
        }
    }

    pub fn call(&mut self, op: u8, fill: impl FnOnce(&mut FieldWriter)) -> Result<Vec<u8>, Refused> {
        let request = self.send(op, fill);
        self.answer(request)
    }

    /// The next exit event.
    pub fn exit(&mut self) -> Exit {
        if self.exits.is_empty() {
            let (op, _, fields) = self.read_message().unwrap();
            assert_eq!(op, 0x90);
            return parse_exit(&fields);
        }
        self.exits.remove(0)
    }

    pub fn list(&mut self) -> Vec<Listed> {
        let fields = self.call(op::LIST, |_| {}).unwrap();
        let fields = Fields::parse(&fields).unwrap();
        let children = fields.fields_list(1).map(|child| {
            let child = child.unwrap();
            Listed {
                id: child.text(1).unwrap().to_string(),
                pid: child.u64(2).unwrap() as i32,
                start_time: child.u64(3).unwrap(),
                argv0: String::from_utf8(child.bytes(4).unwrap().to_vec()).unwrap(),
            }
        });
        children.collect()
    }

    /// `None` when the launcher has closed the connection.
    pub fn read_message(&mut self) -> Option<(u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        if self.stream.read_exact(&mut head).is_err() {
            return None;
        }
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let mut fields = vec![0; length - 5];
        self.stream.read_exact(&mut fields).unwrap();
        Some((head[4], u32::from_be_bytes(head[5..].try_into().unwrap()), fields))
    }
}

pub fn message(op: u8, request: u32, fields: &[u8]) -> Vec<u8> {
    let mut bytes = (fields.len() as u32 + 5).to_be_bytes().to_vec();
    bytes.push(op);
    bytes.extend(request.to_be_bytes());
    bytes.extend(fields);
    bytes
}

fn parse_exit(fields: &[u8]) -> Exit {
    let fields = Fields::parse(fields).unwrap();
    Exit {
        id: fields.text(1).unwrap().to_string(),
        pid: fields.u64(2).unwrap() as i32,
        code: fields.optional_u64(3).unwrap(),
        signal: fields.optional_u64(4).unwrap(),
    }
}

/// A SPAWN with the fields that must be there; `more` adds others.
pub fn spawn(
    client: &mut Client,
    folder: &Folder,
    id: &str,
    argv: &[&str],
    more: impl FnOnce(&mut FieldWriter),
) -> Result<i32, Refused> {
    let log = folder.path("child.log");
    let reply = client.call(op::SPAWN, |w| {
        w.text(1, id).bytes(4, b"/").bytes(5, path_bytes(&log));
        for argument in argv {
            w.bytes(2, argument.as_bytes());
        }
        more(w);
    })?;
    Ok(Fields::parse(&reply).unwrap().u64(1).unwrap() as i32)
}

/// One `fd` field of a SPAWN.
pub fn descriptor(kind: u64, path: &Path) -> FieldWriter {
    let mut w = FieldWriter::new();
    w.u64(1, kind).bytes(2, path_bytes(path)).u64(3, 0o600);
    w
}

pub fn memfd_descriptor(id: &str) -> FieldWriter {
    let mut w = FieldWriter::new();
    w.u64(1, 3).text(4, id);
    w
}

pub fn path_bytes(path: &Path) -> &[u8] {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes()
}

pub fn number(reply: &[u8], tag: u8) -> u64 {
    Fields::parse(reply).unwrap().u64(tag).unwrap()
}

/// Waits until everything the child of a finished test wrote is there: the log's lines.
pub fn log_lines(folder: &Folder) -> Vec<String> {
    let file = fs::File::open(folder.path("child.log")).unwrap();
    BufReader::new(file).lines().map(|line| line.unwrap()).collect()
}

/// The state letter and the start time of a process; `None` when it is gone.
pub fn stat(pid: i32) -> Option<(char, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text[text.rfind(')')? + 2..].split(' ').collect();
    Some((fields[0].chars().next()?, fields[19].parse().ok()?))
}

pub fn is_root() -> bool {
    unsafe { libc::geteuid() == 0 }
}

pub fn open_descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}
