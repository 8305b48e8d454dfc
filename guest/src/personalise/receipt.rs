//! The proof of what was changed.

use hearth_wire::fields::FieldWriter;
use std::fmt::Display;

/// What became of one thing that was to be changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Proof {
    /// It was changed; this was read back.
    Done(String),
    /// As `Done`, and something worth knowing.
    Noted(String, String),
    /// Machines like this one do not have it, or it was not asked for.
    Lacking(&'static str),
}

/// A proof, or what went wrong.
pub type Proven = Result<Proof, String>;

/// Nothing of the running kernel may be changed here.
pub const NO_KERNEL: Proven = Ok(Proof::Lacking("this service leaves the kernel's state alone"));

/// The field was absent.
pub const NOT_ASKED: Proven = Ok(Proof::Lacking("not asked for"));

/// Puts what was attempted in front of an error.
pub fn at<T, E: Display>(what: impl Display, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error}"))
}

/// What the host is told of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Done = 0,
    Lacking = 1,
    Failed = 2,
}

/// A list of items, in the order in which they were done.
#[derive(Default)]
pub struct Receipt {
    fields: FieldWriter,
    failed: Option<String>,
}

impl Receipt {
    pub fn add(&mut self, name: &str, proven: Proven) {
        match proven {
            Ok(Proof::Done(evidence)) => self.put(name, Status::Done, &evidence, ""),
            Ok(Proof::Noted(evidence, detail)) => self.put(name, Status::Done, &evidence, &detail),
            Ok(Proof::Lacking(why)) => self.put(name, Status::Lacking, "", why),
            Err(problem) => self.put(name, Status::Failed, "", &problem),
        }
    }

    /// Adds an item as it is.
    pub fn put(&mut self, name: &str, status: Status, evidence: &str, detail: &str) {
        let mut item = FieldWriter::new();
        item.text(1, name).u64(2, status as u64).text(3, evidence);
        if !detail.is_empty() {
            item.text(4, detail);
        }
        self.fields.fields(1, &item);
        if status == Status::Failed {
            self.failed.get_or_insert_with(|| name.to_owned());
        }
    }

    /// The first item that failed.
    pub fn first_failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    pub fn into_fields(self) -> FieldWriter {
        self.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_wire::fields::Fields;

    #[test]
    fn tells_done_lacking_and_failed_apart() {
        let mut receipt = Receipt::default();
        receipt.add("entropy", Ok(Proof::Done("ab".into())));
        receipt.add("mac", NOT_ASKED);
        receipt.add("clock", at("set the clock", Err::<Proof, _>("no")));
        let bytes = receipt.into_fields().into_bytes();
        let items: Vec<_> = Fields::parse(&bytes)
            .unwrap()
            .fields_list(1)
            .map(|item| {
                let item = item.unwrap();
                (item.text(1).unwrap(), item.u64(2).unwrap(), item.text(3).unwrap(), item.optional_text(4).unwrap())
            })
            .collect();
        let expected = [
            ("entropy", 0, "ab", None),
            ("mac", 1, "", Some("not asked for")),
            ("clock", 2, "", Some("set the clock: no")),
        ];
        assert_eq!(items, expected);
    }
}
