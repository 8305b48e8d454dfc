//! Files that a launch brings along.

use super::place;
use super::receipt::{at, Proof, Proven};
use crate::refusal::Refusal;
use crate::system::System;
use hearth_wire::fields::Fields;
use hearth_wire::hex;
use hearth_wire::sha256::Sha256;
use std::fs;

/// A file to be put somewhere.
pub struct Injected<'a> {
    path: &'a str,
    mode: u32,
    content: &'a [u8],
}

/// Reads {1 path, 2 mode, 3 content}.
pub fn file<'a>(fields: &Fields<'a>) -> Result<Injected<'a>, Refusal> {
    let path = fields.text(1)?;
    let mode = fields.u64(2)?;
    let plain = path.starts_with('/')
        && !path.ends_with('/')
        && !path.contains('\0')
        && path.split('/').all(|part| part != "." && part != "..");
    if !plain {
        return Err(Refusal::invalid(format!(
            "a file has the path {path:?}, allowed are absolute ones without . and .."
        )));
    }
    if mode > 0o7777 {
        return Err(Refusal::invalid(format!("{path} has the mode {mode:o}, allowed are 0 to 7777")));
    }
    Ok(Injected { path, mode: mode as u32, content: fields.bytes(3)? })
}

/// Evidence: SHA-256 over the content of all files, in order, as it is read.
pub fn apply(files: &[Injected<'_>], system: &System) -> Proven {
    let mut digest = Sha256::new();
    for file in files {
        let path = system.path(file.path);
        if let Some(parent) = path.parent() {
            at(file.path, place::directories(parent))?;
        }
        at(file.path, place::write(&path, file.content, file.mode))?;
        digest.update(&at(file.path, fs::read(&path))?);
    }
    Ok(Proof::Done(hex::encode(&digest.finish())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use hearth_wire::fields::FieldWriter;
    use hearth_wire::sha256::sha256;

    fn request(path: &str, mode: u64) -> Vec<u8> {
        let mut fields = FieldWriter::new();
        fields.bytes(1, path.as_bytes()).u64(2, mode).bytes(3, b"hi");
        fields.into_bytes()
    }

    #[test]
    fn writes_files_and_proves_their_content() {
        let scratch = Scratch::new("injected");
        let system = System::of_service(scratch.path().into(), false);
        let bytes = request("/opt/deep/file", 0o640);
        let injected = file(&Fields::parse(&bytes).unwrap()).unwrap();
        assert_eq!(apply(&[injected], &system), Ok(Proof::Done(hex::encode(&sha256(b"hi")))));
        assert_eq!(fs::read(scratch.path().join("opt/deep/file")).unwrap(), b"hi");
    }

    #[test]
    fn refuses_paths_that_lead_elsewhere() {
        for (path, mode) in [("etc/x", 0), ("/a/../b", 0), ("/a/", 0), ("", 0), ("/a\0b", 0), ("/a", 0o10000)] {
            let bytes = request(path, mode);
            assert!(file(&Fields::parse(&bytes).unwrap()).is_err(), "{path:?}");
        }
    }
}
