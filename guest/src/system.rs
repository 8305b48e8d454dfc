//! What of the system around it the agent may change, and where that is.

use std::path::PathBuf;

/// The root of the files that make up an identity, and whether the kernel's state may be changed too.
#[derive(Debug, Clone)]
pub struct System {
    root: PathBuf,
    /// Host name, clock, entropy and network may be changed.
    pub kernel: bool,
    /// This process is PID 1.
    pub init: bool,
}

impl System {
    /// Everything, as PID 1.
    pub fn of_init() -> Self {
        Self { root: PathBuf::from("/"), kernel: true, init: true }
    }

    /// As service: files below `root`.
    pub fn of_service(root: PathBuf, kernel: bool) -> Self {
        Self { root, kernel, init: false }
    }

    /// Where the absolute path `path` is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn paths_stay_below_the_root() {
        assert_eq!(System::of_init().path("/etc/hosts"), Path::new("/etc/hosts"));
        let service = System::of_service("/tmp/x".into(), false);
        assert_eq!(service.path("/etc/hosts"), Path::new("/tmp/x/etc/hosts"));
    }
}
