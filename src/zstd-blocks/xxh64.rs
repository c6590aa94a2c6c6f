//! xxHash with 64 bits, as zstd uses it: without a seed (xxhash.com, `xxhash_spec.md`).

const PRIMES: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// Bytes that are taken at a time.
const STRIPE: usize = 32;

/// The checksum of bytes that stay where they are: whoever shows them shows all of them each time.
pub struct Xxh64 {
    lanes: [u64; 4],
    /// Whole stripes that were taken.
    stripes: usize,
}

impl Xxh64 {
    /// The checksum of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let [first, second, ..] = PRIMES;
        let lanes = [first.wrapping_add(second), second, 0, first.wrapping_neg()];
        Self { lanes, stripes: 0 }
    }

    /// Takes as much of `bytes` as it can; they are those of the call before, and more.
    #[inline(never)]
    pub fn update(&mut self, bytes: &[u8]) {
        let (stripes, _) = bytes.as_chunks::<STRIPE>();
        let mut lanes = self.lanes;
        for stripe in stripes.get(self.stripes..).unwrap_or_default() {
            let (words, _) = stripe.as_chunks();
            for (lane, word) in lanes.iter_mut().zip(words) {
                *lane = round(*lane, u64::from_le_bytes(*word));
            }
        }
        (self.lanes, self.stripes) = (lanes, stripes.len());
    }

    /// The checksum of all `bytes`.
    #[must_use]
    #[inline(never)]
    pub fn value(mut self, bytes: &[u8]) -> u64 {
        self.update(bytes);
        let [p1, p2, p3, p4, p5] = PRIMES;
        let mut sum = p5;
        if self.stripes > 0 {
            sum = 0;
            for (lane, turn) in self.lanes.iter().zip([1, 7, 12, 18]) {
                sum = sum.wrapping_add(lane.rotate_left(turn));
            }
            for lane in self.lanes {
                sum = (sum ^ round(0, lane)).wrapping_mul(p1).wrapping_add(p4);
            }
        }
        sum = sum.wrapping_add(bytes.len() as u64);
        let (_, rest) = bytes.as_chunks::<STRIPE>();
        let (eights, rest) = rest.as_chunks();
        for eight in eights {
            sum ^= round(0, u64::from_le_bytes(*eight));
            sum = sum.rotate_left(27).wrapping_mul(p1).wrapping_add(p4);
        }
        let (fours, rest) = rest.as_chunks();
        for four in fours {
            sum ^= u64::from(u32::from_le_bytes(*four)).wrapping_mul(p1);
            sum = sum.rotate_left(23).wrapping_mul(p2).wrapping_add(p3);
        }
        for byte in rest {
            sum ^= u64::from(*byte).wrapping_mul(p5);
            sum = sum.rotate_left(11).wrapping_mul(p1);
        }
        sum = (sum ^ sum >> 33).wrapping_mul(p2);
        sum = (sum ^ sum >> 29).wrapping_mul(p3);
        sum ^ sum >> 32
    }
}

impl Default for Xxh64 {
    fn default() -> Self {
        Self::new()
    }
}

fn round(lane: u64, word: u64) -> u64 {
    let [p1, p2, ..] = PRIMES;
    lane.wrapping_add(word.wrapping_mul(p2)).rotate_left(31).wrapping_mul(p1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_the_specification() {
        assert_eq!(Xxh64::new().value(b""), 0xef46_db37_51d8_e999);
        assert_eq!(Xxh64::new().value(b"abc"), 0x44bc_2cf5_ad77_0999);
        let text = b"Nobody inspects the spammish repetition";
        assert_eq!(Xxh64::new().value(text), 0xfbce_a83c_8a37_8bf1);
    }

    #[test]
    fn pieces_give_what_the_whole_gives() {
        let bytes: [u8; 200] = core::array::from_fn(|at| (at * 7) as u8);
        let whole = Xxh64::new().value(&bytes);
        for cut in 0..bytes.len() {
            let mut sum = Xxh64::new();
            sum.update(&bytes[..cut]);
            assert_eq!(sum.value(&bytes), whole, "{cut}");
        }
    }
}
