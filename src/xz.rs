//! xz files (xz-file-format.txt 1.2.1, which the numbers of sections here mean): streams of blocks, each
//! packed by LZMA2 and checked, with an index of them at the end.
//!
//! Takes the file in pieces and writes the inflated bytes straight into the mapping that the kernel gets.
//! Every byte has been checked when [`inflate`] returns. A filter in front of LZMA2 is undone in place
//! once its block is whole: until then the block is the window that matches are copied from.
#![forbid(unsafe_code)]

mod bcj;
pub(crate) mod crc64;
pub(crate) mod lzma;
mod lzma2;
pub(crate) mod sha256;

use crate::fields::Fields;
use crate::inflate::{Damage, Inflated, Scratch, Source};
use crate::text;
use bcj::Filter;
use lzma::Lzma;
use sha256::Rounds;

/// What every xz file begins with (2.1.1.1); an inflater has looked at it before it chose this one.
const MAGIC: [u8; 6] = *b"\xfd7zXZ\0";
/// What every stream ends with (2.1.2.4).
const END: [u8; 2] = *b"YZ";
/// The filter that is always the last (5.3.1).
const LZMA2: u64 = 0x21;

// The types of the check (2.1.1.2) that there are.
const NONE: u8 = 0;
const CRC32: u8 = 1;
const CRC64: u8 = 4;
const SHA256: u8 = 10;

/// Inflates all streams of the file that `source` gives into `out`.
///
/// # Errors
/// The first damage there is. `out` then holds bytes that nobody may use.
pub fn inflate(
    source: &mut impl Source,
    scratch: &mut Scratch,
    out: &mut [u8],
) -> Result<Inflated, Damage> {
    let mut file = File {
        fields: Fields::new(source, &mut scratch.piece, &mut scratch.crc32),
        lzma: &mut scratch.lzma,
        crc64: &mut scratch.crc64,
        sha256: &mut scratch.sha256,
        check: NONE,
        doubt: None,
        limit: out.len() as u64,
    };
    let mut all = Inflated { size: 0, parts: 0 };
    while file.goes_on(all.parts) {
        let size = file.stream(out.get_mut(all.size..).unwrap_or_default());
        all = Inflated { size: all.size.saturating_add(size), parts: all.parts.saturating_add(1) };
    }
    file.fields.input.damage().map_or(Ok(all), Err)
}

/// A file that is being read.
struct File<'a, S> {
    /// The checksum is of the header that is being read.
    fields: Fields<'a, S>,
    lzma: &'a mut Lzma,
    crc64: &'a mut crc64::Tables,
    sha256: &'a mut Rounds,
    /// The type of the stream's check.
    check: u8,
    /// What is wrong with the header that is being read. It is said once its checksum is known to be
    /// right.
    doubt: Option<Damage>,
    /// The length of the whole output.
    limit: u64,
}

/// What an index says of a stream's blocks, for any number of them.
#[derive(Clone, Copy, Default, PartialEq)]
struct Records {
    count: u64,
    /// Inflated bytes of all.
    size: u64,
    /// Differs if any record does, or their order.
    hash: u64,
}

impl Records {
    /// Adds a block of `packed` bytes without its padding, `size` inflated.
    fn add(&mut self, packed: u64, size: u64) {
        self.count = self.count.wrapping_add(1);
        self.size = self.size.wrapping_add(size);
        for number in [packed, size] {
            // The prime of FNV-1a.
            self.hash = (self.hash ^ number).wrapping_mul(0x100_0000_01b3).rotate_left(29);
        }
    }
}

impl<S: Source> File<'_, S> {
    /// One stream into the front of `out`; returns its size.
    fn stream(&mut self, out: &mut [u8]) -> usize {
        self.stream_header();
        let (mut size, mut blocks) = (0_usize, Records::default());
        loop {
            let start = self.fields.input.at();
            self.fields.crc.restart();
            let first = self.fields.byte();
            if !self.fields.is_good() {
                return size;
            }
            if first == 0 {
                self.index(&blocks, start);
                return size;
            }
            let out = out.get_mut(size..).unwrap_or_default();
            let found = self.block(start, u64::from(first), out, &mut blocks);
            size = size.saturating_add(found);
        }
    }

    /// The stream's header (2.1.1).
    fn stream_header(&mut self) {
        for byte in MAGIC {
            let found = self.fields.byte();
            self.fields.check(found == byte, "Magic");
        }
        self.fields.crc.restart();
        let [zero, check] = self.fields.half().to_le_bytes();
        let known = matches!(check, NONE | CRC32 | CRC64 | SHA256);
        self.check = check;
        self.doubt(zero == 0 && check < 0x10, "Stream Flags");
        if !known {
            self.unknown("check type", check.into());
        }
        self.checksum();
    }

    /// Notes that the header is wrong up to `field`, unless that is `good`.
    #[inline(never)]
    fn doubt(&mut self, good: bool, field: &'static str) {
        if !good {
            self.doubt.get_or_insert(Damage::Header { field, at: self.fields.input.at() });
        }
    }

    /// Notes that the header asks for something that is unknown here.
    fn unknown(&mut self, what: &'static str, number: u64) {
        self.doubt.get_or_insert(Damage::Unknown { what, number });
    }

    /// The CRC32 that ends a header, and what was to be said of it then.
    #[inline(never)]
    fn checksum(&mut self) {
        let computed = self.fields.crc.value();
        let stored = self.fields.word();
        self.fields.check(stored == computed, "CRC32");
        self.say_doubt();
    }

    /// Says what is wrong with a header that is whole.
    fn say_doubt(&mut self) {
        if let Some(damage) = self.doubt.take() {
            self.fields.input.fail(damage);
        }
    }

    /// One block (3), whose header's first byte is `first`, into the front of `out`; returns its size.
    fn block(&mut self, start: u64, first: u64, out: &mut [u8], blocks: &mut Records) -> usize {
        // Behind its CRC32.
        let end = start.wrapping_add(first.wrapping_add(1).wrapping_mul(4));
        let flags = self.fields.byte();
        self.doubt(flags & 0x3c == 0, "Block Flags");
        let packed = if flags & 0x40 != 0 { Some(self.number()) } else { None };
        let size = if flags & 0x80 != 0 { Some(self.number()) } else { None };
        let mut filters = [Filter::default(); 3];
        for filter in text::head_mut(&mut filters, usize::from(flags & 3)) {
            *filter = self.filter(end);
        }
        self.lzma2_filter();
        self.zeros(end.wrapping_sub(4));
        self.checksum();
        self.fields.check(self.fields.input.at() == end, "Header Size");
        if !self.fields.is_good() {
            return 0;
        }
        let found = lzma2::inflate(&mut self.fields.input, self.lzma, out, self.limit);
        let stop = self.fields.input.at();
        let bytes = text::head_mut(out, found);
        if let Some(size) = size {
            self.fields.check_length(size, found as u64);
        }
        if let Some(packed) = packed {
            self.fields.check(packed == stop.wrapping_sub(end), "Compressed Size");
        }
        let odd = stop.wrapping_sub(start).wrapping_neg() & 3;
        self.zeros(stop.wrapping_add(odd));
        self.say_doubt();
        if !self.fields.is_good() {
            return found;
        }
        filters.iter().rev().for_each(|filter| filter.undo(bytes));
        self.verify(bytes);
        let unpadded = self.fields.input.at().wrapping_sub(start).wrapping_sub(odd);
        blocks.add(unpadded, found as u64);
        found
    }

    /// One filter in front of LZMA2, in a header that goes to `end` (3.1.5).
    fn filter(&mut self, end: u64) -> Filter {
        let id = self.number();
        let length = self.number();
        let mut filter = Filter::of(id);
        if filter.is_none() {
            self.unknown("filter", id);
        }
        let mut value = [0; 4];
        let mut places = value.iter_mut();
        let stop = self.fields.input.at().saturating_add(length).min(end);
        while self.fields.input.at() < stop {
            let byte = self.fields.byte();
            if let Some(place) = places.next() {
                *place = byte;
            }
            if !self.fields.is_good() {
                break;
            }
        }
        if let Some(filter) = &mut filter {
            let good = filter.properties(length, u32::from_le_bytes(value));
            self.doubt(good, "Filter Properties");
        }
        filter.unwrap_or_default()
    }

    /// The last filter (5.3.1).
    fn lzma2_filter(&mut self) {
        let (id, length) = (self.number(), self.number());
        if id != LZMA2 {
            self.unknown("last filter", id);
            return;
        }
        let dictionary = lzma2::dictionary(self.fields.byte());
        self.lzma.dictionary = dictionary.unwrap_or_default() as usize;
        self.doubt(length == 1 && dictionary.is_some(), "Filter Properties");
    }

    /// The check of a block that holds `bytes` (3.4).
    fn verify(&mut self, bytes: &[u8]) {
        let file = &mut self.fields;
        match self.check {
            CRC32 => {
                file.crc.restart();
                file.crc.update(bytes);
                let computed = file.crc.value();
                let stored = file.word();
                file.check_sum(stored.into(), computed.into());
            }
            CRC64 => {
                let computed = self.crc64.sum(bytes);
                let stored = u64::from(file.word()) | u64::from(file.word()) << 32;
                file.check_sum(stored, computed);
            }
            SHA256 => {
                // The first word that differs is told.
                for computed in self.sha256.sum(bytes) {
                    let stored = file.word().swap_bytes();
                    file.check_sum(stored.into(), computed.into());
                }
            }
            _ => {}
        }
    }

    /// The index, which begins at `start`, against the stream's blocks, and the footer (4, 2.1.2).
    fn index(&mut self, blocks: &Records, start: u64) {
        let count = self.number();
        self.doubt(count == blocks.count, "Number of Records");
        let mut found = Records::default();
        while found.count < blocks.count && self.fields.is_good() {
            found.add(self.number(), self.number());
        }
        let length = self.fields.input.at().wrapping_sub(start);
        self.zeros(start.wrapping_add(length.next_multiple_of(4)));
        self.checksum();
        let length = self.fields.input.at().wrapping_sub(start);
        if self.fields.is_good() {
            self.fields.check_length(found.size, blocks.size);
        }
        self.fields.check(found == *blocks, "Index");
        self.footer(length);
    }

    /// The footer behind an index of so many bytes (2.1.2).
    fn footer(&mut self, index: u64) {
        let stored = self.fields.word();
        self.fields.crc.restart();
        let backward = u64::from(self.fields.word()).wrapping_add(1).wrapping_mul(4);
        let flags = self.fields.half().to_le_bytes();
        let computed = self.fields.crc.value();
        self.fields.check(stored == computed, "CRC32");
        self.fields.check(backward == index, "Backward Size");
        self.fields.check(flags == [0, self.check], "Stream Flags");
        let end = self.fields.half().to_le_bytes();
        self.fields.check(end == END, "Footer Magic");
    }

    /// Padding up to the byte at `end`, which must not have been passed.
    fn zeros(&mut self, end: u64) {
        let start = self.fields.input.at();
        for _ in start..end {
            let byte = self.fields.byte();
            self.doubt(byte == 0, "Padding");
        }
        self.doubt(start <= end, "Padding");
    }

    /// A number of one to nine bytes (1.2), at most 63 bits.
    #[inline(never)]
    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0_u32);
        loop {
            let byte = self.fields.byte();
            number |= u64::from(byte & 0x7f).wrapping_shl(shift);
            if byte < 0x80 {
                // The shortest way to write it is the only one.
                self.doubt(byte != 0 || shift == 0, "Multibyte Integer");
                return number;
            }
            shift = shift.wrapping_add(7);
            if shift == 63 {
                self.doubt(false, "Multibyte Integer");
                return number;
            }
        }
    }

    /// Whether another stream follows the `parts` before. Between them and behind the last there may be
    /// padding, zero bytes by fours (2.2).
    fn goes_on(&mut self, parts: usize) -> bool {
        if parts == 0 || !self.fields.is_good() {
            return parts == 0;
        }
        let start = self.fields.input.at();
        loop {
            let at = self.fields.input.at();
            let next = self.fields.input.next().first().copied();
            if next != Some(0) {
                let whole = at.wrapping_sub(start).is_multiple_of(4);
                let other = next.is_some_and(|byte| byte != MAGIC[0] || !whole);
                if other {
                    self.fields.input.fail(Damage::TrailingGarbage { at });
                }
                self.fields.check(whole, "Stream Padding");
                return next.is_some() && self.fields.is_good();
            }
            self.fields.input.take(1);
        }
    }
}

#[cfg(test)]
mod tests;
