//! What went wrong, as it travels to a client: an errno and a sentence.

use std::fmt::{self, Display};
use std::io;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub errno: i32,
    pub text: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(errno: i32, text: impl Into<String>) -> Self {
        Failure { errno, text: text.into() }
    }

    /// `what` names the thing that was being done; the system's words follow.
    pub fn io(what: impl Display, error: &io::Error) -> Self {
        let errno = error.raw_os_error().unwrap_or(libc::EIO);
        Failure { errno, text: format!("{what}: {}", words(errno)) }
    }

    /// The failure of the system call just made.
    pub fn last(what: impl Display) -> Self {
        Failure::io(what, &io::Error::last_os_error())
    }

    pub fn invalid(text: impl Into<String>) -> Self {
        Failure::new(libc::EINVAL, text)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The system's sentence for an errno, without Rust's " (os error N)".
pub fn words(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}
