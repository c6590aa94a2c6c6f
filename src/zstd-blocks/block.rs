//! A compressed block (RFC 8878, section 3.1.1.3).

use crate::bits::word;
use crate::copy;
use crate::huffman::Code;
use crate::literals::Literals;
use crate::sequences::{Sequences, Target};

/// The most bytes that a block has, packed or not.
pub const MAX: usize = 128 << 10;

/// Readable bytes in front of a block and behind it, so that words may be read at its ends.
const MARGIN: usize = 8;

/// The memory that a compressed block is read into.
pub struct Block([u8; MARGIN + MAX + MARGIN]);

impl Block {
    /// Where the first `len` bytes of a block go; fewer if there are not so many.
    pub fn room(&mut self, len: usize) -> &mut [u8] {
        let end = MARGIN.saturating_add(len.min(MAX));
        self.0.get_mut(MARGIN..end).unwrap_or_default()
    }
}

/// Why a block is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It makes no sense.
    Corrupt,
    /// It holds more than there is room for.
    Full,
}

/// What blocks of a frame hand on, and their memory: all zeros but for a few numbers.
pub struct Decoder {
    /// The block.
    pub block: Block,
    code: Code,
    sequences: Sequences,
}

impl Decoder {
    /// One that decoded nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        let block = Block([0; MARGIN + MAX + MARGIN]);
        Self { block, code: Code::new(), sequences: Sequences::new() }
    }

    /// Starts a frame.
    pub fn restart(&mut self) {
        self.code.forget();
        self.sequences.restart();
    }

    /// Inflates the block of `len` bytes to `out`, the frame's output, behind its first `at` bytes and in
    /// front of `end`; what stands between may be written to. Gives where the output ends now.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn inflate(
        &mut self,
        len: usize,
        out: &mut [u8],
        at: usize,
        end: usize,
    ) -> Result<usize, Refused> {
        let data = &self.block.0;
        let stop = MARGIN.wrapping_add(len.min(MAX));
        let literals = Literals::read(data, MARGIN, stop).ok_or(Refused::Corrupt)?;
        let (count, start) = number(data, literals.end);
        if literals.count > end.saturating_sub(at) {
            return Err(Refused::Full);
        }
        // The literals wait at the end of the block's room: what is written reaches them last of all.
        let from = if count == 0 { at } else { end.wrapping_sub(literals.count) };
        let behind = from.wrapping_add(literals.count);
        let room = out.get_mut(from..behind).ok_or(Refused::Full)?;
        literals.write(data, &mut self.code, room).ok_or(Refused::Corrupt)?;
        if count == 0 {
            return if start == stop { Ok(behind) } else { Err(Refused::Corrupt) };
        }
        let start = self.sequences.read(data, start, stop).ok_or(Refused::Corrupt)?;
        let mut target = Target { out, at, from, end: behind };
        self.sequences.run(data, (start, stop), count, &mut target)?;
        let Target { at, from, .. } = target;
        let rest = behind.wrapping_sub(from);
        copy::forward(out, from, at, rest);
        Ok(at.wrapping_add(rest))
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// How many sequences there are, and the first byte behind that number.
fn number(data: &[u8], start: usize) -> (usize, usize) {
    let [a, b, c, ..] = word(data, start).to_le_bytes().map(usize::from);
    let (count, len) = match a {
        255 => ((c << 8).wrapping_add(b).wrapping_add(0x7f00), 3),
        128.. => ((a.wrapping_sub(128) << 8).wrapping_add(b), 2),
        _ => (a, 1),
    };
    (count, start.wrapping_add(len))
}
