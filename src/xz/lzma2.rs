//! LZMA2: chunks of LZMA data or of bytes as they are (xz-file-format.txt, section 5.3.1; what a control
//! byte means is in `lib/xz/xz_dec_lzma2.c`).
#![forbid(unsafe_code)]

use super::lzma::Lzma;
use crate::inflate::{Damage, Input, Source};
use crate::text;

// What a chunk starts anew, at least; each includes those before it.
const NOTHING: u8 = 0;
const STATE: u8 = 1;
const PROPERTIES: u8 = 2;
const DICTIONARY: u8 = 3;

/// A chunk's first bytes.
#[derive(Clone, Copy)]
struct Chunk {
    is_lzma: bool,
    anew: u8,
    size: usize,
}

/// The largest dictionary of a filter with this property, in bytes (xz-file-format.txt, section
/// 5.3.1); none if it is none.
#[must_use]
pub fn dictionary(property: u8) -> Option<u32> {
    match property {
        0..40 => Some((2 | u32::from(property & 1)) << (property / 2).wrapping_add(11)),
        40 => Some(u32::MAX),
        _ => None,
    }
}

/// Decodes all chunks up to the end mark into the front of `out`; returns how many bytes, after a
/// damage any number. `limit` is the length of the whole output.
#[inline(never)]
pub(crate) fn inflate<S: Source>(
    input: &mut Input<'_, S>,
    lzma: &mut Lzma,
    out: &mut [u8],
    limit: u64,
) -> usize {
    let (mut at, mut start, mut missing) = (0_usize, 0, DICTIONARY);
    while let Some(chunk) = head(input, missing) {
        if chunk.anew == DICTIONARY {
            start = at;
        }
        missing = match (chunk.is_lzma, chunk.anew) {
            (true, _) => NOTHING,
            (false, DICTIONARY) => PROPERTIES,
            _ => missing,
        };
        let end = at.saturating_add(chunk.size);
        let room = out.len().min(end);
        let window = out.get_mut(start..room).unwrap_or_default();
        let good = body(input, lzma, chunk, window, at.wrapping_sub(start));
        if room < end {
            input.fail(Damage::TooLarge { limit });
        } else if !good {
            input.fail(Damage::Corrupt { at: input.at() });
        }
        at = room;
    }
    at
}

/// The head of the next chunk, none at the end mark or after a damage. `missing` is what it must start
/// anew at least.
fn head<S: Source>(input: &mut Input<'_, S>, missing: u8) -> Option<Chunk> {
    let control = input.needed();
    let is_lzma = control >= 0x80;
    let anew = match control {
        0x80.. => control >> 5 & 3,
        1 => DICTIONARY,
        2 => PROPERTIES, // none, but it needs none
        _ => NOTHING,
    };
    if input.damage().is_some() || control == 0 {
        return None;
    }
    if anew < missing || !is_lzma && anew == NOTHING {
        input.fail(Damage::Corrupt { at: input.at() });
        return None;
    }
    let high = if is_lzma { usize::from(control & 0x1f) << 16 } else { 0 };
    let size = high.wrapping_add(length(input));
    Some(Chunk { is_lzma, anew, size })
}

/// Two bytes, the higher first: a length less one.
#[inline(never)]
fn length<S: Source>(input: &mut Input<'_, S>) -> usize {
    let bytes = [input.needed(), input.needed()];
    usize::from(u16::from_be_bytes(bytes)).wrapping_add(1)
}

/// Decodes what follows a chunk's head into `window` from `at` to its end; false if it makes no sense.
fn body<S: Source>(
    input: &mut Input<'_, S>,
    lzma: &mut Lzma,
    chunk: Chunk,
    window: &mut [u8],
    at: usize,
) -> bool {
    if !chunk.is_lzma {
        input.fill(window.get_mut(at..).unwrap_or_default());
        return true;
    }
    let packed = length(input);
    if chunk.anew >= PROPERTIES && !lzma.properties(input.needed()) {
        return false;
    }
    if chunk.anew >= STATE {
        lzma.reset();
    }
    input.fill(text::head_mut(&mut lzma.chunk, packed));
    input.damage().is_none() && lzma.decode(packed, window, at)
}
