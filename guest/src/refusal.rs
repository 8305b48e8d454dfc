//! Why a request was not done, in the words and numbers of the guest protocol.

use hearth_wire::fields::FieldError;
use std::fmt::Display;
use std::io;

/// The numbers of the protocol's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    Invalid = 1,
    Unsupported = 2,
    Unauthorized = 3,
    NotFound = 4,
    Exists = 5,
    Denied = 6,
    Limit = 7,
    Io = 8,
    Busy = 9,
    NotDirectory = 10,
    IsDirectory = 11,
    NotEmpty = 12,
    NoSpace = 13,
    BadState = 14,
    Refused = 15,
    Frozen = 16,
}

/// An error that the host is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub text: String,
}

impl Refusal {
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    pub fn invalid(text: impl Into<String>) -> Self {
        Self::new(Code::Invalid, text)
    }

    /// What the system said while we were at `what`.
    pub fn system(what: impl Display, error: &io::Error) -> Self {
        Self::new(code_of(error), format!("{what}: {error}"))
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::invalid(error.to_string())
    }
}

fn code_of(error: &io::Error) -> Code {
    match error.raw_os_error().unwrap_or(0) {
        libc::ENOENT | libc::ENODATA | libc::ESRCH | libc::ENODEV => Code::NotFound,
        libc::EEXIST => Code::Exists,
        libc::EACCES | libc::EPERM | libc::EROFS => Code::Denied,
        libc::ENOTDIR => Code::NotDirectory,
        libc::EISDIR => Code::IsDirectory,
        libc::ENOTEMPTY => Code::NotEmpty,
        libc::ENOSPC | libc::EDQUOT => Code::NoSpace,
        libc::ECONNREFUSED => Code::Refused,
        libc::EMFILE | libc::ENFILE | libc::EAGAIN => Code::Limit,
        libc::EBUSY | libc::ETXTBSY => Code::Busy,
        libc::EINVAL | libc::ENAMETOOLONG | libc::ELOOP | libc::E2BIG | libc::ERANGE => Code::Invalid,
        libc::EOPNOTSUPP | libc::ENOSYS => Code::Unsupported,
        _ => Code::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_systems_reason() {
        let refusal = Refusal::system("open /x", &io::Error::from_raw_os_error(libc::ENOENT));
        assert_eq!(refusal.code, Code::NotFound);
        assert!(refusal.text.starts_with("open /x: "), "{}", refusal.text);
    }
}
