//! STAT, and the description of a file that other methods use too.

use super::path::path;
use crate::refusal::Refusal;
use hearth_wire::fields::{FieldWriter, Fields};
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// STAT: a symbolic link is described itself.
pub fn stat(fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let path = path(fields, 1)?;
    let facts = fs::symlink_metadata(path).map_err(|error| Refusal::system(path.display(), &error))?;
    Ok(describe(path, &facts))
}

/// {path, kind, size, mode, uid, gid, mtimeMs, target-}
pub fn describe(path: &Path, facts: &Metadata) -> FieldWriter {
    let kind = match facts.file_type() {
        kind if kind.is_file() => 0,
        kind if kind.is_dir() => 1,
        kind if kind.is_symlink() => 2,
        _ => 3,
    };
    let mtime_ms = facts.mtime().saturating_mul(1_000).saturating_add(facts.mtime_nsec() / 1_000_000);
    let mut fields = FieldWriter::new();
    fields.bytes(1, path.as_os_str().as_bytes()).u64(2, kind).u64(3, facts.size());
    fields.u64(4, u64::from(facts.mode() & 0o7777)).u64(5, facts.uid().into()).u64(6, facts.gid().into());
    fields.i64(7, mtime_ms);
    if kind == 2 {
        if let Ok(target) = fs::read_link(path) {
            fields.bytes(8, target.as_os_str().as_bytes());
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Code;
    use crate::scratch::Scratch;

    fn asked(path: &Path) -> Result<FieldWriter, Refusal> {
        let mut fields = FieldWriter::new();
        fields.bytes(1, path.as_os_str().as_bytes());
        stat(&Fields::parse(fields.as_bytes()).unwrap())
    }

    #[test]
    fn describes_a_link_itself() {
        let scratch = Scratch::new("stat");
        let link = scratch.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let reply = asked(&link).unwrap();
        let fields = Fields::parse(reply.as_bytes()).unwrap();
        assert_eq!((fields.u64(2), fields.bytes(8)), (Ok(2), Ok(&b"nowhere"[..])));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(asked(Path::new("/nowhere")).unwrap_err().code, Code::NotFound);
        assert_eq!(asked(Path::new("/etc/passwd/x")).unwrap_err().code, Code::NotDirectory);
    }
}
