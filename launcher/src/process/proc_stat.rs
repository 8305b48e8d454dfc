//! What /proc says about a process (proc(5)): enough to know that a pid is still the same process.

use std::fs;

#[derive(Debug, PartialEq, Eq)]
pub struct Stat {
    /// `R`, `S`, `Z` and so on.
    pub state: u8,
    /// Clock ticks after boot; with the pid this names a process for ever.
    pub start_time: u64,
}

/// `None` when there is no such process.
pub fn read(pid: i32) -> Option<Stat> {
    parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's first argument, as it was given (empty for a zombie).
pub fn argv0(pid: i32) -> Vec<u8> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|b| *b == 0).next().unwrap_or_default().to_vec()
}

fn parse(line: &[u8]) -> Option<Stat> {
    // The name (field 2) is in parentheses and may hold anything, also ") ".
    let after_name = line.iter().rposition(|b| *b == b')')? + 2;
    let text = std::str::from_utf8(line.get(after_name..)?).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    // Field 3 is gone; field 22 is the 18th after it.
    let start_time = fields.nth(18)?.parse().ok()?;
    Some(Stat { state, start_time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = b"12 (a) R 1) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 424242 20\n";
        assert_eq!(parse(line), Some(Stat { state: b'Z', start_time: 424_242 }));
    }

    #[test]
    fn this_process_is_found() {
        assert!(read(std::process::id() as i32).unwrap().start_time > 0);
        assert_eq!(read(0), None);
    }
}
