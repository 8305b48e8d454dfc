//! Copies, hashes, logs.

use crate::support::{number, op, path_bytes, Client, Launcher, Refused};
use hearth_wire::fields::Fields;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

fn copy(client: &mut Client, from: &Path, to: &Path, mode: u64) -> Result<Vec<u8>, Refused> {
    client.call(op::COPY, |w| {
        w.bytes(1, path_bytes(from)).bytes(2, path_bytes(to)).u64(3, mode);
    })
}

#[test]
fn a_copy_has_the_same_bytes_the_same_holes_and_the_mode_asked_for() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (from, to) = (launcher.folder.path("from"), launcher.folder.path("to"));
    let file = File::create(&from).unwrap();
    file.set_len(64 << 20).unwrap();
    file.write_all_at(&[7; 10_000], 5 << 20).unwrap();
    file.write_all_at(b"end", (64 << 20) - 3).unwrap();
    assert_eq!(number(&copy(&mut client, &from, &to, 0o440).unwrap(), 1), 64 << 20);
    assert_eq!(fs::read(&from).unwrap(), fs::read(&to).unwrap());
    let metadata = fs::metadata(&to).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o440);
    assert!(metadata.blocks() * 512 < 1 << 20);
}

#[test]
fn an_empty_file_and_one_that_is_all_hole_are_copied() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    for size in [0, 1 << 20] {
        let (from, to) = (launcher.folder.path(&format!("from{size}")), launcher.folder.path(&format!("to{size}")));
        File::create(&from).unwrap().set_len(size).unwrap();
        assert_eq!(number(&copy(&mut client, &from, &to, 0o600).unwrap(), 1), size);
        assert_eq!(fs::metadata(&to).unwrap().len(), size);
    }
}

#[test]
fn a_copy_never_replaces_and_a_failed_one_leaves_nothing() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (from, to) = (launcher.folder.path("from"), launcher.folder.path("to"));
    fs::write(&from, "new").unwrap();
    fs::write(&to, "old").unwrap();
    assert_eq!(copy(&mut client, &from, &to, 0o600).unwrap_err().errno, libc::EEXIST);
    assert_eq!(fs::read_to_string(&to).unwrap(), "old");
    assert_eq!(copy(&mut client, &launcher.folder.path("missing"), &to, 0o600).unwrap_err().errno, libc::ENOENT);
    assert_eq!(
        copy(&mut client, Path::new("/dev/zero"), &launcher.folder.path("x"), 0o600).unwrap_err().errno,
        libc::EINVAL
    );
    assert_eq!(launcher.folder.names(), ["from", "launcher.lock", "launcher.sock", "to"]);
}

#[test]
fn a_copy_onto_a_full_disk_leaves_nothing() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (from, small) = (launcher.folder.path("from"), launcher.folder.path("small"));
    fs::write(&from, vec![1; 4 << 20]).unwrap();
    fs::create_dir(&small).unwrap();
    let mount =
        std::process::Command::new("/bin/mount").args(["-t", "tmpfs", "-o", "size=1m", "none"]).arg(&small).status();
    if !mount.map_or(false, |status| status.success()) {
        eprintln!("no file system could be mounted: the full disk was not tested");
        return;
    }
    let refused = copy(&mut client, &from, &small.join("to"), 0o600);
    let left = fs::read_dir(&small).unwrap().count();
    assert!(std::process::Command::new("/bin/umount").arg(&small).status().unwrap().success());
    assert_eq!(refused.unwrap_err().errno, libc::ENOSPC);
    assert_eq!(left, 0);
}

#[test]
fn a_cancelled_copy_ends_early_and_leaves_nothing() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let from = launcher.folder.path("from");
    fs::write(&from, vec![1; 48 << 20]).unwrap();
    // More copies than threads: the last ones wait and are cancelled for certain.
    let copies: Vec<u32> = (0..24)
        .map(|index| {
            let to = launcher.folder.path(&format!("to{index}"));
            client.send(op::COPY, |w| {
                w.bytes(1, path_bytes(&from)).bytes(2, path_bytes(&to)).u64(3, 0o600);
            })
        })
        .collect();
    for request in &copies {
        client.send(op::CANCEL, |w| {
            w.u64(1, (*request).into());
        });
    }
    let mut cancelled = 0;
    for _ in 0..copies.len() * 2 {
        let (op, request, fields) = client.read_message().unwrap();
        if op == 0x81 {
            assert!(copies.contains(&request));
            assert_eq!(Fields::parse(&fields).unwrap().u64(1).unwrap() as i32, libc::ECANCELED);
            cancelled += 1;
        }
    }
    assert!(cancelled > 0);
    let made = launcher.folder.names().iter().filter(|name| name.starts_with("to")).count();
    assert_eq!(made, copies.len() - cancelled);
}

#[test]
fn a_hash_counts_holes_as_zeros() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let path = launcher.folder.path("file");
    let file = File::create(&path).unwrap();
    file.set_len(3_000_001).unwrap();
    file.write_all_at(b"something", 1_500_000).unwrap();
    let reply = client
        .call(op::HASH, |w| {
            w.bytes(1, path_bytes(&path));
        })
        .unwrap();
    let expected = hearth_wire::sha256::sha256(&fs::read(&path).unwrap());
    let fields = Fields::parse(&reply).unwrap();
    assert_eq!((fields.bytes(1).unwrap(), fields.u64(2).unwrap()), (&expected[..], 3_000_001));
}

#[test]
fn a_log_is_trimmed_only_when_it_is_too_large() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let log = launcher.folder.path("log");
    let mut trim = |max: u64| {
        let reply = client
            .call(op::TRIM_LOG, |w| {
                w.bytes(1, path_bytes(&log)).u64(2, max).u64(3, 4);
            })
            .unwrap();
        Fields::parse(&reply).unwrap().flag(1).unwrap()
    };
    fs::write(&log, "0123456789").unwrap();
    assert!(!trim(10));
    assert!(trim(9));
    assert_eq!((fs::read_to_string(&log).unwrap(), fs::metadata(&log).unwrap().len()), (String::new(), 0));
    assert_eq!(fs::read_to_string(launcher.folder.path("log.1")).unwrap(), "6789");
    fs::write(&log, "abcdefghijklm").unwrap();
    assert!(trim(1));
    assert_eq!(fs::read_to_string(launcher.folder.path("log.1")).unwrap(), "jklm");
}

#[test]
fn files_and_directories_are_synced() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let file = launcher.folder.path("file");
    fs::write(&file, "x").unwrap();
    client
        .call(op::FSYNC, |w| {
            w.bytes(1, path_bytes(&file)).bytes(1, path_bytes(file.parent().unwrap()));
        })
        .unwrap();
    let refused = client.call(op::FSYNC, |w| {
        w.bytes(1, b"/no/such/file");
    });
    assert_eq!(refused.unwrap_err().errno, libc::ENOENT);
}
