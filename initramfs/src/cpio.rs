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
