//! Files of this machine as entries of an image.

use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use walkdir::WalkDir;

use crate::devices;
use crate::entry::{Entry, Node};
use crate::guest;
use crate::host::{self, read};
use crate::options::FileSpec;

/// Bits of a mode that would give a program of this machine the powers of the image's root.
const SET_ID: u32 = 0o6000;

/// Entries and what there is to say about them.
#[derive(Default)]
pub struct HostFiles {
    /// The entries.
    pub entries: Vec<Entry>,
    /// What was changed on the way.
    pub warnings: Vec<String>,
}

impl HostFiles {
    /// Adds one file; a link is followed.
    pub fn add_file(&mut self, file: &FileSpec) -> Result<()> {
        let shown = file.host.display();
        let metadata = host::metadata(&file.host)?;
        if metadata.is_dir() {
            bail!("{shown} is a directory; give one with --tree, or its files one by one");
        }
        self.add(&file.host, &metadata, file.guest.as_bytes())
    }

    /// Adds everything below a directory, links as links.
    pub fn add_tree(&mut self, tree: &Path) -> Result<()> {
        if !host::metadata(tree).context("--tree")?.is_dir() {
            bail!("--tree: {} is no directory; give a file with --file", tree.display());
        }
        let walk = WalkDir::new(tree).min_depth(1).sort_by_file_name();
        for found in walk {
            let found = found.map_err(|error| unreadable(tree, error))?;
            let guest = found.path().strip_prefix(tree)?.as_os_str().as_bytes();
            let metadata = found.metadata()?;
            self.add(found.path(), &metadata, guest)?;
        }
        Ok(())
    }

    fn add(&mut self, host: &Path, metadata: &Metadata, guest: &[u8]) -> Result<()> {
        let (shown, guest) = (host.display(), guest::normalise(guest)?);
        let (node, mode) = match known_device(metadata, &guest) {
            Some(device) => device,
            None => plain(host, metadata)?,
        };
        if matches!(node, Node::File(_)) && metadata.mode() & SET_ID != 0 {
            let note = "set-user-ID and set-group-ID are dropped: the owner would become root";
            self.warnings.push(format!("{shown}: {note}"));
        }
        let entry = Entry::file(guest, []).with_mode(mode).with_source(shown);
        self.entries.push(Entry { node, ..entry });
        Ok(())
    }
}

/// What stopped the walk, and where; walkdir's own text says it once more.
fn unreadable(tree: &Path, error: walkdir::Error) -> anyhow::Error {
    let shown = error.path().unwrap_or(tree).display().to_string();
    match error.io_error() {
        Some(error) => anyhow!("{shown}: {error}"),
        None => anyhow!("{shown}: {error}"),
    }
}

/// A device node that is the same everywhere, if that is what is there.
fn known_device(metadata: &Metadata, guest: &[u8]) -> Option<(Node, u32)> {
    let is_char = metadata.file_type().is_char_device();
    is_char.then(|| devices::fixed(guest, metadata.rdev())).flatten()
}

/// Anything but a device, and its mode.
fn plain(host: &Path, metadata: &Metadata) -> Result<(Node, u32)> {
    let node = node(host, metadata)?;
    let mode = mode(&node, metadata.mode());
    Ok((node, mode))
}

/// What is there on this machine.
fn node(host: &Path, metadata: &Metadata) -> Result<Node> {
    let (shown, kind) = (host.display(), metadata.file_type());
    if kind.is_dir() {
        return Ok(Node::Dir);
    }
    if kind.is_symlink() {
        let target = std::fs::read_link(host).with_context(|| format!("{shown}: not readable"))?;
        return Ok(Node::Link(target.as_os_str().as_bytes().to_vec()));
    }
    if kind.is_block_device() || kind.is_char_device() {
        bail!(
            "{shown} is a device node: its numbers are this machine's; leave it out, the kernel \
             makes its own when the real init mounts devtmpfs on /dev"
        );
    }
    if !kind.is_file() {
        bail!("{shown} is a pipe or a socket: only a running program can make one; leave it out");
    }
    Ok(Node::File(read(host)?))
}

/// The same modes whatever the umask was: 0755 for directories and programs, 0644 for the
/// rest. A sticky directory, like `/tmp`, is for everybody.
fn mode(node: &Node, mode: u32) -> u32 {
    match node {
        Node::Dir if mode & 0o1000 != 0 => 0o1777,
        Node::Dir => 0o755,
        Node::File(_) if mode & 0o111 != 0 => 0o755,
        Node::File(_) | Node::Char { .. } => 0o644,
        Node::Link(_) => 0o777,
    }
}
