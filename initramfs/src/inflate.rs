//! Inflates a stream told by its first bytes, as the kernel does (`lib/decompress.c`).

use std::io::Read;

use anyhow::{Context, Result, bail};
use liblzma::stream::Stream;

/// A stream that has been inflated.
pub struct Inflated {
    /// The name of its form.
    pub form: &'static str,
    /// What was in it.
    pub bytes: Vec<u8>,
    /// How many bytes it took.
    pub used: usize,
}

/// The forms, by their first bytes.
const FORMS: [(&[u8], &str); 7] = [
    (&[0x1f, 0x8b], "gzip"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (&[0x5d, 0, 0], "lzma"),
    (LZ4_MAGIC, "lz4"),
    (b"BZh", "bzip2"),
    (&[0x89, b'L', b'Z', b'O'], "lzo"),
];

/// The legacy frame of `lz4 -l`, the only one the kernel reads (`lib/decompress_unlz4.c`).
const LZ4_MAGIC: &[u8] = &[0x02, 0x21, 0x4c, 0x18];

/// The most that one block of such a frame holds.
const LZ4_BLOCK: usize = 8 << 20;

/// The most memory that xz and lzma may take: `xz -9` takes 65 MiB, and a header may ask for 4 GiB.
const XZ_MEMORY: u64 = 1 << 30;

/// What some bytes are, by how they begin.
pub fn form(bytes: &[u8]) -> Option<&'static str> {
    let form = FORMS.iter().find(|(magic, _)| bytes.starts_with(magic));
    form.map(|(_, name)| *name)
}

/// A whole file, inflated if it is compressed and as it is otherwise.
pub fn whole(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match form(&bytes) {
        Some("gzip") => flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut out),
        Some("xz") => liblzma::read::XzDecoder::new_multi_decoder(&*bytes).read_to_end(&mut out),
        Some("zstd") => return Ok(zstd::decode_all(&*bytes)?),
        _ => return Ok(bytes),
    }?;
    Ok(out)
}

/// The compressed stream that begins here; others may follow it.
pub fn first_stream(bytes: &[u8]) -> Result<Inflated> {
    let Some(form) = form(bytes) else {
        bail!("neither a cpio archive nor a compression that is known");
    };
    let mut rest = bytes;
    let inflated = stream(form, &mut rest).with_context(|| format!("damaged {form} stream"))?;
    Ok(Inflated { form, bytes: inflated, used: bytes.len() - rest.len() })
}

/// Inflates one stream and leaves the reader behind it.
fn stream(form: &str, rest: &mut &[u8]) -> Result<Vec<u8>> {
    match form {
        "gzip" => to_end(flate2::bufread::GzDecoder::new(rest)),
        "xz" => xz(rest, Stream::new_stream_decoder(XZ_MEMORY, 0)?),
        "lzma" => xz(rest, Stream::new_lzma_decoder(XZ_MEMORY)?),
        "zstd" => to_end(zstd::stream::read::Decoder::with_buffer(rest)?.single_frame()),
        "lz4" => lz4(rest),
        "bzip2" => to_end(bzip2::bufread::BzDecoder::new(rest)),
        other => bail!("{other} cannot be read here"),
    }
}

fn xz(rest: &mut &[u8], stream: Stream) -> Result<Vec<u8>> {
    to_end(liblzma::bufread::XzDecoder::new_stream(rest, stream))
}

/// Blocks until the end, a zero length or something that is no length.
fn lz4(rest: &mut &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    *rest = &rest[LZ4_MAGIC.len()..];
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 {
            break;
        }
        let block = behind.get(..length).context("cut off within a block")?;
        out.extend(lz4_flex::block::decompress(block, LZ4_BLOCK)?);
        *rest = &behind[length..];
    }
    Ok(out)
}

fn to_end(mut reader: impl Read) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    reader.read_to_end(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: a dictionary of 3 GiB.
    #[test]
    fn a_header_that_asks_for_gigabytes_does_not_get_them() {
        let error =
            first_stream(b"]\0\0\xc1AAA0\xff\xff\xff\xff\xff\xff\xff").err().expect("an error");
        assert!(format!("{error:#}").contains("damaged lzma stream: memory"), "{error:#}");
    }
}
