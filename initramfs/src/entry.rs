//! One thing in an archive: a directory, a file, a symbolic link or a device node.

use std::borrow::Cow;

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A directory.
    Dir,
    /// A regular file and its bytes.
    File(Vec<u8>),
    /// A symbolic link and what it points to.
    Link(Vec<u8>),
    /// A character device.
    Char {
        /// Its major number.
        major: u32,
        /// Its minor number.
        minor: u32,
    },
}

/// A path in the archive, its permissions and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path without a leading slash.
    pub path: Vec<u8>,
    /// The permission bits.
    pub mode: u32,
    /// What it is.
    pub node: Node,
    /// Where it came from, for error messages.
    pub source: String,
}

impl Entry {
    /// A directory with mode 0755.
    pub fn dir(path: impl AsRef<[u8]>) -> Entry {
        Entry::new(path, 0o755, Node::Dir)
    }

    /// A regular file with mode 0644.
    pub fn file(path: impl AsRef<[u8]>, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry::new(path, 0o644, Node::File(bytes.into()))
    }

    /// A regular file with mode 0755.
    pub fn program(path: impl AsRef<[u8]>, bytes: impl Into<Vec<u8>>) -> Entry {
        Entry::new(path, 0o755, Node::File(bytes.into()))
    }

    /// A symbolic link.
    pub fn link(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Entry {
        Entry::new(path, 0o777, Node::Link(target.as_ref().to_vec()))
    }

    /// A character device with mode 0600.
    pub fn char_device(path: impl AsRef<[u8]>, major: u32, minor: u32) -> Entry {
        Entry::new(path, 0o600, Node::Char { major, minor })
    }

    /// The same entry with other permission bits.
    pub fn with_mode(mut self, mode: u32) -> Entry {
        self.mode = mode;
        self
    }

    /// The same entry with a word on where it came from.
    pub fn with_source(mut self, source: impl std::fmt::Display) -> Entry {
        self.source = source.to_string();
        self
    }

    /// The path as people read it.
    pub fn name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.path)
    }

    fn new(path: impl AsRef<[u8]>, mode: u32, node: Node) -> Entry {
        Entry { path: path.as_ref().to_vec(), mode, node, source: String::from("this program") }
    }
}
