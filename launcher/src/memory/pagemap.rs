//! Which pages of a private file mapping a process has made its own (the kernel's Documentation/admin-guide/mm/pagemap.rst).

use super::maps::Mapping;
use crate::failure::{Failure, Outcome};
use crate::sys;
use std::fs::File;
use std::os::unix::fs::FileExt;

const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
/// The page belongs to a file or is shared: it is not the process's own.
const OF_FILE: u64 = 1 << 61;
/// Entries read at a time: 256 KiB.
const ENTRIES: usize = 32 * 1024;

/// Neighbouring pages that are the process's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where in the process.
    pub address: u64,
    /// Where in the file.
    pub offset: u64,
    pub length: u64,
}

/// The own pages of all `mappings`, as runs in order of the file.
pub fn own_pages(pid: i32, mappings: &[Mapping]) -> Outcome<Vec<Run>> {
    let name = format!("/proc/{pid}/pagemap");
    let failed = |e: std::io::Error| Failure::io(&name, &e);
    let pagemap = File::open(&name).map_err(failed)?;
    let page = sys::page_bytes();
    let mut runs = Vec::new();
    let mut bytes = vec![0; ENTRIES * 8];
    for mapping in mappings {
        let pages = mapping.length / page;
        let mut done = 0;
        while done < pages {
            let wanted = (pages - done).min(ENTRIES as u64) as usize;
            let entries = &mut bytes[..wanted * 8];
            pagemap.read_exact_at(entries, (mapping.address / page + done) * 8).map_err(failed)?;
            scan(entries, mapping, done, page, &mut runs);
            done += wanted as u64;
        }
    }
    Ok(runs)
}

fn scan(entries: &[u8], mapping: &Mapping, first_page: u64, page: u64, runs: &mut Vec<Run>) {
    for (index, entry) in entries.chunks_exact(8).enumerate() {
        if !is_own(u64::from_ne_bytes(entry.try_into().unwrap_or([0; 8]))) {
            continue;
        }
        let at = (first_page + index as u64) * page;
        match runs.last_mut() {
            Some(run)
                if run.address + run.length == mapping.address + at
                    && run.offset + run.length == mapping.offset + at =>
            {
                run.length += page
            }
            _ => runs.push(Run { address: mapping.address + at, offset: mapping.offset + at, length: page }),
        }
    }
}

fn is_own(entry: u64) -> bool {
    entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_pages_count() {
        assert!(is_own(PRESENT));
        assert!(is_own(SWAPPED));
        assert!(!is_own(PRESENT | OF_FILE));
        assert!(!is_own(SWAPPED | OF_FILE));
        assert!(!is_own(0));
        assert!(!is_own(1 << 55));
    }

    #[test]
    fn neighbours_become_one_run_also_across_reads() {
        let mapping = Mapping { address: 0x10_0000, length: 0x10_0000, offset: 0x4000 };
        let entries = |bits: &[u64]| bits.iter().flat_map(|b| b.to_ne_bytes()).collect::<Vec<u8>>();
        let mut runs = Vec::new();
        scan(&entries(&[0, PRESENT, SWAPPED]), &mapping, 0, 4096, &mut runs);
        scan(&entries(&[PRESENT, 0, PRESENT]), &mapping, 3, 4096, &mut runs);
        assert_eq!(
            runs,
            [
                Run { address: 0x10_1000, offset: 0x5000, length: 0x3000 },
                Run { address: 0x10_5000, offset: 0x9000, length: 0x1000 }
            ]
        );
    }
}
