//! Each request to the part that does it: at once in the loop, or as a job on a thread.

use crate::failure::{Failure, Outcome};
use crate::fields::Reply;
use crate::files::sparse::{self, NewFile};
use crate::files::{durable, hash, log, regular};
use crate::jobs::{Asker, Lane};
use crate::memory::capture::{self, Pass};
use crate::memory::compare;
use crate::request::Request;
use crate::server::Server;
use crate::sys;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

impl Server {
    pub(crate) fn dispatch(&mut self, asker: Asker, request: Request) {
        let done = match request {
            Request::Hello => {
                self.reply(asker, Ok(hello()));
                return self.listen_to_exits(asker.client);
            }
            // Answered when the child has executed its program.
            Request::Spawn(request) => self.spawn(asker, &request).map(|()| None),
            Request::List => Ok(Some(self.list())),
            Request::Kill { id, signal } => self.kill(&id, signal).map(|()| Some(Vec::new())),
            Request::Adopt { id, pid, start_time } => self.adopt(id, pid, start_time).map(|()| Some(Vec::new())),
            Request::MemfdDrop { id } => {
                self.memfds.drop_id(&id);
                Ok(Some(Vec::new()))
            }
            Request::Memfds => Ok(Some(self.list_memfds())),
            Request::Heard { id, pid } => {
                self.children.heard(&id, pid);
                Ok(Some(Vec::new()))
            }
            Request::Cancel { request } => {
                self.jobs.cancel(Asker { request, ..asker });
                Ok(Some(Vec::new()))
            }
            Request::Shutdown => self.shut_down().map(|()| Some(Vec::new())),
            other => self.start_job(asker, other).map(|()| None),
        };
        match done {
            Ok(None) => {}
            Ok(Some(fields)) => self.reply(asker, Ok(fields)),
            Err(failure) => self.reply(asker, Err(failure)),
        }
    }

    fn list(&self) -> Vec<u8> {
        self.children
            .iter()
            .fold(Reply::default(), |reply, (id, child)| {
                let fields = Reply::default().text(1, id).number(2, child.pid as u64).number(3, child.start_time);
                reply.bytes(1, &fields.bytes(4, &child.argv0).done())
            })
            .done()
    }

    fn list_memfds(&self) -> Vec<u8> {
        self.memfds
            .list()
            .iter()
            .fold(Reply::default(), |reply, (id, memfd)| {
                reply.bytes(1, &Reply::default().text(1, id).number(2, memfd.size).flag(3, memfd.sealed).done())
            })
            .done()
    }

    fn kill(&self, id: &str, signal: i32) -> Outcome<()> {
        let child = self.child(id)?;
        sys::pidfd_send_signal(&child.pidfd, signal).map_err(|e| Failure::io(format!("signal {signal} to {id}"), &e))
    }

    fn shut_down(&mut self) -> Outcome<()> {
        if self.has_children() {
            return Err(Failure::new(libc::EBUSY, "children are alive"));
        }
        self.ending = true;
        Ok(())
    }

    fn child(&self, id: &str) -> Outcome<&crate::process::children::Child> {
        self.children.get(id).ok_or_else(|| Failure::new(libc::ESRCH, format!("{id}: there is no such child")))
    }

    fn start_job(&mut self, asker: Asker, request: Request) -> Outcome<()> {
        match request {
            Request::Copy { from, to, mode, uid, gid } => self.jobs.start(Lane::Quick, asker, move |cancel| {
                let from = regular::open(&from)?;
                sparse::copy_to_new(&from, &to, NewFile { mode, uid, gid }, false, cancel).map(one_number)
            }),
            Request::Capture { id, mapped, to, block_bytes, warm } => {
                let pid = self.child(&id)?.pid;
                let pass = if warm { Pass::Warm } else { Pass::Capture };
                self.jobs.start(Lane::Quick, asker, move |cancel| {
                    let done = capture::capture(pid, &mapped, &to, block_bytes, pass, cancel)?;
                    let reply = Reply::default().number(1, done.pages).number(2, done.runs);
                    Ok(reply.bytes(3, &done.blocks).number(4, done.bytes).done())
                })
            }
            Request::Memfd { id, size, from, seal } => {
                let memfds = Arc::clone(&self.memfds);
                self.jobs.start(Lane::Quick, asker, move |cancel| {
                    let begun = Instant::now();
                    let made = memfds.find_or_make(&id, size, from.as_deref(), seal, cancel)?;
                    Ok(Reply::default().number(1, made.size).number(2, begun.elapsed().as_micros() as u64).done())
                })
            }
            Request::MemfdSave { id, to, mode, durable } => {
                let memfd = self
                    .memfds
                    .get(&id)
                    .ok_or_else(|| Failure::new(libc::ENOENT, format!("memfd {id}: there is none")))?;
                self.jobs.start(Lane::Quick, asker, move |cancel| {
                    let from = File::from(sys::duplicate_of(&memfd.fd).map_err(|e| Failure::io("memfd", &e))?);
                    let new = NewFile { mode, uid: None, gid: None };
                    sparse::copy_to_new(&from, &to, new, durable, cancel).map(one_number)
                })
            }
            Request::TrimLog { path, max_bytes, keep_bytes } => self.jobs.start(Lane::Quick, asker, move |_| {
                log::trim(&path, max_bytes, keep_bytes).map(|trimmed| Reply::default().flag(1, trimmed).done())
            }),
            Request::Fsync { paths } => {
                self.jobs.start(Lane::Slow, asker, move |cancel| durable::sync_all(&paths, cancel).map(|()| Vec::new()))
            }
            Request::Hash { path } => self.jobs.start(Lane::Slow, asker, move |cancel| {
                let (digest, size) = hash::sha256(&path, cancel)?;
                Ok(Reply::default().bytes(1, &digest).number(2, size).done())
            }),
            Request::Compare { id, mapped, with } => {
                let pid = self.child(&id)?.pid;
                self.jobs.start(Lane::Slow, asker, move |cancel| {
                    let difference = compare::first_difference(pid, &mapped, &with, cancel)?;
                    Ok(difference.map(one_number).unwrap_or_default())
                })
            }
            other => Err(Failure::new(libc::ENOSYS, format!("{other:?} is no job"))),
        }
    }
}

fn hello() -> Vec<u8> {
    Reply::default().text(1, env!("CARGO_PKG_VERSION")).number(2, std::process::id().into()).done()
}

fn one_number(number: u64) -> Vec<u8> {
    Reply::default().number(1, number).done()
}
