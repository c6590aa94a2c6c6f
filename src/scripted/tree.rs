//! The image's file tree.

use crate::kernel::{Errno, Result, Stat};
use linux_raw_sys::general::{
    DT_BLK, DT_CHR, DT_DIR, DT_LNK, DT_REG, DT_SOCK, S_IFBLK, S_IFCHR, S_IFDIR, S_IFREG, S_IFSOCK,
};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a path is.
#[derive(Clone, Debug)]
pub enum Node {
    File(Rc<[u8]>),
    Dir,
    Device(u32, u32),
    Block((u32, u32)),
    Link(String),
    Socket,
}

/// A file's inode.
#[derive(Clone, Debug)]
pub struct Inode {
    pub node: Node,
    number: u64,
    pub mode: u32,
}

impl Inode {
    /// An inode of a file system that makes its files up, like /proc.
    pub fn made_up(node: Node) -> Self {
        Self { node, number: 0, mode: 0o755 }
    }

    pub fn stat(&self) -> Stat {
        let (kind, size) = match &self.node {
            Node::File(content) => (S_IFREG, content.len() as u64),
            Node::Dir | Node::Link(_) => (S_IFDIR, 0),
            Node::Device(..) => (S_IFCHR, 0),
            Node::Block(_) => (S_IFBLK, 0),
            Node::Socket => (S_IFSOCK, 0),
        };
        Stat { device: 2, inode: self.number, mode: kind | self.mode, size }
    }

    fn kind(&self) -> u8 {
        let kind = match self.node {
            Node::File(_) => DT_REG,
            Node::Dir => DT_DIR,
            Node::Device(..) => DT_CHR,
            Node::Block(_) => DT_BLK,
            Node::Socket => DT_SOCK,
            Node::Link(_) => DT_LNK,
        };
        kind as u8
    }
}

/// The tree: inodes by path. The root's path is empty.
#[derive(Clone)]
pub struct Tree {
    inodes: BTreeMap<String, Inode>,
    last: u64,
}

impl Tree {
    pub fn new() -> Self {
        let root = Inode { node: Node::Dir, number: 1, mode: 0o755 };
        Self { inodes: BTreeMap::from([(String::new(), root)]), last: 1 }
    }

    /// Puts a node there, and the folders above it.
    pub fn put(&mut self, path: &str, node: Node, mode: u32) {
        let parent = parent(path);
        if !self.inodes.contains_key(parent) {
            self.put(parent, Node::Dir, 0o755);
        }
        self.last += 1;
        self.inodes.insert(path.into(), Inode { node, number: self.last, mode });
    }

    pub fn link(&mut self, path: &str, file: &str) {
        self.put(path, Node::Dir, 0);
        let inode = self.inodes[file].clone();
        self.inodes.insert(path.into(), inode);
    }

    /// Removes a path and all below it.
    pub fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        self.inodes.retain(|name, _| name != path && !name.starts_with(&below));
    }

    pub fn paths(&self) -> Vec<String> {
        self.inodes.keys().cloned().collect()
    }

    /// Makes a node whose parent is there.
    pub fn make(&mut self, path: &str, node: Node, mode: u32) -> Result<()> {
        match self.get(path) {
            Err(Errno::ENOENT) if path.is_empty() => return Err(Errno::ENOENT),
            Ok(_) => return Err(Errno::EEXIST),
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(errno),
        }
        let folder = self.resolve(parent(path))?;
        let name = path.rsplit('/').next().unwrap_or_default();
        self.put(&format!("{folder}/{name}"), node, mode);
        Ok(())
    }

    pub fn unlink(&mut self, path: &str, is_dir: bool) -> Result<()> {
        let inode = self.inodes.get(path).ok_or(Errno::ENOENT)?;
        match (&inode.node, is_dir) {
            (Node::Dir, false) => return Err(Errno::EISDIR),
            (Node::Dir, true) if !self.children(path).is_empty() => return Err(Errno::ENOTEMPTY),
            (Node::Dir, true) | (_, false) => {}
            (_, true) => return Err(Errno::ENOTDIR),
        }
        self.inodes.remove(path);
        Ok(())
    }

    pub fn get(&self, path: &str) -> Result<&Inode> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        self.inodes.get(&self.resolve(path)?).ok_or(Errno::ENOENT)
    }

    /// What a folder holds: names with their `DT_*`.
    pub fn children(&self, folder: &str) -> Vec<(String, u8)> {
        let below = format!("{folder}/");
        let inside = self.inodes.iter().filter_map(|(path, inode)| {
            let name = path.strip_prefix(&below)?;
            (!name.contains('/')).then(|| (name.to_string(), inode.kind()))
        });
        inside.collect()
    }

    /// The path without links.
    pub fn resolve(&self, path: &str) -> Result<String> {
        if path.len() > 4095 || path.split('/').any(|part| part.len() > 255) {
            return Err(Errno::ENAMETOOLONG);
        }
        let (mut at, mut hops) = (String::new(), 0);
        let mut left = parts(path);
        while let Some(part) = left.pop() {
            if part == ".." {
                at = parent(&at).into();
                continue;
            }
            let next = format!("{at}/{part}");
            match &self.inodes.get(&next).ok_or(Errno::ENOENT)?.node {
                Node::Link(_) if hops > 8 => return Err(Errno::ELOOP),
                Node::Link(target) => {
                    hops += 1;
                    if target.starts_with('/') {
                        at.clear();
                    }
                    left.extend(parts(target));
                }
                Node::Dir => at = next,
                _ if left.is_empty() => at = next,
                _ => return Err(Errno::ENOTDIR),
            }
        }
        Ok(at)
    }
}

/// The parts of a path, the last one first.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.rev().map(String::from).collect()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
