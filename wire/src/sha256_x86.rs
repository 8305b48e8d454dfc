//! SHA-256 rounds with the SHA extensions of x86-64 (Intel SDM, SHA256RNDS2, SHA256MSG1, SHA256MSG2).

use crate::sha256::{BLOCK_BYTES, K};
use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_loadu_si128, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi32, _mm_shuffle_epi8, _mm_storeu_si128,
};

/// Folds whole blocks into `state`; answers false, having done nothing, on a processor without the instructions.
pub(crate) fn compress(state: &mut [u32; 8], blocks: &[u8]) -> bool {
    let able =
        is_x86_feature_detected!("sha") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1");
    if able {
        // SAFETY: the processor was just asked for every feature that the function needs.
        unsafe { compress_with_sha(state, blocks) };
    }
    able
}

/// # Safety
/// The processor must have SHA, SSSE3 and SSE4.1.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
unsafe fn compress_with_sha(state: &mut [u32; 8], blocks: &[u8]) {
    // SAFETY: all loads and stores are unaligned ones inside `state`, `K` and 64-byte blocks.
    unsafe {
        let to_big_endian = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let dcba = _mm_loadu_si128(state.as_ptr().cast());
        let hgfe = _mm_loadu_si128(state.as_ptr().add(4).cast());
        let cdab = _mm_shuffle_epi32(dcba, 0xb1);
        let efgh = _mm_shuffle_epi32(hgfe, 0x1b);
        let mut abef = _mm_alignr_epi8(cdab, efgh, 8);
        let mut cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

        for block in blocks.chunks_exact(BLOCK_BYTES) {
            let (abef_before, cdgh_before) = (abef, cdgh);
            let word = |i: usize| _mm_shuffle_epi8(_mm_loadu_si128(block.as_ptr().add(i * 16).cast()), to_big_endian);
            let mut w = [word(0), word(1), word(2), word(3)];
            for group in 0..16 {
                let current = if group < 4 { w[group] } else { next_words(&mut w, group) };
                let sum = _mm_add_epi32(current, _mm_loadu_si128(K.as_ptr().add(group * 4).cast()));
                cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
                abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
            }
            abef = _mm_add_epi32(abef, abef_before);
            cdgh = _mm_add_epi32(cdgh, cdgh_before);
        }

        let feba = _mm_shuffle_epi32(abef, 0x1b);
        let dchg = _mm_shuffle_epi32(cdgh, 0xb1);
        _mm_storeu_si128(state.as_mut_ptr().cast(), _mm_blend_epi16(feba, dchg, 0xf0));
        _mm_storeu_si128(state.as_mut_ptr().add(4).cast(), _mm_alignr_epi8(dchg, feba, 8));
    }
}

/// The next four words of the schedule, which replace the oldest four.
///
/// # Safety
/// The processor must have SHA and SSSE3.
#[target_feature(enable = "sha,sse2,ssse3,sse4.1")]
#[allow(unused_unsafe)] // Newer compilers than 1.63 call these intrinsics safe here.
unsafe fn next_words(w: &mut [__m128i; 4], group: usize) -> __m128i {
    let (oldest, second, third, newest) = (w[group % 4], w[(group + 1) % 4], w[(group + 2) % 4], w[(group + 3) % 4]);
    // SAFETY: the caller has seen to the processor's features.
    let next = unsafe {
        let partial = _mm_add_epi32(_mm_sha256msg1_epu32(oldest, second), _mm_alignr_epi8(newest, third, 4));
        _mm_sha256msg2_epu32(partial, newest)
    };
    w[group % 4] = next;
    next
}
