//! CRC-32 as gzip and xz store it (RFC 1952 section 8), eight bytes a step.
//!
//! The tables are computed at start: 8 KiB of zero memory instead of 8 KiB in every image.
#![forbid(unsafe_code)]

/// The generator polynomial, lowest bit first (RFC 1952 section 8).
const POLYNOMIAL: u32 = 0xedb8_8320;

/// What each byte value adds to the sum, when 0 to 7 more bytes follow it in a step: eight tables, one
/// after the other.
pub struct Tables([u32; 8 * 256]);

impl Tables {
    /// Room for the tables, all zero bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self([0; 8 * 256])
    }

    /// The tables, computed by the first call. Each entry is that of the table before with a zero byte
    /// after it.
    pub fn ready(&mut self) -> &Self {
        if self.0[1] == 0 {
            for at in 0..self.0.len() {
                let before = at.checked_sub(256).map_or(at as u32, |before| self.0[before]);
                self.0[at] = after_zero(before);
            }
        }
        self
    }
}

/// The sum after one more byte of zero, bit by bit.
fn after_zero(mut sum: u32) -> u32 {
    for _ in 0..8 {
        sum = (sum >> 1) ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    sum
}

/// A checksum that grows with what is shown to it.
pub struct Crc32<'a> {
    tables: &'a Tables,
    sum: u32,
}

impl<'a> Crc32<'a> {
    /// The checksum of nothing yet.
    #[must_use]
    pub fn new(tables: &'a Tables) -> Self {
        Self { tables, sum: !0 }
    }

    /// Forgets what was shown.
    pub fn restart(&mut self) {
        self.sum = !0;
    }

    /// The checksum of all bytes shown so far.
    #[must_use]
    pub fn value(&self) -> u32 {
        !self.sum
    }

    /// Shows one byte.
    pub fn byte(&mut self, byte: u8) {
        let [low, ..] = self.sum.to_le_bytes();
        self.sum = (self.sum >> 8) ^ self.tables.0[usize::from(low ^ byte)];
    }

    /// Shows `bytes`, which follow those before.
    pub fn update(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks();
        self.sum = eights.iter().fold(self.sum, |sum, eight| self.eight(sum, *eight));
        rest.iter().for_each(|byte| self.byte(*byte));
    }

    /// The sum after eight more bytes.
    fn eight(&self, sum: u32, bytes: [u8; 8]) -> u32 {
        let bytes = u64::from_le_bytes(bytes) ^ u64::from(sum);
        let of = |byte: usize| {
            self.tables.0[(7 - byte) * 256 + usize::from((bytes >> (8 * byte)) as u8)]
        };
        of(0) ^ of(1) ^ of(2) ^ of(3) ^ of(4) ^ of(5) ^ of(6) ^ of(7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crc32(pieces: &[&[u8]]) -> u32 {
        let mut tables = Tables::empty();
        let mut crc = Crc32::new(tables.ready());
        pieces.iter().for_each(|piece| crc.update(piece));
        crc.value()
    }

    #[test]
    fn nothing_sums_to_zero() {
        assert_eq!(crc32(&[]), 0);
    }

    #[test]
    fn the_check_value_of_the_literature() {
        assert_eq!(crc32(&[b"123456789"]), 0xcbf4_3926);
    }

    #[test]
    fn every_cut_into_two_pieces_gives_the_same() {
        let bytes: Vec<u8> = (0..=255).cycle().take(777).collect();
        let whole = (0..bytes.len()).map(|at| bytes.split_at(at)).map(|(a, b)| crc32(&[a, b]));
        assert!(whole.into_iter().all(|sum| sum == crc32(&[&bytes])));
    }

    #[test]
    fn eight_at_a_time_equals_one_at_a_time() {
        let bytes: Vec<u8> = (0..4096u32).map(|n| ((n * n) >> 3) as u8).collect();
        assert_eq!(crc32(&[&bytes]), crc32(&bytes.chunks(1).collect::<Vec<_>>()));
    }

    #[test]
    fn tables_computed_twice_stay() {
        let mut tables = Tables::empty();
        let once = tables.ready().0;
        assert_eq!(tables.ready().0, once);
    }
}
