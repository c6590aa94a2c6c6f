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
    while file.goes_on() {
        // Its own slice for each: no match reaches into the frame before.
        let size = file.frame(out.get_mut(all.size..).unwrap_or_default());
        all = Inflated { size: all.size.saturating_add(size), parts: all.parts.saturating_add(1) };
    }
    file.input.damage().map_or(Ok(all), Err)
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

    /// Whether a frame follows; what is to be skipped is.
    fn goes_on(&mut self) -> bool {
        while self.is_good() {
            let at = self.input.at();
            match self.input.next().first() {
                None if at > 0 => break,
                None | Some(0x28 | 0x50..=0x5f) => {}
                Some(_) => self.alien(at),
            }
            let magic = self.number(4);
            if magic == MAGIC {
                return self.is_good();
            }
            if magic & !15 == SKIPPABLE {
                let size = self.number(4);
                self.skip(size);
            } else {
                self.alien(at);
            }
        }
        false
    }

    /// Notes that what begins `at` is no frame.
    fn alien(&mut self, at: u64) {
        self.input.fail(match at {
            0 => Damage::Header { field: "Magic_Number", at: 4 },
            _ => Damage::TrailingGarbage { at },
        });
    }

    /// One frame, behind its magic number, into the front of `out`. Returns its size.
    #[inline(never)]
    fn frame(&mut self, out: &mut [u8]) -> usize {
        let frame = self.header();
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
            let stored = self.number(4);
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

    /// The header (RFC 8878 section 3.1.1.1).
    fn header(&mut self) -> Frame {
        let flags = self.number(1) as u8;
        if flags & RESERVED != 0 {
            self.input.fail(Damage::Header { field: "Reserved_bit", at: self.input.at() });
        }
        let single = flags & SINGLE_SEGMENT != 0;
        // 1 KiB, doubled and doubled again, and some eighths.
        let window = if single { 0 } else { self.number(1) };
        let id = self.number(1_u32.wrapping_shl((flags & 3).into()) >> 1);
        if id != 0 {
            self.input.fail(Damage::Unknown { what: "dictionary", number: id });
        }
        let bytes = 1_u32.wrapping_shl((flags >> 6).into());
        let bytes = if bytes == 1 && !single { 0 } else { bytes };
        let size = self.number(bytes).wrapping_add(if bytes == 2 { 256 } else { 0 });
        let window = if single { size } else { (8 + (window & 7)) << (7 + (window >> 3)) };
        Frame {
            size: (bytes > 0).then_some(size),
            block: window.min(MAX as u64) as usize,
            has_checksum: flags & CHECKSUM != 0,
        }
    }

    /// One block behind the first `size` bytes of `out`; whether it was the last.
    #[inline(never)]
    fn block(&mut self, frame: &Frame, out: &mut [u8], size: &mut usize) -> bool {
        let at = self.input.at();
        let header = self.number(3);
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
                        room.fill(self.number(1) as u8);
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

    /// Passes `count` bytes over.
    fn skip(&mut self, mut count: u64) {
        while count > 0 {
            let piece = self.input.next().len();
            if piece == 0 {
                return self.input.ended();
            }
            let step = count.min(piece as u64);
            self.input.take(step as usize);
            count = count.wrapping_sub(step);
        }
    }

    /// A number of so many bytes, at most 8, the lowest first.
    #[inline(never)]
    fn number(&mut self, bytes: u32) -> u64 {
        let mut number = 0;
        for at in 0..bytes {
            number |= u64::from(self.input.needed()).wrapping_shl(at.wrapping_mul(8));
        }
        number
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

#[cfg(test)]
mod tests;
