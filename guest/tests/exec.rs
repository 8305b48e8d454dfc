//! Processes: exit codes, streams, terminals, signals.

mod support;

use hearth_wire::fields::FieldWriter;
use support::{exec, shell, Guest, DATA, EVENT, REPLY};

#[test]
fn exit_codes_output_and_errors_come_back() {
    let mut guest = Guest::with_session("exit");
    let all = guest.shell("echo out; echo err >&2; exit 42");
    assert_eq!((all.text().as_str(), &all.err[..], all.exit()), ("out\n", &b"err\n"[..], (42, None)));
    assert_eq!(all.events[0].number(), 1);
    let mut ends = all.ends;
    ends.sort_unstable();
    assert_eq!(ends, [1, 2]);
    assert_eq!(guest.shell("kill -KILL $$").exit(), (137, Some(9)));
}

#[test]
fn stdin_is_read_to_its_end() {
    let mut guest = Guest::with_session("stdin");
    let stream = guest.request(10, &exec(&["cat"], true));
    let content = support::noise(200_000);
    for part in content.chunks(50_000) {
        guest.data(stream, part);
    }
    guest.end(stream);
    guest.end(stream);
    let all = guest.collect(stream);
    assert!(all.out == content);
    assert_eq!(all.exit().0, 0);
    let silent = guest.request(10, &exec(&["cat"], false));
    assert_eq!(guest.collect(silent).exit().0, 0, "without stdin it reads /dev/null");
}

#[test]
fn environment_and_directory_are_as_asked() {
    let mut guest = Guest::with_session("env");
    let mut fields = shell("pwd; echo $A $HOME; echo $PATH");
    fields.text(2, "A=b").text(2, "HOME=/x").text(3, "/usr");
    let stream = guest.request(10, &fields);
    let text = guest.collect(stream).text();
    assert_eq!(text, "/usr\nb /x\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}

#[test]
fn what_cannot_be_run_is_an_error_before_it_starts() {
    let mut guest = Guest::with_session("cannot");
    let mut error = |fields: &FieldWriter| {
        let stream = guest.request(10, fields);
        let all = guest.collect(stream);
        assert!(all.events.is_empty());
        all.error()
    };
    assert_eq!(error(&exec(&["no-such-program"], false)).0, 4);
    assert_eq!(error(&exec(&["/etc/passwd"], false)).0, 6);
    assert_eq!(error(&exec(&["/etc"], false)).0, 6);
    let mut elsewhere = shell("true");
    elsewhere.text(3, "/nowhere");
    assert_eq!(error(&elsewhere).0, 4);
    let mut nobody = shell("true");
    nobody.text(4, "no-such-user");
    assert_eq!(error(&nobody).0, 4);
    assert_eq!(error(&FieldWriter::new()).0, 1);
}

#[test]
fn runs_as_somebody_else() {
    let mut guest = Guest::with_session("user");
    std::fs::create_dir_all(guest.path("etc")).unwrap();
    std::fs::write(guest.path("etc/passwd"), "root:x:0:0::/root:/bin/sh\nann:x:4242:4242::/nowhere:/bin/sh\n").unwrap();
    std::fs::write(guest.path("etc/group"), "ann:x:4242:\nwheel:x:4243:ann\n").unwrap();
    let mut fields = shell("id -u; id -g; id -G; echo $USER $HOME; pwd");
    fields.text(4, "ann");
    let stream = guest.request(10, &fields);
    assert_eq!(guest.collect(stream).text(), "4242\n4242\n4242 4243\nann /nowhere\n/\n");
}

#[test]
fn a_terminal_has_a_size_and_an_end() {
    let mut guest = Guest::with_session("pty");
    let mut fields = exec(&["/bin/sh", "-c", "stty size; read line; stty size; cat; echo end of $line; tty"], true);
    fields.u64(5, 80).u64(6, 24);
    let stream = guest.request(10, &fields);
    let started = guest.frame();
    let id = started.fields().u64(1).unwrap();
    wait_for(&mut guest, stream, "24 80\r\n");
    let mut resize = FieldWriter::new();
    resize.u64(1, id).u64(2, 132).u64(3, 50);
    assert_eq!(guest.ask(13, &resize).kind, REPLY);
    guest.data(stream, b"input\n");
    wait_for(&mut guest, stream, "50 132\r\n");
    guest.end(stream);
    let all = guest.collect(stream);
    assert!(all.text().starts_with("end of input\r\n/dev/pts/"), "{:?}", all.text());
    assert_eq!((all.ends.as_slice(), all.exit().0), (&[1][..], 0));
}

/// Reads output up to and including `text`.
fn wait_for(guest: &mut Guest, stream: u32, text: &str) {
    let mut seen = String::new();
    while !seen.ends_with(text) {
        let frame = guest.frame_of(stream);
        assert_eq!(frame.kind, DATA);
        seen.push_str(&String::from_utf8_lossy(frame.content()));
        guest.credit(stream, 1, frame.content().len());
    }
}

#[test]
fn signals_go_to_the_whole_group() {
    let mut guest = Guest::with_session("signal");
    let stream = guest.request(10, &shell("sleep 100 & echo ready; wait"));
    let id = guest.frame().fields().u64(1).unwrap();
    wait_for(&mut guest, stream, "ready\n");
    let mut signal = FieldWriter::new();
    signal.u64(1, id).u64(2, 15);
    assert_eq!(guest.ask(12, &signal).kind, REPLY);
    assert_eq!(guest.collect(stream).exit(), (143, Some(15)));
    assert_eq!(guest.ask(12, &signal).number(), 14, "it has ended");
    signal = FieldWriter::new();
    signal.u64(1, 999).u64(2, 15);
    assert_eq!(guest.ask(12, &signal).number(), 4);
}

#[test]
fn closing_kills_the_group_even_when_it_resists() {
    let mut guest = Guest::with_session("close");
    let stream = guest.request(10, &shell("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000"));
    let id = guest.frame().fields().u64(1).unwrap();
    let pid = String::from_utf8(guest.frame().content().to_vec()).unwrap();
    guest.cancel(stream);
    let mut attach = FieldWriter::new();
    attach.u64(1, id);
    let again = guest.request(11, &attach);
    assert_eq!(guest.collect(again).exit(), (137, Some(9)));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(stat.map_or(true, |stat| stat.contains(") Z ")), "the sleep is dead too");
}

#[test]
fn what_is_left_behind_does_not_hold_the_exit_up() {
    let mut guest = Guest::with_session("behind");
    let began = std::time::Instant::now();
    let all = guest.shell("sleep 60 & echo started");
    assert_eq!((all.text().as_str(), all.exit().0), ("started\n", 0));
    assert!(began.elapsed().as_secs() < 50);
    // Nor when it writes and writes; it dies when nobody reads it any more.
    assert_eq!(guest.shell("yes &").exit().0, 0);
}

#[test]
fn a_list_tells_of_everybody() {
    let mut guest = Guest::with_session("list");
    let mut fields = exec(&["sleep", "100"], false);
    fields.text(8, "sleeper");
    guest.request(10, &fields);
    assert_eq!(guest.frame().kind, EVENT);
    guest.shell("exit 3");
    let execs = guest.ask(14, &FieldWriter::new());
    let infos: Vec<_> = execs.fields().fields_list(1).map(Result::unwrap).collect();
    assert_eq!(infos[0].bytes_list(3).collect::<Vec<_>>(), [b"sleep".as_slice(), b"100"]);
    assert_eq!((infos[0].text(4), infos[0].flag(5), infos[0].optional_u64(6)), (Ok("sleeper"), Ok(true), Ok(None)));
    assert_eq!((infos[1].flag(5), infos[1].u64(6)), (Ok(false), Ok(3)));
}
