//! Images that no packer would make, and entries of that kind, appended to an image as a second archive: the
//! kernel unpacks one after the other (`Documentation/driver-api/early-userspace/buffer-format.rst`).

use crate::scenario::Odd;
use anyhow::Result;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

const PIPE: u32 = 0o010_644;
const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
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
            Odd::Files(count, folder) => {
                for number in 0..*count {
                    let path = format!("{folder}/{number}");
                    member(&mut bytes, FIRST + number as usize, FILE, &path[1..], b"");
                }
                continue;
            }
        };
        member(&mut bytes, at + 1, mode, path.trim_start_matches('/'), content.as_bytes());
    }
    member(&mut bytes, 0, 0, "TRAILER!!!", b"");
    bytes
}

/// The first inode of many files.
const FIRST: usize = 1000;

/// An image of these files, a place and where it comes from each, programs all, and of the folders that
/// they are in: nothing else.
///
/// # Errors
/// A file can't be read.
pub fn bare(files: &[(String, PathBuf)]) -> Result<Vec<u8>> {
    let folders: BTreeSet<&Path> =
        files.iter().flat_map(|(path, _)| Path::new(path).ancestors().skip(1)).collect();
    let mut bytes = Vec::new();
    for (at, folder) in folders.iter().enumerate() {
        let name = folder.to_string_lossy();
        if name.len() > 1 {
            member(&mut bytes, at + 1, FOLDER, &name[1..], b"");
        }
    }
    for (at, (path, host)) in files.iter().enumerate() {
        member(&mut bytes, FIRST + at, PROGRAM, &path[1..], &fs::read(host)?);
    }
    member(&mut bytes, 0, 0, "TRAILER!!!", b"");
    Ok(bytes)
}

/// One entry: header, name with its NUL, content, each filled up to four bytes.
fn member(bytes: &mut Vec<u8>, inode: usize, mode: u32, name: &str, content: &[u8]) {
    let (size, length) = (content.len(), name.len() + 1);
    let header = format!("070701{inode:08x}{mode:08x}{0:08x}{0:08x}{1:08x}{0:08x}{size:08x}", 0, 1);
    let rest = format!("{0:08x}{0:08x}{0:08x}{0:08x}{length:08x}{0:08x}{name}\0", 0);
    for part in [(header + &rest).as_bytes(), content] {
        bytes.extend(part);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_image_has_the_folders_of_its_files_and_no_others() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let files = ["/init", "/a/b/c"].map(|path| (path.to_string(), file.path().to_path_buf()));
        let image = tempfile::NamedTempFile::new().unwrap();
        fs::write(image.path(), bare(&files).unwrap()).unwrap();
        let entries = insinit_initramfs::entries(image.path()).unwrap();
        let names = entries.iter().map(|entry| str::from_utf8(&entry.path).unwrap());
        assert_eq!(names.collect::<Vec<_>>(), ["a", "a/b", "init", "a/b/c"]);
    }

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
