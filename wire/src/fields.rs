//! Lists of fields: `u8 tag | u32 length | bytes`, big-endian, in any order; a repeated tag is a list.
//!
//! Tags that nobody asks for are skipped, so a list may grow without breaking an older reader.

use std::fmt;

/// Bytes in front of every field: the tag and the length.
const HEADER_BYTES: usize = 5;

/// Why a list of fields, or one field of it, cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldError {
    /// The list ends inside a field, or bytes follow the last field.
    Truncated,
    /// A field that must be there is not.
    Missing {
        /// Tag of the field.
        tag: u8,
    },
    /// A field that may be there once is there more often.
    Repeated {
        /// Tag of the field.
        tag: u8,
    },
    /// A field has another size than its type.
    Size {
        /// Tag of the field.
        tag: u8,
        /// Bytes that the type has.
        wanted: usize,
        /// Bytes that the field has.
        got: usize,
    },
    /// A text is not UTF-8.
    NotUtf8 {
        /// Tag of the field.
        tag: u8,
    },
    /// A flag is neither 0 nor 1.
    NotAFlag {
        /// Tag of the field.
        tag: u8,
        /// The byte that was there.
        got: u8,
    },
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldError::Truncated => write!(f, "the list of fields ends inside a field"),
            FieldError::Missing { tag } => write!(f, "field {tag} is missing"),
            FieldError::Repeated { tag } => write!(f, "field {tag} is there more than once"),
            FieldError::Size { tag, wanted, got } => write!(f, "field {tag} has {got} bytes, its type has {wanted}"),
            FieldError::NotUtf8 { tag } => write!(f, "field {tag} is not UTF-8"),
            FieldError::NotAFlag { tag, got } => write!(f, "field {tag} is {got}, a flag is 0 or 1"),
        }
    }
}

impl std::error::Error for FieldError {}

/// Writes a list of fields.
#[derive(Debug, Default)]
pub struct FieldWriter {
    bytes: Vec<u8>,
}

impl FieldWriter {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an unsigned number.
    pub fn u64(&mut self, tag: u8, value: u64) -> &mut Self {
        self.bytes(tag, &value.to_be_bytes())
    }

    /// Adds a signed number.
    pub fn i64(&mut self, tag: u8, value: i64) -> &mut Self {
        self.bytes(tag, &value.to_be_bytes())
    }

    /// Adds a flag.
    pub fn flag(&mut self, tag: u8, value: bool) -> &mut Self {
        self.bytes(tag, &[u8::from(value)])
    }

    /// Adds a text.
    pub fn text(&mut self, tag: u8, value: &str) -> &mut Self {
        self.bytes(tag, value.as_bytes())
    }

    /// Adds bytes.
    ///
    /// # Panics
    /// When `value` is 4 GiB or longer; no caller has such a value.
    pub fn bytes(&mut self, tag: u8, value: &[u8]) -> &mut Self {
        let length = u32::try_from(value.len()).expect("a field is shorter than 4 GiB");
        self.bytes.push(tag);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    /// Adds a list of fields as one field.
    pub fn fields(&mut self, tag: u8, value: &FieldWriter) -> &mut Self {
        self.bytes(tag, &value.bytes)
    }

    /// The list as written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The finished list.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A list of fields whose shape was checked. Reading copies nothing.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    list: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Checks the shape of `list`; what is in the fields is checked when they are asked for.
    pub fn parse(list: &'a [u8]) -> Result<Self, FieldError> {
        let mut rest = list;
        while !rest.is_empty() {
            rest = split_field(rest).ok_or(FieldError::Truncated)?.2;
        }
        Ok(Self { list })
    }

    /// Every field as tag and bytes, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &'a [u8])> + 'a {
        let mut rest = self.list;
        std::iter::from_fn(move || {
            let (tag, value, behind) = split_field(rest)?;
            rest = behind;
            Some((tag, value))
        })
    }

    /// The bytes of a field that must be there once.
    pub fn bytes(&self, tag: u8) -> Result<&'a [u8], FieldError> {
        self.optional_bytes(tag)?.ok_or(FieldError::Missing { tag })
    }

    /// The bytes of a field that may be there once.
    pub fn optional_bytes(&self, tag: u8) -> Result<Option<&'a [u8]>, FieldError> {
        let mut found = self.bytes_list(tag);
        let first = found.next();
        if found.next().is_some() {
            return Err(FieldError::Repeated { tag });
        }
        Ok(first)
    }

    /// The bytes of every field with this tag.
    pub fn bytes_list(&self, tag: u8) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.iter().filter(move |field| field.0 == tag).map(|field| field.1)
    }

    /// An unsigned number that must be there.
    pub fn u64(&self, tag: u8) -> Result<u64, FieldError> {
        self.optional_u64(tag)?.ok_or(FieldError::Missing { tag })
    }

    /// An unsigned number that may be there.
    pub fn optional_u64(&self, tag: u8) -> Result<Option<u64>, FieldError> {
        self.optional_bytes(tag)?.map(|bytes| Ok(u64::from_be_bytes(eight(tag, bytes)?))).transpose()
    }

    /// A signed number that must be there.
    pub fn i64(&self, tag: u8) -> Result<i64, FieldError> {
        self.optional_i64(tag)?.ok_or(FieldError::Missing { tag })
    }

    /// A signed number that may be there.
    pub fn optional_i64(&self, tag: u8) -> Result<Option<i64>, FieldError> {
        self.optional_bytes(tag)?.map(|bytes| Ok(i64::from_be_bytes(eight(tag, bytes)?))).transpose()
    }

    /// Every unsigned number with this tag.
    pub fn u64_list(&self, tag: u8) -> impl Iterator<Item = Result<u64, FieldError>> + 'a {
        self.bytes_list(tag).map(move |bytes| Ok(u64::from_be_bytes(eight(tag, bytes)?)))
    }

    /// A flag that must be there.
    pub fn flag(&self, tag: u8) -> Result<bool, FieldError> {
        self.optional_flag(tag)?.ok_or(FieldError::Missing { tag })
    }

    /// A flag that may be there.
    pub fn optional_flag(&self, tag: u8) -> Result<Option<bool>, FieldError> {
        match self.optional_bytes(tag)? {
            None => Ok(None),
            Some([0]) => Ok(Some(false)),
            Some([1]) => Ok(Some(true)),
            Some([got]) => Err(FieldError::NotAFlag { tag, got: *got }),
            Some(bytes) => Err(FieldError::Size { tag, wanted: 1, got: bytes.len() }),
        }
    }

    /// A text that must be there.
    pub fn text(&self, tag: u8) -> Result<&'a str, FieldError> {
        self.optional_text(tag)?.ok_or(FieldError::Missing { tag })
    }

    /// A text that may be there.
    pub fn optional_text(&self, tag: u8) -> Result<Option<&'a str>, FieldError> {
        self.optional_bytes(tag)?.map(|bytes| utf8(tag, bytes)).transpose()
    }

    /// Every text with this tag.
    pub fn text_list(&self, tag: u8) -> impl Iterator<Item = Result<&'a str, FieldError>> + 'a {
        self.bytes_list(tag).map(move |bytes| utf8(tag, bytes))
    }

    /// A list of fields inside one field that must be there.
    pub fn fields(&self, tag: u8) -> Result<Fields<'a>, FieldError> {
        Fields::parse(self.bytes(tag)?)
    }

    /// Every list of fields with this tag.
    pub fn fields_list(&self, tag: u8) -> impl Iterator<Item = Result<Fields<'a>, FieldError>> + 'a {
        self.bytes_list(tag).map(Fields::parse)
    }
}

/// Splits the first field off: its tag, its bytes, and what follows.
fn split_field(list: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let header = list.get(..HEADER_BYTES)?;
    let length = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
    let end = HEADER_BYTES.checked_add(usize::try_from(length).ok()?)?;
    Some((header[0], list.get(HEADER_BYTES..end)?, &list[end..]))
}

fn eight(tag: u8, bytes: &[u8]) -> Result<[u8; 8], FieldError> {
    bytes.try_into().map_err(|_| FieldError::Size { tag, wanted: 8, got: bytes.len() })
}

fn utf8(tag: u8, bytes: &[u8]) -> Result<&str, FieldError> {
    std::str::from_utf8(bytes).map_err(|_| FieldError::NotUtf8 { tag })
}

#[cfg(test)]
#[path = "fields_test.rs"]
mod tests;
