//! One launcher for each home.

use crate::support::{launcher_command, op, spawn, until_ready, Folder, Launcher};
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

#[test]
fn the_socket_is_for_its_user_alone() {
    let launcher = Launcher::start();
    let metadata = fs::metadata(launcher.folder.path("launcher.sock")).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o077, 0);
}

#[test]
fn of_many_that_start_at_once_one_stays_and_the_others_find_it_listening() {
    let folder = Folder::new();
    let mut starters: Vec<_> =
        (0..8).map(|_| launcher_command(&folder, 60_000).stderr(Stdio::null()).spawn().unwrap()).collect();
    let mut ready = Vec::new();
    for mut starter in starters.drain(..) {
        if until_ready(&mut starter) {
            ready.push(starter);
        } else {
            assert_eq!(starter.wait().unwrap().code(), Some(3));
            UnixStream::connect(folder.path("launcher.sock")).unwrap();
        }
    }
    assert_eq!(ready.len(), 1);
    let mut only = ready.remove(0);
    only.kill().unwrap();
    only.wait().unwrap();
}

#[test]
fn a_socket_left_by_a_killed_launcher_is_replaced() {
    let mut launcher = Launcher::start();
    launcher.replace();
    assert!(launcher.client().list().is_empty());
}

#[test]
fn a_launcher_that_nobody_needs_ends_and_takes_its_socket_along() {
    let folder = Folder::new();
    let mut child = launcher_command(&folder, 30).spawn().unwrap();
    assert!(until_ready(&mut child));
    assert!(child.wait().unwrap().success());
    assert_eq!(folder.names(), ["launcher.lock"]);
}

#[test]
fn a_launcher_with_a_child_or_a_client_stays() {
    let folder = Folder::new();
    let mut child = launcher_command(&folder, 30).spawn().unwrap();
    assert!(until_ready(&mut child));
    let mut client = crate::support::Client::connect(&folder.path("launcher.sock"));
    spawn(&mut client, &folder, "a", &["/bin/sleep", "0.2"], |_| {}).unwrap();
    drop(client);
    // It ends only after the sleep: so the child has kept it.
    let begun = std::time::Instant::now();
    assert!(child.wait().unwrap().success());
    assert!(begun.elapsed().as_millis() >= 200);
}

#[test]
fn shutdown_is_refused_while_there_are_children() {
    let folder = Folder::new();
    let mut launcher = launcher_command(&folder, 60_000).spawn().unwrap();
    assert!(until_ready(&mut launcher));
    let mut client = crate::support::Client::connect(&folder.path("launcher.sock"));
    spawn(&mut client, &folder, "a", &["/bin/sleep", "60"], |_| {}).unwrap();
    assert_eq!(client.call(op::SHUTDOWN, |_| {}).unwrap_err().errno, libc::EBUSY);
    client
        .call(op::KILL, |w| {
            w.text(1, "a").u64(2, 9);
        })
        .unwrap();
    client.exit();
    client.call(op::SHUTDOWN, |_| {}).unwrap();
    assert!(launcher.wait().unwrap().success());
    assert_eq!(folder.names(), ["child.log", "launcher.lock"]);
}

#[test]
fn a_wrong_command_line_and_a_path_that_is_too_long_are_told() {
    let folder = Folder::new();
    let usage = launcher_command(&folder, 1).arg("--what").output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
    let mut long = std::process::Command::new(env!("CARGO_BIN_EXE_hearth-launcher"));
    long.arg("--socket").arg(folder.path(&"s".repeat(120))).arg("--lock").arg(folder.path("l"));
    let output = long.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("107 bytes"));
}
