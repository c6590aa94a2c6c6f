//! Entries that no packer would make, appended to an image as a second archive: the kernel unpacks one
//! after the other (`Documentation/driver-api/early-userspace/buffer-format.rst`).

use crate::scenario::Odd;
use anyhow::Result;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

const PIPE: u32 = 0o010_644;
const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

/// Appends `entries` to the image in `file`.
///
/// # Errors
/// It can't be written.
pub fn append(entries: &[Odd], file: &Path) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut image = OpenOptions::new().append(true).open(file)?;
    let size = image.metadata()?.len() as usize;
    image.write_all(&vec![0; size.next_multiple_of(4) - size])?;
    Ok(image.write_all(&archive(entries))?)
}

/// A newc archive of the entries.
fn archive(entries: &[Odd]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, odd) in entries.iter().enumerate() {
        let (path, mode, content) = match odd {
            Odd::Folder(path) => (path, FOLDER, ""),
            Odd::Pipe(path) => (path, PIPE, ""),
            Odd::Link(path, target) => (path, LINK, *target),
            Odd::Empty(path) => (path, FILE, ""),
        };
        member(&mut bytes, at + 1, mode, path.trim_start_matches('/'), content);
    }
    member(&mut bytes, 0, 0, "TRAILER!!!", "");
    bytes
}

/// One entry: header, name with its NUL, content, each filled up to four bytes.
fn member(bytes: &mut Vec<u8>, inode: usize, mode: u32, name: &str, content: &str) {
    let (size, length) = (content.len(), name.len() + 1);
    let header = format!("070701{inode:08x}{mode:08x}{0:08x}{0:08x}{1:08x}{0:08x}{size:08x}", 0, 1);
    let rest = format!("{0:08x}{0:08x}{0:08x}{0:08x}{length:08x}{0:08x}{name}\0", 0);
    for part in [header + &rest, content.to_string()] {
        bytes.extend(part.bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_their_length() {
        let bytes = archive(&[Odd::Link("/a", "b")]);
        assert_eq!(&bytes[..6], b"070701");
        assert_eq!(&bytes[110..112], b"a\0");
        assert_eq!(&bytes[112..116], b"b\0\0\0");
        assert_eq!(&bytes[116..122], b"070701");
        assert!(bytes.len().is_multiple_of(4));
    }
}
