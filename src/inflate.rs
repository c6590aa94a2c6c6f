//! What every decoder shares: where compressed bytes come from, what can be wrong with them, and
//! the memory that decoding takes.
//!
//! A decoder writes straight into the one mapping that the kernel gets, which is its window, too.
//! It never reads what it has not written and stops at the mapping's end.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(feature = "gzip", feature = "xz", feature = "zstd")),
    allow(dead_code, reason = "without a decoder nothing is read")
)]

#[cfg(test)]
pub(crate) mod pieces;

#[cfg(any(feature = "gzip", feature = "xz"))]
use crate::crc32;
use crate::kernel::Errno;
use crate::text;
#[cfg(feature = "gzip")]
use core::mem::MaybeUninit;

/// How many compressed bytes are read at a time: few enough that what they inflate to is still in
/// the cache when its checksum is computed.
const PIECE: usize = 16 << 10;

/// Where compressed bytes come from.
pub trait Source {
    /// Fills the front of `buf`; returns how many bytes, 0 at the end.
    ///
    /// # Errors
    /// What read(2) says; it is not asked again.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Errno>;
}

/// Why a stream is refused. `at` counts compressed bytes from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The file could not be read.
    Read(Errno),
    /// The file ends within the stream, after `at` bytes.
    Truncated {
        /// The file's length.
        at: u64,
    },
    /// A header field has a value that the format does not allow.
    Header {
        /// The field, in the words of the format's specification.
        field: &'static str,
        /// The first byte after the field.
        at: u64,
    },
    /// The compressed data makes no sense.
    Corrupt {
        /// Where that was noticed.
        at: u64,
    },
    /// The inflated bytes are not those that were compressed.
    Checksum {
        /// As the stream has it.
        stored: u64,
        /// As the inflated bytes have it.
        computed: u64,
    },
    /// There are more or fewer inflated bytes than the stream says.
    Length {
        /// As the stream has it (gzip: modulo 2³²).
        stored: u64,
        /// As inflated, in the same terms.
        computed: u64,
    },
    /// The stream inflates to more than the mapping holds.
    TooLarge {
        /// The mapping's length.
        limit: u64,
    },
    /// The stream needs something that is defined nowhere, or not known here.
    #[cfg(any(feature = "xz", feature = "zstd"))]
    Unknown {
        /// What it is, in the words of the format's specification.
        what: &'static str,
        /// Its number there.
        number: u64,
    },
    /// Something that is neither padding nor a stream follows the stream.
    TrailingGarbage {
        /// Its first byte.
        at: u64,
    },
}

/// What a good file inflated to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflated {
    /// How many bytes were written.
    pub size: usize,
    /// How many members (gzip), streams (xz) or frames (zstd) they came from. The kernel's own
    /// decoders stop after the first (`kernel/module/decompress.c`).
    pub parts: usize,
}

/// The memory that decoding takes besides its output. As a static it lies in `.bss`.
pub struct Scratch {
    /// The piece that was read last.
    pub(crate) piece: [u8; PIECE],
    /// Computed at first use.
    #[cfg(any(feature = "gzip", feature = "xz"))]
    pub(crate) crc32: crc32::Tables,
    /// The Huffman tables and what else `inflate` keeps between two pieces.
    #[cfg(feature = "gzip")]
    pub(crate) deflate: MaybeUninit<miniz_oxide::inflate::core::DecompressorOxide>,
    /// A chunk and the probabilities.
    #[cfg(feature = "xz")]
    pub(crate) lzma: crate::xz::lzma::Lzma,
    /// Computed at first use.
    #[cfg(feature = "xz")]
    pub(crate) crc64: crate::xz::crc64::Tables,
    /// Computed at first use.
    #[cfg(feature = "xz")]
    pub(crate) sha256: crate::xz::sha256::Rounds,
    /// The block that is decoded, and what a frame's blocks hand on.
    #[cfg(feature = "zstd")]
    pub(crate) zstd: insinit_zstd::Decoder,
}

impl Scratch {
    /// Memory that nothing was decoded with yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            piece: [0; PIECE],
            #[cfg(any(feature = "gzip", feature = "xz"))]
            crc32: crc32::Tables::empty(),
            #[cfg(feature = "gzip")]
            deflate: MaybeUninit::uninit(),
            #[cfg(feature = "xz")]
            lzma: crate::xz::lzma::Lzma::new(),
            #[cfg(feature = "xz")]
            crc64: crate::xz::crc64::Tables::empty(),
            #[cfg(feature = "xz")]
            sha256: crate::xz::sha256::Rounds::empty(),
            #[cfg(feature = "zstd")]
            zstd: insinit_zstd::Decoder::new(),
        }
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

/// The compressed bytes in order, a piece at a time, and the first damage that was found. After a
/// damage bytes may be asked for as before, so that only who has to know looks for it.
pub(crate) struct Input<'a, S> {
    source: &'a mut S,
    piece: &'a mut [u8],
    start: usize,
    end: usize,
    /// How many bytes were taken.
    taken: u64,
    /// The source has no more.
    over: bool,
    damage: Option<Damage>,
}

impl<'a, S: Source> Input<'a, S> {
    /// Input that is read into `piece`.
    pub(crate) fn new(source: &'a mut S, piece: &'a mut [u8]) -> Self {
        let (start, end, taken, over, damage) = (0, 0, 0, false, None);
        Self { source, piece, start, end, taken, over, damage }
    }

    /// How many bytes were taken.
    pub(crate) fn at(&self) -> u64 {
        self.taken
    }

    /// What is wrong; the first that was found counts.
    pub(crate) fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Notes a damage.
    #[inline(never)]
    pub(crate) fn fail(&mut self, damage: Damage) {
        self.damage.get_or_insert(damage);
    }

    /// The bytes that are there to be taken; none at the end only.
    #[inline(never)]
    pub(crate) fn next(&mut self) -> &[u8] {
        if self.start >= self.end && !self.over {
            self.start = 0;
            self.end = self.source.read(self.piece).unwrap_or_else(|errno| {
                self.damage.get_or_insert(Damage::Read(errno));
                0
            });
            self.over = self.end == 0;
        }
        text::tail(text::head(self.piece, self.end), self.start)
    }

    /// Takes the first `count` of the bytes that are there.
    pub(crate) fn take(&mut self, count: usize) {
        self.taken = self.taken.wrapping_add(count as u64);
        self.start = self.start.saturating_add(count);
    }

    /// The next byte, taken; none at the end.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.next().first().copied();
        self.take(usize::from(byte.is_some()));
        byte
    }

    /// The next byte, taken; at the end a zero and a damage.
    pub(crate) fn needed(&mut self) -> u8 {
        self.byte().unwrap_or_else(|| {
            self.ended();
            0
        })
    }

    /// Fills `buffer` with the bytes that come next; at the end a damage.
    #[inline(never)]
    #[cfg(feature = "xz")]
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) {
        let mut at = 0;
        while let Some(rest) = buffer.get_mut(at..).filter(|rest| !rest.is_empty()) {
            let len = text::copy(self.next(), rest);
            if len == 0 {
                return self.ended();
            }
            self.take(len);
            at = at.saturating_add(len);
        }
    }

    /// Notes that there is no more where there should be.
    pub(crate) fn ended(&mut self) {
        self.fail(Damage::Truncated { at: self.taken });
    }
}
