//! The archive format of an initramfs: cpio, "newc", as in
//! `Documentation/driver-api/early-userspace/buffer-format.rst`.
//!
//! Takes entries that are already in order; gives bytes. Times, owners and device numbers of
//! the host never enter.

use anyhow::{Context, Result};

use crate::entry::{Entry, Node};

/// The name of the last record.
pub const TRAILER: &str = "TRAILER!!!";

/// The file type bits of a mode (`include/uapi/linux/stat.h`).
pub mod kind {
    /// All of them.
    pub const MASK: u32 = 0o170000;
    /// A directory.
    pub const DIR: u32 = 0o040000;
    /// A regular file.
    pub const FILE: u32 = 0o100000;
    /// A symbolic link.
    pub const LINK: u32 = 0o120000;
    /// A character device.
    pub const CHAR: u32 = 0o020000;
    /// A block device.
    pub const BLOCK: u32 = 0o060000;
}

/// The fields of a header that differ between records.
#[derive(Default)]
struct Header {
    ino: u32,
    mode: u32,
    nlink: u32,
    size: u32,
    major: u32,
    minor: u32,
}

/// The archive of some entries, with inode numbers from 1.
pub fn archive(entries: &[Entry]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(entries.iter().map(room).sum());
    for (ino, entry) in (1..).zip(entries) {
        record(&mut out, &header(ino, entry)?, &entry.path, body(entry));
    }
    let last = Header { nlink: 1, ..Header::default() };
    record(&mut out, &last, TRAILER.as_bytes(), &[]);
    Ok(out)
}

/// About what a record needs.
fn room(entry: &Entry) -> usize {
    128 + entry.path.len() + body(entry).len()
}

/// What follows the name.
fn body(entry: &Entry) -> &[u8] {
    match &entry.node {
        Node::File(bytes) | Node::Link(bytes) => bytes,
        Node::Dir | Node::Char { .. } => &[],
    }
}

/// The header of an entry.
fn header(ino: u32, entry: &Entry) -> Result<Header> {
    let (kind, nlink, major, minor) = match entry.node {
        Node::Dir => (kind::DIR, 2, 0, 0),
        Node::File(_) => (kind::FILE, 1, 0, 0),
        Node::Link(_) => (kind::LINK, 1, 0, 0),
        Node::Char { major, minor } => (kind::CHAR, 1, major, minor),
    };
    let size = u32::try_from(body(entry).len())
        .with_context(|| format!("{}: cpio has no files of 4 GiB or more", entry.name()))?;
    Ok(Header { ino, mode: kind | (entry.mode & 0o7777), nlink, size, major, minor })
}

/// Appends one record, padded at both ends.
fn record(out: &mut Vec<u8>, header: &Header, name: &[u8], body: &[u8]) {
    out.extend_from_slice(b"070701");
    for field in fields(header, name) {
        out.extend_from_slice(format!("{field:08X}").as_bytes());
    }
    out.extend_from_slice(name);
    out.push(0);
    pad(out);
    out.extend_from_slice(body);
    pad(out);
}

/// The thirteen fields in their order: ino, mode, uid, gid, nlink, mtime, filesize,
/// devmajor, devminor, rdevmajor, rdevminor, namesize, check.
fn fields(header: &Header, name: &[u8]) -> [u32; 13] {
    let Header { ino, mode, nlink, size, major, minor } = *header;
    let name = name.len() as u32 + 1;
    [ino, mode, 0, 0, nlink, 0, size, 0, 0, major, minor, name, 0]
}

/// Fills up to a multiple of four.
pub fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpio_reader::{Record, records};

    fn sample() -> Vec<Entry> {
        vec![
            Entry::dir("dev"),
            Entry::char_device("dev/console", 5, 1),
            Entry::program("init", b"12345".as_slice()),
            Entry::link("linkrc", "init"),
            Entry::file("n", []).with_mode(0o100600),
        ]
    }

    #[test]
    fn a_strict_reader_finds_what_was_written() {
        let bytes = archive(&sample()).expect("an archive");
        let (found, used) = records(&bytes).expect("records");
        assert_eq!(used, bytes.len());
        let modes: Vec<u32> = found.iter().map(|record| record.mode).collect();
        assert_eq!(modes, [0o040755, 0o020600, 0o100755, 0o120777, 0o100600]);
        let paths: Vec<&[u8]> = found.iter().map(|record| record.path).collect();
        assert_eq!(paths, [&b"dev"[..], b"dev/console", b"init", b"linkrc", b"n"]);
        let bodies: Vec<&[u8]> = found.iter().map(|record| record.body).collect();
        assert_eq!(bodies, [&b""[..], b"", b"12345", b"init", b""]);
        assert_eq!(found[1].rdev, (5, 1));
    }

    #[test]
    fn nothing_of_the_host_is_in_it() {
        let bytes = archive(&sample()).expect("an archive");
        let (found, _) = records(&bytes).expect("records");
        let is_plain = |record: &Record<'_>| record.owner == (0, 0) && record.mtime == 0;
        assert!(found.iter().all(is_plain));
        let numbers: Vec<u32> = found.iter().map(|record| record.ino).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
    }

    /// Written by hand from the kernel's buffer-format.rst.
    #[test]
    fn the_bytes_are_those_of_the_format() {
        let file = [
            "070701", "00000001", "000081A4", "00000000", "00000000", "00000001", "00000000",
            "00000002", "00000000", "00000000", "00000000", "00000000", "00000002", "00000000",
            "a\0", "hi\0\0",
        ];
        let trailer = [
            "070701",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000001",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "00000000",
            "0000000B",
            "00000000",
            "TRAILER!!!\0\0\0\0",
        ];
        let expected = file.concat() + &trailer.concat();
        let bytes = archive(&[Entry::file("a", b"hi".as_slice())]).expect("an archive");
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
    }
}
