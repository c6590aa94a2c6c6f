//! The fields of headers and trailers: numbers that are read byte by byte, with the checksum of all
//! that was read since it was last forgotten.
#![forbid(unsafe_code)]

use crate::crc32::{self, Crc32};
use crate::inflate::{Damage, Input, Source};

/// A compressed file that is being read.
pub(crate) struct Fields<'a, S> {
    /// Its bytes.
    pub(crate) input: Input<'a, S>,
    /// Of every byte that was read here.
    pub(crate) crc: Crc32<'a>,
}

impl<'a, S: Source> Fields<'a, S> {
    /// A file at its first byte.
    pub(crate) fn new(
        source: &'a mut S,
        piece: &'a mut [u8],
        tables: &'a mut crc32::Tables,
    ) -> Self {
        Self { input: Input::new(source, piece), crc: Crc32::new(tables.ready()) }
    }

    /// Whether nothing was wrong so far.
    pub(crate) fn is_good(&self) -> bool {
        self.input.damage().is_none()
    }

    /// Notes that the header is wrong up to `field`, unless that is `good`.
    #[inline(never)]
    pub(crate) fn check(&mut self, good: bool, field: &'static str) {
        if !good {
            self.input.fail(Damage::Header { field, at: self.input.at() });
        }
    }

    /// Notes that `stored` should be `computed`, unless it is.
    pub(crate) fn check_length(&mut self, stored: u64, computed: u64) {
        if stored != computed {
            self.input.fail(Damage::Length { stored, computed });
        }
    }

    /// Notes that the inflated bytes aren't those that were compressed, unless they are.
    pub(crate) fn check_sum(&mut self, stored: u64, computed: u64) {
        if stored != computed {
            self.input.fail(Damage::Checksum { stored, computed });
        }
    }

    /// Four bytes, the lowest first.
    pub(crate) fn word(&mut self) -> u32 {
        u32::from(self.half()) | u32::from(self.half()) << 16
    }

    /// Two bytes, the lower first.
    pub(crate) fn half(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// The next byte. Inlined nowhere: that would be 300 bytes of image.
    #[inline(never)]
    pub(crate) fn byte(&mut self) -> u8 {
        let byte = self.input.needed();
        self.crc.byte(byte);
        byte
    }
}
