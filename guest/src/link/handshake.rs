//! Finds the host's handshake line in whatever arrives while there is no session.

use hearth_wire::hex;

const OPENING: &[u8] = b"\nHEARTH/1 ";
const NONCE_DIGITS: usize = 32;

/// The digits that the host drew and wants to read back.
pub type Nonce = [u8; NONCE_DIGITS];

/// Looks for the line byte by byte; everything else is forgotten.
#[derive(Debug, Default)]
pub struct Scanner {
    matched: usize,
    nonce: Nonce,
}

impl Scanner {
    /// Goes through `bytes` until a whole line was found. Returns its digits and how many bytes were used.
    pub fn scan(&mut self, bytes: &[u8]) -> Option<(Nonce, usize)> {
        bytes.iter().position(|byte| self.is_last_byte(*byte)).map(|at| (self.nonce, at + 1))
    }

    fn is_last_byte(&mut self, byte: u8) -> bool {
        let digits = self.matched.checked_sub(OPENING.len());
        let fits = match digits {
            None => byte == OPENING[self.matched],
            Some(NONCE_DIGITS) => byte == b'\n',
            Some(at) => {
                self.nonce[at] = byte;
                hex::is_lower_hex(&[byte], 1)
            }
        };
        let last = fits && digits == Some(NONCE_DIGITS);
        // A line feed ends one line and may begin the next, when the first was cut off.
        self.matched = if fits && !last { self.matched + 1 } else { usize::from(byte == OPENING[0]) };
        last
    }
}

/// What the guest answers.
pub fn answer(nonce: &Nonce) -> Vec<u8> {
    [b"\nHEARTH/1 OK ", &nonce[..], b"\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    const LINE: &[u8] = b"\nHEARTH/1 0123456789abcdef0123456789abcdef\n";

    #[test]
    fn finds_the_line_behind_anything() {
        for noise in [&b""[..], b"\n", b"\nHEARTH/1 ", b"\nHEARTH/1 0123\n", b"\n\n\xff\0HEARTH"] {
            let stream = [noise, LINE, b"rest"].concat();
            let (nonce, used) = Scanner::default().scan(&stream).expect("a line");
            assert_eq!(&nonce, b"0123456789abcdef0123456789abcdef");
            assert_eq!(&stream[used..], b"rest", "behind {noise:?}");
        }
    }

    #[test]
    fn finds_the_line_in_any_two_pieces() {
        for cut in 0..LINE.len() {
            let mut scanner = Scanner::default();
            assert_eq!(scanner.scan(&LINE[..cut]), None);
            assert_eq!(scanner.scan(&LINE[cut..]).map(|found| found.1), Some(LINE.len() - cut));
        }
    }

    #[test]
    fn refuses_upper_case_digits() {
        assert_eq!(Scanner::default().scan(b"\nHEARTH/1 0123456789ABCDEF0123456789abcdef\n"), None);
    }

    #[test]
    fn a_line_that_lacks_its_end_does_not_swallow_the_next() {
        let stream = [&LINE[..42], LINE].concat();
        let mut scanner = Scanner::default();
        let (_, used) = scanner.scan(&stream).expect("the first line, ended by the second");
        assert_eq!(scanner.scan(&stream[used..]).map(|found| found.1), Some(LINE.len() - 1));
    }

    #[test]
    fn damaged_lines_never_panic_and_never_hide_a_good_one() {
        let mut numbers = Numbers::seeded(1);
        for _ in 0..5_000 {
            let stream = [numbers.damage(LINE), LINE.to_vec()].concat();
            let (mut scanner, mut rest, mut last) = (Scanner::default(), &stream[..], None);
            while let Some((nonce, used)) = scanner.scan(rest) {
                rest = &rest[used..];
                last = Some(nonce);
            }
            assert_eq!(last.as_ref(), Some(b"0123456789abcdef0123456789abcdef"));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn answers_46_bytes() {
        assert_eq!(answer(b"0123456789abcdef0123456789abcdef"), b"\nHEARTH/1 OK 0123456789abcdef0123456789abcdef\n");
    }
}
