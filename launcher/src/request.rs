//! What clients may ask, parsed strictly from the fields of a message (docs/launcher-protocol.md).

use crate::failure::{Failure, Outcome};
use crate::fields::Fields;
use crate::memory::memfds;
use crate::process::descriptors::Wanted;
use crate::process::spawn::SpawnRequest;
use std::path::PathBuf;

#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    Hello,
    Spawn(Box<SpawnRequest>),
    List,
    Kill { id: String, signal: i32 },
    Adopt { id: String, pid: i32, start_time: u64 },
    Copy { from: PathBuf, to: PathBuf, mode: u32, uid: Option<u32>, gid: Option<u32> },
    Capture { id: String, mapped: Vec<u8>, to: PathBuf, block_bytes: u64, warm: bool },
    Memfd { id: String, size: u64, from: Option<PathBuf>, seal: bool },
    MemfdSave { id: String, to: PathBuf, mode: u32, durable: bool },
    MemfdDrop { id: String },
    Memfds,
    TrimLog { path: PathBuf, max_bytes: u64, keep_bytes: u64 },
    Shutdown,
    Fsync { paths: Vec<PathBuf> },
    Hash { path: PathBuf },
    Compare { id: String, mapped: Vec<u8>, with: PathBuf },
    Heard { id: String, pid: i32 },
    Cancel { request: u32 },
}

const MOST_ARGUMENTS: usize = 4096;
const MOST_DESCRIPTORS: usize = 64;
const MOST_PATHS: usize = 4096;

pub fn parse(op: u8, bytes: &[u8]) -> Outcome<Request> {
    let f = Fields::parse(bytes)?;
    Ok(match op {
        1 => Request::Hello,
        2 => Request::Spawn(Box::new(parse_spawn(&f)?)),
        3 => Request::List,
        4 => Request::Kill { id: id(&f)?, signal: whole(f.number(2, "signal")?, 1, 64, "signal")? },
        5 => Request::Adopt { id: id(&f)?, pid: pid(&f)?, start_time: f.number(3, "startTime")? },
        6 => Request::Copy {
            from: f.path(1, "from")?,
            to: f.path(2, "to")?,
            mode: mode(&f, 3)?,
            uid: user(&f, 4, "uid")?,
            gid: user(&f, 5, "gid")?,
        },
        7 => Request::Capture {
            id: id(&f)?,
            mapped: f.bytes(2, "match")?.to_vec(),
            to: f.path(3, "to")?,
            block_bytes: f.number(4, "blockBytes")?,
            warm: f.optional_flag(5, "warm")?.unwrap_or(false),
        },
        8 => Request::Memfd {
            id: memfd_id(f.text(1, "id")?)?,
            size: whole(f.number(2, "size")?, 1, i64::MAX as u64, "size")?,
            from: f.optional_path(3, "from")?,
            seal: f.optional_flag(4, "seal")?.unwrap_or(false),
        },
        9 => Request::MemfdSave {
            id: memfd_id(f.text(1, "id")?)?,
            to: f.path(2, "to")?,
            mode: mode(&f, 3)?,
            durable: f.optional_flag(4, "durable")?.unwrap_or(true),
        },
        10 => Request::MemfdDrop { id: memfd_id(f.text(1, "id")?)? },
        11 => Request::Memfds,
        12 => Request::TrimLog {
            path: f.path(1, "path")?,
            max_bytes: f.number(2, "maxBytes")?,
            keep_bytes: f.number(3, "keepBytes")?,
        },
        13 => Request::Shutdown,
        14 => Request::Fsync { paths: at_most(f.paths(1, "path")?, MOST_PATHS, "path")? },
        15 => Request::Hash { path: f.path(1, "path")? },
        16 => Request::Compare { id: id(&f)?, mapped: f.bytes(2, "match")?.to_vec(), with: f.path(3, "with")? },
        17 => Request::Heard { id: id(&f)?, pid: pid(&f)? },
        18 => Request::Cancel { request: whole(f.number(1, "request")?, 1, u32::MAX.into(), "request")? },
        _ => return Err(Failure::new(libc::ENOSYS, format!("op {op} is not known to this launcher"))),
    })
}

fn parse_spawn(f: &Fields<'_>) -> Outcome<SpawnRequest> {
    let descriptors = f.nested(6, "fd")?.iter().map(parse_descriptor).collect::<Outcome<Vec<_>>>()?;
    let argv: Vec<Vec<u8>> = f.all_bytes(2).map(|argument| argument.to_vec()).collect();
    Ok(SpawnRequest {
        id: id(f)?,
        argv: at_most(argv, MOST_ARGUMENTS, "argv")?,
        env: at_most(f.texts(3, "env")?, MOST_ARGUMENTS, "env")?,
        cwd: f.path(4, "cwd")?,
        log: f.path(5, "stderr")?,
        descriptors: at_most(descriptors, MOST_DESCRIPTORS, "fd")?,
        uid: user(f, 7, "uid")?,
        gid: user(f, 8, "gid")?,
        netns: f.optional_flag(9, "netns")?.unwrap_or(false),
        nice: f.optional_signed(10, "nice")?.map(nice).transpose()?,
    })
}

fn parse_descriptor(f: &Fields<'_>) -> Outcome<Wanted> {
    Ok(match f.number(1, "fd kind")? {
        0 => Wanted::ReadFile { path: f.path(2, "fd path")? },
        1 => Wanted::ReadWriteFile { path: f.path(2, "fd path")? },
        2 => Wanted::Listen { path: f.path(2, "fd path")? },
        3 => Wanted::Memfd { id: memfd_id(f.text(4, "fd id")?)? },
        4 => Wanted::AppendFile { path: f.path(2, "fd path")?, mode: mode(f, 3)? },
        kind => return Err(Failure::invalid(format!("fd kind: {kind} is not allowed; 0 to 4"))),
    })
}

fn id(f: &Fields<'_>) -> Outcome<String> {
    let text = f.text(1, "id")?;
    if text.is_empty() || text.len() > 128 || text.contains('\0') {
        return Err(Failure::invalid(format!("id: {} bytes are not allowed; 1 to 128, without NUL", text.len())));
    }
    Ok(text.to_string())
}

fn memfd_id(text: &str) -> Outcome<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if text.is_empty() || text.len() > memfds::ID_MAX_BYTES || !text.chars().all(plain) {
        let most = memfds::ID_MAX_BYTES;
        return Err(Failure::invalid(format!(
            "id: {text:?} is not allowed; 1 to {most} of a-z, A-Z, 0-9, \".\", \"_\", \"-\""
        )));
    }
    Ok(text.to_string())
}

fn pid(f: &Fields<'_>) -> Outcome<i32> {
    whole(f.number(2, "pid")?, 1, i32::MAX as u64, "pid")
}

fn mode(f: &Fields<'_>, tag: u8) -> Outcome<u32> {
    whole(f.number(tag, "mode")?, 0, 0o777, "mode")
}

/// u32::MAX means "leave it" to chown, so nobody has that number.
fn user(f: &Fields<'_>, tag: u8, name: &str) -> Outcome<Option<u32>> {
    f.optional_number(tag, name)?.map(|number| whole(number, 0, u64::from(u32::MAX) - 1, name)).transpose()
}

fn nice(value: i64) -> Outcome<i32> {
    match value {
        -20..=19 => Ok(value as i32),
        _ => Err(Failure::invalid(format!("nice: {value} is not allowed; -20 to 19"))),
    }
}

/// `value` when it is between `low` and `high`, as the type wanted.
fn whole<T: TryFrom<u64>>(value: u64, low: u64, high: u64, name: &str) -> Outcome<T> {
    let refused = || Failure::invalid(format!("{name}: {value} is not allowed; {low} to {high}"));
    if value < low || value > high {
        return Err(refused());
    }
    T::try_from(value).map_err(|_| refused())
}

fn at_most<T>(list: Vec<T>, most: usize, name: &str) -> Outcome<Vec<T>> {
    if list.len() > most {
        return Err(Failure::invalid(format!("{name}: {} are too many; at most {most}", list.len())));
    }
    Ok(list)
}

#[cfg(test)]
#[path = "request_test.rs"]
mod tests;
