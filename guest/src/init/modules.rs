//! Kernel modules of the initramfs, in the order of their names.

use crate::console::say;
use crate::sys::kernel;
use std::fs::{self, File};
use std::io::{ErrorKind, Result};
use std::path::{Path, PathBuf};

const DIRECTORY: &str = "/modules";

/// Loads every module. One that cannot be loaded is said, and may turn out not to be needed.
pub fn load_all() -> Result<()> {
    for path in in_order(Path::new(DIRECTORY))? {
        let loaded = File::open(&path).and_then(|file| kernel::load_module(&file));
        match loaded {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => say(&format!("{}: {error}", path.display())),
            _ => {}
        }
    }
    Ok(())
}

fn in_order(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().map_or(false, |extension| extension == "ko"));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn goes_by_name_and_takes_modules_only() {
        let scratch = Scratch::new("modules");
        for name in ["10-virtio_blk.ko", "00-virtio.ko", "notes.txt"] {
            fs::write(scratch.path().join(name), b"").unwrap();
        }
        let names: Vec<_> = in_order(scratch.path()).unwrap();
        assert!(names[0].ends_with("00-virtio.ko") && names[1].ends_with("10-virtio_blk.ko") && names.len() == 2);
        assert!(in_order(&scratch.path().join("none")).unwrap().is_empty());
    }
}
