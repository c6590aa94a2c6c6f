//! Reads one cpio archive, strictly: everything that is not exactly as
//! `Documentation/driver-api/early-userspace/buffer-format.rst` has it is an error.

use anyhow::{Context, Result, bail, ensure};

use crate::cpio::TRAILER;

/// A header is a magic of 6 bytes and 13 numbers of 8 hexadecimal digits.
const HEADER: usize = 6 + 13 * 8;

/// One record of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The inode number.
    pub ino: u32,
    /// Type and permissions.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u32, u32),
    /// Number of links.
    pub nlink: u32,
    /// Modification time.
    pub mtime: u32,
    /// Major and minor number of a device node.
    pub rdev: (u32, u32),
    /// The path as written.
    pub path: &'a [u8],
    /// File contents, or the target of a symbolic link.
    pub body: &'a [u8],
}

/// Whether an archive begins here.
pub fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(b"070701") || bytes.starts_with(b"070702")
}

/// The records up to the trailer, and how many bytes they and the trailer take.
pub fn records(bytes: &[u8]) -> Result<(Vec<Record<'_>>, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let (record, next) = record(bytes, at).with_context(|| format!("cpio, offset {at}"))?;
        at = next;
        if record.path == TRAILER.as_bytes() {
            return Ok((found, at));
        }
        found.push(record);
    }
}

/// The record at an offset and the offset behind it.
fn record(bytes: &[u8], at: usize) -> Result<(Record<'_>, usize)> {
    let header = part(bytes, at, HEADER)?;
    ensure!(begins(header), "no cpio header");
    let field = |n: usize| number(&header[6 + 8 * n..][..8]);
    let (size, name_size) = (field(6)? as usize, field(11)? as usize);
    let body_at = (at + HEADER + name_size).next_multiple_of(4);
    let record = Record {
        ino: field(0)?,
        mode: field(1)?,
        owner: (field(2)?, field(3)?),
        nlink: field(4)?,
        mtime: field(5)?,
        rdev: (field(9)?, field(10)?),
        path: name(part(bytes, at + HEADER, name_size)?)?,
        body: part(bytes, body_at, size)?,
    };
    let next = (body_at + size).next_multiple_of(4);
    Ok((record, next.min(bytes.len())))
}

/// A piece of the archive.
fn part(bytes: &[u8], at: usize, len: usize) -> Result<&[u8]> {
    match bytes.get(at..).and_then(|rest| rest.get(..len)) {
        Some(part) => Ok(part),
        None => bail!("cut off: {len} bytes wanted at {at} of {}", bytes.len()),
    }
}

/// The path without the zero byte that ends it.
fn name(bytes: &[u8]) -> Result<&[u8]> {
    match bytes.split_last() {
        Some((0, name)) if !name.is_empty() => Ok(name),
        _ => bail!("a path is not ended by a zero byte"),
    }
}

/// Eight hexadecimal digits.
fn number(digits: &[u8]) -> Result<u32> {
    ensure!(digits.iter().all(u8::is_ascii_hexdigit), "a field is not hexadecimal");
    let text = std::str::from_utf8(digits)?;
    Ok(u32::from_str_radix(text, 16)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpio::archive;
    use crate::entry::Entry;
    use proptest::prelude::*;

    fn sample() -> Vec<u8> {
        let entries = [Entry::dir("d"), Entry::file("d/f", b"content".as_slice())];
        archive(&entries).expect("an archive")
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = sample();
        let trailer = bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0).count();
        for len in 0..=trailer {
            assert!(records(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn signs_and_blanks_are_no_digits() {
        for digits in ["+0000001", " 0000001", "0x000001", "0000001g"] {
            let mut bytes = sample();
            bytes[6..14].copy_from_slice(digits.as_bytes());
            assert!(records(&bytes).is_err(), "{digits}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(at in 0..400usize, byte: u8) {
            let mut bytes = sample();
            let at = at % bytes.len();
            bytes[at] = byte;
            let _ = records(&bytes);
        }
    }
}
