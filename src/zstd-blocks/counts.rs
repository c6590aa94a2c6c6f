//! How often each symbol is in an FSE table, as a block tells it (RFC 8878, section 4.1.1).

use crate::bits::word;

/// More than any alphabet that is coded this way has: 53 match length codes.
pub(crate) const SYMBOLS: usize = 64;

/// The counts of a table: -1 stands for less than one.
pub(crate) type Counts = [i16; SYMBOLS];

/// Reads counts for `symbols` symbols at most; gives the table's accuracy, at most `max_log`, and the first
/// byte behind.
pub(crate) fn read(
    data: &[u8],
    start: usize,
    max_log: u32,
    symbols: usize,
    counts: &mut Counts,
) -> Option<(u32, usize)> {
    *counts = [0; SYMBOLS];
    let mut at = start.wrapping_mul(8);
    let mut peek = |skip: u32| {
        at = at.wrapping_add(skip as usize);
        (word(data, at >> 3) >> (at & 7)) as u32
    };
    let log = (peek(0) & 15).wrapping_add(5);
    if log > max_log {
        return None;
    }
    // What is left to be given out, plus one, and the largest power of two that is not above it.
    let (mut left, mut threshold) = (1_u32.wrapping_shl(log).wrapping_add(1), 1_u32 << log);
    let (mut symbol, mut skip) = (0, 4);
    while left > 1 {
        if symbol >= symbols {
            return None;
        }
        let value = peek(skip);
        // So many values are told in a bit less.
        let short = threshold.wrapping_mul(2).wrapping_sub(1).wrapping_sub(left);
        let width = threshold.trailing_zeros();
        let mut count = value & threshold.wrapping_sub(1);
        skip = width;
        if count >= short {
            count = value & threshold.wrapping_mul(2).wrapping_sub(1);
            if count >= threshold {
                count = count.wrapping_sub(short);
            }
            skip = width.wrapping_add(1);
        }
        let count = (count as i16).wrapping_sub(1);
        left = left.wrapping_sub(count.unsigned_abs().into());
        *counts.get_mut(symbol)? = count;
        symbol = symbol.wrapping_add(1);
        // How many more have none, by threes.
        let mut more = if count == 0 { 3 } else { 0 };
        while more == 3 {
            more = peek(skip) & 3;
            symbol = symbol.wrapping_add(more as usize);
            skip = 2;
        }
        while left < threshold && threshold > 1 {
            threshold >>= 1;
        }
    }
    peek(skip);
    (left == 1).then_some((log, at.wrapping_add(7) >> 3))
}
