//! Lower-case hexadecimal.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Returns `bytes` as lower-case hexadecimal digits.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

/// Says whether `text` consists of exactly `digits` lower-case hexadecimal digits.
pub fn is_lower_hex(text: &[u8], digits: usize) -> bool {
    text.len() == digits && text.iter().all(|byte| DIGITS.contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_every_nibble() {
        assert_eq!(encode(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]), "0123456789abcdef");
    }

    #[test]
    fn accepts_only_lower_case_of_the_right_length() {
        assert!(is_lower_hex(b"00ff", 4));
        assert!(!is_lower_hex(b"00fF", 4));
        assert!(!is_lower_hex(b"00f", 4));
    }
}
