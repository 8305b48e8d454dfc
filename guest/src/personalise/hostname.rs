//! The host name: the kernel's, /etc/hostname, and the line of it in /etc/hosts.

use super::place;
use super::receipt::{at, Proof, Proven, NO_KERNEL};
use crate::refusal::Refusal;
use crate::sys::kernel;
use crate::system::System;
use std::fs;
use std::io::{ErrorKind, Result};
use std::path::Path;

/// The address that Debian gives a host's own name in /etc/hosts.
const OWN_ADDRESS: &str = "127.0.1.1";
const MAX_BYTES: usize = 63;
/// What an image without /etc/hosts gets.
const FIRST_HOSTS: &str = "127.0.0.1\tlocalhost\n";

/// Checks field `tag`, the name: letters, digits and inner hyphens (RFC 1123).
pub fn name(tag: u8, name: &str) -> std::result::Result<&str, Refusal> {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if letters && (1..=MAX_BYTES).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(name);
    }
    Err(Refusal::invalid(format!(
        "field {tag} (hostname) is {name:?}, allowed are 1 to {MAX_BYTES} letters, digits and inner hyphens"
    )))
}

/// Evidence: what the kernel says; without a say in the kernel's name only the files are written.
pub fn apply(name: &str, system: &System) -> Proven {
    let etc = system.path("/etc");
    at("/etc/hostname", change(&etc.join("hostname"), |_| format!("{name}\n")))?;
    at("/etc/hosts", change(&etc.join("hosts"), |hosts| with_own_name(hosts, name)))?;
    if !system.kernel {
        return NO_KERNEL;
    }
    at("set the host name", kernel::set_host_name(name))?;
    Ok(Proof::Done(at("uname", kernel::uname())?.node))
}

/// Writes what `make` makes of the content. A claim waits for this, and often finds the name that its rehearsal gave.
fn change(path: &Path, make: impl FnOnce(&str) -> String) -> Result<()> {
    let before = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), place::directories)?;
            Vec::new()
        }
        before => before?,
    };
    let after = make(&String::from_utf8_lossy(&before));
    if before == after.as_bytes() {
        return Ok(());
    }
    place::write(path, after.as_bytes(), 0o644)
}

/// `hosts` with one line for our own address, where the first was or at the end.
fn with_own_name(hosts: &str, name: &str) -> String {
    let hosts = if hosts.is_empty() { FIRST_HOSTS } else { hosts };
    let own = format!("{OWN_ADDRESS}\t{name}");
    let is_own = |line: &str| line.split_whitespace().next() == Some(OWN_ADDRESS);
    let mut written = false;
    let mut lines = Vec::new();
    for line in hosts.lines() {
        if !is_own(line) {
            lines.push(line);
        } else if !written {
            written = true;
            lines.push(&own);
        }
    }
    if !written {
        lines.push(&own);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn keeps_the_other_lines_of_hosts() {
        assert_eq!(with_own_name("127.0.0.1 localhost\n", "a"), "127.0.0.1 localhost\n127.0.1.1\ta\n");
        let before = "127.0.0.1 localhost\n127.0.1.1 old old.example\n::1 ip6\n127.0.1.1 older\n";
        assert_eq!(with_own_name(before, "a"), "127.0.0.1 localhost\n127.0.1.1\ta\n::1 ip6\n");
    }

    #[test]
    fn writes_the_files_where_the_kernel_is_not_ours() {
        let scratch = Scratch::new("hostname");
        let system = System::of_service(scratch.path().into(), false);
        assert_eq!(apply("box-1", &system), NO_KERNEL);
        assert_eq!(fs::read(scratch.path().join("etc/hostname")).unwrap(), b"box-1\n");
        let hosts = || fs::read(scratch.path().join("etc/hosts")).unwrap();
        assert_eq!(hosts(), b"127.0.0.1\tlocalhost\n127.0.1.1\tbox-1\n");
        fs::write(scratch.path().join("etc/hosts"), b"").unwrap();
        assert_eq!(apply("box-1", &system), NO_KERNEL);
        assert_eq!(hosts(), b"127.0.0.1\tlocalhost\n127.0.1.1\tbox-1\n");
    }

    #[test]
    fn writes_nothing_that_is_right_already() {
        let scratch = Scratch::new("hostname-same");
        let system = System::of_service(scratch.path().into(), false);
        let facts = || {
            use std::os::unix::fs::MetadataExt;
            ["etc/hostname", "etc/hosts"].map(|file| fs::metadata(scratch.path().join(file)).unwrap().ino())
        };
        assert_eq!(apply("box-1", &system), NO_KERNEL);
        let before = facts();
        assert_eq!(apply("box-1", &system), NO_KERNEL);
        assert_eq!(facts(), before);
        assert_eq!(apply("box-2", &system), NO_KERNEL);
        assert_eq!(fs::read(scratch.path().join("etc/hostname")).unwrap(), b"box-2\n");
    }

    #[test]
    fn refuses_what_is_no_name() {
        for bad in ["", "-a", "a-", "a.b", "a b", "é", "a\n127.0.0.1", &"a".repeat(64)] {
            assert!(name(3, bad).is_err(), "{bad}");
        }
        assert!(name(3, "box-1").is_ok());
    }
}
