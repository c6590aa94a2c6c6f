//! The files of an image to be: each path once, through the image's own links, in order.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};

use crate::entry::{Entry, Node};
use crate::guest;

/// How many links a path may lead through (`MAXSYMLINKS`, `include/linux/namei.h`).
const MAX_LINKS: usize = 40;

/// Entries by path, over those of an image that is appended to.
#[derive(Default)]
pub struct FileSet {
    below: BTreeMap<Vec<u8>, Entry>,
    entries: BTreeMap<Vec<u8>, Entry>,
}

impl FileSet {
    /// An empty one over what an older image holds: later archives replace earlier ones.
    pub fn over(below: impl IntoIterator<Item = Entry>) -> Result<FileSet> {
        let mut files = FileSet::default();
        for mut entry in below {
            if entry.path != b"." {
                entry.path = files.place(&entry)?;
                files.below.insert(entry.path.clone(), entry);
            }
        }
        Ok(files)
    }

    /// Adds an entry; its path is taken through links that are there by now.
    fn add(&mut self, mut entry: Entry) -> Result<()> {
        entry.path = self.place(&entry)?;
        match self.entries.get_mut(&entry.path) {
            Some(old) => merge(old, &entry),
            None => self.insert(entry),
        }
    }

    /// Puts an entry in the place of what was added there.
    pub fn replace(&mut self, mut entry: Entry) -> Result<()> {
        entry.path = self.place(&entry)?;
        self.insert(entry)
    }

    /// Adds entries, symbolic links before everything else, so that their order does not
    /// matter.
    pub fn add_all(&mut self, entries: Vec<Entry>) -> Result<()> {
        let is_link = |entry: &Entry| matches!(entry.node, Node::Link(_));
        let (links, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_link);
        links.into_iter().chain(rest).try_for_each(|e| self.add(e))
    }

    /// What is at a path, links followed.
    pub fn find(&self, path: &[u8]) -> Option<&Entry> {
        let mut path = guest::normalise(path).ok()?;
        for _ in 0..MAX_LINKS {
            path = self.through_links(&path).ok()?;
            let entry = self.get(&path)?;
            match &entry.node {
                Node::Link(target) => path = guest::follow(&path, target),
                _ => return Some(entry),
            }
        }
        None
    }

    /// The entries so far, without what lies below.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// A path as the image's links have it.
    pub fn place_of(&self, path: &[u8]) -> Vec<u8> {
        let path = guest::normalise(path).and_then(|path| self.through_links(&path));
        path.unwrap_or_default()
    }

    /// What the older image holds at a path.
    pub fn older(&self, path: &[u8]) -> Option<&Entry> {
        self.below.get(&self.place_of(path))
    }

    /// What the older image holds.
    pub fn below(&self) -> impl Iterator<Item = &Entry> {
        self.below.values()
    }

    /// Everything, parents before children, without what lies below.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries.into_values().collect()
    }

    /// Where an entry belongs: a directory that is a link elsewhere is what it leads to.
    fn place(&self, entry: &Entry) -> Result<Vec<u8>> {
        let mut path = self.through_links(&guest::normalise(&entry.path)?)?;
        if entry.node != Node::Dir {
            return Ok(path);
        }
        for _ in 0..MAX_LINKS {
            match self.get(&path).map(|there| &there.node) {
                Some(Node::Link(target)) => {
                    path = self.through_links(&guest::follow(&path, target))?
                }
                _ => return Ok(path),
            }
        }
        bail!("{}: links in a circle", entry.name())
    }

    fn get(&self, path: &[u8]) -> Option<&Entry> {
        self.entries.get(path).or_else(|| self.below.get(path))
    }

    /// The path with links among its parents replaced by what they lead to.
    fn through_links(&self, path: &[u8]) -> Result<Vec<u8>> {
        let mut path = path.to_vec();
        for _ in 0..MAX_LINKS {
            match self.first_link(&path) {
                Some(replaced) => path = replaced,
                None => return Ok(path),
            }
        }
        bail!("{}: links in a circle", String::from_utf8_lossy(&path))
    }

    /// The path behind the first of its parents that is a link.
    fn first_link(&self, path: &[u8]) -> Option<Vec<u8>> {
        let slashes = (0..path.len()).filter(|at| path[*at] == b'/');
        slashes.into_iter().find_map(|at| {
            let Node::Link(target) = &self.get(&path[..at])?.node else {
                return None;
            };
            let mut replaced = guest::follow(&path[..at], target);
            replaced.extend_from_slice(&path[at..]);
            guest::normalise(&replaced).ok()
        })
    }

    fn insert(&mut self, entry: Entry) -> Result<()> {
        self.make_parents(&entry)?;
        self.entries.insert(entry.path.clone(), entry);
        Ok(())
    }

    /// The kernel drops files whose directory is missing (`init/initramfs.c`, `do_name`).
    fn make_parents(&mut self, entry: &Entry) -> Result<()> {
        let Some(parent) = guest::parent(&entry.path) else {
            return Ok(());
        };
        match self.get(parent) {
            Some(Entry { node: Node::Dir, .. }) => Ok(()),
            Some(other) => bail!(
                "{} ({}) cannot be in {}, which is no directory ({})",
                entry.name(),
                entry.source,
                other.name(),
                other.source
            ),
            None => self
                .insert(Entry::dir(parent).with_source(format!("the parent of {}", entry.name()))),
        }
    }
}

/// Makes two entries for one path one, if they are the same thing.
fn merge(old: &mut Entry, new: &Entry) -> Result<()> {
    if old.node == Node::Dir && new.node == Node::Dir {
        old.mode |= new.mode;
        return Ok(());
    }
    ensure!(
        old.node == new.node && old.mode == new.mode,
        "/{} is wanted twice with different contents: from {} and from {}",
        new.name(),
        old.source,
        new.source
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(entries: Vec<Entry>) -> Result<FileSet> {
        let mut files = FileSet::default();
        files.add_all(entries)?;
        Ok(files)
    }

    fn paths(files: FileSet) -> Vec<String> {
        files.into_entries().iter().map(|entry| entry.name().into_owned()).collect()
    }

    #[test]
    fn parents_come_before_children() {
        let files = set(vec![Entry::file("/b/c/d", []), Entry::file("a", [])]).expect("files");
        assert_eq!(paths(files), ["a", "b", "b/c", "b/c/d"]);
    }

    #[test]
    fn links_among_the_parents_are_followed_in_any_order() {
        let entries = vec![
            Entry::file("lib/modules/x.ko", []),
            Entry::dir("lib"),
            Entry::link("lib", "usr/lib"),
        ];
        let files = set(entries).expect("files");
        assert!(files.find(b"/lib/modules/x.ko").is_some());
        let expected = ["lib", "usr", "usr/lib", "usr/lib/modules", "usr/lib/modules/x.ko"];
        assert_eq!(paths(files), expected);
    }

    #[test]
    fn two_contents_for_one_path_are_an_error_that_names_both() {
        let one = || Entry::file("etc/x", b"1".as_slice()).with_source("one");
        let two = Entry::file("/etc//x", b"2".as_slice()).with_source("two");
        assert_eq!(paths(set(vec![one(), one()]).expect("the same")), ["etc", "etc/x"]);
        let error = set(vec![one(), two]).err().expect("an error").to_string();
        assert!(error.contains("/etc/x") && error.contains("one") && error.contains("two"));
        assert!(set(vec![one(), one().with_mode(0o755)]).is_err());
    }

    #[test]
    fn a_file_is_no_directory() {
        assert!(set(vec![Entry::file("a", []), Entry::file("a/b", [])]).is_err());
        assert!(set(vec![Entry::file("a", []), Entry::dir("a")]).is_err());
    }

    #[test]
    fn what_an_older_image_has_is_used_and_not_repeated() {
        let below = [Entry::dir("usr"), Entry::dir("usr/lib"), Entry::link("lib", "usr/lib")];
        let mut files = FileSet::over(below).expect("files");
        files.add_all(vec![Entry::file("lib/modules/x", [])]).expect("added");
        assert_eq!(paths(files), ["usr/lib/modules", "usr/lib/modules/x"]);
    }

    #[test]
    fn circles_end() {
        let entries = vec![Entry::link("a", "b"), Entry::link("b", "a")];
        assert!(set(entries.clone()).expect("links").find(b"a").is_none());
        let files = [entries, vec![Entry::file("a/x", [])]].concat();
        assert!(set(files).is_err());
    }
}
