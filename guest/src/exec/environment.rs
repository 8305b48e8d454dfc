//! What a process finds in its environment, and where its program may be.

use super::users::User;
use crate::sys::secret;
use std::ffi::CString;

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const TERMINAL: &str = "TERM=xterm-256color";

/// The environment: what every process has, then each of `layers`; a later entry replaces an earlier one of its name.
pub fn build(user: &User, terminal: bool, layers: &[&[CString]]) -> Vec<CString> {
    let mut all: Vec<CString> = Vec::new();
    let basics = [
        format!("PATH={DEFAULT_PATH}"),
        format!("HOME={}", user.home),
        format!("USER={}", user.name),
        format!("LOGNAME={}", user.name),
    ];
    let terminal = terminal.then(|| TERMINAL.to_owned());
    for entry in basics.into_iter().chain(terminal) {
        all.extend(CString::new(entry));
    }
    for entry in layers.iter().copied().flatten() {
        match all.iter_mut().find(|other| name_of(other.as_bytes()) == name_of(entry.as_bytes())) {
            Some(other) => *other = entry.clone(),
            None => all.push(entry.clone()),
        }
    }
    all
}

/// Where the program called `name` may be, by the PATH in `env`.
pub fn candidates(name: &CString, env: &[CString]) -> Vec<CString> {
    if name.as_bytes().contains(&b'/') {
        return vec![name.clone()];
    }
    let path = env.iter().find_map(|entry| entry.as_bytes().strip_prefix(b"PATH=")).unwrap_or_default();
    let directories = path.split(|byte| *byte == b':').filter(|directory| !directory.is_empty());
    directories.filter_map(|directory| CString::new([directory, b"/", name.as_bytes()].concat()).ok()).collect()
}

/// Overwrites what may be a secret.
pub fn wipe(entries: Vec<CString>) {
    for entry in entries {
        secret::wipe(&mut entry.into_bytes());
    }
}

fn name_of(entry: &[u8]) -> &[u8] {
    entry.split(|byte| *byte == b'=').next().unwrap_or(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::spawn::Rights;

    fn strings(texts: &[&str]) -> Vec<CString> {
        texts.iter().map(|text| CString::new(*text).unwrap()).collect()
    }

    #[test]
    fn later_layers_win() {
        let rights = Rights { uid: 1, gid: 1, groups: vec![] };
        let user = User { name: "ann".into(), home: "/home/ann".into(), rights };
        let env = build(&user, true, &[&strings(&["A=1", "B=1"]), &strings(&["B=2", "HOME=/x", "A="])]);
        let path = format!("PATH={DEFAULT_PATH}");
        assert_eq!(env, strings(&[&path, "HOME=/x", "USER=ann", "LOGNAME=ann", TERMINAL, "A=", "B=2"]));
    }

    #[test]
    fn looks_along_the_path_unless_there_is_a_slash() {
        let env = strings(&["PATH=/a::/b"]);
        assert_eq!(candidates(&strings(&["sh"])[0], &env), strings(&["/a/sh", "/b/sh"]));
        assert_eq!(candidates(&strings(&["./sh"])[0], &env), strings(&["./sh"]));
        assert!(candidates(&strings(&["sh"])[0], &[]).is_empty());
    }
}
