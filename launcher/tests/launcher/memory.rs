//! Captures, comparisons and memory files.

use crate::machine::{ram_file, Machine, PAGE};
use crate::support::{is_root, number, op, path_bytes, Client, Folder, Launcher, Refused};
use hearth_wire::fields::Fields;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::path::Path;

const SIZE: u64 = 4 << 20;
const BLOCK: u64 = 64 << 10;

fn make_memfd(client: &mut Client, id: &str, size: u64, from: Option<&Path>, seal: bool) -> Result<(), Refused> {
    let reply = client.call(op::MEMFD, |w| {
        w.text(1, id).u64(2, size).flag(4, seal);
        if let Some(path) = from {
            w.bytes(3, path_bytes(path));
        }
    })?;
    assert_eq!(number(&reply, 1), size);
    Ok(())
}

fn copy(client: &mut Client, from: &Path, to: &Path) {
    client
        .call(op::COPY, |w| {
            w.bytes(1, path_bytes(from)).bytes(2, path_bytes(to)).u64(3, 0o600);
        })
        .unwrap();
}

fn capture(client: &mut Client, id: &str, mapped: &str, to: &Path) -> Result<Vec<u8>, Refused> {
    client.call(op::CAPTURE, |w| {
        w.text(1, id).bytes(2, mapped.as_bytes()).bytes(3, path_bytes(to)).u64(4, BLOCK);
    })
}

fn warm(client: &mut Client, id: &str, mapped: &str, to: &Path) -> Result<Vec<u8>, Refused> {
    client.call(op::CAPTURE, |w| {
        w.text(1, id).bytes(2, mapped.as_bytes()).bytes(3, path_bytes(to)).u64(4, BLOCK).flag(5, true);
    })
}

fn first_difference(client: &mut Client, id: &str, mapped: &str, with: &Path) -> Option<u64> {
    let reply = client.call(op::COMPARE, |w| {
        w.text(1, id).bytes(2, mapped.as_bytes()).bytes(3, path_bytes(with));
    });
    Fields::parse(&reply.unwrap()).unwrap().optional_u64(1).unwrap()
}

#[test]
fn what_is_captured_onto_a_copy_of_the_base_is_the_machine_s_memory() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (base, copied) = (launcher.folder.path("base"), launcher.folder.path("copy"));
    ram_file(&base, SIZE);
    make_memfd(&mut client, "ram-1", SIZE, Some(&base), true).unwrap();
    let mut machine = Machine::with_memfd(&mut client, &launcher.folder, "a", "ram-1");
    machine.write(0, 1, 1);
    machine.write(10 * PAGE - 5, 10, 2);
    machine.write(40 * PAGE, 30 * PAGE, 3);
    machine.write(SIZE - 1, 1, 4);
    copy(&mut client, &base, &copied);
    assert_eq!(first_difference(&mut client, "a", "/memfd:ram-1", &copied), Some(0));

    let reply = capture(&mut client, "a", "/memfd:ram-1 (deleted)", &copied).unwrap();
    let fields = Fields::parse(&reply).unwrap();
    let pages = 1 + 2 + 30 + 1;
    assert_eq!((fields.u64(1).unwrap(), fields.u64(2).unwrap(), fields.u64(4).unwrap()), (pages, 4, pages * PAGE));
    // Blocks of 16 pages: page 0 and 9, 10 in the first; 40 to 69 in blocks 2, 3 and 4; the last page in block 63.
    assert_eq!(fields.bytes(3).unwrap(), [0b0001_1101, 0, 0, 0, 0, 0, 0, 0b1000_0000]);
    assert_eq!(first_difference(&mut client, "a", "/memfd:ram-1", &copied), None);
}

#[test]
fn a_warm_pass_changes_nothing_in_the_file() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (base, copied) = (launcher.folder.path("base"), launcher.folder.path("copy"));
    ram_file(&base, SIZE);
    let mut machine = Machine::with_file(&mut client, &launcher.folder, "a", &base);
    machine.write(2 * PAGE, 300 * PAGE, 5);
    copy(&mut client, &base, &copied);
    let mapped = base.to_str().unwrap();
    let reply = warm(&mut client, "a", mapped, &copied).unwrap();
    assert_eq!(number(&reply, 1), 300);
    assert_eq!(fs::read(&copied).unwrap(), fs::read(&base).unwrap());
    capture(&mut client, "a", mapped, &copied).unwrap();
    assert_eq!(first_difference(&mut client, "a", mapped, &copied), None);
}

#[test]
fn memory_beyond_four_gib_is_captured_at_its_place() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (size, copied) = (5 << 30, launcher.folder.path("copy"));
    make_memfd(&mut client, "ram-1", size, None, true).unwrap();
    let mut machine = Machine::with_memfd(&mut client, &launcher.folder, "a", "ram-1");
    machine.write(size - PAGE, PAGE, 9);
    let file = fs::File::create(&copied).unwrap();
    file.set_len(size).unwrap();
    let reply = capture(&mut client, "a", "/memfd:ram-1", &copied).unwrap();
    assert_eq!(number(&reply, 1), 1);
    let mut page = [0; PAGE as usize];
    fs::File::open(&copied).unwrap().read_exact_at(&mut page, size - PAGE).unwrap();
    assert_eq!((page[0], page[7]), (9, 10));
    assert!(file.metadata().unwrap().blocks() * 512 <= 64 << 10);
}

#[test]
fn the_memory_of_an_adopted_machine_is_captured_as_well() {
    if !is_root() {
        eprintln!("not root: another process's memory may be out of reach, so it was not tested");
        return;
    }
    let mut launcher = Launcher::start();
    let mut client = launcher.client();
    let (base, copied) = (launcher.folder.path("base"), launcher.folder.path("copy"));
    ram_file(&base, SIZE);
    let mut machine = Machine::with_file(&mut client, &launcher.folder, "a", &base);
    machine.write(5 * PAGE, 1, 1);
    copy(&mut client, &base, &copied);
    let child = client.list().remove(0);
    launcher.replace();
    let mut client = launcher.client();
    client
        .call(op::ADOPT, |w| {
            w.text(1, "a").u64(2, child.pid as u64).u64(3, child.start_time);
        })
        .unwrap();
    assert_eq!(number(&capture(&mut client, "a", base.to_str().unwrap(), &copied).unwrap(), 1), 1);
    assert_eq!(first_difference(&mut client, "a", base.to_str().unwrap(), &copied), None);
}

#[test]
fn many_scattered_pages_are_captured_by_two_threads() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (base, copied) = (launcher.folder.path("base"), launcher.folder.path("copy"));
    let size = 32 << 20;
    ram_file(&base, size);
    let mut machine = Machine::with_file(&mut client, &launcher.folder, "a", &base);
    for at in 0..1500 {
        machine.write(at * 5 * PAGE, 2 * PAGE, at as u8);
    }
    copy(&mut client, &base, &copied);
    let reply = capture(&mut client, "a", base.to_str().unwrap(), &copied).unwrap();
    assert_eq!((number(&reply, 1), number(&reply, 2)), (3000, 1500));
    assert_eq!(first_difference(&mut client, "a", base.to_str().unwrap(), &copied), None);
    machine.write(7 * PAGE, 1, 99);
    assert_eq!(first_difference(&mut client, "a", base.to_str().unwrap(), &copied), Some(7 * PAGE));
}

#[test]
fn a_capture_that_cannot_be_right_is_refused() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (base, small) = (launcher.folder.path("base"), launcher.folder.path("small"));
    ram_file(&base, SIZE);
    fs::write(&small, "small").unwrap();
    let mut machine = Machine::with_file(&mut client, &launcher.folder, "a", &base);
    machine.write(SIZE - PAGE, 1, 1);
    let mapped = base.to_str().unwrap();
    let errno = |outcome: Result<Vec<u8>, Refused>| outcome.unwrap_err().errno;
    assert_eq!(errno(capture(&mut client, "b", mapped, &base)), libc::ESRCH);
    assert_eq!(errno(capture(&mut client, "a", "/memfd:other", &base)), libc::ENOENT);
    assert_eq!(errno(capture(&mut client, "a", mapped, &launcher.folder.path("missing"))), libc::ENOENT);
    assert_eq!(errno(capture(&mut client, "a", mapped, &small)), libc::EINVAL);
    assert_eq!(fs::read_to_string(&small).unwrap(), "small");
}

#[test]
fn a_sealed_memory_file_can_be_written_by_nobody() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let base = launcher.folder.path("base");
    ram_file(&base, SIZE);
    make_memfd(&mut client, "ram-1", SIZE, Some(&base), true).unwrap();
    let _machine = Machine::with_memfd(&mut client, &launcher.folder, "a", "ram-1");
    let pid = client.list()[0].pid;
    let opened = fs::OpenOptions::new().read(true).write(true).open(format!("/proc/{pid}/fd/3")).unwrap();
    assert_eq!(opened.write_all_at(b"x", 0).unwrap_err().raw_os_error(), Some(libc::EPERM));
    assert!(opened.set_len(1).is_err());
    let punched = unsafe {
        use std::os::unix::io::AsRawFd;
        libc::fallocate(opened.as_raw_fd(), libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE, 0, 4096)
    };
    assert_eq!(punched, -1);
}

#[test]
fn a_memory_file_is_made_once_listed_saved_and_dropped() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (base, saved) = (launcher.folder.path("base"), launcher.folder.path("saved"));
    ram_file(&base, SIZE);
    make_memfd(&mut client, "ram-1", SIZE, Some(&base), false).unwrap();
    // Found, not filled again; the other size is refused.
    make_memfd(&mut client, "ram-1", SIZE, Some(&launcher.folder.path("missing")), true).unwrap();
    assert_eq!(make_memfd(&mut client, "ram-1", SIZE * 2, None, false).unwrap_err().errno, libc::EEXIST);
    let reply = client.call(op::MEMFDS, |_| {}).unwrap();
    let list = Fields::parse(&reply).unwrap();
    let only = list.fields(1).unwrap();
    assert_eq!((only.text(1), only.u64(2), only.flag(3)), (Ok("ram-1"), Ok(SIZE), Ok(true)));

    let reply = client.call(op::MEMFD_SAVE, |w| {
        w.text(1, "ram-1").bytes(2, path_bytes(&saved)).u64(3, 0o400);
    });
    assert_eq!(number(&reply.unwrap(), 1), SIZE);
    assert_eq!(fs::read(&saved).unwrap(), fs::read(&base).unwrap());
    let metadata = fs::metadata(&saved).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o400);
    assert!(metadata.blocks() * 512 < SIZE, "holes stay holes");

    for _again in 0..2 {
        client
            .call(op::MEMFD_DROP, |w| {
                w.text(1, "ram-1");
            })
            .unwrap();
    }
    let gone = client.call(op::MEMFD_SAVE, |w| {
        w.text(1, "ram-1").bytes(2, path_bytes(&saved)).u64(3, 0o400);
    });
    assert_eq!(gone.unwrap_err().errno, libc::ENOENT);
}

#[test]
fn clients_that_want_the_same_memory_file_at_once_get_the_same() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let base = launcher.folder.path("base");
    ram_file(&base, 64 << 20);
    let ask = |client: &mut Client| {
        client.send(op::MEMFD, |w| {
            w.text(1, "ram-1").u64(2, 64 << 20).bytes(3, path_bytes(&base)).flag(4, true);
        })
    };
    for _ in 0..6 {
        ask(&mut client);
    }
    for _ in 0..6 {
        assert_eq!(client.read_message().unwrap().0, 0x80);
    }
    let reply = client.call(op::MEMFDS, |_| {}).unwrap();
    assert_eq!(Fields::parse(&reply).unwrap().fields_list(1).count(), 1);
}

#[test]
fn a_memory_file_that_could_not_be_filled_is_not_there() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let base = launcher.folder.path("base");
    assert_eq!(make_memfd(&mut client, "r", SIZE, Some(&base), true).unwrap_err().errno, libc::ENOENT);
    ram_file(&base, SIZE);
    assert_eq!(make_memfd(&mut client, "r", SIZE + 1, Some(&base), true).unwrap_err().errno, libc::EINVAL);
    make_memfd(&mut client, "r", SIZE, Some(&base), true).unwrap();
    assert!(make_memfd(&mut client, "../r", SIZE, Some(&base), true).unwrap_err().text.contains("is not allowed"));
}

/// Prints what a capture costs: `cargo test --release -- --ignored --nocapture captures_are_fast`.
#[test]
#[ignore = "it measures"]
fn captures_are_fast() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let folder = Folder::new();
    let base = folder.path("base");
    let size = 256 << 20;
    ram_file(&base, size);
    make_memfd(&mut client, "ram-1", size, Some(&base), true).unwrap();
    for (dirty_mib, warmed) in [(1u64, false), (5, false), (30, false), (30, true), (100, false), (100, true)] {
        let id = format!("m{dirty_mib}-{warmed}");
        let mut machine = Machine::with_memfd(&mut client, &launcher.folder, &id, "ram-1");
        for run in 0..dirty_mib * 4 {
            machine.write((run * 2 + 1) * 64 * PAGE % (size - (1 << 20)), 64 * PAGE, run as u8);
        }
        let mut took_ms = Vec::new();
        for round in 0..9 {
            let copied = folder.path(&format!("{id}-{round}"));
            copy(&mut client, &base, &copied);
            if warmed {
                warm(&mut client, &id, "/memfd:ram-1", &copied).unwrap();
            }
            let begun = std::time::Instant::now();
            capture(&mut client, &id, "/memfd:ram-1", &copied).unwrap();
            took_ms.push(begun.elapsed().as_secs_f64() * 1000.0);
            fs::remove_file(&copied).unwrap();
        }
        took_ms.sort_by(f64::total_cmp);
        let (fastest, median, slowest) = (took_ms[0], took_ms[4], took_ms[8]);
        println!("{dirty_mib} MiB, warmed {warmed}: median {median:.1} ms [{fastest:.1} to {slowest:.1}]");
    }
}
