//! The programs in /etc/hearth/personalise.d, which ASSIGN runs.

mod support;

use hearth_wire::fields::FieldWriter;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};
use support::{shell, Frame, Guest, REPLY};

const HOOKS: &str = "etc/hearth/personalise.d";

/// Writes a program.
fn hook(guest: &Guest, name: &str, script: &str) {
    let path = guest.path(HOOKS).join(name);
    fs::create_dir_all(guest.path(HOOKS)).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// ASSIGN; with deadlines when hooks shall be run.
fn assign(deadlines_ms: Option<(u64, u64)>) -> FieldWriter {
    let mut fields = FieldWriter::new();
    fields
        .bytes(1, &[7; 64])
        .i64(2, 1_795_400_000_000_000_000)
        .text(3, "box-1")
        .text(4, "LANG=C")
        .text(5, "KEY=s3cret");
    fields.bytes(7, b"token-of-sixteen").flag(8, true);
    if let Some((each_ms, all_ms)) = deadlines_ms {
        let mut order = FieldWriter::new();
        order.u64(1, each_ms).u64(2, all_ms).text(3, "warm");
        fields.fields(9, &order);
    }
    fields
}

/// Status, evidence and detail of the item, if there is one.
fn item(reply: &Frame) -> Option<(u64, String, String)> {
    assert_eq!(reply.kind, REPLY, "{}", reply.error_text());
    let items: Vec<_> = reply.fields().fields_list(1).map(|item| item.unwrap()).collect();
    let last = items.last().filter(|item| item.text(1) == Ok("hooks"))?;
    let detail = last.optional_text(4).unwrap().unwrap_or_default();
    Some((last.u64(2).unwrap(), last.text(3).unwrap().into(), detail.into()))
}

fn hooks_of(guest: &mut Guest, deadlines_ms: (u64, u64)) -> (u64, String, String) {
    item(&guest.ask(3, &assign(Some(deadlines_ms)))).unwrap()
}

#[test]
fn none_is_said_where_there_is_none_and_nothing_where_nobody_asks() {
    let mut guest = Guest::with_session("hooks-none");
    assert_eq!(hooks_of(&mut guest, (2_000, 4_000)), (0, "none".into(), "".into()));
    fs::create_dir_all(guest.path(HOOKS).join("directory")).unwrap();
    fs::write(guest.path(HOOKS).join("README"), "not executable").unwrap();
    hook(&guest, ".hidden", "exit 9");
    assert_eq!(hooks_of(&mut guest, (2_000, 4_000)), (0, "none".into(), "".into()));
    hook(&guest, "10-a", "exit 9");
    assert_eq!(item(&guest.ask(3, &assign(None))), None, "a host that knows no hooks");
}

#[test]
fn all_run_in_order_and_find_what_is_new() {
    let mut guest = Guest::with_session("hooks-run");
    let mut identify = FieldWriter::new();
    identify.u64(1, 42).bytes(2, &[7; 64]).i64(3, 0).text(4, "0123456789abcdef0123456789abcdef");
    guest.ask(2, &identify);
    let log = guest.path("log");
    hook(&guest, "20-b", &format!("env | sort >> {0}; pwd >> {0}; id -u >> {0}", log.display()));
    hook(&guest, "10-a", &format!("echo first >> {}; printf 'new\\n\\tkeys\\033[1m' >&2", log.display()));
    let expected = (0, "10-a=0 20-b=0".into(), "10-a: new keys [1m".into());
    assert_eq!(hooks_of(&mut guest, (20_000, 40_000)), expected);
    let log = fs::read_to_string(log).unwrap();
    assert!(log.starts_with("first\n") && log.contains("\n/\n"), "{log}");
    for line in [
        "HEARTH_BOOT=warm",
        "HEARTH_GENERATION=42",
        "HEARTH_HOSTNAME=box-1",
        "HEARTH_MACHINE_ID=0123456789abcdef0123456789abcdef",
        "LANG=C",
        "HOME=/root",
    ] {
        assert!(log.lines().any(|other| other == line), "{line} is missing in {log}");
    }
    assert!(!log.contains("s3cret"), "secrets are files");
    assert_eq!(guest.shell("echo on").text(), "on\n");
}

#[test]
fn one_that_fails_is_named_and_ends_the_row() {
    let mut guest = Guest::with_session("hooks-fail");
    hook(&guest, "10-a", "true");
    hook(&guest, "20-b", "echo no such key; exit 7");
    hook(&guest, "30-c", "true");
    let failed = (2, "10-a=0 20-b=7".into(), "20-b ended with 7: no such key".into());
    assert_eq!(hooks_of(&mut guest, (20_000, 40_000)), failed);
    hook(&guest, "20-b", "kill -SEGV $$");
    assert_eq!(hooks_of(&mut guest, (20_000, 40_000)).2, "20-b was ended by signal 11");
    fs::write(guest.path(HOOKS).join("20-b"), "#!/no/such/program\n").unwrap();
    let (status, codes, problem) = hooks_of(&mut guest, (20_000, 40_000));
    assert_eq!((status, codes.as_str()), (2, "10-a=0"));
    assert!(problem.starts_with("run 20-b: No such file"), "{problem}");
}

#[test]
fn one_that_hangs_is_killed_with_its_children_and_others_are_answered_meanwhile() {
    let mut guest = Guest::with_session("hooks-hang");
    let pid = guest.path("pid");
    hook(&guest, "10-hang", &format!("echo waiting; sleep 1000 & echo $! > {}; wait", pid.display()));
    let began = Instant::now();
    let stream = guest.request(3, &assign(Some((1_500, 60_000))));
    assert_eq!(guest.shell("echo on").text(), "on\n");
    assert!(began.elapsed() < Duration::from_millis(1_400), "the agent stood still");
    let reply = guest.ask(3, &assign(Some((1_500, 60_000))));
    assert_eq!(reply.number(), 9, "a second one meanwhile is refused");
    let problem = "10-hang was not done in time: waiting";
    assert_eq!(item(&guest.frame_of(stream)).unwrap(), (2, "10-hang=137".into(), problem.into()));
    assert!(began.elapsed() >= Duration::from_millis(1_500));
    let child = fs::read_to_string(pid).unwrap();
    // An orphan may stay a zombie until somebody reaps it.
    let lives = format!("grep -q '^State:.[RSD]' /proc/{}/status 2> /dev/null", child.trim());
    assert_eq!(guest.shell(&format!("while {lives}; do sleep 0.05; done; echo gone")).text(), "gone\n");
}

#[test]
fn all_together_have_a_deadline_too() {
    let mut guest = Guest::with_session("hooks-all");
    for name in ["10-a", "20-b", "30-c"] {
        hook(&guest, name, "sleep 0.3");
    }
    let (status, codes, problem) = hooks_of(&mut guest, (10_000, 450));
    assert_eq!((status, codes.as_str()), (2, "10-a=0 20-b=137"));
    assert_eq!(problem, "20-b was not done in time");
}

#[test]
fn what_one_says_is_bounded_and_does_not_hold_it_up() {
    let mut guest = Guest::with_session("hooks-flood");
    hook(&guest, "10-flood", "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo ' end'");
    let (status, codes, words) = hooks_of(&mut guest, (20_000, 40_000));
    assert_eq!((status, codes.as_str()), (0, "10-flood=0"));
    assert!(words.len() < 400 && words.ends_with("x end"), "{words}");
}

#[test]
fn strange_names_too_many_and_links_to_nowhere_are_mistakes() {
    let mut guest = Guest::with_session("hooks-names");
    hook(&guest, "10 a", "true");
    let (status, _, problem) = hooks_of(&mut guest, (2_000, 4_000));
    assert!(status == 2 && problem.contains("\"10 a\""), "{problem}");
    fs::remove_file(guest.path(HOOKS).join("10 a")).unwrap();
    std::os::unix::fs::symlink("/no/such/file", guest.path(HOOKS).join("10-link")).unwrap();
    let (status, _, problem) = hooks_of(&mut guest, (2_000, 4_000));
    assert!(status == 2 && problem.starts_with("10-link: No such file"), "{problem}");
    fs::remove_file(guest.path(HOOKS).join("10-link")).unwrap();
    for number in 0..33 {
        hook(&guest, &format!("{number}"), "true");
    }
    let (status, _, problem) = hooks_of(&mut guest, (2_000, 4_000));
    assert!(status == 2 && problem.contains("33 hooks"), "{problem}");
}

#[test]
fn a_cancelled_or_broken_off_assign_ends_its_hook() {
    let mut guest = Guest::with_session("hooks-cancel");
    let pid = guest.path("pid");
    hook(&guest, "10-hang", &format!("echo $$ > {0}.new; mv {0}.new {0}; sleep 1000", pid.display()));
    let wait_for_end = |guest: &mut Guest, end: &dyn Fn(&mut Guest, u32)| {
        let stream = guest.request(3, &assign(Some((60_000, 60_000))));
        guest.shell(&format!("while ! test -e {}; do sleep 0.05; done", pid.display()));
        let hook = fs::read_to_string(&pid).unwrap();
        fs::remove_file(&pid).unwrap();
        end(guest, stream);
        guest.shell(&format!("while kill -0 {} 2> /dev/null; do sleep 0.05; done; echo gone", hook.trim())).text()
    };
    assert_eq!(wait_for_end(&mut guest, &|guest, stream| guest.cancel(stream)), "gone\n");
    let again = |guest: &mut Guest, _| {
        guest.handshake();
        guest.hello(Some(b"token-of-sixteen"));
    };
    assert_eq!(wait_for_end(&mut guest, &again), "gone\n");
}

#[test]
fn wrong_orders_are_refused() {
    let mut guest = Guest::with_session("hooks-wrong");
    for (each_ms, all_ms) in [(0, 1), (1, 0), (600_001, 1), (1, 600_001)] {
        assert_eq!(guest.ask(3, &assign(Some((each_ms, all_ms)))).number(), 1);
    }
    let stream = guest.request(10, &shell("echo on"));
    assert_eq!(guest.collect(stream).text(), "on\n");
}
