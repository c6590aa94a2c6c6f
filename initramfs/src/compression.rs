//! The compressions that an image or a module may have, and how bytes are put into them.
//!
//! Each is written in the form that the kernel's own decoders take and with nothing in it
//! that differs from run to run.

use std::io::Write;

use anyhow::Result;
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use liblzma::write::XzEncoder;

/// A compression, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Compression {
    /// Plain bytes.
    #[default]
    None,
    /// gzip, with neither name nor time in its header.
    Gzip,
    /// xz with CRC-32, LZMA2 only.
    Xz,
    /// One zstd frame.
    Zstd,
}

/// The dictionary of an xz stream. `scripts/Makefile.modinst` has 1 MiB for modules; an
/// in-kernel decoder allocates what the stream names (`lib/xz/xz_dec_lzma2.c`).
const XZ_DICTIONARY: u32 = 1 << 20;

/// zstd's level: 1 % larger than the slowest ones on modules, ten times as fast.
const ZSTD_LEVEL: i32 = 10;

impl Compression {
    /// What is added to `.ko`.
    pub fn suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Gzip => ".gz",
            Compression::Xz => ".xz",
            Compression::Zstd => ".zst",
        }
    }

    /// The compressed form of some bytes.
    pub fn pack(self, bytes: &[u8]) -> Result<Vec<u8>> {
        match self {
            Compression::None => Ok(bytes.to_vec()),
            Compression::Gzip => gzip(bytes),
            Compression::Xz => xz(bytes),
            Compression::Zstd => zstd(bytes),
        }
    }
}

/// A gzip member with an empty header: the kernel's parser for modules knows no more than
/// the file-name flag (`kernel/module/decompress.c`).
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// An xz stream with CRC-32 and no filter but LZMA2: the kernel has no CRC-64
/// (`lib/xz/xz_dec_stream.c`).
fn xz(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut options = LzmaOptions::new_preset(6)?;
    options.dict_size(XZ_DICTIONARY);
    let mut filters = Filters::new();
    filters.lzma2(&options);
    let stream = Stream::new_stream_encoder(&filters, Check::Crc32)?;
    let mut encoder = XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// One frame that says its size and ends in a checksum.
fn zstd(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.include_contentsize(true)?;
    Ok(encoder.compress(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inflate::{form, whole};

    const ALL: [Compression; 4] =
        [Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd];

    fn text() -> Vec<u8> {
        (0..40_000u32).flat_map(|n| (n / 7).to_le_bytes()).collect()
    }

    #[test]
    fn what_goes_in_comes_out() {
        for compression in ALL {
            for bytes in [text(), Vec::new()] {
                let packed = compression.pack(&bytes).expect("packed");
                assert_eq!(whole(packed).expect("inflated"), bytes, "{compression:?}");
            }
        }
    }

    #[test]
    fn the_suffix_is_that_of_the_form() {
        let forms = ALL.map(|compression| form(&compression.pack(b"x").expect("packed")));
        assert_eq!(forms, [None, Some("gzip"), Some("xz"), Some("zstd")]);
        assert_eq!(ALL.map(Compression::suffix), ["", ".gz", ".xz", ".zst"]);
    }

    #[test]
    fn gzip_has_neither_name_nor_time() {
        let packed = Compression::Gzip.pack(&text()).expect("packed");
        assert_eq!(packed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
    }

    /// The .xz file format, 2.1.1.2 (stream flags) and 3.1 (block header).
    #[test]
    fn xz_has_crc32_and_lzma2_with_one_mebibyte() {
        let packed = Compression::Xz.pack(&text()).expect("packed");
        assert_eq!(packed[6..8], [0, 1], "CRC-32");
        assert_eq!(packed[13] & 3, 0, "one filter");
        assert_eq!(packed[14..17], [0x21, 1, 16], "LZMA2, dictionary of 1 MiB");
    }

    /// RFC 8878, 3.1.1.1.1: bit 2 is the checksum, bit 5 a single segment.
    #[test]
    fn zstd_is_a_plain_frame_with_size_and_checksum() {
        let packed = Compression::Zstd.pack(&text()).expect("packed");
        let descriptor = packed[4];
        assert_eq!(descriptor & 0b100, 0b100, "checksum");
        assert_ne!(descriptor & 0b1110_0000, 0, "content size");
    }
}
