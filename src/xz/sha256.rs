//! SHA-256 (FIPS 180-4). Its constants are computed at first use: roots of the first primes.
#![forbid(unsafe_code)]

use crate::text;

/// The constant of each of the 64 rounds; all zero bytes until they are needed.
pub struct Rounds([u32; 64]);

impl Rounds {
    /// Room for the constants.
    #[must_use]
    pub const fn empty() -> Self {
        Self([0; 64])
    }

    /// The sum of `bytes`, as eight words; computes the constants at the first call.
    #[inline(never)]
    pub fn sum(&mut self, bytes: &[u8]) -> [u32; 8] {
        let mut sum = [0; 8];
        let mut prime = 1;
        let mut first = sum.iter_mut();
        for round in &mut self.0 {
            prime = next_prime(prime);
            *round = root(prime, true);
            if let Some(word) = first.next() {
                *word = root(prime, false);
            }
        }
        let (blocks, rest) = bytes.as_chunks();
        for block in blocks {
            self.block(&mut sum, block);
        }
        let mut last = [0; 64];
        text::copy(rest, &mut last);
        if let Some(end) = last.get_mut(rest.len()) {
            *end = 0x80;
        }
        if rest.len() >= 56 {
            self.block(&mut sum, &last);
            last = [0; 64];
        }
        let bits = (bytes.len() as u64).wrapping_mul(8);
        if let Some(length) = last.last_chunk_mut() {
            *length = bits.to_be_bytes();
        }
        self.block(&mut sum, &last);
        sum
    }

    /// Shows a block.
    #[inline(never)]
    fn block(&self, sum: &mut [u32; 8], block: &[u8; 64]) {
        let mut words = [0; 16];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *sum;
        for (at, round) in self.0.iter().enumerate() {
            let word = words[at % 16];
            let one = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = g ^ e & (f ^ g);
            let add = h.wrapping_add(one).wrapping_add(choice).wrapping_add(*round);
            let add = add.wrapping_add(word);
            let zero = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = a & b | c & (a | b);
            (h, g, f, e) = (g, f, e, d.wrapping_add(add));
            (d, c, b, a) = (c, b, a, add.wrapping_add(zero).wrapping_add(majority));
            words[at % 16] = later(&words, at);
        }
        for (word, add) in sum.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(add);
        }
    }
}

/// The word that comes sixteen after the one at `at`.
fn later(words: &[u32; 16], at: usize) -> u32 {
    let of = |after: usize| words[at.wrapping_add(after) % 16];
    let (near, far) = (of(1), of(14));
    let zero = near.rotate_right(7) ^ near.rotate_right(18) ^ near >> 3;
    let one = far.rotate_right(17) ^ far.rotate_right(19) ^ far >> 10;
    of(0).wrapping_add(zero).wrapping_add(of(9)).wrapping_add(one)
}

/// The prime after `prime`.
fn next_prime(prime: u32) -> u32 {
    let is_prime = |number: &u32| (2..*number).all(|divisor| !number.is_multiple_of(divisor));
    (prime.wrapping_add(1)..400).find(is_prime).unwrap_or(0)
}

/// The first 32 bits behind the point of the square or cube root of a number below 512, bit by bit.
fn root(number: u32, cube: bool) -> u32 {
    let mut found = 0_u64;
    for bit in (0..37).rev() {
        let next = found | 1 << bit;
        let square = u128::from(next).wrapping_mul(u128::from(next));
        let (power, places) =
            if cube { (square.wrapping_mul(u128::from(next)), 96) } else { (square, 64) };
        if power <= u128::from(number) << places {
            found = next;
        }
    }
    found as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(bytes: &[u8]) -> String {
        Rounds::empty().sum(bytes).iter().map(|word| format!("{word:08x}")).collect()
    }

    #[test]
    fn the_examples_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sum(b"abc"), abc);
        let none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sum(b""), none);
        let long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let expected = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(sum(long), expected);
    }

    #[test]
    fn a_million_times_a() {
        let million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(sum(&vec![b'a'; 1_000_000]), million);
    }
}
