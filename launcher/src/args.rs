//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub const USAGE: &str = "usage: hearth-launcher --socket PATH --lock PATH [--idle-exit-ms N]";
const IDLE_EXIT_MS: u64 = 60_000;

#[derive(Debug, PartialEq, Eq)]
pub struct Args {
    pub socket: PathBuf,
    pub lock: PathBuf,
    pub idle_exit: Duration,
}

pub fn parse(mut words: impl Iterator<Item = OsString>) -> Result<Args, String> {
    let (mut socket, mut lock, mut idle_exit_ms) = (None, None, IDLE_EXIT_MS);
    while let Some(word) = words.next() {
        let name = word.to_string_lossy().into_owned();
        let value = words.next().ok_or_else(|| format!("{name}: a value is missing"));
        match name.as_str() {
            "--socket" => socket = Some(PathBuf::from(value?)),
            "--lock" => lock = Some(PathBuf::from(value?)),
            "--idle-exit-ms" => idle_exit_ms = milliseconds(&value?)?,
            _ => return Err(format!("{name}: it is not known")),
        }
    }
    let missing = |name: &str| format!("{name} is missing");
    Ok(Args {
        socket: socket.ok_or_else(|| missing("--socket"))?,
        lock: lock.ok_or_else(|| missing("--lock"))?,
        idle_exit: Duration::from_millis(idle_exit_ms),
    })
}

fn milliseconds(value: &OsString) -> Result<u64, String> {
    let allowed = 1..=86_400_000;
    let number = value.to_str().and_then(|text| text.parse().ok()).filter(|number| allowed.contains(number));
    number.ok_or_else(|| format!("--idle-exit-ms: {value:?} is not allowed; 1 to 86400000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Args, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_whole_line_is_understood() {
        let args = parsed("--socket /a --lock /b --idle-exit-ms 250").unwrap();
        assert_eq!(args, Args { socket: "/a".into(), lock: "/b".into(), idle_exit: Duration::from_millis(250) });
    }

    #[test]
    fn mistakes_are_named() {
        for (line, word) in [
            ("--socket /a", "--lock"),
            ("--lock /a", "--socket"),
            ("--socket", "value"),
            ("--nonsense 1", "--nonsense"),
            ("--socket /a --lock /b --idle-exit-ms 0", "--idle-exit-ms"),
        ] {
            assert!(parsed(line).unwrap_err().contains(word), "{line}");
        }
    }
}
