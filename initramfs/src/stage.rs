//! A directory laid out like the image, with what a plan is made from: index files and
//! configuration.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::entry::{Entry, Node};
use crate::fileset::FileSet;
use crate::words;

/// A root directory that goes away with this value.
pub struct Stage(TempDir);

impl Stage {
    /// An empty one.
    pub fn new() -> Result<Stage> {
        let dir = tempfile::Builder::new().prefix("insinit-").tempdir();
        Ok(Stage(dir.context("no temporary directory can be made")?))
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file; `path` is one of the image.
    pub fn write(&self, path: &[u8], bytes: &[u8]) -> Result<()> {
        let path = self.place(path);
        let shown = || format!("{}: cannot be written", path.display());
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).with_context(shown)?;
        }
        std::fs::write(&path, bytes).with_context(shown)
    }

    /// Writes what a plan may depend on out of some entries of an image: its words, its list
    /// wherever it is, and modprobe's files.
    pub fn configure<'a>(
        &self,
        files: &FileSet,
        entries: impl Iterator<Item = &'a Entry>,
        given: &str,
    ) -> Result<()> {
        for entry in entries.filter(|entry| matters(&entry.path)) {
            self.copy(files, &entry.path)?;
        }
        match words::list_file(self.root(), given)? {
            Some(path) => self.copy(files, &path),
            None => Ok(()),
        }
    }

    /// Writes a file of the image, if it is one once links are followed.
    pub fn copy(&self, files: &FileSet, path: &[u8]) -> Result<()> {
        match files.find(path).map(|entry| &entry.node) {
            Some(Node::File(bytes)) => self.write(path, bytes),
            _ => Ok(()),
        }
    }

    fn place(&self, path: &[u8]) -> PathBuf {
        let below = path.strip_prefix(b"/").unwrap_or(path);
        self.root().join(OsStr::from_bytes(below))
    }
}

/// Whether a plan may depend on what a file of the image says.
fn matters(path: &[u8]) -> bool {
    path.starts_with(b"etc/") || path.windows(11).any(|part| part == b"modprobe.d/")
}
