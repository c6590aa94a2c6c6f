//! An image that is there already: read, looked at, appended to.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::compression::Compression;
use crate::cpio::{self, kind};
use crate::cpio_reader::Record;
use crate::entry::{Entry, Node};
use crate::host;
use crate::segments::{self, Segment};

/// An image and its parts.
#[derive(Default)]
pub struct Image {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Its parts in order.
    pub segments: Vec<Segment>,
}

/// Reads an image of any compression.
pub fn read(path: &Path) -> Result<Image> {
    let bytes = host::read(path)?;
    let shown = || format!("{}: not an initramfs image", path.display());
    let segments = segments::segments(&bytes).with_context(shown)?;
    Ok(Image { path: path.to_path_buf(), bytes, segments })
}

/// The entries of an image of any compression, in the order of its archives.
pub fn entries(path: &Path) -> Result<Vec<Entry>> {
    read(path)?.entries()
}

impl Image {
    /// The entries of all its archives in order; of two with one path the kernel keeps the
    /// last.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut all = Vec::new();
        for segment in &self.segments {
            let shown = || format!("{}: damaged", self.path.display());
            let records = segment.records().with_context(shown)?;
            all.extend(records.iter().filter_map(entry));
        }
        all.iter_mut().for_each(|entry| entry.source = self.path.display().to_string());
        Ok(all)
    }

    /// The image followed by another archive, on a boundary of four bytes.
    pub fn with(&self, archive: &[u8], compress: Compression) -> Result<Vec<u8>> {
        let mut bytes = self.bytes.clone();
        cpio::pad(&mut bytes);
        bytes.extend(compress.pack(archive)?);
        Ok(bytes)
    }
}

/// A record as an entry; block devices and the like are nothing that is looked at.
fn entry(record: &Record<'_>) -> Option<Entry> {
    let path = record.path.strip_prefix(b"./").unwrap_or(record.path);
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let node = match record.mode & kind::MASK {
        kind::DIR => Node::Dir,
        kind::FILE => Node::File(record.body.to_vec()),
        kind::LINK => Node::Link(record.body.to_vec()),
        kind::CHAR => Node::Char { major: record.rdev.0, minor: record.rdev.1 },
        _ => return None,
    };
    let entry = Entry::file(path, []).with_mode(record.mode & 0o7777);
    Some(Entry { node, ..entry })
}
