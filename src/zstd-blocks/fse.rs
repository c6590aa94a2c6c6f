//! FSE tables: what a state stands for and which state is next (RFC 8878, section 4.1).

use crate::counts::{Counts, SYMBOLS};

/// The largest table: 9 bits (RFC 8878, section 3.1.1.3.2.1).
const SIZE: usize = 512;

/// A state: what its symbol stands for, and how it goes on.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// The value, less what its extra bits add.
    pub(crate) base: u32,
    /// How many extra bits it has.
    pub(crate) extra: u8,
    /// How many bits the next state takes.
    pub(crate) bits: u8,
    /// The next state, less those bits.
    pub(crate) next: u16,
}

/// A table.
pub(crate) struct Table {
    states: [State; SIZE],
    /// The size as a power of two.
    pub(crate) log: u8,
    /// It was filled.
    pub(crate) is_there: bool,
}

impl Table {
    /// One that isn't there yet.
    pub(crate) const fn new() -> Self {
        let state = State { base: 0, extra: 0, bits: 0, next: 0 };
        Self { states: [state; SIZE], log: 0, is_there: false }
    }

    /// The state of that number.
    #[inline(always)]
    pub(crate) fn state(&self, number: usize) -> State {
        self.states[number % SIZE]
    }

    /// A table of one symbol.
    pub(crate) fn fill_one(&mut self, symbol: usize, first: u32, extra: &[u8]) {
        let bases = bases(first, extra);
        let (base, extra) = bases[symbol % SYMBOLS];
        self.states[0] = State { base, extra, bits: 0, next: 0 };
        (self.log, self.is_there) = (0, true);
    }

    /// A table of `1 << log` states, 32 to 512, in which `counts` gives out every one.
    ///
    /// Symbol 0 stands for `first`, each of the others for what the extra bits of the one before leave.
    pub(crate) fn fill(&mut self, counts: &Counts, log: u32, first: u32, extra: &[u8]) {
        let (size, bases) = (1_usize << (log & 15), bases(first, extra));
        let mut rare = size;
        for (symbol, count) in counts.iter().enumerate() {
            if *count < 0 {
                rare = rare.wrapping_sub(1);
                self.states[rare % SIZE].next = symbol as u16;
            }
        }
        let step = (size >> 1).wrapping_add(size >> 3).wrapping_add(3);
        let mut at = 0_usize;
        for (symbol, count) in counts.iter().enumerate() {
            for _ in 0..*count {
                self.states[at % SIZE].next = symbol as u16;
                at = at.wrapping_add(step) & size.wrapping_sub(1);
                while at >= rare && rare > 0 {
                    at = at.wrapping_add(step) & size.wrapping_sub(1);
                }
            }
        }
        let mut seen = counts.map(i16::unsigned_abs);
        for state in self.states.iter_mut().take(size) {
            let symbol = usize::from(state.next) % SYMBOLS;
            let number = seen[symbol];
            seen[symbol] = number.wrapping_add(1);
            let bits = log.wrapping_add(number.leading_zeros()).wrapping_sub(15);
            state.bits = bits as u8;
            state.next = number.wrapping_shl(bits).wrapping_sub(size as u16);
            (state.base, state.extra) = bases[symbol];
        }
        (self.log, self.is_there) = (log as u8, true);
    }
}

/// What every symbol stands for, and how many bits more.
fn bases(first: u32, extra: &[u8]) -> [(u32, u8); SYMBOLS] {
    let (mut bases, mut base) = ([(0, 0); SYMBOLS], first);
    for (slot, extra) in bases.iter_mut().zip(extra) {
        *slot = (base, *extra);
        base = base.wrapping_add(1_u32.wrapping_shl((*extra).into()));
    }
    bases
}
