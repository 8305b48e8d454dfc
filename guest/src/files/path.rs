//! Paths as the host names them.

use crate::refusal::Refusal;
use hearth_wire::fields::Fields;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const MAX_BYTES: usize = 4_095;

/// The absolute path in field `tag`.
pub fn path<'a>(fields: &Fields<'a>, tag: u8) -> Result<&'a Path, Refusal> {
    let bytes = fields.bytes(tag)?;
    if !bytes.starts_with(b"/") || bytes.contains(&0) || bytes.len() > MAX_BYTES {
        return Err(Refusal::invalid(format!(
            "field {tag} (path) is {:?}, allowed are absolute paths without NUL of up to {MAX_BYTES} bytes",
            String::from_utf8_lossy(&bytes[..bytes.len().min(200)])
        )));
    }
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

/// The permission bits in field `tag`.
pub fn mode(fields: &Fields<'_>, tag: u8) -> Result<u32, Refusal> {
    match fields.u64(tag)? {
        mode @ 0..=0o7777 => Ok(mode as u32),
        mode => Err(Refusal::invalid(format!("field {tag} (mode) is {mode:o}, allowed are 0 to 7777"))),
    }
}

/// `path` for a system call.
pub fn c_path(path: &Path) -> Result<CString, Refusal> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Refusal::invalid("the path contains NUL"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;
    use hearth_wire::fields::FieldWriter;

    #[test]
    fn takes_absolute_paths_only() {
        let read = |bytes: &[u8]| {
            let mut fields = FieldWriter::new();
            fields.bytes(1, bytes);
            path(&Fields::parse(fields.as_bytes()).unwrap(), 1).map(|path| path.as_os_str().as_bytes().to_vec())
        };
        assert_eq!(read(b"/a\xff").unwrap(), b"/a\xff");
        for bad in [&b""[..], b"a", b"/a\0b", &[b'/'; 4_096]] {
            assert!(read(bad).is_err());
        }
    }

    #[test]
    fn damaged_requests_never_panic() {
        let mut numbers = Numbers::seeded(9);
        let mut whole = FieldWriter::new();
        whole.bytes(1, b"/etc/passwd").u64(2, 0o644).text(3, "root");
        for _ in 0..10_000 {
            let damaged = numbers.damage(whole.as_bytes());
            if let Ok(fields) = Fields::parse(&damaged) {
                drop((path(&fields, 1), mode(&fields, 2)));
            }
        }
    }
}
