//! A directory laid out like the image, with what a plan is made from: index files and
//! configuration.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

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

    fn place(&self, path: &[u8]) -> PathBuf {
        let below = path.strip_prefix(b"/").unwrap_or(path);
        self.root().join(OsStr::from_bytes(below))
    }
}

/// Whether a plan may depend on what a file of the image says.
pub fn matters(path: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 4] =
        [b"etc/", b"run/modprobe.d/", b"usr/lib/modprobe.d/", b"lib/modprobe.d/"];
    BEGINNINGS.iter().any(|begin| path.starts_with(begin))
}
