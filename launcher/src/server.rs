//! The loop: one thread that accepts, reads, starts, watches and answers. Nothing in it waits for a disk or a process.

use crate::client::{Client, Gone};
use crate::failure::{Failure, Outcome};
use crate::fields::Reply;
use crate::jobs::{Asker, Jobs};
use crate::memory::memfds::Memfds;
use crate::message::{self, Message};
use crate::process::children::{Child, Children, Exit};
use crate::process::proc_stat;
use crate::process::spawn::{self, SpawnRequest, Starting};
use crate::sys::{self, Epoll};
use std::collections::HashMap;
use std::io;
use std::os::unix::io::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const READABLE: i32 = libc::EPOLLIN;
const WRITABLE: i32 = libc::EPOLLOUT;
/// A client beyond these is closed at once.
const CLIENTS_MAX: usize = 256;

/// What a token of epoll stands for.
enum Source {
    Listener,
    Jobs,
    Client,
    /// A child that has yet to exec; told by its report pipe.
    Starting,
    /// A living child, by id; told by its pidfd.
    Child(String),
}

struct StartingChild {
    asker: Asker,
    id: String,
    argv0: Vec<u8>,
    starting: Starting,
}

pub struct Server {
    epoll: Epoll,
    listener: UnixListener,
    sources: HashMap<u64, Source>,
    next_token: u64,
    clients: HashMap<u64, Client>,
    starting: HashMap<u64, StartingChild>,
    pub(crate) children: Children,
    pub(crate) memfds: Arc<Memfds>,
    pub(crate) jobs: Jobs,
    idle_exit: Duration,
    idle_since: Instant,
    /// The limit on open files that children get.
    open_files: libc::rlimit,
    pub(crate) ending: bool,
}

impl Server {
    pub fn new(listener: UnixListener, idle_exit: Duration) -> io::Result<Server> {
        listener.set_nonblocking(true)?;
        let mut server = Server {
            epoll: Epoll::new()?,
            listener,
            sources: HashMap::new(),
            next_token: 0,
            clients: HashMap::new(),
            starting: HashMap::new(),
            children: Children::default(),
            memfds: Arc::default(),
            jobs: Jobs::new()?,
            idle_exit,
            idle_since: Instant::now(),
            open_files: sys::raise_descriptor_limit(),
            ending: false,
        };
        server.watch(server.listener.as_raw_fd(), Source::Listener)?;
        server.watch(server.jobs.bell_fd(), Source::Jobs)?;
        Ok(server)
    }

    /// Runs until it was told to end, or until nobody has needed it for long enough.
    pub fn run(&mut self) -> io::Result<()> {
        while !self.ending {
            let timeout_ms = match self.idle_left() {
                None => -1,
                Some(left) if left.is_zero() => break,
                Some(left) => left.as_millis() as i32 + 1,
            };
            for (token, events) in self.epoll.wait(timeout_ms)? {
                self.handle(token, events)?;
            }
        }
        Ok(())
    }

    /// How long until the idle exit; `None` while there is something to do.
    fn idle_left(&mut self) -> Option<Duration> {
        if !self.clients.is_empty() || !self.children.is_empty() || !self.starting.is_empty() || !self.jobs.is_idle() {
            self.idle_since = Instant::now();
            return None;
        }
        Some(self.idle_exit.saturating_sub(self.idle_since.elapsed()))
    }

    fn watch(&mut self, fd: i32, source: Source) -> io::Result<u64> {
        let token = self.next_token;
        self.epoll.add(fd, READABLE, token)?;
        self.next_token += 1;
        self.sources.insert(token, source);
        Ok(token)
    }

    fn handle(&mut self, token: u64, events: i32) -> io::Result<()> {
        match self.sources.get(&token) {
            // It went away earlier in the same round.
            None => {}
            Some(Source::Listener) => self.accept()?,
            Some(Source::Jobs) => self.answer_jobs(),
            Some(Source::Client) => self.serve(token, events),
            Some(Source::Starting) => self.started(token),
            Some(Source::Child(id)) => {
                let id = id.clone();
                self.ended(token, &id);
            }
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        match self.listener.accept() {
            Ok((stream, _)) if self.clients.len() < CLIENTS_MAX && is_ours(&stream) => {
                let client = Client::new(stream)?;
                let token = self.watch(client.fd(), Source::Client)?;
                self.clients.insert(token, client);
            }
            Ok(_) => eprintln!("a client was refused"),
            Err(error) => eprintln!("accept: {error}"),
        }
        Ok(())
    }

    fn serve(&mut self, token: u64, events: i32) {
        if events & !WRITABLE != 0 {
            match self.clients.get_mut(&token).map(Client::read) {
                Some(Ok(messages)) => self.take_all(token, messages),
                Some(Err(gone)) => return self.let_go(token, &gone),
                None => return,
            }
        }
        self.flush(token);
    }

    fn take_all(&mut self, token: u64, messages: Vec<Message>) {
        for message in messages {
            self.take(token, message);
            // Small requests can have large replies: room is made, or the client is cut off, before the next one.
            if self.clients.get(&token).map_or(true, Client::is_flooded) {
                self.flush(token);
            }
        }
    }

    fn take(&mut self, client: u64, message: Message) {
        let asker = Asker { client, request: message.request };
        match crate::request::parse(message.op, &message.fields) {
            Ok(request) => self.dispatch(asker, request),
            Err(failure) => self.reply(asker, Err(failure)),
        }
    }

    /// Puts a reply into the client's buffer, when it is still there.
    pub(crate) fn reply(&mut self, asker: Asker, outcome: Outcome<Vec<u8>>) {
        if let Some(client) = self.clients.get_mut(&asker.client) {
            client.reply(asker.request, outcome);
        }
    }

    fn flush(&mut self, token: u64) {
        let client = match self.clients.get_mut(&token) {
            Some(client) => client,
            None => return,
        };
        let flushed = client.flush().and_then(|more| {
            if more == client.waits_for_room {
                return Ok(());
            }
            client.waits_for_room = more;
            let events = if more { READABLE | WRITABLE } else { READABLE };
            self.epoll.change(client.fd(), events, token).map_err(Gone::Broken)
        });
        if let Err(gone) = flushed {
            self.let_go(token, &gone);
        }
    }

    fn let_go(&mut self, token: u64, gone: &Gone) {
        if !matches!(gone, Gone::Closed) {
            eprintln!("a client is cut off: {gone}");
        }
        self.sources.remove(&token);
        self.clients.remove(&token);
        self.jobs.cancel_client(token);
    }

    fn answer_jobs(&mut self) {
        for done in self.jobs.finished() {
            self.reply(done.asker, done.outcome);
            self.flush(done.asker.client);
        }
    }

    pub(crate) fn listen_to_exits(&mut self, client: u64) {
        let exits: Vec<Vec<u8>> = self.children.unheard().iter().map(exit_fields).collect();
        if let Some(client) = self.clients.get_mut(&client) {
            client.listening = true;
            exits.iter().for_each(|fields| client.event(message::EXIT, fields));
        }
    }

    pub(crate) fn has_children(&self) -> bool {
        !self.children.is_empty() || !self.starting.is_empty()
    }

    pub(crate) fn spawn(&mut self, asker: Asker, request: &SpawnRequest) -> Outcome<()> {
        let taken =
            self.children.get(&request.id).is_some() || self.starting.values().any(|child| child.id == request.id);
        if taken {
            return Err(Failure::new(libc::EEXIST, format!("{}: a child of that id lives", request.id)));
        }
        let memfds = Arc::clone(&self.memfds);
        let starting = spawn::start(request, self.open_files, |id| memfds.get(id).map(|memfd| memfd.fd))?;
        let argv0 = request.argv.first().cloned().unwrap_or_default();
        match self.watch(starting.report_fd(), Source::Starting) {
            Ok(token) => {
                self.starting.insert(token, StartingChild { asker, id: request.id.clone(), argv0, starting });
                Ok(())
            }
            Err(error) => {
                starting.abandon();
                Err(Failure::io("watching the child", &error))
            }
        }
    }

    fn started(&mut self, token: u64) {
        self.sources.remove(&token);
        let StartingChild { asker, id, argv0, starting } = match self.starting.remove(&token) {
            Some(child) => child,
            None => return,
        };
        let outcome = starting.finish().and_then(|(pid, start_time, pidfd)| {
            self.look_after(id, Child { pid, start_time, argv0, pidfd, adopted: false })?;
            Ok(Reply::default().number(1, pid as u64).number(2, start_time).done())
        });
        self.reply(asker, outcome);
        self.flush(asker.client);
    }

    pub(crate) fn adopt(&mut self, id: String, pid: i32, start_time: u64) -> Outcome<()> {
        if let Some(child) = self.children.get(&id) {
            if child.pid == pid && child.start_time == start_time {
                return Ok(());
            }
            return Err(Failure::new(libc::EEXIST, format!("{id}: another child of that id lives")));
        }
        // First the pidfd, then the look: so both are of one process.
        let pidfd = sys::pidfd_open(pid).map_err(|e| Failure::io(format!("process {pid}"), &e))?;
        match proc_stat::read(pid) {
            Some(stat) if stat.start_time == start_time && stat.state != b'Z' => {}
            _ => return Err(Failure::new(libc::ESRCH, format!("process {pid} started at {start_time}: it is gone"))),
        }
        self.look_after(id, Child { pid, start_time, argv0: proc_stat::argv0(pid), pidfd, adopted: true })
    }

    fn look_after(&mut self, id: String, child: Child) -> Outcome<()> {
        self.watch(child.pidfd.as_raw_fd(), Source::Child(id.clone()))
            .map_err(|e| Failure::io(format!("watching process {}", child.pid), &e))?;
        self.children.add(id, child);
        Ok(())
    }

    fn ended(&mut self, token: u64, id: &str) {
        let child = match self.children.get(id) {
            Some(child) => child,
            None => return,
        };
        let how = if child.adopted { Ok(Some((None, None))) } else { spawn::reap(&child.pidfd) };
        let (code, signal) = match how {
            Ok(Some(how)) => how,
            Ok(None) => return,
            Err(error) => {
                eprintln!("waiting for {id}: {error}");
                (None, None)
            }
        };
        let exit = Exit { id: id.to_string(), pid: child.pid, code, signal };
        self.sources.remove(&token);
        self.children.remove(id);
        let fields = exit_fields(&exit);
        self.children.note(exit);
        let listening: Vec<u64> = self.clients.iter().filter(|(_, c)| c.listening).map(|(token, _)| *token).collect();
        for token in listening {
            if let Some(client) = self.clients.get_mut(&token) {
                client.event(message::EXIT, &fields);
            }
            self.flush(token);
        }
    }
}

fn exit_fields(exit: &Exit) -> Vec<u8> {
    let mut fields = Reply::default().text(1, &exit.id).number(2, exit.pid as u64);
    if let Some(code) = exit.code {
        fields = fields.number(3, code as u64);
    }
    if let Some(signal) = exit.signal {
        fields = fields.number(4, signal as u64);
    }
    fields.done()
}

/// Whether the other end is the same user, or root. The socket's mode says so too; directories are sometimes set up badly.
fn is_ours(stream: &UnixStream) -> bool {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = std::mem::size_of::<libc::ucred>() as libc::socklen_t;
    let at = (&mut peer as *mut libc::ucred).cast();
    let result = unsafe { libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, at, &mut length) };
    result == 0 && (peer.uid == 0 || peer.uid == unsafe { libc::geteuid() })
}
