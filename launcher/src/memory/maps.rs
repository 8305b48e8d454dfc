//! Where a process has mapped a file (proc(5), /proc/PID/maps).

use crate::failure::{Failure, Outcome};
use std::fs;

/// What the kernel writes behind the path of a file without a name, as every memory file is.
const DELETED: &[u8] = b" (deleted)";

/// One mapping: `length` bytes of the file from `offset` on are at `address`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    pub address: u64,
    pub length: u64,
    pub offset: u64,
}

/// All mappings of `path` (with or without " (deleted)") in process `pid`, by offset. Parts of one mapping that were split come as several.
pub fn find(pid: i32, path: &[u8]) -> Outcome<Vec<Mapping>> {
    let name = format!("/proc/{pid}/maps");
    let path = path.strip_suffix(DELETED).unwrap_or(path);
    let text = fs::read(&name).map_err(|e| Failure::io(&name, &e))?;
    let mut found: Vec<Mapping> = text.split(|b| *b == b'\n').filter_map(|line| parse(line, path)).collect();
    found.sort_by_key(|mapping| mapping.offset);
    let shown = String::from_utf8_lossy(path);
    if found.is_empty() {
        return Err(Failure::new(libc::ENOENT, format!("{name}: {shown} is not mapped")));
    }
    if found.windows(2).any(|pair| pair[0].offset + pair[0].length > pair[1].offset) {
        return Err(Failure::invalid(format!("{name}: {shown} is mapped more than once")));
    }
    Ok(found)
}

fn parse(line: &[u8], path: &[u8]) -> Option<Mapping> {
    let mut rest = line;
    let mut word = || {
        let start = rest.iter().position(|b| *b != b' ')?;
        let end = rest[start..].iter().position(|b| *b == b' ').map_or(rest.len(), |n| start + n);
        let word = std::str::from_utf8(&rest[start..end]).ok()?;
        rest = &rest[end..];
        Some(word)
    };
    let (range, _rights, offset, _device, _inode) = (word()?, word()?, word()?, word()?, word()?);
    let start = rest.iter().position(|b| *b != b' ')?;
    let mapped = &rest[start..];
    let mapped = mapped.strip_suffix(DELETED).unwrap_or(mapped);
    if mapped != path {
        return None;
    }
    let (from, to) = range.split_once('-')?;
    let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
    Some(Mapping { address: from, length: to.checked_sub(from)?, offset: u64::from_str_radix(offset, 16).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_only_the_whole_path_matches() {
        let line = b"7f1000000000-7f1010000000 rw-p 00200000 00:01 4711                       /memfd:ram-s-1 (deleted)";
        let mapping = Mapping { address: 0x7f10_0000_0000, length: 0x1000_0000, offset: 0x20_0000 };
        assert_eq!(parse(line, b"/memfd:ram-s-1"), Some(mapping));
        assert_eq!(parse(line, b"/memfd:ram-s-"), None);
        assert_eq!(parse(line, b"/memfd:ram-s-11"), None);
    }

    #[test]
    fn a_path_with_spaces_matches() {
        let line = b"1000-3000 rw-p 00000000 08:01 12 /a dir/ram file";
        assert_eq!(parse(line, b"/a dir/ram file"), Some(Mapping { address: 0x1000, length: 0x2000, offset: 0 }));
    }

    #[test]
    fn anonymous_memory_and_damaged_lines_are_no_mapping() {
        for line in
            [&b"1000-3000 rw-p 00000000 00:00 0 "[..], b"", b"zz-3 rw-p 0 0:0 0 /a", b"3000-1000 rw-p 0 0:0 0 /a"]
        {
            assert_eq!(parse(line, b"/a"), None);
        }
    }
}
