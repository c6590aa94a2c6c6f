//! Module files, as small as they can be.

use flate2::read::DeflateDecoder;
use flate2::{Compression, GzBuilder};
use liblzma::bufread::XzDecoder;
use liblzma::read::XzEncoder;
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use std::io::{Read, Write};

/// A module: an ELF header that tells its length, and its name as `.modinfo` has it.
pub fn elf(name: &str) -> Vec<u8> {
    elf_of(name, 256)
}

/// A module of so many bytes.
pub fn elf_of(name: &str, size: usize) -> Vec<u8> {
    let mut image = vec![0; size];
    image[..5].copy_from_slice(b"\x7fELF\x02");
    image[0x28..0x30].copy_from_slice(&(size as u64).to_le_bytes());
    let info = format!("name={}\0", name.replace('-', "_"));
    image[64..64 + info.len()].copy_from_slice(info.as_bytes());
    image
}

/// The length that an ELF header tells.
pub fn elf_size(image: &[u8]) -> Option<usize> {
    let offset = image.strip_prefix(b"\x7fELF").and(image.get(0x28..0x30))?;
    Some(u64::from_le_bytes(offset.try_into().ok()?) as usize)
}

/// The module's name that an image tells.
pub fn name_in(image: &[u8]) -> Option<String> {
    let image = image.get(..4096).unwrap_or(image);
    let at = image.windows(5).position(|window| window == b"name=")? + 5;
    let len = image[at..].iter().position(|byte| *byte == 0)?;
    String::from_utf8(image[at..at + len].to_vec()).ok()
}

/// As `gzip -n` makes it.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    gzip_with(content, GzBuilder::new())
}

/// With other fields in the header.
pub fn gzip_with(content: &[u8], header: GzBuilder) -> Vec<u8> {
    let mut writer = header.write(Vec::new(), Compression::fast());
    writer.write_all(content).unwrap();
    writer.finish().unwrap()
}

/// As xz makes it. `check` is 0 for none, 1 for CRC-32, 4 for CRC-64, 10 for SHA-256.
pub fn xz(content: &[u8], check: u8) -> Vec<u8> {
    xz_with(content, check, |_| ())
}

/// With filters in front of LZMA2.
pub fn xz_with(content: &[u8], check: u8, filters: impl Fn(&mut Filters)) -> Vec<u8> {
    let check = match check {
        0 => Check::None,
        1 => Check::Crc32,
        4 => Check::Crc64,
        _ => Check::Sha256,
    };
    let mut chain = Filters::new();
    filters(&mut chain);
    chain.lzma2(&LzmaOptions::new_preset(1).unwrap());
    let stream = Stream::new_stream_encoder(&chain, check).unwrap();
    let mut file = Vec::new();
    XzEncoder::new_stream(content, stream).read_to_end(&mut file).unwrap();
    file
}

/// What the kernel's gzip decoder makes of a file (`kernel/module/decompress.c`): the first member,
/// unchecked, and only the file name may follow the fixed header.
pub fn kernel_gunzip(file: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = file.split_at_checked(10)?;
    let body = match head {
        [0x1f, 0x8b, 8, 0, ..] => rest,
        [0x1f, 0x8b, 8, 8, ..] => &rest[rest.iter().position(|byte| *byte == 0)? + 1..],
        _ => return None,
    };
    let mut content = Vec::new();
    DeflateDecoder::new(body).read_to_end(&mut content).is_ok().then_some(content)
}

/// What the kernel's xz decoder makes of a file (`lib/xz/xz_dec_stream.c`): the first stream, if its check is none
/// or CRC-32.
pub fn kernel_unxz(file: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let known = matches!(file, [_, _, _, _, _, _, 0, 0 | 1, ..]);
    let done = XzDecoder::new_stream(file, Stream::new_stream_decoder(u64::MAX, 0).ok()?)
        .read_to_end(&mut content);
    (known && done.is_ok()).then_some(content)
}
