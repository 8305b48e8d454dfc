//! The last bytes of an output, with offsets counted from its beginning.

use crate::sys::io::Moved;
use std::io::Result;

const FIRST_CAPACITY: usize = 4_096;

/// Bytes `start..end` of an endless output.
#[derive(Debug, Default)]
pub struct Ring {
    /// As long as the capacity, a power of two, or empty.
    buffer: Vec<u8>,
    start: u64,
    end: u64,
}

impl Ring {
    pub fn start(&self) -> u64 {
        self.start
    }

    pub fn end(&self) -> u64 {
        self.end
    }

    /// Forgets everything before `offset`.
    pub fn forget_before(&mut self, offset: u64) {
        self.start = self.start.max(offset.min(self.end));
    }

    /// Adds what `fill` puts into the free bytes behind the end, at most `most`. Grows when there are none.
    pub fn fill(&mut self, most: usize, fill: impl FnOnce(&mut [u8]) -> Result<Moved>) -> Result<Moved> {
        if self.len() == self.buffer.len() {
            self.grow();
        }
        let at = self.index(self.end);
        let contiguous = (self.buffer.len() - at).min(self.buffer.len() - self.len()).min(most);
        let moved = fill(&mut self.buffer[at..at + contiguous]);
        if let Ok(Moved::Bytes(count)) = moved {
            self.end += count as u64;
        }
        moved
    }

    /// Bytes from `from` on that lie side by side, at most `most`.
    pub fn slice(&self, from: u64, most: usize) -> &[u8] {
        if from < self.start || from >= self.end {
            return &[];
        }
        let at = self.index(from);
        let count = ((self.end - from) as usize).min(self.buffer.len() - at).min(most);
        &self.buffer[at..at + count]
    }

    fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    fn index(&self, offset: u64) -> usize {
        (offset as usize) & (self.buffer.len() - 1)
    }

    fn grow(&mut self) {
        let mut larger = Ring { buffer: vec![0; (self.buffer.len() * 2).max(FIRST_CAPACITY)], ..Ring::default() };
        (larger.start, larger.end) = (self.start, self.end);
        let mut offset = self.start;
        while offset < self.end {
            let part = self.slice(offset, larger.buffer.len() - larger.index(offset));
            let at = larger.index(offset);
            larger.buffer[at..at + part.len()].copy_from_slice(part);
            offset += part.len() as u64;
        }
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    fn add(ring: &mut Ring, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let moved = ring.fill(rest.len(), |buffer| {
                let count = buffer.len().min(rest.len());
                buffer[..count].copy_from_slice(&rest[..count]);
                Ok(Moved::Bytes(count))
            });
            match moved.unwrap() {
                Moved::Bytes(count) => rest = &rest[count..],
                other => panic!("{other:?}"),
            }
        }
    }

    fn content(ring: &Ring) -> Vec<u8> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < ring.end() - ring.start() {
            bytes.extend_from_slice(ring.slice(ring.start() + bytes.len() as u64, 1_000));
        }
        bytes
    }

    #[test]
    fn behaves_like_an_endless_list_with_a_forgotten_head() {
        let mut numbers = Numbers::seeded(4);
        let (mut ring, mut all) = (Ring::default(), Vec::new());
        for _ in 0..500 {
            let bytes = numbers.bytes(3_000);
            add(&mut ring, &bytes);
            all.extend_from_slice(&bytes);
            ring.forget_before((all.len() as u64).saturating_sub(numbers.below(20_000) as u64));
            assert_eq!(ring.end(), all.len() as u64);
            assert_eq!(content(&ring), all[ring.start() as usize..]);
        }
        assert!(ring.buffer.len() <= 32_768, "grew to {}", ring.buffer.len());
    }

    #[test]
    fn asks_outside_are_empty() {
        let mut ring = Ring::default();
        assert!(ring.slice(0, 10).is_empty());
        add(&mut ring, b"hello");
        ring.forget_before(2);
        assert!(ring.slice(1, 10).is_empty());
        assert_eq!(ring.slice(2, 2), b"ll");
        assert!(ring.slice(5, 10).is_empty());
    }
}
