//! zstd files (RFC 8878): frames of blocks, some with a checksum and a length, and frames to be skipped.
//!
//! Takes the compressed file in pieces and writes the inflated bytes straight into the mapping that the
//! kernel gets, which is the window, too, whatever its size. Every byte has been checked when [`inflate`]
//! returns. Compressed blocks are the package `insinit-zstd`'s business; frames, the other blocks, lengths,
//! checksums and what may follow are checked here.
#![forbid(unsafe_code)]

use crate::inflate::{Damage, Inflated, Input, Scratch, Source};
use insinit_zstd::{Decoder, MAX, Refused, Xxh64};

/// What a frame begins with (RFC 8878 section 3.1.1).
const MAGIC: u64 = 0xfd2f_b528;
/// What a frame to be skipped begins with, but for its last four bits (section 3.1.2).
const SKIPPABLE: u64 = 0x184d_2a50;

// The flags of Frame_Header_Descriptor (section 3.1.1.1.1).
const SINGLE_SEGMENT: u8 = 32;
const RESERVED: u8 = 8;
const CHECKSUM: u8 = 4;
/// How long the dictionary's number is, coded.
const DICTIONARY: u8 = 3;

/// Inflates all frames of the file that `source` gives into `out`. Nothing else may be in it.
///
/// # Errors
/// The first damage there is. `out` then holds bytes that nobody may use.
pub fn inflate(
    source: &mut impl Source,
    scratch: &mut Scratch,
    out: &mut [u8],
) -> Result<Inflated, Damage> {
    let limit = out.len() as u64;
    let input = Input::new(source, &mut scratch.piece);
    let mut file = File { input, decoder: &mut scratch.zstd, limit };
    let mut all = Inflated { size: 0, parts: 0 };
    while goes_on(&mut file.input) {
        // Its own slice for each: no match reaches into the frame before.
        let size = file.frame(out.get_mut(all.size..).unwrap_or_default());
        all = Inflated { size: all.size.saturating_add(size), parts: all.parts.saturating_add(1) };
    }
    file.input.damage().map_or(Ok(all), Err)
}

/// How much the first frame says that it holds, whatever is to be skipped in front of it. The kernel's own
/// decoder reads no other (`kernel/module/decompress.c`).
pub fn claim(source: &mut impl Source) -> Option<u64> {
    let mut piece = [0; 64];
    let mut input = Input::new(source, &mut piece);
    goes_on(&mut input).then(|| header(&mut input).size)?
}

/// Whether the kernel's own decoder reads a file that begins so: it wants the frame first, knows no
/// dictionary and takes a window of 128 MiB at most (`lib/zstd/zstd_decompress_internal.h`,
/// `ZSTD_MAXWINDOWSIZE_DEFAULT`).
#[must_use]
pub fn kernel_takes(first: &[u8]) -> bool {
    let [0x28, _, _, _, flags, _, ..] = first else { return false };
    flags & DICTIONARY == 0 && window(first, 0) <= 128 << 20
}

/// How large the window of a file that begins so is; without one it is all of `size` bytes.
#[must_use]
pub fn window(first: &[u8], size: u64) -> u64 {
    match first {
        [_, _, _, _, flags, window, ..] if flags & SINGLE_SEGMENT == 0 => window_of(*window),
        _ => size,
    }
}

/// 1 KiB, doubled and doubled again, and some eighths (section 3.1.1.1.2).
fn window_of(descriptor: u8) -> u64 {
    (8 + u64::from(descriptor & 7)) << (7 + (descriptor >> 3))
}

/// A file that is being read.
struct File<'a, S> {
    input: Input<'a, S>,
    decoder: &'a mut Decoder,
    /// The length of the whole output.
    limit: u64,
}

/// What a frame's header says.
struct Frame {
    /// How many bytes the frame holds.
    size: Option<u64>,
    /// How many a block may hold.
    block: usize,
    has_checksum: bool,
}

impl<S: Source> File<'_, S> {
    /// Whether nothing was wrong so far.
    fn is_good(&self) -> bool {
        self.input.damage().is_none()
    }

    /// One frame, behind its magic number, into the front of `out`. Returns its size.
    #[inline(never)]
    fn frame(&mut self, out: &mut [u8]) -> usize {
        let frame = header(&mut self.input);
        self.decoder.restart();
        let (mut size, mut sum, mut last) = (0, Xxh64::new(), false);
        while self.is_good() && !last {
            last = self.block(&frame, out, &mut size);
            if frame.has_checksum {
                sum.update(out.get(..size).unwrap_or_default());
            }
        }
        if frame.has_checksum {
            let computed = sum.value(out.get(..size).unwrap_or_default()) & 0xffff_ffff;
            let stored = number(&mut self.input, 4);
            if stored != computed {
                self.input.fail(Damage::Checksum { stored, computed });
            }
        }
        let computed = size as u64;
        if let Some(stored) = frame.size.filter(|stored| *stored != computed) {
            self.input.fail(Damage::Length { stored, computed });
        }
        size
    }

    /// One block behind the first `size` bytes of `out`; whether it was the last.
    #[inline(never)]
    fn block(&mut self, frame: &Frame, out: &mut [u8], size: &mut usize) -> bool {
        let at = self.input.at();
        let header = number(&mut self.input, 3);
        let (kind, len) = (header >> 1 & 3, (header >> 3) as usize);
        let room = frame.size.unwrap_or(u64::MAX).min(out.len() as u64) as usize;
        let end = size.saturating_add(frame.block).min(room);
        let packed = if kind == 1 { 1 } else { len };
        let found = if kind == 3 {
            Err(Refused::Corrupt)
        } else if packed > frame.block.max(1) {
            Err(Refused::Full)
        } else if kind == 2 {
            fill(&mut self.input, self.decoder.block.room(len));
            self.decoder.inflate(len, out, *size, end)
        } else {
            let behind = size.saturating_add(len);
            match out.get_mut(*size..behind) {
                Some(room) if behind <= end => {
                    if kind == 1 {
                        room.fill(number(&mut self.input, 1) as u8);
                    } else {
                        fill(&mut self.input, room);
                    }
                    Ok(behind)
                }
                _ => Err(Refused::Full),
            }
        };
        match found {
            Ok(end) => *size = end,
            Err(Refused::Full) if Some(end as u64) == frame.size => {
                let stored = end as u64;
                self.input.fail(Damage::Length { stored, computed: stored.saturating_add(1) });
            }
            Err(Refused::Full) if end == out.len() => {
                self.input.fail(Damage::TooLarge { limit: self.limit });
            }
            Err(_) => self.input.fail(Damage::Corrupt { at }),
        }
        header & 1 == 1
    }
}

/// Whether a frame follows; what is to be skipped is.
fn goes_on<S: Source>(input: &mut Input<'_, S>) -> bool {
    while input.damage().is_none() {
        let at = input.at();
        match input.next().first() {
            None if at > 0 => break,
            None | Some(0x28 | 0x50..=0x5f) => {}
            Some(_) => alien(input, at),
        }
        let magic = number(input, 4);
        if magic == MAGIC {
            return input.damage().is_none();
        }
        if magic & !15 == SKIPPABLE {
            let size = number(input, 4);
            skip(input, size);
        } else {
            alien(input, at);
        }
    }
    false
}

/// Notes that what begins `at` is no frame.
fn alien<S: Source>(input: &mut Input<'_, S>, at: u64) {
    input.fail(match at {
        0 => Damage::Header { field: "Magic_Number", at: 4 },
        _ => Damage::TrailingGarbage { at },
    });
}

/// The header (RFC 8878 section 3.1.1.1).
fn header<S: Source>(input: &mut Input<'_, S>) -> Frame {
    let flags = number(input, 1) as u8;
    if flags & RESERVED != 0 {
        input.fail(Damage::Header { field: "Reserved_bit", at: input.at() });
    }
    let single = flags & SINGLE_SEGMENT != 0;
    let window = if single { 0 } else { number(input, 1) as u8 };
    let id = number(input, 1_u32.wrapping_shl((flags & DICTIONARY).into()) >> 1);
    if id != 0 {
        input.fail(Damage::Unknown { what: "dictionary", number: id });
    }
    let bytes = 1_u32.wrapping_shl((flags >> 6).into());
    let bytes = if bytes == 1 && !single { 0 } else { bytes };
    let size = number(input, bytes).wrapping_add(if bytes == 2 { 256 } else { 0 });
    let window = if single { size } else { window_of(window) };
    Frame {
        size: (bytes > 0).then_some(size),
        block: window.min(MAX as u64) as usize,
        has_checksum: flags & CHECKSUM != 0,
    }
}

/// Reads as many bytes as `place` has.
#[inline(never)]
fn fill<S: Source>(input: &mut Input<'_, S>, place: &mut [u8]) {
    let mut done = 0_usize;
    while done < place.len() {
        let piece = input.next();
        let room = place.get_mut(done..).unwrap_or_default();
        let count = piece.len().min(room.len());
        if count == 0 {
            return input.ended();
        }
        for (to, from) in room.iter_mut().zip(piece) {
            *to = *from;
        }
        input.take(count);
        done = done.wrapping_add(count);
    }
}

/// Passes `count` bytes over.
fn skip<S: Source>(input: &mut Input<'_, S>, mut count: u64) {
    while count > 0 {
        let piece = input.next().len();
        if piece == 0 {
            return input.ended();
        }
        let step = count.min(piece as u64);
        input.take(step as usize);
        count = count.wrapping_sub(step);
    }
}

/// A number of so many bytes, at most 8, the lowest first.
#[inline(never)]
fn number<S: Source>(input: &mut Input<'_, S>, bytes: u32) -> u64 {
    let mut number = 0;
    for at in 0..bytes {
        number |= u64::from(input.needed()).wrapping_shl(at.wrapping_mul(8));
    }
    number
}

#[cfg(test)]
mod tests;
