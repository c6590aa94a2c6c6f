//! LZMA, the coding of the chunks of LZMA2: literals and matches, each bit of them by a range coder with
//! a probability that learns.
//!
//! The window is the output itself. A chunk's packed bytes are at most 64 KiB and lie in memory as a
//! whole, so that nothing has to stop in the middle of a symbol, and every index is a number of sixteen
//! bits or fewer: no bound is checked where a bit is decoded. After Igor Pavlov's LZMA specification
//! (`lzma-specification.txt` of the LZMA SDK).
#![forbid(unsafe_code)]

/// The most packed bytes of a chunk (xz-file-format.txt, section 5.3.1; `lib/xz/xz_dec_lzma2.c`).
pub const CHUNK: usize = 1 << 16;

/// Bits of a probability, and how slowly it learns.
const PRECISION: u32 = 11;
const SLOWNESS: u32 = 5;
/// Zero and one are equally likely.
const EVEN: u16 = 1 << (PRECISION - 1);

// Where each group of probabilities begins. With `[state]` there are 12 of them, with `[state][place]`
// 16 for each state.
const IS_MATCH: usize = 0;
const IS_REP: usize = IS_MATCH + 12 * 16;
const IS_REP0: usize = IS_REP + 12;
const IS_REP1: usize = IS_REP0 + 12;
const IS_REP2: usize = IS_REP1 + 12;
const IS_LONG: usize = IS_REP2 + 12;
const SLOT: usize = IS_LONG + 12 * 16;
const SPECIAL: usize = SLOT + 4 * 64;
const ALIGN: usize = SPECIAL + 128;
const MATCH_LEN: usize = ALIGN + 16;
const REP_LEN: usize = MATCH_LEN + LEN;
const LITERAL: usize = REP_LEN + LEN;

/// The probabilities of a length: two choices, then trees of 8, 8 and 256 lengths, the first two for
/// each of 16 places.
const LEN: usize = LOW + 2 * 16 * 8 + 256;
const LOW: usize = 2;
const MIDDLE: usize = LOW + 16 * 8;
const HIGH: usize = MIDDLE + 16 * 8;

/// All of them, up to a power of two; there are 16 literal coders at most (lc + lp <= 4).
const PROBABILITIES: usize = 1 << 14;
const _: () = assert!(LITERAL + (0x300 << 4) <= PROBABILITIES);

/// What a decoder keeps from chunk to chunk; all zero bytes are one that was never used.
pub struct Lzma {
    range: Range,
    /// What the last symbols were, 0 to 11; below 7 the last one was a literal.
    state: usize,
    /// The last four distances, less one.
    reps: [u32; 4],
    /// Literal context bits, a mask of literal position bits, one of position bits.
    context: u32,
    literal_mask: usize,
    place_mask: usize,
    /// No distance is larger.
    pub dictionary: usize,
    /// The packed bytes.
    pub chunk: [u8; CHUNK],
    probabilities: [u16; PROBABILITIES],
}

/// The range coder.
#[derive(Clone, Copy)]
struct Range {
    range: u32,
    code: u32,
    /// Packed bytes that were taken.
    at: usize,
}

impl Lzma {
    /// A decoder that was never used.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            range: Range { range: 0, code: 0, at: 0 },
            state: 0,
            reps: [0; 4],
            context: 0,
            literal_mask: 0,
            place_mask: 0,
            dictionary: 0,
            chunk: [0; CHUNK],
            probabilities: [0; PROBABILITIES],
        }
    }

    /// Takes the properties byte, `(pb * 5 + lp) * 9 + lc` with lc + lp <= 4; whether it is one.
    pub fn properties(&mut self, byte: u8) -> bool {
        let (rest, lc) = (u32::from(byte / 9), u32::from(byte % 9));
        let (pb, lp) = (rest / 5, rest % 5);
        self.context = lc;
        self.literal_mask = (1_usize << lp).wrapping_sub(1);
        self.place_mask = (1_usize << (pb & 7)).wrapping_sub(1);
        pb <= 4 && lc.wrapping_add(lp) <= 4
    }

    /// Forgets all that was learnt.
    pub fn reset(&mut self) {
        self.state = 0;
        self.reps = [0; 4];
        self.probabilities.fill(EVEN);
    }

    /// Decodes `packed` bytes of `chunk` into `window` from `at` to its end. What came since the
    /// dictionary was reset is before `at`. Whether that fits to the byte.
    #[inline(never)]
    pub fn decode(&mut self, packed: usize, window: &mut [u8], at: usize) -> bool {
        let [first, a, b, c, d, ..] = self.chunk;
        self.range = Range { range: !0, code: u32::from_be_bytes([a, b, c, d]), at: 5 };
        let whole = first == 0 && self.symbols(window, at);
        self.range.normalize(&self.chunk);
        whole && self.range.at == packed && self.range.code == 0
    }

    /// Decodes symbols until the window is full; false if a match is out of it.
    fn symbols(&mut self, window: &mut [u8], mut at: usize) -> bool {
        while at < window.len() {
            let place = at & self.place_mask;
            let state = self.state;
            if !self.bit(IS_MATCH.wrapping_add(state * 16).wrapping_add(place)) {
                self.literal(window, at);
                at = at.wrapping_add(1);
                continue;
            }
            let len = self.length(place);
            if !self.copy(window, at, len) {
                return false;
            }
            at = at.wrapping_add(len);
        }
        true
    }

    /// Decodes a literal into its place.
    fn literal(&mut self, window: &mut [u8], at: usize) {
        let byte = |back: usize| window.get(at.wrapping_sub(back)).copied().unwrap_or(0);
        // Where lc is 0 nothing is left of the byte before.
        let before = (usize::from(byte(1)) << self.context) >> 8;
        let coder = ((at & self.literal_mask) << self.context).wrapping_add(before);
        let base = LITERAL.wrapping_add(coder.wrapping_mul(0x300));
        let symbol = if self.state < 7 {
            self.tree(base, 0x100)
        } else {
            self.matched(base, byte((self.reps[0] as usize).wrapping_add(1)))
        };
        if let Some(place) = window.get_mut(at) {
            *place = symbol as u8;
        }
        self.state = match self.state {
            0..4 => 0,
            4..10 => self.state - 3,
            _ => self.state.wrapping_sub(6),
        };
    }

    /// Decodes what follows a match bit: its distance goes to the front of the last ones. Returns its
    /// length.
    fn length(&mut self, place: usize) -> usize {
        let state = self.state;
        let late = state >= 7;
        let [rep0, rep1, rep2, rep3] = self.reps;
        if !self.bit(IS_REP.wrapping_add(state)) {
            self.state = if late { 10 } else { 7 };
            let len = self.len(MATCH_LEN, place);
            self.reps = [self.distance(len), rep0, rep1, rep2];
            return len;
        }
        self.state = if late { 11 } else { 8 };
        if !self.bit(IS_REP0.wrapping_add(state)) {
            if !self.bit(IS_LONG.wrapping_add(state * 16).wrapping_add(place)) {
                self.state = if late { 11 } else { 9 };
                return 1;
            }
        } else if !self.bit(IS_REP1.wrapping_add(state)) {
            self.reps = [rep1, rep0, rep2, rep3];
        } else if !self.bit(IS_REP2.wrapping_add(state)) {
            self.reps = [rep2, rep0, rep1, rep3];
        } else {
            self.reps = [rep3, rep0, rep1, rep2];
        }
        self.len(REP_LEN, place)
    }

    /// A length, 2 to 273, by the coder that begins at `base`.
    fn len(&mut self, base: usize, place: usize) -> usize {
        let (tree, limit, least) = if !self.bit(base) {
            (LOW.wrapping_add(place * 8), 8, 2_usize.wrapping_sub(8))
        } else if !self.bit(base.wrapping_add(1)) {
            (MIDDLE.wrapping_add(place * 8), 8, 10_usize.wrapping_sub(8))
        } else {
            (HIGH, 256, 18_usize.wrapping_sub(256))
        };
        self.tree(base.wrapping_add(tree), limit).wrapping_add(least)
    }

    /// The distance of a new match, less one.
    fn distance(&mut self, len: usize) -> u32 {
        let group = len.wrapping_sub(2).min(3);
        let slot = self.tree(SLOT.wrapping_add(group * 64), 64).wrapping_sub(64);
        if slot < 4 {
            return slot as u32;
        }
        let bits = ((slot >> 1) as u32).wrapping_sub(1);
        let high = (2 | (slot & 1)).wrapping_shl(bits);
        if slot < 14 {
            let tree = SPECIAL.wrapping_add(high).wrapping_sub(slot);
            return (high as u32).wrapping_add(self.reverse(tree, bits));
        }
        let middle = self.direct(bits.wrapping_sub(4)) << 4;
        (high as u32).wrapping_add(middle).wrapping_add(self.reverse(ALIGN, 4))
    }

    /// Copies a match of `len` bytes to `at`; false if there is no such distance or no such room.
    fn copy(&self, window: &mut [u8], at: usize, len: usize) -> bool {
        let distance = (self.reps[0] as usize).wrapping_add(1);
        if distance > at || distance > self.dictionary {
            return false;
        }
        let from = at.wrapping_sub(distance);
        let Some(part) = window.get_mut(from..at.wrapping_add(len)) else { return false };
        for at in distance..part.len() {
            part[at] = part[at - distance];
        }
        true
    }

    /// One bit.
    #[inline(never)]
    fn bit(&mut self, index: usize) -> bool {
        self.range.bit(&self.chunk, &mut self.probabilities, index) != 0
    }

    /// A symbol of a tree, the highest bit first, with a one in front: what is not below `limit`.
    #[inline(never)]
    fn tree(&mut self, base: usize, limit: usize) -> usize {
        let mut range = self.range;
        let mut symbol = 1_usize;
        while symbol < limit {
            let bit = range.bit(&self.chunk, &mut self.probabilities, base.wrapping_add(symbol));
            symbol = symbol << 1 | bit as usize;
        }
        self.range = range;
        symbol
    }

    /// A literal after a match: another tree as long as it is like `other`, the byte that the match would
    /// have had next.
    #[inline(never)]
    fn matched(&mut self, base: usize, other: u8) -> usize {
        let mut range = self.range;
        let (mut symbol, mut offset, mut other) = (1_usize, 0x100_usize, usize::from(other));
        while symbol < 0x100 {
            other <<= 1;
            let like = other & offset;
            let index = base.wrapping_add(offset).wrapping_add(like).wrapping_add(symbol);
            let bit = range.bit(&self.chunk, &mut self.probabilities, index) as usize;
            symbol = symbol << 1 | bit;
            offset &= like ^ bit.wrapping_sub(1);
        }
        self.range = range;
        symbol
    }

    /// Bits by a tree, the lowest first.
    #[inline(never)]
    fn reverse(&mut self, base: usize, bits: u32) -> u32 {
        let mut range = self.range;
        let (mut symbol, mut value) = (1_usize, 0);
        for at in 0..bits {
            let bit = range.bit(&self.chunk, &mut self.probabilities, base.wrapping_add(symbol));
            symbol = symbol << 1 | bit as usize;
            value |= bit.wrapping_shl(at);
        }
        self.range = range;
        value
    }

    /// Bits that are as likely zero as one.
    #[inline(never)]
    fn direct(&mut self, bits: u32) -> u32 {
        let mut range = self.range;
        let mut value = 0;
        for _ in 0..bits {
            range.normalize(&self.chunk);
            range.range >>= 1;
            let bit = u32::from(range.code >= range.range);
            range.code = range.code.wrapping_sub(range.range & bit.wrapping_neg());
            value = value << 1 | bit;
        }
        self.range = range;
        value
    }
}

impl Range {
    /// Takes a packed byte where too little of the range is left.
    #[inline(always)]
    fn normalize(&mut self, chunk: &[u8; CHUNK]) {
        if self.range < 1 << 24 {
            self.range <<= 8;
            self.code = self.code << 8 | u32::from(chunk[self.at % CHUNK]);
            self.at = self.at.wrapping_add(1);
        }
    }

    /// A bit whose probability is at `index`.
    #[inline(always)]
    fn bit(
        &mut self,
        chunk: &[u8; CHUNK],
        probabilities: &mut [u16; PROBABILITIES],
        index: usize,
    ) -> u32 {
        self.normalize(chunk);
        let probability = &mut probabilities[index % PROBABILITIES];
        let old = u32::from(*probability);
        let bound = (self.range >> PRECISION).wrapping_mul(old);
        // All ones for a one. No branch: half of them would be foreseen wrongly.
        let one = u32::from(self.code >= bound).wrapping_neg();
        self.code = self.code.wrapping_sub(bound & one);
        self.range = (bound & !one) | (self.range.wrapping_sub(bound) & one);
        let goal = (!one & ((1 << PRECISION) - 31)) as i32;
        let step = (old as i32).wrapping_sub(goal) >> SLOWNESS;
        *probability = old.wrapping_sub(step as u32) as u16;
        one & 1
    }
}
