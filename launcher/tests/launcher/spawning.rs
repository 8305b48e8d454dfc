//! What a child is born with, and that a failed birth leaves nothing.

use crate::support::{descriptor, is_root, log_lines, op, path_bytes, spawn, Client, Folder, Launcher, Refused};
use hearth_wire::fields::FieldWriter;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};

/// Runs a shell script to its end; the lines it wrote.
fn script(launcher: &Launcher, client: &mut Client, text: &str, more: impl FnOnce(&mut FieldWriter)) -> Vec<String> {
    spawn(client, &launcher.folder, "script", &["/bin/sh", "-c", text], more).unwrap();
    assert_eq!(client.exit().code, Some(0));
    log_lines(&launcher.folder)
}

#[test]
fn a_child_gets_exactly_what_was_asked_for() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let text = "echo $$ $(cut -d' ' -f6 /proc/self/stat); umask; cat /proc/$$/oom_score_adj; pwd; ulimit -c; \
        grep -E '^(NoNewPrivs|SigIgn|SigBlk)' /proc/self/status; env | grep -v -e ^PWD= -e ^_=; readlink /proc/$$/fd/0; \
        ls /proc/$$/fd";
    let lines = script(&launcher, &mut client, text, |w| {
        w.text(3, "A=b c").text(3, "PATH=/usr/bin:/bin");
    });
    let ids: Vec<&str> = lines[0].split(' ').collect();
    assert_eq!(ids[0], ids[1], "it leads its own session");
    let rest: Vec<&str> = lines[1..].iter().map(String::as_str).collect();
    let signals = ["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000", "NoNewPrivs:\t1"];
    assert_eq!(rest[..4], ["0077", "500", "/", "0"]);
    assert_eq!(rest[4..7], signals);
    assert_eq!(rest[7..], ["A=b c", "PATH=/usr/bin:/bin", "/dev/null", "0", "1", "2"]);
}

#[test]
fn descriptors_come_in_order_and_nothing_else_is_open() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let path = |name: &str| launcher.folder.path(name);
    fs::write(path("in"), "from in").unwrap();
    fs::write(path("both"), "....").unwrap();
    let text = "read -r line <&3; echo $line; printf new 1>&4; printf more >&6; ls /proc/$$/fd";
    let lines = script(&launcher, &mut client, text, |w| {
        w.text(3, "PATH=/usr/bin:/bin");
        let socket = path("socket");
        for fd in [
            descriptor(0, &path("in")),
            descriptor(1, &path("both")),
            descriptor(2, &socket),
            descriptor(4, &path("log")),
        ] {
            w.fields(6, &fd);
        }
    });
    assert_eq!(lines, ["from in", "0", "1", "2", "3", "4", "5", "6"]);
    assert_eq!(fs::read_to_string(path("both")).unwrap(), "new.");
    assert_eq!(fs::read_to_string(path("log")).unwrap(), "more");
    assert_eq!(fs::metadata(path("log")).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_listening_socket_can_be_connected_to_as_soon_as_the_child_runs() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let socket = launcher.folder.path("socket");
    let fd = descriptor(2, &socket);
    spawn(&mut client, &launcher.folder, "a", &["/bin/sleep", "60"], |w| {
        w.fields(6, &fd);
    })
    .unwrap();
    let metadata = fs::metadata(&socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.mode() & 0o777, 0o600);
    let mut stream = UnixStream::connect(&socket).unwrap();
    client
        .call(op::KILL, |w| {
            w.text(1, "a").u64(2, 9);
        })
        .unwrap();
    // The launcher kept no copy: with the child the socket's other end is gone.
    let ended = stream.read(&mut [0]);
    assert!(matches!(ended, Ok(0)) || ended.is_err());
    assert!(UnixStream::connect(&socket).is_err());
}

#[test]
fn a_stale_socket_is_replaced_and_a_living_one_or_a_file_is_not() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let path = launcher.folder.path("socket");
    let fd = descriptor(2, &path);
    let mut attempt = |id: &str| {
        spawn(&mut client, &launcher.folder, id, &["/bin/true"], |w| {
            w.fields(6, &fd);
        })
    };
    let living = UnixListener::bind(&path).unwrap();
    assert_eq!(attempt("a").unwrap_err().errno, libc::EADDRINUSE);
    drop(living);
    attempt("b").unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    assert_eq!(attempt("c").unwrap_err().errno, libc::EEXIST);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_spawn_that_fails_leaves_no_socket_and_no_process() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    fs::write(launcher.folder.path("text"), "no program").unwrap();
    let socket = launcher.folder.path("socket");
    let listen = descriptor(2, &socket);
    let missing = descriptor(0, &launcher.folder.path("missing"));
    let text = launcher.folder.path("text");
    for (program, more, errno) in [
        ("/no/such/program", &[][..], libc::ENOENT),
        (text.to_str().unwrap(), &[][..], libc::EACCES),
        ("/bin/true", &[&missing][..], libc::ENOENT),
        ("relative", &[][..], libc::EINVAL),
    ] {
        let refused = spawn(&mut client, &launcher.folder, "a", &[program], |w| {
            w.fields(6, &listen);
            more.iter().for_each(|fd| {
                w.fields(6, fd);
            });
        });
        assert_eq!(refused.unwrap_err().errno, errno, "{program}");
        assert!(!socket.exists(), "{program}");
        assert!(client.list().is_empty());
        let children = format!("/proc/{0}/task/{0}/children", launcher.pid());
        assert_eq!(fs::read_to_string(children).unwrap_or_default(), "", "{program}");
    }
}

#[test]
fn the_refusal_says_what_could_not_be_done() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let refused = spawn(&mut client, &launcher.folder, "a", &["/no/such/program"], |_| {});
    let text = "executing the program: No such file or directory".to_string();
    assert_eq!(refused, Err(Refused { errno: libc::ENOENT, text }));
    let log = launcher.folder.path("child.log");
    let refused = client.call(op::SPAWN, |w| {
        w.text(1, "a").bytes(2, b"/bin/true").bytes(4, b"/no/such/directory").bytes(5, path_bytes(&log));
    });
    assert!(refused.unwrap_err().text.starts_with("entering the working directory: "));
}

#[test]
fn an_id_names_one_living_child() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    spawn(&mut client, &launcher.folder, "a", &["/bin/sleep", "60"], |_| {}).unwrap();
    let refused = spawn(&mut client, &launcher.folder, "a", &["/bin/true"], |_| {});
    assert_eq!(refused.unwrap_err().errno, libc::EEXIST);
}

#[test]
fn a_fifo_or_a_link_in_the_place_of_a_file_is_refused_at_once() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let (fifo, link) = (launcher.folder.path("fifo"), launcher.folder.path("link"));
    let c_fifo = std::ffi::CString::new(path_bytes(&fifo)).unwrap();
    assert_eq!(unsafe { libc::mkfifo(c_fifo.as_ptr(), 0o600) }, 0);
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    for fd in [descriptor(0, &fifo), descriptor(1, &link), descriptor(4, &link)] {
        assert!(spawn(&mut client, &launcher.folder, "a", &["/bin/true"], |w| {
            w.fields(6, &fd);
        })
        .is_err());
    }
}

#[test]
fn root_can_give_a_child_another_user_and_no_groups() {
    if !is_root() {
        eprintln!("not root: the change of user was not tested");
        return;
    }
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let socket = launcher.folder.path("socket");
    let text = "grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status";
    let lines = script(&launcher, &mut client, text, |w| {
        w.u64(7, 64_001).u64(8, 64_002).fields(6, &descriptor(2, &socket));
    });
    let ids = ["Uid:\t64001\t64001\t64001\t64001", "Gid:\t64002\t64002\t64002\t64002"];
    assert_eq!(lines[..2], ids);
    assert_eq!(lines[2].trim_end(), "Groups:");
    assert_eq!(lines[3], "CapEff:\t0000000000000000");
    let owner = fs::metadata(&socket).unwrap();
    assert_eq!((owner.uid(), owner.gid()), (64_001, 64_002));
}

#[test]
fn a_network_namespace_has_nothing_but_a_loopback_that_is_up() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let text =
        "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '; cat /proc/net/route | tail -n +2; cat /proc/net/fib_trie";
    let lines = script(&launcher, &mut client, text, |w| {
        w.flag(9, true);
    });
    assert_eq!(lines[0], "lo");
    assert!(lines.iter().any(|line| line.contains("127.0.0.1")), "lo is up: {lines:?}");
}

#[test]
fn niceness_is_set_and_bad_values_are_named() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let lines = script(&launcher, &mut client, "cut -d' ' -f19 /proc/self/stat", |w| {
        w.i64(10, 5);
    });
    assert_eq!(lines, ["5"]);
    let refused = spawn(&mut client, &launcher.folder, "a", &["/bin/true"], |w| {
        w.i64(10, 20);
    });
    assert_eq!(refused.unwrap_err().text, "nice: 20 is not allowed; -20 to 19");
}

#[test]
fn a_socket_path_that_is_too_long_is_refused_with_the_limit() {
    let launcher = Launcher::start();
    let long = descriptor(2, &launcher.folder.path(&"s".repeat(100)));
    let refused = spawn(&mut launcher.client(), &launcher.folder, "a", &["/bin/true"], |w| {
        w.fields(6, &long);
    });
    let refused = refused.unwrap_err();
    assert_eq!(refused.errno, libc::ENAMETOOLONG);
    assert!(refused.text.ends_with("allowed: 107"), "{}", refused.text);
}

#[test]
fn many_children_start_side_by_side() {
    let launcher = Launcher::start();
    let mut client = launcher.client();
    let folder = Folder::new();
    let log = folder.path("log");
    let requests: Vec<u32> = (0..50)
        .map(|index| {
            client.send(op::SPAWN, |w| {
                w.text(1, &format!("c{index}")).bytes(2, b"/bin/sleep").bytes(2, b"60");
                w.bytes(4, b"/").bytes(5, path_bytes(&log)).flag(9, is_root());
            })
        })
        .collect();
    let mut answered: Vec<u32> =
        requests.iter().map(|_| client.read_message().unwrap()).map(|m| (m.0 == 0x80, m.1).1).collect();
    answered.sort_unstable();
    assert_eq!(answered, requests);
    assert_eq!(client.list().len(), 50);
}
