//! MKDIR, MOVE, GETXATTR, SETXATTR.

use super::path::{c_path, mode, path};
use crate::refusal::{Code, Refusal};
use crate::sys::xattr;
use hearth_wire::fields::{FieldWriter, Fields};
use std::ffi::CString;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;

/// MKDIR: parents are made, an existing directory is fine.
pub fn make_directory(fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let (path, mode) = (path(fields, 1)?, mode(fields, 2)?);
    if let Some(parent) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(parent)
            .map_err(|error| Refusal::system(parent.display(), &error))?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Err(_) if path.is_dir() => {}
        made => made.map_err(|error| Refusal::system(path.display(), &error))?,
    }
    Ok(FieldWriter::new())
}

pub fn move_path(fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let (from, to) = (path(fields, 1)?, path(fields, 2)?);
    let both = || format!("move {} to {}", from.display(), to.display());
    fs::rename(from, to).map_err(|error| Refusal::system(both(), &error))?;
    Ok(FieldWriter::new())
}

pub fn get_xattr(fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let (path, name) = (path(fields, 1)?, name(fields)?);
    let value = xattr::get(&c_path(path)?, &name).map_err(|error| Refusal::system(path.display(), &error))?;
    let mut reply = FieldWriter::new();
    reply.bytes(1, &value);
    Ok(reply)
}

pub fn set_xattr(fields: &Fields<'_>) -> Result<FieldWriter, Refusal> {
    let (path, name, value) = (path(fields, 1)?, name(fields)?, fields.bytes(3)?);
    if value.len() > xattr::MAX_VALUE_BYTES {
        return Err(Refusal::new(Code::Limit, format!("the value has {} bytes, allowed are 65536", value.len())));
    }
    xattr::set(&c_path(path)?, &name, value).map_err(|error| Refusal::system(path.display(), &error))?;
    Ok(FieldWriter::new())
}

fn name(fields: &Fields<'_>) -> Result<CString, Refusal> {
    let name = CString::new(fields.text(2)?);
    name.map_err(|_| Refusal::invalid("field 2 (name) contains NUL"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn made(path: &Path, mode: u64) -> Result<FieldWriter, Refusal> {
        let mut fields = FieldWriter::new();
        fields.bytes(1, path.as_os_str().as_bytes()).u64(2, mode);
        make_directory(&Fields::parse(fields.as_bytes()).unwrap())
    }

    #[test]
    fn makes_parents_and_accepts_what_is_there() {
        let scratch = Scratch::new("mkdir");
        let deep = scratch.path().join("a/b");
        made(&deep, 0o700).unwrap();
        made(&deep, 0o755).unwrap();
        assert_eq!(fs::metadata(&deep).unwrap().permissions().mode() & 0o777, 0o700);
        let file = scratch.path().join("file");
        fs::write(&file, b"").unwrap();
        assert_eq!(made(&file, 0o700).unwrap_err().code, Code::Exists);
    }
}
