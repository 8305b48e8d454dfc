//! What EXEC and ATTACH ask for.

use crate::refusal::Refusal;
use hearth_wire::fields::Fields;
use std::ffi::CString;

const MAX_ARGUMENTS: usize = 4_096;
const MAX_TERMINAL_SIDE: u64 = 10_000;
const MAX_TAG_BYTES: usize = 256;

/// What becomes of a process when the host loses interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnClose {
    Kill,
    Keep,
}

/// A process to start.
#[derive(Debug, PartialEq, Eq)]
pub struct ExecRequest {
    pub argv: Vec<CString>,
    pub env: Vec<CString>,
    pub cwd: Option<CString>,
    pub user: Option<String>,
    /// Columns and rows, for a process with a terminal.
    pub terminal: Option<(u16, u16)>,
    pub stdin: bool,
    pub tag: Option<String>,
    pub on_close: OnClose,
    pub to_console: bool,
}

impl ExecRequest {
    pub fn parse(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let argv = strings(fields, 1, "argv")?;
        if argv.first().map_or(true, |name| name.as_bytes().is_empty()) {
            return Err(Refusal::invalid("field 1 (argv) is empty, it starts with the program"));
        }
        let env = strings(fields, 2, "env")?;
        if let Some(entry) = env.iter().find(|entry| !is_variable(entry.as_bytes())) {
            return Err(Refusal::invalid(format!("field 2 (env) has {entry:?}, allowed is NAME=VALUE")));
        }
        let terminal = match (fields.optional_u64(5)?, fields.optional_u64(6)?) {
            (Some(cols), Some(rows)) => Some((terminal_side(cols, 5)?, terminal_side(rows, 6)?)),
            (None, None) => None,
            _ => return Err(Refusal::invalid("fields 5 (cols) and 6 (rows) come together")),
        };
        Ok(Self {
            argv,
            env,
            cwd: fields.optional_bytes(3)?.map(absolute).transpose()?,
            user: fields.optional_text(4)?.map(Into::into),
            terminal,
            stdin: fields.flag(7)?,
            tag: tag(fields, 8)?,
            on_close: on_close(fields.u64(9)?, 9)?,
            to_console: fields.optional_flag(10)?.unwrap_or(false),
        })
    }
}

/// A process to attach to.
#[derive(Debug, PartialEq, Eq)]
pub struct AttachRequest {
    pub exec_id: Option<u64>,
    pub tag: Option<String>,
    /// Where output 1 and 2 go on.
    pub from: [Option<u64>; 2],
    pub on_close: Option<OnClose>,
}

impl AttachRequest {
    pub fn parse(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let request = Self {
            exec_id: fields.optional_u64(1)?,
            tag: tag(fields, 2)?,
            from: [fields.optional_u64(3)?, fields.optional_u64(4)?],
            on_close: fields.optional_u64(5)?.map(|value| on_close(value, 5)).transpose()?,
        };
        if request.exec_id.is_none() && request.tag.is_none() {
            return Err(Refusal::invalid("one of the fields 1 (execId) and 2 (tag) must be there"));
        }
        Ok(request)
    }
}

/// The side of a terminal, from field `number`.
pub fn terminal_side(value: u64, number: u8) -> Result<u16, Refusal> {
    if (1..=MAX_TERMINAL_SIDE).contains(&value) {
        return Ok(value as u16);
    }
    Err(Refusal::invalid(format!("field {number} is {value}, allowed are 1 to {MAX_TERMINAL_SIDE}")))
}

fn on_close(value: u64, number: u8) -> Result<OnClose, Refusal> {
    match value {
        0 => Ok(OnClose::Kill),
        1 => Ok(OnClose::Keep),
        _ => Err(Refusal::invalid(format!("field {number} (onClose) is {value}, allowed are 0 and 1"))),
    }
}

fn tag(fields: &Fields<'_>, number: u8) -> Result<Option<String>, Refusal> {
    let tag = fields.optional_text(number)?;
    match tag.map_or(0, str::len) {
        length if length > MAX_TAG_BYTES => {
            Err(Refusal::invalid(format!("field {number} (tag) has {length} bytes, allowed are {MAX_TAG_BYTES}")))
        }
        _ => Ok(tag.map(Into::into)),
    }
}

fn strings(fields: &Fields<'_>, number: u8, name: &str) -> Result<Vec<CString>, Refusal> {
    if fields.bytes_list(number).nth(MAX_ARGUMENTS).is_some() {
        return Err(Refusal::invalid(format!("field {number} ({name}) has more than {MAX_ARGUMENTS} entries")));
    }
    let c_string = |bytes: &[u8]| {
        CString::new(bytes).map_err(|_| Refusal::invalid(format!("field {number} ({name}) contains a NUL byte")))
    };
    fields.bytes_list(number).map(c_string).collect()
}

fn absolute(path: &[u8]) -> Result<CString, Refusal> {
    match CString::new(path) {
        Ok(path) if path.as_bytes().starts_with(b"/") => Ok(path),
        _ => Err(Refusal::invalid("field 3 (cwd) is not an absolute path without NUL")),
    }
}

/// Says whether `entry` is NAME=VALUE.
pub fn is_variable(entry: &[u8]) -> bool {
    entry.iter().position(|byte| *byte == b'=').map_or(false, |at| at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;
    use hearth_wire::fields::FieldWriter;

    fn whole() -> FieldWriter {
        let mut w = FieldWriter::new();
        w.bytes(1, b"sh").bytes(1, b"-c").text(2, "A=b").bytes(3, b"/tmp").text(4, "ann").u64(5, 80).u64(6, 24);
        w.flag(7, true).text(8, "tag").u64(9, 1).flag(10, true);
        w
    }

    fn parse(bytes: &[u8]) -> Result<ExecRequest, Refusal> {
        ExecRequest::parse(&Fields::parse(bytes)?)
    }

    #[test]
    fn reads_everything() {
        let request = parse(whole().as_bytes()).unwrap();
        assert_eq!(request.argv.len(), 2);
        assert_eq!(request.terminal, Some((80, 24)));
        assert_eq!(request.on_close, OnClose::Keep);
        assert!(request.stdin && request.to_console);
    }

    #[test]
    fn says_what_is_wrong() {
        let with = |fill: &dyn for<'a> Fn(&'a mut FieldWriter) -> &'a mut FieldWriter| {
            let mut w = FieldWriter::new();
            fill(&mut w);
            parse(w.flag(7, true).u64(9, 0).as_bytes()).unwrap_err().text
        };
        assert_eq!(with(&|w| w), "field 1 (argv) is empty, it starts with the program");
        assert_eq!(with(&|w| w.bytes(1, b"a\0b")), "field 1 (argv) contains a NUL byte");
        assert_eq!(with(&|w| w.bytes(1, b"a").text(2, "=x")), "field 2 (env) has \"=x\", allowed is NAME=VALUE");
        assert_eq!(with(&|w| w.bytes(1, b"a").u64(5, 80)), "fields 5 (cols) and 6 (rows) come together");
        assert_eq!(with(&|w| w.bytes(1, b"a").bytes(3, b"x")), "field 3 (cwd) is not an absolute path without NUL");
        assert_eq!(with(&|w| w.bytes(1, b"a").u64(5, 0).u64(6, 1)), "field 5 is 0, allowed are 1 to 10000");
    }

    #[test]
    fn damaged_requests_never_panic() {
        let mut numbers = Numbers::seeded(6);
        let whole = whole();
        for _ in 0..20_000 {
            let damaged = numbers.damage(whole.as_bytes());
            drop(parse(&damaged));
            drop(Fields::parse(&damaged).map(|fields| AttachRequest::parse(&fields)));
        }
    }
}
