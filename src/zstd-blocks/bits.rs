//! A bitstream that is read from its end (RFC 8878, section 4.1).

/// The bits that are left. What stands in front of the stream is read as if it belonged to it; whether that
/// happened is seen in the end.
pub(crate) struct Bits<'a> {
    data: &'a [u8],
    /// The stream's first bit, counted from the start of `data`.
    start: usize,
    /// The bit behind the next one.
    at: usize,
    /// The next bits, from the top: at least 56 after [`Bits::refill`].
    top: u64,
}

/// The eight bytes from `at` on; zeros where there aren't so many.
#[inline(always)]
pub(crate) fn word(data: &[u8], at: usize) -> u64 {
    let bytes = data.get(at..at.wrapping_add(8)).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl<'a> Bits<'a> {
    /// The stream in those bytes; none if it has no bit that marks its end.
    pub(crate) fn new(data: &'a [u8], start: usize, end: usize) -> Option<Self> {
        let last = *data.get(start..end)?.last()?;
        let padding = last.leading_zeros().wrapping_add(1) as usize;
        let at = end.wrapping_mul(8).wrapping_sub(padding);
        (last != 0).then_some(Self { data, start: start.wrapping_mul(8), at, top: 0 })
    }

    /// Makes the next 56 bits ready.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        let word = word(self.data, (self.at >> 3).wrapping_sub(7));
        self.top = word << (8 - (self.at & 7));
    }

    /// The next `count` bits, at most 56, as an index into a table; they stay.
    #[inline(always)]
    pub(crate) fn peek(&self, count: u32) -> usize {
        (self.top >> 1).wrapping_shr(63_u32.wrapping_sub(count)) as usize
    }

    /// Passes `count` bits over.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.top = self.top.wrapping_shl(count);
        self.at = self.at.wrapping_sub(count as usize);
    }

    /// The next `count` bits.
    #[inline(always)]
    pub(crate) fn take(&mut self, count: u8) -> usize {
        let value = self.peek(count.into());
        self.skip(count.into());
        value
    }

    /// Whether all was taken, and no more.
    pub(crate) fn is_done(&self) -> bool {
        self.at == self.start
    }

    /// Whether more was taken than there is.
    pub(crate) fn is_over(&self) -> bool {
        (self.at.wrapping_sub(self.start) as isize) < 0
    }
}
