//! CRC-64 as xz stores it (xz-file-format.txt, section 6.2), four bytes a step. The tables are computed
//! at first use.
#![forbid(unsafe_code)]

/// The generator polynomial, lowest bit first (ECMA-182).
const POLYNOMIAL: u64 = 0xc96c_5795_d787_0f42;

/// What each byte value adds to the sum, when 0 to 3 more bytes follow it in a step.
pub struct Tables([u64; 4 * 256]);

impl Tables {
    /// Room for the tables, all zero bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self([0; 4 * 256])
    }

    /// The checksum of `bytes`; computes the tables at the first call.
    pub fn sum(&mut self, bytes: &[u8]) -> u64 {
        if self.0[1] == 0 {
            for at in 0..self.0.len() {
                let before = at.checked_sub(256).map_or(at as u64, |before| self.0[before]);
                self.0[at] = after_zero(before);
            }
        }
        let (fours, rest) = bytes.as_chunks();
        let sum = fours.iter().fold(!0, |sum, four| self.four(sum, *four));
        !rest.iter().fold(sum, |sum, byte| sum >> 8 ^ self.of(0, sum as u8 ^ byte))
    }

    /// The sum after four more bytes.
    fn four(&self, sum: u64, bytes: [u8; 4]) -> u64 {
        let [a, b, c, d] = (u32::from_le_bytes(bytes) ^ sum as u32).to_le_bytes();
        sum >> 32 ^ self.of(3, a) ^ self.of(2, b) ^ self.of(1, c) ^ self.of(0, d)
    }

    /// What a byte adds that so many follow.
    fn of(&self, follow: usize, byte: u8) -> u64 {
        self.0[(follow & 3) * 256 + usize::from(byte)]
    }
}

/// The sum after one more byte of zero, bit by bit.
fn after_zero(mut sum: u64) -> u64 {
    for _ in 0..8 {
        sum = (sum >> 1) ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_literature() {
        assert_eq!(Tables::empty().sum(b"123456789"), 0x995d_c9bb_df19_39fa);
        assert_eq!(Tables::empty().sum(b""), 0);
    }

    #[test]
    fn four_at_a_time_equals_one_at_a_time() {
        let mut tables = Tables::empty();
        for len in 0..99 {
            let bytes: Vec<u8> = (0..len).map(|n: u32| ((n * n) >> 3) as u8).collect();
            let found = tables.sum(&bytes);
            let one = |sum: u64, byte: &u8| sum >> 8 ^ tables.of(0, sum as u8 ^ byte);
            assert_eq!(found, !bytes.iter().fold(!0, one));
        }
    }
}
