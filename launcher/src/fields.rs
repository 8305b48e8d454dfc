//! Field lists as requests and replies use them: every refusal names the field as the document does.

use crate::failure::{Failure, Outcome};
use hearth_wire::fields::{self, FieldError, FieldWriter};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The fields of a request.
pub struct Fields<'a>(fields::Fields<'a>);

fn named(name: &str, error: FieldError) -> Failure {
    Failure::invalid(format!("{name}: {error}"))
}

impl<'a> Fields<'a> {
    pub fn parse(bytes: &'a [u8]) -> Outcome<Self> {
        fields::Fields::parse(bytes).map(Fields).map_err(|e| named("request", e))
    }

    pub fn number(&self, tag: u8, name: &str) -> Outcome<u64> {
        self.0.u64(tag).map_err(|e| named(name, e))
    }

    pub fn optional_number(&self, tag: u8, name: &str) -> Outcome<Option<u64>> {
        self.0.optional_u64(tag).map_err(|e| named(name, e))
    }

    pub fn optional_signed(&self, tag: u8, name: &str) -> Outcome<Option<i64>> {
        self.0.optional_i64(tag).map_err(|e| named(name, e))
    }

    pub fn optional_flag(&self, tag: u8, name: &str) -> Outcome<Option<bool>> {
        self.0.optional_flag(tag).map_err(|e| named(name, e))
    }

    pub fn text(&self, tag: u8, name: &str) -> Outcome<&'a str> {
        self.0.text(tag).map_err(|e| named(name, e))
    }

    pub fn texts(&self, tag: u8, name: &str) -> Outcome<Vec<String>> {
        self.0.text_list(tag).map(|text| text.map(str::to_string).map_err(|e| named(name, e))).collect()
    }

    pub fn bytes(&self, tag: u8, name: &str) -> Outcome<&'a [u8]> {
        self.0.bytes(tag).map_err(|e| named(name, e))
    }

    pub fn all_bytes(&self, tag: u8) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.0.bytes_list(tag)
    }

    pub fn path(&self, tag: u8, name: &str) -> Outcome<PathBuf> {
        absolute(name, self.bytes(tag, name)?)
    }

    pub fn optional_path(&self, tag: u8, name: &str) -> Outcome<Option<PathBuf>> {
        self.0.optional_bytes(tag).map_err(|e| named(name, e))?.map(|bytes| absolute(name, bytes)).transpose()
    }

    pub fn paths(&self, tag: u8, name: &str) -> Outcome<Vec<PathBuf>> {
        self.0.bytes_list(tag).map(|bytes| absolute(name, bytes)).collect()
    }

    pub fn nested(&self, tag: u8, name: &str) -> Outcome<Vec<Fields<'a>>> {
        self.0.fields_list(tag).map(|list| list.map(Fields).map_err(|e| named(name, e))).collect()
    }
}

fn absolute(name: &str, bytes: &[u8]) -> Outcome<PathBuf> {
    if bytes.first() != Some(&b'/') || bytes.contains(&0) || bytes.len() > libc::PATH_MAX as usize {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]);
        return Err(Failure::invalid(format!("{name}: {shown:?} is not allowed; an absolute path without NUL")));
    }
    Ok(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// The fields of a reply, written one after the other.
#[derive(Default)]
pub struct Reply(FieldWriter);

impl Reply {
    pub fn number(mut self, tag: u8, value: u64) -> Self {
        self.0.u64(tag, value);
        self
    }

    pub fn text(mut self, tag: u8, value: &str) -> Self {
        self.0.text(tag, value);
        self
    }

    pub fn bytes(mut self, tag: u8, value: &[u8]) -> Self {
        self.0.bytes(tag, value);
        self
    }

    pub fn flag(mut self, tag: u8, value: bool) -> Self {
        self.0.flag(tag, value);
        self
    }

    pub fn done(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}
