//! A host for tests: starts the real program and talks to it byte by byte.

#![allow(dead_code)]

use hearth_wire::fields::{FieldWriter, Fields};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const REQUEST: u8 = 0x01;
pub const DATA: u8 = 0x02;
pub const END: u8 = 0x03;
pub const CREDIT: u8 = 0x04;
pub const CANCEL: u8 = 0x05;
pub const REPLY: u8 = 0x11;
pub const ERROR: u8 = 0x12;
pub const EVENT: u8 = 0x13;

/// What every channel starts with.
pub const WINDOW: usize = 262_144;
/// Nothing in these tests takes that long.
const PATIENCE: Duration = Duration::from_secs(90);

/// A frame from the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The number at the front of an ERROR or EVENT.
    pub fn number(&self) -> u16 {
        u16::from_be_bytes([self.payload[0], self.payload[1]])
    }

    /// The fields of a REPLY or EVENT.
    pub fn fields(&self) -> Fields<'_> {
        Fields::parse(if self.kind == EVENT { &self.payload[2..] } else { &self.payload }).expect("fields")
    }

    /// The content of DATA.
    pub fn content(&self) -> &[u8] {
        &self.payload[1..]
    }

    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.payload[2..]).into_owned()
    }
}

/// The program and our end of its stream.
pub struct Guest {
    pub child: Child,
    pub stream: UnixStream,
    pub root: PathBuf,
    received: Vec<u8>,
    next_stream: u32,
    nonce: u64,
}

impl Guest {
    /// Starts the program; `name` makes its root directory unique.
    pub fn start(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("hearth-guest-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&root).expect("a root directory");
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hearth-guest"));
        command.args(["serve", "--fd", "3", "--root"]).arg(&root).stdin(Stdio::null());
        let fd = theirs.as_raw_fd();
        // SAFETY: dup2 is safe between fork and exec. Descriptor 3 may be `theirs` itself, which only has to stay open.
        unsafe {
            command.pre_exec(move || {
                let done = if fd == 3 { libc::fcntl(3, libc::F_SETFD, 0) } else { libc::dup2(fd, 3) };
                if done < 0 {
                    Err(std::io::Error::last_os_error())
                } else {
                    Ok(())
                }
            });
        }
        let child = command.spawn().expect("the program starts");
        ours.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { child, stream: ours, root, received: Vec::new(), next_stream: 1, nonce: 0 }
    }

    /// A session that has said HELLO.
    pub fn with_session(name: &str) -> Self {
        let mut guest = Self::start(name);
        guest.handshake();
        guest.hello(None);
        guest
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the guest takes bytes");
    }

    /// Begins a session; whatever came before is thrown away.
    pub fn handshake(&mut self) {
        self.nonce += 1;
        let nonce = format!("{:032x}", self.nonce);
        self.send(format!("\nHEARTH/1 {nonce}\n").as_bytes());
        let answer = format!("\nHEARTH/1 OK {nonce}\n").into_bytes();
        let began = Instant::now();
        loop {
            if let Some(at) = self.received.windows(answer.len()).position(|window| window == answer) {
                self.received.drain(..at + answer.len());
                self.next_stream = 1;
                return;
            }
            // All but what may be half of the answer.
            let useless = self.received.len().saturating_sub(answer.len());
            self.received.drain(..useless);
            assert!(began.elapsed() < PATIENCE, "no answer to the handshake");
            self.receive();
        }
    }

    pub fn hello(&mut self, token: Option<&[u8]>) -> Frame {
        let mut fields = FieldWriter::new();
        if let Some(token) = token {
            fields.bytes(1, token);
        }
        self.ask(1, &fields)
    }

    fn receive(&mut self) {
        let mut buffer = vec![0; 262_144];
        match self.stream.read(&mut buffer) {
            Ok(0) => panic!("the guest hung up"),
            Ok(count) => self.received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("the guest says nothing"),
            Err(error) => panic!("{error}"),
        }
    }

    /// The next frame.
    pub fn frame(&mut self) -> Frame {
        loop {
            if let Some(length) = self.received.get(..4) {
                let end = 4 + u32::from_be_bytes(length.try_into().expect("4 bytes")) as usize;
                if self.received.len() >= end {
                    let body: Vec<u8> = self.received.drain(..end).skip(4).collect();
                    let stream = u32::from_be_bytes(body[1..5].try_into().expect("4 bytes"));
                    return Frame { kind: body[0], stream, payload: body[5..].to_vec() };
                }
            }
            self.receive();
        }
    }

    /// The next frame of `stream`; those of others are dropped.
    pub fn frame_of(&mut self, stream: u32) -> Frame {
        loop {
            let frame = self.frame();
            if frame.stream == stream {
                return frame;
            }
        }
    }

    pub fn send_frame(&mut self, kind: u8, stream: u32, payload: &[u8]) {
        let mut bytes = (payload.len() as u32 + 5).to_be_bytes().to_vec();
        bytes.push(kind);
        bytes.extend_from_slice(&stream.to_be_bytes());
        bytes.extend_from_slice(payload);
        self.send(&bytes);
    }

    /// Sends a request; returns its stream.
    pub fn request(&mut self, method: u16, fields: &FieldWriter) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 1;
        self.send_frame(REQUEST, stream, &[&method.to_be_bytes()[..], fields.as_bytes()].concat());
        stream
    }

    /// Sends a request and waits for its last frame.
    pub fn ask(&mut self, method: u16, fields: &FieldWriter) -> Frame {
        let stream = self.request(method, fields);
        loop {
            let frame = self.frame_of(stream);
            if matches!(frame.kind, REPLY | ERROR) {
                return frame;
            }
        }
    }

    pub fn data(&mut self, stream: u32, bytes: &[u8]) {
        self.send_frame(DATA, stream, &[&[0], bytes].concat());
    }

    pub fn end(&mut self, stream: u32) {
        self.send_frame(END, stream, &[0]);
    }

    pub fn credit(&mut self, stream: u32, channel: u8, bytes: usize) {
        self.send_frame(CREDIT, stream, &[&[channel][..], &(bytes as u32).to_be_bytes()].concat());
    }

    pub fn cancel(&mut self, stream: u32) {
        self.send_frame(CANCEL, stream, &[]);
    }

    /// Everything a stream says until it is over; credit is returned at once.
    pub fn collect(&mut self, stream: u32) -> Collected {
        let mut all = Collected::default();
        loop {
            let frame = self.frame_of(stream);
            match frame.kind {
                DATA => {
                    self.credit(stream, frame.payload[0], frame.content().len());
                    all.take(&frame);
                }
                REPLY | ERROR => {
                    all.last = Some(frame);
                    return all;
                }
                EVENT => all.events.push(frame),
                END => all.ends.push(frame.payload[0]),
                CREDIT => {}
                other => panic!("a frame of type {other}"),
            }
        }
    }

    /// Runs a shell command to its end.
    pub fn shell(&mut self, command: &str) -> Collected {
        let stream = self.request(10, &shell(command));
        self.collect(stream)
    }
}

impl Drop for Guest {
    /// Ends the stream, upon which the program ends what it started and then itself.
    fn drop(&mut self) {
        // It may have ended already, and the root may hold what a test made unreadable.
        drop(self.stream.shutdown(std::net::Shutdown::Both));
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.root));
    }
}

/// What came on a stream.
#[derive(Debug, Default)]
pub struct Collected {
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    pub events: Vec<Frame>,
    pub ends: Vec<u8>,
    pub last: Option<Frame>,
}

impl Collected {
    pub fn take(&mut self, frame: &Frame) {
        let target = if frame.payload[0] == 1 { &mut self.out } else { &mut self.err };
        target.extend_from_slice(frame.content());
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// Exit code and signal.
    pub fn exit(&self) -> (u64, Option<u64>) {
        let last = self.last.as_ref().expect("an end");
        assert_eq!(last.kind, REPLY, "{}", last.error_text());
        (last.fields().u64(1).expect("a code"), last.fields().optional_u64(2).expect("a signal"))
    }

    /// Number and text of the error.
    pub fn error(&self) -> (u16, String) {
        let last = self.last.as_ref().expect("an end");
        assert_eq!(last.kind, ERROR, "{:?}", last.fields().iter().collect::<Vec<_>>());
        (last.number(), last.error_text())
    }
}

/// EXEC of a shell command without stdin, killed on close.
pub fn shell(command: &str) -> FieldWriter {
    exec(&["/bin/sh", "-c", command], false)
}

/// EXEC, killed on close.
pub fn exec(argv: &[&str], stdin: bool) -> FieldWriter {
    let mut fields = FieldWriter::new();
    for argument in argv {
        fields.text(1, argument);
    }
    fields.flag(7, stdin).u64(9, 0);
    fields
}

/// A request with a path in field 1.
pub fn at(path: &Path) -> FieldWriter {
    let mut fields = FieldWriter::new();
    fields.text(1, path.to_str().expect("a path of these tests"));
    fields
}

/// Bytes that look random.
pub fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    })
    .take(count)
    .collect()
}
