//! The literals of a block (RFC 8878, section 3.1.1.3.1).

use crate::bits::word;
use crate::huffman::Code;

/// Where a block's literals are and what they are.
pub(crate) struct Literals {
    kind: u64,
    streams: usize,
    /// How many they are.
    pub(crate) count: usize,
    /// The first byte behind the header.
    start: usize,
    /// The first byte behind them.
    pub(crate) end: usize,
}

impl Literals {
    /// Reads the header of the block from `start` to `end`.
    pub(crate) fn read(data: &[u8], start: usize, end: usize) -> Option<Self> {
        let head = word(data, start);
        let (kind, format) = (head & 3, head >> 2 & 3);
        let field =
            |from: u32, bits: u32| (head >> (from & 63) & ((1 << (bits & 63)) - 1)) as usize;
        let (count, size, header) = if kind < 2 {
            // Bits of the number, and where it begins.
            let (from, bits) =
                if format & 1 == 0 { (3, 5) } else { (4, if format == 1 { 12 } else { 20 }) };
            let count = field(from, bits);
            (count, if kind == 1 { 1 } else { count }, (from + bits) / 8)
        } else {
            let bits = if format < 2 {
                10
            } else if format == 2 {
                14
            } else {
                18
            };
            (field(4, bits), field(4 + bits, bits), (4 + 2 * bits) / 8)
        };
        let start = start.wrapping_add(header as usize);
        let found = Self {
            kind,
            streams: if format == 0 { 1 } else { 4 },
            count,
            start,
            end: start.wrapping_add(size),
        };
        (found.end < end).then_some(found)
    }

    /// Writes them into `out`, which is as long as they are.
    pub(crate) fn write(&self, data: &[u8], code: &mut Code, out: &mut [u8]) -> Option<()> {
        let mut start = self.start;
        match self.kind {
            0 => out
                .copy_from_slice(data.get(start..self.end).filter(|from| from.len() == out.len())?),
            1 => out.fill(*data.get(start)?),
            _ => {
                if self.kind == 2 {
                    start = code.read(data, start, self.end)?;
                }
                return self.streams(data, start, code, out);
            }
        }
        Some(())
    }

    /// One stream, or four with the lengths of the first three in front.
    fn streams(
        &self,
        data: &[u8],
        mut start: usize,
        code: &Code,
        mut out: &mut [u8],
    ) -> Option<()> {
        let mut lengths = 0;
        let mut piece = out.len();
        if self.streams == 4 {
            lengths = word(data, start);
            start = start.wrapping_add(6);
            piece = piece.div_ceil(4);
        }
        for left in (0..self.streams).rev() {
            let (now, later) =
                out.split_at_mut_checked(if left > 0 { piece } else { out.len() })?;
            let length = (lengths & 0xffff) as usize;
            let end = if left > 0 { start.wrapping_add(length) } else { self.end };
            if end > self.end {
                return None;
            }
            code.stream(data, start, end, now)?;
            (start, lengths, out) = (end, lengths >> 16, later);
        }
        Some(())
    }
}
