//! SHA-256 (FIPS 180-4), incremental; with the processor's SHA instructions where it has them.

/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 32;

pub(crate) const BLOCK_BYTES: usize = 64;

#[rustfmt::skip]
pub(crate) const K: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

const INITIAL: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

/// A digest in the making.
#[derive(Clone)]
pub struct Sha256 {
    state: [u32; 8],
    pending: [u8; BLOCK_BYTES],
    pending_bytes: usize,
    total_bytes: u64,
}

impl Default for Sha256 {
    fn default() -> Self {
        Self { state: INITIAL, pending: [0; BLOCK_BYTES], pending_bytes: 0, total_bytes: 0 }
    }
}

impl Sha256 {
    /// The digest of nothing, so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.total_bytes = self.total_bytes.wrapping_add(bytes.len() as u64);
        let mut rest = bytes;
        if self.pending_bytes > 0 {
            let taken = rest.len().min(BLOCK_BYTES - self.pending_bytes);
            self.pending[self.pending_bytes..self.pending_bytes + taken].copy_from_slice(&rest[..taken]);
            self.pending_bytes += taken;
            rest = &rest[taken..];
            if self.pending_bytes < BLOCK_BYTES {
                return;
            }
            let block = self.pending;
            compress(&mut self.state, &block);
            self.pending_bytes = 0;
        }
        let whole = rest.len() - rest.len() % BLOCK_BYTES;
        compress(&mut self.state, &rest[..whole]);
        self.pending_bytes = rest.len() - whole;
        self.pending[..self.pending_bytes].copy_from_slice(&rest[whole..]);
    }

    /// The digest of everything added.
    pub fn finish(mut self) -> [u8; DIGEST_BYTES] {
        let bits = self.total_bytes.wrapping_mul(8);
        let zeros = (BLOCK_BYTES * 2 - 9 - self.pending_bytes) % BLOCK_BYTES;
        let mut padding = [0u8; BLOCK_BYTES * 2];
        padding[0] = 0x80;
        padding[1 + zeros..9 + zeros].copy_from_slice(&bits.to_be_bytes());
        self.update(&padding[..9 + zeros]);
        let mut digest = [0; DIGEST_BYTES];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }
}

/// The digest of `bytes`.
pub fn sha256(bytes: &[u8]) -> [u8; DIGEST_BYTES] {
    let mut hash = Sha256::new();
    hash.update(bytes);
    hash.finish()
}

/// Folds whole blocks into `state`.
fn compress(state: &mut [u32; 8], blocks: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    if crate::sha256_x86::compress(state, blocks) {
        return;
    }
    compress_plain(state, blocks);
}

fn compress_plain(state: &mut [u32; 8], blocks: &[u8]) {
    for block in blocks.chunks_exact(BLOCK_BYTES) {
        let mut w = [0u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.chunks_exact(4)) {
            *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        for i in 16..64 {
            let s0 = w[i - 15].rotate_right(7) ^ w[i - 15].rotate_right(18) ^ (w[i - 15] >> 3);
            let s1 = w[i - 2].rotate_right(17) ^ w[i - 2].rotate_right(19) ^ (w[i - 2] >> 10);
            w[i] = w[i - 16].wrapping_add(s0).wrapping_add(w[i - 7]).wrapping_add(s1);
        }
        let rounds = rounds(*state, &w);
        for (word, add) in state.iter_mut().zip(rounds) {
            *word = word.wrapping_add(add);
        }
    }
}

fn rounds(state: [u32; 8], w: &[u32; 64]) -> [u32; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    for i in 0..64 {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let t1 = h.wrapping_add(s1).wrapping_add(choice).wrapping_add(K[i]).wrapping_add(w[i]);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        (h, g, f, e) = (g, f, e, d.wrapping_add(t1));
        (d, c, b, a) = (c, b, a, t1.wrapping_add(s0.wrapping_add(majority)));
    }
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::encode;

    #[test]
    fn known_answers_of_fips_180_4() {
        assert_eq!(encode(&sha256(b"")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(encode(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(
            encode(&sha256(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        );
    }

    #[test]
    fn a_million_letters_in_uneven_pieces() {
        let letters = vec![b'a'; 1_000_000];
        let mut hash = Sha256::new();
        for (piece, size) in letters.chunks(997).zip((1..=997).cycle()) {
            let (first, second) = piece.split_at(size.min(piece.len()));
            hash.update(first);
            hash.update(second);
        }
        assert_eq!(encode(&hash.finish()), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }

    #[test]
    fn every_length_agrees_with_the_plain_rounds() {
        let bytes: Vec<u8> = (0..1024u32).map(|i| (i * 31 + i / 7) as u8).collect();
        for blocks in 0..=16 {
            let part = &bytes[..blocks * BLOCK_BYTES];
            let (mut fast, mut plain) = (INITIAL, INITIAL);
            compress(&mut fast, part);
            compress_plain(&mut plain, part);
            assert_eq!(fast, plain, "{blocks} blocks");
        }
    }
}
