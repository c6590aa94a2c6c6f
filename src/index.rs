//! The index of a module tree: from a name to its line of `modules.dep`.
//!
//! `modules.dep` (modules.dep(5)) has a line a module, `PATH: PATH…`, relative to its folder. It is
//! mapped, not copied; a hash table of offsets is all that it costs. A tree without the file is
//! walked once and given lines of the same form, without dependencies.
#![forbid(unsafe_code)]

use crate::files::{self, Kind};
use crate::kernel::Kernel;
use crate::mem::{self, Table};
use crate::name;
use crate::text;

/// A module's file and what `modules.dep` says it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its file, relative to the tree unless it starts with `/`.
    pub path: &'static [u8],
    /// The files of the modules it needs, separated by blanks, in the file's order: the last is
    /// loaded first.
    pub needs: &'static [u8],
}

/// The modules of a tree.
#[derive(Default)]
pub struct Index {
    text: &'static [u8],
    /// Open addressing: the offset of a line plus one, 0 is free. A power of two long, never full.
    slots: &'static mut [u32],
}

impl Index {
    /// The index of `text`, which has the form of `modules.dep`; what is behind the first 4 GiB counts
    /// for nothing. Of two lines with one name the first path by alphabet counts.
    pub fn of<K: Kernel>(k: &mut K, text: &'static [u8]) -> Self {
        let (mut rest, mut lines) = (text, 2_usize);
        while text::take(&mut rest, b'\n').is_some() {
            lines = lines.saturating_add(2);
        }
        let mut index = Self { text, slots: mem::zeros(k, lines.next_power_of_two()) };
        rest = text;
        loop {
            let offset = text.len().saturating_sub(rest.len()).saturating_add(1);
            let Some(line) = text::take(&mut rest, b'\n') else { return index };
            if let (Some(module), Ok(offset)) = (parse(line), u32::try_from(offset)) {
                index.insert(module.path, offset);
            }
        }
    }

    fn insert(&mut self, path: &[u8], offset: u32) {
        let slot = self.slot(name::of(path));
        let first = self.module(slot).is_none_or(|found| path < found.path);
        if let Some(slot) = self.slots.get_mut(slot).filter(|_| first) {
            *slot = offset;
        }
    }

    /// The slot of a name: where it is, or would be.
    #[inline(never)]
    fn slot(&self, wanted: &[u8]) -> usize {
        let mut slot = name::hash(wanted) as usize;
        loop {
            slot &= self.slots.len().wrapping_sub(1);
            match self.module(slot) {
                Some(other) if !name::same(name::of(other.path), wanted) => {
                    slot = slot.wrapping_add(1);
                }
                _ => return slot,
            }
        }
    }

    /// The module of a slot.
    #[inline(never)]
    fn module(&self, slot: usize) -> Option<Module> {
        let offset = self.slots.get(slot)?.checked_sub(1)?;
        let mut rest = text::tail(self.text, offset as usize);
        parse(text::take(&mut rest, b'\n')?)
    }

    /// The module of that name.
    #[must_use]
    pub fn find(&self, wanted: &[u8]) -> Option<Module> {
        self.module(self.slot(wanted))
    }
}

/// A line's module; lines without a colon have none.
fn parse(line: &'static [u8]) -> Option<Module> {
    let mut needs = line;
    let path = text::take(&mut needs, b':')?;
    let has_colon = path.len() < line.len();
    (has_colon && !path.is_empty()).then_some(Module { path, needs })
}

/// Adds a line for every module file of the folder and of those below it, links to folders aside; a
/// folder that can't be read is passed over. `folder` ends with a slash, and `skip` is the length of
/// what paths are relative to.
pub fn walk<K: Kernel>(k: &mut K, folder: &[u8], skip: usize, found: &mut Table<u8>) {
    let path = mem::path(k, &[folder]);
    let _ = files::entries(k, path, &mut |k: &mut K, entry, kind| {
        let is_module = name::of_file(entry).is_some();
        if kind == Kind::Dir || (kind == Kind::Unknown && !is_module) {
            let below = mem::path(k, &[folder, entry, b"/"]);
            walk(k, below.to_bytes(), skip, found);
        } else if kind != Kind::Other && is_module {
            for part in &[text::tail(folder, skip), entry, b":\n"] {
                found.extend(k, part);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::Linux;

    #[test]
    fn names_are_found_in_any_spelling() {
        let text = b"kernel/a-b.ko.xz: kernel/c.ko.xz kernel/d.ko\n# note\nkernel/c.ko.xz:\nx\n:\n";
        let index = Index::of(&mut Linux::default(), text);
        let found = index.find(b"a_b").unwrap();
        assert_eq!(found.path, b"kernel/a-b.ko.xz");
        assert_eq!(found.needs, b" kernel/c.ko.xz kernel/d.ko");
        assert_eq!(index.find(b"c").unwrap().needs, b"");
        assert_eq!(index.find(b"x"), None);
    }

    #[test]
    fn ten_thousand_names_are_all_found() {
        let lines: String = (0..10_000).map(|n| format!("kernel/m{n}.ko:\n")).collect();
        let index = Index::of(&mut Linux::default(), lines.leak().as_bytes());
        for n in 0..10_000 {
            assert!(index.find(format!("m{n}").as_bytes()).is_some(), "{n}");
        }
        assert!(index.find(b"m10000").is_none());
        assert!(Index::default().find(b"m").is_none());
    }

    #[test]
    fn a_tree_without_index_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b/two.ko.gz", "a/one.ko", "b/c/one.ko", "readme", "b/deep/er/x-y.ko.zst"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let (mut k, mut found) = (Linux::default(), Table::new());
        let root = format!("{}/", folder.path().to_str().unwrap()).leak().as_bytes();
        walk(&mut k, root, root.len(), &mut found);
        let index = Index::of(&mut k, found.into_slice());
        assert_eq!(index.find(b"one").unwrap().path, b"a/one.ko");
        assert_eq!(index.find(b"two").unwrap().path, b"b/two.ko.gz");
        assert_eq!(index.find(b"x_y").unwrap().path, b"b/deep/er/x-y.ko.zst");
    }
}
