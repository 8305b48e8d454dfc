//! SSH host keys. Those of the snapshot's source are removed: they are everybody's. A server that runs is told, for it has
//! them in memory.

use super::place;
use super::receipt::{at, Proof, Proven};
use crate::base64;
use crate::refusal::Refusal;
use crate::sys::process;
use crate::system::System;
use hearth_wire::fields::Fields;
use hearth_wire::sha256::sha256;
use std::fs;
use std::path::Path;

/// Where sshd says who it is, as Debian builds it.
const PID_FILE: &str = "/run/sshd.pid";

/// A key as sshd reads it.
pub struct HostKey<'a> {
    kind: &'a str,
    private: &'a str,
    public: &'a str,
}

/// Reads {1 type, 2 private, 3 public}.
pub fn key<'a>(fields: &Fields<'a>) -> Result<HostKey<'a>, Refusal> {
    let key = HostKey { kind: fields.text(1)?, private: fields.text(2)?, public: fields.text(3)? };
    let letters = key.kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if letters && (1..=16).contains(&key.kind.len()) {
        return Ok(key);
    }
    Err(Refusal::invalid(format!("the key type is {:?}, allowed are up to 16 lower-case letters and digits", key.kind)))
}

/// Evidence: fingerprints of the public keys as they are read, in the order of the request.
pub fn apply(keys: &[HostKey<'_>], system: &System) -> Proven {
    let directory = system.path("/etc/ssh");
    if !directory.is_dir() {
        return Ok(Proof::Lacking("there is no /etc/ssh"));
    }
    if keys.is_empty() {
        return Ok(Proof::Lacking("not asked for"));
    }
    remove_others(&directory, keys)?;
    let mut fingerprints = Vec::new();
    for key in keys {
        let name = format!("ssh_host_{}_key", key.kind);
        let public = directory.join(format!("{name}.pub"));
        at(&name, place::write(&directory.join(&name), key.private.as_bytes(), 0o600))?;
        at(&name, place::write(&public, key.public.as_bytes(), 0o644))?;
        fingerprints.push(fingerprint(&at(&name, fs::read_to_string(&public))?)?);
    }
    let evidence = fingerprints.join(" ");
    Ok(match reload(system)? {
        Some(pid) => Proof::Noted(evidence, format!("sshd ({pid}) was told to read them")),
        None => Proof::Done(evidence),
    })
}

/// Makes a running sshd start anew, as it does upon SIGHUP; in a frozen clone that happens when it thaws.
fn reload(system: &System) -> Result<Option<i32>, String> {
    let said = fs::read_to_string(system.path(PID_FILE)).unwrap_or_default();
    let pid = match said.trim().parse() {
        Ok(pid) if pid > 1 => pid,
        _ => return Ok(None),
    };
    // The number may be somebody else's by now.
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if name.trim_end() != "sshd" {
        return Ok(None);
    }
    at("tell sshd", process::signal(pid, libc::SIGHUP))?;
    Ok(Some(pid))
}

fn remove_others(directory: &Path, keys: &[HostKey<'_>]) -> Result<(), String> {
    for entry in at("/etc/ssh", fs::read_dir(directory))? {
        let entry = at("/etc/ssh", entry)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = name.strip_prefix("ssh_host_").and_then(|rest| rest.split_once("_key")).map(|parts| parts.0);
        if kind.map_or(false, |kind| keys.iter().all(|key| key.kind != kind)) {
            at(&name, fs::remove_file(entry.path()))?;
        }
    }
    Ok(())
}

/// As `ssh-keygen -l` prints it: SHA-256 of the key's bytes, in base64 without padding.
fn fingerprint(public: &str) -> Result<String, String> {
    let encoded = public.split_whitespace().nth(1).ok_or("the public key has no second word")?;
    let blob = base64::decode(encoded).ok_or("the public key is not base64")?;
    Ok(format!("SHA256:{}", base64::encode(&sha256(&blob))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== hearth\n";

    #[test]
    fn replaces_the_keys_of_the_source() {
        let scratch = Scratch::new("ssh");
        let system = System::of_service(scratch.path().into(), false);
        let directory = scratch.path().join("etc/ssh");
        let keys = [HostKey { kind: "ed25519", private: "PRIVATE", public: PUBLIC }];
        assert_eq!(apply(&keys, &system), Ok(Proof::Lacking("there is no /etc/ssh")));
        fs::create_dir_all(&directory).unwrap();
        for old in ["ssh_host_rsa_key", "ssh_host_rsa_key.pub", "ssh_host_ed25519_key", "sshd_config"] {
            fs::write(directory.join(old), b"old").unwrap();
        }
        let blob = base64::decode("AAAAC3NzaC1lZDI1NTE5AAAAIA==").unwrap();
        let expected = format!("SHA256:{}", base64::encode(&sha256(&blob)));
        assert_eq!(apply(&keys, &system), Ok(Proof::Done(expected)));
        let mut names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub", "sshd_config"]);
        let private = fs::metadata(directory.join("ssh_host_ed25519_key")).unwrap();
        assert_eq!(private.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_running_sshd_is_told_and_nobody_else() {
        let scratch = Scratch::new("sshd");
        let system = System::of_service(scratch.path().into(), false);
        for directory in ["etc/ssh", "run"] {
            fs::create_dir_all(scratch.path().join(directory)).unwrap();
        }
        let keys = [HostKey { kind: "ed25519", private: "PRIVATE", public: PUBLIC }];
        let says = |pid: &str| {
            fs::write(scratch.path().join("run/sshd.pid"), pid).unwrap();
            apply(&keys, &system)
        };
        for nobody in ["", "1\n", "-1\n", "x\n", &format!("{}\n", std::process::id())] {
            assert!(matches!(says(nobody), Ok(Proof::Done(_))), "{nobody}");
        }
        let program = scratch.path().join("sshd");
        fs::copy("/bin/sleep", &program).unwrap();
        let mut server = std::process::Command::new(&program).arg("1000").spawn().unwrap();
        let told = says(&format!("{}\n", server.id()));
        let detail = format!("sshd ({}) was told to read them", server.id());
        assert!(matches!(&told, Ok(Proof::Noted(_, said)) if *said == detail), "{told:?}");
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(server.wait().unwrap().signal(), Some(libc::SIGHUP));
    }

    #[test]
    fn a_key_type_cannot_choose_a_path() {
        let mut writer = hearth_wire::fields::FieldWriter::new();
        writer.text(1, "../../x").text(2, "").text(3, "");
        let bytes = writer.into_bytes();
        assert!(key(&Fields::parse(&bytes).unwrap()).is_err());
    }
}
