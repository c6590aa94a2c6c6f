//! Module files, as small as they can be.

use flate2::read::DeflateDecoder;
use flate2::{Compression, GzBuilder};
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

/// What only the scripted kernel takes for xz: the header that `xz --check=crc32` writes, then the
/// content as it stands. `check` is 1 for CRC-32, 4 for CRC-64.
pub fn xz(content: &[u8], check: u8) -> Vec<u8> {
    let head = [&b"\xfd7zXZ\0\0"[..], &[check, 0, 0, 0, 0, 2, 0, 0x21, 1, 0x16, 0, 0, 0]].concat();
    [&head, content].concat()
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

/// What the scripted kernel's xz decoder makes of [`xz`].
pub fn kernel_unxz(file: &[u8]) -> Option<Vec<u8>> {
    let rest = file.strip_prefix(b"\xfd7zXZ\0\0\x01")?;
    rest.windows(4).position(|window| window == b"\x7fELF").map(|at| rest[at..].to_vec())
}
