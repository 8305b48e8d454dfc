//! A stand-in for a VMM: maps a memory file privately, as QEMU does, and writes to its pages when told.
//! The launcher starts this test program itself, with `act_as_a_machine` as the only test.

use crate::support::{descriptor, memfd_descriptor, spawn, Client, Folder};
use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::io::{AsRawFd, FromRawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

pub const PAGE: u64 = 4096;

/// A spawned stand-in. Its memory file has the id `ram-<id>` or is the file that was given.
pub struct Machine {
    commands: BufReader<UnixStream>,
}

impl Machine {
    /// Spawns one that maps the memfd `ram`.
    pub fn with_memfd(client: &mut Client, folder: &Folder, id: &str, ram: &str) -> Machine {
        Machine::spawn(client, folder, id, memfd_descriptor(ram))
    }

    /// Spawns one that maps the file at `path`.
    pub fn with_file(client: &mut Client, folder: &Folder, id: &str, path: &Path) -> Machine {
        Machine::spawn(client, folder, id, descriptor(0, path))
    }

    fn spawn(client: &mut Client, folder: &Folder, id: &str, ram: hearth_wire::fields::FieldWriter) -> Machine {
        let socket = folder.path(id);
        let program = env::current_exe().unwrap();
        let argv = [program.to_str().unwrap(), "--exact", "machine::act_as_a_machine", "--ignored", "--nocapture"];
        spawn(client, folder, id, &argv, |w| {
            w.text(3, "ACT=1").fields(6, &ram).fields(6, &descriptor(2, &socket));
        })
        .unwrap();
        Machine { commands: BufReader::new(UnixStream::connect(socket).unwrap()) }
    }

    /// Writes `length` bytes made of `seed` at `offset` of its memory.
    pub fn write(&mut self, offset: u64, length: u64, seed: u8) {
        writeln!(self.commands.get_mut(), "{offset} {length} {seed}").unwrap();
        let mut answer = String::new();
        self.commands.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n");
    }
}

#[test]
#[ignore = "it is a machine, not a test"]
fn act_as_a_machine() {
    if env::var_os("ACT").is_none() {
        return;
    }
    let ram = unsafe { File::from_raw_fd(3) };
    let length = ram.metadata().unwrap().len() as usize;
    let (rights, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE);
    let memory = unsafe {
        let at = libc::mmap(std::ptr::null_mut(), length, rights, kind, ram.as_raw_fd(), 0);
        assert_ne!(at, libc::MAP_FAILED);
        std::slice::from_raw_parts_mut(at.cast::<u8>(), length)
    };
    let listener = unsafe { UnixListener::from_raw_fd(4) };
    listener.set_nonblocking(false).unwrap();
    let (commands, _) = listener.accept().unwrap();
    let mut answers = commands.try_clone().unwrap();
    for line in BufReader::new(commands).lines() {
        let numbers: Vec<usize> = line.unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
        let (offset, length, seed) = (numbers[0], numbers[1], numbers[2]);
        for (index, byte) in memory[offset..offset + length].iter_mut().enumerate() {
            *byte = (index / 7 + seed) as u8;
        }
        answers.write_all(b"done\n").unwrap();
    }
}

/// A file of `size` bytes, with something in every third page.
pub fn ram_file(path: &Path, size: u64) {
    let file = File::create(path).unwrap();
    file.set_len(size).unwrap();
    for page in (0..size / PAGE).step_by(3) {
        file.write_all_at(&[(page % 251) as u8 + 1; 64], page * PAGE + 128).unwrap();
    }
}
