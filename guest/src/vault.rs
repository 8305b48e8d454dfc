//! What ASSIGN gave the machine and a snapshot must not contain: environment, secrets, the channel token.

use crate::exec::request::is_variable;
use crate::refusal::Refusal;
use crate::sys::secret;
use crate::system::System;
use std::ffi::CString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

/// Environment, secrets and token of the machine's owner.
#[derive(Default)]
pub struct Vault {
    env: Vec<CString>,
    secrets: Vec<CString>,
    token: Option<Vec<u8>>,
}

impl Vault {
    pub fn env(&self) -> &[CString] {
        &self.env
    }

    pub fn secrets(&self) -> &[CString] {
        &self.secrets
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Says whether `shown` opens the channel; the time it takes does not depend on how much of it is right.
    pub fn opens(&self, shown: Option<&[u8]>) -> bool {
        match (&self.token, shown) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(token), Some(shown)) => secret::equal(token, shown),
        }
    }

    pub fn set_env(&mut self, env: Vec<CString>) {
        wipe_all(&mut self.env);
        self.env = env;
    }

    /// Keeps secrets and writes each into a file of its own, readable by root alone.
    pub fn set_secrets(&mut self, secrets: Vec<CString>, system: &System) -> io::Result<()> {
        self.forget_secrets(system)?;
        if secrets.is_empty() {
            return Ok(());
        }
        let directory = directory(system);
        let make = |path: &Path, mode| fs::DirBuilder::new().recursive(true).mode(mode).create(path);
        make(&system.path("/run/hearth"), 0o755)?;
        make(&directory, 0o700)?;
        for secret in &secrets {
            let (name, value) = split(secret);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(directory.join(name))?;
            file.write_all(value)?;
        }
        self.secrets = secrets;
        Ok(())
    }

    pub fn set_token(&mut self, token: &[u8]) {
        self.forget_token();
        self.token = Some(token.to_vec());
    }

    pub fn token(&self) -> Option<&[u8]> {
        self.token.as_deref()
    }

    /// Forgets everything: memory and files are overwritten, the files removed.
    pub fn forget(&mut self, system: &System) -> io::Result<()> {
        self.forget_token();
        wipe_all(&mut self.env);
        self.forget_secrets(system)
    }

    fn forget_token(&mut self) {
        if let Some(mut token) = self.token.take() {
            secret::wipe(&mut token);
        }
    }

    fn forget_secrets(&mut self, system: &System) -> io::Result<()> {
        wipe_all(&mut self.secrets);
        let files = match fs::read_dir(directory(system)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            files => files?,
        };
        for file in files {
            let path = file?.path();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            let length = fs::metadata(&path)?.len() as usize;
            OpenOptions::new().write(true).open(&path)?.write_all(&vec![0; length])?;
            fs::remove_file(&path)?;
        }
        Ok(())
    }
}

/// Checks `NAME=VALUE` entries of field `tag`.
pub fn variables<'a>(
    tag: u8,
    entries: impl Iterator<Item = Result<&'a str, hearth_wire::fields::FieldError>>,
) -> Result<Vec<CString>, Refusal> {
    let variable = |entry: &str| {
        let fits = is_variable(entry.as_bytes());
        CString::new(entry)
            .ok()
            .filter(|_| fits)
            .ok_or_else(|| Refusal::invalid(format!("field {tag} has an entry that is not NAME=VALUE without NUL")))
    };
    entries.map(|entry| variable(entry?)).collect()
}

/// Checks `NAME=VALUE` entries whose names become file names.
pub fn secrets<'a>(
    tag: u8,
    entries: impl Iterator<Item = Result<&'a str, hearth_wire::fields::FieldError>>,
) -> Result<Vec<CString>, Refusal> {
    let checked = variables(tag, entries)?;
    let plain = |name: &str| {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        letters && name.len() <= 128
    };
    match checked.iter().map(|secret| split(secret).0).find(|name| !plain(name)) {
        None => Ok(checked),
        Some(name) => {
            Err(Refusal::invalid(format!("field {tag} has the name {name:?}, allowed are letters, digits and _")))
        }
    }
}

/// Checks a token.
pub fn token(tag: u8, token: &[u8]) -> Result<&[u8], Refusal> {
    if TOKEN_BYTES.contains(&token.len()) {
        return Ok(token);
    }
    let (least, most) = (TOKEN_BYTES.start(), TOKEN_BYTES.end());
    Err(Refusal::invalid(format!("field {tag} (token) has {} bytes, allowed are {least} to {most}", token.len())))
}

fn split(entry: &CString) -> (&str, &[u8]) {
    let bytes = entry.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=').unwrap_or(bytes.len());
    (std::str::from_utf8(&bytes[..at]).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default())
}

fn directory(system: &System) -> PathBuf {
    system.path("/run/hearth/secrets")
}

fn wipe_all(entries: &mut Vec<CString>) {
    crate::exec::environment::wipe(std::mem::take(entries));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn only_the_whole_token_opens() {
        let mut vault = Vault::default();
        assert!(vault.opens(None) && vault.opens(Some(b"anything")));
        vault.set_token(b"0123456789abcdef");
        assert!(vault.opens(Some(b"0123456789abcdef")));
        for wrong in
            [None, Some(&b""[..]), Some(b"0123456789abcde"), Some(b"0123456789abcdefg"), Some(b"0123456789abcdeF")]
        {
            assert!(!vault.opens(wrong));
        }
    }

    #[test]
    fn secrets_are_files_until_they_are_forgotten() {
        let scratch = Scratch::new("vault");
        let system = System::of_service(scratch.path().into(), false);
        let mut vault = Vault::default();
        let entries = [Ok("KEY=s3cret=x"), Ok("EMPTY=")];
        vault.set_secrets(secrets(5, entries.into_iter()).unwrap(), &system).unwrap();
        let file = scratch.path().join("run/hearth/secrets/KEY");
        assert_eq!(fs::read(&file).unwrap(), b"s3cret=x");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o400);
        vault.forget(&system).unwrap();
        assert!(!file.exists() && vault.secrets().is_empty());
    }

    #[test]
    fn a_secret_cannot_choose_a_path() {
        for name in ["../x=1", "a/b=1", ".=1", "é=1"] {
            assert!(secrets(5, [Ok(name)].into_iter()).is_err(), "{name}");
        }
        assert!(variables(4, [Ok("novalue")].into_iter()).is_err());
    }
}
