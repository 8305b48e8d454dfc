//! /etc/machine-id (machine-id(5)), and D-Bus's copy of it.

use super::place;
use super::receipt::{at, Proof, Proven};
use crate::refusal::Refusal;
use crate::system::System;
use hearth_wire::hex;
use std::fs;

/// Checks field `tag`, the id.
pub fn id(tag: u8, id: &str) -> Result<&str, Refusal> {
    if hex::is_lower_hex(id.as_bytes(), 32) {
        return Ok(id);
    }
    Err(Refusal::invalid(format!("field {tag} (machineId) is {id:?}, allowed are 32 lower-case hex digits")))
}

/// Evidence: the id as it is read.
pub fn apply(id: &str, system: &System) -> Proven {
    let etc = system.path("/etc");
    at("/etc", place::directories(&etc))?;
    let path = etc.join("machine-id");
    let line = format!("{id}\n");
    at("/etc/machine-id", place::write(&path, line.as_bytes(), 0o444))?;
    let dbus = system.path("/var/lib/dbus/machine-id");
    if fs::symlink_metadata(&dbus).map_or(false, |facts| facts.is_file()) {
        at("/var/lib/dbus/machine-id", place::write(&dbus, line.as_bytes(), 0o444))?;
        if at("/var/lib/dbus/machine-id", fs::read_to_string(&dbus))? != line {
            return Err("/var/lib/dbus/machine-id does not keep what is written".into());
        }
    }
    let read = at("/etc/machine-id", fs::read_to_string(&path))?;
    Ok(Proof::Done(read.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn writes_both_files_where_both_are() {
        let scratch = Scratch::new("machine-id");
        let system = System::of_service(scratch.path().into(), false);
        let dbus = scratch.path().join("var/lib/dbus");
        fs::create_dir_all(&dbus).unwrap();
        fs::write(dbus.join("machine-id"), b"old\n").unwrap();
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(apply(id, &system), Ok(Proof::Done(id.into())));
        assert_eq!(fs::read(dbus.join("machine-id")).unwrap(), b"0123456789abcdef0123456789abcdef\n");
    }

    #[test]
    fn leaves_a_link_of_dbus_a_link_and_makes_no_copy_where_none_was() {
        let scratch = Scratch::new("machine-id-link");
        let system = System::of_service(scratch.path().into(), false);
        let dbus = scratch.path().join("var/lib/dbus");
        let id = "0123456789abcdef0123456789abcdef";
        apply(id, &system).unwrap();
        assert!(!dbus.exists());
        fs::create_dir_all(&dbus).unwrap();
        std::os::unix::fs::symlink("../../../etc/machine-id", dbus.join("machine-id")).unwrap();
        apply(id, &system).unwrap();
        assert!(fs::symlink_metadata(dbus.join("machine-id")).unwrap().file_type().is_symlink());
        assert_eq!(fs::read(dbus.join("machine-id")).unwrap(), b"0123456789abcdef0123456789abcdef\n");
    }

    #[test]
    fn refuses_anything_else_than_an_id() {
        for bad in ["", "0123456789ABCDEF0123456789abcdef", "0123", "../../../../../../../../etc/shadow"] {
            assert!(super::id(4, bad).is_err());
        }
    }
}
