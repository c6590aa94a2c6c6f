//! The Huffman code of literals (RFC 8878, section 4.2).

use crate::bits::Bits;
use crate::counts::{self, SYMBOLS};
use crate::fse::Table;

/// The longest code in bits.
const MAX: u32 = 11;

/// Codes of 11 bits.
const SIZE: usize = 1 << MAX;

/// Weights are symbols without extra bits.
const PLAIN: [u8; MAX as usize + 2] = [0; MAX as usize + 2];

/// A code: for every 11 bits, or fewer, the byte that they begin with in the low half and the length of its
/// code in the high one.
pub(crate) struct Code {
    codes: [u16; SIZE],
    /// The longest code in bits; 0 if there is none.
    log: u8,
    /// Only for the weights.
    table: Table,
}

/// The weights of all bytes but the last that has one.
struct Weights {
    weights: [u8; 256],
    count: usize,
}

impl Weights {
    fn push(&mut self, weight: u8) -> Option<()> {
        *self.weights.get_mut(self.count)? = weight;
        self.count = self.count.wrapping_add(1);
        Some(())
    }
}

impl Code {
    /// No code yet.
    pub(crate) const fn new() -> Self {
        Self { codes: [0; SIZE], log: 0, table: Table::new() }
    }

    /// Forgets the code.
    pub(crate) fn forget(&mut self) {
        self.log = 0;
    }

    /// Reads a code; gives the first byte behind its description.
    pub(crate) fn read(&mut self, data: &[u8], start: usize, end: usize) -> Option<usize> {
        let head = usize::from(*data.get(start..end)?.first()?);
        let mut found = Weights { weights: [0; 256], count: 0 };
        let from = start.wrapping_add(1);
        let behind = if head < 128 {
            let behind = from.wrapping_add(head);
            self.packed(data, from, behind.min(end), &mut found)?;
            behind
        } else {
            // Four bits each.
            let count = head.wrapping_sub(127);
            for number in 0..count {
                let pair = *data.get(from.wrapping_add(number / 2))?;
                found.push(if number % 2 == 0 { pair >> 4 } else { pair & 15 })?;
            }
            from.wrapping_add(count.div_ceil(2))
        };
        self.fill(&mut found)?;
        (behind <= end).then_some(behind)
    }

    /// Weights coded by an FSE table of their own, in two states by turns.
    fn packed(&mut self, data: &[u8], from: usize, end: usize, found: &mut Weights) -> Option<()> {
        let mut counts = [0; SYMBOLS];
        let (log, from) = counts::read(data, from, 6, PLAIN.len(), &mut counts)?;
        self.table.fill(&counts, log, 0, &PLAIN);
        let mut bits = Bits::new(data, from, end)?;
        bits.refill();
        let mut state = bits.take(log as u8);
        let mut other = bits.take(log as u8);
        if bits.is_over() {
            return None;
        }
        while !bits.is_over() {
            let now = self.table.state(state);
            found.push(now.base as u8)?;
            bits.refill();
            let next = usize::from(now.next).wrapping_add(bits.take(now.bits));
            (state, other) = (other, next);
        }
        found.push(self.table.state(state).base as u8)
    }

    /// Fills the table; the last weight is what is left.
    fn fill(&mut self, found: &mut Weights) -> Option<()> {
        let mut sum = 0_u32;
        for weight in found.weights {
            sum = sum.wrapping_add(1_u32.wrapping_shl(weight.into()) >> 1);
        }
        let log = u32::BITS.wrapping_sub(sum.leading_zeros());
        let left = 1_u32.wrapping_shl(log).wrapping_sub(sum);
        if log > MAX || !left.is_power_of_two() {
            return None;
        }
        found.push(left.trailing_zeros().wrapping_add(1) as u8)?;
        let mut at = 0_usize;
        for weight in 1..=log {
            let length = log.wrapping_add(1).wrapping_sub(weight);
            for (byte, found) in found.weights.iter().enumerate() {
                if u32::from(*found) == weight {
                    let end = at.wrapping_add(1_usize.wrapping_shl(weight) >> 1);
                    self.codes.get_mut(at..end)?.fill((length << 8) as u16 | byte as u16);
                    at = end;
                }
            }
            // The longest codes are two at least.
            if at < 2 {
                return None;
            }
        }
        self.log = log as u8;
        Some(())
    }

    /// Decodes one stream into `out`, all of it.
    pub(crate) fn stream(
        &self,
        data: &[u8],
        start: usize,
        end: usize,
        out: &mut [u8],
    ) -> Option<()> {
        let mut bits = Bits::new(data, start, end)?;
        let log = u32::from(self.log);
        let next = |bits: &mut Bits<'_>| {
            let code = self.codes[bits.peek(log) % SIZE];
            bits.skip((code >> 8).into());
            code as u8
        };
        let (fives, rest) = out.as_chunks_mut::<5>();
        for five in fives {
            bits.refill();
            for byte in five {
                *byte = next(&mut bits);
            }
        }
        bits.refill();
        for byte in rest {
            *byte = next(&mut bits);
        }
        (bits.is_done() && self.log > 0).then_some(())
    }
}
