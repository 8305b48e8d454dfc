//! Watching and ending children.

use crate::support::{op, open_descriptors, path_bytes, spawn, stat, Exit, Launcher};
use std::process::{Command, Stdio};

#[test]
fn an_exit_code_and_a_signal_are_reported() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let pid = spawn(&mut client, &launcher.folder, "a", &["/bin/sh", "-c", "exit 7"], |_| {}).unwrap();
    assert_eq!(client.exit(), Exit { id: "a".into(), pid, code: Some(7), signal: None });
    let pid = spawn(&mut client, &launcher.folder, "b", &["/bin/sleep", "60"], |_| {}).unwrap();
    client
        .call(op::KILL, |w| {
            w.text(1, "b").u64(2, 15);
        })
        .unwrap();
    assert_eq!(client.exit(), Exit { id: "b".into(), pid, code: None, signal: Some(15) });
    assert_eq!(stat(pid), None);
    assert!(client.list().is_empty());
}

#[test]
fn an_unknown_child_cannot_be_signalled() {
    let launcher = Launcher::start();
    let refused = launcher.client().call(op::KILL, |w| {
        w.text(1, "nobody").u64(2, 9);
    });
    assert_eq!(refused.unwrap_err().errno, libc::ESRCH);
}

#[test]
fn living_children_are_listed_with_what_names_them_for_ever() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let pid = spawn(&mut client, &launcher.folder, "a", &["/bin/sleep", "60"], |_| {}).unwrap();
    let listed = client.list();
    assert_eq!((listed[0].id.as_str(), listed[0].pid, listed[0].argv0.as_str()), ("a", pid, "/bin/sleep"));
    assert_eq!(Some(listed[0].start_time), stat(pid).map(|(_, start_time)| start_time));
    assert_eq!(listed.len(), 1);
}

#[test]
fn an_exit_nobody_heard_of_is_told_to_later_clients_until_one_has_heard() {
    let launcher = Launcher::start();
    let mut first = launcher.client();
    let pid = spawn(&mut first, &launcher.folder, "a", &["/bin/sh", "-c", "read x; exit 3"], |_| {}).unwrap();
    // stdin is /dev/null, so it ends by itself; this client hears of it and dies before it can say so.
    assert_eq!(first.exit().pid, pid);
    drop(first);
    let mut second = launcher.client();
    let exit = second.exit();
    assert_eq!(exit, Exit { id: "a".into(), pid, code: Some(3), signal: None });
    second
        .call(op::HEARD, |w| {
            w.text(1, "a").u64(2, pid as u64);
        })
        .unwrap();
    let mut third = launcher.client();
    assert!(third.list().is_empty());
    spawn(&mut third, &launcher.folder, "b", &["/bin/true"], |_| {}).unwrap();
    assert_eq!(third.exit().id, "b");
}

#[test]
fn every_client_that_said_hello_is_told() {
    let launcher = Launcher::start();
    let (mut one, mut two) = (launcher.client(), launcher.client());
    let pid = spawn(&mut one, &launcher.folder, "a", &["/bin/true"], |_| {}).unwrap();
    assert_eq!((one.exit().pid, two.exit().pid), (pid, pid));
}

#[test]
fn children_outlive_a_killed_launcher_and_the_next_one_adopts_them() {
    let mut launcher = Launcher::start();
    let pid = spawn(&mut launcher.client(), &launcher.folder, "a", &["/bin/sleep", "60"], |_| {}).unwrap();
    let start_time = stat(pid).unwrap().1;
    launcher.replace();
    let mut client = launcher.client();
    assert!(client.list().is_empty());
    for _again in 0..2 {
        client
            .call(op::ADOPT, |w| {
                w.text(1, "a").u64(2, pid as u64).u64(3, start_time);
            })
            .unwrap();
    }
    let listed = client.list();
    assert_eq!((listed.len(), listed[0].pid, listed[0].argv0.as_str()), (1, pid, "/bin/sleep"));
    client
        .call(op::KILL, |w| {
            w.text(1, "a").u64(2, 9);
        })
        .unwrap();
    assert_eq!(client.exit(), Exit { id: "a".into(), pid, code: None, signal: None });
}

#[test]
fn an_adopted_process_counts_as_gone_while_it_is_still_a_zombie() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let mut sleeper = Command::new("/bin/sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
    let pid = sleeper.id() as i32;
    let start_time = stat(pid).unwrap().1;
    client
        .call(op::ADOPT, |w| {
            w.text(1, "a").u64(2, pid as u64).u64(3, start_time);
        })
        .unwrap();
    sleeper.kill().unwrap();
    assert_eq!(client.exit().pid, pid);
    assert_eq!(stat(pid), Some(('Z', start_time)));
    let again = client.call(op::ADOPT, |w| {
        w.text(1, "a").u64(2, pid as u64).u64(3, start_time);
    });
    assert_eq!(again.unwrap_err().errno, libc::ESRCH);
    sleeper.wait().unwrap();
}

#[test]
fn a_process_with_another_start_time_is_another_process() {
    let launcher = Launcher::start();
    let own = std::process::id();
    let refused = launcher.client().call(op::ADOPT, |w| {
        w.text(1, "a").u64(2, own.into()).u64(3, 1);
    });
    assert_eq!(refused.unwrap_err().errno, libc::ESRCH);
}

#[test]
fn nothing_stays_open_after_many_children() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let before = open_descriptors(launcher.pid());
    for round in 0..40 {
        let (id, program) = (format!("c{round}"), if round % 4 == 0 { "/no/such/program" } else { "/bin/true" });
        let socket = launcher.folder.path(&id);
        let spawned = spawn(&mut client, &launcher.folder, &id, &[program], |w| {
            w.fields(6, &crate::support::descriptor(2, &socket));
        });
        assert_eq!(spawned.is_err(), round % 4 == 0);
        if spawned.is_ok() {
            client.exit();
        }
    }
    assert_eq!(open_descriptors(launcher.pid()), before);
}

#[test]
fn a_spawn_does_not_wait_for_long_work() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let from = launcher.folder.path("from");
    std::fs::write(&from, vec![1; 32 << 20]).unwrap();
    for index in 0..16 {
        let to = launcher.folder.path(&format!("to{index}"));
        client.send(op::COPY, |w| {
            w.bytes(1, path_bytes(&from)).bytes(2, path_bytes(&to)).u64(3, 0o600);
        });
    }
    let log = launcher.folder.path("log");
    let spawned = client.send(op::SPAWN, |w| {
        w.text(1, "a").bytes(2, b"/bin/sleep").bytes(2, b"60").bytes(4, b"/").bytes(5, path_bytes(&log));
    });
    let answers: Vec<u32> = (0..17).map(|_| client.read_message().unwrap().1).collect();
    let place = answers.iter().position(|request| *request == spawned).unwrap();
    assert!(place < 8, "it was answered after {place} of 16 copies");
}
