//! Base64 (RFC 4648, section 4).

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Encodes without padding.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let all = group.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..=group.len() {
            text.push(LETTERS[(all >> (18 - 6 * at)) as usize & 63] as char);
        }
    }
    text
}

/// Decodes, with or without padding.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.chunks(4) {
        let mut all = 0u32;
        for letter in group {
            all = all << 6 | LETTERS.iter().position(|other| other == letter)? as u32;
        }
        all <<= 6 * (4 - group.len());
        let count = match group.len() {
            1 => return None,
            letters => letters - 1,
        };
        bytes.extend_from_slice(&all.to_be_bytes()[1..1 + count]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Numbers;

    #[test]
    fn known_answers_of_rfc_4648() {
        let answers = [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in answers {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(plain.as_bytes()));
            assert_eq!(decode(&format!("{encoded}==")).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decode("Z"), None);
        assert_eq!(decode("Zm9\n"), None);
    }

    #[test]
    fn damaged_text_never_panics_and_the_rest_comes_back() {
        let mut numbers = Numbers::seeded(8);
        for _ in 0..2_000 {
            let bytes = numbers.bytes(100);
            let text = encode(&bytes);
            assert_eq!(decode(&text).as_deref(), Some(&bytes[..]));
            drop(decode(&String::from_utf8_lossy(&numbers.damage(text.as_bytes()))));
        }
    }
}
