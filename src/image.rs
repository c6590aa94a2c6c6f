//! A module's file: opened once, told apart by its first bytes.
#![forbid(unsafe_code)]

use crate::text;

/// What a file is, by its first bytes; its name means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A module as it stands.
    Elf,
    /// RFC 1952
    Gzip,
    /// The .xz file format, section 2.1.1.1
    Xz,
    /// RFC 8878, section 3.1.1; also one that starts with a skippable frame
    Zstd,
}

impl Format {
    /// The format that these first bytes begin.
    #[must_use]
    #[inline(never)]
    pub fn of(head: &[u8; HEAD]) -> Option<Self> {
        let [a, b, c, d, e, f, ..] = *head;
        match u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) {
            start if start & 0xffff_ffff == 0x464c_457f => Some(Self::Elf),
            start if start & 0xffff == 0x8b1f => Some(Self::Gzip),
            0x5a_587a_37fd => Some(Self::Xz),
            start if start & 0xffff_ffff == 0xfd2f_b528 => Some(Self::Zstd),
            start if start & 0xffff_fff0 == 0x184d_2a50 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its name, as /sys/module/compression spells it, too.
    #[must_use]
    pub fn name(self) -> &'static [u8] {
        text::nth(b"ELF gzip xz zstd", b' ', self as usize)
    }

    /// Whether the kernel's own decoder reads a file with this header as it is meant
    /// (`kernel/module/decompress.c`, `lib/xz/xz_dec_stream.c`).
    #[must_use]
    #[inline(never)]
    pub fn kernel_takes(self, head: &[u8]) -> bool {
        match self {
            Self::Elf => false,
            Self::Gzip => matches!(head, [0x1f, 0x8b, 8, 0 | 1 | 8 | 9, ..]),
            Self::Xz => xz_kernel_takes(head),
            #[cfg(feature = "zstd")]
            Self::Zstd => crate::zstd::kernel_takes(head),
            #[cfg(not(feature = "zstd"))]
            Self::Zstd => head.first() == Some(&0x28),
        }
    }
}

/// An xz stream with no check or CRC-32, whose first block has no filter but LZMA2
/// (xz-file-format.txt, sections 2.1.1.2 and 3.1).
fn xz_kernel_takes(head: &[u8]) -> bool {
    let [_, _, _, _, _, _, 0, 0 | 1, _, _, _, _, _, flags, rest @ ..] = head else {
        return false;
    };
    // A size ends with the byte that has no high bit.
    let mut sizes = (flags >> 6 & 1).wrapping_add(flags >> 7);
    for byte in rest {
        if sizes == 0 {
            return flags & 0x3f == 0 && *byte == 0x21;
        }
        sizes = sizes.wrapping_sub(u8::from(byte & 0x80 == 0));
    }
    false
}

/// Bytes read to tell the format: an ELF header, or all of a compressed header that is looked at.
pub const HEAD: usize = 64;

/// How long an ELF file with this header is at least: where the section headers end. A module's stand
/// at its end; only the signature follows.
#[must_use]
pub fn elf_size(head: &[u8; HEAD]) -> u64 {
    let half = |low: u8, high: u8| u64::from(u16::from_le_bytes([low, high]));
    let [_, .., size_low, size_high, count_low, count_high, _, _] = *head;
    let offset = head.get(0x28..).and_then(<[u8]>::first_chunk);
    let offset = offset.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    offset.saturating_add(half(size_low, size_high).wrapping_mul(half(count_low, count_high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_apart_by_their_first_bytes() {
        let of = |start: &[u8]| {
            let mut head = [0; HEAD];
            head[..start.len()].copy_from_slice(start);
            Format::of(&head)
        };
        assert_eq!(of(b"\x7fELF\x02"), Some(Format::Elf));
        assert_eq!(of(b"\x1f\x8b\x08"), Some(Format::Gzip));
        assert_eq!(of(b"\xfd7zXZ\0\0\x01"), Some(Format::Xz));
        assert_eq!(of(b"\xfd7zXZ\x01"), None);
        assert_eq!(of(b"\x28\xb5\x2f\xfd"), Some(Format::Zstd));
        assert_eq!(of(b"\x51\x2a\x4d\x18"), Some(Format::Zstd));
        assert_eq!(of(b"#!/bin/sh"), None);
        assert_eq!(of(b""), None);
    }

    #[test]
    fn the_kernels_decoders_take_plain_headers_only() {
        let xz = |check, flags, rest: &[u8]| {
            let head = [b"\xfd7zXZ\0\0".as_slice(), &[check, 0, 0, 0, 0, 2, flags], rest].concat();
            Format::Xz.kernel_takes(&head)
        };
        assert!(xz(1, 0, &[0x21, 1, 0]) && xz(0, 0, &[0x21, 1, 0]));
        assert!(xz(1, 0xc0, &[0x80, 0x81, 1, 5, 0x21, 1, 0]));
        assert!(!xz(4, 0, &[0x21]) && !xz(10, 0, &[0x21]), "CRC-64 and SHA-256");
        assert!(!xz(1, 1, &[0x04, 0, 0x21]), "BCJ in front");
        assert!(!Format::Gzip.kernel_takes(b"\x1f\x8b\x08\x04\0\0\0\0"), "FEXTRA");
        assert!(Format::Gzip.kernel_takes(b"\x1f\x8b\x08\x08\0\0\0\0"));
        assert!(!Format::Zstd.kernel_takes(b"\x50\x2a\x4d\x18\0\0\0\0"), "skippable frame");
        let zstd =
            |flags, window| Format::Zstd.kernel_takes(&[0x28, 0xb5, 0x2f, 0xfd, flags, window]);
        assert!(zstd(4, 0x58) && zstd(0x24, 0xff) && zstd(4, 17 << 3));
    }
}
