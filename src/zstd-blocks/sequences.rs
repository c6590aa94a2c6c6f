//! The sequences of a block: how many literals, then what to repeat (RFC 8878, section 3.1.1.3.2).

use crate::bits::Bits;
use crate::block::Refused;
use crate::copy;
use crate::counts::{self, SYMBOLS};
use crate::fse::Table;

/// A kind of code: what its symbols stand for, and its counts where a block tells none.
struct Kind {
    /// What symbol 0 stands for.
    first: u32,
    /// The extra bits of each symbol.
    extra: &'static [u8],
    max_log: u32,
    default: &'static [i8],
    default_log: u32,
}

/// Literal lengths (RFC 8878, sections 3.1.1.3.2.1.1 and 3.1.1.3.2.2.1).
const LENGTHS: Kind = Kind {
    first: 0,
    extra: &[
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10,
        11, 12, 13, 14, 15, 16,
    ],
    max_log: 9,
    default: &[
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1,
        1, 1, -1, -1, -1, -1,
    ],
    default_log: 6,
};

/// Offsets.
const OFFSETS: Kind = Kind {
    first: 1,
    extra: &[
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31,
    ],
    max_log: 8,
    default: &[
        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
    ],
    default_log: 5,
};

/// Match lengths.
const MATCHES: Kind = Kind {
    first: 3,
    extra: &[
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    ],
    max_log: 9,
    default: &[
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    default_log: 6,
};

/// In the order in which a block describes them.
static KINDS: [Kind; 3] = [LENGTHS, OFFSETS, MATCHES];

/// What one block hands on to the next of its frame.
pub(crate) struct Sequences {
    tables: [Table; 3],
    /// The last three offsets.
    recent: [usize; 3],
}

/// Where a block's output goes.
pub(crate) struct Target<'a> {
    /// The frame's output from its start on.
    pub(crate) out: &'a mut [u8],
    /// What is written.
    pub(crate) at: usize,
    /// The literals that are left: behind what is written, in the same memory.
    pub(crate) from: usize,
    pub(crate) end: usize,
}

impl Sequences {
    pub(crate) const fn new() -> Self {
        Self { tables: [const { Table::new() }; 3], recent: [1, 4, 8] }
    }

    /// Starts a frame.
    pub(crate) fn restart(&mut self) {
        self.recent = [1, 4, 8];
        for table in &mut self.tables {
            table.is_there = false;
        }
    }

    /// Reads the tables; gives the first byte behind their description.
    pub(crate) fn read(&mut self, data: &[u8], start: usize, end: usize) -> Option<usize> {
        let modes = *data.get(start)?;
        let mut start = start.wrapping_add(1);
        for (number, (kind, table)) in KINDS.iter().zip(&mut self.tables).enumerate() {
            let mode = modes >> (6_usize.wrapping_sub(number.wrapping_mul(2)) & 7) & 3;
            start = kind.read(mode, table, data, start)?;
        }
        (modes & 3 == 0 && start <= end).then_some(start)
    }

    /// Does all `count` sequences, in the bitstream from `start` to `end`.
    #[inline(never)]
    pub(crate) fn run(
        &mut self,
        data: &[u8],
        (start, end): (usize, usize),
        count: usize,
        target: &mut Target<'_>,
    ) -> Result<(), Refused> {
        let Some(mut bits) = Bits::new(data, start, end) else { return Err(Refused::Corrupt) };
        let [lengths, offsets, matches] = &self.tables;
        let mut recent = self.recent;
        let Target { out, at: to, from, end } = target;
        let (mut at, mut literals) = (*to, *from);
        bits.refill();
        let mut length_state = bits.take(lengths.log);
        let mut offset_state = bits.take(offsets.log);
        let mut match_state = bits.take(matches.log);
        for left in (0..count).rev() {
            let length = lengths.state(length_state);
            let offset = offsets.state(offset_state);
            let matched = matches.state(match_state);
            // At most 31 and 16 bits, then 16 and 26.
            bits.refill();
            let value = (offset.base as usize).wrapping_add(bits.take(offset.extra));
            let repeated = (matched.base as usize).wrapping_add(bits.take(matched.extra));
            bits.refill();
            let copied = (length.base as usize).wrapping_add(bits.take(length.extra));
            if left > 0 {
                length_state = usize::from(length.next).wrapping_add(bits.take(length.bits));
                match_state = usize::from(matched.next).wrapping_add(bits.take(matched.bits));
                offset_state = usize::from(offset.next).wrapping_add(bits.take(offset.bits));
            }
            let offset = recall(&mut recent, value, copied);
            (at, literals) = place(out, (at, literals, *end), (copied, offset, repeated))?;
        }
        (*to, *from) = (at, literals);
        self.recent = recent;
        if bits.is_done() { Ok(()) } else { Err(Refused::Corrupt) }
    }
}

/// The offset that a sequence's value means: the last three have numbers (RFC 8878, section 3.1.1.5).
#[inline(always)]
fn recall(recent: &mut [usize; 3], value: usize, copied: usize) -> usize {
    let [first, second, third] = *recent;
    let which = if value > 3 { 4 } else { value.wrapping_sub(usize::from(copied > 0)) };
    let offset = match which {
        0 => first,
        1 => second,
        2 => third,
        3 => first.wrapping_sub(1),
        _ => value.wrapping_sub(3),
    };
    let later = if which > 1 { second } else { third };
    *recent = [offset, if which > 0 { first } else { second }, later];
    offset
}

/// Writes one sequence at `at`: `copied` literals, then `repeated` bytes of what lies `offset` back; gives where
/// the next one goes and where its literals are. They lie behind it in the same memory, up to `end`.
#[inline(always)]
fn place(
    out: &mut [u8],
    (at, literals, end): (usize, usize, usize),
    (copied, offset, repeated): (usize, usize, usize),
) -> Result<(usize, usize), Refused> {
    let gap = literals.wrapping_sub(at);
    let match_at = at.wrapping_add(copied);
    let behind = literals.wrapping_add(copied);
    if behind > end || offset.wrapping_sub(1) >= match_at {
        return Err(Refused::Corrupt);
    }
    if repeated > gap {
        return Err(Refused::Full);
    }
    let match_from = match_at.wrapping_sub(offset);
    if repeated.wrapping_add(8) <= gap && behind.wrapping_add(8) <= out.len() {
        copy::wild(out, literals, at, copied);
        if offset < 8 {
            copy::repeat(out, offset, match_at, repeated);
        } else {
            copy::wild(out, match_from, match_at, repeated);
        }
    } else {
        copy::exact(out, literals, at, copied);
        copy::exact(out, match_from, match_at, repeated);
    }
    Ok((match_at.wrapping_add(repeated), behind))
}

impl Kind {
    /// Reads one table; gives the first byte behind.
    fn read(&self, mode: u8, table: &mut Table, data: &[u8], start: usize) -> Option<usize> {
        let mut counts = [0; SYMBOLS];
        let mut behind = start;
        match mode {
            0 => {
                for (count, default) in counts.iter_mut().zip(self.default) {
                    *count = i16::from(*default);
                }
                table.fill(&counts, self.default_log, self.first, self.extra);
            }
            1 => {
                let symbol = usize::from(*data.get(start)?);
                self.extra.get(symbol)?;
                table.fill_one(symbol, self.first, self.extra);
                behind = start.wrapping_add(1);
            }
            2 => {
                let log;
                (log, behind) =
                    counts::read(data, start, self.max_log, self.extra.len(), &mut counts)?;
                table.fill(&counts, log, self.first, self.extra);
            }
            _ if table.is_there => {}
            _ => return None,
        }
        Some(behind)
    }
}
